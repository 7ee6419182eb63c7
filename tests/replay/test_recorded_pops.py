"""Every recorded conversation pops the screens its description promises, and no others."""

from __future__ import annotations

import random
from itertools import pairwise
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from astcti.ami.message import Message
from tests.recordings.expected import EXPECTED_1_4, HERE, OUTBOUND, expected_pops, recordings
from tests.recordings.playing import OLD_SERVICES, OUTGOING, SERVICES, Play, play

#: Conversations in which a lot happens, for the tests that try many variants of one.
BUSY = [HERE / v / f"{n}.ami" for v in ("16", "22") for n in (
    "queue-ringall", "service-two-callers", "transfer-attended-feature", "park-and-retrieve", "transfer-attended-refer",
)]  # fmt: skip

#: Events that a PBX may send twice, or earlier or later than its neighbours, without anything being different.
HARMLESS = frozenset(
    {"VarSet", "Newstate", "NewCallerid", "QueueMemberPause", "AgentCalled", "DialEnd", "AgentComplete"}
)


class RecordedPops(SynchronousTestCase):
    """The pops of all 180 recordings of Asterisk 16 and 22."""

    def test_there_are_recordings(self) -> None:
        """The recordings are where the tests look for them."""
        self.assertEqual(len(recordings()), 180)

    def test_every_recording(self) -> None:
        """Every promised pop comes, at the right phone, with number and digits; nothing pops elsewhere."""
        for path in recordings():
            for filtered in (True, False):
                with self.subTest(recording=f"{path.parent.name}/{path.name}", filtered=filtered):
                    self.assertEqual(play(path, filtered=filtered).pops, expected_pops(path))

    def test_nothing_is_left(self) -> None:
        """When all calls of a recording are over, nothing of them is kept."""
        for path in recordings():
            with self.subTest(recording=path.name):
                counters = play(path).tracker.counters
                kept = {k: counters[k] for k in ("channels", "bridges", "stubs", "waiting")}
                self.assertEqual(kept, dict.fromkeys(kept, 0))

    def test_every_story_ends(self) -> None:
        """Whatever a seat is told of a phone's leg, the last word is its Hangup, and a Link has its Unlink."""
        for path in recordings():
            with self.subTest(recording=path.name):
                played = play(path)
                phones = {n.seat for n in played.notices}
                for phone in phones:
                    told = [k for k in played.told(phone) if k not in {"Park", "Unpark"}]
                    self.assertEqual(told.count("Link"), told.count("Unlink"))
                    self.assertEqual(told.count("Newchannel"), told.count("Hangup"))
                    self.assertEqual(told[-1], "Hangup")

    def test_outbound(self) -> None:
        """Calls out pop at the phone that makes them once their context is an outbound service."""
        for path in recordings():
            if path.stem.removeprefix("sip-") in OUTBOUND:
                with self.subTest(recording=path.name):
                    self.assertEqual(play(path, services=(*SERVICES, OUTGOING)).pops, expected_pops(path, OUTBOUND))

    def test_outbound_service_changes_nothing_inbound(self) -> None:
        """With the agents' context as an outbound service, callers still pop at the same phones."""
        for path in BUSY:
            with self.subTest(recording=path.name):
                pops = play(path, services=(*SERVICES, OUTGOING)).pops
                inbound = [p for p in pops if p[1] not in {"200", "201", "202", "203", "204", "205"}]
                self.assertEqual(inbound, expected_pops(path))

    def test_nobody_sits_there(self) -> None:
        """Phones without anybody at their seat are told nothing at all."""
        for path in BUSY:
            self.assertEqual(play(path, phones=()).notices, [])

    def test_values(self) -> None:
        """Variables arrive as the dial plan set them: quotes, commas, equals signs, 2000 digits."""
        for version in ("16", "22"):
            (pop,) = [n for n in play(HERE / version / "odd-characters.ami").notices if n.pop]
            values = dict(pop.call.variables)
            self.assertEqual(pop.call.name, "Zoë Łukasz 日本 «ü»")
            self.assertEqual(values["customer"], 'Müller, Söhne & Co = "gut"')
            self.assertEqual(values["semicolon"], "a;b")
            self.assertEqual(values["eq"], r"a=b=c\,d")
            self.assertEqual(values["inherited"], "goes to the agent's channel")
            self.assertEqual(values["empty"], "")
            self.assertEqual(len(values["long"]), 2000)

    def test_direct_call(self) -> None:
        """An agent who answers a direct call hears its story in the documented order."""
        for version in ("16", "22"):
            played = play(HERE / version / "service-answered.ami")
            self.assertEqual(
                sorted(played.told("PJSIP/201")),
                sorted(["Newchannel", "Dial", "Callerid", "Newstate", "Newstate", "Link", "Unlink", "Hangup"]),
            )
            self.assertEqual(played.told("PJSIP/201")[-3:], ["Link", "Unlink", "Hangup"])
            self.assertNotIn("Link", played.told("PJSIP/202"))
            self.assertEqual(played.told("PJSIP/202")[-1], "Hangup")

    def test_queue_call(self) -> None:
        """An agent who answers a queue's call is not told of a Dial; who calls comes when the phone rings."""
        for version in ("16", "22"):
            played = play(HERE / version / "queue-answered.ami")
            self.assertEqual(
                played.told("PJSIP/201"),
                ["Newchannel", "Callerid", "Newstate", "Newstate", "Link", "Unlink", "Hangup"],
            )

    def test_parking(self) -> None:
        """The agent who parks a caller is told the space, once, and when the caller is fetched."""
        for version in ("16", "22"):
            played = play(HERE / version / "park-and-retrieve.ami")
            parks = [(n.seat, n.kind, n.call.exten) for n in played.notices if n.kind in {"Park", "Unpark"}]
            self.assertEqual(parks, [("PJSIP/201", "Park", "701"), ("PJSIP/201", "Unpark", "701")])


class OldPops(SynchronousTestCase):
    """The conversations of Asterisk 1.4."""

    def test_every_conversation(self) -> None:
        """The oldest dialect pops as the newest does, with its Link, Unlink and masquerades."""
        for name, pops in EXPECTED_1_4.items():
            with self.subTest(conversation=name):
                played = play(HERE / "1.4" / f"{name}.ami", services=OLD_SERVICES)
                self.assertEqual(played.pops, pops)
                self.assertEqual(played.tracker.counters["channels"], 0)

    def test_direct(self) -> None:
        """The reference story of a direct call."""
        played = play(HERE / "1.4" / "direct.ami", services=OLD_SERVICES, phones=["SIP/201"])
        self.assertEqual(
            played.told("SIP/201"),
            ["Newchannel", "Dial", "Callerid", "Newstate", "Newstate", "Link", "Unlink", "Hangup"],
        )

    def test_queue(self) -> None:
        """The reference story of a queue's call."""
        played = play(HERE / "1.4" / "queue.ami", services=OLD_SERVICES, phones=["SIP/201"])
        self.assertEqual(
            played.told("SIP/201"), ["Newchannel", "Callerid", "Newstate", "Newstate", "Link", "Unlink", "Hangup"]
        )

    def test_dtmf_does_not_end_a_call(self) -> None:
        """While keys are pressed 1.4 unlinks and links again: the agent notices nothing."""
        played = play(HERE / "1.4" / "direct-dtmf.ami", services=OLD_SERVICES, phones=["SIP/201"])
        self.assertEqual(played.told("SIP/201").count("Unlink"), 1)
        self.assertEqual(played.told("SIP/201").count("Link"), 1)


def _cut(data: bytes, places: list[int]) -> list[bytes]:
    ends = [0, *sorted(p % (len(data) + 1) for p in places), len(data)]
    return [data[a:b] for a, b in pairwise(ends)]


class Disturbed(SynchronousTestCase):
    """The same pops when the network or the PBX is less orderly."""

    @settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(st.sampled_from(BUSY), st.lists(st.integers(0, 1 << 20), max_size=60))
    def test_cut_anywhere(self, path: Path, places: list[int]) -> None:
        """Wherever the stream is cut into pieces, the same screens pop."""
        self.assertEqual(Play(_cut(path.read_bytes(), places)).pops, expected_pops(path))

    def test_byte_by_byte(self) -> None:
        """A PBX that dribbles single bytes pops the same screens."""
        path = BUSY[0]
        data = path.read_bytes()
        self.assertEqual(Play(data[i : i + 1] for i in range(len(data))).pops, expected_pops(path))

    @settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(st.sampled_from(BUSY), st.integers())
    def test_unknown_events_in_between(self, path: Path, seed: int) -> None:
        """Events nobody knows, mixed in anywhere, change nothing."""
        chance = random.Random(seed)
        strange = [
            Message(b"Event: Surprise\r\nUniqueid: 1.1\r\nChannel: PJSIP/201-00000001"),
            Message(b"Event: \r\nfoo"),
            Message(b"nonsense without a colon"),
            Message(b"Response: Success\r\nActionID: nobody"),
            Message(b"Event: BridgeEnter\r\nBridgeUniqueid: b\r\nUniqueid: 9.9\r\nChannel: PJSIP/elsewhere-00000009"),
        ]

        def mix(messages: list[Message]) -> list[Message]:
            return [x for m in messages for x in ((chance.choice(strange), m) if chance.random() < 0.3 else (m,))]

        self.assertEqual(Play([path.read_bytes()], change=mix).pops, expected_pops(path))

    @settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(st.sampled_from(recordings()), st.integers())
    def test_repeated_events(self, path: Path, seed: int) -> None:
        """Events that come twice in a row pop no screen twice."""
        chance = random.Random(seed)

        def repeat(messages: list[Message]) -> list[Message]:
            return [m for m in messages for _ in range(1 + (chance.random() < 0.3))]

        self.assertEqual(Play([path.read_bytes()], change=repeat).pops, expected_pops(path))

    @settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(st.sampled_from(recordings()), st.integers())
    def test_reordered_harmless_events(self, path: Path, seed: int) -> None:
        """Neighbouring events of which one is harmless may change places."""
        chance = random.Random(seed)

        def swap(messages: list[Message]) -> list[Message]:
            swapped = list(messages)
            for i in range(len(swapped) - 1):
                one, two = swapped[i], swapped[i + 1]
                apart = one.get("Uniqueid") != two.get("Uniqueid") and one.get("DestUniqueid") != two.get("Uniqueid")
                if apart and (one.event in HARMLESS or two.event in HARMLESS) and chance.random() < 0.3:
                    swapped[i], swapped[i + 1] = two, one
            return swapped

        self.assertEqual(Play([path.read_bytes()], change=swap).pops, expected_pops(path))

    @settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(st.sampled_from(recordings()), st.integers(0, 1 << 20), st.integers(0, 1 << 20))
    def test_joined_late_and_cut_short(self, path: Path, begin: int, end: int) -> None:
        """A conversation of which only a part is heard never pops what did not happen, and never fails."""

        def part(messages: list[Message]) -> list[Message]:
            a, b = sorted((begin % (len(messages) + 1), end % (len(messages) + 1)))
            return messages[a:b]

        played = Play([path.read_bytes()], change=part)
        promised = expected_pops(path)
        for seat, number, _digits, _queue in played.pops:
            self.assertIn((seat, number or promised[0][1]), [(p[0], p[1]) for p in promised])
