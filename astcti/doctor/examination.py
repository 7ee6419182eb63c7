"""One run through the checks, in order."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

from twisted.internet.defer import CancelledError

from astcti.doctor.case import Case
from astcti.doctor.check import Check
from astcti.doctor.finding import Finding, Level, Notes
from astcti.errors import AMIError


class Examination:
    """Runs checks, and keeps what they say.

    :param only: names of the checks wanted; none for all. What they need is looked at as well, but said only where it
        is at fault.
    :param tell: called with each finding at once.
    :ivar findings: in the order in which they were made.
    """

    def __init__(
        self,
        case: Case,
        checks: Sequence[Check],
        *,
        only: Collection[str] = (),
        tell: Callable[[Finding], object] = lambda finding: None,
    ) -> None:
        self.case = case
        self.findings: list[Finding] = []
        self._checks = checks
        self._only = frozenset(only)
        self._tell = tell

    @property
    def faults(self) -> int:
        """How many there are."""
        return self.count(Level.FAULT)

    def count(self, level: Level) -> int:
        """How many findings are of a level."""
        return sum(finding.level is level for finding in self.findings)

    async def run(self) -> None:
        """Look at everything; whatever happens, the PBX is left as it was."""
        try:
            for check in self._wanted():
                await self._look(check)
        finally:
            if self.case.link is not None:
                await self.case.link.logoff()
            self.case.threads.stopService()

    def _wanted(self) -> list[Check]:
        """The checks to run: those asked for, and before them what they need."""
        by_name = {check.name: check for check in self._checks}
        wanted = set(self._only or by_name)
        waiting = list(wanted)
        while waiting:
            more = set(by_name[waiting.pop()].needs) - wanted
            wanted |= more
            waiting += more
        return [check for check in self._checks if check.name in wanted]

    async def _look(self, check: Check) -> None:
        notes = Notes(check.name, self._note)
        by_name = {each.name: each for each in self._checks}
        for name in check.needs:
            if getattr(self.case, by_name[name].gives) is None:
                notes.skip(f"not looked at, because of {name}")
                return
        self.case.progress(f"{check.name} ...")
        try:
            await check.examine(self.case, notes)
        except CancelledError:
            raise
        except AMIError as e:
            notes.fault(f"the PBX did not answer: {e}", "See whether it still runs, and try again.")
        except Exception as e:
            notes.fault(f"astcti doctor itself failed here: {type(e).__name__}: {self._discreet(str(e))}",
                        "This is a fault of astcti; please report it with this line.")  # fmt: skip

    def _note(self, finding: Finding) -> None:
        if self._only and finding.check not in self._only and finding.level is not Level.FAULT:
            return
        self.findings.append(finding)
        self._tell(finding)

    def _discreet(self, text: str) -> str:
        """An unforeseen text without the secrets we know of."""
        bootstrap = self.case.bootstrap
        known = [self.case.settings.ami_secret, *(v for n, v in self.case.options.items() if "password" in n)]
        if bootstrap is not None and bootstrap.database.address is not None:
            known.append(bootstrap.database.address.password)
        for secret in filter(None, known):
            text = text.replace(secret, "***")
        return text[:300]
