"""What phones do."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from astcti.model.facts import MemberAdded
from astcti.model.roster import Roster
from astcti.services.phonestates import phone_state


class PhoneStateTests(SynchronousTestCase):
    """One phone, in a queue or in none."""

    def setUp(self) -> None:
        self.roster = Roster()
        self.states: dict[str, list[str]] = {}
        self.state = phone_state(self.roster, self)

    def states_at(self, interface: str) -> list[str]:
        """The states of its channels."""
        return self.states.get(interface, [])

    def join(self, queue: str, status: int) -> None:
        """The phone is in a queue."""
        self.roster.feed(MemberAdded(queue, "PJSIP/201", "Anna", "dynamic", 0, False, "", status))

    def test_by_its_queue(self) -> None:
        """Each device state that Asterisk tells of a member has its word; who is unknown in one queue may not be in the
        next."""
        self.join("a", 0)
        words = ("idle", "inuse", "busy", "unavailable", "unavailable", "ringing", "ringing", "hold")
        for status, word in enumerate(words, 1):
            self.join("b", status)
            self.assertEqual(self.state("PJSIP/201"), word)
        self.join("b", 0)
        self.assertEqual(self.state("PJSIP/201"), "")

    def test_by_its_calls(self) -> None:
        """A phone in no queue rings, is in use, or is not known."""
        self.assertEqual(self.state("PJSIP/202"), "")
        for states, word in ((["Ringing"], "ringing"), (["Ringing", "Up"], "inuse"), (["Up"], "inuse")):
            self.states["PJSIP/202"] = states
            self.assertEqual(self.state("PJSIP/202"), word)
