"""Reloads that tell an operator something new about themselves, and change nothing at the PBX."""

from __future__ import annotations

from astcti.config.model import AccountCode, AccountCodeOperator, PauseReason, SpeedDial
from tests.services.reload.centre import ReloadTestCase


class PersonTests(ReloadTestCase):
    """Name, permissions, speed dials of anna."""

    async def config(self) -> str:
        """The one document that anna is told after the next reload; nothing else happens."""
        await self.reload()
        said = [line for line in self.said(self.anna) if 'id="QueueState"' not in line]
        self.assertEqual([line.split('"')[1] for line in said], ["Config"])
        self.only_anna()
        self.assertEqual(self.exchange.taken(), [])
        return said[0]

    async def test_full_name(self) -> None:
        """A new name is told; her membership stays, and pages are filled in with the new name."""
        self.change("actions", 1, parameters="http://crm.example/?o={OPERATORNAME}")
        await self.reload()
        self.change("operators", 1, full_name="Anna Bianchi")
        self.assertIn('fullname="Anna Bianchi"', await self.config())
        self.exchange.call("direct")
        await self.until(lambda: self.exchange.legs("PJSIP/201", "Ringing"), "the call")
        self.exchange.pick_up("PJSIP/201")
        self.assertIn("http://crm.example/?o=Anna%20Bianchi", await self.anna.expect('<event id="Link"'))

    async def test_permissions(self) -> None:
        """Each permission is told, given or taken away."""
        for name in ("can_monitor", "can_record", "is_supervisor"):
            shown = name.replace("_", "")
            for value, said in ((True, "yes"), (False, "no")):
                self.change("operators", 1, **{name: value})
                self.assertIn(f'{shown}="{said}"', await self.config())
        self.change("operators", 1, can_alter_speeddials=False)
        self.assertIn('canalterspeeddials="no"', await self.config())
        self.change("operators", 1, begin_in_pause=True)
        self.assertIn('begininpause="yes"', await self.config())

    async def test_supervisor(self) -> None:
        """Who becomes a supervisor hears how the others are from then on, and may write to them; no longer after it."""
        await self.anna.ask("TEXT bruno hello", "101 only supervisors send messages")
        self.said(self.anna)
        self.change("operators", 1, is_supervisor=True)
        await self.config()
        await self.anna.ask("TEXT bruno hello", "100 OK")
        await self.bruno.expect('<event id="Text"')
        self.told(self.anna)
        await self.pause_of_carla()
        self.assertEqual(self.told(self.anna).count("AgentState"), 1)
        self.said(self.carla), self.said(self.bruno), self.exchange.taken()
        self.change("operators", 1, is_supervisor=False)
        await self.config()
        await self.pause_of_carla()
        self.assertNotIn("AgentState", self.told(self.anna))
        await self.anna.ask("TEXT bruno hello", "101 only supervisors send messages")

    async def pause_of_carla(self) -> None:
        """Carla pauses if she did not, and the other way round."""
        paused = self.exchange.pbx.queues["sales"].members["PJSIP/203"].paused
        self.carla.sendLine(b"PAUSE OUT" if paused else b"PAUSE IN")
        await self.carla.expect("300 OK")
        await self.settle()

    async def test_account_codes(self) -> None:
        """Account codes that an operator may use are told: those of their own, and those of everybody to everybody."""
        self.add("account_codes", AccountCode(id=1, code="4711", description="Town"))
        self.add("account_code_operators", AccountCodeOperator(account_code_id=1, operator_id=1))
        self.assertIn('<accountcodes><accountcode code="4711" description="Town"/></accountcodes>', await self.config())
        self.change("account_codes", 1, enabled=False)
        self.assertIn("<accountcodes/>", await self.config())
        self.add("account_codes", AccountCode(id=2, code="4712"))
        await self.reload()
        for client in (self.anna, self.bruno):
            (line,) = self.said(client)
            self.assertIn('<accountcode code="4712"/>', line)
        self.assertEqual(self.said(self.carla), [])

    async def test_pause_reasons(self) -> None:
        """The reasons of pauses are told to everybody, and are those that count; a pause keeps the one it has."""
        await self.anna.ask("PAUSE IN reason=errand", "301")
        await self.anna.expect("300 OK")
        self.exchange.taken(), self.said(self.anna)
        self.add("pause_reasons", PauseReason(code="Lunch", description="Lunch break"), PauseReason(code="training"))
        await self.reload()
        listed = (
            '<pausereasons><reason code="Lunch" description="Lunch break"/><reason code="training"/></pausereasons>'
        )
        for client in (self.anna, self.bruno):
            (line,) = [line for line in self.said(client) if 'id="Config"' in line]
            self.assertIn(listed, line)
        self.assertEqual((self.said(self.carla), self.exchange.taken()), ([], []))
        self.assertEqual(self.exchange.pbx.queues["sales"].members["PJSIP/201"].reason, "errand")
        await self.anna.ask("PAUSE IN reason=errand", "302 unknown pause reason")
        await self.carla.ask("PAUSE IN reason=LUNCH", "301")
        await self.carla.expect("300 OK")
        self.assertEqual(self.exchange.pbx.queues["sales"].members["PJSIP/203"].reason, "Lunch")
        self.drop("pause_reasons", lambda reason: True)
        await self.reload()
        self.assertTrue([line for line in self.said(self.bruno) if "<pausereasons/>" in line])
        await self.anna.ask("PAUSE IN reason=errand", "301")
        await self.anna.expect("300 OK")

    async def test_status(self) -> None:
        """What her phone does is told along, and is no reason to tell anything."""
        self.change("operators", 1, full_name="A")
        self.assertIn('status="idle"', await self.config())
        self.exchange.call("direct")
        await self.until(lambda: self.exchange.legs("PJSIP/201", "Ringing"), "the call")
        await self.settle()
        self.said(self.anna)
        await self.reload()
        self.assertEqual(self.told(self.anna), [])
        self.change("operators", 1, full_name="B")
        self.assertIn('status="ringing"', await self.config())

    async def test_speed_dials(self) -> None:
        """New speed dials are told, and that there are none any more."""
        self.add("speed_dials", SpeedDial(operator_id=1, group="Town", order=1, name="Taxi", number="3570", blf=True))
        self.assertIn('<group name="Town"><speeddial name="Taxi" number="3570" blf="yes"', await self.config())
        self.drop("speed_dials", lambda dial: True)
        self.assertNotIn("Taxi", await self.config())
