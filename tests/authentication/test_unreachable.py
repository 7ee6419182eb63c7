"""A directory that is not there."""

from __future__ import annotations

import gc
import os
import socket
from importlib.util import find_spec

from twisted.trial.unittest import SkipTest, SynchronousTestCase

from astcti.authentication.ldap import Directory
from astcti.errors import SourceUnavailable
from astcti.model.identity import Person


class UnreachableTests(SynchronousTestCase):
    """Nobody listens."""

    def setUp(self) -> None:
        if find_spec("ldap3") is None:
            raise SkipTest("ldap3 is not installed")
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]

    def test_nothing_stays_open(self) -> None:
        """Each login that failed for it has closed its socket, without the garbage collector, which may never come."""
        directory = Directory((f"ldap://127.0.0.1:{self.port}", f"ldaps://127.0.0.1:{self.port}"), 1.0)
        gc.collect()
        self.addCleanup(gc.enable)
        gc.disable()
        before = len(os.listdir("/proc/self/fd"))
        for _ in range(5):
            self.assertRaises(SourceUnavailable, directory.check, Person(1, "anna", "cn=anna"), "a")
        self.assertEqual(len(os.listdir("/proc/self/fd")), before)
