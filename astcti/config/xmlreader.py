"""From the elements of a runtime document to a configuration, by the tables of :mod:`astcti.config.schema`."""

from __future__ import annotations

from typing import Any

from astcti.config import kinds
from astcti.config.document import Document
from astcti.config.model import Configuration
from astcti.config.schema import (
    ACCOUNT_CODES,
    ACTIONS,
    OPERATORS,
    PAUSE_REASONS,
    SEATS,
    SERVICES,
    TABLES,
    VARIABLES,
    Column,
    Table,
    canonical,
)
from astcti.config.xmlfile import Element

BLANKS = " \t\r\n"
SPACE = "{http://www.w3.org/XML/1998/namespace}space"
MAX_PROBLEMS = 100  # told of one file; nobody reads on
GROUPS = {
    "actions": ACTIONS, "services": SERVICES, "seats": SEATS, "accountcodes": ACCOUNT_CODES,
    "pausereasons": PAUSE_REASONS, "operators": OPERATORS,
}  # fmt: skip
_CHILDREN = {t.name: {c.element: c for c in TABLES if c.parent == t.name} for t in TABLES}
_OPTIONAL = {("seats", "exten"), ("services_variables", "id")}  # without a default in the model, and yet dispensable


class Reader:
    """Reads one document; :attr:`problems` says what is wrong with it."""

    def __init__(self, name: str) -> None:
        self.problems: list[str] = []
        self._name = name
        self._settings: dict[str, str] = {}
        self._rows: dict[str, list[dict[str, Any]]] = {t.name: [] for t in TABLES}
        self._lines: dict[tuple[str, str], int] = {}

    def read(self, root: Element) -> Document:
        """The document's content; of no use when there are problems."""
        if root.tag != "astcti":
            self._problem(root, f"the root element is <{root.tag}>, not <astcti>")
            return Document(Configuration(), self._name)
        timestamp = self._head(root)
        seen = set()
        for group in root:
            if group.tag in seen:
                self._problem(group, f"<{group.tag}> appears twice")
            seen.add(group.tag)
            self._no_text(group)
            self._no_attributes(group)
            if group.tag == "settings":
                self._read_settings(group)
            elif str(group.tag) in GROUPS:
                table = GROUPS[str(group.tag)]
                for element in self._only(group, table.element):
                    self._read_row(table, element, {})
            else:
                self._problem(group, f"<astcti> has no element <{group.tag}>")
        if self.problems:
            return Document(Configuration(), self._name)
        self._number_variables()
        rows: dict[str, Any] = {t.rows: tuple(t.row(**row) for row in self._rows.pop(t.name)) for t in TABLES}
        configuration = canonical(Configuration(timestamp=timestamp, settings=self._settings, **rows))
        return Document(configuration, self._name, self._lines)

    def _head(self, root: Element) -> float:
        """The schema version and the timestamp (rule 1)."""
        self._no_text(root)
        version = root.get("version")
        if version is None or version.strip().partition(".")[0] != "2":
            what = "is missing" if version is None else f"{version!r} is not supported"
            self._problem(root, f'the schema version {what}: version="2" is needed')
        for name in root.attrib:
            if name not in ("version", "timestamp"):
                self._problem(root, f"<astcti> has no attribute {name!r}")
        try:
            return float(kinds.TIMESTAMP.read(root.get("timestamp", "0")))
        except ValueError as e:
            self._problem(root, f"timestamp: {e}")
            return 0.0

    def _read_settings(self, group: Element) -> None:
        for element in self._only(group, "setting"):
            name = element.get("name", "").strip()
            self._no_children(element)
            for other in element.attrib:
                if other not in ("name", SPACE):
                    self._problem(element, f"<setting> has no attribute {other!r}")
            if not name:
                self._problem(element, "<setting> has no name")
            elif name in self._settings:
                self._problem(element, f"setting {name!r} appears twice")
            self._settings[name] = _text(element)
            self._lines["server_settings", name] = _line(element)

    def _read_row(self, table: Table, element: Element, given: dict[str, Any]) -> None:
        """One row, then the rows of other tables inside of its element."""
        self._no_text(element)
        row = dict(given)
        columns = {c.xml: c for c in table.columns if c.xml}
        for name, text in element.attrib.items():
            column = columns.get(str(name))
            if column is None:
                self._problem(element, f"<{element.tag}> has no attribute {name!r}")
            else:
                row[column.attribute] = self._value(element, column, str(text))
        nested = []
        for child in element:
            column = columns.get(f"<{child.tag}>")
            if column is not None:
                self._child_text(column, child, row)
            elif str(child.tag) in _CHILDREN[table.name]:
                nested.append((_CHILDREN[table.name][str(child.tag)], child))
            else:
                self._problem(child, f"<{element.tag}> has no element <{child.tag}>")
        for column in table.columns:
            dispensable = column.attribute in table.defaults or (table.name, column.attribute) in _OPTIONAL
            if column.attribute not in row and not dispensable:
                self._problem(element, f"<{element.tag}> needs the attribute {column.xml!r}")
        if table.name == "seats":
            row.setdefault("exten", "")
        self._rows[table.name].append(row)
        if all(row.get(attribute) is not None for attribute in table.key):
            row_id = "/".join(str(row[attribute]) for attribute in table.key)
            self._lines.setdefault((table.name, row_id), _line(element))
        for child_table, child in nested:
            self._read_row(child_table, child, {child_table.parent_key: row.get("id")})

    def _child_text(self, column: Column, child: Element, row: dict[str, Any]) -> None:
        """A column that has an element of its own; several ``<allow>`` count as one with commas."""
        self._no_children(child)
        for name in child.attrib:
            if name != SPACE:
                self._problem(child, f"<{child.tag}> has no attribute {name!r}")
        text = self._value(child, column, _text(child))
        if column.attribute not in row:
            row[column.attribute] = text
        elif column.attribute == "allowed_extensions":
            row[column.attribute] = f"{row[column.attribute]},{text}"
        else:
            self._problem(child, f"<{child.tag}> appears twice")

    def _value(self, element: Element, column: Column, text: str) -> Any:
        try:
            return column.kind.read(text)
        except ValueError as e:
            where = f"<{column.element}>" if column.element else f"{column.xml} of <{element.tag}>"
            self._problem(element, f"{where}: {e}")
            return None

    def _number_variables(self) -> None:
        """Variables may leave their id to us: those numbers follow the highest one given."""
        rows = self._rows[VARIABLES.name]
        next_id = max((row["id"] for row in rows if "id" in row), default=0) + 1
        for row in rows:
            if "id" not in row:
                row["id"], next_id = next_id, next_id + 1

    def _only(self, group: Element, tag: str) -> list[Element]:
        for element in group:
            if element.tag != tag:
                self._problem(element, f"<{group.tag}> has no element <{element.tag}>")
        return [element for element in group if element.tag == tag]

    def _no_attributes(self, element: Element) -> None:
        for name in element.attrib:
            self._problem(element, f"<{element.tag}> has no attribute {name!r}")

    def _no_children(self, element: Element) -> None:
        for child in element:
            self._problem(child, f"<{element.tag}> has no element <{child.tag}>")

    def _no_text(self, element: Element) -> None:
        pieces = [element.text, *(child.tail for child in element)]
        text = next((piece.strip(BLANKS) for piece in pieces if piece and piece.strip(BLANKS)), "")
        if text:
            self._problem(element, f"text {text[:20]!r} is not possible inside of <{element.tag}>")

    def _problem(self, element: Element, text: str) -> None:
        if len(self.problems) < MAX_PROBLEMS:
            self.problems.append(f"{self._name}:{_line(element)}: {text}")
        elif len(self.problems) == MAX_PROBLEMS:
            self.problems.append(f"{self._name}: there are more problems than these {MAX_PROBLEMS}")


def _line(element: Element) -> int:
    return element.sourceline or 1


def _text(element: Element) -> str:
    """An element's text; blanks around it count only with ``xml:space="preserve"``."""
    text = element.text or ""
    return text if element.get(SPACE) == "preserve" else text.strip(BLANKS)
