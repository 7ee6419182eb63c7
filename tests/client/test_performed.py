"""Actions are performed once, whatever happens to the program."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from astcti.client.performed import INTERRUPTED, Performed, file_of


class PerformedTests(SynchronousTestCase):
    """A file, and programs that are begun anew."""

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = Path(folder.name) / "state" / "performed"

    def program(self, keep: int = 3) -> Performed:
        """One that has just begun."""
        made = Performed(self.path, keep)
        self.addCleanup(made.close)
        return made

    def test_restart(self) -> None:
        """What was begun is not begun again; what became of it is known, if it was when the program died."""
        first = self.program()
        self.assertTrue(first.begin("1-a"))
        first.end("1-a", True, "12 ms")
        self.assertTrue(first.begin("2-b"))
        self.assertFalse(first.begin("2-b"))
        self.assertIsNone(first.report("2-b"))
        second = self.program()
        self.assertEqual([second.begin(id) for id in ("1-a", "2-b", "3-c")], [False, False, True])
        self.assertEqual((second.report("1-a"), second.report("2-b")), ((True, "12 ms"), (False, INTERRUPTED)))
        self.assertEqual(self.path.stat().st_mode & 0o077, 0)

    def test_half_a_line(self) -> None:
        """A line that was not completed counts for nothing, and does not spoil the next one."""
        self.program().begin("1-a")
        with self.path.open("ab") as file:
            file.write(b"2-b")
        second = self.program()
        self.assertTrue(second.begin("2-b"))
        third = self.program()
        self.assertEqual([third.begin(id) for id in ("1-a", "2-b")], [False, False])

    def test_rubbish(self) -> None:
        """A file with anything in it is no obstacle."""
        self.path.parent.mkdir()
        self.path.write_bytes(os.urandom(5000) + b"\n1-a\n")
        program = self.program(1000)
        self.assertEqual((program.begin("1-a"), program.begin("2-b")), (False, True))

    def test_ceiling(self) -> None:
        """Neither what is remembered nor the file grows without end; the newest are known."""
        program = self.program()
        for number in range(100):
            program.begin(f"{number}-x")
            program.end(f"{number}-x", False, "line\nbreak")
        self.assertLess(len(self.path.read_text().splitlines()), 20)
        again = self.program()
        self.assertEqual([again.begin(f"{n}-x") for n in (97, 98, 99, 0)], [False, False, False, True])

    def test_any_charset(self) -> None:
        """The file has the same form on every system, whatever its charset: also when it is written anew."""
        write = Path.write_text

        def narrow(path: Path, text: str, encoding: str | None = None) -> int:
            return write(path, text, encoding=encoding or "ascii")

        self.patch(Path, "write_text", narrow)
        performed = Performed(self.path, keep=2)
        for number in range(10):
            self.assertTrue(performed.begin(f"{number}-x"))
            performed.end(f"{number}-x", False, "Größe \N{GRINNING FACE}")
        performed.close()
        self.assertEqual(Performed(self.path, keep=2).report("9-x"), (False, "Größe \N{GRINNING FACE}"))

    def test_no_place(self) -> None:
        """Where nothing can be written it works as long as the program runs."""
        self.path.parent.write_text("a file where the folder should be")
        program = self.program()
        self.assertEqual((program.begin("1-a"), program.begin("1-a")), (True, False))
        self.assertEqual(Performed().begin("1-a"), True)

    @given(st.lists(st.tuples(st.sampled_from("abcde"), st.booleans(), st.text(max_size=5)), max_size=30))
    def test_any(self, story: list[tuple[str, bool, str]]) -> None:
        """However often the program is begun anew, nothing is begun twice."""
        with tempfile.TemporaryDirectory() as folder:
            begun: set[str] = set()
            program = Performed(Path(folder) / "f", 100)
            for id, restart, text in story:
                if restart:
                    program.close()
                    program = Performed(Path(folder) / "f", 100)
                self.assertEqual(program.begin(id), id not in begun)
                begun.add(id)
                program.end(id, True, text)
            program.close()


class PlaceTests(SynchronousTestCase):
    """Where the file is."""

    def test_place(self) -> None:
        """Another one for each operator and server; the state folder of the user."""
        environ = {"XDG_STATE_HOME": "/state"}
        one, other = file_of("anna", "a:5000", environ), file_of("anna", "b:5000", environ)
        self.assertNotEqual(one, other)
        self.assertEqual(one.parent, Path("/state/astcti"))
        self.assertEqual(file_of("x", "y", {}).parent, Path.home() / ".local" / "state" / "astcti")
