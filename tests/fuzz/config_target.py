"""Any bytes as a configuration file: they are one, or a list of problems."""

from __future__ import annotations

from pathlib import Path

from astcti.config.bootstrap import parse_bootstrap
from astcti.config.validation import validate
from astcti.config.xmlsource import parse_xml, write_xml
from astcti.errors import ConfigError

NOWHERE = Path("/nonexistent/astcti.xml")


def runtime_xml(data: bytes) -> None:
    """A runtime configuration; one that is read can be validated, and one that is valid survives a backup."""
    try:
        configuration = parse_xml(data, "fuzz.xml").configuration
    except ConfigError as e:
        assert e.problems and all(problem.startswith("fuzz.xml:") for problem in e.problems), e.problems
        return
    report = validate(configuration, {})
    assert all(str(problem) for problem in (*report.errors, *report.warnings))
    if report.ok:
        assert parse_xml(write_xml(configuration), "again.xml").configuration == configuration


def bootstrap_xml(data: bytes) -> None:
    """A bootstrap file; no password in it is told to anybody."""
    try:
        bootstrap = parse_bootstrap(data, NOWHERE, {"HOME": "/"})
    except ConfigError as e:
        assert e.problems and all(str(NOWHERE) in problem for problem in e.problems), e.problems
        return
    assert len(bootstrap.manager.secret) < 12 or bootstrap.manager.secret not in repr(bootstrap)
