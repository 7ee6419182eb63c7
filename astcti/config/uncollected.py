"""Large work in a thread without the garbage collector, which holds every thread while it looks.

Reading thousands of operators makes hundreds of thousands of objects that all stay. The collector would walk over
them again and again as they are made, and once more, at some moment afterwards, on the reactor's thread.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def uncollected() -> Iterator[None]:
    """Make objects that stay: meanwhile nothing is collected, afterwards they are not looked at any more.

    They are freed by their reference counts; rows and documents refer to nothing in a circle. For one thread at a time.
    """
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if enabled:
            gc.enable()
