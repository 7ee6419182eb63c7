"""Messages from person to person."""

from __future__ import annotations

from dataclasses import replace

from twisted.trial.unittest import SynchronousTestCase

from astcti.errors import Refused
from astcti.model.commands import ClaimMac, Done, Login, SendText
from astcti.model.node import Node
from astcti.services.texting import PER_MINUTE, Texting
from tests.services.fakes import FakeClient, Office, call_centre, digest


class TextingTests(SynchronousTestCase):
    """Anna is a supervisor and sits at 201, bruno is not and sits at 202; carla is not there."""

    def setUp(self) -> None:
        centre = call_centre()
        operators = tuple(replace(o, is_supervisor=o.username == "anna") for o in centre.operators)
        self.office = Office(replace(centre, operators=operators))
        self.texting = Texting(self.office.clock)
        self.office.desk.employ(self.texting)
        self.anna = self.sit("anna", "00:1c:bf:37:53:ba")
        self.bruno = self.sit("bruno", "00:1c:bf:37:53:bb")

    def sit(self, name: str, mac: str) -> FakeClient:
        client = self.office.client()
        client.capabilities = {"events2"}
        self.office.ask(client, Login(name, digest(name[0])))
        self.office.ask(client, ClaimMac(mac))
        return client

    def refused(self, client: FakeClient, command: SendText) -> tuple[int, str]:
        refusal = self.office.ask(client, command)
        assert isinstance(refusal, Refused), refusal
        return refusal.number, refusal.reason

    def test_message(self) -> None:
        """A supervisor's message is shown to the operator, with whose it is, and to nobody else."""
        self.assertEqual(self.office.ask(self.anna, SendText("bruno", "tea?")), Done())
        self.assertEqual(self.bruno.documents, [("Text", Node("text", (("from", "anna"),), "tea?"))])
        self.assertEqual(self.anna.documents, [])

    def test_refusals(self) -> None:
        """Who may not, whom there is not, who is away and whose client is too old is said in words."""
        self.assertEqual(self.refused(self.bruno, SendText("anna", "x")), (925, "only supervisors send messages"))
        self.assertEqual(self.refused(self.anna, SendText("nobody", "x")), (931, "no such operator"))
        self.assertEqual(self.refused(self.anna, SendText("carla", "x")), (931, "carla is not at work"))
        self.bruno.capabilities = set()
        self.assertEqual(self.refused(self.anna, SendText("bruno", "x"))[0], 930)

    def test_rate(self) -> None:
        """Nobody can fill another's screen; after a minute they may go on."""
        for _ in range(PER_MINUTE):
            self.office.ask(self.anna, SendText("bruno", "x"))
        self.assertEqual(self.refused(self.anna, SendText("bruno", "x"))[0], 908)
        self.office.clock.advance(61)
        self.assertEqual(self.office.ask(self.anna, SendText("bruno", "x")), Done())

    def test_to_all(self) -> None:
        """The administrator tells everybody at once, and hears who could not be told."""
        self.bruno.capabilities = set()
        self.assertEqual(self.texting.send_all("closing at six"), (1, 1))
        self.assertEqual(self.anna.documents, [("Text", Node("text", (("from", "server"),), "closing at six"))])
