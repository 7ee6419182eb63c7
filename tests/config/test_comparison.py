"""Configurations compared row by row, and brought back."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from astcti.config.backups import Backups
from astcti.config.comparison import compare
from astcti.config.model import Configuration
from astcti.config.schema import TABLES
from astcti.config.xmlsource import read_xml, write_xml
from astcti.protocols.client import digest_of
from tests.config.samples import GOOD
from tests.config.test_command import CommandCase

ANOTHER = digest_of("another one")


def other(**settings: str) -> Configuration:
    """The sample with another name, without its last service's operators, and with other settings."""
    first, *rest = GOOD.operators
    return replace(
        GOOD,
        operators=(replace(first, full_name="Somebody else", password=ANOTHER), *rest),
        service_operators=GOOD.service_operators[:-1],
        settings={**GOOD.settings, **settings},
        timestamp=GOOD.timestamp + 1,
    )


class ComparisonTests(SynchronousTestCase):
    """What is told."""

    def test_same(self) -> None:
        """Another timestamp is no difference."""
        self.assertEqual(compare(GOOD, replace(GOOD, timestamp=1)), [])

    def test_told(self) -> None:
        """Added, removed, changed: each row once, with the columns; secrets are not shown."""
        lines = [str(change) for change in compare(GOOD, other(ami_secret="x", action_timeout="31"))]
        first, last = GOOD.operators[0], GOOD.service_operators[-1]
        self.assertIn("+ server_settings action_timeout: val '31'", lines)
        self.assertTrue(any("ami_secret" in line and "'x'" not in line for line in lines), lines)
        for name in ("auth_ldap_bind_password", "auth_vault_token", "auth_radius_shared_key", "auth_x_passphrase"):
            (line,) = (str(c) for c in compare(GOOD, replace(GOOD, settings={**GOOD.settings, name: "hush"})))
            self.assertIn(name, line)
            self.assertNotIn("hush", line)
        (line,) = (str(c) for c in compare(GOOD, replace(GOOD, settings={**GOOD.settings, "tls_key": "a.pem"})))
        self.assertIn("a.pem", line)  # a file, not what is in it
        told = next(line for line in lines if line.startswith(f"~ operators {first.id}"))
        self.assertIn(f"FULL_NAME {first.full_name!r} -> 'Somebody else'", told)
        self.assertIn("PASS_WORD another secret", told)
        self.assertNotIn(ANOTHER, told)
        self.assertTrue(
            any(line.startswith(f"- services_operators {last.service_id} {last.operator_id}") for line in lines), lines
        )
        self.assertEqual(len(lines), 4)

    @given(st.data())
    def test_back_and_forth(self, data: st.DataObject) -> None:
        """Whatever rows are left out, what is told of the way back is the mirror of what is told of the way there."""
        less = replace(
            GOOD,
            **{
                table.rows: tuple(row for row in getattr(GOOD, table.rows) if data.draw(st.booleans()))
                for table in TABLES
            },
        )
        there, back = compare(GOOD, less), compare(less, GOOD)
        mirror = {"+": "-", "-": "+", "~": "~"}
        self.assertEqual(
            [(c.kind, c.table, c.key, dict(c.columns)) for c in there],
            [(mirror[c.kind], c.table, c.key, {n: (b, a) for n, (a, b) in c.columns.items()}) for c in back],
        )
        self.assertEqual(len(there), sum(len(getattr(GOOD, t.rows)) - len(getattr(less, t.rows)) for t in TABLES))


class DiffTests(CommandCase):
    """``astcti config diff``."""

    def test_diff(self) -> None:
        """Between files and what a server would load."""
        changed = self.folder / "new.xml"
        changed.write_bytes(write_xml(other()))
        code, out, err = self.run_it("diff", self.bootstrap(), changed)
        self.assertEqual((code, err), (0, ""))
        self.assertRegex(out, r"(?m)^~ operators .*Somebody else")
        self.assertEqual(self.run_it("diff", "--exit-code", self.file, changed)[0], 3)
        self.assertEqual(self.run_it("diff", "--exit-code", self.file, self.file), (0, "no difference\n", ""))
        self.assertEqual(self.run_it("diff", self.file)[0], 2)
        self.assertEqual(self.run_it("diff", self.file, self.folder / "nowhere.xml")[0], 1)


class RollbackTests(CommandCase):
    """``astcti config rollback``."""

    def test_rollback(self) -> None:
        """Listed, tried, done; the file is then the former one, with a new timestamp."""
        bootstrap = self.bootstrap()
        code, _, err = self.run_it("rollback", bootstrap)
        self.assertEqual((code, "not replaced a configuration yet" in err), (1, True))
        backups = Backups(self.folder / "var" / "backup")
        backups.store(replace(GOOD, service_operators=()), 1_795_000_000.0)
        backups.store(other(), 1_795_000_001.0)
        code, out, _ = self.run_it("rollback", bootstrap)
        self.assertEqual(code, 0)
        self.assertRegex(out, r"(?m)^  1  replaced .*  2 differences")
        self.assertEqual(len(out.splitlines()), 2)
        before = self.file.read_bytes()
        code, out, err = self.run_it("rollback", "--dry-run", bootstrap, 1)
        self.assertEqual((code, self.file.read_bytes()), (0, before), err)
        self.assertIn("Somebody else", out)
        code, out, _ = self.run_it("rollback", bootstrap, 1)
        self.assertEqual(code, 0, out)
        self.assertEqual(compare(read_xml(self.file), other()), [])
        self.assertGreater(read_xml(self.file).timestamp, GOOD.timestamp)
        self.assertIn("no difference", self.run_it("rollback", bootstrap, 1)[1])
        self.assertEqual(self.run_it("rollback", bootstrap, 3)[0], 1)
        self.assertEqual(self.run_it("rollback", bootstrap, "x")[0], 2)
