"""Files that are written whole or not at all."""

import os
import stat
from pathlib import Path

from twisted.trial.unittest import SkipTest, SynchronousTestCase

from astcti.config.files import write_file
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
