"""Actions as values."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from astcti.model.actions import RenderedAction, action_id, pop_mark


class IdTests(SynchronousTestCase):
    """By which a client knows whether it has performed an action already."""

    def test_of_one_pop_only(self) -> None:
        """Another call, seat or moment is another pop, also where the texts put together would be the same."""
        pops = [("1.1", "seat 1", "LINK"), ("1.2", "seat 1", "LINK"), ("1.1", "seat 2", "LINK"),
                ("1.1", "seat 1", "RINGING"), ("1.1s", "eat 1", "LINK")]  # fmt: skip
        self.assertEqual(len({pop_mark(*pop) for pop in pops}), len(pops))

    def test_the_same_in_every_process(self) -> None:
        """Calls that popped before the server was upgraded or restarted do not pop again after."""
        self.assertEqual(pop_mark("1231258004.4", "seat 1", "LINK"), "50b89a273333e7f0")

    def test_hostile_uniqueid(self) -> None:
        """Whatever the PBX calls a call, the id is one plain word."""
        for uniqueid in ("", "\udcff", "a b\r\n", "\u0000"):
            self.assertRegex(action_id(7, pop_mark(uniqueid, "seat 1", "LINK")), r"\A7-[0-9a-f]{16}\Z")

    def test_configured(self) -> None:
        """People see which action of the configuration it is, with a call or without."""
        self.assertEqual(RenderedAction(action_id(7, pop_mark("1.1", "seat 1", "LINK")), "BROWSER").configured, "7")
        self.assertEqual(RenderedAction(action_id(7, ""), "BROWSER").configured, "7")
