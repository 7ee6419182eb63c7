"""Reloads that take the ground from under an operator: they are told so, logged out, and out of their queues."""

from __future__ import annotations

from dataclasses import replace

from astcti.config.model import Configuration
from tests.services.fakes import digest
from tests.services.lineclient import connect
from tests.services.reload.centre import SENT_AWAY, ReloadTestCase, centre

OUT = [("QueueRemove", "sales", "PJSIP/201")]


class LeavingTestCase(ReloadTestCase):
    """Anna is concerned, nobody else."""

    async def leaves(self) -> None:
        """Anna is sent away by the next configuration, and taken out of her queue; nobody else hears anything."""
        await self.reload()
        await self.anna.ended()
        self.assertEqual(self.told(self.anna), SENT_AWAY)
        await self.until(lambda: len(self.exchange.asked) >= 1, "anna taken out")
        await self.settle()
        self.only_anna()
        self.assertEqual(self.exchange.taken(), OUT)
        self.assertEqual(self.exchange.members("sales"), {"PJSIP/203": 2})
        self.assertEqual(self.exchange.members("support"), {"PJSIP/202": 3})

    async def stays(self) -> None:
        """The next configuration concerns nobody."""
        await self.reload()
        self.assertEqual(self.said(self.anna), [])
        self.only_anna()
        self.assertEqual(self.exchange.taken(), [])

    async def comes_back(self, name: str = "anna", password: str = "", seat: int = 1) -> None:
        """She can log in by the new configuration, and is in her queue again."""
        self.anna = await self.sit(name, "KEEP", password=password or name, seat=seat)
        await self.anna.expect("202 sales")


class OperatorTests(LeavingTestCase):
    """An operator deleted, disabled or renamed."""

    async def test_deleted(self) -> None:
        """Who is deleted is told and logged out, and not let in any more."""
        self.drop_operator(1)
        await self.leaves()
        client = await connect(self.port())
        await client.ask("USER anna", "100 OK")
        await client.ask(f"PASS {digest('anna')}", "101 KO wrong user name or password")

    async def test_disabled(self) -> None:
        """Who is disabled is told and logged out; enabled again, they can come back."""
        self.change("operators", 1, enabled=False)
        await self.leaves()
        self.change("operators", 1, enabled=True)
        await self.reload()
        await self.comes_back()

    async def test_renamed(self) -> None:
        """Who gets another user name has to log in by it."""
        self.change("operators", 1, username="ann")
        await self.leaves()
        await self.comes_back("ann", "anna")

    async def test_without_a_seat(self) -> None:
        """Who is logged in and not yet seated is sent away, too; a change of some seat is nothing to them."""
        await self.anna.ask("QUIT", "900 OK")
        await self.anna.ended()
        await self.settle()
        waiting = await connect(self.port())
        await waiting.login("anna", "anna")
        self.told(waiting)
        self.change("seats", 1, mac="00:1c:bf:37:53:11")
        await self.reload()
        self.assertEqual(self.said(waiting), [])
        self.change("operators", 1, is_call_center=False)
        await self.reload()
        await waiting.ended()
        self.assertEqual(self.told(waiting), ["101 KO configuration changed, please log in again"])
        self.only_anna()


class PasswordTests(LeavingTestCase):
    """An operator's password."""

    async def test_by_an_administrator(self) -> None:
        """A password set by an administrator ends the session by the old one."""
        self.change("operators", 1, password=digest("other"))
        await self.leaves()
        await self.comes_back(password="other")

    async def test_by_the_operator(self) -> None:
        """A password that an operator changed is no change at the next reload, and still the one that counts."""
        await self.anna.ask(f"CHPW {digest('anna')} {digest('mine')}", "100 OK")
        self.told(self.anna)
        await self.stays()
        self.change("operators", 1, password=digest("theirs"))
        await self.leaves()
        await self.comes_back(password="theirs")


class SeatTests(LeavingTestCase):
    """Where an operator may sit, and the seat itself."""

    async def test_fixed_seat(self) -> None:
        """Who is given a seat of their own has to come in by it."""
        self.change("operators", 1, seat_id=1)
        await self.leaves()

    async def test_call_centre(self) -> None:
        """Whether somebody has to name a MAC or a phone is found out at the next login."""
        self.change("operators", 1, is_call_center=False)
        await self.leaves()

    async def test_disabled(self) -> None:
        """Nobody sits at a seat that is disabled."""
        self.change("seats", 1, enabled=False)
        await self.leaves()

    async def test_deleted(self) -> None:
        """Nobody sits at a seat that is gone."""
        self.drop("seats", lambda seat: seat.id == 1)
        await self.leaves()

    async def test_mac(self) -> None:
        """A seat with another MAC is at another PC."""
        self.change("seats", 1, mac="00:1c:bf:37:53:11")
        await self.leaves()

    async def test_main_phone(self) -> None:
        """A seat with another phone is another place; calls and memberships go by the new one afterwards."""
        self.change("seats", 1, exten="PJSIP/251")
        await self.leaves()
        await self.comes_back()
        self.assertEqual(self.exchange.members("sales"), {"PJSIP/203": 2, "PJSIP/251": 1})

    async def test_description(self) -> None:
        """What nobody goes by may change."""
        self.change("seats", 1, description="at the window", host="192.0.2.1")
        await self.stays()


class FixedSeatTests(LeavingTestCase):
    """Anna has a seat of her own."""

    unasked = frozenset({"anna"})

    @staticmethod
    def start() -> Configuration:
        """Seat 1 is anna's."""
        return replace(
            centre(), operators=tuple(replace(o, seat_id=1 if o.id == 1 else None) for o in centre().operators)
        )

    async def test_another(self) -> None:
        """Who is given another seat is sent away, and sits at the new one when they come back."""
        self.add("seats", replace(self.now.seats[0], id=4, mac="00:1c:bf:37:53:04", exten="PJSIP/251"))
        self.change("operators", 1, seat_id=4)
        await self.leaves()
        await self.comes_back()
        self.assertEqual(self.exchange.members("sales"), {"PJSIP/203": 2, "PJSIP/251": 1})

    async def test_none(self) -> None:
        """Who may sit anywhere from here on has to say where."""
        self.change("operators", 1, seat_id=None)
        await self.leaves()
