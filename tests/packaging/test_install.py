"""Installed in each of the three ways, astcti and the plug-ins of others are found."""

from __future__ import annotations

import shutil
import sys
import tarfile
import zipfile
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

import astcti
from tests.outside import skip_without
from tests.packaging.environments import Environment, copy_of_project, run

TOY = "plugin_distribution"
LIST_TYPES = "from astcti.actions.registry import action_types; print(*action_types())"


class Built:
    """The distributions, built once for all tests."""

    _built: Built | None = None

    def __init__(self, folder: Path) -> None:
        self.source = copy_of_project(folder / "project")
        self.toy = self.source / "tests" / TOY
        build = (sys.executable, "-m", "build", "--no-isolation", "--outdir", folder / "dist")
        run(*build, "--sdist", "--wheel", self.source)
        (self.sdist,) = (folder / "dist").glob("*.tar.gz")
        (self.wheel,) = (folder / "dist").glob("*.whl")
        shutil.rmtree(self.source / "build", ignore_errors=True)

    @classmethod
    def get(cls, folder: Path) -> Built:
        """The one and only."""
        if cls._built is None:
            cls._built = cls(folder)
        return cls._built


class InstalledTests(SynchronousTestCase):
    """What somebody finds who has just installed astcti."""

    skip = skip_without("ASTCTI_TEST_PACKAGING")

    def setUp(self) -> None:
        self.folder = Path(self.mktemp()).absolute()
        self.built = Built.get(Path("built").absolute())
        self.environment = Environment(self.folder)

    def _check(self, place: Path) -> None:
        found = Path(self.environment.evaluate("import astcti; print(astcti.__file__)"))
        self.assertTrue(found.is_relative_to(place), f"{found} is not below {place}")
        self.assertIn(astcti.__version__, self.environment.program("astcti", "--version"))
        self.assertIn("--config", self.environment.twistd("astcti", "--help"))
        self.assertIn("BROWSER", self.environment.evaluate(LIST_TYPES).split())

    def _check_toy(self) -> None:
        before = set(self.environment.evaluate(LIST_TYPES).split())
        self.environment.install(self.built.toy)
        fresh = set(self.environment.evaluate(LIST_TYPES).split()) - before
        self.assertEqual(len(fresh), 1, f"one new action type was expected of the toy, not {fresh}")

    def test_wheel(self) -> None:
        """From the wheel: the command, the ``twistd`` plug-in, the actions, and those of a second distribution."""
        self.environment.install(self.built.wheel)
        self._check(self.environment.packages)
        self._check_toy()
        self.assertIn("\npop ", self.environment.program("astcti", "demo", "--seconds", 5))
        sample = self.folder / "share" / "astcti" / "runtime.xml"
        self.assertIn("fine", self.environment.program("astcti", "config", "check", sample))
        self.assertTrue((self.folder / "share" / "astcti" / "asterisk" / "manager_astcti.conf").exists())

    def test_sdist(self) -> None:
        """The same from the sdist."""
        self.environment.install(self.built.sdist)
        self._check(self.environment.packages)
        self._check_toy()

    def test_editable(self) -> None:
        """The same from a checkout that is being worked on."""
        self.environment.install("-e", self.built.source)
        self._check(self.built.source)
        self._check_toy()


class ContentTests(SynchronousTestCase):
    """What is in the distributions."""

    skip = skip_without("ASTCTI_TEST_PACKAGING")

    def setUp(self) -> None:
        self.built = Built.get(Path("built").absolute())

    def test_wheel_has_all_modules_and_data(self) -> None:
        """Nothing of the package is left behind, and no test gets in."""
        with zipfile.ZipFile(self.built.wheel) as archive:
            names = set(archive.namelist())
        ours = (p for p in (self.built.source / "astcti").rglob("*") if p.suffix in (".py", ".rng", ".xml"))
        missing = {str(p.relative_to(self.built.source)) for p in ours} - names
        self.assertEqual(missing, set())
        self.assertIn("twisted/plugins/astcti_plugin.py", names)
        self.assertEqual([n for n in names if n.startswith(("tests/", "benchmarks/"))], [])
        self.assertEqual([n for n in names if n.startswith("twisted/") and n.endswith("__init__.py")], [])

    def test_sdist_can_be_worked_on(self) -> None:
        """The sdist is the whole project: tests, documents, tools and samples are in it."""
        with tarfile.open(self.built.sdist) as archive:
            names = {name.partition("/")[2] for name in archive.getnames()}
        wanted = {
            "Makefile", ".ci/run", "LICENSE", "tools/setup", "requirements/test.txt", "tests/test_layers.py",
            "docs/index.rst", "tests/pbx/conf/pjsip.conf", "etc/asterisk/manager_astcti.conf",
        }  # fmt: skip
        self.assertEqual(wanted - names, set())
