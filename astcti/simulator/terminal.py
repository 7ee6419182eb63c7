"""Manners at the terminal."""

from __future__ import annotations

import signal


def heed_interrupts() -> None:
    """End at Ctrl-C also when a shell script started us in the background, which makes programs ignore it."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def printable(text: str, width: int = 0) -> str:
    """Text from outside, safe to show at a terminal, and cut to a width unless that is 0."""
    shown = "".join(c if c.isprintable() else "?" for c in text)
    return shown if not width or len(shown) <= width else shown[: width - 1] + "…"
