"""What a client must never reach through ``ORIG`` and ``TELE``, and what it does; mixed into each version's tests.

The shapes are those by which an originate right of the manager interface was abused (CVE-2024-42365, and older ones):
other applications, channels of one's own making, functions that read and write files, other contexts, further headers.
"""

from __future__ import annotations

from collections.abc import Iterable

from tests.pbx.daemon import Daemon, password_of
from tests.pbx.dialling.office import DiallingTestCase, runtime_xml
from tests.pbx.waiting import sleep, until
from tests.pbx.witness import Event
from tests.services.lineclient import LineClient, connect

#: What comes of any call, whoever begins it.
TRACES = frozenset({"Newchannel", "OriginateResponse", "UserEvent", "VarSet", "Newexten"})

#: What is said behind ``ORIG``, and the number it is refused with.
ORDERS: tuple[tuple[str, int], ...] = (
    # applications
    ("Application: System", 901), ("0551 System", 922), ("0551 System(id)", 922), ("0551 Application:System", 922),
    # channels of somebody else's, or made up
    ("PJSIP/202 0551", 920), ("SIP/202 0551", 920), ("Local/0551@forbidden 0551", 920),
    ("Local/0551@forbidden/n 0551 anything", 920), ("PJSIP/201&PJSIP/202 0551", 920),
    ("PJSIP/201/sip:0551@127.0.0.2 0551", 920), ("PJSIP/201-00000001 0551", 920), ("PJSIP/ 0551", 920), ("/ 0551", 920),
    # functions and expressions
    ("FILE(/etc/passwd) 0551", 920), ("FILE()", 901), ("${FILE(/etc/passwd)}", 901), ("PJSIP/201 ${SHELL(id)}", 901),
    ("${EXTEN}", 901), ("$[1+1]", 901), ("0551 ${CONTEXT}", 922), ("0551 FILE(/tmp/x,,,,anything)", 922),
    # other contexts
    ("0551 forbidden", 922), ("0551 default", 922), ("0551 agents", 922), ("0551 demo-queue", 922),
    ("0551 anything,1", 922), ("0551@forbidden", 901), ("0551,forbidden,1", 901), ("0551^forbidden^1", 901),
    ("0551|forbidden|1", 922), ("0551|demo-queue|1", 922),
    # other steps
    ("0551|anything|2", 925), ("0551|anything|0", 901), ("0551|anything|-1", 901), ("0551|anything|1x", 901),
    ("0551|anything|", 901), ("0551|anything", 901), ("0551|anything|1|1", 901), ("0551||1", 901), ("|anything|1", 901),
    ("0551|anything|\N{ARABIC-INDIC DIGIT ONE}", 901), ("s anything", 923), ("h anything", 923), ("failed", 923),
    ("s- anything", 923), ("-s anything", 923), ("f-ax anything", 923), ("- anything", 923),
    # further headers and words
    ("", 901), ("0551 anything Variable:X=1", 901), ("0551\tanything\tVariable: X=1", 901), ("0551 anything 1 1", 901),
    ("0551%0d%0aAction:%20Command", 901), ("0551\\r\\nAction:Command", 901), ("0551;id", 901), ('"0551"', 901),
    # other digits, other blanks, and too many
    ("0551\N{LINE SEPARATOR}x", 901), ("0551\N{NEXT LINE}x", 901), ("0551\N{NO-BREAK SPACE}anything", 901),
    ("\N{FULLWIDTH DIGIT ZERO}551", 901), ("0551\N{ARABIC-INDIC DIGIT ONE}", 901), ("0" * 65, 901), ("0551+", 901),
    # beyond the service's ranges
    ("300 ranges", 923), ("2000 ranges", 923), ("112 ranges", 923), ("0 ranges", 923), ("s ranges", 923),
    ("2-0-0 ranges", 923), ("+0551 ranges", 923),
)  # fmt: skip

#: The same behind ``TELE``.
PLACES: tuple[tuple[str, int], ...] = (
    ("PJSIP/202", 901), ("Local/0551@forbidden/n", 901), ("0551@forbidden", 901), ("0551@dialtest/n", 901),
    ("0551/n", 901), ("0551&PJSIP/202", 901), ("FILE()", 901), ("${FILE(/etc/passwd)}", 901), ("0551,30,g", 901),
    ("0551|forbidden|1", 901), ("0551 forbidden", 901), ("0551%0d%0ax", 901), ("0551\N{LINE SEPARATOR}x", 901),
    ("", 901), ("s", 923), ("-s", 923), ("0" * 65, 901),
)  # fmt: skip

#: Lines that are none: control bytes within, or no text.
NO_LINES = (
    b"ORIG 0551\rAction: Originate", b"ORIG 0551 anything\rVariable: X=1", b"ORIG 0551\0", b"ORIG 0551\x0banything",
    b"ORIG 0551\x1b[2J", b"ORIG 0551\x7f", b"ORIG \xff\xfe0551", b"TELE 0551\rx", b"TELE 0551\0",
)  # fmt: skip

#: An action after the line, as the manager interface would take it.
SECOND_MESSAGE = (
    b"ORIG 0551 nowhere\r\n\r\n"
    b"Action: Originate\r\nChannel: Local/0551@forbidden\r\nApplication: System\r\nData: id\r\n\r\n"
)


class TrespassingTests(DiallingTestCase):
    """An agent at 201 with a client of their own making."""

    async def refused(self, client: LineClient, word: str, shapes: Iterable[tuple[str, int]]) -> None:
        """Every one of these is refused as it should be."""
        for shape, number in shapes:
            client.transport.write(f"{word} {shape}\n".encode())
            said = await client.expect("101 ")
            self.assertEqual(said.split()[1], str(number), f"{word} {shape!r}: {said}")

    async def nothing_has_happened(self, since: int) -> None:
        """The PBX has not begun anything: neither a call nor a step of one, nor another member of a queue."""
        await self.witness.act("Ping")
        await sleep(0.3)
        traces = [e for e in self.witness.events[since:] if e.get("Event") in TRACES]
        self.assertEqual(traces, [])
        self.assertEqual(await self.witness.channels(), {})
        self.assertEqual([i for _, i in await self.witness.members() if "Local" in i], [])
        await self.quiet()

    async def test_orders(self) -> None:
        """Nothing but numbers, services and phones of one's own gets past the server."""
        client, since = await self.lines(201), len(self.witness.events)
        await self.refused(client, "ORIG", ORDERS)
        await self.nothing_has_happened(since)

    async def test_places(self) -> None:
        """No telecommuter's number is anything but a number."""
        client, since = await self.lines(201), len(self.witness.events)
        await self.refused(client, "TELE", PLACES)
        await self.nothing_has_happened(since)

    async def test_no_lines(self) -> None:
        """Control bytes make a line malformed as a whole; what follows a line's end is another command, and none."""
        since = len(self.witness.events)
        client = await self.lines(201)
        for line in NO_LINES:
            client.transport.write(line + b"\n")
            self.assertEqual((await client.expect("101 ")).split()[1], "904", line)
        client.transport.loseConnection()
        await client.ended()
        client = await self.lines(201)
        before = len(client.lines)
        client.transport.write(SECOND_MESSAGE + b"NOOP\n")
        await client.expect("100 OK")
        said = [line.split()[1] for line in client.lines[before:] if line.startswith("101")]
        self.assertEqual(said, ["922", "900", "900", "900", "900"])
        await self.nothing_has_happened(since)

    async def test_before_and_without(self) -> None:
        """Who has not logged in, or has no seat, dials nothing; and nobody through services of others."""
        since = len(self.witness.events)
        client = await connect(self.house.daemon.port)
        self.addCleanup(client.transport.loseConnection)
        await client.ask("CAPS errcodes", "106")
        for line, number in (("ORIG 0551", 902), ("TELE 0551", 902)):
            await client.ask(line, f"101 {number}")
        await client.ask("USER nobody", "100 OK")
        await client.ask(f"PASS {'0' * 32}", "102 OK")
        for line, number in (("ORIG 0551", 919), ("ORIG Local/0551@forbidden 0551", 919), ("TELE 0551", 919)):
            await client.ask(line, f"101 {number}")
        await client.ask(f"EXTEN {self.exchange.interface(205)}", "100 OK")
        for line in ("ORIG 0551 anything", "ORIG 0551|dialtest|1", "ORIG 0551 demo-queue"):
            await client.ask(line, "101 922")
        await self.nothing_has_happened(since)

    async def test_as_written(self) -> None:
        """Whatever is a number reaches the dial plan as one extension, with the operator's name, seat and account."""
        client = await self.lines(201)
        phone = self.exchange.interface(201)
        numbers = ("+4930123", "0551*22#", "a.b_c-d", "Zoe1", "00-11.22_33", "9" * 64)
        for order, number in [(f"{n} anything", n) for n in numbers] + [("0553|anything|1", "0553"),
                                                                         (f"{phone} 0554 ranges", "0554")]:  # fmt: skip
            before = len(self.user_events("Dialled"))
            await client.ask(f"ORIG {order}", "100 OK")
            await until(
                lambda before=before: len(self.user_events("Dialled")) > before, 10, f"{order} in the dial plan"
            )
            dialled: Event = self.user_events("Dialled")[-1]
            self.assertEqual(
                [dialled[name] for name in ("Number", "Operator", "Seat", "Account")], [number, "op201", phone, "op201"]
            )
            await self.witness.quiet()
            await until(lambda: not self.phones[201].connected(), 5, "end of the call at the phone")
        self.assertEqual(self.user_events("Betrayed"), [])
        await self.quiet()


class LimitTests(DiallingTestCase):
    """A server that is stricter."""

    async def test_limits(self) -> None:
        """Two calls a minute, none of them while paused; what is refused does not ring anywhere."""
        daemon = self.strict()
        client = await connect(daemon.port)
        self.addCleanup(client.transport.loseConnection)
        await client.ask("CAPS errcodes", "106")
        await client.login("op201", password_of("op201"))
        await until(lambda: any(line == "202 astcti-queue" for line in client.lines), 10, "member of the queue")
        since = len(self.witness.events)
        client.sendLine(b"PAUSE IN")
        await client.expect("301")
        await client.expect("300")
        await client.ask("ORIG 0551 anything", "101 903")
        await client.ask("PAUSE OUT", "300")
        self.assertEqual([e for e in self.witness.events[since:] if e.get("Event") == "Newchannel"], [])
        for _ in range(2):
            await client.ask("ORIG 0551 anything", "100 OK")
            await client.expect('<event id="OriginateResponse"', 10)
            await self.witness.quiet()
        await client.ask("ORIG 0551 anything", "101 908")
        await client.ask("ORIG 112 ranges", "101 923")
        self.assertEqual(len(self.user_events("Dialled")), 2)

    def strict(self) -> Daemon:
        """The server, running."""
        instance = self.house.instance
        daemon = Daemon(instance, name=f"strict-{self._testMethodName}")
        runtime = runtime_xml(instance, orig_per_minute=2, orig_while_paused="no")
        (daemon.folder / "runtime.xml").write_text(runtime)
        daemon.bootstrap.write_text(daemon.bootstrap.read_text().replace(">onlooker<", ">astcti<"))
        daemon.start()
        self.addCleanup(daemon.stop)
        return daemon
