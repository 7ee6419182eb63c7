"""The tables of a data base as they are now; the newest migration leads to exactly these.

Change them together with a new migration in ``migrations/versions``, never alone.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import mysql

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")  # SQLite counts up in INTEGER only
_LONG = sa.Text().with_variant(mysql.LONGTEXT(), "mysql")


def _words(*words: str) -> Any:
    """One of some words: an ENUM in MySQL, a short text elsewhere."""
    return sa.String(max(map(len, words))).with_variant(mysql.ENUM(*words), "mysql")


def _id(name: str) -> sa.Column[Any]:
    return sa.Column(name, _ID, primary_key=True, autoincrement=True)


def _to(name: str, key: str, *, primary: bool = False, null: bool = False) -> sa.Column[Any]:
    """A reference to another table, gone with what it refers to; set to NULL if that is possible."""
    target = sa.ForeignKey(key, ondelete="SET NULL" if null else "CASCADE", name=None)
    return sa.Column(name, _ID, target, primary_key=primary, autoincrement=False, nullable=null)


def _flag(name: str, default: bool) -> sa.Column[Any]:
    return sa.Column(name, sa.Boolean(), nullable=False, server_default=sa.true() if default else sa.false())


def _number(name: str, kind: Any = sa.Integer) -> sa.Column[Any]:
    return sa.Column(name, kind(), nullable=False, server_default="0")


def _text(name: str, length: int, **options: Any) -> sa.Column[Any]:
    return sa.Column(name, sa.String(length), **options)


def _word(name: str, *words: str) -> sa.Column[Any]:
    return sa.Column(name, _words(*words), nullable=False, server_default=words[0])


def make_metadata() -> sa.MetaData:
    """Every table. Each call makes them anew."""
    metadata = sa.MetaData(naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_name)s", "uq": "uq_%(table_name)s_%(column_0_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s", "pk": "pk_%(table_name)s",
    })  # fmt: skip

    def table(name: str, *columns: Any) -> None:
        sa.Table(
            name, metadata, *columns,
            mysql_engine="InnoDB", mysql_charset="utf8mb4", mysql_collate="utf8mb4_bin",
        )  # fmt: skip

    table("services",
        _id("ID_SERVICE"), _text("SERVICE_NAME", 100, nullable=False, unique=True),
        _word("SERVICE_CONTEXT_TYPE", "INBOUND", "OUTBOUND"), _text("SERVICE_QUEUE_NAME", 100),
        _flag("ENABLED", True), _text("DISPLAY_NAME", 100), _text("LANGUAGE", 35),
        sa.Column("ALLOWED_EXTENSIONS", sa.Text()), _flag("IS_DEFAULT", False), _number("WRAPUP_SECONDS"))  # fmt: skip
    table("services_variables",
        _id("ID_VARIABLE"), _to("ID_SERVICE", "services.ID_SERVICE"), _text("VARNAME", 100, nullable=False),
        _flag("ENABLED", True), sa.UniqueConstraint("ID_SERVICE", "VARNAME"))  # fmt: skip
    table("actions",
        _id("ID_ACTION"), _word("ACTION_OS_TYPE", "ALL", "LINUX", "MACINTOSH", "WINDOWS"),
        _text("ACTION_TYPE", 64, nullable=False, server_default="APPLICATION"), _text("ACTION_DESTINATION", 255),
        sa.Column("PARAMETERS", sa.Text()), _text("ENCODING", 40), _flag("ENABLED", True),
        _word("EXECUTE_ON", "CLIENT", "SERVER"), _word("TRIGGER_EVENT", "LINK", "RINGING", "HANGUP"))  # fmt: skip
    table("services_actions",
        _to("ID_SERVICE", "services.ID_SERVICE", primary=True), _to("ID_ACTION", "actions.ID_ACTION", primary=True),
        _number("ACTION_ORDER", sa.SmallInteger), _flag("ENABLED", True))  # fmt: skip
    table("seats",
        _id("ID_SEAT"), _text("SEAT_MAC", 17, unique=True), _text("SEAT_EXTEN", 50, nullable=False, unique=True),
        _text("DESCRIPTION", 255), _flag("ENABLED", True), _text("SEAT_HOST", 64))  # fmt: skip
    table("extensions",
        _to("ID_SEAT", "seats.ID_SEAT", primary=True), _text("EXTEN", 50, primary_key=True),
        _text("DESCRIPTION", 255), _flag("CAN_AUTO_ANSWER", False), _text("MAILBOX", 80),
        _flag("ENABLED", True))  # fmt: skip
    table("operators",
        _id("ID_OPERATOR"), _text("FULL_NAME", 100, nullable=False),
        _text("USERNAME", 100, nullable=False, unique=True), _text("PASS_WORD", 255, nullable=False),
        _flag("BEGIN_IN_PAUSE", False), _flag("IS_CALL_CENTER", False), _flag("ENABLED", True),
        _to("ID_SEAT", "seats.ID_SEAT", null=True), _flag("CAN_MONITOR", False), _flag("CAN_ALTER_SPEEDDIALS", True),
        _flag("CAN_RECORD", False), _flag("IS_SUPERVISOR", False), _text("LANGUAGES", 255), _text("PASS_ALT", 255),
        _text("SCRAM", 255), _text("LDAP_DN", 255), _text("LOGIN_HOST", 255))  # fmt: skip
    table("services_operators",
        _to("ID_SERVICE", "services.ID_SERVICE", primary=True),
        _to("ID_OPERATOR", "operators.ID_OPERATOR", primary=True), _number("PENALTY"),
        _flag("ENABLED", True))  # fmt: skip
    table("speeddials",
        _to("ID_OPERATOR", "operators.ID_OPERATOR", primary=True), _text("GROUP_NAME", 100, primary_key=True),
        _text("NAME", 100, nullable=False), _text("NUM", 100, nullable=False), _flag("BLF", False),
        sa.Column("ORDER_NUM", sa.Integer(), primary_key=True, autoincrement=False))  # fmt: skip
    table("dbversion",
        sa.Column("VERSION", sa.Double(), nullable=False), _number("LAST_UPDATE", sa.BigInteger))  # fmt: skip
    table("server_settings", _text("name", 128, primary_key=True), sa.Column("val", sa.Text()))
    table("account_codes",
        _id("ID_ACCOUNT_CODE"), _text("CODE", 100, nullable=False, unique=True), _text("DESCRIPTION", 255),
        _flag("ENABLED", True))  # fmt: skip
    table("account_codes_operators",
        _to("ID_ACCOUNT_CODE", "account_codes.ID_ACCOUNT_CODE", primary=True),
        _to("ID_OPERATOR", "operators.ID_OPERATOR", primary=True))  # fmt: skip
    table("contacts",
        _id("ID"), sa.Column("ID_OPERATOR", _ID, sa.ForeignKey("operators.ID_OPERATOR", ondelete="CASCADE")),
        _text("NAME", 100, nullable=False), _text("COMPANY", 100), _text("NUMBER", 100),
        _text("EMAIL", 255))  # fmt: skip
    table("pause_reasons",
        _text("CODE", 40, primary_key=True), _text("DESCRIPTION", 255), _flag("ENABLED", True))  # fmt: skip
    table("manager_users",
        _id("ID"), _text("FULL_NAME", 100, nullable=False), _text("USERID", 100, nullable=False, unique=True),
        _text("PASSWORD", 255, nullable=False), _number("CREATION_DATE", sa.BigInteger), _flag("ENABLED", True),
        _text("EMAIL", 255), sa.Column("LAST_LOGIN", sa.BigInteger()), _text("RESET_TOKEN_HASH", 255),
        sa.Column("RESET_EXPIRES", sa.BigInteger()), _text("ROLE", 40))  # fmt: skip
    table("config_backups",
        _id("ID"), _number("CREATED", sa.BigInteger), _text("CREATED_BY", 100), _text("COMMENT", 255),
        _text("SCHEMA_VERSION", 20), sa.Column("CONTENT", _LONG, nullable=False),
        _word("STATUS", "working", "failed", "manual"))  # fmt: skip
    table("audit_log",
        _id("ID"), _number("TS", sa.BigInteger), _text("USERID", 100), _text("ADDRESS", 64),
        _text("ACTION", 100, nullable=False), _text("OBJECT", 255), sa.Column("BEFORE", sa.Text()),
        sa.Column("AFTER", sa.Text()))  # fmt: skip
    return metadata
