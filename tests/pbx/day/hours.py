"""The day itself, hour by hour; mixed into the tests of each version. After each the server agrees with the PBX."""

from __future__ import annotations

from astcti.errors import Refused
from astcti.protocols.client import ServerEvent, digest_of
from astcti.services.credentials import verify
from tests.pbx.daemon import password_of
from tests.pbx.day.office import QUEUE, RINGALL, DayTestCase
from tests.pbx.scenarios.scenario import Pop
from tests.pbx.waiting import sleep, until
from tests.services.lineclient import connect

PAUSED, READY = "lunch", "-"
WORK = {(QUEUE, 201): READY, (QUEUE, 202): READY, (RINGALL, 202): READY}


class DayTests(DayTestCase):
    """From the first log-in to the last one to leave."""

    async def test_day(self) -> None:
        """All of it, in one go, with one server, which is killed once."""
        for hour in (
            self.morning, self.first_calls, self.lunch, self.dialling, self.transferring, self.new_configuration,
            self.database_away, self.supervisor, self.line_cut, self.server_killed, self.client_lost, self.evening,
        ):  # fmt: skip
            try:
                await hour()
                await self.over()
            except BaseException as e:
                e.add_note(f"in the hour of {hour.__name__}; {self.keep_evidence(hour.__name__)}")
                raise
        faults = self.daemon.ask("status")["counters"]
        self.assertEqual((faults["faults"], faults["events"]["faults"]), (0, 0))

    async def morning(self) -> None:
        """Everybody comes: by the directory, by the data base; 201 begins in pause; nobody with a wrong password."""
        await self.arrive(201)
        await self.arrive(202)
        await self.arrive(203)
        await self.members({(QUEUE, 201): "", (QUEUE, 202): READY, (RINGALL, 202): READY})
        await self.state(201, state="paused")
        members = await self.stage.witness.members(QUEUE)
        found = {i: (m["Penalty"], m["Name"]) for (_, i), m in members.items()}
        self.assertEqual(found[self.stage.interface(201)], ("1", "Operator 201"))
        self.assertEqual(found[self.stage.interface(202)], ("2", "Operator 202"))
        self.assertIs(await self.client(201).unpause(), True)
        await self.members(WORK)
        await self.state(201, state="ready")

    async def first_calls(self) -> None:
        """A caller of the queue, held and taken back, then after-call work; another one goes to 202 meanwhile."""
        self.stage.phones[201].behave("answer")
        call = await self.stage.call("101", "one").established()
        await self.stage.popped(201)
        await self.state(201, state="busy")
        (mine,) = self.stage.phones[201].connected()
        await mine.hold()
        await mine.unhold()
        await self.stage.compare()
        self.stage.phones[202].behave("answer")
        other = await self.stage.call("101", "two").established()
        await self.stage.popped(202)
        await call.bye()
        await self.state(201, state="wrapup")
        await self.members({**WORK, (QUEUE, 201): "wrapup"})
        await self.client(201).ready()
        await self.members(WORK)
        await other.bye()
        await self.state(202, state="wrapup")
        await self.state(202, state="ready")
        await self.members(WORK)

    async def lunch(self) -> None:
        """A reason that is not on the list; then lunch, asked for during a call: it begins after it."""
        self.stage.nobody_answers()
        with self.assertRaises(Refused):
            await self.client(201).pause("no such reason")
        self.stage.phones[201].behave("answer")
        caller = await self.stage.call("100", "three").established()
        await self.stage.popped(201, times=2)
        self.assertIs(await self.client(201).pause("lunch"), False)
        await sleep(0.5)
        await self.members(WORK)
        await caller.bye()
        await self.state(201, state="paused", reason="lunch")
        await self.members({**WORK, (QUEUE, 201): "lunch"})
        self.stage.phones[202].behave("answer")
        four = await self.stage.call("101", "four").established()
        await self.stage.popped(202, times=2)
        await four.bye()
        await self.state(202, state="wrapup")
        await self.client(202).ready()
        self.assertIs(await self.client(201).unpause(), True)
        await self.members(WORK)

    async def dialling(self) -> None:
        """201 calls a customer; the screen pops by the service dialled through."""
        self.stage.nobody_answers()
        self.stage.phones[201].behave("answer")
        self.stage.outside.expect()
        self.stage.outside.behave("answer")
        await self.client(201).command("ORIG 0551234567")
        await (await self.stage.outside.called()).established()
        await self.stage.popped(201, times=3)
        await self.stage.compare()
        with self.assertRaises(Refused):
            await self.client(203).command("ORIG 0551234567")

    async def transferring(self) -> None:
        """A caller of 202 is passed on to 203, with the digits."""
        self.stage.nobody_answers()
        self.stage.phones[202].behave("answer")
        self.stage.phones[203].behave("answer")
        self.stage.phones[202].expect()
        await self.stage.call("100", "five").established()
        await self.stage.popped(202, times=3)
        (mine,) = self.stage.phones[202].connected()
        await mine.refer("203")
        await self.stage.popped(203)
        await self.stage.compare()

    async def new_configuration(self) -> None:
        """An administrator gives 201 another queue, which is joined and told within seconds; then takes it away."""
        self.stage.nobody_answers()
        columns = "ID_SERVICE, ID_OPERATOR, PENALTY, ENABLED"
        self.daemon.change(f"INSERT INTO services_operators ({columns}) VALUES (3, 201, 0, 1)")
        await self.queue_told(201, RINGALL, True)
        await self.members({**WORK, (RINGALL, 201): READY})
        self.assertTrue([n for n in self.floor.agents[201].notices if isinstance(n, ServerEvent) and n.id == "Config"])
        self.stage.phones[201].behave("answer")
        await self.stage.call("103", "six").established()
        await self.stage.popped(201, times=4)
        await self.over()
        self.daemon.change("DELETE FROM services_operators WHERE ID_SERVICE = 3 AND ID_OPERATOR = 201")
        await self.queue_told(201, RINGALL, False)
        await self.members(WORK)

    async def database_away(self) -> None:
        """The data base is killed: everything goes on, and the status says so; then it comes back, with a change."""
        self.daemon.db.kill()
        try:
            await self.configuration("stale")
            self.stage.nobody_answers()
            self.stage.phones[201].behave("answer")
            await self.stage.call("100", "seven").established()
            await self.stage.popped(201, times=5)
        finally:
            self.daemon.db.start()
        await self.configuration("active")
        self.daemon.change("UPDATE operators SET FULL_NAME = 'Operator Two Hundred' WHERE ID_OPERATOR = 203")
        await until(
            lambda: [
                n for n in self.floor.agents[203].notices
                if isinstance(n, ServerEvent) and n.id == "Config" and "Operator Two Hundred" in str(n)
            ], 20, "the new name",
        )  # fmt: skip

    async def supervisor(self) -> None:
        """Somebody pauses 202 at the PBX: seen, and not overruled; 202 ends it."""
        phone = self.stage.interface(202)
        await self.stage.witness.act("QueuePause", Interface=phone, Paused="true", Reason="come here")
        await self.state(202, state="paused", by="supervisor", reason="come here")
        await self.members({**WORK, (QUEUE, 202): "come here", (RINGALL, 202): "come here"})
        self.assertIs(await self.client(202).unpause(), True)
        await self.members(WORK)

    async def line_cut(self) -> None:
        """The line to the PBX is cut while 201's phone rings; the call that is answered meanwhile pops later."""
        self.stage.nobody_answers()
        self.stage.phones[201].expect()
        self.stage.call("100", "eight")
        ringing = await self.stage.phones[201].called()
        self.cutter.cut()
        await self.link(False)
        ringing.answer()
        await ringing.established()
        self.cutter.mend()
        await self.link(True)
        await self.stage.popped(201, times=6)
        self.assertTrue([e for e in self.floor.agents[201].events if e.actions][-1].recovered)
        await self.back(201, 202, 203)
        await self.members(WORK)

    async def server_killed(self) -> None:
        """The server is killed while 202 is at lunch and 201 talks: all as before, nothing pops twice."""
        await self.paused(202, "lunch")
        self.stage.phones[201].behave("answer")
        await self.stage.call("100", "nine").established()
        await self.stage.popped(201, times=7)
        lunch = {**WORK, (QUEUE, 202): "lunch", (RINGALL, 202): "lunch"}
        await self.members(lunch)
        await sleep(0.5)  # what is not yet in a file is not promised
        self.daemon.kill()
        await sleep(1)
        await self.start()
        await self.back(201, 202, 203)
        await self.members(lunch, seconds=30)
        await self.over()
        self.assertIs(await self.client(202).unpause(), True)
        await self.members(WORK)

    async def client_lost(self) -> None:
        """202's computer loses its connection: out of the queues, and in them again when it is back."""
        self.client(202).transport.abortConnection()
        await self.queue_told(202, RINGALL, True)
        await self.back(202)
        await self.members(WORK)

    async def evening(self) -> None:
        """Everybody leaves; nobody is left in a queue; every screen of the day popped once, where it should."""
        await self.floor.agents[201].leave()
        await self.members({(QUEUE, 202): READY, (RINGALL, 202): READY})
        await self.floor.agents[202].leave()
        await self.members({})
        await self.new_password()
        popped: dict[int, list[str]] = {}
        for pop in self.floor.pops():
            assert isinstance(pop, Pop)
            popped.setdefault(pop.phone, []).append(pop.calldata)
        self.assertEqual(
            popped,
            {
                201: ["one", "three", "0551234567", "six", "seven", "eight", "nine"],
                202: ["two", "four", "five"],
                203: ["five"],
            },
        )
        ledger = self.daemon.ask("actions")["actions"]
        self.assertEqual(len(ledger), sum(map(len, popped.values())), ledger)

    async def new_password(self) -> None:
        """203 changes the password: it is in the data base; the old one is of no use, the new one is."""
        old, new = digest_of(password_of("op203")), digest_of("something better")
        await self.client(203).change_password(old, new)
        await self.floor.agents[203].leave()
        ((stored,),) = self.daemon.db.sql(
            "SELECT PASS_WORD FROM operators WHERE ID_OPERATOR = 203", database=self.daemon.address.database
        )
        self.assertTrue(verify(stored, new))
        line = await connect(self.daemon.port)
        await line.ask("USER op203", "100")
        await line.ask(f"PASS {old}", "101")
        await line.ask("USER op203", "100")
        await line.ask(f"PASS {new}", "102")
        line.transport.loseConnection()
        await line.ended()
