"""The page from which others write clients says what is true."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from lxml import etree
from twisted.trial.unittest import SynchronousTestCase

from astcti.protocols import xmlevents
from astcti.protocols.capabilities import CAPABILITIES
from astcti.protocols.commandtable import COMMANDS, V2_WORDS
from astcti.protocols.inflation import Inflater
from astcti.protocols.outflow import BASE_KINDS
from astcti.protocols.replies import ERRORS, Code
from astcti.protocols.states import State
from astcti.protocols.xmlevents import CallEvent, parse
from tests.protocols.fakes import Peer, a_notice, an_action

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "protocol.rst").read_text()


def block(label: str) -> list[str]:
    """The lines of the literal block with that label."""
    text = PAGE.split(f".. {label}\n.. code-block:: ", 1)[1].split("\n", 2)[2]
    lines = []
    for line in text.splitlines():
        if line and not line.startswith("   "):
            break
        lines.append(line.strip())
    return [line for line in lines if line]


class TranscriptTests(SynchronousTestCase):
    """Every example happens."""

    def play(self, name: str, *happens: Callable[[Peer], object], tls: bool = False) -> None:
        """Play a conversation; when the server says something unasked, the next of ``happens`` is why."""
        peer, causes = Peer(tls=tls), iter(happens)
        heard = peer.hears()
        for line in block(f"transcript: {name}"):
            who, text = line[:3], line[3:]
            if who == "C: ":
                self.assertEqual(heard, [])
                heard = peer.asks(text)
            elif who == "S: ":
                if not heard:
                    next(causes)(peer)
                    heard = peer.hears()
                self.assertRegex(heard.pop(0), f"^{'.*'.join(map(re.escape, text.split('…')))}$")
                if text.startswith("103 "):
                    peer.compress()
        self.assertEqual((heard, list(causes)), ([], []))

    def test_nutshell(self) -> None:
        """The first one, with a call."""
        self.play("nutshell", lambda peer: peer.session.notify(a_notice(), an_action()))

    def test_first_generation(self) -> None:
        """An old client, until it falls silent."""
        self.play(
            "first generation",
            lambda peer: peer.session.queue_changed("astcti", True),
            lambda peer: peer.wait(16),
        )

    def test_others(self) -> None:
        """Refusals, numbers, encryption, compression."""
        self.play("refusals")
        self.play("numbers")
        self.play("stls", tls=True)
        self.play("compression", lambda peer: peer.session.queue_changed("astcti", True))

    def test_all_are_played(self) -> None:
        """No example was forgotten here."""
        played = {"nutshell", "first generation", "refusals", "numbers", "event", "compression", "stls"}
        self.assertEqual(set(re.findall(r"^\.\. transcript: (.*)$", PAGE, re.MULTILINE)), played)

    def test_event(self) -> None:
        """The event is one of ours, and one that the schema knows."""
        document = "".join(block("transcript: event")).encode()
        self.assertEqual(parse(document), CallEvent("Link", a_notice().call, tuple(an_action())))
        schema = etree.RelaxNG(file=str(Path(xmlevents.__file__).with_name("events.rng")))
        self.assertTrue(schema.validate(etree.fromstring(document)), schema.error_log)

    def test_vectors(self) -> None:
        """The bytes inflate to the lines beside them."""
        for name, lines in (
            ("client", b"USER oper1\nPASS 1a1dc91c907325c69271ddf0c944bc72\n"),
            ("server", b"100 OK\n102 OK\n"),
        ):
            rows = [re.match(r"(?:[0-9a-f]{2}(?: |$))+", line) for line in block(f"vector: {name}")]
            inflater = Inflater()
            inflater.push(bytes.fromhex("".join(row[0] for row in rows if row)))
            self.assertEqual(inflater.step(), lines)


class TableTests(SynchronousTestCase):
    """Nothing is missing from the tables, and nothing is in them that is not there."""

    def section(self, title: str) -> str:
        """The text under a heading."""
        return re.split(r"\n[^\n]+\n[-~]{3,}\n", PAGE.split(f"\n{title}\n", 1)[1].split("\n", 1)[1], maxsplit=1)[0]

    def test_commands(self) -> None:
        """Each command is explained."""
        explained = re.findall(r"^``([A-Z]+)``.*$", self.section("Commands"), re.MULTILINE)
        self.assertEqual(sorted(explained), sorted(COMMANDS))

    def test_states(self) -> None:
        """The table of states is that of the code; PASS is heard before USER only to say so."""
        rows = re.findall(
            r"^(greeted|user known|logged in|at work) .*``([A-Z ]+)``$", self.section("States"), re.MULTILINE
        )
        states = (State.GREETED, State.USER_SET, State.AUTHENTICATED, State.OPERATIONAL)
        for (_, words), state in zip(rows, states, strict=True):
            heard = {word for word, entry in COMMANDS.items() if state in entry.states}
            self.assertEqual(set(words.split()), heard - ({"PASS"} if state is State.GREETED else set()))

    def test_generations(self) -> None:
        """The words of the second generation are listed."""
        words = re.search(r"The first of ``([A-Z ]+)``", self.section("Two generations of clients"))
        self.assertEqual(set(words[1].split()), V2_WORDS)

    def test_codes(self) -> None:
        """All codes are explained, but those that are not sent yet."""
        codes = {int(code) for code in re.findall(r"^([0-9]{3}) ", self.section("Numeric lines"), re.MULTILINE)}
        later = {Code.ITEM, Code.ITEMS_END}
        self.assertEqual(codes, set(Code) - later)

    def test_errors(self) -> None:
        """All error numbers are listed."""
        numbers = {int(n) for n in re.findall(r"(?:^|\s)(9[0-9]{2}) ", self.section("Error numbers").split("..")[0])}
        self.assertEqual(numbers, set(ERRORS))

    def test_events(self) -> None:
        """All events that every client is sent are explained, in words of the code."""
        table = self.section("Events").split("The child")[0]
        ids = {
            word for row in re.findall(r"^(``.*?``)  ?", table, re.MULTILINE) for word in re.findall(r"``(\w+)``", row)
        }
        self.assertEqual(ids, BASE_KINDS)

    def test_capabilities(self) -> None:
        """What CAPS offers is said."""
        offered = re.search(r"``CAPS \?`` what there is: (.*)\.", self.section("Commands"))
        self.assertEqual(re.findall("``(.*?)``", offered[1]), list(CAPABILITIES))
