"""The historic INI form of a bootstrap file: ``[RuntimeDb]`` with host, user, password, port and database."""

from __future__ import annotations

import re
from codecs import BOM_UTF8
from configparser import ConfigParser, Error

from lxml import etree

from astcti.config.xmlfile import Element
from astcti.errors import ConfigError

SECTION = "runtimedb"


def is_ini(data: bytes) -> bool:
    """Whether a file is in this form, by its first line that says something."""
    for line in data.removeprefix(BOM_UTF8).splitlines():
        if line.strip() and not line.lstrip().startswith((b";", b"#")):
            return line.lstrip().startswith(b"[")
    return False


def ini_elements(data: bytes, name: str) -> Element:
    """The same as a document with a section ``database``, for the reader of those.

    Line numbers are those of the sections and options in the INI file.

    :raises ConfigError: it cannot be read, or has no section ``[RuntimeDb]``.
    """
    parser = ConfigParser(interpolation=None)
    try:
        text = data.decode("utf-8-sig")
        parser.read_string(text, name)
    except (UnicodeDecodeError, Error) as e:
        raise ConfigError(f"{name}:{getattr(e, 'lineno', None) or 1}: {str(e).partition(chr(10))[0]}") from e
    root = etree.Element("configuration")
    for section in parser.sections():
        is_ours = section.lower() == SECTION
        element = _add(root, "database" if is_ours else section, _line_of(text, f"[{section}]"))
        if is_ours:
            for option, value in {"source": "mysql", **dict(parser.items(section))}.items():
                _add(element, option, _line_of(text, option), _plain(value))
    if root.find("database") is None:
        raise ConfigError(f"{name}:1: there is no section [RuntimeDb] with host, user, password, port, database")
    return root


def _add(parent: Element, tag: str, line: int, text: str = "") -> Element:
    element: Element = etree.SubElement(parent, re.sub(r"^(?=[^A-Za-z_])|[^A-Za-z0-9_]", "_", tag))
    element.text = "".join(c if c.isprintable() else " " for c in text)
    element.sourceline = line
    return element


def _plain(value: str | None) -> str:
    """A value without quotes around it, as the historic reader had it."""
    text = (value or "").strip()
    return text[1:-1] if len(text) > 1 and text[0] == text[-1] == '"' else text


def _line_of(text: str, start: str) -> int:
    """The line that begins with a word; the first if there is none."""
    for number, line in enumerate(text.splitlines(), 1):
        if line.strip().lower().startswith(start.lower()):
            return number
    return 1
