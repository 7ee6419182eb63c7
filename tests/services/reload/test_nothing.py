"""Reloads that are nothing to those who are there; and one that nobody asks for."""

from __future__ import annotations

from dataclasses import replace

from twisted.internet.threads import deferToThread

from astcti.config.model import Action, Operator, Seat, Service, ServiceOperator, SpeedDial
from astcti.services.control import ask
from tests.services.fakes import digest
from tests.services.reload.centre import ReloadTestCase


class NothingTests(ReloadTestCase):
    """Whatever changes, it concerns none of the three."""

    async def nothing(self) -> None:
        """The configuration is in use, and nobody was told anything."""
        before = self.server.desk.books
        await self.reload()
        self.assertIsNot(self.server.desk.books, before)
        for client in (self.anna, self.bruno, self.carla):
            self.assertEqual(self.said(client), [])
        self.assertEqual(self.exchange.taken(), [])

    async def test_written_again(self) -> None:
        """The same with another timestamp."""
        await self.nothing()

    async def test_others(self) -> None:
        """Somebody else, with a seat, a service and a queue of their own; then all of it gone again."""
        self.add("operators", Operator(id=9, username="dora", full_name="Dora", password=digest("dora")))
        self.add("seats", Seat(id=9, exten="PJSIP/251"))
        self.add("services", Service(id=9, name="late", queue_name="late"))
        self.add("service_operators", ServiceOperator(service_id=9, operator_id=9))
        self.add("speed_dials", SpeedDial(operator_id=9, group="g", order=1, name="Taxi", number="3570"))
        await self.nothing()
        self.now = self.start()
        await self.nothing()

    async def test_disabled_rows(self) -> None:
        """What is switched off, and stays so."""
        self.add("services", Service(id=9, name="late", queue_name="late", enabled=False))
        self.add("service_operators", ServiceOperator(service_id=9, operator_id=1))
        self.add("service_operators", ServiceOperator(service_id=6, operator_id=1, enabled=False))
        self.add("actions", Action(id=9, type="BROWSER", parameters="http://crm.example/", enabled=False))
        await self.nothing()

    async def test_settings(self) -> None:
        """Settings that clients do not see."""
        self.set(event_retention_days="10", keep_configurations="3", orig_per_minute="5", actions_kept="500")
        await self.nothing()

    async def test_wrapup(self) -> None:
        """After-call work of another length is that of the next call."""
        self.change("services", 1, wrapup_seconds=20)
        await self.nothing()

    async def test_during_a_call(self) -> None:
        """A reload in the midst of a call neither tells it again nor ends it."""
        caller = self.exchange.call("direct")
        await self.until(lambda: self.exchange.legs("PJSIP/201", "Ringing"), "the call")
        self.exchange.pick_up("PJSIP/201")
        await self.anna.expect('<event id="Link"')
        await self.settle()
        self.said(self.anna)
        await self.nothing()
        self.exchange.hang_up(caller)
        await self.anna.expect('<event id="Hangup"')
        self.assertEqual(len(self.anna.events("Link")), 1)


class WatchedTests(ReloadTestCase):
    """The file is watched."""

    stability = None

    async def test_by_itself(self) -> None:
        """A file that is rewritten is in use a little later without anybody asking."""
        self.change("operators", 1, full_name="Anna Bianchi")
        self.now = replace(self.now, timestamp=1_795_220_000.0)
        self.write()
        config = await self.anna.expect('<event id="Config"', seconds=40.0)
        self.assertIn('fullname="Anna Bianchi"', config)
        status = await deferToThread(ask, self.site.control, {"command": "status"})
        self.assertEqual(status["configuration"]["timestamp"], 1_795_220_000.0)
        await self.settle()
        self.only_anna()
