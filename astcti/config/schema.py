"""The tables of a configuration: which column is which attribute of the model, here and in every format.

SQLite, XML, messages and the difference of two configurations all go by these tables. A column's ``xml`` is the
attribute of the row's element, or ``<name>`` for a child element; empty where nesting says it already.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields, replace
from functools import cache
from types import MappingProxyType
from typing import Any

from astcti.config import kinds
from astcti.config.kinds import Kind
from astcti.config.model import (
    AccountCode,
    AccountCodeOperator,
    Action,
    Configuration,
    Extension,
    Operator,
    PauseReason,
    Seat,
    Service,
    ServiceAction,
    ServiceOperator,
    SpeedDial,
    Variable,
)


@dataclass(frozen=True, slots=True)
class Column:
    """One column. ``aliases`` are other names of it in older data bases; ``length`` is what MySQL has room for."""

    name: str
    attribute: str
    kind: Kind
    xml: str
    length: int = 0
    aliases: tuple[str, ...] = ()

    @property
    def element(self) -> str:
        """The child element that holds it in XML; empty when it is an attribute."""
        return self.xml[1:-1] if self.xml.startswith("<") else ""


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """One table: ``row`` is its class in the model, ``rows`` the attribute of :class:`Configuration`.

    ``parent`` is the table whose element contains this one's in XML, ``parent_key`` the attribute that names it.
    """

    name: str
    row: type[Any]
    rows: str
    element: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    parent: str = ""
    parent_key: str = ""

    @property
    def defaults(self) -> Mapping[str, Any]:
        """Attribute to default, of those that have one."""
        return _defaults_of(self)

    def column(self, attribute: str) -> Column:
        """The column of an attribute."""
        return next(c for c in self.columns if c.attribute == attribute)

    def key_of(self, row: Any) -> tuple[Any, ...]:
        """A row's primary key, which also is its place among its like."""
        return tuple(getattr(row, attribute) for attribute in self.key)

    def id_of(self, row: Any) -> str:
        """A row's primary key as messages show it: ``3``, or ``1/2`` where it has two parts."""
        return "/".join(str(part) for part in self.key_of(row))


@cache
def _defaults_of(table: Table) -> Mapping[str, Any]:
    return {f.name: f.default for f in fields(table.row) if f.default is not MISSING}


_ENABLED = Column("ENABLED", "enabled", kinds.BOOL, "enabled")

SERVICES = Table("services", Service, "services", "service", ("id",), (
    Column("ID_SERVICE", "id", kinds.ID, "id"),
    Column("SERVICE_NAME", "name", kinds.TEXT, "name", 100),
    Column("SERVICE_CONTEXT_TYPE", "context_type", kinds.WORD, "type"),
    Column("SERVICE_QUEUE_NAME", "queue_name", kinds.TEXT, "queue", 100),
    _ENABLED,
    Column("DISPLAY_NAME", "display_name", kinds.TEXT, "display", 100),
    Column("LANGUAGE", "language", kinds.TEXT, "language", 35),
    Column("ALLOWED_EXTENSIONS", "allowed_extensions", kinds.TEXT, "<allow>"),
    Column("IS_DEFAULT", "is_default", kinds.BOOL, "default"),
    Column("WRAPUP_SECONDS", "wrapup_seconds", kinds.INTEGER, "wrapup"),
))  # fmt: skip
VARIABLES = Table("services_variables", Variable, "variables", "variable", ("id",), (
    Column("ID_VARIABLE", "id", kinds.ID, "id"),
    Column("ID_SERVICE", "service_id", kinds.ID, ""),
    Column("VARNAME", "name", kinds.TEXT, "name", 100),
    _ENABLED,
), "services", "service_id")  # fmt: skip
ACTIONS = Table("actions", Action, "actions", "action", ("id",), (
    Column("ID_ACTION", "id", kinds.ID, "id"),
    Column("ACTION_OS_TYPE", "os_type", kinds.OS, "os"),
    Column("ACTION_TYPE", "type", kinds.ACTION_TYPE, "type", 64),
    Column("ACTION_DESTINATION", "destination", kinds.TEXT, "<destination>", 255),
    Column("PARAMETERS", "parameters", kinds.TEXT, "<parameters>"),
    Column("ENCODING", "encoding", kinds.TEXT, "encoding", 40),
    _ENABLED,
    Column("EXECUTE_ON", "execute_on", kinds.WORD, "execute"),
    Column("TRIGGER_EVENT", "trigger", kinds.WORD, "trigger"),
))  # fmt: skip
SERVICES_ACTIONS = Table(
    "services_actions", ServiceAction, "service_actions", "actionref", ("service_id", "action_id"), (
        Column("ID_SERVICE", "service_id", kinds.ID, ""),
        Column("ID_ACTION", "action_id", kinds.ID, "id"),
        Column("ACTION_ORDER", "order", kinds.INTEGER, "order"),
        _ENABLED,
    ), "services", "service_id")  # fmt: skip
SEATS = Table("seats", Seat, "seats", "seat", ("id",), (
    Column("ID_SEAT", "id", kinds.ID, "id"),
    Column("SEAT_MAC", "mac", kinds.MAC, "mac", 17),
    Column("SEAT_EXTEN", "exten", kinds.CHANNEL, "exten", 50),
    Column("DESCRIPTION", "description", kinds.TEXT, "description", 255),
    _ENABLED,
    Column("SEAT_HOST", "host", kinds.TEXT, "host", 64),
))  # fmt: skip
EXTENSIONS = Table("extensions", Extension, "extensions", "extension", ("seat_id", "exten"), (
    Column("ID_SEAT", "seat_id", kinds.ID, ""),
    Column("EXTEN", "exten", kinds.CHANNEL, "channel", 50),
    Column("DESCRIPTION", "description", kinds.TEXT, "description", 255),
    Column("CAN_AUTO_ANSWER", "can_auto_answer", kinds.BOOL, "autoanswer"),
    Column("MAILBOX", "mailbox", kinds.TEXT, "mailbox", 80),
    _ENABLED,
), "seats", "seat_id")  # fmt: skip
OPERATORS = Table("operators", Operator, "operators", "operator", ("id",), (
    Column("ID_OPERATOR", "id", kinds.ID, "id"),
    Column("FULL_NAME", "full_name", kinds.TEXT, "fullname", 100),
    Column("USERNAME", "username", kinds.TEXT, "username", 100),
    Column("PASS_WORD", "password", kinds.TEXT, "password", 255),
    Column("BEGIN_IN_PAUSE", "begin_in_pause", kinds.BOOL, "begininpause"),
    Column("IS_CALL_CENTER", "is_call_center", kinds.BOOL, "callcenter", aliases=("IS_CALL_CANTER",)),
    _ENABLED,
    Column("ID_SEAT", "seat_id", kinds.REFERENCE, "seat"),
    Column("CAN_MONITOR", "can_monitor", kinds.BOOL, "monitor"),
    Column("CAN_ALTER_SPEEDDIALS", "can_alter_speeddials", kinds.BOOL, "alterspeeddials"),
    Column("CAN_RECORD", "can_record", kinds.BOOL, "record"),
    Column("IS_SUPERVISOR", "is_supervisor", kinds.BOOL, "supervisor"),
    Column("LANGUAGES", "languages", kinds.LANGUAGES, "languages", 255),
    Column("PASS_ALT", "password_alt", kinds.TEXT, "passwordalt", 255),
    Column("SCRAM", "scram", kinds.TEXT, "scram", 255),
    Column("LDAP_DN", "ldap_dn", kinds.TEXT, "ldapdn", 255),
    Column("LOGIN_HOST", "login_host", kinds.TEXT, "host", 255),
))  # fmt: skip
SERVICES_OPERATORS = Table(
    "services_operators", ServiceOperator, "service_operators", "serviceref", ("service_id", "operator_id"), (
        Column("ID_SERVICE", "service_id", kinds.ID, "id"),
        Column("ID_OPERATOR", "operator_id", kinds.ID, ""),
        Column("PENALTY", "penalty", kinds.INTEGER, "penalty"),
        _ENABLED,
    ), "operators", "operator_id")  # fmt: skip
SPEEDDIALS = Table("speeddials", SpeedDial, "speed_dials", "speeddial", ("operator_id", "group", "order"), (
    Column("ID_OPERATOR", "operator_id", kinds.ID, ""),
    Column("GROUP_NAME", "group", kinds.TEXT, "group", 100),
    Column("NAME", "name", kinds.TEXT, "name", 100),
    Column("NUM", "number", kinds.TEXT, "num", 100),
    Column("BLF", "blf", kinds.BOOL, "blf"),
    Column("ORDER_NUM", "order", kinds.INTEGER, "order"),
), "operators", "operator_id")  # fmt: skip
ACCOUNT_CODES = Table("account_codes", AccountCode, "account_codes", "accountcode", ("id",), (
    Column("ID_ACCOUNT_CODE", "id", kinds.ID, "id"),
    Column("CODE", "code", kinds.TEXT, "code", 100),
    Column("DESCRIPTION", "description", kinds.TEXT, "description", 255),
    _ENABLED,
))  # fmt: skip
ACCOUNT_CODES_OPERATORS = Table(
    "account_codes_operators", AccountCodeOperator, "account_code_operators", "accountref",
    ("account_code_id", "operator_id"), (
        Column("ID_ACCOUNT_CODE", "account_code_id", kinds.ID, "id"),
        Column("ID_OPERATOR", "operator_id", kinds.ID, ""),
    ), "operators", "operator_id")  # fmt: skip
PAUSE_REASONS = Table("pause_reasons", PauseReason, "pause_reasons", "pausereason", ("code",), (
    Column("CODE", "code", kinds.TEXT, "code", 40),
    Column("DESCRIPTION", "description", kinds.TEXT, "description", 255),
    _ENABLED,
))  # fmt: skip

TABLES = (
    ACTIONS, SERVICES, VARIABLES, SERVICES_ACTIONS, SEATS, EXTENSIONS, ACCOUNT_CODES, PAUSE_REASONS, OPERATORS,
    SERVICES_OPERATORS, SPEEDDIALS, ACCOUNT_CODES_OPERATORS,
)  # fmt: skip
SETTINGS_TABLE = "server_settings"


def canonical(configuration: Configuration) -> Configuration:
    """The same configuration with every table in the order of its key, as all sources deliver it."""
    rows: dict[str, Any] = {t.rows: tuple(sorted(getattr(configuration, t.rows), key=t.key_of)) for t in TABLES}
    return replace(configuration, settings=MappingProxyType(dict(sorted(configuration.settings.items()))), **rows)
