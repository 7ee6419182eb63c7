"""The administrator's reference says what the code does."""

from __future__ import annotations

import re
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from astcti.config.bootstrapreader import _SHORT_NAMES
from astcti.config.schema import TABLES
from astcti.config.settings import SETTINGS
from astcti.config.validation import RULES
from astcti.config.xmlsource import parse_xml

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "configuration.rst").read_text("utf-8")


class DocumentedTests(SynchronousTestCase):
    """``docs/configuration.rst``."""

    def test_settings(self) -> None:
        """Every setting stands in the tables, with its default and its range, and no other does."""
        section = PAGE[PAGE.index("\nRuntime settings\n") : PAGE.index("\nEncodings\n")]
        rows = (line for line in section.splitlines() if line.startswith("``") and len(line) > 72)
        documented = {row[:35].strip(" `"): (row[36:50].strip(" `\u2013"), row[51:72]) for row in rows}
        for setting in SETTINGS:
            default, possible = documented.pop(setting.name)
            self.assertEqual(setting.read(default), setting.default, setting.name)
            if setting.low is not None:
                self.assertTrue(possible.startswith(f"{setting.low} to {setting.high}"), setting.name)
            for word in (*setting.choices, setting.unit):
                self.assertIn(word, possible, setting.name)
        self.assertEqual(documented, {})

    def test_tables(self) -> None:
        """Every table with all its columns, every element with all its attributes."""
        for table in TABLES:
            entry = re.search(rf"^``{table.name}`` +([A-Z_, \n]+)", PAGE, re.MULTILINE)
            assert entry is not None, table.name
            self.assertEqual(set(re.findall(r"[A-Z_]+", entry[1])), {c.name for c in table.columns})
            for column in table.columns:
                if column.xml:
                    self.assertRegex(PAGE, rf"``{column.element or column.xml}``|{column.xml}=", table.name)

    def test_elements(self) -> None:
        """Every short name of the bootstrap file."""
        for names in _SHORT_NAMES.values():
            for short, setting in names.items():
                self.assertIn(f"``{short}``", PAGE)
                self.assertIn(f"``{setting}``", PAGE)

    def test_rules(self) -> None:
        """Every rule has its line."""
        numbers = [int(n) for n in re.findall(r"^(\d+) +(?:error|warning) ", PAGE, re.MULTILINE)]
        self.assertEqual(numbers, list(range(1, 19)))
        self.assertEqual({number for number, _ in RULES}, set(numbers) - {1})

    def test_example(self) -> None:
        """The example of a runtime configuration is one."""
        match = re.search(r"    <astcti version.*?</astcti>", PAGE, re.DOTALL)
        assert match is not None
        self.assertEqual(
            parse_xml(match[0].strip().encode(), "page").configuration.services[1].allowed_extensions, "200-299, _0X."
        )
