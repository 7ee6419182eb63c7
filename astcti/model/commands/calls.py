"""Calls that an operator begins, and outcomes of the actions of others."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Originate:
    """``ORIG`` in any of its forms.

    ``service`` is the outbound service named (empty: the default one), ``channel`` the phone of the seat to use (empty:
    the main one). ``priority`` is 1 but where the form ``exten|context|priority`` says another.
    """

    number: str
    service: str = ""
    channel: str = ""
    priority: int = 1


@dataclass(frozen=True, slots=True)
class Telecommute:
    """``TELE``: calls come to this number instead of the phone; empty for ``OFF``."""

    number: str


@dataclass(frozen=True, slots=True)
class ReportAction:
    """``ACTR``: what became of an action, by the id it was sent with."""

    id: str
    ok: bool
    text: str = ""


@dataclass(frozen=True, slots=True)
class SendText:
    """``TEXT``: a message to another operator; ``text`` is percent-decoded."""

    username: str
    text: str
