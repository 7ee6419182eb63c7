"""Which events come: by what they are made of, the read classes of the manager user."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

from twisted.internet.defer import Deferred, TimeoutError

from astcti.ami.actions import Events, Originate, QueueAdd, QueueRemove
from astcti.ami.actions.base import assignment
from astcti.doctor.advice import READ, manager_lines
from astcti.doctor.case import Case
from astcti.doctor.finding import Notes, some
from astcti.errors import AMIError, AMIRefused, AMIUnsendable

PROVOKED_SECONDS = 5.0  # for events of our own making; they come within a few milliseconds
MAX_VARIABLES = 50  # of watched ones that are set; an action has 128 lines
OWN_VARIABLE = "ASTCTI_DOCTOR"

#: Read class to the events we can make of it.
CALL_EVENTS: Mapping[str, tuple[str, ...]] = {"call": ("Newchannel", "Hangup"), "dialplan": ("Newexten", "VarSet")}
MEMBER_EVENTS: Mapping[str, tuple[str, ...]] = {"agent": ("QueueMemberAdded", "QueueMemberRemoved")}
MISSED: Mapping[str, str] = {
    "call": "no call is seen, and nothing pops",
    "dialplan": "neither services nor what callers keyed in are seen",
    "agent": "queues, their callers and members are not seen",
}


@dataclass(frozen=True, slots=True)
class Provoked:
    """What we tried to make happen.

    :ivar expected: the events that should have come, by class.
    :ivar why_not: why nothing could be made of a class.
    """

    expected: Mapping[str, tuple[str, ...]]
    why_not: Mapping[str, str]


async def examine_events(case: Case, notes: Notes) -> None:
    """Make something harmless happen, or wait for what happens by itself, and see what is told of it."""
    ear = case.ear
    ear.watched = watched_variables(case)
    has_queues = any(s.queue_name for s in case.configuration.service_by_id.values())
    needed = ("call", "dialplan", "agent") if has_queues else ("call", "dialplan")
    provoked = await _provoke(case, notes, needed)
    case.provoked = "VarSet" in provoked.expected.get("dialplan", ())
    if not all(name in ear.classes or name in provoked.expected for name in needed):
        case.progress(f"events: listening for {case.listen_seconds:g} s")
        await _until(case, lambda: ear.classes >= set(needed) and ear.variables >= ear.watched, case.listen_seconds)
    await case.pbx.sendAction(Events("off"))  # nobody listens any more
    bad = _judge_boot(case, notes)
    for name in needed:
        bad = _judge_class(case, notes, name, provoked) or bad
    _judge_excess(case, notes, needed)
    heard = [name for name in ("system", *needed) if name in ear.classes]
    if heard and not bad:
        stamped = "; with a time in each (timestampevents)" if ear.stamped else ""
        notes.fine(f"read: {', '.join(heard)}{stamped}")


def watched_variables(case: Case) -> frozenset[str]:
    """Names of the variables that enabled services watch."""
    c = case.configuration
    return frozenset(name for service in c.service_by_id for name in c.variables_of.get(service, ()))


# -- making things happen


async def _provoke(case: Case, notes: Notes, needed: tuple[str, ...]) -> Provoked:
    if case.passive:
        return Provoked({}, dict.fromkeys(needed, "nothing was provoked"))
    expected: dict[str, tuple[str, ...]] = {}
    why_not: dict[str, str] = {}
    if why := await _call_nobody(case):
        why_not |= {"call": why, "dialplan": why}
    else:
        expected |= CALL_EVENTS
    if "agent" in needed:
        if why := await _add_nobody(case, notes):
            why_not["agent"] = why
        else:
            expected |= MEMBER_EVENTS
    return Provoked(expected, why_not)


async def _call_nobody(case: Case) -> str:
    """Begin a call to a place that no dial plan has: its two channels are gone within a millisecond, nothing is run and
    nothing rings (seen on 16 and 22).

    :returns: why it could not be done; empty when it was.
    """
    if "Originate" not in (case.allowed or ()):
        return "the write class originate is missing"
    if is_old(case.pbx.session.banner):
        return "this Asterisk makes no channels for such a call"
    case.progress("events: a call to nobody")
    action = Originate(
        case.ear.interface, application="NoOp", timeout=1000,
        variables=dict.fromkeys((OWN_VARIABLE, *settable(case.ear.watched)), "astcti doctor"),
    )  # fmt: skip
    try:
        await case.pbx.sendAction(action)
    except (AMIRefused, AMIUnsendable) as e:
        return str(e)
    expected = {event for events in CALL_EVENTS.values() for event in events}
    await _until(case, lambda: case.ear.ours >= expected, PROVOKED_SECONDS)
    return ""


def is_old(banner: str) -> bool:
    """Whether that is the greeting of an Asterisk before 12, which looks first whether there is such an extension."""
    found = re.search(r"/(\d+)\.", banner)
    return found is not None and int(found[1]) < 2


def settable(names: Collection[str]) -> tuple[str, ...]:
    """Those of the names that an action can set."""
    found = []
    for name in sorted(names):
        try:
            assignment(name, "")
        except AMIUnsendable:
            continue
        found.append(name)
    return tuple(found[:MAX_VARIABLES])


async def _add_nobody(case: Case, notes: Notes) -> str:
    """Put a member that is paused and cannot be rung into a queue, and take it out again.

    :returns: why it could not be done; empty when it was.
    """
    if not {"QueueAdd", "QueueRemove"} <= (case.allowed or frozenset()):
        return "the write class agent is missing"
    queues = sorted({s.queue_name for s in case.configuration.service_by_id.values()} & (case.queues or {}).keys())
    if not queues:
        return "the PBX has none of the queues"
    case.progress("events: a member of a queue who is nobody")
    queue, nobody = queues[0], case.ear.interface
    try:
        await case.pbx.sendAction(QueueAdd(queue, nobody, penalty=0, paused=True, member_name="astcti doctor"))
    except AMIRefused as e:
        return str(e)
    try:
        await _until(case, lambda: "QueueMemberAdded" in case.ear.ours, PROVOKED_SECONDS)
    finally:  # also when somebody interrupts us
        try:
            await case.pbx.sendAction(QueueRemove(queue, nobody))
        except AMIError as e:
            notes.fault(f"{nobody}, whom we put into {queue} to see what happens, is still there: {e}",
                        "Nothing is ever rung there, but take it out, on the PBX:",
                        f"    asterisk -rx 'queue remove member {nobody} from {queue}'")  # fmt: skip
    if "QueueMemberAdded" in case.ear.ours:
        await _until(case, lambda: "QueueMemberRemoved" in case.ear.ours, PROVOKED_SECONDS)
    return ""


async def _until(case: Case, true: Callable[[], bool], seconds: float) -> None:
    """Wait until something is true, after one of the events to come, but not for ever."""
    if true():
        return
    done: Deferred[None] = Deferred()
    stop = case.ear.tell(lambda: done.callback(None) if not done.called and true() else None)
    try:
        await done.addTimeout(seconds, case.reactor)
    except TimeoutError:
        pass
    finally:
        stop()


# -- what that means


def _judge_boot(case: Case, notes: Notes) -> bool:
    if "FullyBooted" in case.ear.names:
        return False
    notes.fault("the read class system is missing (no FullyBooted came), or the PBX is still starting: a server does "
                "not know when the PBX is ready, goes down, or was reloaded",
                *manager_lines(case, f"read = {READ}"))  # fmt: skip
    return True


def _judge_class(case: Case, notes: Notes, name: str, provoked: Provoked) -> bool:
    """Say what is wrong with one class; whether anything is."""
    ear, expected = case.ear, provoked.expected.get(name)
    missing = [event for event in expected or () if event not in ear.names]  # of ours or of anybody's
    if expected is None:
        if name in ear.classes:
            return False
        notes.skip(f"nothing of the read class {name} came within {case.listen_seconds:g} s, which need not mean that "
                   f"it is missing; {provoked.why_not.get(name, 'nothing was provoked')}",
                   "Ask again while people telephone, or without --passive.")  # fmt: skip
        return False
    if len(missing) == len(expected) and name not in ear.classes:
        notes.fault(f"the read class {name} is missing ({', '.join(missing)} did not come): {MISSED[name]}",
                    *manager_lines(case, f"read = {READ}"))  # fmt: skip
    elif missing:
        notes.fault(f"events are held back: {', '.join(missing)} did not come, though others of the class {name} did",
                    "Remove what suppresses them: disabledevents in section [general] of the PBX's manager.conf, or "
                    f"lines such as this one in [{case.settings.ami_user}]:",
                    f"    eventfilter = !Event: {missing[0]}")  # fmt: skip
    return bool(missing)


def _judge_excess(case: Case, notes: Notes, needed: tuple[str, ...]) -> None:
    known = {"system", "agent", *needed}
    if excess := sorted(case.ear.classes - known):
        notes.warn(f"events come that nobody needs, of the read class{'es' if len(excess) > 1 else ''} {some(excess)}: "
                   "they cost the PBX and the server time", *manager_lines(case, f"read = {READ}"))  # fmt: skip


async def examine_variables(case: Case, notes: Notes) -> None:
    """Whether it is told when a watched variable is set."""
    names = watched_variables(case)
    if not names:
        notes.skip("no service watches a variable: what callers key in is shown to nobody")
        return
    seen, missing = sorted(names & case.ear.variables), sorted(names - case.ear.variables)
    if "dialplan" not in case.ear.classes and case.provoked:
        notes.fault(f"nothing is told of {some(missing)}: the read class dialplan is missing",
                    *manager_lines(case, f"read = {READ}"))  # fmt: skip
        return
    came = "VarSet" in case.ear.ours or "VarSet" not in case.ear.names  # else there was nobody to set them for
    tried = set(settable(names)) if case.provoked and came else set()
    held_back = [name for name in missing if name in tried]
    if held_back:
        notes.fault(f"{some(held_back)} was set, and no VarSet came",
                    "Remove what suppresses it: disabledevents or eventfilter in manager.conf of the PBX.")  # fmt: skip
    if waiting := [name for name in missing if name not in tried]:
        notes.skip(f"{some(waiting)} was not set while we listened", "Ask again while people telephone.")
    if seen:
        notes.fine(f"VarSet of {some(seen)} comes")
