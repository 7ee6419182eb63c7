"""The administrator's question: why did it pop, or not?"""

from __future__ import annotations

import json
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from astcti.config.model import Action, Configuration, Extension, Seat, Service, ServiceAction, Variable
from astcti.errors import UserError
from astcti.replay import Playback, Recording
from astcti.replay.report import as_json, as_text, shown
from tests.recordings.expected import HERE

CONFIGURATION = Configuration(
    services=(
        Service(id=1, name="astctidemo"),
        Service(id=2, name="support", queue_name="astcti-queue"),
    ),
    variables=(Variable(id=1, service_id=1, name="calldata"), Variable(id=2, service_id=2, name="calldata")),
    actions=(
        Action(id=1, type="BROWSER", parameters="https://crm.example/?c={CALLERID}&d={CALLDATA}&n={CALLERIDNAME}"),
        Action(id=2, type="TCP_MESSAGE", destination="127.0.0.1:9", parameters="{CALLDATA}", execute_on="SERVER"),
    ),
    service_actions=(
        ServiceAction(service_id=1, action_id=1, order=1),
        ServiceAction(service_id=1, action_id=2, order=2),
    ),
    seats=(Seat(id=1, exten="PJSIP/201"), Seat(id=2, exten="PJSIP/299")),
    extensions=(Extension(seat_id=2, exten="PJSIP/202"),),
)


def lines(
    name: str, configuration: Configuration = CONFIGURATION
) -> tuple[list[dict[str, dict[str, object]]], list[str]]:
    """What a replay of that recording prints as JSON, and how it explains itself."""
    playback = Playback(configuration)
    notices = list(playback.play(Recording(HERE / "22" / f"{name}.ami")))
    return [json.loads(as_json(n, configuration)) for n in notices], playback.explanation.lines


class Lines(SynchronousTestCase):
    """One object a line."""

    def test_pop(self) -> None:
        """A pop says where, who, for what, with which data and what would be opened."""
        found, _ = lines("service-answered")
        (pop,) = [line["pop"] for line in found if "pop" in line]
        self.assertEqual(pop.pop("time"), 0.6083)
        self.assertEqual(
            pop,
            {
                "seat": "PJSIP/201",
                "callerid": "3331234567",
                "calleridname": "Mario Rossi",
                "service": "astctidemo",
                "queue": "",
                "uniqueid": "1795246451.0",
                "variables": {"calldata": "12345"},
                "actions": [
                    {
                        "id": "1",
                        "type": "BROWSER",
                        "os": "ALL",
                        "destination": "",
                        "parameters": "https://crm.example/?c=3331234567&d=12345&n=Mario%20Rossi",
                    },
                    {
                        "id": "2",
                        "type": "TCP_MESSAGE",
                        "os": "ALL",
                        "destination": "127.0.0.1:9",
                        "parameters": "12345",
                    },
                ],
            },
        )

    def test_notice(self) -> None:
        """Everything else is a notice."""
        found, _ = lines("service-answered")
        kinds = [line["notice"]["event"] for line in found if "notice" in line]
        self.assertEqual(kinds[0], "Newchannel")
        self.assertIn("Hangup", kinds)

    def test_further_phone_of_a_seat(self) -> None:
        """A pop at a seat's second phone names the seat by its first."""
        found, _ = lines("service-second-answers")
        (pop,) = [line["pop"] for line in found if "pop" in line]
        self.assertEqual((pop["seat"], pop["phone"]), ("PJSIP/299", "PJSIP/202"))

    def test_text(self) -> None:
        """People read a pop and the page it opens."""
        playback = Playback(CONFIGURATION)
        text = [
            line
            for notice in playback.play(Recording(HERE / "22" / "service-answered.ami"))
            for line in as_text(notice, CONFIGURATION)
        ]
        pop = next(line for line in text if " POP " in line)
        for part in ("PJSIP/201", "3331234567 Mario Rossi", "astctidemo", "calldata=12345"):
            self.assertIn(part, pop)
        self.assertTrue(any("https://crm.example/?c=3331234567" in line for line in text))

    def test_terminal(self) -> None:
        """A caller's name cannot speak to the terminal."""
        self.assertEqual(shown("\x1b[2JZoë\n\u202e"), r"\x1b[2JZoë\n\u202e")


class Explanations(SynchronousTestCase):
    """One line for each call says what became of it."""

    def explain(self, name: str, configuration: Configuration = CONFIGURATION) -> str:
        """The explanation of the one call in a recording."""
        _, explained = lines(name, configuration)
        self.assertEqual(len(explained), 1, explained)
        return explained[0]

    def test_popped(self) -> None:
        """It popped."""
        self.assertIn("service astctidemo: popped", self.explain("service-answered"))

    def test_nobody_answered(self) -> None:
        """Phones rang in vain."""
        self.assertIn("PJSIP/201, PJSIP/202 rang and nobody answered", self.explain("service-nobody-answers"))

    def test_no_member(self) -> None:
        """A queue had nobody."""
        self.assertIn("no phone rang", self.explain("queue-abandon"))

    def test_no_service(self) -> None:
        """The context is not configured."""
        text = self.explain("service-answered", Configuration(seats=CONFIGURATION.seats))
        self.assertIn("context(s) astctidemo, digits, and none is an enabled service", text)

    def test_no_seat(self) -> None:
        """A phone answered that belongs to no seat."""
        text = self.explain("service-answered", Configuration(services=CONFIGURATION.services))
        self.assertIn("connected with PJSIP/201, and no enabled seat has that phone", text)


class Files(SynchronousTestCase):
    """What can be wrong with a recording."""

    def test_missing(self) -> None:
        """A file that is not there is named."""
        with self.assertRaises(UserError) as caught:
            list(Recording(Path("nowhere.ami")).chunks())
        self.assertIn("nowhere.ami", str(caught.exception))

    def test_without_times(self) -> None:
        """A bare recording plays as well."""
        path = Path(self.mktemp() + ".ami")
        path.write_bytes((HERE / "22" / "service-answered.ami").read_bytes())
        self.assertEqual(sum(n.pop for n in Playback(CONFIGURATION).play(Recording(path))), 1)

    def test_bad_times(self) -> None:
        """A broken side file is refused by line."""
        path = Path(self.mktemp() + ".ami")
        path.write_bytes(b"Asterisk Call Manager/5.0.4\r\n")
        path.with_suffix(".times").write_text("# comment\n0.0 zero\n")
        with self.assertRaises(UserError) as caught:
            list(Recording(path).chunks())
        self.assertIn(".times:2", str(caught.exception))
