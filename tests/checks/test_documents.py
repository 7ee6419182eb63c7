"""The documents build, and point at things that are there."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from tests.outside import skip_without

ROOT = Path(__file__).resolve().parents[2]
TOP = ("README.rst", "CONTRIBUTING.rst", "NEWS.rst", "etc/asterisk/README.rst")


class DocumentTests(SynchronousTestCase):
    """What somebody who reads about astcti relies on."""

    skip = skip_without("ASTCTI_TEST_CHECKS")

    def test_pages_build(self) -> None:
        """Every page of ``docs`` is valid, and every reference leads somewhere."""
        out = Path(self.mktemp()).absolute()
        command = [
            sys.executable,
            "-m",
            "sphinx",
            "-q",
            "-W",
            "--keep-going",
            "-b",
            "html",
            str(ROOT / "docs"),
            str(out),
        ]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_top_level_pages_are_valid(self) -> None:
        """README and its like show no system message where people first look."""
        from docutils.core import publish_doctree

        for name in TOP:
            path = ROOT / name
            quiet = {"report_level": 2, "halt_level": 2, "syntax_highlight": "none"}
            publish_doctree(path.read_text(), source_path=str(path), settings_overrides=quiet)

    def test_named_files_exist(self) -> None:
        """A file that README or CONTRIBUTING names in double backquotes or as a link is there."""
        for name in ("README.rst", "CONTRIBUTING.rst"):
            text = (ROOT / name).read_text()
            links = re.findall(r"<((?!http)[\w./-]+\.\w+)>`_", text)
            paths = re.findall(r"``((?:astcti|tests|docs|etc|tools|benchmarks|requirements)/[\w./-]*)``", text)
            self.assertGreater(len(links) + len(paths), 5)
            for path in links + paths:
                self.assertTrue((ROOT / path).exists(), f"{name} names {path}, which is not there")
