"""Phones that are Local channels: somebody's home phone, reached through an outbound service."""

from __future__ import annotations

from itertools import permutations

from twisted.trial.unittest import SynchronousTestCase

from astcti.model import Notice, facts
from tests.model.talk import Talk

PHONE = "Local/0551@outside"
NEAR, FAR = ("2.1", f"{PHONE}-00000001;1"), ("2.2", f"{PHONE}-00000001;2")
HOME = ("2.3", "PJSIP/line-00000009")
CALLER = ("1.1", "PJSIP/line-00000001")
OTHER = ("3.1", "PJSIP/line-0000000a")
HEARD = ("PJSIP/line", NEAR[0], False)


def links(notices: list[Notice]) -> list[tuple[str, str, bool]]:
    """Seat, unique id and pop of every connection told."""
    return [(n.seat, n.call.uniqueid, n.pop) for n in notices if n.kind == "Link"]


class TelecommutingTests(SynchronousTestCase):
    """Somebody's calls go to 0551, through the service ``outside``."""

    def rung(self, context: str = "sales") -> Talk:
        """A call rings at home: the far half runs the dial plan, and calls the home phone."""
        talk = Talk(PHONE)
        talk.arrives(*CALLER, context=context)
        talk.sets(*CALLER, "calldata", "4711")
        self.leads_home(talk, CALLER[0])
        talk.feed(facts.DialBegin(*CALLER, *NEAR, CALLER[0], "", ""))
        return talk

    @staticmethod
    def leads_home(talk: Talk, linked: str, context: str = "outside") -> None:
        for uid, channel in (NEAR, FAR):
            talk.feed(facts.ChannelNew(uid, linked, channel, "Down", "", "", context, "0551", ""))
        talk.feed(
            facts.LocalPair(*NEAR, *FAR),
            facts.ChannelExten(FAR[0], linked, FAR[1], context, "0551", "Set", "calldata=0551"),
            facts.ChannelExten(FAR[0], linked, FAR[1], context, "0551", "Dial", "PJSIP/line"),
            facts.ChannelNew(HOME[0], linked, HOME[1], "Down", "", "", "agents", "s", ""),
            facts.DialBegin(*FAR, *HOME, linked, "", ""),
            facts.ChannelState(HOME[0], linked, HOME[1], "Ringing", "", ""),
        )

    def test_one_connection(self) -> None:
        """In whatever order the four come together: connected once, with the caller, and not before the caller is."""
        for order in permutations((("far", HOME), ("far", FAR), ("near", NEAR), ("near", CALLER))):
            talk = self.rung()
            for n, (bridge, leg) in enumerate(order, 1):
                told = talk.enters(bridge, leg)
                both = {("near", NEAR), ("near", CALLER)} <= set(order[:n])
                self.assertEqual(links(talk.notices), [(PHONE, CALLER[0], True)] if both else [], order)
                for link in told:
                    self.assertEqual(dict(link.call.variables), {"calldata": "4711", "customer": ""})
            self.assertEqual([n.kind for n in talk.notices].count("Unlink"), 0)

    def test_caller_without_a_service(self) -> None:
        """A colleague's call is a call of the colleague's, and not one of the service through which home is reached."""
        talk = self.rung("corridor")
        talk.enters("far", HOME, FAR)
        talk.enters("near", NEAR, CALLER)
        (link,) = [n for n in talk.notices if n.kind == "Link"]
        self.assertEqual((link.call.uniqueid, link.call.service, link.pop), (CALLER[0], "", False))

    def test_calls_out(self) -> None:
        """Whoever is called from home is the other party, and not one's own phone at home."""
        talk = Talk(PHONE)
        self.leads_home(talk, NEAR[0])
        talk.enters("far", HOME, FAR)
        talk.feed(facts.ChannelState(NEAR[0], NEAR[0], NEAR[1], "Up", "", ""))
        talk.feed(facts.OriginateResult("a", True, 4, *NEAR, "outside", "0666"))
        talk.dials(*NEAR, *OTHER)
        self.assertEqual(links(talk.notices), [])
        talk.enters("near", NEAR, OTHER)
        (link,) = [n for n in talk.notices if n.kind == "Link"]
        self.assertEqual((link.call.uniqueid, link.call.dest_channel, link.pop), (NEAR[0], OTHER[1], True))

    def test_calls_out_from_a_phone_of_the_same_seat(self) -> None:
        """The phone behind it belongs to the same seat: that is told of the connection once, by the one that calls; a
        seat that has the phone alone is told, too."""
        for seat, expected in (("desk", [(PHONE, NEAR[0], True)]), ("other", [(PHONE, NEAR[0], True), HEARD])):
            talk = Talk()
            talk.tracker.listen(PHONE, "desk")
            talk.tracker.listen(HOME[1].rpartition("-")[0], seat)
            self.leads_home(talk, NEAR[0], "answering")
            talk.enters("far", HOME, FAR)
            talk.feed(facts.ChannelState(NEAR[0], NEAR[0], NEAR[1], "Up", "", ""))
            talk.feed(facts.OriginateResult("a", True, 4, *NEAR, "outside", "0666"))
            talk.dials(*NEAR, *OTHER[:1], "PJSIP/trunk-0000000a")
            talk.enters("near", NEAR, (OTHER[0], "PJSIP/trunk-0000000a"))
            self.assertEqual(links(talk.notices), expected)
            talk.notices = list(talk.tracker.resume([PHONE, "PJSIP/line"], (), talk.now))
            self.assertEqual(links(talk.notices), [(seat, uid, False) for seat, uid, _ in expected])

    def test_end(self) -> None:
        """When the caller goes, or the phone at home is put down, the connection and the call end, once."""
        for gone in ((CALLER,), (HOME, FAR)):
            talk = self.rung()
            talk.enters("far", HOME, FAR)
            talk.enters("near", NEAR, CALLER)
            talk.hangs_up(*(uid for uid, _ in gone))
            talk.wait(1)
            talk.hangs_up(NEAR[0])
            kinds = [n.kind for n in talk.notices]
            self.assertEqual((kinds.count("Unlink"), kinds.count("Hangup"), kinds[-1]), (1, 1, "Hangup"))

    def test_sits_down_before_the_caller_is_there(self) -> None:
        """A call that home has taken, and the caller has not reached yet, pops for who comes back meanwhile."""
        talk = self.rung()
        talk.enters("far", HOME, FAR)
        talk.enters("near", NEAR)
        talk.tracker.unlisten(PHONE)
        talk.tracker.listen(PHONE)
        talk.enters("near", CALLER)
        self.assertEqual(links(talk.notices), [(PHONE, CALLER[0], True)])
