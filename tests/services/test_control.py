"""The administrator's local socket."""

from __future__ import annotations

import json
import os
import socket
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from twisted.internet import reactor
from twisted.internet.defer import Deferred, succeed
from twisted.internet.threads import deferToThread
from twisted.test.proto_helpers import StringTransport
from twisted.trial.unittest import SynchronousTestCase, TestCase

from astcti.errors import UserError
from astcti.services.control import ControlProtocol, ControlService, ask, is_answered
from tests.services.fakes import scratch


def no(request: Mapping[str, Any]) -> Any:
    """Says no."""
    raise UserError("not today")


def broken(request: Mapping[str, Any]) -> Any:
    """A bug."""
    raise ValueError("oops")


COMMANDS = {"echo": lambda request: succeed(request["text"]), "no": no, "broken": broken}


class ProtocolTests(SynchronousTestCase):
    """Requests and answers."""

    def answer(self, line: bytes) -> dict[str, Any]:
        """What a line is answered."""
        protocol, transport = ControlProtocol(COMMANDS), StringTransport()
        protocol.makeConnection(transport)
        protocol.dataReceived(line + b"\n")
        answer: dict[str, Any] = json.loads(transport.value())
        return answer

    def test_answers(self) -> None:
        """A request is answered with what its command says, be it no."""
        self.assertEqual(self.answer(b'{"command": "echo", "text": "hi"}'), {"ok": True, "result": "hi"})
        self.assertEqual(self.answer(b'{"command": "no"}'), {"ok": False, "error": "not today"})

    def test_nonsense(self) -> None:
        """What is no request is answered with a sentence."""
        for line in (b"", b"status", b"[]", b'{"command": "shutdown"}', b"\xff", b"{}"):
            self.assertFalse(self.answer(line)["ok"], line)
        self.assertIn("broken, echo, no", self.answer(b"{}")["error"])

    def test_halves(self) -> None:
        """Half of a surrogate pair, which JSON can say and UTF-8 cannot, is answered like all else."""
        self.assertEqual(self.answer(b'{"command": "echo", "text": "\\ud800"}'), {"ok": True, "result": "\ud800"})

    def test_bugs(self) -> None:
        """A bug of ours is said to be one, and its traceback is in the log."""
        self.assertIn("oops", self.answer(b'{"command": "broken"}')["error"])
        self.assertEqual(len(self.flushLoggedErrors(ValueError)), 1)


class SocketTests(TestCase):
    """The socket itself."""

    def setUp(self) -> None:
        self.path = scratch(self) / "state" / "astcti.sock"

    def service(self) -> ControlService:
        """A service that is stopped at the end of the test."""
        service = ControlService(reactor, self.path, COMMANDS)
        service.startService()
        self.addCleanup(service.stopService)
        return service

    async def test_ask(self) -> None:
        """The command asks the server over a socket that is for its user only."""
        self.service()
        self.assertEqual(stat.S_IMODE(os.stat(self.path).st_mode), 0o600)
        self.assertEqual(await deferToThread(ask, self.path, {"command": "echo", "text": "ü"}), "ü")
        with self.assertRaisesRegex(UserError, "not today"):
            await deferToThread(ask, self.path, {"command": "no"})

    async def test_nobody_there(self) -> None:
        """Without a server the command says so in a sentence; afterwards nothing is left of the socket."""
        self.assertFalse(is_answered(self.path))
        self.assertRaisesRegex(UserError, "no server answers at .*; is it running", ask, self.path, {})
        service = ControlService(reactor, self.path, COMMANDS)
        service.startService()
        stopped = service.stopService()
        assert isinstance(stopped, Deferred)
        await stopped
        self.assertEqual(list(self.path.parent.iterdir()), [])

    def test_second_server(self) -> None:
        """A second server in the same place is refused."""
        self.service()
        self.assertRaisesRegex(UserError, "another astcti runs already", self.service)

    def test_leftovers(self) -> None:
        """The socket of a server that was killed does not keep the next one from starting, whoever has its pid now."""
        self.path.parent.mkdir()
        dead = socket.socket(socket.AF_UNIX)
        dead.bind(str(self.path))
        dead.close()
        os.symlink(str(os.getppid()), f"{self.path}.lock")
        self.service()

    def test_long_path(self) -> None:
        """A path that no socket can have is named as such."""
        path = Path("/tmp") / ("x" * 120) / "astcti.sock"
        self.assertRaisesRegex(UserError, "too long", ControlService(reactor, path, COMMANDS).startService)
