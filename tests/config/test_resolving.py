"""The addresses of host names, and what is made of them while a configuration is loaded."""

from __future__ import annotations

import threading
from collections.abc import Collection
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from astcti.config.document import Document
from astcti.config.load import RETRY_SECONDS, Loader
from astcti.config.model import Configuration
from astcti.config.resolving import Answers, addresses_of, resolve
from astcti.config.source import Sighting
from astcti.config.validation import validate
from tests.config.samples import GOOD, TYPES, changed


class ResolveTests(SynchronousTestCase):
    """Asking for many names at once."""

    @given(st.sets(st.text("abc", min_size=1, max_size=3), max_size=40))
    def test_every_name_has_an_answer(self, names: set[str]) -> None:
        """Each name is found or has failed, whatever their number."""

        def look_up(name: str) -> tuple[str, ...]:
            if "a" in name:
                raise OSError(2, "no such name")
            return () if "b" in name else (f"192.0.2.{len(name)}",)

        answers = resolve(names, look_up)
        self.assertEqual(answers.found.keys() | answers.failed.keys(), names)
        self.assertEqual(set(answers.found), {n for n in names if not set(n) & set("ab")})
        for name, why in answers.failed.items():
            self.assertEqual(why, "no such name" if "a" in name else "it has no address")

    def test_hangs(self) -> None:
        """A name that nobody answers for costs neither the others nor more time than there is."""
        go = threading.Event()
        self.addCleanup(go.set)

        def look_up(name: str) -> tuple[str, ...]:
            if name == "slow":
                go.wait()
            return ("192.0.2.1",)

        answers = resolve({"slow", "quick"}, look_up, 0.2)
        self.assertEqual(answers.found, {"quick": ("192.0.2.1",)})
        self.assertEqual(answers.failed, {"slow": "no answer within 0.2 s"})

    def test_system(self) -> None:
        """The system is asked; what can be no name has no address either."""
        self.assertIn("127.0.0.1", addresses_of("localhost"))
        self.assertEqual(set(resolve({"no-such-host.invalid", "x" * 70}).failed), {"no-such-host.invalid", "x" * 70})


class OriginTests(SynchronousTestCase):
    """Where an operator may log in from, by the configuration."""

    def origins(self, host: str, **resolved: tuple[str, ...]) -> list[str] | None:
        """The networks of the first operator; none for anywhere."""
        configuration = replace(changed("operators", login_host=host), resolved=MappingProxyType(resolved))
        found = configuration.origins_of.get(1)
        return None if found is None else [str(n) for n in found]

    def test_forms(self) -> None:
        """Nothing and the unspecified address are anywhere; an address, a network and a name are what they say."""
        for host in ("", " ", "0.0.0.0", "0.0.0.0/0", "::", "::/0"):
            self.assertIsNone(self.origins(host), host)
        for host, origins in (
            ("192.0.2.7", ["192.0.2.7/32"]), ("192.0.2.7/24", ["192.0.2.0/24"]), ("2001:db8::/32", ["2001:db8::/32"]),
            ("::ffff:192.0.2.7", ["192.0.2.7/32"]), ("desk", ["192.0.2.9/32", "2001:db8::9/128"]), ("unknown", []),
            ("not a host", []),
        ):  # fmt: skip
            self.assertEqual(self.origins(host, desk=("192.0.2.9", "2001:db8::9")), origins, host)

    def test_rule(self) -> None:
        """A host that can be none is a warning; who is disabled has none that counts."""
        for host, warned in (("desk.example", 0), ("10.1.0.0/16", 0), ("not a host", 1), ("", 0)):
            report = validate(changed("operators", login_host=host), TYPES)
            self.assertTrue(report.ok)
            self.assertEqual(len([p for p in report.warnings if p.column == "LOGIN_HOST"]), warned, host)
        away = changed("operators", login_host="desk", enabled=False)
        self.assertEqual((away.host_names, dict(away.origins_of)), (frozenset(), {}))


class _Source:
    """A source that has one configuration."""

    folder = poll_seconds = None
    may_vanish = False

    def __init__(self, configuration: Configuration) -> None:
        self.configuration = configuration
        self.accepted = 0

    def look(self, now: float) -> Sighting[str]:
        return Sighting()

    def first(self) -> list[str]:
        return ["one"]

    def read(self, path: str) -> Document:
        return Document(self.configuration)

    def accept(self, path: str, keep: int) -> None:
        self.accepted += 1


class LoadTests(SynchronousTestCase):
    """Names while loading."""

    def setUp(self) -> None:
        self.names: dict[str, tuple[str, ...]] = {}
        self.asked = 0
        self.source: Any = _Source(changed("operators", login_host="desk"))
        self.loader = Loader(self.source, TYPES, resolve=self.resolve)

    def resolve(self, names: Collection[str]) -> Answers:
        """Answer from the table."""
        self.asked += 1
        return Answers(
            {n: self.names[n] for n in names if n in self.names},
            {n: "no such name" for n in names if n not in self.names},
        )

    def test_found(self) -> None:
        """Addresses are part of what is in use, not of what is configured."""
        self.names["desk"] = ("192.0.2.9",)
        loaded = self.loader.first()
        self.assertEqual(loaded.configuration.resolved, {"desk": ("192.0.2.9",)})
        self.assertEqual(loaded.configured, self.source.configuration)
        self.assertFalse([w for w in loaded.warnings if "desk" in w])

    def test_retried(self) -> None:
        """A name without an address is a warning that names whom it concerns; it is asked for again, not too often."""
        loaded = self.loader.first()
        self.assertEqual(loaded.configuration.origins_of, {1: ()})
        self.assertIn("host desk: no such name: ann cannot log in; it is asked for again", loaded.warnings)
        self.loader.use(loaded)
        self.names["desk"] = ("192.0.2.9",)
        self.assertIsNone(self.loader.examine(0.0).loaded)
        self.assertIsNone(self.loader.examine(RETRY_SECONDS - 1).loaded)
        self.assertEqual(self.asked, 1)
        again = self.loader.examine(RETRY_SECONDS).loaded
        assert again is not None
        self.assertEqual(list(map(str, again.configuration.origins_of[1])), ["192.0.2.9/32"])
        self.assertFalse([w for w in again.warnings if "desk" in w])
        self.loader.use(again)
        self.assertEqual(self.source.accepted, 1, "the source has nothing new")
        self.assertIsNone(self.loader.examine(RETRY_SECONDS * 3).loaded)
        self.assertEqual(self.asked, 2)

    def test_none(self) -> None:
        """Without names nothing is looked up for long."""
        self.source.configuration = GOOD
        self.assertEqual(self.loader.first().configuration, GOOD)
