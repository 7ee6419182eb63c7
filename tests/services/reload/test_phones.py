"""Reloads that give a seat further phones, or take some away: nobody has to leave."""

from __future__ import annotations

from astcti.config.model import Extension
from astcti.simulator.phones import Habit
from tests.services.reload.centre import ReloadTestCase

ADDED = ("QueueAdd", "sales", "PJSIP/251", "Penalty=1", "Paused=false")


class PhoneTests(ReloadTestCase):
    """Anna's seat gets a second phone."""

    async def more(self, seat: int = 1) -> None:
        """PJSIP/251 belongs to a seat from here on."""
        self.add("extensions", Extension(seat_id=seat, exten="PJSIP/251", description="upstairs"))
        await self.reload()

    async def test_added_and_removed(self) -> None:
        """A further phone joins the operator's queue and leaves it; the client is told of its phones alone."""
        await self.more()
        (config,) = self.said(self.anna)[-1:]
        self.assertIn('channel="PJSIP/251" number="251" name="upstairs"', config)
        self.assertEqual(self.exchange.taken(), [ADDED])
        self.assertEqual(self.exchange.members("sales"), {"PJSIP/201": 1, "PJSIP/203": 2, "PJSIP/251": 1})
        self.only_anna()
        await self.anna.ask("IDEN", "100 OK PJSIP/201 PJSIP/251")
        self.told(self.anna)
        self.drop("extensions", lambda e: True)
        await self.reload()
        self.assertEqual(self.told(self.anna), ["Config"])
        self.assertEqual(self.exchange.taken(), [("QueueRemove", "sales", "PJSIP/251")])
        self.assertEqual(self.exchange.members("sales"), {"PJSIP/201": 1, "PJSIP/203": 2})
        self.only_anna()
        await self.anna.ask("IDEN", "100 OK PJSIP/201")

    async def test_while_paused(self) -> None:
        """The phone of an operator who pauses joins paused, for the same reason."""
        await self.anna.ask("PAUSE IN reason=lunch", "301")
        await self.anna.expect("300 OK")
        await self.settle()
        self.told(self.anna)
        self.exchange.taken()
        await self.more()
        self.assertEqual(
            self.exchange.taken(),
            [("QueueAdd", "sales", "PJSIP/251", "Penalty=1", "Paused=true", "Reason=lunch")],
        )
        self.assertEqual([m.paused for m in self.exchange.pbx.queues["sales"].members.values()], [True, False, True])
        self.assertEqual([line for line in self.told(self.anna) if line != "AgentState"], ["Config"])
        self.only_anna()

    async def test_calls(self) -> None:
        """Calls at a phone are told from the reload on that gives it to the seat."""
        self.exchange.pbx.phones["PJSIP/201"].habit = Habit("busy")
        await self.more()
        self.told(self.anna)
        self.exchange.call("sales")
        await self.until(lambda: self.exchange.legs("PJSIP/251", "Ringing"), "the call")
        self.exchange.pick_up("PJSIP/251")
        link = await self.anna.expect('<event id="Link"')
        self.assertIn("<destchannel>PJSIP/251-", link)
        self.assertIn("http://crm.example/?c=3331234567&amp;d=12345", link)

    async def test_calls_of_others(self) -> None:
        """Calls at a phone that is the seat's no longer are told no longer."""
        await self.more()
        for told in (True, False):
            self.told(self.anna)
            caller = self.exchange.call("inside", "251")
            await self.until(lambda: self.exchange.legs("PJSIP/251", "Ringing"), "the call")
            self.exchange.hang_up(caller)
            await self.until(lambda: not self.exchange.pbx.channels, "the end of the call")
            await self.settle()
            self.assertEqual("Hangup" in self.told(self.anna), told)
            self.drop("extensions", lambda e: True)
            await self.reload()
        self.only_anna()

    async def test_taken_away_in_a_call(self) -> None:
        """A call at a phone that is taken from the seat is over for its client, which hears of nothing else."""
        self.exchange.pbx.phones["PJSIP/201"].habit = Habit("busy")
        await self.more()
        caller = self.exchange.call("sales")
        await self.until(lambda: self.exchange.legs("PJSIP/251", "Ringing"), "the call")
        self.exchange.pick_up("PJSIP/251")
        await self.anna.expect('<event id="Link"')
        self.drop("extensions", lambda e: True)
        await self.reload()
        self.assertEqual(self.told(self.anna)[-3:], ["Hangup", "AgentState", "Config"])
        self.exchange.hang_up(caller)
        await self.until(lambda: not self.exchange.pbx.channels, "the end of the call")
        await self.settle()
        self.assertEqual(self.told(self.anna), [])

    async def test_to_another_seat_while_paused(self) -> None:
        """The pause of whoever had a phone is not that of whoever gets it."""
        await self.more()
        await self.anna.ask("PAUSE IN reason=lunch", "301")
        await self.anna.expect("300 OK")
        self.change_seat(3)
        await self.reload()
        members = self.exchange.pbx.queues["sales"].members
        paused = {phone: member.paused for phone, member in members.items()}
        self.assertEqual(paused, {"PJSIP/201": True, "PJSIP/203": False, "PJSIP/251": False})
        self.assertEqual(members["PJSIP/251"].name, "Carla")
        self.assertEqual(self.said(self.bruno), [])
        self.assertEqual(self.said(self.carla), [])

    async def test_to_another_seat(self) -> None:
        """A phone that goes from one seat to another works for those who sit there, whoever came first."""
        for old, new, phone in ((1, 3, "carla"), (3, 1, "anna")):
            self.now = self.start()
            self.add("extensions", Extension(seat_id=old, exten="PJSIP/251"))
            await self.reload()
            self.exchange.taken()
            self.change_seat(new)
            await self.reload()
            penalty = {"anna": 1, "carla": 2}[phone]
            self.assertEqual(self.exchange.members("sales")["PJSIP/251"], penalty, phone)
            self.assertEqual(
                self.exchange.taken(),
                [
                    ("QueueRemove", "sales", "PJSIP/251"),
                    ("QueueAdd", "sales", "PJSIP/251", f"Penalty={penalty}", "Paused=false"),
                ],
            )
        self.assertEqual(self.said(self.bruno), [])
        self.assertEqual(self.told(self.carla), [])
        self.assertEqual(self.told(self.anna), ["Config"] * 3)

    def change_seat(self, seat: int) -> None:
        """The further phone stands elsewhere from here on."""
        self.now = self.start()
        self.add("extensions", Extension(seat_id=seat, exten="PJSIP/251"))
