"""What is wrong with a configuration, as values; and the notebook in which the rules collect it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from astcti.config.model import Configuration
from astcti.config.schema import Table
from astcti.interfaces import IAction


@dataclass(frozen=True, slots=True)
class Problem:
    """One error or warning, at one column of one row.

    :ivar rule: its number in the list of rules (``docs/configuration.rst``).
    :ivar id: the row's key, ``1/2`` where it has two parts; a setting's name.
    """

    rule: int
    table: str
    id: str
    column: str
    text: str

    def __str__(self) -> str:
        return f"{self.table} {self.id}, {self.column}: {self.text}"


@dataclass(frozen=True, slots=True)
class Report:
    """All there is to say about a configuration."""

    errors: tuple[Problem, ...] = ()
    warnings: tuple[Problem, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether the configuration can be used."""
        return not self.errors


class Findings:
    """What the rules look at and where they note what they find."""

    def __init__(self, configuration: Configuration, action_types: Mapping[str, IAction]) -> None:
        self.configuration = configuration
        self.action_types = action_types
        self.rule = 0
        self._errors: list[Problem] = []
        self._warnings: list[Problem] = []

    def error(self, table: Table, row: Any, attribute: str, text: str) -> None:
        """Note what rejects the configuration."""
        self._errors.append(Problem(self.rule, table.name, table.id_of(row), table.column(attribute).name, text))

    def warn(self, table: Table, row: Any, attribute: str, text: str) -> None:
        """Note what somebody should look at."""
        self._warnings.append(Problem(self.rule, table.name, table.id_of(row), table.column(attribute).name, text))

    def add_warning(self, problem: Problem) -> None:
        """Note a warning that concerns more than one row."""
        self._warnings.append(problem)

    def setting(self, name: str, text: str, *, fatal: bool) -> None:
        """Note something about a runtime setting."""
        (self._errors if fatal else self._warnings).append(Problem(self.rule, "server_settings", name, "val", text))

    def report(self) -> Report:
        """Everything noted."""
        return Report(tuple(self._errors), tuple(self._warnings))
