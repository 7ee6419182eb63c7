"""The pages for monitoring, asked over HTTP of a whole server."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from prometheus_client import CollectorRegistry
from prometheus_client.parser import text_string_to_metric_families
from twisted.internet import reactor
from twisted.internet.endpoints import HostnameEndpoint, connectProtocol
from twisted.internet.protocol import Protocol
from twisted.internet.task import Clock, deferLater
from twisted.trial.unittest import SynchronousTestCase
from twisted.web.client import Agent, readBody
from twisted.web.http_headers import Headers

from astcti.actions.registry import action_types
from astcti.config.bootstrap import Bootstrap, parse_bootstrap
from astcti.config.load import Loader
from astcti.errors import ConfigError
from astcti.services.monitoring import Heartbeat, Monitoring
from astcti.services.server import Server
from astcti.tap import build_tree
from tests.services.fakeami import events_of
from tests.services.test_whole import WholeTestCase

BOOTSTRAP = (
    "<configuration><database><source>xml</source><file>r.xml</file></database>"
    "<ctiserver>{}</ctiserver></configuration>"
)


class SettingTests(SynchronousTestCase):
    """Where the pages are."""

    def read(self, text: str) -> Bootstrap:
        return parse_bootstrap(BOOTSTRAP.format(text).encode(), Path("astcti.xml"), {})

    def test_address(self) -> None:
        """Nowhere; a port of this machine; an address."""
        for text, address in (
            ("", None),
            ("<metrics>9105</metrics>", ("127.0.0.1", 9105)),
            ("<metrics>[::1]:9105</metrics>", ("::1", 9105)),
            ("<metrics>0.0.0.0:9105</metrics><metrics_exposed>yes</metrics_exposed>", ("0.0.0.0", 9105)),
        ):
            self.assertEqual(self.read(text).ctiserver.metrics, address)

    def test_exposed(self) -> None:
        """Other machines only by express wish; nonsense is an error at its line."""
        for text, said in (("0.0.0.0:9105", "metrics_exposed"), ("x", "port"), ("99999", "port")):
            with self.assertRaisesRegex(ConfigError, f"astcti.xml:1: .*{said}"):
                self.read(f"<metrics>{text}</metrics>")


class HeartbeatTests(SynchronousTestCase):
    """How late the reactor is."""

    def test_late(self) -> None:
        """A beat that is in time, then one that is three quarters of a second late, is counted as such."""
        clock, registry = Clock(), CollectorRegistry()
        heart = Heartbeat(clock, registry)
        heart.startService()
        self.addCleanup(heart.stopService)
        clock.advance(0.1)
        clock.advance(0.85)

        def count(least: str) -> float | None:
            return registry.get_sample_value("astcti_reactor_delay_seconds_bucket", {"le": least})

        self.assertEqual([count("0.001"), count("0.5"), count("1.0"), count("+Inf")], [1, 1, 2, 2])
        clock.advance(0.05)
        self.assertEqual(count("0.001"), 2)


class Silent(Protocol):
    """Says something and keeps what is said."""

    def __init__(self) -> None:
        self.heard = b""
        self.lost = False

    def dataReceived(self, data: bytes) -> None:
        self.heard += data

    def connectionLost(self, reason: object = None) -> None:
        self.lost = True


class PageTests(WholeTestCase):
    """A server that is monitored."""

    def build(self) -> Server:
        bootstrap = self.site.bootstrap
        bootstrap = replace(bootstrap, ctiserver=replace(bootstrap.ctiserver, metrics=("127.0.0.1", 0)))
        loader = Loader.of(bootstrap, action_types())
        loaded = loader.first()
        return build_tree(reactor, bootstrap, loaded.configuration, loader=loader, loaded=loaded)

    def port_of(self, server: Server) -> int:
        (monitoring,) = (part for part in server if isinstance(part, Monitoring))
        assert monitoring.port is not None
        host: Any = monitoring.port.getHost()
        return int(host.port)

    async def get(
        self, server: Server, page: str, method: bytes = b"GET", accept: bytes = b"*/*"
    ) -> tuple[int, str, str]:
        """Status, kind and content of a page."""
        address = f"http://127.0.0.1:{self.port_of(server)}/{page}".encode()
        response: Any = await Agent(reactor).request(method, address, Headers({b"Accept": [accept]}))
        body = await readBody(response)
        return response.code, response.headers.getRawHeaders("content-type", [""])[0], body.decode()

    async def metrics(self, server: Server) -> dict[str, float]:
        """Every sample, by name and labels."""
        code, kind, text = await self.get(server, "metrics")
        self.assertEqual((code, kind.split(";")[0]), (200, "text/plain"))
        return {
            s.name + "".join(f" {key}={value}" for key, value in s.labels.items()): s.value
            for family in text_string_to_metric_families(text)
            for s in family.samples
        }

    async def test_metrics(self) -> None:
        """They are what has happened, and read as Prometheus reads them."""
        server = await self.begin()
        before = await self.metrics(server)
        self.assertEqual((before["astcti_pbx_up"], before["astcti_pops_total"]), (1, 0))
        clients = await self.agents(server)
        self.pbx.say(events_of(22, "service-answered"))
        await clients["anna"].expect('<event id="Link"')
        after = await self.metrics(server)
        for name, value in (
            ("astcti_pops_total", 1), ("astcti_logins_total", 3), ("astcti_clients state=seated", 3),
            ("astcti_configuration_objects kind=operators", 3), ("astcti_configuration_state state=active", 1),
            ("astcti_configuration_state state=stale", 0), ("astcti_faults_total", 0),
        ):  # fmt: skip
            self.assertEqual(after[name], value, name)
        self.assertGreater(after["astcti_pbx_events_total fate=used"], before["astcti_pbx_events_total fate=used"])
        self.assertIn("process_resident_memory_bytes", after)
        self.assertIn("astcti_reactor_delay_seconds_count", after)

    async def test_bounded(self) -> None:
        """There are no more of them with more operators, services or callers."""
        server = await self.begin()
        before = set(await self.metrics(server))
        clients = await self.agents(server)
        self.pbx.say(events_of(22, "service-answered"))
        await clients["anna"].expect('<event id="Hangup"')
        self.assertEqual(
            {name.split()[0] for name in set(await self.metrics(server)) - before}
            - {"astcti_actions_ended_total", "astcti_protocol_total"},
            set(),
        )

    async def test_health(self) -> None:
        """Alive all the time; ready only with a PBX."""
        server = await self.begin()
        self.assertEqual(await self.get(server, "healthz"), (200, "text/plain; charset=utf-8", "ok\n"))
        code, _, text = await self.get(server, "readyz")
        self.assertEqual((code, json.loads(text)), (200, {"ready": True, "reasons": []}))
        self.pbx.refuses = True
        for link in list(self.pbx.links):
            link.transport.loseConnection()
        while server.desk.link_up:
            await deferLater(reactor, 0.01)
        code, _, text = await self.get(server, "readyz")
        self.assertEqual((code, json.loads(text)["ready"]), (503, False))
        self.assertRegex(json.loads(text)["reasons"][0], "no link to the PBX")
        self.assertEqual((await self.get(server, "healthz"))[0], 200)
        self.assertEqual((await self.get(server, "nothing"))[0], 404)
        self.assertEqual((await self.get(server, "metrics", b"POST"))[0], 405)
        self.assertEqual((await self.get(server, "healthz", b"HEAD"))[0], 200)

    async def test_strange_wishes(self) -> None:
        """Whoever asks for a form that makes no sense gets the usual one."""
        server = await self.begin()
        for accept in (b"\xff\xfe", b"application/openmetrics-text; version=a.b", b""):
            code, kind, _ = await self.get(server, "metrics", accept=accept)
            self.assertEqual((code, kind.split(";")[0]), (200, "text/plain"), accept)

    async def test_strangers(self) -> None:
        """A body is not taken; more connections than there should be are closed."""
        server = await self.begin()
        place = HostnameEndpoint(reactor, "127.0.0.1", self.port_of(server))
        bringer = await connectProtocol(place, Silent())
        bringer.transport.write(b"POST /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 999999999\r\n\r\nxxx")
        while not bringer.lost:
            await deferLater(reactor, 0.01)
        crowd = [await connectProtocol(place, Silent()) for _ in range(20)]
        while sum(one.lost for one in crowd) < 4:
            await deferLater(reactor, 0.01)
        self.assertEqual(sum(one.lost for one in crowd), 4)
        for one in crowd:
            one.transport.abortConnection()
