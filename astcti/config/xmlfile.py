"""Reading XML that may come from anywhere: no DTD, no entities, no network, bounded in size and depth."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import Any

from lxml import etree

from astcti.errors import ConfigError

MAX_BYTES = 16 * 1024 * 1024  # a configuration of 20,000 operators is half of it
Element = Any  # of lxml; the stub packages of lxml do not agree on more than that
_PIECE = 4096
_HARDENED: dict[str, Any] = {
    "resolve_entities": False,
    "no_network": True,
    "load_dtd": False,
    "dtd_validation": False,
    "huge_tree": False,  # libxml2's own ceilings: 256 levels, 10 MB in one text
    "remove_comments": True,
    "remove_pis": True,
}


def read_bytes(path: Path) -> bytes:
    """The content of a file.

    :raises ConfigError: it cannot be read, or is larger than :data:`MAX_BYTES`.
    """
    try:
        with path.open("rb") as f:
            data = f.read(MAX_BYTES + 1)
    except OSError as e:
        raise ConfigError(f"{path}: {e.strerror or e}") from e
    if len(data) > MAX_BYTES:
        raise ConfigError(f"{path}: larger than {MAX_BYTES // 2**20} MiB")
    return data


def parse(data: bytes, name: str) -> Element:
    """The root element of a document.

    :param name: what messages call it, usually the path.
    :raises ConfigError: not well-formed, too large, or with a document type.
    """
    if len(data) > MAX_BYTES:
        raise ConfigError(f"{name}: larger than {MAX_BYTES // 2**20} MiB")
    try:
        _refuse_doctype(data, name)
        return etree.fromstring(data, etree.XMLParser(**_HARDENED))
    except etree.XMLSyntaxError as e:
        line = e.lineno or 1
        what = (e.msg or "not XML").partition(", line ")[0].partition(", use XML_PARSE_HUGE")[0]
        raise ConfigError(f"{name}:{line}: {what}") from e
    except ValueError as e:  # an encoding declaration that contradicts itself
        raise ConfigError(f"{name}:1: {e}") from e


def check_grammar(root: Element, grammar: str, name: str) -> None:
    """Compare a document with one of our RELAX NG grammars.

    :param grammar: a file beside this module, e.g. ``runtime.rng``.
    :raises ConfigError: with libxml2's messages.
    """
    data = (files("astcti.config") / grammar).read_bytes()
    validator = etree.RelaxNG(etree.fromstring(data, etree.XMLParser(**_HARDENED)))
    if not validator.validate(root):
        problems = dict.fromkeys(f"{name}:{entry.line or 1}: {entry.message}" for entry in validator.error_log)
        raise ConfigError(*(problems or [f"{name}:1: not as {grammar} says"]))


def dissolve(root: Element) -> None:
    """Free a document that is not needed any more, piece by piece.

    libxml2 frees a large one in one go, and every thread of Python waits meanwhile.
    """
    for group in root:
        for element in group:
            element.clear()


class _Prolog:
    """A parser target that reads no further than the first element, and no document type at all."""

    done = False

    def start(self, tag: object, attributes: object) -> None:
        self.done = True

    def end(self, tag: object) -> None:
        pass

    def data(self, text: object) -> None:
        pass

    def doctype(self, *names: object) -> None:
        raise _HasDoctype

    def close(self) -> None:
        pass


class _HasDoctype(Exception):
    """A document type, met before any entity it may declare."""


def _refuse_doctype(data: bytes, name: str) -> None:
    """Entities need a document type; without one there is nothing to expand and nothing to fetch."""
    target = _Prolog()
    options: dict[str, Any] = {**_HARDENED, "target": target}
    parser: Any = etree.XMLParser(**options)
    try:
        for start in range(0, len(data), _PIECE):
            parser.feed(data[start : start + _PIECE])
            if target.done:
                return
    except _HasDoctype:
        raise ConfigError(f"{name}:1: a document type (<!DOCTYPE ...>) is not accepted") from None
