"""Whether the PBX has the phones of the seats."""

from __future__ import annotations

from twisted.internet.defer import Deferred, gatherResults

from astcti.ami.actions import Getvar
from astcti.doctor.case import Case
from astcti.doctor.finding import Notes, counted, some
from astcti.errors import AMIRefused, AMIUnsendable

AT_A_TIME = 25  # questions under way; a PBX answers thousands a second
OLD, NEW = "SIP/", "PJSIP/"


async def examine_phones(case: Case, notes: Notes) -> None:
    """Ask for the state of each."""
    phones = sorted({p for s in case.configuration.seat_by_id for p in case.configuration.channels_of[s]})
    if not phones:
        notes.skip("no seat has a phone")
        return
    if case.allowed is not None and "Getvar" not in case.allowed:
        notes.skip("the PBX does not tell: the write class reporting is missing")
        return
    states: dict[str, str] = {}
    for start in range(0, len(phones), AT_A_TIME):
        some_of = phones[start : start + AT_A_TIME]
        case.spell(start, len(phones), "phones")
        asked = [Deferred.fromCoroutine(_state(case, phone)) for phone in some_of]
        states |= dict(zip(some_of, await gatherResults(asked, consumeErrors=True), strict=True))
    await _judge(case, notes, states)


async def _state(case: Case, phone: str) -> str:
    """``NOT_INUSE``, ``UNAVAILABLE`` (not registered), ``INVALID`` (not there), ...; empty when it is not told."""
    try:
        answer = await case.pbx.sendAction(Getvar(f"DEVICE_STATE({phone})"))
    except (AMIRefused, AMIUnsendable):
        return ""
    return answer.get("Value").strip()


async def _judge(case: Case, notes: Notes, states: dict[str, str]) -> None:
    by_state: dict[str, list[str]] = {}
    for phone, state in states.items():
        by_state.setdefault(state, []).append(phone)
    invalid, away, unsaid = (by_state.get(state, []) for state in ("INVALID", "UNAVAILABLE", ""))
    if invalid:
        notes.fault(f"the PBX has no phone {some(invalid)}", *await _hint(case, invalid))
    if unsaid:
        notes.skip(f"the PBX does not tell the state of {some(unsaid)}")
    known = len(states) - len(invalid) - len(unsaid)
    if known and len(away) == known and known > 1:
        notes.warn(f"none of {counted(known, 'phone')} is registered at the moment",
                   "See whether the phones reach the PBX; for PJSIP:",
                   "    asterisk -rx 'pjsip show contacts'")  # fmt: skip
    elif known:
        not_now = f", {len(away):,} of them not registered at the moment" if away else ""
        notes.fine(f"the PBX has {counted(known, 'phone')} of seats{not_now}")


async def _hint(case: Case, invalid: list[str]) -> tuple[str, ...]:
    """Where such a phone may be instead."""
    first = invalid[0]
    other = NEW + first.removeprefix(OLD) if first.startswith(OLD) else OLD + first.removeprefix(NEW)
    if first.startswith((OLD, NEW)) and await _state(case, other) not in ("", "INVALID", "UNKNOWN"):
        return (f"It has {other}: correct the seat's exten.",)
    return ("Correct the seat's exten, or make the phone on the PBX. Which there are:",
            "    asterisk -rx 'pjsip show endpoints'")  # fmt: skip
