"""The simulated PBX answers actions word for word as real ones were recorded to."""

from __future__ import annotations

import re
from collections.abc import Collection
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from tests.simulator.company import ANSWERS, RECORDINGS, Company, Message, first, messages

#: Headers whose values are of the day or of the machine.
VOLATILE = {
    "Timestamp", "Challenge", "LoginTime", "LastPause", "CoreStartupDate", "CoreStartupTime", "CoreReloadDate",
    "CoreReloadTime", "CoreCurrentCalls", "CoreProcessedCalls", "AsteriskVersion", "CoreHTTPenabled", "Holdtime",
    "TalkTime", "HoldTime", "Completed", "Abandoned", "CallsTaken", "LastCall", "ServicelevelPerf", "ServicelevelPerf2",
}  # fmt: skip


def conversation(path: Path, asterisk: int) -> tuple[dict[str, list[Message]], ...]:
    """What was recorded and what the simulated PBX answers to the same bytes: ActionID to messages."""
    client = Company(asterisk).client(login=False)
    ours = client.send(path.with_suffix(".sent").read_text())
    client.company.run(5)
    ours += client.read()
    return tuple(_by_action(found) for found in (messages(path.read_bytes()), ours))


def _by_action(found: list[Message]) -> dict[str, list[Message]]:
    """Answers and list events by ActionID, what is volatile blotted out; members of a queue in order of their names."""
    result: dict[str, list[Message]] = {}
    for message in found:
        action_id = first(message, "ActionID")
        if action_id and first(message, "Event") not in ("UserEvent", "OriginateResponse"):
            plain = [(name, "*" if name in VOLATILE else value) for name, value in message]
            result.setdefault(action_id, []).append(plain)
    for answers in result.values():
        answers[1:-1] = sorted(answers[1:-1])
    return result


class AnswerTests(SynchronousTestCase):
    """Scripts written against a real PBX work against ours."""

    def check(self, path: Path, asterisk: int, without: str = "$^", skip: Collection[str] = ()) -> None:
        """Compare all answers but those to actions that the simulated PBX does not know."""
        unknown = {action_id for name, action_id in _sent(path) if re.fullmatch(without, name)}
        real, ours = conversation(path, asterisk)
        for action_id, expected in real.items():
            if action_id not in unknown and action_id not in skip:
                self.assertEqual(ours.get(action_id), expected, f"{path.name} {action_id}")

    def both(self, name: str, without: str = "$^") -> None:
        """Compare a recording of 16 and the one of 22."""
        for asterisk in (16, 22):
            self.check(RECORDINGS / str(asterisk) / f"{name}.ami", asterisk, without)

    def test_odd_actions(self) -> None:
        """Missing, wrong and odd headers give the same words."""
        for asterisk in (16, 22):
            self.check(ANSWERS / f"{asterisk}.ami", asterisk, skip={"a67", "a68"})  # they need Local channels

    def test_queue_membership(self) -> None:
        """Joining, leaving and pausing are answered with the same words, and the same members are there after it."""
        self.both("queue-membership")

    def test_logins(self) -> None:
        """Right and wrong secrets, challenges, and users from the wrong address hear the same."""
        for name in ("md5", "wrong-secret", "unknown-user", "forbidden-address", "actions-before", "events-off"):
            self.both(f"ami-login-{name}", without="Login|Logoff" if name == "md5" else "$^")

    def test_permissions(self) -> None:
        """Users with fewer rights are refused the same actions; odd spellings and too long lines are treated alike."""
        self.both("ami-permissions", without="ListCommands|Hangup")
        self.both("ami-permissions-onlycall", without="QueueStatus")
        self.both("ami-permissions-nothing")

    def test_originate_refused(self) -> None:
        """What cannot be originated is refused with the same words."""
        self.both("originate-async-bad")


def _sent(path: Path) -> list[tuple[str, str]]:
    return re.findall(r"Action: ?(\w+)\r?\nActionID: ?(\S+)", path.with_suffix(".sent").read_text())
