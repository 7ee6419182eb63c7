"""Reloads that change what an operator may dial through: clients that want to know are told, others see it when they
ask."""

from __future__ import annotations

from astcti.config.model import ServiceOperator
from tests.services.reload.centre import ReloadTestCase

NEWS = ["Config", "Services"]


class OutboundTests(ReloadTestCase):
    """Anna and carla may dial through the service outgoing."""

    async def test_added(self) -> None:
        """A service more is told with its name and can be dialled through at once; who did not ask is told nothing, and
        finds it in the list."""
        await self.anna.ask("ORIG 3570 mobiles", "101 unknown or unusable service")
        self.said(self.anna)
        self.add("service_operators", *(ServiceOperator(service_id=5, operator_id=i) for i in (1, 3)))
        await self.reload()
        services = [line for line in self.said(self.anna) if line.startswith('<event id="Services"')]
        self.assertEqual(len(services), 1)
        self.assertIn('<service name="mobiles" context="mobiles" type="outbound"', services[0])
        self.only_anna()
        self.assertEqual(self.exchange.taken(), [])
        await self.carla.ask("SERVICES", "200 sales sales inbound")
        await self.carla.expect("200 outgoing outgoing outbound")
        await self.carla.expect("200 mobiles mobiles outbound")
        await self.carla.expect("201 eof")
        await self.anna.ask("ORIG 3570 mobiles", "100 OK")
        await self.until(lambda: self.exchange.legs("PJSIP/201"), "her own phone")

    async def test_removed(self) -> None:
        """A service that is gone cannot be dialled through any more."""
        self.drop_service(4)
        await self.reload()
        self.assertEqual(sorted(self.told(self.anna)), NEWS)
        self.only_anna()
        await self.anna.ask("ORIG 3570 outgoing", "101 unknown or unusable service")
        await self.anna.ask("SERVICES", "200 sales")
        await self.anna.expect("201 eof")

    async def test_ranges(self) -> None:
        """Other numbers that may be dialled count from the next call on; the list of services is as before."""
        self.change("services", 4, allowed_extensions="200-299")
        await self.reload()
        self.assertEqual(self.said(self.anna), [])
        self.only_anna()
        await self.anna.ask("ORIG 3570 outgoing", "101")
        await self.anna.ask("ORIG 202 outgoing", "100 OK")

    async def test_renamed_for_people(self) -> None:
        """A service's name for people is told."""
        self.change("services", 4, display_name="To town")
        await self.reload()
        said = self.said(self.anna)
        self.assertEqual(sorted(line.split('"')[1] for line in said), NEWS)
        self.assertIn('shown="To town"', said[0])
        self.only_anna()
