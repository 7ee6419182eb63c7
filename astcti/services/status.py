"""How the server is, as one value that JSON can say: what ``astcti ctl status`` shows."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from twisted.internet.interfaces import IReactorTime

from astcti import __version__
from astcti.config.watcher import ConfigurationWatcher
from astcti.protocols.transport import ServerFactory
from astcti.services.changeover import Changeover
from astcti.services.delivery import Ledger
from astcti.services.desk import Desk
from astcti.services.door import Door
from astcti.services.link import LinkService
from astcti.services.store import Store


class StatusBoard:
    """Looks at everybody when asked. Nothing here is on the way of an event."""

    def __init__(
        self,
        clock: IReactorTime,
        *,
        desk: Desk,
        link: LinkService,
        door: Door,
        factory: ServerFactory,
        changeover: Changeover,
        watcher: ConfigurationWatcher | None,
        stores: Sequence[Store] = (),
        ledger: Ledger | None = None,
    ) -> None:
        self._clock = clock
        self._started = clock.seconds()
        self._desk = desk
        self._link = link
        self._door = door
        self._factory = factory
        self._changeover = changeover
        self._watcher = watcher
        self._stores = stores
        self._ledger = ledger

    def status(self) -> dict[str, Any]:
        """Everything, in parts."""
        now = self._clock.seconds()
        return {
            "version": __version__,
            "pid": os.getpid(),
            "uptime": round(now - self._started, 1),
            "pbx": self._pbx(now),
            "calls": self._link.follower.tracker.counters,
            "clients": self._clients(),
            "configuration": self._configuration(),
            "stores": {store.path.stem: store.status() for store in self._stores},
            "actions": self._actions(),
            "counters": self._counters(),
        }

    def sentence(self) -> str:
        """How it is, in one line, for whoever supervises processes."""
        floor, pbx = self._desk.floor, "up" if self._link.up else f"away ({self._link.pbx.state})"
        return f"PBX {pbx}, {self._factory.clients} clients, {floor.logged_in} logged in"

    def _actions(self) -> dict[str, Any]:
        """How actions ended: those remembered, ``hours`` back at most, and those since the start."""
        if self._ledger is None:
            return {}
        tally, hours = self._ledger.book.tally, self._changeover.settings.actions_kept_hours
        remembered = {status: count for status, count in sorted(tally.items()) if count}
        return {"remembered": remembered, "hours": hours, "ended": dict(sorted(self._ledger.ended.items()))}

    def _pbx(self, now: float) -> dict[str, Any]:
        link, settings = self._link, self._changeover.settings
        return {
            "state": link.pbx.state,
            "up": link.up,
            "address": f"{settings.ami_host}:{settings.ami_port}",
            "since": None if link.since is None else round(now - link.since, 1),
            "reconnections": max(0, link.reconnections),
            "banner": link.pbx.banner,
        }

    def _clients(self) -> dict[str, Any]:
        floor = self._desk.floor
        return {
            "listening": self._door.addresses,
            "trouble": self._door.trouble,
            "connected": self._factory.clients,
            "logged_in": floor.logged_in,
            "seated": len(floor.seated),
            "waiting": self._factory.gate.waiting,
        }

    def _configuration(self) -> dict[str, Any]:
        configuration = self._changeover.configuration
        shown: dict[str, Any] = {
            "state": "active",
            "timestamp": configuration.timestamp,
            "operators": len(configuration.operator_by_username),
            "seats": len(configuration.seat_by_id),
            "services": len(configuration.service_by_id),
            "actions": sum(1 for a in configuration.actions if a.enabled),
        }
        if self._watcher is not None:
            shown.update(asdict(self._watcher.status))
        return shown

    def _counters(self) -> dict[str, Any]:
        desk, follower = self._desk.counters, self._link.follower
        return {
            "events": {
                **self._link.pbx.counted(),
                "used": follower.used,
                "faults": follower.faults,
                "dropped": follower.overflowed,
            },
            "notices": desk.notices,
            "withheld": desk.withheld,
            "pops": desk.pops,
            "logins": desk.logins,
            "faults": desk.faults,
            "refused": {str(number): count for number, count in sorted(desk.refused.items())},
            "actions": dict(sorted(desk.actions.items())),
            "protocol": self._factory.context.counters.as_dict(),
        }
