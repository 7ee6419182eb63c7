"""Dependencies point one way, and the middle is pure: read from the imports of every module."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from configparser import ConfigParser
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "astcti"

#: Each layer may import itself and those above it in this list. The longest prefix of a module's name decides.
LAYERS: tuple[tuple[str, ...], ...] = (
    ("astcti", "astcti.errors", "astcti.reasons", "astcti.model", "astcti.interfaces"),
    ("astcti.ami", "astcti.protocols", "astcti.config"),
    ("astcti.ami.client", "astcti.protocols.transport", "astcti.protocols.client", "astcti.config.watcher"),
    ("astcti.actions", "astcti.authentication", "astcti.services"),
    ("astcti.client", "astcti.simulator", "astcti.replay"),
    ("astcti.doctor",),
    ("astcti.tap",),
    ("astcti.demo",),
    ("astcti.commands", "astcti.__main__"),
)
#: Modules of the cores that only run between a core and the outside; each with the reason.
NOT_PURE: dict[str, str] = {
    "astcti.config.resolving": "asks the system for addresses, as data bases are asked: in the loader's thread",
}
#: What a core may not name: the clock, the network, chance.
OUTSIDE = re.compile(r"(twisted\.internet|socket|time|random|secrets|threading|asyncio|select|subprocess)(\.|$)")
#: Distribution to the name it is imported by, where they differ.
IMPORTED_AS = {"argon2-cffi": "argon2", "prometheus-client": "prometheus_client", "zope.interface": "zope"}
#: What ``twisted[tls]`` promises to be there.
WITH_TWISTED_TLS = ("OpenSSL", "service_identity")
NOT_OURS = {".venv", ".cache", "build", "__pycache__", "dropin.cache"}
CORE = 1  # index of the last layer that is pure


def modules() -> Iterator[tuple[str, Path]]:
    """Every module of ours, by dotted name."""
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        yield ".".join(parts[:-1] if parts[-1] == "__init__" else parts), path


def layer_of(module: str) -> int:
    """Index of the layer a module belongs to.

    :raises LookupError: none is declared for it.
    """
    best = max(
        (
            (len(name), index)
            for index, names in enumerate(LAYERS)
            for name in names
            if f"{module}.".startswith(f"{name}.")
        ),
        default=(0, -1),
    )
    if best[1] < 0 or (best[0] == len("astcti") and module != "astcti"):
        raise LookupError(f"{module} is in no layer of tests/test_layers.py")
    return best[1]


def imports_of(path: Path, *, also_for_types: bool) -> Iterator[str]:
    """What a module imports, relative imports made absolute."""
    tree = ast.parse(path.read_text())
    only_types = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
        for inner in ast.walk(node)
    }
    for node in ast.walk(tree):
        if id(node) in only_types and not also_for_types:
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports relatively"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


class LayerTests(SynchronousTestCase):
    """What keeps a change in one place from spreading."""

    def test_dependencies_point_one_way(self) -> None:
        """A module imports its own layer and those below it, never one above."""
        known = dict(modules())
        wrong = []
        for module, path in known.items():
            for name in imports_of(path, also_for_types=True):
                target = name if name in known else name.rpartition(".")[0]
                if target in known and layer_of(target) > layer_of(module):
                    wrong.append(f"{module} imports {target}")
        self.assertEqual(wrong, [])

    def test_model_knows_only_itself(self) -> None:
        """The model imports the standard library and itself: neither bytes nor Twisted."""
        wrong = [
            f"{module} imports {name}"
            for module, path in modules()
            if module.startswith("astcti.model")
            for name in imports_of(path, also_for_types=True)
            if re.match(r"twisted|zope|lxml|astcti\.(?!model|errors)", name)
        ]
        self.assertEqual(wrong, [])

    def test_the_middle_is_pure(self) -> None:
        """Cores have no clock, no network and no chance of their own: time and bytes come in as arguments."""
        wrong = [
            f"{module} imports {name}"
            for module, path in modules()
            if layer_of(module) <= CORE and module not in NOT_PURE
            for name in imports_of(path, also_for_types=False)
            if OUTSIDE.match(name)
        ]
        self.assertEqual(wrong, [])

    def test_exemptions_are_needed(self) -> None:
        """A module that is exempt from purity still exists and still needs it."""
        known = dict(modules())
        for module in NOT_PURE:
            names = imports_of(known[module], also_for_types=False)
            self.assertTrue(any(OUTSIDE.match(name) for name in names), f"{module} is pure by now")

    def test_what_is_imported_is_declared(self) -> None:
        """Everything of others that we import by name is among the requirements in ``setup.cfg``."""
        setup = ConfigParser()
        setup.read(ROOT / "setup.cfg")
        declared = re.findall(r"^[\w.-]+", setup["options"]["install_requires"], re.MULTILINE)
        named = {IMPORTED_AS.get(name, name) for name in declared} | set(WITH_TWISTED_TLS)
        imported = {name.partition(".")[0] for _, path in modules() for name in imports_of(path, also_for_types=True)}
        self.assertEqual(imported - named - sys.stdlib_module_names - {"astcti"}, set())

    def test_plugin_file_imports_nothing_of_ours(self) -> None:
        """``twistd`` reads the plug-in file whatever it was asked for, so that file costs nothing."""
        names = imports_of(ROOT / "twisted/plugins/astcti_plugin.py", also_for_types=True)
        self.assertEqual([n for n in names if n.startswith("astcti")], [])

    def test_namespaces_stay_open(self) -> None:
        """``twisted/plugins`` has no ``__init__``, or no other distribution's plug-ins would be found."""
        self.assertEqual(list((ROOT / "twisted").rglob("__init__.py")), [])


class SourceTests(SynchronousTestCase):
    """What no file of ours may hold."""

    def _lines(self, *patterns: str) -> Iterator[tuple[Path, str]]:
        for pattern in patterns:
            for path in ROOT.glob(pattern):
                if path.is_file() and not NOT_OURS & set(path.relative_to(ROOT).parts):
                    yield from ((path, line) for line in path.read_text(errors="replace").splitlines())

    def test_no_shell(self) -> None:
        """No program is started through a shell, by nobody."""
        shell = re.compile(r"shell\s*=\s*True|os\.(system|popen)\(|create_subprocess_shell|getoutput\(")
        wrong = [f"{p}: {line}" for p, line in self._lines("astcti/**/*.py", "tools/*.py") if shell.search(line)]
        self.assertEqual(wrong, [])

    def test_no_registry_is_named(self) -> None:
        """The locks say what to install, never from where: that is the machine's own setting."""
        where = re.compile(r"https?://|--(extra-)?index-url|--find-links|--trusted-host")
        wrong = [f"{p}: {line}" for p, line in self._lines("requirements/**/*") if where.search(line)]
        self.assertEqual(wrong, [])

    def test_nothing_outside_the_project_is_used(self) -> None:
        """A clone is complete: nothing reaches for files beside it."""
        beside = re.compile(r"\.\./shared\b")
        own = Path(__file__)
        files = self._lines("astcti/**/*", "tests/**/*.py", "tools/*", "docs/*", "*.rst", "*.cfg", "*.toml", "Makefile")
        wrong = [f"{p}: {line}" for p, line in files if beside.search(line) and p != own]
        self.assertEqual(wrong, [])
