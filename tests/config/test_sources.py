"""The two sources: what they take for new, for whole and for broken, and how they tidy up."""

from __future__ import annotations

import hashlib
import os
import stat
from dataclasses import replace
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from astcti.config.filesource import FileSource
from astcti.config.foldersource import FolderSource, publish
from astcti.config.source import Sighting
from astcti.config.sqlitesource import read_sqlite, write_sqlite
from astcti.config.xmlsource import write_xml
from astcti.errors import ConfigError
from tests.config.samples import GOOD


class FolderTests(SynchronousTestCase):
    """A folder of data bases."""

    def setUp(self) -> None:
        self.folder = Path(self.mktemp())
        self.folder.mkdir()
        self.source = FolderSource(self.folder)

    def drop(self, name: str) -> Path:
        """Drop a good data base."""
        write_sqlite(GOOD, self.folder / name)
        return self.folder / name

    def names(self, *parts: str) -> list[str]:
        """What is in the folder, or one below it."""
        return sorted(os.listdir(self.folder.joinpath(*parts)))

    def test_first(self) -> None:
        """At start the file named in ``current`` comes first, then the newest."""
        a, b, c = (self.drop(f"astcti-{n}.db3") for n in "123")
        self.assertEqual(self.source.first(), [c, b, a])
        (self.folder / "current").write_text("astcti-1.db3\n")
        self.assertEqual(self.source.first(), [a, c, b])
        (self.folder / "current").write_text("gone.db3\n")
        self.assertEqual(self.source.first(), [c, b, a])
        (self.folder / "current").write_bytes(b"\xff")
        self.assertEqual(self.source.first(), [c, b, a])

    def test_nothing_there(self) -> None:
        """An empty folder, or none, is told at start."""
        self.assertIn("there is no data base file", str(self.assertRaises(ConfigError, self.source.first)))
        self.assertIn("No such file", str(self.assertRaises(ConfigError, FolderSource(Path("/nowhere")).first)))

    def test_stability(self) -> None:
        """A new file is named once it did not change for a second."""
        self.source.accept(self.drop("astcti-1.db3"), 10)
        self.assertEqual(self.source.look(100.0), Sighting())
        path = self.drop("astcti-2.db3")
        self.assertEqual(self.source.look(100.0), Sighting(wait=1.0))
        self.assertEqual(self.source.look(100.75), Sighting(wait=0.25))
        with path.open("ab") as f:
            f.write(b"more")
        self.assertEqual(self.source.look(101.0), Sighting(wait=1.0))
        self.assertEqual(self.source.look(102.0), Sighting(path))
        self.assertEqual(self.source.look(50.0), Sighting(wait=1.0), "the clock was set back")

    def test_newest_by_name(self) -> None:
        """Of several new files the newest by name is taken; older ones and unfinished ones are not."""
        self.source.accept(self.drop("astcti-2.db3"), 10)
        for name in ("astcti-1.db3", "astcti-3.db3", "astcti-4.db3", ".astcti-9.db3"):
            self.drop(name)
        (self.folder / "astcti-5.db3.tmp").write_bytes(b"half")
        (self.folder / "astcti-6.db3").mkdir()
        self.source.look(0.0)
        self.assertEqual(self.source.look(1.0).path, self.folder / "astcti-4.db3")
        self.source.accept(self.folder / "astcti-4.db3", 10)
        self.assertEqual(self.source.look(9.0), Sighting())

    def test_accept(self) -> None:
        """What is in use is named in ``current``; beyond the newest few, older ones go to ``old``."""
        paths = [self.drop(f"astcti-{n}.db3") for n in range(6)]
        (self.folder / "astcti-0.db3.sha256").write_text("x")
        self.source.accept(paths[4], 3)
        self.assertEqual((self.folder / "current").read_text(), "astcti-4.db3\n")
        self.assertEqual(self.names("old"), ["astcti-0.db3", "astcti-0.db3.sha256", "astcti-1.db3"])
        self.assertEqual([n for n in self.names() if n.endswith("db3")], [f"astcti-{n}.db3" for n in (2, 3, 4, 5)])
        self.source.accept(paths[5], 1)
        self.assertEqual([n for n in self.names() if n.endswith("db3")], ["astcti-5.db3"])

    def test_reject(self) -> None:
        """A broken file goes to ``rejected`` with the reasons beside it, and what is behind it is seen."""
        self.source.accept(self.drop("astcti-1.db3"), 10)
        good, bad = self.drop("astcti-2.db3"), self.drop("astcti-3.db3")
        self.source.look(0.0)
        self.source.reject(bad, ("one thing", "and another"))
        self.assertEqual((self.folder / "rejected" / "astcti-3.db3.log").read_text(), "one thing\nand another\n")
        self.assertEqual(self.names("rejected"), ["astcti-3.db3", "astcti-3.db3.log"])
        self.source.look(1.0)
        self.assertEqual(self.source.look(2.0).path, good)

    def test_unmovable(self) -> None:
        """A broken file that cannot be moved away is not tried again until it changes or somebody asks."""
        self.source.accept(self.drop("astcti-1.db3"), 10)
        bad = self.drop("astcti-2.db3")
        (self.folder / "rejected").write_text("a file in the way")
        self.source.look(0.0)
        self.source.reject(bad, ("x",))
        self.assertEqual(self.source.look(5.0), Sighting())
        self.source.forget()
        self.assertEqual(self.source.look(6.0).path, bad)
        self.source.reject(bad, ("x",))
        os.utime(bad, ns=(1, 1))
        self.source.look(7.0)
        self.assertEqual(self.source.look(8.0).path, bad)

    def test_vanished(self) -> None:
        """The file in use and the whole folder may vanish; what arrives afterwards is seen whatever its name."""
        current = self.drop("astcti-5.db3")
        self.drop("astcti-4.db3")
        self.source.accept(current, 10)
        current.unlink()
        self.assertEqual(self.source.look(0.0), Sighting())
        new = self.drop("astcti-3.db3")
        self.source.look(1.0)
        self.assertEqual(self.source.look(2.0).path, new)
        self.folder.rename(Path(self.mktemp()))
        self.assertIn("No such file", self.source.look(3.0).trouble)

    def test_checksum(self) -> None:
        """A checksum beside the file must match; without one the file is taken as it is."""
        path = self.drop("astcti-1.db3")
        self.assertEqual(self.source.read(path).configuration, GOOD)
        side = self.folder / "astcti-1.db3.sha256"
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        for text in (digest, digest.upper() + "\n", f"{digest}  {path.name}\n"):
            side.write_text(text)
            self.assertEqual(self.source.read(path).configuration, GOOD)
        for text in ("", "no checksum", "0" * 64, digest[:-1]):
            side.write_text(text)
            self.assertIn("astcti-1.db3", str(self.assertRaises(ConfigError, self.source.read, path)))

    def test_publish(self) -> None:
        """A configuration is dropped whole, under a name that sorts by time, with its checksum."""
        one = publish(GOOD, self.folder, 1_371_630_006.0)
        two = publish(replace(GOOD, timestamp=2.0), self.folder, 1_371_630_007.0)
        self.assertRegex(one.name, r"^astcti-20130619T082006-[0-9a-f]{8}\.db3$")
        self.assertEqual(self.source.first(), [two, one])
        self.assertEqual(self.source.read(one).configuration, GOOD)
        self.assertEqual(self.names(), sorted(n for p in (one, two) for n in (p.name, f"{p.name}.sha256")))
        self.assertEqual(stat.S_IMODE(one.stat().st_mode), 0o600)
        self.assertEqual(read_sqlite(two).timestamp, 2.0)
        self.assertRaises(ConfigError, publish, GOOD, Path("/nowhere"), 1.0)


class FileTests(SynchronousTestCase):
    """One XML file."""

    def setUp(self) -> None:
        folder = Path(self.mktemp())
        folder.mkdir()
        self.path, self.rejected = folder / "runtime.xml", folder / "var" / "rejected"
        self.path.write_bytes(write_xml(GOOD))
        self.source = FileSource(self.path, self.rejected)
        self.source.read(self.path)
        self.source.accept(self.path, 10)

    def test_unchanged(self) -> None:
        """The file in use is not new."""
        self.assertEqual(self.source.first(), [self.path])
        self.assertEqual(self.source.look(0.0), Sighting())

    def test_replaced(self) -> None:
        """A file put in its place is new once it did not change for a second."""
        other = self.path.with_name("x")
        other.write_bytes(self.path.read_bytes())
        other.replace(self.path)
        self.assertEqual(self.source.look(0.0), Sighting(wait=1.0))
        self.assertEqual(self.source.look(1.0), Sighting(self.path))

    def test_growing(self) -> None:
        """A file that is still being written is left alone."""
        for second in range(5):
            with self.path.open("ab") as f:
                f.write(b" ")
            self.assertEqual(self.source.look(float(second)), Sighting(wait=1.0))
        self.assertEqual(self.source.look(5.0), Sighting(self.path))

    def test_vanished(self) -> None:
        """A file that is gone is trouble, and no change when it is back as it was."""
        aside = self.path.with_name("aside")
        self.path.rename(aside)
        self.assertIn("No such file", self.source.look(0.0).trouble)
        aside.rename(self.path)
        self.assertEqual(self.source.look(1.0), Sighting())

    def test_rejected(self) -> None:
        """A rejected file stays where it is; a copy is kept with the reasons, and it is not tried again."""
        self.path.write_text("<broken")
        self.source.look(0.0)
        self.assertRaises(ConfigError, self.source.read, self.path)
        self.source.reject(self.path, ("runtime.xml:1: broken",))
        self.assertEqual(self.source.look(9.0), Sighting())
        log, copy = sorted(self.rejected.iterdir())
        self.assertEqual((log.read_text(), copy.read_text()), ("runtime.xml:1: broken\n", "<broken"))
        self.assertEqual(self.path.read_text(), "<broken")
        self.source.forget()
        self.assertEqual(self.source.look(10.0).path, self.path)

    def test_not_too_many_copies(self) -> None:
        """Rejected copies do not fill the disk."""
        for n in range(55):
            self.path.write_text(f"<broken{n}")
            self.assertRaises(ConfigError, self.source.read, self.path)
            self.source.reject(self.path, ("x",))
        self.assertEqual(len(list(self.rejected.glob("*.xml"))), 50)
        self.assertEqual(len(list(self.rejected.glob("*.log"))), 50)

    def test_no_room_for_copies(self) -> None:
        """Where no copy can be kept the file is rejected all the same."""
        self.path.write_text("<broken")
        self.assertRaises(ConfigError, self.source.read, self.path)
        self.rejected.parent.write_text("a file in the way")
        self.source.reject(self.path, ("x",))
        self.assertEqual(self.source.look(9.0), Sighting())
