"""The hardware address that tells the server where we sit."""

from __future__ import annotations

import re
import socket

from twisted.trial.unittest import SynchronousTestCase

from astcti.client import hardware
from astcti.client.hardware import LOOPBACK, mac_of


class MacTests(SynchronousTestCase):
    """Finding it."""

    def test_on_the_servers_machine(self) -> None:
        """There the address is all zeros, as the protocol says."""
        for address in ("127.0.0.1", "127.1.2.3", "::1", "::ffff:127.0.0.1"):
            self.assertEqual(mac_of(address), LOOPBACK)

    def test_own_interfaces(self) -> None:
        """An address of this machine has the hardware address of its interface, or none."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.connect(("192.0.2.1", 9)) if self.has_route() else s.bind(("127.0.0.1", 0))
            mac = mac_of(s.getsockname()[0])
        if mac is not None:
            self.assertTrue(re.fullmatch(r"([0-9a-f]{2}:){5}[0-9a-f]{2}", mac), mac)

    def has_route(self) -> bool:
        """Whether this machine has a way out; nothing is sent."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            return s.connect_ex(("192.0.2.1", 9)) == 0

    def test_somebody_elses_address(self) -> None:
        """Where the interface cannot be told, some address of this machine is taken, or none."""
        self.patch(hardware.uuid, "getnode", lambda: 0x001CBF3753BA)
        self.assertEqual(mac_of("192.0.2.77"), "00:1c:bf:37:53:ba")
        self.patch(hardware.uuid, "getnode", lambda: 0x011CBF3753BA)
        self.assertIsNone(mac_of("192.0.2.77"))
        self.assertIsNone(mac_of("2001:db8::77"))
