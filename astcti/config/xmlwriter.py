"""From a configuration to its XML form; what is read back is equal to what was written."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from lxml import etree

from astcti.config.kinds import write_number
from astcti.config.model import Configuration
from astcti.config.schema import TABLES, Column, Table
from astcti.config.xmlfile import Element
from astcti.config.xmlreader import BLANKS, GROUPS, SPACE
from astcti.errors import ConfigError

_Children = dict[tuple[str, int], list[tuple[Table, Any]]]


def write_xml(configuration: Configuration) -> bytes:
    """The XML form of a configuration, with a declaration, indented.

    :raises ConfigError: a text holds what XML cannot (most control characters), or a row belongs to nothing.
    """
    root = etree.Element("astcti", version="2", timestamp=write_number(configuration.timestamp))
    settings = etree.SubElement(root, "settings")
    for name, value in sorted(configuration.settings.items()):
        element = etree.SubElement(settings, "setting")
        with _place("server_settings", name, "val"):
            element.set("name", name)
            _set_text(element, value)
    children = _children(configuration)
    for tag, table in GROUPS.items():
        group = etree.SubElement(root, tag)
        for row in getattr(configuration, table.rows):
            _write_row(group, table, row, children)
    text: bytes = etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True)
    return text


def _children(configuration: Configuration) -> _Children:
    """(table of the parent, its id) to the rows that go inside of its element."""
    found: defaultdict[tuple[str, int], list[tuple[Table, Any]]] = defaultdict(list)
    parents = {table.parent for table in TABLES}
    ids = {t.name: {row.id for row in getattr(configuration, t.rows)} for t in TABLES if t.name in parents}
    for table in TABLES:
        if table.parent:
            for row in getattr(configuration, table.rows):
                parent_id = getattr(row, table.parent_key)
                if parent_id not in ids[table.parent]:
                    column = table.column(table.parent_key).name
                    raise ConfigError(f"{table.name} {table.id_of(row)}, {column}: there is no such row")
                found[table.parent, parent_id].append((table, row))
    return found


def _write_row(group: Element, table: Table, row: Any, children: _Children) -> None:
    element = etree.SubElement(group, table.element)
    for column in table.columns:
        value = getattr(row, column.attribute)
        if column.xml and not (column.attribute in table.defaults and value == table.defaults[column.attribute]):
            with _place(table.name, table.id_of(row), column.name):
                _write_column(element, column, value)
    # Two rows of one id are wrong (rule 3), but must not be doubled: the first takes the children.
    for child_table, child in children.pop((table.name, getattr(row, "id", 0)), ()):
        _write_row(element, child_table, child, {})


def _write_column(element: Element, column: Column, value: Any) -> None:
    text = column.kind.write(value)
    if text is None:
        return
    if column.element:
        _set_text(etree.SubElement(element, column.element), text)
    else:
        element.set(column.xml, text)


def _set_text(element: Element, text: str) -> None:
    element.text = text
    if text != text.strip(BLANKS):
        element.set(SPACE, "preserve")


@contextmanager
def _place(table: str, row_id: str, column: str) -> Iterator[None]:
    """Name the row and column in what lxml says about a text."""
    try:
        yield
    except ValueError as e:  # also UnicodeEncodeError: half of a surrogate pair
        raise ConfigError(f"{table} {row_id}, {column}: the text holds characters that are not possible") from e
