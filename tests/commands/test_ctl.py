"""astcti ctl: what it prints, and what it says when it cannot."""

from __future__ import annotations

import io
import json
import os
import sys
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from astcti.client.printable import printable
from astcti.commands import ctl
from astcti.commands.statustext import duration, lockouts_text, moment, plural, reload_text, status_text
from astcti.errors import UserError

STATUS: dict[str, Any] = {
    "version": "26.11.0",
    "pid": 4711,
    "uptime": 266_706.9,
    "pbx": {"state": "up", "up": True, "address": "pbx:5038", "since": 61.0, "reconnections": 2, "banner": "ACM/11"},
    "calls": {"channels": 1, "bridges": 0, "waiting": 3},
    "clients": {"listening": ["tcp 0.0.0.0 port 5000"], "connected": 1234, "logged_in": 2, "seated": 1, "waiting": 0},
    "configuration": {
        "state": "rejected", "timestamp": 0, "operators": 1, "seats": 2, "services": 0, "actions": 1,
        "path": "/etc/a.xml", "loaded_at": 0, "load_seconds": 0.5, "warnings": ["one"], "rejected_path": "/etc/b.xml",
        "rejected_at": 0, "errors": ["/etc/b.xml:1: nonsense"], "trouble": "", "complaint": "disk full",
    },
    "counters": {
        "events": {"events": 7, "skipped": 3, "used": 5, "faults": 1, "dropped": 0}, "notices": 3, "withheld": 1,
        "pops": 2, "logins": 1, "faults": 0, "refused": {"911": 2}, "actions": {"ok": 3, "failed": 0},
        "protocol": {"dropped": 9},
    },
}  # fmt: skip


class TextTests(SynchronousTestCase):
    """Answers for people."""

    def test_status(self) -> None:
        """The status is aligned, complete, and without what is not there."""
        text = status_text(STATUS)
        for part in (
            "astcti         26.11.0, pid 4711, up 3 d 02:05:06\n",
            "PBX            up for 00:01:01, pbx:5038 (ACM/11)\n               came back 2 times\n",
            "calls          1 channel, 0 bridges, 3 waiting in queues\n",
            "clients        1,234 connected, 2 logged in, 1 at a seat\n",
            "rejected       /etc/b.xml, none\n               - /etc/b.xml:1: nonsense\n",
            "events         10 in, 3 skipped, 5 used\n",
            "notices        3 sent, 1 withheld, 9 dropped for slow clients\n",
            "actions here   ok: 3\n",
            "refused        wrong credentials: 2\n",
            "our faults     1 (see the log)\n",
            "complaint      disk full\n",
        ):
            self.assertIn(part, text)
        self.assertNotIn("trouble", text)

    def test_status_while_the_pbx_is_away(self) -> None:
        """Without a PBX the status says since when, and that nobody can connect."""
        pbx = {**STATUS["pbx"], "state": "waiting", "up": False, "banner": ""}
        clients = {**STATUS["clients"], "listening": []}
        text = status_text({**STATUS, "pbx": pbx, "clients": clients})
        self.assertIn("PBX            waiting, lost 00:01:01 ago, pbx:5038\n", text)
        self.assertIn("listening on nothing", text)
        self.assertNotIn("trouble", text)
        self.assertIn("PBX            waiting, pbx:5038", status_text({**STATUS, "pbx": {**pbx, "since": None}}))

    def test_not_written(self) -> None:
        """Files that cannot be written are named with the reason, and only they."""
        self.assertNotIn("not written", status_text(STATUS))
        well = {"file": "/s/actions.sqlite", "waiting": 3, "dropped": 0, "failing": ""}
        ill = {"file": "/s/journal.sqlite", "waiting": 2, "dropped": 0, "failing": "disk is full"}
        text = status_text({**STATUS, "stores": {"journal": ill, "actions": well}})
        self.assertIn("not written    /s/journal.sqlite: disk is full, 2 statements waiting\n", text)
        self.assertNotIn("actions.sqlite", text)
        text = status_text({**STATUS, "stores": {"actions": {**well, "dropped": 1}}})
        self.assertIn("not written    /s/actions.sqlite: 1 statement dropped\n", text)

    def test_port_taken(self) -> None:
        """Clients that are to come in elsewhere and cannot are a trouble that is shown."""
        clients = {**STATUS["clients"], "trouble": "cannot listen for clients at tcp:5001: Address already in use"}
        self.assertIn("cannot listen for clients at tcp:5001", status_text({**STATUS, "clients": clients}))

    def test_reload(self) -> None:
        """A reload says what became of it, with every reason."""
        said = {"state": "rejected", "timestamp": 0, "loaded_at": 0, "errors": ["a", "b"], "warnings": ["c"],
                "trouble": "gone"}  # fmt: skip
        lines = reload_text(said).splitlines()
        self.assertIn("rejected", lines[0])
        self.assertEqual([line.strip() for line in lines[1:]], ["- a", "- b", "- warning: c", "trouble        gone"])

    def test_small_words(self) -> None:
        """Durations, times, numbers and lists read as people write them."""
        self.assertEqual((duration(59), duration(86400)), ("00:00:59", "1 d 00:00:00"))
        self.assertEqual((plural(1, "call"), plural(1000, "call")), ("1 call", "1,000 calls"))
        self.assertRegex(moment(1_795_000_000), r"^2026-11-1\d \d\d:\d\d:\d\d$")
        self.assertEqual(lockouts_text([]), "nobody has to wait\n")
        self.assertIn("(everybody)", lockouts_text([{"user": "", "address": "192.0.2.1", "seconds": 5}]))

    def test_hostile_texts(self) -> None:
        """Nothing drives the terminal: no user name that anybody tried, no row of a data base, no banner of a PBX."""
        evil = "\x1b]0;x\x07\n\x9b2J\u202e"
        locks = lockouts_text([{"user": evil, "address": "192.0.2.1", "seconds": 5}])
        told = {"state": "rejected", "timestamp": 0, "loaded_at": 0, "errors": [evil], "warnings": [evil],
                "trouble": evil}  # fmt: skip
        configuration = {**STATUS["configuration"], **told, "path": evil, "rejected_path": evil, "complaint": evil}
        status = {**STATUS, "configuration": configuration, "pbx": {**STATUS["pbx"], "banner": evil}}
        for text, lines in (
            (locks, 1),
            (reload_text(told), 4),
            (status_text(status), len(status_text(STATUS).split("\n"))),
        ):
            self.assertEqual(text.replace("\n", ""), printable(text.replace("\n", ""), len(text)))
            self.assertIn(r"\x1b]0;x\x07\x0a\x9b2J\u202e", text)
            self.assertEqual(len(text.splitlines()), lines)


class CommandTests(SynchronousTestCase):
    """The command itself."""

    def setUp(self) -> None:
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.answer: Any = STATUS

    def run_ctl(self, *words: str) -> tuple[int, str, str]:
        """Exit code, standard output, standard error."""

        def ask(path: object, request: dict[str, Any], seconds: float) -> Any:
            self.asked.append((str(path), request))
            if isinstance(self.answer, Exception):
                raise self.answer
            return self.answer

        out, err = io.StringIO(), io.StringIO()
        self.patch(ctl, "ask", ask)
        self.patch(sys, "stdout", out)
        self.patch(sys, "stderr", err)
        return ctl.main(words), out.getvalue(), err.getvalue()

    def test_status(self) -> None:
        """The answer is printed for people, or with --json as it came."""
        code, out, _ = self.run_ctl("--socket=/run/a.sock", "status")
        self.assertEqual((code, out), (0, status_text(STATUS)))
        self.assertEqual(self.asked, [("/run/a.sock", {"command": "status"})])
        code, out, _ = self.run_ctl("--socket=/run/a.sock", "--json", "status")
        self.assertEqual(json.loads(out), STATUS)

    def test_hostile_json(self) -> None:
        """JSON is not obeyed either, and means the same."""
        self.answer = ["\x1b[2J\x7f\x9b2J\u202e\ud800", "Jürgen \U0001f600"]
        _, out, _ = self.run_ctl("-s", "/s", "--json", "clients")
        self.assertEqual(json.loads(out), self.answer)
        self.assertEqual([c for c in out if not (c.isprintable() or c == "\n")], [])
        self.assertIn("Jürgen \U0001f600", out)

    def test_many_actions(self) -> None:
        """A long list of actions is asked for in pieces, and is one list."""
        ids = [f"7-{number}" for number in range(10, 0, -1)]
        asked: list[dict[str, Any]] = []

        def ask(path: object, request: dict[str, Any], seconds: float) -> Any:
            asked.append(request)
            first = ids.index(request["before"]) + 1 if "before" in request else 0
            page = ids[first : first + min(4, request["limit"] or 4)]
            return {"actions": [{"id": id} for id in page], "total": 10, "tally": {"ok": 10}}

        for limit, found in (("0", ids), ("9", ids[:9]), ("8", ids[:8]), ("3", ids[:3])):
            out = io.StringIO()
            self.patch(ctl, "ask", ask)
            self.patch(sys, "stdout", out)
            self.assertEqual(ctl.main(["-s", "/s", "--json", "actions", "--limit", limit]), 0)
            answer = json.loads(out.getvalue())
            self.assertEqual(([action["id"] for action in answer["actions"]], answer["total"]), (found, 10))
        self.assertEqual([request["limit"] for request in asked], [0, 0, 0, 9, 5, 1, 8, 4, 3])

    def test_unlock(self) -> None:
        """Options of a command travel with it."""
        self.answer = 1
        self.assertEqual(self.run_ctl("-s", "/s", "unlock", "--user", "anna"), (0, "they may try again at once\n", ""))
        self.answer = 0
        self.assertEqual(self.run_ctl("-s", "/s", "unlock", "--user", "bo")[1], "nothing was held against them\n")
        self.assertEqual(self.asked[0], ("/s", {"command": "unlock", "user": "anna"}))

    def test_words_and_options(self) -> None:
        """Words and options may come in any order; those of a sentence are its own."""
        self.patch(os, "environ", {"SUDO_USER": "chief", "LOGNAME": "root"})
        self.answer = {"user": "anna", "paused": True, "queue": ""}
        for words in (
            ("pause", "anna", "--reason", "-x y"),
            ("pause", "-r", "-x y", "anna"),
            ("pause", "anna", "-r-x y"),
        ):
            code, out, err = self.run_ctl("-s", "/s", *words)
            self.assertEqual((code, out, err), (0, "anna is paused now\n", ""))
            self.assertEqual(self.asked[-1][1], {"command": "pause", "user": "anna", "reason": "-x y", "who": "chief"})
        del os.environ["SUDO_USER"]
        self.run_ctl("-s", "/s", "unpause", "anna")
        self.assertEqual(self.asked[-1][1], {"command": "unpause", "user": "anna", "who": "root"})
        self.answer = {"told": 3, "cannot": 0}
        self.run_ctl("-s", "/s", "text", "all", "back", "in", "-5", "minutes")
        self.assertEqual(self.asked[-1][1], {"command": "text", "user": "all", "text": "back in -5 minutes"})
        self.answer = {"actions": [], "total": 0, "tally": {}}
        self.run_ctl("-s", "/s", "actions", "--failed", "--agent", "anna", "--limit=0")
        self.assertEqual(self.asked[-1][1], {"command": "actions", "failed": 1, "agent": "anna", "limit": 0})
        code, out, _ = self.run_ctl("-s", "/s", "actions", "--json")
        self.assertEqual(json.loads(out), self.answer)
        self.answer = []
        self.assertEqual(self.run_ctl("-s", "/s", "clients", "-l", "1")[1], "nobody is connected\n")
        self.assertEqual(self.asked[-1][1], {"command": "clients"})

    def test_words_that_are_missing(self) -> None:
        """What a command takes is said when it is not given; nothing is asked."""
        for words, said in (
            (("kick",), "kick takes USER"), (("pause", "anna", "bruno"), "pause takes USER"),
            (("pause", "anna", "--reson=x"), "--reson"), (("replay",), "replay takes ID"),
            (("actions", "--limit", "many"), "--limit is a number"), (("status", "now"), "more words"),
        ):  # fmt: skip
            code, _, err = self.run_ctl("-s", "/s", *words)
            self.assertEqual(code, 2, words)
            self.assertIn(said, err)
        self.assertEqual(self.asked, [])

    def test_a_repetition_that_fails(self) -> None:
        """A script can tell whether the repeated action was performed."""
        for status, code in (("ok", 0), ("sent", 0), ("failed", 1), ("lost", 1)):
            self.answer = {"id": "7-a-r1", "operator": "anna", "phone": "SIP/1", "status": status, "reason": ""}
            self.assertEqual(self.run_ctl("-s", "/s", "replay", "7-a")[0], code, status)

    def test_no(self) -> None:
        """A server that says no, or is not there, is an error with its sentence."""
        self.answer = UserError("no server is running here")
        self.assertEqual(self.run_ctl("-s", "/s", "status"), (1, "", "astcti ctl: no server is running here\n"))

    def test_asked_wrongly(self) -> None:
        """A command that does not exist, or none, is explained."""
        for words, said, help in (
            ((), "say what: status, ", "ctl"), (("dance",), "dance", "ctl"),
            (("--frobnicate", "status"), "--frob", "ctl"), (("pause",), "pause takes USER", "ctl pause"),
        ):  # fmt: skip
            code, _, err = self.run_ctl(*words)
            self.assertEqual(code, 2, words)
            self.assertIn(said, err.splitlines()[0])
            self.assertEqual(err.splitlines()[1:], [f"Try astcti {help} --help."])
        code, _, err = self.run_ctl("--config=/nowhere.xml", "status")
        self.assertEqual(code, 1)
        self.assertIn("--socket", err)
