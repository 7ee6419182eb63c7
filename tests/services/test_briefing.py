"""What operators are told of the configuration."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from astcti.config.model import PauseReason, ServiceOperator, SpeedDial
from astcti.model.commands import ClaimMac, Login
from astcti.model.node import Node
from astcti.protocols.limits import XML_LINE
from astcti.protocols.xmlevents import parse, render_node_event
from astcti.services.books import Books
from astcti.services.briefing import Briefing, fitting
from tests.services.fakes import FakeClient, Office, call_centre, digest


class BriefingTests(SynchronousTestCase):
    """Anna sits at 201, bruno at 202, both with clients that can show everything."""

    def setUp(self) -> None:
        self.office = Office()
        self.office.desk.employ(Briefing(self.office.clock))
        self.anna = self.sit("anna", "00:1c:bf:37:53:ba")
        self.bruno = self.sit("bruno", "00:1c:bf:37:53:bb")

    def sit(self, name: str, mac: str, *capabilities: str) -> FakeClient:
        client = self.office.client()
        client.capabilities = set(capabilities or ("events2",))
        self.office.ask(client, Login(name, digest(name[0])))
        self.office.ask(client, ClaimMac(mac))
        self.office.clock.advance(0)
        return client

    def reload(self, **changes: Any) -> tuple[list[str], list[str]]:
        """Another configuration; the kinds that anna and bruno are told because of it."""
        before = len(self.anna.documents), len(self.bruno.documents)
        self.office.desk.configure(Books.of(call_centre(**changes), self.office.settings))
        self.office.clock.advance(0)
        told = (self.anna.documents[before[0] :], self.bruno.documents[before[1] :])
        return [k for k, _ in told[0]], [k for k, _ in told[1]]

    def operators(self, **changes: Any) -> Any:
        return tuple(replace(o, **changes) if o.username == "anna" else o for o in call_centre().operators)

    def test_login(self) -> None:
        """Whoever logs in is told who they are, their phones and their services, with penalties."""
        ((kind, document),) = self.anna.documents
        self.assertEqual((kind, dict(document.attributes)["fullname"]), ("Config", "Anna"))
        phones, services, _, _, _ = document.children
        self.assertEqual([dict(p.attributes)["channel"] for p in phones.children], ["PJSIP/201", "Local/251@phones/n"])
        (_, queued, _) = [dict(s.attributes) for s in services.children]
        self.assertEqual((queued["queue"], queued["penalty"]), ("astcti", "1"))
        self.assertNotIn(digest("a"), str(document), "no credential leaves the server")

    def test_asked_for_later(self) -> None:
        """So is who asks for such events at work: at once, and then when there is anything new."""
        self.office.desk.detach(self.anna)
        anna = self.sit("anna", "00:1c:bf:37:53:ba", "errcodes")
        self.assertEqual(anna.documents, [])
        anna.capabilities.add("events2")
        self.office.desk.hears_more(anna)
        self.office.clock.advance(0)
        self.assertEqual(([kind for kind, _ in anna.documents], anna.pbx), (["Config"], []))
        self.anna = anna
        self.assertEqual(self.reload(timestamp=5.0), ([], []))

    def test_asked_for_without_a_link(self) -> None:
        """That the PBX cannot be reached is told as well; nothing to who is not at work."""
        stranger = self.office.client()
        stranger.capabilities.add("events2")
        self.office.desk.link_changed(False)
        self.bruno.pbx.clear()
        stranger.pbx.clear()
        self.office.desk.hears_more(self.bruno)
        self.assertEqual(self.bruno.pbx, [False])
        self.office.desk.hears_more(stranger)
        self.office.clock.advance(0)
        self.assertEqual((stranger.documents, stranger.pbx), ([], []))

    def test_nothing_new(self) -> None:
        """A reload that changes nothing for an operator sends them nothing."""
        self.assertEqual(self.reload(timestamp=5.0), ([], []))

    def test_person(self) -> None:
        """A new name or permission is told to that operator alone, who stays."""
        self.assertEqual(self.reload(operators=self.operators(full_name="Anna B.")), (["Config"], []))
        self.assertEqual(self.reload(operators=self.operators(can_record=True)), (["Config"], []))
        self.assertEqual(self.anna.dismissed, [])

    def test_speed_dials(self) -> None:
        """New speed dials are told to their operator, by group and in order."""
        dials = tuple(SpeedDial(operator_id=1, group="g", order=-i, name=str(i), number="1") for i in range(2))
        self.assertEqual(self.reload(speed_dials=dials), (["Config"], []))
        group = self.anna.documents[-1][1].children[3].children[0]
        self.assertEqual([dict(d.attributes)["name"] for d in group.children], ["1", "0"])

    def test_pause_reasons(self) -> None:
        """The reasons that may be given for a pause are told to everybody, with what they mean."""
        reasons = (PauseReason(code="lunch", description="Lunch break"), PauseReason(code="x", enabled=False))
        self.assertEqual(self.reload(pause_reasons=reasons), (["Config"], ["Config"]))
        (reason,) = self.anna.documents[-1][1].children[2].children
        self.assertEqual(dict(reason.attributes), {"code": "lunch", "description": "Lunch break"})

    def test_services(self) -> None:
        """A new list of services, or another penalty, is told as such, too."""
        fewer = call_centre().service_operators[:2]
        self.assertEqual(self.reload(service_operators=fewer), (["Services", "Config"], []))
        other = (*fewer[:1], ServiceOperator(service_id=2, operator_id=1, penalty=7))
        self.assertEqual(self.reload(service_operators=other), (["Services", "Config"], []))

    def test_phones(self) -> None:
        """Phones that come or go are told, and nobody has to leave."""
        self.assertEqual(self.reload(extensions=()), (["Config"], []))
        self.assertEqual(self.anna.dismissed, [])

    def test_older_client(self) -> None:
        """Who did not ask for it is told nothing."""
        self.office.desk.detach(self.anna)
        self.assertEqual(self.sit("anna", "00:1c:bf:37:53:ba", "errcodes").documents, [])

    def test_gone_meanwhile(self) -> None:
        """Who leaves between a reload and their turn is not told, and leaves nothing behind."""
        self.office.desk.configure(Books.of(call_centre(extensions=()), self.office.settings))
        self.office.desk.detach(self.anna)
        self.office.clock.advance(0)
        self.assertEqual(len(self.anna.documents), 1)

    def test_one_broken_client(self) -> None:
        """A client that cannot be told is sent away; the others hear all the same."""

        def tell(kind: str, node: Node) -> None:
            raise RuntimeError("broken")

        self.anna.tell = tell  # type: ignore[method-assign]
        everybody = tuple(replace(o, full_name="X") for o in call_centre().operators)
        self.assertEqual(self.reload(operators=everybody), ([], ["Config"]))
        self.assertEqual(len(self.flushLoggedErrors(RuntimeError)), 1)
        self.assertEqual([d[0] for d in self.anna.dismissed], [999])

    def test_too_long(self) -> None:
        """Lists without end are cut so that the line can be read, and the client is told so."""
        dials = tuple(Node("speeddial", (("name", "<&" * 40), ("number", str(i)))) for i in range(5000))
        document = fitting("Config", Node("operator", children=(Node("speeddials", children=dials), Node("services"))))
        written = render_node_event("Config", document)
        self.assertLess(len(written), XML_LINE)
        event = parse(written)
        self.assertEqual(event.attributes["complete"], "no")  # type: ignore[union-attr]
        self.assertEqual([c.name for c in event.children], ["speeddials", "services"])  # type: ignore[union-attr]
