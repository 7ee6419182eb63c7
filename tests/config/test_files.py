"""Files that are written whole or not at all."""

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from twisted.trial.unittest import SkipTest, SynchronousTestCase

from astcti.config import files
from astcti.config.files import give_to_owner_of, write_file
from astcti.config.foldersource import publish
from tests.config.samples import GOOD

SOMEBODY = 4711


def rights(path: Path) -> tuple[int, int, int]:
    """Owner, group and mode."""
    found = path.stat()
    return found.st_uid, found.st_gid, stat.S_IMODE(found.st_mode)


class RightsTests(SynchronousTestCase):
    """Who may read what was written."""

    def setUp(self) -> None:
        self.path = Path(self.mktemp())

    def test_private(self) -> None:
        """A file is for its owner, whatever was there before."""
        self.path.write_bytes(b"old")
        self.path.chmod(0o644)
        write_file(self.path, b"new")
        self.assertEqual((self.path.read_bytes(), rights(self.path)), (b"new", (os.getuid(), os.getgid(), 0o600)))

    def test_kept(self) -> None:
        """Where that is asked for, whoever could read the file before can read it now."""
        write_file(self.path, b"first", keep_rights=True)
        self.assertEqual(rights(self.path)[2], 0o600)
        self.path.chmod(0o640)
        write_file(self.path, b"new", keep_rights=True)
        self.assertEqual((self.path.read_bytes(), rights(self.path)), (b"new", (os.getuid(), os.getgid(), 0o640)))

    def test_nobody_in_between(self) -> None:
        """Whoever owns the folder cannot have rights given to another file, by a link in the place of the new one."""
        folder, other = Path(self.mktemp()), Path(self.mktemp())
        folder.mkdir()
        other.write_bytes(b"somebody else's")
        other.chmod(0o600)
        for link in (os.symlink, os.link):
            path = folder / link.__name__
            link(other.absolute(), path)
            self.assertRaises(OSError, give_to_owner_of, folder, path)
        path = folder / "a"
        path.write_bytes(b"old")
        path.chmod(0o644)

        @contextmanager
        def swapped(path: Path) -> Iterator[Path]:
            yield folder / "symlink"

        self.patch(files, "replace_file", swapped)
        self.assertRaises(OSError, write_file, path, b"new", keep_rights=True)
        self.assertEqual((other.read_bytes(), rights(other)[2]), (b"somebody else's", 0o600))

    def test_by_root(self) -> None:
        """What root writes in the place of a file, or drops into a folder, belongs to whom they belonged."""
        if os.getuid():
            raise SkipTest("for root only")
        self.path.write_bytes(b"old")
        os.chown(self.path, SOMEBODY, SOMEBODY)
        self.path.chmod(0o640)
        write_file(self.path, b"new", keep_rights=True)
        self.assertEqual(rights(self.path), (SOMEBODY, SOMEBODY, 0o640))
        folder = Path(self.mktemp())
        folder.mkdir()
        os.chown(folder, SOMEBODY, SOMEBODY)
        dropped = publish(GOOD, folder, 1.0)
        for path in (dropped, dropped.with_name(f"{dropped.name}.sha256")):
            self.assertEqual(rights(path), (SOMEBODY, SOMEBODY, 0o600))
