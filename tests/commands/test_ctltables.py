"""Answers of the server as tables for people."""

from __future__ import annotations

import time
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from astcti.commands import ctltables as tables

HOSTILE = "\x1b[2J\nMario\u202eoiraM"

ACTION: dict[str, Any] = {
    "id": "7-6e1bb5a9a6fbd3f9", "type": "BROWSER", "call": "1.1", "caller": "0551", "service": "sales",
    "moment": "LINK", "operator": "anna", "seat": "seat 1", "phone": "PJSIP/201", "peer": "192.0.2.1",
    "place": "client", "reports": True, "queued": 0.0, "sent": 0.0, "started": 0.0, "ended": 0.0, "status": "failed",
    "reason": "no browser", "times": 1, "replay_of": "", "configured": "7", "sent_milliseconds": 0.1,
    "milliseconds": 12.4,
}  # fmt: skip
CLIENT: dict[str, Any] = {
    "operator": "anna", "name": "Anna", "supervisor": False, "seat": 1, "phones": ["PJSIP/201"], "peer": "192.0.2.1",
    "secure": True, "system": "LINUX", "seconds": 61.0, "backlog": 0, "capabilities": [], "state": "paused",
    "reason": "lunch", "by": "self", "paused_queues": [],
}  # fmt: skip


class LayoutTests(SynchronousTestCase):
    """Columns."""

    def test_aligned(self) -> None:
        """Columns are aligned, also below wide characters; those that are empty everywhere are left out."""
        text = tables.table(("A", "B", "C"), [("日本", "", "1"), ("x", "", "22")])
        self.assertEqual(text, "A     C\n日本  1\nx     22\n")

    def test_cut(self) -> None:
        """What does not fit ends with an ellipsis, the longest first."""
        text = tables.table(("A", "B"), [("x" * 12, "y" * 100)], 40)
        self.assertEqual(text.splitlines()[1], f"{'x' * 12}  {'y' * 25}…")

    @given(st.lists(st.tuples(st.text(), st.text(), st.text(max_size=5)), max_size=5), st.integers(40, 200))
    def test_fits(self, rows: list[tuple[str, str, str]], width: int) -> None:
        """Whatever the cells are, each row is one line, fits, and has nothing that a terminal obeys."""
        text = tables.table(("ONE", "TWO", "THREE"), rows, width)
        lines = text.split("\n")
        self.assertEqual((len(lines), lines[-1]), (len(rows) + 2, ""))
        for line in lines:
            self.assertLessEqual(tables.width_of(line), width)
            self.assertFalse(any(ord(c) < 32 or ord(c) == 127 for c in line))


class AnswerTests(SynchronousTestCase):
    """One for each command."""

    def test_clients(self) -> None:
        """Who is there, where, and what they do; a long list says how many are left out."""
        nobody = {**CLIENT, "operator": "", "state": "", "reason": "", "name": "", "phones": [], "secure": False}
        text = tables.clients_text([CLIENT, nobody], limit=1)
        for part in ("anna", "paused (lunch)", "PJSIP/201", "192.0.2.1", "TLS", "00:01:01", "… and 1 more clients"):
            self.assertIn(part, text)
        self.assertIn("(not logged in)", tables.clients_text([CLIENT, nobody]))
        for reason, by, shown in (
            ("lunch", "supervisor", "paused (lunch, by supervisor)"), ("", "pbx", "paused (by pbx)"),
            ("lunch", "self", "paused (lunch)"),
        ):  # fmt: skip
            self.assertIn(shown, tables.clients_text([{**CLIENT, "state": "paused", "reason": reason, "by": by}]))
        self.assertIn("paused in a, b", tables.clients_text([{**CLIENT, "reason": "", "paused_queues": ["a", "b"]}]))
        self.assertEqual(tables.clients_text([]), "nobody is connected\n")

    def test_actions(self) -> None:
        """What became of actions, with why, and what there is in all."""
        text = tables.actions_text({"actions": [ACTION], "total": 3, "tally": {"failed": 1, "ok": 2}})
        for part in ("failed", "anna", "browser", "12 ms", "0551", ACTION["id"], "no browser", "2 more actions",
                     "remembered: failed: 1, ok: 2"):  # fmt: skip
            self.assertIn(part, text)
        again = {**ACTION, "times": 2, "place": "server", "milliseconds": None}
        self.assertRegex(tables.actions_text({"actions": [again], "total": 1, "tally": {}}), r"failed x2 .*\(server\)")
        done = {**ACTION, "status": "ok", "reason": "3 ms"}
        self.assertNotIn("3 ms", tables.actions_text({"actions": [done], "total": 1, "tally": {}}))
        silent = {**ACTION, "status": "unreported", "milliseconds": 0.01}
        self.assertNotIn(" ms", tables.actions_text({"actions": [silent], "total": 1, "tally": {}}))
        self.assertEqual(tables.actions_text({"actions": [], "total": 0, "tally": {}}), "no such actions\n")

    def test_hostile_names(self) -> None:
        """Nothing that a caller or a client made up drives the administrator's terminal."""
        shown = [
            tables.actions_text(
                {"actions": [{**ACTION, "caller": HOSTILE, "reason": HOSTILE}], "total": 1, "tally": {}}
            ),
            tables.clients_text([{**CLIENT, "name": HOSTILE}]),
            tables.replay_text({**ACTION, "reason": HOSTILE}),
            tables.kick_text({"user": HOSTILE, "peer": ""}),
            tables.calls_text({"channels": [
                {"uniqueid": "1", "linkedid": "1", "channel": HOSTILE, "state": "Up", "bridge": "", "number": HOSTILE,
                 "service": "", "queue": ""}
            ]}),
        ]  # fmt: skip
        for text in shown:
            self.assertNotIn("\x1b", text)
            self.assertNotIn("\u202e", text)
            self.assertIn("\\x1b[2J\\x0aMario", text)

    def test_queues_and_calls(self) -> None:
        """Queues with their figures, channels with their callers, or that there are none."""
        queue = {"queue": "q", "waiting": 2, "longest": 61, "members": 3, "available": 1, "busy": 1, "paused": 1}
        text = tables.queues_text([queue, {**queue, "queue": "r", "waiting": 0}])
        self.assertRegex(text, r"(?m)^q +2 +00:01:01 +3 +1 +1 +1$")
        self.assertRegex(text, r"(?m)^r +0 +- +3")
        self.assertEqual((tables.queues_text([]), tables.calls_text({"channels": []})), ("no queues\n", "no calls\n"))

    def test_outcomes_of_a_repetition(self) -> None:
        """What became of a repeated action is a sentence, whatever that was."""
        for status, said in (
            ("ok", "performed at anna"), ("unreported", "does not say"), ("sent", "has not said yet"),
            ("queued", "reads slowly"), ("started", "still about it"), ("lost", "lost at anna"),
        ):  # fmt: skip
            self.assertIn(said, tables.replay_text({**ACTION, "status": status}))

    def test_small_words(self) -> None:
        """What was done is said in a sentence."""
        paused = {"user": "anna", "paused": True, "queue": "sales"}
        self.assertEqual(tables.pause_text(paused), "anna is paused in sales now\n")
        self.assertEqual(tables.pause_text({**paused, "paused": False, "queue": ""}), "anna is not paused now\n")
        self.assertEqual(
            tables.text_text({"told": 1, "cannot": 2}), "shown to 1 operator; 2 clients cannot show messages\n"
        )
        self.assertIn("of astcti.ami is debug", tables.log_text({"level": "debug", "logger": "astcti.ami"}))
        self.assertEqual((tables.took(None), tables.took(3.4), tables.took(12_000.0)), ("", "3 ms", "12 s"))
        now = time.mktime((2026, 11, 26, 12, 0, 0, 0, 0, -1))
        self.assertEqual(tables.clock(now, now), "12:00:00")
        self.assertRegex(tables.clock(now, now + 86400), r"^2026-11-26 12:00:00$")
