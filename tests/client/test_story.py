"""The agent's story: one line for each thing that happens, for people and for programs."""

from __future__ import annotations

import json
import os
import time

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from astcti.client.happenings import (
    ActionDone,
    Answered,
    CallEvent,
    Happening,
    LoggedIn,
    Lost,
    QueueChanged,
    Rejected,
    ServerEvent,
)
from astcti.client.story import json_of, line_of
from astcti.model.actions import Outcome, RenderedAction
from astcti.model.notices import CallView
from tests.actions.hostile_names import HOSTILE_NAMES

WHEN = 1371630006.25  # 2013-06-19 08:20:06.25 UTC
CALL = CallView(
    uniqueid="1.1",
    channel="PJSIP/trunk-00000008",
    number="0123",
    name="Jane Doe",
    context="astctidemo",
    variables=(("calldata", "12345"), ("vip", "")),
    state="Up",
    queue="astcti",
    service="demo",
)
PAGE = RenderedAction("7", "BROWSER", "", "https://crm.example/?c=0123")


def everything(text: str) -> list[Happening]:
    """One of each happening, with this text wherever a stranger could put it."""
    call = CallView(text, text, text, text, text, ((text, text),), text, queue=text, service=text, reason_text=text)
    action = RenderedAction(text, text, text, text, text, (text,))
    return [
        CallEvent(text, call, (action,)),
        ActionDone(call, action),
        ActionDone(call, action, Outcome("failed", text)),
        LoggedIn("h:1", text, (text,)),
        Rejected("h:1", text),
        Lost("h:1", text, 2),
        QueueChanged(text, True),
        ServerEvent(text, "x", text, {text: text}),
        Answered(text, False, text),
    ]


class LineTests(SynchronousTestCase):
    """Lines for people."""

    def setUp(self) -> None:
        before = os.environ.get("TZ")
        os.environ["TZ"] = "UTC"
        time.tzset()

        def restore() -> None:
            os.environ.pop("TZ", None) if before is None else os.environ.__setitem__("TZ", before)
            time.tzset()

        self.addCleanup(restore)

    def test_lines(self) -> None:
        """Time, what, who and where stand below each other."""
        story = [
            LoggedIn("cti.example:5000", "oper1", ("PJSIP/201", "PJSIP/251"), secure=True, compression=7),
            QueueChanged("astcti", True),
            CallEvent("Callerid", CALL),
            CallEvent("Link", CALL, (PAGE, PAGE)),
            ActionDone(CALL, PAGE, Outcome("ok", "", 12.4)),
            ActionDone(CALL, PAGE, Outcome("failed", "no browser was found here", 1)),
            ActionDone(CALL, PAGE),
            CallEvent("Hangup", CallView("1.1", "PJSIP/201-1", reason_code=16, reason_text="Normal Clearing")),
            Lost("cti.example:5000", "the server closed the connection.", 2),
            Rejected("cti.example:5000", "wrong user name or password"),
            ServerEvent("Pbx", "pbx", "", {"state": "down"}),
            Answered("pause lunch", True, "asked for"),
            Answered("ready", False, "paused; PAUSE OUT ends that", 903),
        ]
        self.assertEqual([line_of(happening, WHEN) for happening in story], [
            "08:20:06  logged in          oper1 at PJSIP/201 PJSIP/251  cti.example:5000  TLS  compressed",
            "08:20:06  queue              astcti joined",
            "08:20:06  Callerid           0123 Jane Doe             demo (astcti)               PJSIP/trunk-00000008"
            "  calldata=12345  Up",
            "08:20:06  Link               0123 Jane Doe             demo (astcti)               PJSIP/trunk-00000008"
            "  calldata=12345  Up  2 actions",
            "08:20:06    ok               BROWSER https://crm.example/?c=0123  12 ms",
            "08:20:06    failed           BROWSER https://crm.example/?c=0123  1 ms  (no browser was found here)",
            "08:20:06    would do         BROWSER https://crm.example/?c=0123",
            "08:20:06  Hangup             (unknown)                                             PJSIP/201-1"
            "  Normal Clearing",
            "08:20:06  not connected      cti.example:5000: the server closed the connection; trying again in 2 s",
            "08:20:06  refused            cti.example:5000: wrong user name or password",
            "08:20:06  Pbx                state=down",
            "08:20:06  > pause            lunch  asked for",
            "08:20:06  > ready            refused: paused; PAUSE OUT ends that",
        ])  # fmt: skip

    @given(st.sampled_from(sorted(HOSTILE_NAMES.values())) | st.text(max_size=30))
    def test_nothing_drives_the_terminal(self, name: str) -> None:
        """Whatever a caller, or a strange server, sends: one line of visible characters."""
        for happening in everything(name):
            line = line_of(happening, WHEN)
            self.assertEqual(len(line.splitlines()), 1)
            self.assertFalse([c for c in line if ord(c) < 0x20 or 0x7F <= ord(c) < 0xA0 or c == "\u202e"])
            line.encode()


class JSONTests(SynchronousTestCase):
    """Lines for programs."""

    def test_call(self) -> None:
        """An event has the call's fields, its variables as an object, and the actions."""
        self.assertEqual(json.loads(json_of(CallEvent("Link", CALL, (PAGE,)), WHEN)), {
            "time": "2013-06-19T08:20:06.250Z", "event": "Link",
            "call": {"uniqueid": "1.1", "channel": "PJSIP/trunk-00000008", "callerid": "0123",
                     "calleridname": "Jane Doe", "context": "astctidemo",
                     "variables": {"calldata": "12345", "vip": ""}, "state": "Up",
                     "queue": "astcti", "service": "demo"},
            "actions": [{"id": "7", "type": "BROWSER", "parameters": "https://crm.example/?c=0123"}],
        })  # fmt: skip

    def test_actions(self) -> None:
        """What became of an action, or would have."""
        done = json.loads(json_of(ActionDone(CALL, PAGE, Outcome("failed", "why", 1.5)), WHEN))
        self.assertEqual((done["event"], done["uniqueid"], done["id"]), ("action", "1.1", "7"))
        self.assertEqual((done["status"], done["reason"], done["milliseconds"]), ("failed", "why", 1.5))
        self.assertEqual(json.loads(json_of(ActionDone(CALL, PAGE), WHEN))["status"], "dry-run")

    def test_connection(self) -> None:
        """Logging in, losing the connection, being refused, and queues."""
        events = [LoggedIn("h:1", "oper1", ("SIP/201",)), Lost("h:1", "gone", 2), Rejected("h:1", "no"),
                  QueueChanged("q", False), ServerEvent("Pbx", "pbx", "", {"state": "up"})]  # fmt: skip
        told = [json.loads(json_of(event, WHEN)) for event in events]
        self.assertEqual([t["event"] for t in told], ["login", "disconnected", "refused", "queue", "Pbx"])
        self.assertEqual((told[0]["seat"], told[1]["retry_seconds"], told[3]["member"]), (["SIP/201"], 2, False))

    @given(st.sampled_from(sorted(HOSTILE_NAMES.values())))
    def test_one_line_of_ascii(self, name: str) -> None:
        """Whatever a caller is called, each object is one line that any program can read."""
        for happening in everything(name):
            line = json_of(happening, WHEN)
            self.assertTrue(line.isascii() and line.isprintable())
            self.assertIsInstance(json.loads(line), dict)
