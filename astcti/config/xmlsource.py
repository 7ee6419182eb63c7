"""The XML form of a runtime configuration: sources, backups, export and import all use it."""

from __future__ import annotations

from pathlib import Path

from astcti.config import xmlfile
from astcti.config.document import Document
from astcti.config.model import Configuration
from astcti.config.xmlfile import Element
from astcti.config.xmlreader import Reader
from astcti.config.xmlwriter import write_xml
from astcti.errors import ConfigError

__all__ = ["GRAMMAR", "document_of", "parse_xml", "read_document", "read_xml", "write_xml"]

GRAMMAR = "runtime.rng"


def read_xml(path: Path) -> Configuration:
    """The configuration in a file, not yet validated.

    :raises ConfigError: each problem with file and line.
    """
    return read_document(path).configuration


def read_document(path: Path) -> Document:
    """As :func:`read_xml`, with the line of every row."""
    return parse_xml(xmlfile.read_bytes(path), str(path))


def parse_xml(data: bytes, name: str) -> Document:
    """The configuration in an XML text.

    :param name: what messages call it.
    :raises ConfigError: each problem with ``name`` and line.
    """
    root = xmlfile.parse(data, name)
    try:
        return document_of(root, name)
    finally:
        xmlfile.dissolve(root)


def document_of(root: Element, name: str) -> Document:
    """The configuration in a parsed document.

    Our own reader goes first, since it says what is wrong in better words; the grammar has the last one.
    """
    reader = Reader(name)
    document = reader.read(root)
    if reader.problems:
        raise ConfigError(*reader.problems)
    xmlfile.check_grammar(root, GRAMMAR, name)
    return document
