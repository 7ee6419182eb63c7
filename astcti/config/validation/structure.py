"""Rules about the tables as such: references, uniqueness, settings, possible characters and lengths."""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterable
from typing import Any

from astcti.config import kinds
from astcti.config.schema import (
    ACCOUNT_CODES,
    ACCOUNT_CODES_OPERATORS,
    ACTIONS,
    EXTENSIONS,
    OPERATORS,
    PAUSE_REASONS,
    SEATS,
    SERVICES,
    SERVICES_ACTIONS,
    SERVICES_OPERATORS,
    SPEEDDIALS,
    TABLES,
    VARIABLES,
    Table,
)
from astcti.config.settings import read_settings
from astcti.config.validation.report import Findings
from astcti.model.channels import normalise_interface

_FOREIGN_KEYS = (
    (VARIABLES, "service_id", SERVICES),
    (SERVICES_ACTIONS, "service_id", SERVICES),
    (SERVICES_ACTIONS, "action_id", ACTIONS),
    (EXTENSIONS, "seat_id", SEATS),
    (OPERATORS, "seat_id", SEATS),
    (SERVICES_OPERATORS, "service_id", SERVICES),
    (SERVICES_OPERATORS, "operator_id", OPERATORS),
    (SPEEDDIALS, "operator_id", OPERATORS),
    (ACCOUNT_CODES_OPERATORS, "account_code_id", ACCOUNT_CODES),
    (ACCOUNT_CODES_OPERATORS, "operator_id", OPERATORS),
)
# What XML cannot hold, and with it no backup: controls, halves of surrogate pairs, non-characters.
_IMPOSSIBLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def references(findings: Findings) -> None:
    """Rule 2: all foreign keys resolve."""
    ids = {t.name: {row.id for row in _rows(findings, t)} for t in (SERVICES, ACTIONS, SEATS, OPERATORS, ACCOUNT_CODES)}
    for table, attribute, target in _FOREIGN_KEYS:
        for row in _rows(findings, table):
            wanted = getattr(row, attribute)
            if wanted is not None and wanted not in ids[target.name]:
                findings.error(table, row, attribute, f"there is no row {wanted} in {target.name}")


def uniqueness(findings: Findings) -> None:
    """Rule 3: keys, user names, MACs, phones, service names, variables of a service."""
    for table in TABLES:
        _unique(findings, table, table.key[-1], ((table.key_of(row), row) for row in _rows(findings, table)))
    configuration = findings.configuration
    _unique(findings, OPERATORS, "username", ((o.username, o) for o in configuration.operators))
    _unique(findings, SERVICES, "name", ((s.name, s) for s in configuration.services))
    _unique(findings, ACCOUNT_CODES, "code", ((c.code, c) for c in configuration.account_codes))
    codes = {r.code: r for r in configuration.pause_reasons}  # the same one twice has been said already
    _unique(findings, PAUSE_REASONS, "code", ((code.lower(), reason) for code, reason in codes.items()))
    _unique(findings, VARIABLES, "name", (((v.service_id, v.name), v) for v in configuration.variables))
    seats = [s for s in configuration.seats if s.enabled]
    _unique(findings, SEATS, "mac", ((s.mac, s) for s in seats if s.mac))
    _unique(findings, SEATS, "exten", ((_phone(s.exten), s) for s in seats if s.exten))
    owners = {_phone(s.exten): s.id for s in reversed(seats)}
    enabled = {s.id for s in seats}
    for extension in configuration.extensions:
        if extension.enabled and extension.seat_id in enabled and extension.exten:
            owner = owners.setdefault(_phone(extension.exten), extension.seat_id)
            if owner != extension.seat_id:
                findings.error(EXTENSIONS, extension, "exten", f"{extension.exten} belongs to seat {owner} already")


def settings(findings: Findings) -> None:
    """Rule 8, for ``server_settings``: types and ranges; unknown names are a warning."""
    _, errors, warnings = read_settings(findings.configuration.settings)
    for name, text in errors:
        findings.setting(name, text, fatal=True)
    for name, text in warnings:
        findings.setting(name, text, fatal=False)


def is_possible(text: str) -> bool:
    """Whether XML can hold all characters of a text."""
    return _IMPOSSIBLE.search(text) is None


def characters(findings: Findings) -> None:
    """Texts that could not be backed up are an error, texts longer than MySQL's column a warning."""
    for name, value in findings.configuration.settings.items():
        if _IMPOSSIBLE.search(name + value):
            findings.setting(name, "holds characters that are not possible", fatal=True)
    for table in TABLES:
        texts = [c for c in table.columns if c.kind.sql == "TEXT" and c.kind is not kinds.LANGUAGES]
        for row in _rows(findings, table):
            for column in texts:
                text = getattr(row, column.attribute)
                if _IMPOSSIBLE.search(text):
                    findings.error(table, row, column.attribute, "holds characters that are not possible")
                elif column.length and len(text) > column.length:
                    what = f"longer than the {column.length} characters a data base has room for"
                    findings.warn(table, row, column.attribute, what)


def _rows(findings: Findings, table: Table) -> tuple[Any, ...]:
    rows: tuple[Any, ...] = getattr(findings.configuration, table.rows)
    return rows


def _unique(findings: Findings, table: Table, attribute: str, keyed: Iterable[tuple[Hashable, Any]]) -> None:
    seen: dict[Hashable, Any] = {}
    for key, row in keyed:
        first = seen.setdefault(key, row)
        if first is not row:
            shown = getattr(row, attribute)
            findings.error(table, row, attribute, f"{shown!r} is already that of {table.name} {table.id_of(first)}")


def _phone(exten: str) -> str:
    """What makes two phones the same one."""
    technology, slash, resource = normalise_interface(exten).partition("/")
    return technology.lower() + slash + resource
