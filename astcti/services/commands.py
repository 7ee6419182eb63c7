"""What the administrator can ask over the control socket."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime

from astcti.config.watcher import ConfigurationWatcher
from astcti.errors import UserError
from astcti.services.control import Command
from astcti.services.link import LinkService
from astcti.services.lockout import Lockout
from astcti.services.status import StatusBoard


class ControlCommands:
    """Answers requests; :meth:`table` is what the socket goes by."""

    def __init__(
        self,
        clock: IReactorTime,
        board: StatusBoard,
        link: LinkService,
        lockout: Lockout,
        watcher: ConfigurationWatcher | None,
    ) -> None:
        self._clock = clock
        self._board = board
        self._link = link
        self._lockout = lockout
        self._watcher = watcher

    def table(self) -> Mapping[str, Command]:
        """Command to what answers it."""
        return {
            "status": lambda request: self._board.status(),
            "calls": lambda request: self._calls(),
            "reload": lambda request: self.reload(),
            "lockouts": lambda request: self._lockouts(),
            "unlock": self._unlock,
            "ami-retry": lambda request: self._retry(),
        }

    def _calls(self) -> dict[str, Any]:
        """Everything that is believed of the PBX at this moment, to be compared with what it says itself."""
        follower = self._link.follower
        members = [member._asdict() for member in follower.roster.members]
        return {"channels": follower.tracker.snapshot(), "members": members}

    def reload(self) -> Deferred[dict[str, Any]]:
        """Look for another configuration now; fires with what became of it.

        :raises UserError: there is no place to look.
        """
        if self._watcher is None:
            raise UserError("this server's configuration comes from no file")
        return self._watcher.reload().addCallback(asdict)

    def _lockouts(self) -> list[dict[str, Any]]:
        locks = sorted(self._lockout.locks(self._clock.seconds()), key=lambda lock: -lock.seconds)
        return [{"user": k.username, "address": k.address, "seconds": round(k.seconds)} for k in locks]

    def _unlock(self, request: Mapping[str, Any]) -> int:
        username, address = str(request.get("user", "")), str(request.get("address", ""))
        if not username and not address:
            raise UserError("say whom: --user or --address")
        return self._lockout.unlock(username, address)

    def _retry(self) -> str:
        if self._link.up:
            raise UserError("the PBX is there already")
        self._link.retry()
        return "trying to reach the PBX"
