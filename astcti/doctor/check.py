"""One check: its name, what it needs, and the coroutine that looks."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from astcti.doctor.case import Case
from astcti.doctor.finding import Notes

Examine = Callable[[Case, Notes], Awaitable[None]]
"""Looks, and writes down what it sees. What it raises of :class:`~astcti.errors.AMIError` is said for it."""


@dataclass(frozen=True, slots=True)
class Check:
    """Something that can be looked at by itself.

    :ivar name: for ``--only``, and the first word of its findings.
    :ivar about: what it looks at, for the list of checks.
    :ivar examine: looks.
    :ivar needs: names of the checks without whose success there is nothing to look at.
    :ivar gives: the attribute of the case that it fills in; it succeeded when that is not None.
    """

    name: str
    about: str
    examine: Examine
    needs: tuple[str, ...] = ()
    gives: str = ""
