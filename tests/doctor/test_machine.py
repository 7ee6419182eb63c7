"""The user, the clock, folders, ports and limits of this machine."""

from __future__ import annotations

import os
import pwd
import resource
import socket
import tempfile
import time
from types import SimpleNamespace
from typing import Any, NoReturn

from prometheus_client import CollectorRegistry
from twisted.internet import reactor

from astcti.config.model import Configuration, Operator
from astcti.doctor import Level
from astcti.doctor import machine as machine_module
from astcti.doctor.descriptors import examine_descriptors
from astcti.doctor.folders import examine_folders
from astcti.doctor.machine import examine_clock, examine_user
from astcti.doctor.ports import examine_ports
from astcti.services.monitoring.pages import make_site
from tests.doctor.patient import BOOTSTRAP, DoctorTestCase, seen

STAFF = Configuration(operators=tuple(Operator(id=n, username=f"o{n}", full_name="") for n in range(1, 501)))


class UserTests(DoctorTestCase):
    """Who we are."""

    async def test_whose_files(self) -> None:
        """The owner of the state is who should ask; root should be nobody's user."""
        self.know()
        somebody = pwd.getpwnam("nobody").pw_uid
        (self.folder / "var").mkdir()
        me = (self.folder / "var").stat().st_uid
        self.patch(machine_module.os, "geteuid", lambda: me)
        level = Level.WARNING if me == 0 else Level.OK
        await self.only(examine_user, level)
        self.patch(machine_module.os, "geteuid", lambda: somebody)
        warning = await self.only(examine_user, Level.WARNING)
        self.assertIn(f"sudo -u {pwd.getpwuid(me).pw_name} astcti doctor", warning.remedy[-1])
        self.patch(machine_module, "_owner", lambda path: None)
        self.assertEqual((await self.only(examine_user, Level.OK)).seen, "nobody")
        self.patch(machine_module.os, "geteuid", lambda: 4_000_000_000)
        self.assertEqual((await self.only(examine_user, Level.OK)).seen, "user 4000000000")


class ClockTests(DoctorTestCase):
    """What time it is."""

    async def test_fine(self) -> None:
        """The time is shown in UTC and with the zone."""
        self.know()
        self.assertIn("UTC", (await self.only(examine_clock, Level.OK)).seen)

    async def test_wrong(self) -> None:
        """A clock that was never set, and one that is behind its own files."""
        self.case.now = lambda: 100.0
        self.assertIn("1970", (await self.only(examine_clock, Level.FAULT)).seen)
        self.know()
        self.case.now = lambda: time.time() - 3600
        self.assertIn("yet to come", seen(await self.look(examine_clock), Level.WARNING)[0])

    async def test_zone(self) -> None:
        """A time zone that is none would silently be UTC."""
        for zone, wrong in (("Europe/Rom", True), ("Europe/Rome", False), ("CET-1CEST", False), (":UTC", False)):
            self.patch(os, "environ", {"TZ": zone})
            self.assertEqual(bool(seen(await self.look(examine_clock), Level.WARNING)), wrong, zone)


class FolderTests(DoctorTestCase):
    """Where the server writes."""

    def setUp(self) -> None:
        super().setUp()
        self.know()

    def make(self) -> None:
        """Make both."""
        for name in ("var", "logs"):
            (self.folder / name).mkdir()

    async def test_fine(self) -> None:
        """Folders that are there and can be written to, or can be made; nothing is left in them."""
        self.assertEqual([f.level for f in await self.look(examine_folders)], [Level.OK] * 2)
        self.assertFalse((self.folder / "var").exists())
        self.make()
        said = await self.look(examine_folders)
        self.assertEqual(len(seen(said, Level.OK)) + len(seen(said, Level.WARNING)), 2)
        self.assertEqual(list((self.folder / "var").iterdir()), [])

    async def test_other_folders(self) -> None:
        """The folders of the control socket and of SQLite configurations have to be writable too."""
        text = BOOTSTRAP.format(database="<source>sqlite</source><folder>drop</folder>", ami_port=1, secret="")
        self.path.write_text(text.replace("<port>0<", "<control>../run/control.sock</control><port>0<"))
        self.know()
        said = await self.look(examine_folders)
        self.assertEqual(len(said), 4)
        self.assertIn("/run (folder of control)", said[2].seen)
        self.assertIn("/drop (folder of configurations)", said[3].seen)

    async def test_no_folder(self) -> None:
        """A file in the place of one."""
        self.make()
        (self.folder / "var").rmdir()
        (self.folder / "var").touch()
        self.assertIn("is no folder", seen(await self.look(examine_folders), Level.FAULT)[0])

    async def test_not_writable(self) -> None:
        """Folders that somebody else owns, there or to be made, and files in them."""
        self.patch(os, "access", lambda path, mode: False)
        faults = seen(await self.look(examine_folders), Level.FAULT)
        self.assertEqual(len([f for f in faults if "cannot be made" in f]), 2)
        self.make()
        (self.folder / "var/journal.sqlite").touch()
        self.assertIn("journal.sqlite", seen(await self.look(examine_folders), Level.FAULT)[0])

        def refuse(**_: Any) -> NoReturn:
            raise PermissionError(13, "Permission denied")

        self.patch(tempfile, "TemporaryFile", refuse)
        fault = (await self.look(examine_folders))[0]
        self.assertIn("Permission denied", fault.seen)
        self.assertIn("chown", fault.remedy[-1])

    async def test_full(self) -> None:
        """A disk without room, with little, and without room for more files."""
        self.make()
        for bytes_left, files_left, level in ((2**20, 10**6, Level.FAULT), (2**27, 10**6, Level.WARNING),
                                              (2**40, 5, Level.WARNING), (2**40, 10**6, Level.OK)):  # fmt: skip
            disk = SimpleNamespace(f_bavail=bytes_left, f_frsize=1, f_files=10**7, f_favail=files_left)
            self.patch(os, "statvfs", lambda path, disk=disk: disk)
            self.assertEqual({f.level for f in await self.look(examine_folders)}, {level})


class PortTests(DoctorTestCase):
    """Where clients come in."""

    def taken(self) -> int:
        """A port that somebody listens on."""
        listener = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(listener.close)
        return int(listener.getsockname()[1])

    async def test_free(self) -> None:
        """A free port, which is free afterwards too."""
        port = self.taken()
        self.doCleanups_of_listeners()
        self.know(cti_server_port=port)
        for _ in range(2):
            self.assertIn("free", (await self.only(examine_ports, Level.OK)).seen)

    def doCleanups_of_listeners(self) -> None:
        """Nobody listens any more."""
        self._cleanups.pop()[0]()

    async def test_taken(self) -> None:
        """One that somebody else has, and one that our own server has."""
        port = self.taken()
        self.know(cti_server_port=port)
        fault = await self.only(examine_ports, Level.FAULT)
        self.assertIn("in use", fault.seen)
        self.assertIn(f"sport = :{port}", fault.remedy[-1])
        self.case.running = {"clients": {"listening": [f"tcp 127.0.0.1 port {port}"]}}
        self.assertIn("our server", (await self.only(examine_ports, Level.OK)).seen)

    async def test_all_listeners(self) -> None:
        """The listeners for TLS and for historic clients are looked at as well."""
        port = self.taken()
        self.know(cti_server_port=0, tls_address=f"127.0.0.1:{port}", qt_address=f"localhost:{port}")
        said = await self.look(examine_ports)
        self.assertEqual([f.level for f in said], [Level.WARNING, Level.FAULT, Level.FAULT])
        self.assertIn("tls_address", said[1].seen)

    async def test_pages(self) -> None:
        """The pages for monitoring: free, ours and ready or not, somebody else's."""
        port = self.taken()
        self.path.write_text(self.path.read_text().replace("<port>0<", f"<metrics>{port}</metrics><port>0<"))
        self.know(cti_server_port=0)

        async def said(level: Level) -> str:
            [found] = [f for f in await self.look(examine_ports) if "(metrics)" in f.seen]
            self.assertEqual(found.level, level)
            return found.seen

        self.assertIn("in use", await said(Level.FAULT))
        self.doCleanups_of_listeners()
        self.assertIn("free", await said(Level.OK))
        self.case.running = {"pid": 1}
        self.assertIn("free", await said(Level.OK))
        status: dict[str, Any] = {"pbx": {"up": True, "state": "up"}, "clients": {"trouble": "", "listening": ["x"]}}
        net: Any = reactor
        pages = net.listenTCP(port, make_site(CollectorRegistry(), lambda: status), interface="127.0.0.1")
        self.addCleanup(pages.stopListening)
        self.assertIn("our server answers", await said(Level.OK))
        status["pbx"] = {"up": False, "state": "waiting"}
        self.assertIn("not ready: no link to the PBX (waiting)", await said(Level.WARNING))

    async def test_impossible(self) -> None:
        """Addresses of other machines, names nobody knows, and ports of root."""
        self.know(cti_server_address="192.0.2.1", cti_server_port=5000)
        self.assertIn("ip addr", (await self.only(examine_ports, Level.FAULT)).remedy[-1])
        self.know(cti_server_address="no-such-host.invalid", cti_server_port=5000)
        self.assertIn("is not known", (await self.only(examine_ports, Level.FAULT)).seen)

        def refuse(*_: Any) -> NoReturn:
            raise PermissionError(13, "Permission denied")

        self.patch(socket.socket, "bind", refuse)
        self.know(cti_server_port=80)
        self.assertIn("root's", (await self.only(examine_ports, Level.FAULT)).remedy[0])


class DescriptorTests(DoctorTestCase):
    """How many files may be open."""

    async def level(self, limit: int) -> Level:
        self.patch(resource, "getrlimit", lambda what: (100, limit))
        self.know(STAFF, max_clients=2000)
        [finding] = await self.look(examine_descriptors)
        if finding.level is not Level.OK:
            self.assertIn("    LimitNOFILE=65536", finding.remedy)
        return finding.level

    async def test_limits(self) -> None:
        """Too few for the operators, enough for them but not for all clients, enough for everybody."""
        levels = [await self.level(limit) for limit in (700, 1000, 2256, resource.RLIM_INFINITY)]
        self.assertEqual(levels, [Level.FAULT, Level.WARNING, Level.OK, Level.OK])

    async def test_of_the_server(self) -> None:
        """Of a running server, the limit it has itself."""
        self.know(max_clients=1)
        self.case.running = {"pid": os.getpid()}
        soft = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
        finding = (await self.look(examine_descriptors))[0]
        self.assertIn(f"the server (pid {os.getpid()})", finding.seen)
        self.assertIn(f"{soft:,}" if soft != resource.RLIM_INFINITY else "any number", finding.seen)
        self.case.running = {"pid": 2**22 + 1}  # gone meanwhile
        self.assertIn("from here", (await self.look(examine_descriptors))[0].seen)
