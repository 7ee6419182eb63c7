"""A certificate that is renewed while the server runs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import trustme
from twisted.internet.defer import Deferred, maybeDeferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from astcti.config.settings import Settings
from astcti.protocols.transport.tls import ServerTLS
from astcti.services.certificates import LOOK_SECONDS, Certificates
from tests.services.fakes import scratch


def at_once(work: Callable[..., Any], *words: Any) -> Deferred[Any]:
    """Instead of a thread."""
    return maybeDeferred(work, *words)


class RenewalTests(SynchronousTestCase):
    """One file, its replacement, and rubbish in its place."""

    def setUp(self) -> None:
        self.path = scratch(self) / "server.pem"
        self.issue(self.path)
        self.settings = Settings(tls_cert=str(self.path))
        self.used: list[ServerTLS] = []
        self.clock = Clock()
        self.certificates = Certificates(self.clock, lambda: self.settings, self.used.append, at_once)
        self.certificates.startService()
        self.addCleanup(self.certificates.stopService)

    def issue(self, path: Path) -> None:
        """Put a new certificate there, as tools do: beside it, then renamed."""
        new = path.with_suffix(".new")
        new.write_bytes(trustme.CA().issue_cert("localhost").private_key_and_cert_chain_pem.bytes())
        new.rename(path)

    def test_renewed(self) -> None:
        """The new one is used within a minute, once."""
        self.clock.advance(LOOK_SECONDS)
        self.assertEqual(self.used, [])
        self.issue(self.path)
        self.clock.advance(LOOK_SECONDS)
        self.clock.advance(LOOK_SECONDS)
        self.assertEqual(len(self.used), 1)

    def test_rubbish(self) -> None:
        """What is no certificate is an error in the log, and not used; the next good one is."""
        self.path.write_text("-----BEGIN CERTIFICATE-----")
        self.clock.advance(LOOK_SECONDS)
        self.assertEqual(self.used, [])
        self.path.unlink()
        self.clock.advance(LOOK_SECONDS)
        self.issue(self.path)
        self.clock.advance(LOOK_SECONDS)
        self.assertEqual(len(self.used), 1)

    def test_another_place(self) -> None:
        """A configuration that names another file has had it read already; from then on that one is looked at."""
        other = self.path.with_name("other.pem")
        self.issue(other)
        self.settings = Settings(tls_cert=str(other))
        self.clock.advance(LOOK_SECONDS)
        self.assertEqual(self.used, [])
        self.issue(other)
        self.clock.advance(LOOK_SECONDS)
        self.assertEqual(len(self.used), 1)

    def test_none(self) -> None:
        """Without a certificate there is nothing to look at."""
        self.settings = Settings()
        self.issue(self.path)
        self.clock.advance(LOOK_SECONDS)
        self.assertEqual(self.used, [])
