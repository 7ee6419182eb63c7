"""What came of it, by what everybody wrote down: the same whether the PBX is a simulated one or real."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from tests.chaos import presence
from tests.chaos.children import Child
from tests.chaos.diary import Entry, entries
from tests.chaos.judge import Pop, Talk, Verdict, judge
from tests.chaos.likeness import Pauses

BACK_SECONDS = 60.0  # for everybody to be back when no further trouble begins
SHOWN = 20  # problems, the rest is counted

Diaries = Mapping[str, Sequence[Entry]]


class Place(Protocol):
    """Where it happened."""

    folder: Path

    @property
    def children(self) -> Sequence[Child]:
        """Processes that were to run all the time."""

    def logs(self) -> str:
        """What the server has logged."""


@dataclass
class Result:
    """How it went."""

    seed: int
    verdict: Verdict
    problems: list[str] = field(default_factory=list)
    facts: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        problems = [*self.problems, *self.verdict.problems]
        more = [f"and {len(problems) - SHOWN} more"] if len(problems) > SHOWN else []
        return "\n".join([f"seed {self.seed}: {self.verdict}", *self.facts, *problems[:SHOWN], *more])

    @property
    def good(self) -> bool:
        """Whether all is well."""
        return not self.problems and not self.verdict.problems


@dataclass(frozen=True, slots=True)
class Accounts:
    """What everybody wrote down.

    :ivar happened: the troubles.
    :ivar sent_on: when calls left the first who had them, for another.
    """

    crowds: Diaries
    happened: Sequence[Entry]
    talks: Sequence[Talk]
    pops: Sequence[Pop]
    sent_on: Mapping[str, float] = field(default_factory=dict)

    @classmethod
    def of(cls, folder: Path, crowds: Diaries, works_on: Callable[[int, str], bool]) -> Accounts:
        """Read them. Who is put through to somebody who does not work on their service pops there never."""
        everything = presence.talks(entries(folder / "pbx.diary"))
        talks = [t for t in everything if works_on(t.agent, t.queue)]
        pops = presence.pops(e for diary in crowds.values() for e in diary)
        return cls(crowds, entries(folder / "troubles.diary"), talks, pops, presence.sent_on(everything))


def judged(place: Place, seed: int, accounts: Accounts, end: float, everybody: Collection[str], least: float) -> Result:
    """What is right and wrong by all accounts.

    :param everybody: what between PBX and agents troubles happened to.
    :param least: the share of talks that must have had to pop: else it would prove little.
    """
    crowds, talks = accounts.crowds, accounts.talks
    whole = presence.whole(crowds, accounts.happened, end, everybody)
    came = presence.beginnings(crowds, accounts.happened)
    result = Result(seed, judge(talks, accounts.pops, whole, came, accounts.sent_on))
    asked = (result.verdict.popped - result.verdict.anyway) / max(1, len(talks))
    if asked < least:
        result.problems.append(f"only {asked:.0%} of {len(talks)} talks had to pop: that proves little")
    for child in place.children:
        child.look()
        result.problems += child.deaths
    rejected = [e for diary in crowds.values() for e in diary if e["what"] == "rejected"]
    result.problems += [f"rejected: {e}" for e in rejected[:5]]
    if tracebacks := place.logs().count("Traceback (most recent call last)"):
        result.problems.append(f"{tracebacks} tracebacks in the server's log")
    home = {agent: spans for diary in crowds.values() for agent, spans in presence.at_home(diary).items()}
    slowest = presence.slowest_return(whole, home, accounts.happened, end)
    result.facts.append(f"without further trouble everybody was back within {slowest:.1f} s")
    if slowest > BACK_SECONDS:
        result.problems.append(f"somebody was away for {slowest:.1f} s without any trouble")
    return result


def pauses_of(crowds: Mapping[str, Path]) -> Pauses:
    """What pauses agents asked for and were told of last, by their diaries."""
    asked: dict[int, bool | None] = {}
    told: dict[int, str] = {}
    for path in crowds.values():
        diary = entries(path)
        asked |= presence.last_pauses(diary)
        told |= presence.told_pauses(diary)
    return Pauses(asked, told)
