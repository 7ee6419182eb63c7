"""A local socket for the administrator: ``astcti ctl`` asks, one JSON object per line each way.

A request is ``{"command": "status"}``; the answer ``{"ok": true, "result": ...}`` or ``{"ok": false, "error": "why"}``.
Whoever may open the socket may ask: it belongs to the user the server runs as, mode 0600.
"""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from twisted.application.service import Service
from twisted.internet.defer import Deferred, maybeDeferred
from twisted.internet.error import CannotListenError
from twisted.internet.interfaces import IListeningPort
from twisted.internet.protocol import Factory
from twisted.logger import Logger
from twisted.protocols.basic import LineOnlyReceiver
from twisted.python.failure import Failure

from astcti.errors import UserError

SOCKET_NAME = "astcti.sock"
MAX_REQUEST = 16384  # bytes; a message of 500 characters may become twelve bytes for each
MAX_PATH = 107  # bytes of a socket's name on Linux

Command = Callable[[Mapping[str, Any]], Any]
"""Answers a request with something JSON can say, or a Deferred of it; raises :class:`UserError` to say no."""


class ControlProtocol(LineOnlyReceiver):
    """One administrator's connection."""

    delimiter = b"\n"
    MAX_LENGTH = MAX_REQUEST

    def __init__(self, commands: Mapping[str, Command]) -> None:
        self._commands = commands

    def lineReceived(self, line: bytes) -> None:
        """Answer a request."""
        maybeDeferred(self._answer, line).addCallbacks(self._done, self._failed)

    def _answer(self, line: bytes) -> Any:
        try:
            request = json.loads(line)
        except ValueError:
            raise UserError("this is not JSON") from None
        if not isinstance(request, dict):
            raise UserError("this is not a JSON object")
        command = self._commands.get(str(request.get("command")))
        if command is None:
            raise UserError(f"no such command; there are {', '.join(sorted(self._commands))}")
        return command(request)

    def _done(self, result: Any) -> None:
        self._send({"ok": True, "result": result})

    def _failed(self, failure: Failure) -> None:
        if failure.check(UserError) is None:
            ControlService._log.failure("Answering an administrator", failure)
            self._send({"ok": False, "error": f"internal error: {failure.getErrorMessage()}; see the log"})
        else:
            self._send({"ok": False, "error": failure.getErrorMessage()})

    def _send(self, answer: Mapping[str, Any]) -> None:
        if self.transport is not None:
            # Half of a surrogate pair becomes what JSON has for it.
            self.transport.write(json.dumps(answer, ensure_ascii=False).encode(errors="backslashreplace") + b"\n")


class ControlService(Service):
    """Listens on the local socket.

    :param reactor: an ``IReactorUNIX``.
    """

    name = "control"
    _log = Logger()

    def __init__(self, reactor: Any, path: Path, commands: Mapping[str, Command]) -> None:
        self._reactor = reactor
        self._path = path
        self._commands = commands
        self._port: IListeningPort | None = None

    def startService(self) -> None:
        """Begin to listen; what a dead server left is cleaned up.

        :raises UserError: another server is running here, or the path cannot be used.
        """
        check_path(self._path)
        self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        try:
            self._port = self._listen()
        except CannotListenError as e:
            if is_answered(self._path):
                raise UserError(f"another astcti runs already: {self._path} is answered") from e
            self._log.info("{path} is left over from a server that was killed", path=self._path)
            try:
                for leftover in (self._path, Path(f"{self._path}.lock")):
                    leftover.unlink(missing_ok=True)
                self._port = self._listen()
            except (OSError, CannotListenError) as again:
                raise UserError(f"cannot listen on {self._path}: {again}") from again
        Service.startService(self)

    def _listen(self) -> IListeningPort:
        factory = Factory.forProtocol(lambda: ControlProtocol(self._commands))
        factory.noisy = False
        port: IListeningPort = self._reactor.listenUNIX(str(self._path), factory, mode=0o600, wantPID=True)
        return port

    def stopService(self) -> Deferred[None] | None:
        """Stop listening and remove the socket."""
        Service.stopService(self)
        port, self._port = self._port, None
        return port.stopListening() if port is not None else None


def check_path(path: Path) -> None:
    """Whether a socket can be there at all.

    :raises UserError: the path is longer than the system takes.
    """
    if len(os.fsencode(path)) > MAX_PATH:
        raise UserError(
            f"{path} is too long for a socket's name: over {MAX_PATH} bytes; choose another state directory"
        )


def is_answered(path: Path) -> bool:
    """Whether a server listens on that socket. Blocks, but for no longer than a moment."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(1.0)
        try:
            probe.connect(str(path))
        except OSError:
            return False
        return True


def ask(path: Path, request: Mapping[str, Any], seconds: float = 10.0) -> Any:
    """Ask a running server something, and wait for the answer. For commands only: it blocks.

    :raises UserError: nobody is there, or the answer is no; the text says which.
    """
    check_path(path)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as link:
        link.settimeout(seconds)
        try:
            link.connect(str(path))
            link.sendall(json.dumps(request).encode() + b"\n")
            with link.makefile("rb") as lines:
                line = lines.readline()
        except (FileNotFoundError, ConnectionRefusedError):
            raise UserError(f"no server answers at {path}; is it running?") from None
        except PermissionError:
            raise UserError(f"{path} belongs to somebody else; try as the user the server runs as") from None
        except TimeoutError:
            raise UserError(f"the server did not answer within {seconds:g} s") from None
        except OSError as e:
            raise UserError(f"cannot talk to the server at {path}: {e}") from None
    if not line:
        raise UserError("the server closed the connection without an answer")
    answer = json.loads(line)
    if not answer["ok"]:
        raise UserError(answer["error"])
    return answer["result"]
