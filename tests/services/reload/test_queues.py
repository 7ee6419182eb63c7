"""Reloads that put operators into queues or take them out, and change their penalties, while they go on working."""

from __future__ import annotations

from dataclasses import replace

from astcti.config.model import ServiceOperator
from astcti.simulator import membership
from tests.services.reload.centre import ReloadTestCase

NEWS = ["Config", "Services"]  # with each change of an operator's services
REMOVED = ("QueueRemove", "sales", "PJSIP/201")


class AssignmentTests(ReloadTestCase):
    """Anna and the queues."""

    async def test_added(self) -> None:
        """A new service's queue is joined and told when the PBX has confirmed it."""
        self.add("service_operators", ServiceOperator(service_id=6, operator_id=1, penalty=4))
        await self.reload()
        self.assertEqual(sorted(self.told(self.anna)), ["202 night", *NEWS])
        self.assertEqual(self.exchange.taken(), [("QueueAdd", "night", "PJSIP/201", "Penalty=4", "Paused=false")])
        self.only_anna()
        await self.anna.ask("QUEUES", "202 sales")
        await self.anna.expect("202 night")
        await self.anna.expect("203 eof")

    async def test_added_while_paused(self) -> None:
        """Who pauses is paused in a new queue, too."""
        await self.anna.ask("PAUSE IN reason=lunch", "301")
        await self.anna.expect("300 OK")
        await self.settle()
        self.told(self.anna), self.exchange.taken()
        self.add("service_operators", ServiceOperator(service_id=6, operator_id=1))
        await self.reload()
        self.assertEqual(
            self.exchange.taken(), [("QueueAdd", "night", "PJSIP/201", "Penalty=0", "Paused=true", "Reason=lunch")]
        )
        self.only_anna()

    async def test_removed(self) -> None:
        """A queue that is not theirs any more is left, and told as gone; nobody is disconnected."""
        self.drop("service_operators", lambda r: (r.service_id, r.operator_id) == (1, 1))
        await self.reload()
        self.assertEqual(sorted(self.told(self.anna)), ["202 sales unavailable", *NEWS])
        self.assertEqual(self.exchange.taken(), [REMOVED])
        self.only_anna()
        await self.anna.ask("QUEUES", "203 eof")
        await self.anna.ask("QSTAT sales", "101 unknown queue")

    async def test_removed_during_a_call(self) -> None:
        """The call they are in goes on, and its end is told as if nothing had been."""
        caller = self.exchange.call("sales")
        await self.until(lambda: self.exchange.legs("PJSIP/201", "Ringing"), "the call")
        self.exchange.pick_up("PJSIP/201")
        await self.anna.expect('<event id="Link"')
        await self.settle()
        self.told(self.anna), self.said(self.carla)
        self.drop("service_operators", lambda r: (r.service_id, r.operator_id) == (1, 1))
        await self.reload()
        told = self.told(self.anna)
        self.assertEqual(sorted(t for t in told if t != "AgentState"), ["202 sales unavailable", *NEWS])
        self.assertIn(REMOVED, self.exchange.taken())
        self.assertEqual(len(self.exchange.legs("PJSIP/201", "Up")), 1)
        self.exchange.hang_up(caller)
        await self.until(lambda: not self.exchange.pbx.channels, "the end of the call")
        await self.settle()
        said = self.said(self.anna)
        self.assertEqual([line.split('"')[1] for line in said if "<call>" in line], ["Unlink", "Hangup"])
        self.assertIn("<service>sales</service>", "".join(said))
        self.only_anna()

    async def test_disabled_assignment(self) -> None:
        """One that is switched off is as one deleted, and comes back when it is switched on."""
        self.now = replace(
            self.now,
            service_operators=tuple(
                replace(r, enabled=(r.service_id, r.operator_id) != (1, 1)) for r in self.now.service_operators
            ),
        )
        await self.reload()
        self.assertEqual(self.exchange.taken(), [REMOVED])
        self.now = self.start()
        await self.reload()
        self.assertEqual(self.exchange.taken(), [("QueueAdd", "sales", "PJSIP/201", "Penalty=1", "Paused=false")])
        self.assertEqual(sorted(self.told(self.anna)), ["202 sales", "202 sales unavailable", *sorted([*NEWS, *NEWS])])
        self.only_anna()

    async def test_language(self) -> None:
        """A language more is a queue more."""
        self.change("operators", 1, languages=("ar",))
        await self.reload()
        self.assertEqual(self.exchange.taken(), [("QueueAdd", "night", "PJSIP/201", "Penalty=0", "Paused=false")])
        self.assertEqual(sorted(self.told(self.anna)), ["202 night", *NEWS])
        self.only_anna()

    async def test_older_client(self) -> None:
        """A client of the first version hears that a queue is joined, in its own words, and not that one is left."""
        await self.anna.ask("QUIT", "900 OK")
        await self.anna.ended()
        old = await self.sit("anna")
        await old.expect("200 sales")
        await self.settle()
        self.said(old), self.exchange.taken()
        self.add("service_operators", ServiceOperator(service_id=6, operator_id=1))
        await self.reload()
        self.assertEqual(self.said(old), ["200 night"])
        self.drop("service_operators", lambda r: (r.service_id, r.operator_id) == (6, 1))
        await self.reload()
        self.assertEqual(self.said(old), [])
        self.assertEqual([asked[0] for asked in self.exchange.taken()], ["QueueAdd", "QueueRemove"])
        self.only_anna()

    async def test_static_member(self) -> None:
        """A member that the PBX has by itself is told as joined, gets the penalty, and is never taken out."""
        membership.add(self.exchange.pbx, "night", "PJSIP/201", name="Static", membership="static")
        self.server.link._begin_taking_stock()  # a static member comes without an event
        await self.settle()
        self.told(self.anna)
        self.add("service_operators", ServiceOperator(service_id=6, operator_id=1, penalty=5))
        await self.reload()
        self.assertEqual(sorted(self.told(self.anna)), ["202 night", *NEWS])
        self.assertEqual(self.exchange.taken(), [("QueuePenalty", "night", "PJSIP/201", "Penalty=5")])
        self.drop("service_operators", lambda r: (r.service_id, r.operator_id) == (6, 1))
        await self.reload()
        self.assertEqual(sorted(self.told(self.anna)), NEWS)
        self.assertEqual(self.exchange.taken(), [])
        self.assertIn("PJSIP/201", self.exchange.members("night"))
        self.only_anna()

    async def test_out_of_their_own_will(self) -> None:
        """Who stays out of a queue stays out, whatever else is changed about it."""
        await self.anna.ask("STOP sales", "100 OK")
        await self.settle()
        self.told(self.anna), self.exchange.taken()
        self.penalty(9)
        await self.reload()
        self.assertEqual(self.exchange.taken(), [])
        self.assertEqual(sorted(self.told(self.anna)), NEWS)
        self.only_anna()

    def penalty(self, penalty: int) -> None:
        """Anna's penalty on sales."""
        self.now = replace(
            self.now,
            service_operators=tuple(
                replace(r, penalty=penalty) if (r.service_id, r.operator_id) == (1, 1) else r
                for r in self.now.service_operators
            ),
        )

    async def test_penalty(self) -> None:
        """Another penalty is set where the membership is; nobody leaves a queue for it."""
        self.penalty(7)
        await self.reload()
        self.assertEqual(self.exchange.taken(), [("QueuePenalty", "sales", "PJSIP/201", "Penalty=7")])
        self.assertEqual(self.exchange.members("sales"), {"PJSIP/201": 7, "PJSIP/203": 2})
        self.assertEqual(sorted(self.told(self.anna)), NEWS)
        self.only_anna()


class ServiceTests(ReloadTestCase):
    """The service sales, of anna and carla."""

    async def ends(self) -> None:
        """Both are out of the queue and told so; bruno hears nothing."""
        await self.reload()
        self.assertEqual(sorted(self.exchange.taken()), [("QueueRemove", "sales", f"PJSIP/20{n}") for n in (1, 3)])
        self.assertEqual(self.exchange.members("sales"), {})
        self.assertEqual(sorted(self.told(self.anna)), ["202 sales unavailable", *NEWS])
        self.assertEqual(self.said(self.carla), ["202 sales unavailable"])
        self.assertEqual(self.said(self.bruno), [])

    async def test_disabled(self) -> None:
        """A service that is switched off has nobody in its queue; switched on again, it has."""
        self.change("services", 1, enabled=False)
        await self.ends()
        self.change("services", 1, enabled=True)
        await self.reload()
        self.assertEqual(self.exchange.members("sales"), {"PJSIP/201": 1, "PJSIP/203": 2})
        self.assertEqual(sorted(self.told(self.anna)), ["202 sales", *NEWS])
        self.assertEqual(self.said(self.carla), ["202 sales"])
        self.assertEqual(self.said(self.bruno), [])

    async def test_deleted(self) -> None:
        """A service that is gone has nobody in its queue."""
        self.drop_service(1)
        await self.ends()

    async def test_another_queue(self) -> None:
        """A service with another queue: its operators change over."""
        self.change("services", 1, queue_name="night")
        await self.reload()
        self.assertEqual((self.exchange.members("sales"), self.exchange.members("night")),
                         ({}, {"PJSIP/201": 1, "PJSIP/203": 2}))  # fmt: skip
        self.assertEqual(sorted(self.told(self.anna)), ["202 night", "202 sales unavailable", *NEWS])
        self.assertEqual(sorted(self.said(self.carla)), ["202 night", "202 sales unavailable"])
        self.assertEqual(self.said(self.bruno), [])
