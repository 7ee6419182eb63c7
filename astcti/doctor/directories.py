"""Who knows passwords: the sources of authentication, and whether they answer."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred, fail
from zope.interface import providedBy

from astcti.authentication.registry import authentication_sources
from astcti.doctor.case import Case
from astcti.doctor.finding import Notes, counted, some
from astcti.errors import SourceUnavailable
from astcti.interfaces import IAuthenticationSource, IReachable
from astcti.model.identity import Person
from astcti.services.sources import OWN, Place


async def examine_sources(case: Case, notes: Notes) -> None:
    """Every source of ``auth_sources``, in its order."""
    kinds = authentication_sources()
    place = Place(case.reactor, case.threads, _nobody, case.settings)
    place.options = case.options
    for name in dict.fromkeys(case.settings.auth_sources):
        source = kinds.get(name)
        if source is None:
            notes.fault(f"auth_sources: there is no source {name}; installed are {some(sorted(kinds))}",
                        "Correct the name, or install the plug-in.")  # fmt: skip
            continue
        await _look(notes, source, place, case)
    known = {option for source in kinds.values() for option in source.option_names}
    strange = [n for n in sorted(case.options) if n.startswith("auth_") and n not in known]
    for name in (n for n in strange if not hasattr(case.settings, n)):
        notes.warn(f"there is no setting {name}", "Correct its name, or remove it.")


async def _look(notes: Notes, source: IAuthenticationSource, place: Place, case: Case) -> None:
    faults = source.faults(place)
    for fault in faults:
        notes.fault(f"{source.name} lets nobody in: {fault}", "Correct the settings of that name.")
    if faults:
        return
    if source.name == OWN:
        _look_at_own(notes, case)
    elif IReachable in providedBy(source):
        await _reach(notes, source, place)
    else:
        notes.skip(f"{source.name}: its settings make sense; whether it answers, only a login shows")


def _look_at_own(notes: Notes, case: Case) -> None:
    operators = case.configuration.operator_by_username.values()
    bare = sorted(o.username for o in operators if not o.password)
    if bare and set(case.settings.auth_sources) == {OWN}:
        notes.fault(f"{some(bare)} cannot log in: no password here, and no directory is asked",
                    "Set auth_sources to own,ldap and auth_ldap_url and so on, or make passwords:",
                    "    astcti config password")  # fmt: skip
    notes.fine(f"own: {counted(len(operators) - len(bare), 'operator')} with a password")


async def _reach(notes: Notes, source: Any, place: Place) -> None:
    try:
        answers = await source.reach(place)
    except SourceUnavailable as e:
        answers = {source.name: str(e)}
    for address, trouble in answers.items():
        if trouble:
            notes.fault(f"{source.name}: {address}: {trouble}",
                        f"Operators cannot log in by it. See that it runs and answers from here, and the settings "
                        f"auth_{source.name}_... .")  # fmt: skip
        else:
            notes.fine(f"{source.name}: {address} answers")


def _nobody(person: Person, digest: str) -> Deferred[bool]:
    return fail(SourceUnavailable("a doctor has no passwords to try"))
