"""What a scenario is, and the table of all of them."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.pbx.stage import Stage

THEMES = ("direct", "queues", "transfers", "attended", "incall", "pickups", "local", "odd")
Play = Callable[["Stage"], Coroutine[Any, Any, None]]


@dataclass(frozen=True)
class Person:
    """A caller."""

    number: str
    name: str


MARIO = Person("3331234567", "Mario Rossi")
ANNA = Person("3479998877", "Anna Bianchi")


@dataclass(frozen=True)
class Pop:
    """A screen that must pop: at which phone, for whom, with what."""

    phone: int
    calldata: str
    caller: Person = MARIO
    queue: str = ""


@dataclass(frozen=True)
class Scenario:
    """Something that happens at a telephone exchange.

    :ivar play: does it; it ends when everybody has hung up.
    :ivar pops: the screens that pop, each exactly once; no other may.
    :ivar chances: further screens that pop if the PBX connected that phone, which it alone decides; else not.
    :ivar stories: phone to all that its agent is told, in order, where that is worth being said.
    :ivar technologies: what the phones can be for it.
    """

    name: str
    play: Play
    pops: tuple[Pop, ...]
    technologies: frozenset[str]
    stories: Mapping[int, str]
    chances: tuple[Pop, ...] = ()

    @property
    def about(self) -> str:
        """What happens, in words."""
        return self.play.__doc__ or self.name


_table: list[Scenario] = []


def scenario(
    *pops: Pop,
    core: bool = False,
    only: str = "",
    stories: Mapping[int, str] = MappingProxyType({}),
    chances: tuple[Pop, ...] = (),
) -> Callable[[Play], Play]:
    """Put a coroutine function into the table, with the screens that pop and (some of) what agents are told.

    :param core: to be played with chan_sip's phones as well.
    :param only: to be played with that technology alone.
    """
    technologies = {only} if only else {"PJSIP", "SIP"} if core else {"PJSIP"}

    def enter(play: Play) -> Play:
        name = play.__name__
        _table.append(Scenario(name, play, pops, frozenset(technologies), stories, chances))
        return play

    return enter


def all_scenarios(technology: str) -> list[Scenario]:
    """Those for phones of ``technology``, in the order they are written."""
    for theme in THEMES:
        importlib.import_module(f"tests.pbx.scenarios.{theme}")
    return [s for s in _table if technology in s.technologies]
