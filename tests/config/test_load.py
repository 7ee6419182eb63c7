"""Loading: what is put together, what is validated, and where a bootstrap file leads."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from astcti.config.bootstrap import read_bootstrap
from astcti.config.filesource import FileSource
from astcti.config.foldersource import FolderSource, publish
from astcti.config.lastgood import LastGood
from astcti.config.load import Loader, load
from astcti.config.recognise import BOOTSTRAP, RUNTIME, SQLITE, kind_of, read_runtime
from astcti.config.source import SourceUnavailable
from astcti.config.sqlitesource import write_sqlite
from astcti.config.xmlsource import write_xml
from astcti.errors import ConfigError
from tests.config.samples import GOOD, MD5, TYPES, changed


class LoadCase(SynchronousTestCase):
    """A folder with a bootstrap file."""

    def setUp(self) -> None:
        self.folder = Path(self.mktemp()).absolute()
        (self.folder / "drop").mkdir(parents=True)
        self.file = self.folder / "runtime.xml"
        self.file.write_bytes(write_xml(GOOD))

    def loader(self, source: str = "<source>xml</source><file>runtime.xml</file>") -> Loader:
        """The loader a bootstrap file describes."""
        path = self.folder / "astcti.xml"
        path.write_text(f"<configuration><database>{source}</database></configuration>")
        return Loader.of(read_bootstrap(path), TYPES)

    def folder_loader(self) -> Loader:
        """The same for the folder of data bases."""
        return self.loader("<source>sqlite</source><folder>drop</folder>")


class LoaderTests(LoadCase):
    """From a file to what the server runs by."""

    def test_sources(self) -> None:
        """The bootstrap file selects the source; its state directory holds the server's own files."""
        loader = self.loader()
        self.assertIsInstance(loader.source, FileSource)
        self.assertEqual(loader.first().configuration, GOOD)
        self.assertEqual(loader.overrides and loader.overrides.path, self.folder / "var" / "overrides.db3")
        self.assertIsInstance(self.folder_loader().source, FolderSource)
        self.assertIn(str(self.folder), loader.source.describe())
        self.assertEqual((loader.poll_seconds, self.folder_loader().poll_seconds), (5.0, 2.0))

    def test_load(self) -> None:
        """One call does for who only wants the configuration."""
        self.loader()
        self.assertEqual(load(read_bootstrap(self.folder / "astcti.xml"), TYPES), GOOD)

    def test_last_good(self) -> None:
        """Where a source cannot be asked its last good configuration is used; where that cannot be, both reasons are
        told."""
        source, copy = FileSource(self.file, self.folder / "rejected"), self.folder / "last-good.xml"
        self.patch(source, "first", self.unavailable)
        loader = Loader(source, TYPES, last_good=LastGood(copy))
        for data, said in ((b"", ["no server answers"]), (b"rubbish", ["no server answers", "last-good.xml:1: "])):
            if data:
                copy.write_bytes(data)
            problems = self.assertRaises(ConfigError, loader.first).problems
            self.assertEqual(len(problems), len(said), problems)
            for problem, wanted in zip(problems, said, strict=True):
                self.assertIn(wanted, problem)
        copy.write_bytes(write_xml(GOOD))
        loaded = loader.first()
        self.assertEqual((loaded.configuration, loaded.trouble), (GOOD, "no server answers"))

    def unavailable(self) -> list[Path]:
        """A source that is away."""
        raise SourceUnavailable("no server answers")

    def test_nothing_is_written(self) -> None:
        """Looking at a configuration changes nothing on the disk."""
        before = sorted(self.folder.rglob("*"))
        self.loader().first()
        self.assertEqual(sorted(self.folder.rglob("*")), sorted([*before, self.folder / "astcti.xml"]))

    def test_problems_have_their_lines(self) -> None:
        """An error of validation is told with file and line, table, id and column."""
        self.file.write_bytes(write_xml(changed("seats", exten="201")))
        line = next(n for n, text in enumerate(self.file.read_text().splitlines(), 1) if "<seat " in text)
        (problem,) = self.assertRaises(ConfigError, self.loader().first).problems
        self.assertEqual(
            problem,
            f"{self.file}:{line}: seats 1, SEAT_EXTEN: '201' is not a phone: technology/resource such as PJSIP/201",
        )

    def test_warnings(self) -> None:
        """Warnings come with the configuration."""
        self.file.write_bytes(write_xml(changed("operators", password=MD5)))
        (warning,) = self.loader().first().warnings
        self.assertIn("operators 1, PASS_WORD: bare MD5", warning)

    def test_first_that_validates(self) -> None:
        """Of a folder the newest that validates is taken; when none does, each says why."""
        good = publish(GOOD, self.folder / "drop", 1000.0)
        publish(changed("seats", exten="201"), self.folder / "drop", 2000.0)
        (self.folder / "drop" / "zzz.db3").write_text("rubbish")
        loader = self.folder_loader()
        self.assertEqual(loader.first().path, good)
        good.unlink()
        problems = self.assertRaises(ConfigError, loader.first).problems
        self.assertIn("not a SQLite data base", problems[0])
        self.assertIn("SEAT_EXTEN", problems[1])

    def test_overrides(self) -> None:
        """An operator's own password is in force, and forgotten when the file gets another."""
        loader = self.loader()
        assert loader.overrides is not None
        loader.overrides.put("ann", "PASS_WORD", GOOD.operators[0].password, MD5, 1.0)
        loaded = loader.first()
        self.assertEqual(loaded.configuration.operators[0].password, MD5)
        self.assertEqual(loaded.configured, GOOD)
        self.file.write_bytes(write_xml(changed("operators", password=MD5[::-1])))
        loader.use(loader.first())
        self.assertEqual(loader.overrides.all(), ())

    def test_damaged_overrides(self) -> None:
        """With a damaged store nothing is loaded at start, and nothing is rejected later."""
        loader = self.loader()
        loader.use(loader.first())
        (self.folder / "var").mkdir(exist_ok=True)
        (self.folder / "var" / "overrides.db3").write_bytes(b"rubbish" * 200)
        self.assertRaises(ConfigError, loader.first)
        self.file.write_bytes(write_xml(replace(GOOD, timestamp=5.0)))
        loader.examine(0.0)
        examined = loader.examine(1.0)
        self.assertEqual((examined.loaded, examined.problems), (None, ()))
        self.assertIn("overrides.db3", examined.trouble)

    def test_fault_of_a_plugin(self) -> None:
        """A plug-in that breaks while it validates rejects the configuration instead of stopping the watcher."""
        loader = self.loader()
        loader.use(loader.first())

        class Broken(dict):  # type: ignore[type-arg]
            def __contains__(self, name: object) -> bool:
                raise RuntimeError("plug-in broken")

        loader._action_types = Broken(TYPES)
        self.file.write_bytes(write_xml(replace(GOOD, timestamp=5.0)))
        loader.examine(0.0)
        self.assertIn("internal error: RuntimeError: plug-in broken", loader.examine(1.0).problems[0])
        self.assertEqual(len(self.flushLoggedErrors(RuntimeError)), 1)

    def test_backup(self) -> None:
        """What is replaced is backed up as it was configured, and not when nothing changes."""
        loader = self.loader()
        loaded = loader.first()
        self.assertEqual(loader.back_up(loaded, 1.0), None)
        loader.use(loaded)
        self.assertEqual(loader.back_up(loaded, 1.0), None)
        path = loader.back_up(replace(loaded, configured=replace(GOOD, timestamp=9.0)), 1.0)
        assert path is not None
        self.assertEqual((path.parent, read_runtime(path).configuration), (self.folder / "var" / "backup", GOOD))


class RecogniseTests(LoadCase):
    """Files are told apart by what is in them."""

    def test_kinds(self) -> None:
        """Bootstrap, XML, SQLite, INI; anything else is refused."""
        self.loader()
        write_sqlite(GOOD, self.folder / "looks-like.xml")
        (self.folder / "ini").write_text("[RuntimeDb]")
        (self.folder / "commented").write_text("\ufeff; of the old server\n\n# user and password\n [RuntimeDb]\n")
        for name, wanted in (
            ("astcti.xml", BOOTSTRAP),
            ("runtime.xml", RUNTIME),
            ("looks-like.xml", SQLITE),
            ("ini", BOOTSTRAP),
            ("commented", BOOTSTRAP),
        ):
            self.assertEqual(kind_of(self.folder / name), wanted)
        self.assertEqual(read_runtime(self.folder / "looks-like.xml").configuration, GOOD)
        for text in ("", "hello", "<html/>"):
            self.file.write_text(text)
            self.assertRaises(ConfigError, kind_of, self.file)
        self.assertRaises(ConfigError, kind_of, self.folder / "nowhere")
        self.assertIn("bootstrap file", str(self.assertRaises(ConfigError, read_runtime, self.folder / "astcti.xml")))
