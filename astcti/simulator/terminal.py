"""Manners at the terminal."""

from __future__ import annotations

import signal


def heed_interrupts() -> None:
    """End at Ctrl-C also when a shell script started us in the background, which makes programs ignore it."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
