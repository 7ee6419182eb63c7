"""From diaries to values: who talked when, what popped, and when the way to each agent was whole."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from tests.chaos.diary import Entry
from tests.chaos.judge import Pop, Talk
from tests.chaos.spans import Span, longest, within, without

NEVER = float("inf")
LATE_SECONDS = 2.0  # in which what has waited is read
STILL = ("held", "hung")  # in the names of troubles


def number_of(phone: str) -> int:
    """The agent at a phone."""
    return int(phone.partition("/")[2])


def talks(entries: Sequence[Entry]) -> list[Talk]:
    """Conversations, by the PBX's diary; its death ends those there are."""
    found: list[Talk] = []
    going: dict[tuple[str, str], Entry] = {}

    def over(talk: Entry, when: float) -> None:
        agent = number_of(talk["phone"])
        found.append(Talk(talk["call"], agent, talk["number"], talk["digits"], talk["queue"], talk["t"], when))

    for entry in entries:
        if entry["what"] == "talk":
            going[entry["call"], entry["phone"]] = entry
        elif entry["what"] == "over":
            over(going.pop((entry["call"], entry["phone"])), entry["t"])
        elif entry["what"] == "begins":
            for talk in going.values():
                over(talk, entry["t"])
            going.clear()
    for talk in going.values():
        over(talk, NEVER)
    return found


def sent_on(talks: Iterable[Talk]) -> dict[str, float]:
    """When each call that more than one agent has had left the first of them."""
    of_call: dict[str, list[Talk]] = defaultdict(list)
    for talk in talks:
        of_call[talk.call].append(talk)
    return {call: min(talk.ended for talk in each) for call, each in of_call.items() if len(each) > 1}


def pops(entries: Iterable[Entry]) -> list[Pop]:
    """What was performed, by the diary of clients."""
    asked: dict[tuple[int, str], list[Entry]] = defaultdict(list)
    done: list[tuple[Entry, bool | None]] = []
    for e in entries:
        if e["what"] == "asked":
            asked[e["agent"], e["id"]].append(e)
        elif e["what"] == "did":
            before = asked[e["agent"], e["id"]]
            done.append((e, before[-1]["recovered"] if before else None))
    return [
        Pop(
            e["agent"], e["id"], e["page"], e["t"], recovered,
            tuple(a["t"] for a in asked[e["agent"], e["id"]] if a["t"] > e["t"]),
        )
        for e, recovered in done
    ]  # fmt: skip


def beginnings(crowds: Mapping[str, Sequence[Entry]], troubles: Iterable[Entry]) -> dict[int, list[float]]:
    """When each agent came in, or heard that the PBX is back, without the times at which they may have heard it late.

    :param troubles: of which those matter in which clients, or what they are told, stand still.
    """
    still: dict[str, list[Span]] = defaultdict(list)
    for trouble in troubles:
        if any(word in trouble["kind"] for word in STILL):
            still[trouble["of"]].append((trouble["begun"], trouble["ended"] + LATE_SECONDS))
    found: dict[int, list[float]] = defaultdict(list)
    for name, entries in crowds.items():
        hears: dict[int, float] = {}
        for entry in entries:
            agent, when = entry.get("agent", 0), entry["t"]
            if entry["what"] == "deaf":
                hears[agent] = NEVER
            elif entry["what"] == "hears":
                hears[agent] = when + LATE_SECONDS
            elif entry["what"] == "up" or (entry["what"], entry.get("state")) == ("pbx", "up"):
                late = when <= hears.get(agent, 0.0) or within(still[name], (when, when + LATE_SECONDS))
                found[agent] += [] if late else [when]
    return found


def at_work(entries: Sequence[Entry], end: float) -> dict[int, list[Span]]:
    """When the server knew each agent and the PBX, as far as clients were told, by the diary of one process of them."""
    spans: dict[int, list[Span]] = defaultdict(list)
    since: dict[int, float] = {}
    here: set[int] = set()
    deaf: set[int] = set()
    apart: set[int] = set()  # from the PBX, as this connection said, maybe while they were on their way in

    def stop(agent: int, when: float) -> None:
        if agent in since:
            spans[agent].append((since.pop(agent), when))

    for entry in entries:
        agent, when = entry.get("agent", 0), entry["t"]
        match entry:
            case {"what": "begins"}:
                for one in list(since):
                    stop(one, when)
                here.clear()
                deaf.clear()
                apart.clear()
            case {"what": "deaf"}:
                deaf.add(agent)
                stop(agent, when)
            case {"what": "hears"}:
                deaf.discard(agent)
                if agent in here and agent not in apart:
                    since.setdefault(agent, when)
            case {"what": "up"}:
                here.add(agent)
                if agent not in apart:
                    since.setdefault(agent, when)
            case {"what": "down" | "home"}:
                here.discard(agent)
                apart.discard(agent)
                stop(agent, when)
            case {"what": "pbx", "state": "down"}:
                apart.add(agent)
                stop(agent, when)
            case {"what": "pbx", "state": "up"}:
                apart.discard(agent)
                if agent in here and agent not in deaf:
                    since.setdefault(agent, when)
    for agent in list(since):
        stop(agent, end)
    return spans


def whole(
    crowds: Mapping[str, Sequence[Entry]], troubles: Iterable[Entry], end: float, everybody: frozenset[str]
) -> dict[int, list[Span]]:
    """When nothing was in the way between the PBX and each agent.

    :param crowds: diaries of clients, by the name of their process.
    :param troubles: each with what it happened to (``of``), ``begun`` and ``ended``.
    :param everybody: what stands in everybody's way while something happens to it.
    """
    holes: dict[str, list[Span]] = defaultdict(list)
    for trouble in troubles:
        holes[trouble["of"]].append((trouble["begun"], trouble["ended"]))
    common = [span for of in everybody for span in holes[of]]
    return {
        agent: without(spans, [*common, *holes[name]])
        for name, entries in crowds.items()
        for agent, spans in at_work(entries, end).items()
    }


def at_home(entries: Sequence[Entry]) -> dict[int, list[Span]]:
    """When each agent was away by their own will."""
    spans: dict[int, list[Span]] = defaultdict(list)
    left: dict[int, float] = {}
    for entry in entries:
        if entry["what"] == "home":
            left[entry["agent"]] = entry["t"]
        elif entry["what"] == "back" and entry["agent"] in left:
            spans[entry["agent"]].append((left.pop(entry["agent"]), entry["t"]))
        elif entry["what"] == "begins":
            for agent, when in left.items():
                spans[agent].append((when, entry["t"]))
            left.clear()
    return spans


def slowest_return(
    whole: Mapping[int, Sequence[Span]], home: Mapping[int, Sequence[Span]], troubles: Iterable[Entry], end: float
) -> float:
    """Seconds for which an agent was away, at most, though there was no trouble at all and they were not at home."""
    quiet = without([(0.0, end)], ((t["begun"], t["ended"]) for t in troubles))
    return max(
        (
            longest(without(quiet, [(0.0, spans[0][0]), *spans, *home.get(agent, ())]))
            for agent, spans in whole.items()
            if spans
        ),
        default=0.0,
    )


def last_pauses(entries: Sequence[Entry]) -> dict[int, bool | None]:
    """How each agent was paused in the end by what they asked for; ``None`` when they cannot know: the answer did not
    come, or was that the PBX had not answered."""
    found: dict[int, bool | None] = {}
    for entry in entries:
        if entry["what"] == "pause":
            found[entry["agent"]] = entry.get("paused")  # none with the request: not known until it is answered
        elif entry["what"] == "home":
            found[entry["agent"]] = None  # it is over, if their goodbye was heard
    return found


def told_pauses(entries: Sequence[Entry]) -> dict[int, str]:
    """How each agent was last told to be paused: ``all``, ``partly`` or ``none``."""
    return {entry["agent"]: entry["paused"] for entry in entries if entry["what"] == "state"}
