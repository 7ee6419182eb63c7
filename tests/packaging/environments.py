"""Fresh virtual environments that borrow the packages of the one the tests run in, so that nothing is downloaded."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
NOT_COPIED = (".git", ".venv", ".cache", "build", "dist", "*.egg-info", "__pycache__", "_trial_temp*", "dropin.cache",
              "twistd.*", ".mypy_cache", ".ruff_cache", ".hypothesis", ".coverage*")  # fmt: skip


class CommandFailed(AssertionError):
    """A program did not work; the text is what it said."""


def run(*command: object, cwd: Path | None = None) -> str:
    """Run a program and return what it prints.

    :raises CommandFailed: its status is not 0.
    """
    words = [str(c) for c in command]
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "COVERAGE"))}
    done = subprocess.run(words, cwd=cwd, env=environment, capture_output=True, text=True, check=False, timeout=300)
    if done.returncode:
        raise CommandFailed(f"{' '.join(words)}\n{done.stdout}{done.stderr}")
    return done.stdout + done.stderr


def copy_of_project(to: Path) -> Path:
    """The project as a clone would have it, without what is made while working on it."""
    shutil.copytree(ROOT, to, ignore=shutil.ignore_patterns(*NOT_COPIED))
    return to


class Environment:
    """A virtual environment with nothing of ours installed.

    The lent packages come by a ``.pth`` line, which does not follow the ``.pth`` files among them: what is installed
    editable in the tests' own environment stays out of sight.
    """

    def __init__(self, folder: Path) -> None:
        run(sys.executable, "-m", "venv", "--without-pip", folder)
        self.folder = folder
        self.python = folder / "bin" / "python"
        self.packages = next((folder / "lib").glob("python3.*")) / "site-packages"
        (self.packages / "lent.pth").write_text(sysconfig.get_path("purelib") + "\n")

    def install(self, *what: object) -> None:
        """Install a wheel, an sdist, or (after ``-e``) a folder; only that, and without a download."""
        pip = (sys.executable, "-m", "pip", "--python", self.python, "-q", "--disable-pip-version-check", "install")
        run(*pip, "--no-index", "--no-deps", "--no-build-isolation", "--ignore-installed", *what)

    def program(self, name: str, *arguments: object) -> str:
        """Run one of its programs, away from any checkout."""
        return run(self.folder / "bin" / name, *arguments, cwd=self.folder)

    def evaluate(self, code: str) -> str:
        """What a line of Python prints there."""
        return run(self.python, "-c", code, cwd=self.folder).strip()

    def twistd(self, *arguments: object) -> str:
        """``twistd``; its script belongs to the lender, so what it does is done here."""
        code = "import sys; from twisted.scripts.twistd import run; sys.argv[0] = 'twistd'; run()"
        return run(self.python, "-c", code, *arguments, cwd=self.folder)
