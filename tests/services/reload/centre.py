"""A running call centre whose configuration is rewritten: the whole server, its file, a PBX and clients, on sockets."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from twisted.internet import reactor
from twisted.internet.task import deferLater
from twisted.internet.threads import deferToThread
from twisted.trial.unittest import TestCase

from astcti.actions.registry import action_types
from astcti.config.load import Loader
from astcti.config.model import (
    Action,
    Configuration,
    Operator,
    Seat,
    Service,
    ServiceAction,
    ServiceOperator,
    Variable,
)
from astcti.config.source import Stability
from astcti.config.xmlwriter import write_xml
from astcti.protocols.wheel import GRANULARITY
from astcti.services.control import ask
from astcti.services.server import Server
from astcti.tap import build_tree
from tests.outside import skip_without
from tests.services.fakes import digest
from tests.services.lineclient import LineClient, connect
from tests.services.reload.exchange import Exchange
from tests.services.site import Site

SENT_AWAY = ["Disconnect", "101 configuration changed, please log in again"]
QUIET_SECONDS = 0.15  # after which nothing more is expected on this machine; a slower one only finds less


def centre() -> Configuration:
    """Anna and carla sell, bruno supports; anna and bruno dial out. Each password is the name."""
    people = ((1, "anna"), (2, "bruno"), (3, "carla"))
    return Configuration(
        timestamp=1_795_219_200.0,
        actions=(Action(id=1, type="BROWSER", parameters="http://crm.example/?c={CALLERID}&d={calldata}"),),
        services=(
            Service(id=1, name="sales", queue_name="sales"),
            Service(id=2, name="support", queue_name="support"),
            Service(id=3, name="direct"),
            Service(id=4, name="outgoing", context_type="OUTBOUND"),
            Service(id=5, name="mobiles", context_type="OUTBOUND"),
            Service(id=6, name="night", queue_name="night", language="ar"),
        ),
        variables=(Variable(id=1, service_id=1, name="calldata"), Variable(id=2, service_id=3, name="calldata")),
        service_actions=(ServiceAction(service_id=1, action_id=1), ServiceAction(service_id=3, action_id=1)),
        seats=tuple(Seat(id=i, mac=f"00:1c:bf:37:53:0{i}", exten=f"PJSIP/20{i}") for i, _ in people),
        operators=tuple(
            Operator(id=i, username=name, full_name=name.title(), password=digest(name), is_call_center=True)
            for i, name in people
        ),
        service_operators=(
            ServiceOperator(service_id=1, operator_id=1, penalty=1),
            ServiceOperator(service_id=1, operator_id=3, penalty=2),
            ServiceOperator(service_id=2, operator_id=2, penalty=3),
            ServiceOperator(service_id=4, operator_id=1),
            ServiceOperator(service_id=4, operator_id=3),
            ServiceOperator(service_id=5, operator_id=2),
        ),
    )


class ReloadTestCase(TestCase):
    """Anna and bruno with clients that can show everything, carla with one that knows the base protocol; all ready.

    :ivar now: the configuration in the file.
    """

    timeout = 60
    skip = skip_without("ASTCTI_TEST_WHOLE")
    start = staticmethod(centre)
    unasked: frozenset[str] = frozenset()  # who need not say where they sit
    stability: float | None = 0.02  # seconds that a file has to stay as it is; None: as long as in real life

    async def setUp(self) -> None:
        self.exchange = Exchange()
        self.site = Site(await self.exchange.start())
        self.addCleanup(self.site.remove)
        self.addCleanup(self.exchange.stop)
        self.now = self.start()
        self.write()
        bootstrap = self.site.bootstrap
        loader = Loader.of(bootstrap, action_types())
        if self.stability is not None:
            loader.source._stability = Stability(self.stability)
        loaded = loader.first()
        self.server: Server = build_tree(reactor, bootstrap, loaded.configuration, loader=loader, loaded=loaded)
        self.server.startService()
        self.addCleanup(self.end)
        await self.server.ready
        self._heard: dict[LineClient, int] = {}
        self.anna = await self.sit("anna", "CAPS events2")
        self.bruno = await self.sit("bruno", "CAPS events2")
        self.carla = await self.sit("carla", "KEEP")
        await self.until(lambda: len(self.exchange.asked) >= 3, "everybody in their queues")
        await self.settle()

    async def end(self) -> None:
        """Stop the server."""
        await self.server.stopService()
        await deferLater(reactor, GRANULARITY * 1.1)

    # -- the administrator's part

    def write(self) -> None:
        """Replace the file by the configuration as it is to be now."""
        self.site.replace_runtime(write_xml(self.now).decode())

    def change(self, rows: str, row_id: int, **fields: Any) -> None:
        """Have one row say something else."""
        changed = tuple(replace(r, **fields) if r.id == row_id else r for r in getattr(self.now, rows))
        self.now = replace(self.now, **{rows: changed})

    def drop(self, rows: str, wanted: Callable[[Any], bool]) -> None:
        """Delete some rows."""
        self.now = replace(self.now, **{rows: tuple(r for r in getattr(self.now, rows) if not wanted(r))})

    def add(self, rows: str, *new: Any) -> None:
        """Have more rows."""
        self.now = replace(self.now, **{rows: (*getattr(self.now, rows), *new)})

    def drop_operator(self, operator_id: int) -> None:
        """Delete an operator, and what belongs to them."""
        self.drop("operators", lambda o: o.id == operator_id)
        self.drop("service_operators", lambda r: r.operator_id == operator_id)

    def drop_service(self, service_id: int) -> None:
        """Delete a service, and what belongs to it."""
        self.drop("services", lambda s: s.id == service_id)
        for rows in ("service_operators", "service_actions", "variables"):
            self.drop(rows, lambda r: r.service_id == service_id)

    def set(self, **settings: str) -> None:
        """Have settings of these values."""
        self.now = replace(self.now, settings={**self.now.settings, **settings})

    async def reload(self, state: str = "active") -> Any:
        """Rewrite the file and have it looked at; the server's word about it."""
        self.now = replace(self.now, timestamp=self.now.timestamp + 1)
        self.write()
        said = await deferToThread(ask, self.site.control, {"command": "reload"})
        self.assertEqual(said["state"], state, said)
        await self.settle()
        return said

    # -- the operators' part

    def port(self) -> int:
        """Where clients connect to."""
        return int(self.server.door.addresses[0].rpartition(" ")[2])

    async def sit(self, name: str, *commands: str, password: str = "", seat: int = 0) -> LineClient:
        """Somebody at their seat, after these commands."""
        client = await connect(self.port())
        for command in commands:
            await client.ask(command, "10")
        seat = seat or ("anna", "bruno", "carla").index(name) + 1
        mac = "" if name in self.unasked else f"00:1c:bf:37:53:0{seat}"
        await client.login(name, password or name, mac)
        return client

    async def settle(self) -> None:
        """Let what goes on come to its end; every client that is there is alive."""
        await deferLater(reactor, QUIET_SECONDS)
        for client in (getattr(self, name, None) for name in ("anna", "bruno", "carla")):
            if client is not None and not client.closed:
                await client.ask("NOOP", "100 OK")
        if not self._heard:
            for client in (self.anna, self.bruno, self.carla):
                self._heard[client] = len(client.lines)
            self.exchange.asked.clear()

    def said(self, client: LineClient) -> list[str]:
        """The lines that a client got since the last look, without the answers that tell it is alive."""
        begin, self._heard[client] = self._heard.get(client, 0), len(client.lines)
        return [line for line in client.lines[begin:] if line != "100 OK"]

    def told(self, client: LineClient) -> list[str]:
        """As :meth:`said`, of documents the kind alone; figures of queues, which anything may change, are left out."""
        lines = [line.split('"')[1] if line.startswith("<") else line for line in self.said(client)]
        return [line for line in lines if line != "QueueState"]

    def only_anna(self) -> None:
        """Nobody else noticed anything: neither in words nor in figures."""
        self.assertEqual(self.said(self.bruno), [])
        self.assertEqual(self.said(self.carla), [])

    async def until(self, so: Callable[[], Any], what: str) -> None:
        """Wait for something that is to come."""
        for _ in range(1000):
            if so():
                return
            await deferLater(reactor, 0.01)
        self.fail(f"waited in vain for {what}: {self.exchange.asked}, {self.anna.lines[-4:]}")
