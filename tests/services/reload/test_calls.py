"""Reloads in the midst of calls: what runs ends by what it began with, and what is new counts from the next on."""

from __future__ import annotations

from astcti.config.model import Action, ServiceAction, Variable
from tests.services.reload.centre import ReloadTestCase

PAGE = "http://crm.example/?c=3331234567&amp;d=12345"


class CallTests(ReloadTestCase):
    """Somebody calls anna."""

    async def rings(self, context: str = "direct") -> None:
        """A call of a service is at anna's phone."""
        self.caller = self.exchange.call(context)
        await self.until(lambda: self.exchange.legs("PJSIP/201", "Ringing"), "the call")
        await self.settle()

    async def pops(self) -> str:
        """She answers; the pop."""
        self.exchange.pick_up("PJSIP/201")
        return await self.anna.expect('<event id="Link"')

    async def over(self) -> list[str]:
        """The caller hangs up; what anna is told of it."""
        self.said(self.anna)
        self.exchange.hang_up(self.caller)
        await self.until(lambda: not self.exchange.pbx.channels, "the end of the call")
        await self.settle()
        return [line for line in self.said(self.anna) if "<call>" in line]

    async def test_service_deleted(self) -> None:
        """A call that rings when its service is deleted pops with the page and the data of that service, and ends like
        any other; the next one is of no service."""
        await self.rings()
        self.drop_service(3)
        await self.reload()
        link = await self.pops()
        for part in ("<service>direct</service>", '<data key="calldata">12345</data>', PAGE):
            self.assertIn(part, link)
        unlink, hangup = await self.over()
        self.assertIn('id="Unlink"', unlink)
        self.assertIn("<service>direct</service>", hangup)
        await self.rings()
        self.exchange.pick_up("PJSIP/201")
        await self.settle()
        said = "".join(self.said(self.anna))
        self.assertNotIn("<service>", said)
        self.assertNotIn("<actions", said)
        self.only_anna()

    async def test_queue_service_disabled(self) -> None:
        """A call of a queue that rings when its service is disabled pops like any other, after the next reload, too."""
        await self.rings("sales")
        self.change("services", 1, enabled=False)
        await self.reload()
        self.change("seats", 2, description="at the door")
        await self.reload()
        link = await self.pops()
        self.assertIn("<service>sales</service>", link)
        self.assertIn(PAGE, link)
        unlink, hangup = await self.over()
        self.assertIn('id="Unlink"', unlink)
        self.assertIn('id="Hangup"', hangup)
        self.assertEqual(self.said(self.bruno), [])

    async def test_actions(self) -> None:
        """The next pop has the new page and the new action, that of a call that rings already, too; nothing is told
        before."""
        await self.rings()
        self.said(self.anna)
        self.change("actions", 1, parameters="http://new.example/?d={calldata}")
        self.add("actions", Action(id=2, type="TCP_MESSAGE", destination="192.0.2.7:2323", parameters="{CALLERID}"))
        self.add("service_actions", ServiceAction(service_id=3, action_id=2, order=2))
        await self.reload()
        self.assertEqual(self.told(self.anna), [])
        link = await self.pops()
        self.assertIn('<actions count="2">', link)
        self.assertIn("http://new.example/?d=12345", link)
        self.assertIn("<parameters>3331234567</parameters>", link)
        await self.over()
        self.drop("service_actions", lambda r: r.service_id == 3)
        await self.reload()
        await self.rings()
        self.assertNotIn("<actions", await self.pops())
        self.only_anna()
        self.assertEqual(self.exchange.taken(), [])

    async def test_variables(self) -> None:
        """A variable that is watched from now on is that of the next new call, also one that nobody watched before."""
        self.drop("variables", lambda v: v.service_id == 3)
        await self.reload()
        await self.rings()
        self.assertNotIn("<data", await self.pops())
        await self.over()
        self.add(
            "variables", *(Variable(id=8 + i, service_id=3, name=n) for i, n in enumerate(("calldata", "READSTATUS")))
        )
        await self.reload()
        self.assertEqual(self.told(self.anna), [])
        await self.rings()
        link = await self.pops()
        self.assertIn('<data key="calldata">12345</data>', link)
        self.assertIn('<data key="READSTATUS">OK</data>', link)
        self.only_anna()

    async def test_variable_of_a_running_call(self) -> None:
        """What a running call has heard of a variable is not lost because the variable is watched no longer."""
        await self.rings()
        self.drop("variables", lambda v: v.service_id == 3)
        self.change("actions", 1, parameters="http://crm.example/?c={CALLERID}&d={CALLDATA}")
        await self.reload()
        self.assertIn("d=12345", await self.pops())
        self.only_anna()
