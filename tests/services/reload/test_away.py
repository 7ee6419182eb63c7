"""Reloads while the PBX cannot be reached: what they mean is done when it is back."""

from __future__ import annotations

from astcti.config.model import ServiceOperator
from tests.services.reload.centre import SENT_AWAY, ReloadTestCase


class AwayTests(ReloadTestCase):
    """The link is cut, the configuration changes, the link comes back."""

    async def cut(self) -> None:
        """The link is gone, and the PBX lets nobody in for the moment."""
        self.accounts, self.exchange.office.board.accounts = self.exchange.office.board.accounts, {}
        for link in list(self.exchange.office.board.links):
            link.close()
        await self.anna.expect('<event id="Pbx"')
        await self.settle()
        for client in (self.anna, self.bruno, self.carla):
            self.said(client)

    async def back(self) -> None:
        """The link is there again."""
        self.exchange.office.board.accounts = self.accounts
        self.server.link.retry()
        await self.until(lambda: self.server.desk.link_up, "the link")
        await self.settle()

    async def test_changes(self) -> None:
        """Who left a queue by the configuration is taken out, who was put on one joins, a penalty is set; whoever is
        not concerned keeps what they have."""
        await self.cut()
        self.drop("service_operators", lambda r: (r.service_id, r.operator_id) in ((1, 1), (1, 3)))
        self.add("service_operators", ServiceOperator(service_id=6, operator_id=1, penalty=4))
        self.add("service_operators", ServiceOperator(service_id=1, operator_id=3, penalty=8))
        await self.reload()
        self.assertEqual(self.exchange.taken(), [])
        self.assertEqual(sorted(self.told(self.anna)), ["Config", "Services"])
        await self.back()
        self.assertEqual(
            sorted(self.exchange.taken()),
            [
                ("QueueAdd", "night", "PJSIP/201", "Penalty=4", "Paused=false"),
                ("QueuePenalty", "sales", "PJSIP/203", "Penalty=8"),
                ("QueueRemove", "sales", "PJSIP/201"),
            ],
        )
        self.assertEqual(self.exchange.members("sales"), {"PJSIP/203": 8})
        told = [line for line in self.told(self.anna) if line != "AgentState"]
        self.assertEqual(sorted(told), ["202 night", "202 sales unavailable", "Pbx"])
        self.assertEqual(self.said(self.carla), [])

    async def test_deleted(self) -> None:
        """Who is deleted meanwhile is told at once, and out of the queue when that is possible."""
        await self.cut()
        self.drop_operator(1)
        await self.reload()
        await self.anna.ended()
        self.assertEqual(self.told(self.anna), SENT_AWAY)
        self.assertEqual(self.exchange.members("sales"), {"PJSIP/201": 1, "PJSIP/203": 2})
        await self.back()
        self.assertEqual(self.exchange.taken(), [("QueueRemove", "sales", "PJSIP/201")])
        self.assertEqual(self.exchange.members("sales"), {"PJSIP/203": 2})
        self.assertEqual(self.said(self.carla), [])
