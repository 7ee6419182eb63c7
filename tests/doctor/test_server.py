"""A server that runs, and what it complains of."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from typing import Any

from twisted.internet import reactor

from astcti import __version__
from astcti.doctor import Level
from astcti.doctor.server import examine_server
from astcti.services.control import ControlService
from tests.doctor.patient import DoctorTestCase

WELL: dict[str, Any] = {
    "version": __version__, "pid": 4711, "pbx": {"up": True, "state": "up"},
    "clients": {"connected": 3, "trouble": "", "listening": []},
    "configuration": {"state": "active", "errors": [], "trouble": ""},
    "stores": {"journal": {"failing": ""}}, "counters": {"faults": 0, "events": {"faults": 0}},
}  # fmt: skip


class ServerTests(DoctorTestCase):
    """The control socket."""

    def setUp(self) -> None:
        super().setUp()
        self.know()
        assert self.case.bootstrap is not None
        self.socket = self.case.bootstrap.ctiserver.control
        self.socket.parent.mkdir()

    def serve(self, status: Any) -> None:
        """A server that answers."""
        service = ControlService(reactor, self.socket, {"status": lambda request: status})
        service.startService()
        self.addCleanup(service.stopService)

    async def test_none(self) -> None:
        """No server is no fault; a socket that was left over is pointed out."""
        self.assertIn("no server runs", (await self.only(examine_server, Level.OK)).seen)
        with socket.socket(socket.AF_UNIX) as left:
            left.bind(str(self.socket))
        self.assertIn("left over", (await self.only(examine_server, Level.WARNING)).seen)
        self.assertEqual(self.case.running, {})

    async def test_well(self) -> None:
        """One that has nothing to complain of."""
        self.serve(WELL)
        self.assertIn("pid 4711, with 3 clients", (await self.only(examine_server, Level.OK)).seen)
        self.assertEqual(self.case.running, WELL)

    async def test_complaints(self) -> None:
        """Each thing that it complains of is said, and what to do."""
        changes: tuple[tuple[Mapping[str, Any], Level, str], ...] = (
            ({"version": "1"}, Level.WARNING, "the server that runs is 1"),
            ({"pbx": {"up": False, "state": "waiting"}}, Level.WARNING, "no link to the PBX: waiting"),
            ({"clients": {"trouble": "cannot listen"}}, Level.FAULT, "cannot listen"),
            ({"configuration": {"state": "rejected", "rejected_path": "/b.xml", "errors": ["line 1"]}},
             Level.WARNING, "rejected: /b.xml"),
            ({"configuration": {"trouble": "no data base"}}, Level.WARNING, "no data base"),
            ({"stores": {"actions": {"failing": "disk full"}}}, Level.FAULT, "actions.sqlite"),
            ({"counters": {"faults": 1, "events": {"faults": 1}}}, Level.WARNING, "2 faults"),
        )  # fmt: skip
        status = dict(WELL)
        self.serve(status)
        for change, level, words in changes:
            status.clear()
            status.update({**WELL, **change})
            said = await self.look(examine_server)
            self.assertEqual([f.level for f in said], [level, Level.OK], words)
            self.assertIn(words, said[0].seen)
            self.assertTrue(said[0].remedy)

    async def test_not_ours(self) -> None:
        """Something else that listens there is a fault."""
        with socket.socket(socket.AF_UNIX) as other:
            other.bind(str(self.socket))
            other.listen()
            self.patch(__import__("astcti.doctor.server", fromlist=["x"]), "ANSWER_SECONDS", 0.2)
            self.assertIn("something listens", (await self.only(examine_server, Level.FAULT)).seen)

    async def test_long(self) -> None:
        """A socket whose name is too long could never be."""
        text = self.path.read_text().replace("<port>0<", f"<state>{'x' * 200}</state><port>0<")
        self.path.write_text(text)
        self.know()
        self.assertIn("too long", (await self.only(examine_server, Level.FAULT)).seen)
