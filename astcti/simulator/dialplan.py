"""The dial plan: what is done with a call, step by step, where it arrives."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple


class Step(NamedTuple):
    """One line of the dial plan; ``data`` may name variables, as in ``${calldata}``."""

    application: str
    data: str = ""


class Dialplan:
    """Steps by context and extension.

    An extension ending in a dot takes every number that begins so, if there is none of exactly that number.
    """

    def __init__(self) -> None:
        self.contexts: dict[str, dict[str, tuple[Step, ...]]] = {}
        self.includes: dict[str, tuple[str, ...]] = {}

    def add(self, context: str, exten: str, steps: Iterable[Step]) -> None:
        """Put an extension in its place, instead of any that was there."""
        self.contexts.setdefault(context, {})[exten] = tuple(steps)

    def include(self, context: str, *others: str) -> None:
        """Let a context know what others know, if it does not know better."""
        self.contexts.setdefault(context, {})
        self.includes[context] = others

    def find(self, context: str, exten: str) -> tuple[Step, ...]:
        """The steps of an extension, empty when nobody knows it."""
        here = self.contexts.get(context)
        if here is None:
            return ()
        if steps := here.get(exten):
            return steps
        for pattern, steps in here.items():
            if pattern.endswith(".") and exten.startswith(pattern[:-1]) and len(exten) > len(pattern) - 1:
                return steps
        for other in self.includes.get(context, ()):
            if steps := self.find(other, exten):
                return steps
        return ()

    def step(self, context: str, exten: str, priority: int) -> Step | None:
        """What is to be done there, or nothing any more."""
        steps = self.find(context, exten)
        return steps[priority - 1] if 0 < priority <= len(steps) else None
