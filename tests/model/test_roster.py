"""Queue members."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from astcti.model import Roster, facts


def added(queue: str, interface: str, paused: bool = False) -> facts.MemberAdded:
    """A dynamic member."""
    return facts.MemberAdded(queue, interface, "Agent", "dynamic", 0, paused, "", 1)


class Members(SynchronousTestCase):
    """Who sits in which queue."""

    def test_add_and_remove(self) -> None:
        """Members come and go; telling it twice changes nothing."""
        roster = Roster()
        self.assertTrue(roster.feed(added("help", "Local/201@phones/n")))
        self.assertFalse(roster.feed(added("help", "Local/201@phones/n")))
        self.assertTrue(roster.is_member("help", "Local/201@phones"))
        self.assertEqual(roster.queues_of("Local/201@phones/n"), {"help"})
        self.assertTrue(roster.feed(facts.MemberRemoved("help", "Local/201@phones/n")))
        self.assertFalse(roster.feed(facts.MemberRemoved("help", "Local/201@phones/n")))
        self.assertEqual(roster.queues_of("Local/201@phones"), frozenset())
        self.assertEqual(roster.members, ())

    def test_pause(self) -> None:
        """A pause is kept with its reason; that of an unknown member is not invented."""
        roster = Roster()
        roster.feed(added("help", "PJSIP/201"))
        roster.feed(facts.MemberPaused("help", "PJSIP/201", True, "lunch"))
        roster.feed(facts.MemberPaused("help", "PJSIP/202", True, "lunch"))
        member = roster.member("help", "PJSIP/201")
        assert member is not None
        self.assertEqual((member.paused, member.reason), (True, "lunch"))
        self.assertIsNone(roster.member("help", "PJSIP/202"))

    def test_replace(self) -> None:
        """A list of the PBX replaces what was believed, and says what is different."""
        roster = Roster()
        roster.feed(added("help", "PJSIP/201"))
        roster.feed(added("help", "PJSIP/202"))
        told: list[tuple[object, int]] = []
        listed = [added("help", "PJSIP/202"), added("more", "PJSIP/202")]
        roster.replace(listed, lambda fact: told.append((fact, len(roster.members))))
        self.assertEqual(told, [(listed[1], 3), (facts.MemberRemoved("help", "PJSIP/201"), 2)])
        self.assertEqual(roster.queues_of("PJSIP/202"), {"help", "more"})
