"""What the administrator can ask the running server."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from astcti.errors import UserError
from astcti.services.commands import ControlCommands
from astcti.services.lockout import Lockout


class Board:
    """A status."""

    def status(self) -> dict[str, Any]:
        return {"version": "1"}


class Link:
    """A link that can be asked to try again."""

    up = False
    tries = 0

    def retry(self) -> None:
        self.tries += 1


class CommandTests(SynchronousTestCase):
    """The table of commands."""

    def setUp(self) -> None:
        self.clock, self.link, self.lockout = Clock(), Link(), Lockout()
        self.table = ControlCommands(self.clock, Board(), self.link, self.lockout, None).table()  # type: ignore[arg-type]

    def ask(self, command: str, **details: Any) -> Any:
        """The answer to a request."""
        return self.table[command]({"command": command, **details})

    def test_status(self) -> None:
        """Status is the board's."""
        self.assertEqual(self.ask("status"), {"version": "1"})

    def test_reload_without_a_file(self) -> None:
        """A server whose configuration comes from no file says that it cannot reload."""
        self.assertRaisesRegex(UserError, "comes from no file", self.ask, "reload")

    def test_lockouts(self) -> None:
        """Who is locked out is listed, the longest first, and can be let in again."""
        for user, failures in (("anna", 5), ("bruno", 10)):
            for _ in range(failures):
                self.lockout.failed(user, "192.0.2.1", 0)
        self.assertEqual(
            self.ask("lockouts"),
            [{"user": "bruno", "address": "192.0.2.1", "seconds": 120},
             {"user": "anna", "address": "192.0.2.1", "seconds": 60}],
        )  # fmt: skip
        self.assertRaisesRegex(UserError, "say whom", self.ask, "unlock")
        self.assertEqual(self.ask("unlock", user="bruno"), 2)
        self.assertEqual([lock["user"] for lock in self.ask("lockouts")], ["anna"])

    def test_retry(self) -> None:
        """The PBX is tried again when asked for, unless it is there."""
        self.assertEqual((self.ask("ami-retry"), self.link.tries), ("trying to reach the PBX", 1))
        self.link.up = True
        self.assertRaisesRegex(UserError, "there already", self.ask, "ami-retry")
        self.assertNotIsInstance(self.ask("status"), Deferred)
