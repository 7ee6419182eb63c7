"""What is kept in the state directory: overrides and backups."""

from __future__ import annotations

import os
import stat
from dataclasses import replace
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from astcti.config.backups import Backups
from astcti.config.model import Configuration
from astcti.config.overrides import OverrideStore, apply_overrides
from astcti.config.xmlsource import read_xml
from astcti.errors import ConfigError
from tests.config.samples import GOOD


def with_password(password: str) -> Configuration:
    """:data:`GOOD` with another password of its first operator, ann."""
    return replace(GOOD, operators=(replace(GOOD.operators[0], password=password), *GOOD.operators[1:]))


class OverrideTests(SynchronousTestCase):
    """An operator's own change holds until the administrator makes another."""

    def setUp(self) -> None:
        self.store = OverrideStore(Path(self.mktemp()) / "var" / "overrides.db3")

    def password(self, configured: str) -> str:
        """The password in force when the file has ``configured``."""
        return apply_overrides(with_password(configured), self.store.all()).operators[0].password

    def test_holds(self) -> None:
        """A changed password is in force after every load, for that operator only."""
        self.assertTrue(self.store.put("ann", "PASS_WORD", "old", "new", 1.0))
        self.assertEqual((self.password("old"), self.password("old")), ("new", "new"))
        self.assertEqual(apply_overrides(with_password("old"), self.store.all()).operators[1], GOOD.operators[1])

    def test_second_change(self) -> None:
        """A second change still stands in for the configured value."""
        self.store.put("ann", "PASS_WORD", "old", "new", 1.0)
        self.assertTrue(self.store.put("ann", "PASS_WORD", "new", "newer", 2.0))
        self.assertEqual((self.password("old"), self.password("new")), ("newer", "new"))

    def test_administrator_wins(self) -> None:
        """Once the configured value is another one, it counts; the override is forgotten, also for a way back."""
        self.store.put("ann", "PASS_WORD", "old", "new", 1.0)
        self.assertEqual(self.password("administrator's"), "administrator's")
        self.assertEqual(self.store.settle(with_password("administrator's")), 1)
        self.assertEqual((self.password("old"), self.store.all()), ("old", ()))
        self.assertTrue(self.store.put("ann", "PASS_WORD", "administrator's", "own", 2.0))
        self.assertEqual(self.password("administrator's"), "own")

    def test_settle_keeps_what_holds(self) -> None:
        """Settling forgets nothing that is still in force."""
        self.store.put("ann", "PASS_WORD", "old", "new", 1.0)
        self.assertEqual(self.store.settle(with_password("old")), 0)
        self.assertEqual(self.password("old"), "new")

    def test_too_late(self) -> None:
        """A better hash of a password that was changed meanwhile does not bring the old password back."""
        self.store.put("ann", "PASS_WORD", "old", "new", 1.0)
        self.assertFalse(self.store.put("ann", "PASS_WORD", "old", "better hash of old", 2.0))
        self.assertEqual(self.password("old"), "new")

    def test_columns(self) -> None:
        """Credentials can be overridden, nothing else."""
        for column in ("PASS_WORD", "PASS_ALT", "SCRAM"):
            self.assertTrue(self.store.put("ann", column, "", "x", 1.0))
        self.assertRaises(ConfigError, self.store.put, "ann", "USERNAME", "ann", "root", 1.0)

    def test_private(self) -> None:
        """The file is its owner's, and credentials are in no representation."""
        self.store.put("ann", "PASS_WORD", "old", "hush", 1.0)
        self.assertEqual(stat.S_IMODE(os.stat(self.store.path).st_mode), 0o600)
        self.assertNotIn("hush", repr(self.store.all()))

    def test_nothing_yet(self) -> None:
        """Without overrides nothing is made on the disk."""
        self.assertEqual((self.store.all(), self.store.path.exists()), ((), False))

    def test_begun_by_somebody_else(self) -> None:
        """An empty file, as a backup program may have made it, holds nothing; to read it writes nothing into it."""
        self.store.path.parent.mkdir(parents=True)
        self.store.path.touch()
        self.assertEqual((self.store.all(), self.store.path.stat().st_size), ((), 0))

    def test_out_of_reach(self) -> None:
        """A file that cannot be looked at is told, with its name."""
        self.store.path.parent.mkdir(parents=True)
        store = OverrideStore(self.store.path.with_name("x" * 300))
        self.assertIn(str(store.path), str(self.assertRaises(ConfigError, store.all)))

    def test_damaged(self) -> None:
        """A store that is damaged is told, not taken for empty: old passwords would count again."""
        self.store.path.parent.mkdir(parents=True)
        self.store.path.write_bytes(b"no data base at all, but long enough to look like one" * 20)
        self.assertIn(str(self.store.path), str(self.assertRaises(ConfigError, self.store.all)))

    @settings(max_examples=25, deadline=None)
    @given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("abc")), max_size=6))
    def test_any_history(self, changes: list[tuple[str, str]]) -> None:
        """Whatever is put: accepted changes are in force while the file is as it was, refused ones change nothing."""
        store = OverrideStore(Path(self.mktemp()) / "o.db3")
        running = "a"
        for seen, value in changes:
            if store.put("ann", "PASS_WORD", seen, value, 1.0) and seen == running:
                running = value
            elif seen != running:
                return  # somebody who was wrong about what is in force; nothing is promised then
            self.assertEqual(apply_overrides(with_password("a"), store.all()).operators[0].password, running)


class ScramTests(SynchronousTestCase):
    """A verifier for SCRAM belongs to one password, and counts as long as that is in force."""

    def setUp(self) -> None:
        self.store = OverrideStore(Path(self.mktemp()) / "var" / "overrides.db3")

    def configured(self, password: str, scram: str = "") -> Configuration:
        """The file as its owner has it."""
        ann, *others = with_password(password).operators
        return replace(GOOD, operators=(replace(ann, scram=scram), *others))

    def scram(self, password: str, scram: str = "") -> str:
        """The verifier in force with that file."""
        return apply_overrides(self.configured(password, scram), self.store.all()).operators[0].scram

    def test_without_any(self) -> None:
        """Without overrides the file's own counts."""
        self.assertEqual(self.scram("old", "of old"), "of old")

    def test_made_at_a_login(self) -> None:
        """One that was made for the file's password stands in for what the file has, for that operator only."""
        self.store.put("ann", "SCRAM", "old", "made of old", 1.0)
        self.assertEqual((self.scram("old"), self.scram("old", "of old")), ("made of old", "made of old"))
        others = apply_overrides(self.configured("old"), self.store.all()).operators[1:]
        self.assertEqual(others, GOOD.operators[1:])

    def test_file_changed(self) -> None:
        """Once the file has another password, its own verifier counts, and none of an older password."""
        self.store.put("ann", "SCRAM", "old", "made of old", 1.0)
        self.assertEqual((self.scram("another", "of another"), self.scram("another")), ("of another", ""))

    def test_password_changed(self) -> None:
        """The file's verifier is void once the operator has another password, and so is one made of the old one."""
        self.store.put("ann", "SCRAM", "old", "made of old", 1.0)
        self.store.put("ann", "PASS_WORD", "old", "new", 2.0)
        self.assertEqual((self.scram("old", "of old"), self.scram("old")), ("", ""))
        self.store.put("ann", "SCRAM", "new", "made of new", 3.0)
        self.assertEqual(self.scram("old", "of old"), "made of new")

    def test_changed_again(self) -> None:
        """The verifier of a password that is no longer the newest counts no more."""
        self.store.put("ann", "PASS_WORD", "old", "new", 1.0)
        self.store.put("ann", "SCRAM", "new", "made of new", 2.0)
        self.store.put("ann", "PASS_WORD", "new", "newer", 3.0)
        self.assertEqual(self.scram("old", "of old"), "")
        self.store.put("ann", "SCRAM", "newer", "made of newer", 4.0)
        self.assertEqual(self.scram("old"), "made of newer")

    def test_administrator_wins(self) -> None:
        """A password that the owner of the file sets voids the operator's own together with its verifier."""
        self.store.put("ann", "PASS_WORD", "old", "new", 1.0)
        self.store.put("ann", "SCRAM", "new", "made of new", 2.0)
        self.assertEqual(self.scram("administrator's", "of administrator's"), "of administrator's")
        self.assertEqual(self.scram("administrator's"), "")

    def test_file_has_it_now(self) -> None:
        """A file that was brought up to date with the operator's own password keeps the verifier that belongs to it."""
        self.store.put("ann", "PASS_WORD", "old", "new", 1.0)
        self.store.put("ann", "SCRAM", "new", "made of new", 2.0)
        self.assertEqual(self.scram("new"), "made of new")

    def test_settle(self) -> None:
        """Those that can count are kept, all others forgotten, also for a way back."""
        self.store.put("ann", "SCRAM", "old", "made of old", 1.0)
        self.assertEqual(self.store.settle(self.configured("old", "of old")), 0)
        self.store.put("ann", "PASS_WORD", "old", "new", 2.0)
        self.store.put("ann", "SCRAM", "new", "made of new", 3.0)
        self.assertEqual(self.store.settle(self.configured("old", "of old")), 0)
        self.assertEqual(self.scram("old"), "made of new")
        self.assertEqual(self.store.settle(self.configured("administrator's")), 2)
        self.assertEqual((self.scram("old", "of old"), self.store.all()), ("of old", ()))


class BackupTests(SynchronousTestCase):
    """A replaced configuration can be had again."""

    def test_kept(self) -> None:
        """A backup is the configuration in XML, readable by its owner only."""
        path = Backups(Path(self.mktemp()) / "backup").store(GOOD, 1_371_630_006.0)
        self.assertEqual(read_xml(path), GOOD)
        self.assertTrue(path.name.startswith("astcti-20130619T082006-"))
        self.assertEqual(stat.S_IMODE(path.stat().st_mode), 0o600)
        self.assertEqual(stat.S_IMODE(path.parent.stat().st_mode), 0o700)

    def test_not_too_many(self) -> None:
        """Only the newest are kept, and nothing else in the folder is touched."""
        backups = Backups(Path(self.mktemp()), keep=3)
        paths = [backups.store(GOOD, 1000.0 + n) for n in range(3)]
        (backups.folder / "mine.xml").write_text("x")
        paths += [backups.store(GOOD, 2000.0 + n) for n in range(2)]
        self.assertEqual(backups.files(), paths[2:])
        self.assertTrue((backups.folder / "mine.xml").exists())

    def test_no_room(self) -> None:
        """A folder that cannot be made is told."""
        (blocked := Path(self.mktemp())).write_text("x")
        self.assertRaises(ConfigError, Backups(blocked / "backup").store, GOOD, 1.0)
