"""What an administrator may set."""

from __future__ import annotations

from twisted.logger import capturedLogs
from twisted.trial.unittest import SynchronousTestCase

from astcti.protocols.settings import ProtocolSettings
from tests.protocols.fakes import FakeDesk, Peer


class SettingsTests(SynchronousTestCase):
    """Nonsense is refused by name."""

    def test_ranges(self) -> None:
        """Each value has its range; the ends of it are good."""
        for name, good, bad in (
            ("compression_level", (0, 9), (-1, 10)),
            ("zlib_history", (0, 32_768), (-1, 32_769)),
            ("window_bits", (10, 15), (9, 16)),
            ("mem_level", (1, 9), (0, 10)),
            ("keepalive_ms", (0, 5000, 3_600_000), (1, 4999, 3_600_001)),
            ("login_seconds", (0.5, 600.0), (0.0, -1.0)),
            ("dialect", ("auto", "v1", "v2"), ("", "v3")),
            ("require_tls", ("no", "warn", "yes"), ("", "maybe")),
            ("legacy_charset", ("", "latin-1", "cp1252", "big5"), ("klingon", "rot13", "utf-16", "utf-8-sig", "cp037")),
            ("max_clients", (1, 20_000), (0,)),
            ("max_unauthenticated", (1, 5000), (0,)),
            ("max_unauthenticated_per_address", (1, 5000), (0,)),
        ):
            for value in good:
                ProtocolSettings(**{name: value})
            for value in bad:
                with self.assertRaises(ValueError, msg=f"{name}={value}") as raised:
                    ProtocolSettings(**{name: value})
                self.assertIn(name, str(raised.exception))

    def test_warning(self) -> None:
        """By default a login in the clear is logged, once for each address that is not this machine's own."""
        desk = FakeDesk()
        with capturedLogs() as logs:
            peers = [Peer(desk, ProtocolSettings(), address=a) for a in ("192.0.2.1", "127.0.0.1", "::1")]
            for peer in peers:
                peer.asks("USER oper1", "USER oper1")
            Peer(desk, ProtocolSettings(), address="192.0.2.1", secure=True).asks("USER oper1")
        self.assertEqual([log["peer"] for log in logs], ["192.0.2.1"])

    def test_warnings_are_bounded(self) -> None:
        """Many addresses do not fill the memory."""
        context = Peer().context
        with capturedLogs():
            for number in range(20_001):
                context.warn_of_plain_login(f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}")
        self.assertLessEqual(len(context._warned), 10_000)
