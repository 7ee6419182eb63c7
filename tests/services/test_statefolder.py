"""One state directory, one server."""

import os
from pathlib import Path

from twisted.trial.unittest import TestCase

from astcti.errors import UserError
from astcti.services.statefolder import LOCK_NAME, StateFolder, check_unoccupied


class StateFolderTests(TestCase):
    """Two servers never write into one state directory."""

    def setUp(self) -> None:
        self.path = Path(self.mktemp()) / "var"

    def begun(self) -> StateFolder:
        """One that has the directory."""
        folder = StateFolder(self.path)
        folder.startService()
        self.addCleanup(folder.stopService)
        return folder

    def test_second(self) -> None:
        """The second server is told which process has it, and the first keeps it."""
        self.begun()
        for attempt in (StateFolder(self.path).startService, lambda: check_unoccupied(self.path)):
            for _ in range(2):
                self.assertRaisesRegex(UserError, f"runs already: pid {os.getpid()} has the state directory", attempt)

    def test_after_the_end(self) -> None:
        """Whoever comes after an orderly end gets it; a file left behind by a killed server is no hindrance."""
        self.begun().stopService()
        check_unoccupied(self.path)
        self.begun()
        self.assertEqual((self.path / LOCK_NAME).stat().st_mode & 0o777, 0o600)

    def test_nothing_there(self) -> None:
        """To look makes nothing."""
        check_unoccupied(self.path)
        self.assertFalse(self.path.exists())

    def test_no_lock_to_be_had(self) -> None:
        """A directory that cannot be made is no reason not to begin: calls are followed all the same."""
        self.path.parent.mkdir(parents=True)
        self.path.write_text("a file")
        self.begun()
        check_unoccupied(self.path)
