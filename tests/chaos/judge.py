"""Whether each answered call popped exactly once at the right agent, by what the PBX and the clients wrote down.

A conversation of a service with an agent is to have popped there once, with the caller's data, whatever happened
meanwhile. There is one excuse for its not having popped at all: the way from the PBX to that agent was not whole for
:data:`WHOLE_SECONDS` together at any time of the conversation. The way is whole while the agent's client is logged in
and has not been told that the PBX is gone, and none of what lies between stands still, is cut or is dead by our own
doing. Nor can it be asked of a call that was sent on, from one agent to another, if the way to nobody was whole for so
long from its beginning until then: which service it came for the PBX cannot tell afterwards. There is no excuse for a
second pop, a pop at somebody else's, or a wrong page.

What popped is marked as recovered when its client came in, or heard that the PBX is back, well after the conversation
had begun, and is not when the way had been whole for a while before that, and until it popped. When the way has been
whole for a while after it popped, the server knows that, and asks for it never again: not every client remembers.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit

from tests.chaos.spans import Span, longest, merged, within

WHOLE_SECONDS = 3.0  # for a client that has just come back to be told, on a machine that does much else
SURE_SECONDS = 2.0  # between two things that are certain to have been in this order
SHOWN = 30


@dataclass(frozen=True, slots=True)
class Talk:
    """A conversation, as the PBX had it."""

    call: str
    agent: int
    number: str
    digits: str
    queue: str
    begun: float
    ended: float


@dataclass(frozen=True, slots=True)
class Pop:
    """An action that a client performed.

    :ivar recovered: whether the call was marked so; ``None`` when that is not known.
    :ivar again: when it was asked for again, though it had been performed.
    """

    agent: int
    id: str
    page: str
    at: float
    recovered: bool | None = None
    again: tuple[float, ...] = ()

    @property
    def told(self) -> dict[str, str]:
        """What its page says."""
        query = parse_qs(urlsplit(self.page).query, keep_blank_values=True)
        return {name: values[0] for name, values in query.items()}


@dataclass
class Verdict:
    """What came of it.

    :ivar popped: calls that popped where they should, once.
    :ivar excused: those of which nobody can ask it; ``anyway`` those that could not be asked to, and did.
    :ivar recovered: those that had to be marked as recovered, and were.
    """

    problems: list[str] = field(default_factory=list)
    popped: int = 0
    anyway: int = 0
    excused: int = 0
    recovered: int = 0

    def __str__(self) -> str:
        return (
            f"{self.popped} calls popped once where they should (of them {self.anyway} that could not be asked to, "
            f"{self.recovered} that had to be recovered), "
            f"{self.excused} excused, {len(self.problems)} problems"
        )


def judge(
    talks: Sequence[Talk],
    pops: Sequence[Pop],
    whole: Mapping[int, Sequence[Span]],
    came: Mapping[int, Sequence[float]] | None = None,
    sent_on: Mapping[str, float] | None = None,
) -> Verdict:
    """Compare.

    :param whole: when the way to each agent was whole.
    :param came: when each agent came in, or heard that the PBX is back.
    :param sent_on: when calls left the first who talked to them, for another.
    """
    verdict = Verdict()
    seen = _Seen(merged(span for spans in whole.values() for span in spans), sent_on or {})
    popped: dict[tuple[str, int], list[Pop]] = defaultdict(list)
    for pop in pops:
        popped[pop.told.get("call", ""), pop.agent].append(pop)
    together: dict[tuple[str, int], list[Talk]] = defaultdict(list)
    for talk in talks:
        together[talk.call, talk.agent].append(talk)
    for key, parts in together.items():
        theirs = popped.pop(key, [])
        _judge(verdict, parts, theirs, whole.get(key[1], ()), seen)
        if len(theirs) == len(parts) == 1:
            _see_mark(verdict, parts[0], theirs[0], whole.get(key[1], ()), (came or {}).get(key[1], ()))
    for stray in popped.values():
        verdict.problems.append(f"popped at somebody who did not talk: {stray}")
    ids: dict[str, int] = defaultdict(int)
    for pop in pops:
        ids[pop.id] += 1
    for pop in pops:
        _see_again(verdict, pop, whole.get(pop.agent, ()))
    verdict.problems += [f"action {id} was performed {times} times" for id, times in ids.items() if times > 1]
    return verdict


@dataclass(frozen=True, slots=True)
class _Seen:
    """What the server can know of calls that were sent on.

    :ivar whole: when the way to anybody was.
    """

    whole: Sequence[Span]
    sent_on: Mapping[str, float]

    def service_of(self, talk: Talk) -> bool:
        """Whether the server had the time to see which service a call is for."""
        left = self.sent_on.get(talk.call)
        if left is None or talk.begun < left:
            return True
        return longest(within(self.whole, (born(talk.call), left))) >= WHOLE_SECONDS


def born(call: str) -> float:
    """When a call began, by its unique id: seconds since the epoch."""
    return float(call.partition(".")[0])


def _judge(verdict: Verdict, parts: list[Talk], pops: list[Pop], whole: Sequence[Span], seen: _Seen) -> None:
    """One call at one agent, who may have had it more than once."""
    asked = any(
        longest(within(whole, (talk.begun, talk.ended))) >= WHOLE_SECONDS and seen.service_of(talk) for talk in parts
    )
    if not pops:
        if asked:
            spans = [within(whole, (talk.begun, talk.ended)) for talk in parts]
            verdict.problems.append(f"lost: {parts}, the way was whole {spans}")
        else:
            verdict.excused += 1
        return
    if len(pops) > 1:
        verdict.problems.append(f"popped {len(pops)} times: {parts}, {pops}")
        return
    (pop,), talk = pops, parts[0]
    wanted = {"call": talk.call, "digits": talk.digits, "from": talk.number, "by": f"op{talk.agent}"}
    told = pop.told
    queues = {part.queue for part in parts}
    if any(told.get(name) != value for name, value in wanted.items()) or told.get("queue") not in queues:
        verdict.problems.append(f"popped with {told}: {parts}")
        return
    verdict.popped += 1
    verdict.anyway += not asked


def _see_mark(verdict: Verdict, talk: Talk, pop: Pop, whole: Sequence[Span], came: Sequence[float]) -> None:
    """Whether it says of itself that it is told late."""
    if pop.recovered is None:
        return
    frame = talk.begun - SURE_SECONDS, pop.at
    if any(talk.begun + SURE_SECONDS < when <= pop.at for when in came):
        verdict.recovered += pop.recovered
        if not pop.recovered:
            verdict.problems.append(f"told late, and not marked as recovered: {talk}, {pop}, came {came}")
    elif pop.recovered and longest(within(whole, frame)) >= frame[1] - frame[0]:
        verdict.problems.append(f"told at once, and marked as recovered: {talk}, {pop}")


def _see_again(verdict: Verdict, pop: Pop, whole: Sequence[Span]) -> None:
    """Whether it is asked for again though the server must know of it."""
    for when in pop.again:
        if longest(within(whole, (pop.at, when))) >= SURE_SECONDS:
            verdict.problems.append(f"asked for again at {when}, though it had been performed: {pop}")
            return
