"""The sections of a bootstrap file: their elements, their runtime settings, and passwords kept elsewhere."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from astcti.config.settings import read_settings, settings_by_name
from astcti.config.spellings import parse_bool
from astcti.config.xmlfile import Element

SECTIONS = ("database", "logging", "manager", "ctiserver")
MAX_SECRET = 4096  # bytes of a password file

# Historic names of elements, by section, to the runtime setting they are the default of. A setting's own name is
# understood as well, in either section.
_MANAGER = {
    "host": "ami_host",
    "port": "ami_port",
    "username": "ami_user",
    "secret": "ami_secret",
    "retries": "ami_connect_retries",
    "pause": "ami_connect_retry_after",
    "tls": "ami_tls",
    "cafile": "ami_ca_file",
}
_CTISERVER = {
    "address": "cti_server_address",
    "port": "cti_server_port",
    "timeout": "cti_read_timeout",
    "compression": "cti_socket_compression_level",
}
_SHORT_NAMES: Mapping[str, Mapping[str, str]] = {"manager": _MANAGER, "ctiserver": _CTISERVER}


class SectionReader:
    """Reads the sections of one file; notes problems and warnings with file and line."""

    def __init__(self, name: str, folder: Path, environ: Mapping[str, str]) -> None:
        self.name = name
        self.folder = folder
        self.problems: list[str] = []
        self.warnings: list[str] = []
        self.settings: dict[str, str] = {}
        self._environ = environ

    def read(self, root: Element) -> dict[str, Section]:
        """Every section; those that are not in the file are empty."""
        found = {name: Section(self, name, None) for name in SECTIONS}
        if root.tag != "configuration":
            self.problem(root, f"the root element is <{root.tag}>, not <configuration>")
            return found
        self._odd(root)
        for element in root:
            name = str(element.tag)
            if name not in SECTIONS:
                self.warn(element, f"section <{name}> is not known")
            elif found[name].element is not None:
                self.problem(element, f"section <{name}> appears twice")
            else:
                self._odd(element)
                found[name] = Section(self, name, element)
        if found["database"].element is None:
            self.problem(root, "the section <database> is missing")
        return found

    def setting(self, element: Element, section: str) -> bool:
        """Take an element as a runtime setting, if it is one."""
        tag = str(element.tag)
        short_names = _SHORT_NAMES.get(section)
        name = short_names.get(tag, tag) if short_names is not None else ""
        if name not in settings_by_name():
            return False
        text = self.text(element)
        if name == "ami_secret":
            text = self.secret(element, text)
        _, errors, warnings = read_settings({name: text})
        for _, what in errors:
            self.problem(element, f"<{tag}>: {what}")
        for _, what in warnings:
            self.warn(element, f"<{tag}>: {what}")
        if name in self.settings:
            self.problem(element, f"setting {name} is given twice")
        self.settings[name] = text
        return True

    def text(self, element: Element) -> str:
        """What stands in an element, without the blanks around it."""
        for child in element:
            self.warn(child, f"<{child.tag}> inside of <{element.tag}> is not known")
        return str(element.text or "").strip()

    def problem(self, element: Element | None, text: str) -> None:
        """Note what makes the file useless."""
        self.problems.append(self._placed(element, text))

    def warn(self, element: Element | None, text: str) -> None:
        """Note what is ignored."""
        self.warnings.append(self._placed(element, text))

    def _placed(self, element: Element | None, text: str) -> str:
        line = 1 if element is None else element.sourceline or 1
        return f"{self.name}:{line}: {text}"

    def _odd(self, element: Element) -> None:
        """Warn of what has no meaning in an element that only contains others."""
        for name in element.attrib:
            self.warn(element, f"attribute {name!r} of <{element.tag}> is not known")
        pieces = [element.text, *(child.tail for child in element)]
        if any(piece and piece.strip() for piece in pieces):
            self.warn(element, f"text inside of <{element.tag}> has no meaning")

    def secret(self, element: Element, text: str) -> str:
        """A password, or where it is: ``file:/path`` (first line), ``env:NAME``."""
        kind, colon, where = text.partition(":")
        if not colon or kind not in ("file", "env"):
            return text
        if kind == "env":
            if where not in self._environ:
                self.problem(element, f"<{element.tag}>: there is no environment variable {where!r}")
            return self._environ.get(where, "")
        path = self.folder / where
        try:
            if not path.is_file():  # nothing that could block or never end
                raise FileNotFoundError(0, "no such file")
            with path.open("rb") as f:
                if os.fstat(f.fileno()).st_mode & 0o077:
                    self.warn(element, f"<{element.tag}>: others may read {path}: chmod 600 {path}")
                return f.read(MAX_SECRET).decode("utf-8").partition("\n")[0].rstrip("\r")
        except (OSError, ValueError) as e:
            what = (e.strerror if isinstance(e, OSError) else None) or "not UTF-8"
            self.problem(element, f"<{element.tag}>: {path}: {what}")
            return ""


class Section:
    """One section: elements are taken by name, and what nobody took is warned of."""

    def __init__(self, reader: SectionReader, name: str, element: Element | None) -> None:
        self.element = element
        self._reader = reader
        self._name = name
        self._rest: dict[str, Element] = {}
        self._taken: dict[str, Element] = {}
        for child in () if element is None else element:
            if str(child.tag) in self._rest:
                reader.problem(child, f"<{child.tag}> appears twice in <{name}>")
            self._rest[str(child.tag)] = child

    def take(self, name: str, default: str = "") -> str:
        """The text of an element; ``default`` where it is absent or empty."""
        element = self._rest.pop(name, None)
        if element is None:
            return default
        self._taken[name] = element
        return self._reader.text(element) or default

    def secret(self, name: str) -> str:
        """A password, or what is at the place that is named instead."""
        text = self.take(name)
        return self._reader.secret(self._taken[name], text) if text else ""

    def flag(self, name: str, default: bool) -> bool:
        """Yes or no."""
        text = self.take(name)
        try:
            return parse_bool(text) if text else default
        except ValueError as e:
            self.problem(name, f"<{name}>: {e}")
            return default

    def number(self, name: str, default: int, low: int, high: int) -> int:
        """The number in an element."""
        text = self.take(name, str(default))
        if text.isascii() and text.isdigit() and len(text) < 20 and low <= int(text) <= high:
            return int(text)
        self.problem(name, f"<{name}>: {text!r} is not a number from {low} to {high}")
        return default

    def finish(self) -> None:
        """Take every other element as a runtime setting, or warn of it."""
        for name, element in self._rest.items():
            if not self._reader.setting(element, self._name):
                self._reader.warn(element, f"<{name}> in <{self._name}> is not known")

    def problem(self, name: str, text: str) -> None:
        """Note a problem of an element, or of the section where the element is absent."""
        self._reader.problem(self._taken.get(name, self.element), text)

    def warn(self, name: str, text: str) -> None:
        """Note a warning of an element."""
        self._reader.warn(self._taken.get(name, self.element), f"<{name}>: {text}")
