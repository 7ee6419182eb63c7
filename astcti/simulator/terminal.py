"""Manners at the terminal."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from typing import TextIO


def heed_interrupts() -> None:
    """End at Ctrl-C also when a shell script started us in the background, which makes programs ignore it."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


class Out:
    """Shows text at once, whatever the terminal can show of it, until nobody reads any more.

    :param gone: called once when nobody does.
    """

    def __init__(self, stream: TextIO, gone: Callable[[], object]) -> None:
        self._stream = stream
        self._gone = gone
        self._over = False

    def __call__(self, text: str) -> None:
        """Show it."""
        if self._over:
            return
        encoding = self._stream.encoding or "utf-8"
        try:
            self._stream.write(text.encode(encoding, "replace").decode(encoding))
            self._stream.flush()
        except OSError:
            self._over = True
            os.dup2(os.open(os.devnull, os.O_WRONLY), self._stream.fileno())  # for what is flushed at the very end
            self._gone()
