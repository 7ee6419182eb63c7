"""What the administrator can do about those who work: send away, pause, tell; and how much is logged."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pkgutil import iter_modules
from typing import Any

from twisted.internet.defer import Deferred
from twisted.logger import Logger

import astcti
from astcti.errors import Refused, UserError
from astcti.services.control import Command
from astcti.services.desk import Desk
from astcti.services.floor import Attendance
from astcti.services.logs import LEVELS, Logs
from astcti.services.pausing import Pausing
from astcti.services.pausing.request import Outcome
from astcti.services.texting import Texting

EVERYBODY = "all"
MAX_TEXT = 500  # characters of a message
MAX_REASON = 200
MAX_NAME = 64
SENT_AWAY, BY_PBX = 902, 906

_PARTS = frozenset(module.name for module in iter_modules(astcti.__path__))
_NAMESPACE = re.compile(r"[A-Za-z0-9_.]{1,200}")


class Supervision:
    """Does it.

    :param logs: None where the log is somebody else's.
    """

    _log = Logger()

    def __init__(self, desk: Desk, pausing: Pausing, texting: Texting, logs: Logs | None) -> None:
        self._desk = desk
        self._pausing = pausing
        self._texting = texting
        self._logs = logs

    def table(self) -> Mapping[str, Command]:
        """What is answered."""
        return {
            "kick": self.kick,
            "pause": lambda request: self.pause(request, paused=True),
            "unpause": lambda request: self.pause(request, paused=False),
            "text": self.text,
            "log": self.log,
        }

    def kick(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Send an operator away; their client may come back.

        :raises UserError: they are not logged in.
        """
        username, reason = _word(request, "user"), _text(request, "reason", MAX_REASON)
        attendance = self.there(username)
        peer = attendance.client.peer
        said = f"disconnected by the administrator: {reason}" if reason else "disconnected by the administrator"
        self._log.info("The administrator sends {username} away: {reason}", username=username, reason=reason)
        self._desk.dismiss(attendance, SENT_AWAY, said, "kicked")
        return {"user": username, "peer": peer}

    def pause(self, request: Mapping[str, Any], *, paused: bool) -> Deferred[dict[str, Any]]:
        """Pause or unpause an operator; fires when the PBX has confirmed it.

        :raises UserError: it cannot be done; also through the Deferred.
        """
        username, queue = _word(request, "user"), _text(request, "queue", MAX_REASON)
        reason, who = _text(request, "reason", MAX_REASON), _text(request, "who", MAX_NAME)
        done = self._pausing.order(self.there(username), paused, queue, reason, who)

        def answer(outcome: Outcome) -> dict[str, Any]:
            if outcome.number:
                said = f"the PBX refused it: {outcome.reason}" if outcome.number == BY_PBX else outcome.reason
                raise Refused(outcome.number, said)
            verb = "pauses" if paused else "unpauses"
            self._log.info("The administrator {who} {verb} {username}", who=who, verb=verb, username=username)
            return {"user": username, "paused": paused, "queue": queue}

        return done.addCallback(answer)

    def text(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Show somebody, or everybody, a message.

        :raises UserError: they are not at work, or their client is too old.
        """
        username, text = _word(request, "user"), _text(request, "text", MAX_TEXT)
        if not text:
            raise UserError("say what to tell them")
        if username == EVERYBODY and EVERYBODY not in self._desk.books.configuration.operator_by_username:
            told, missed = self._texting.send_all(text)
            return {"told": told, "cannot": missed}
        self._texting.send(username, text)
        return {"told": 1, "cannot": 0}

    def log(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Log more or less from here on, until the server is started anew.

        :raises UserError: there is no such level, or the log is not ours.
        """
        level, namespace = str(request.get("level", "")).lower(), str(request.get("logger", ""))
        if level not in LEVELS:
            raise UserError(f"there is no level {level[:40]!r}; there are {', '.join(LEVELS)}")
        if namespace and not _NAMESPACE.fullmatch(namespace):
            raise UserError("a logger's name is like astcti.services.link")
        if self._logs is None:
            raise UserError("this server's log is not its own")
        if namespace.partition(".")[0] in _PARTS:
            namespace = f"astcti.{namespace}"  # as lines of the log have it
        self._logs.set_level(level, namespace)
        return {"level": level, "logger": namespace}

    def there(self, username: str) -> Attendance:
        """Where an operator is logged in.

        :raises UserError: nowhere.
        """
        operator = self._desk.books.configuration.operator_by_username.get(username)
        attendance = None if operator is None else self._desk.floor.present(operator)
        if attendance is None:
            raise UserError(f"there is no operator {username}" if operator is None else f"{username} is not logged in")
        return attendance


def _word(request: Mapping[str, Any], name: str) -> str:
    value = request.get(name)
    if not isinstance(value, str) or not value:
        raise UserError("say whom")
    return value


def _text(request: Mapping[str, Any], name: str, most: int) -> str:
    text = " ".join(str(request.get(name) or "").split())
    if len(text) > most:
        raise UserError(f"the {name} is longer than {most} characters")
    if not text.isprintable():
        raise UserError(f"the {name} has characters that cannot be shown")
    return text
