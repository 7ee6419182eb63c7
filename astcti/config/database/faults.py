"""What a data base or its driver complains of, in words that say what to do."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, SQLAlchemyError

from astcti.config.database.address import NAMES, Address
from astcti.config.source import SourceUnavailable
from astcti.errors import ConfigError

_INIT = "run `astcti config init`"
_Advice = Callable[[Address], str]

#: MySQL's number of an error to a sentence. https://mariadb.com/kb/en/mariadb-error-codes/
_MYSQL: Mapping[int, _Advice] = {
    1040: lambda a: "too many connections to the server: raise its max_connections, or look who holds them",
    1044: lambda a: f"user {a.username!r} may not use data base {a.database!r}: GRANT it the rights",
    1045: lambda a: f"the server refuses user {a.username!r}: the user name or the password is wrong",
    1049: lambda a: f"there is no data base {a.database!r}: CREATE DATABASE it, then {_INIT}",
    1053: lambda a: "the server is shutting down",
    1130: lambda a: "the server accepts nobody from this machine: CREATE USER with its address",
    1142: lambda a: f"user {a.username!r} lacks a right: GRANT it",
    1143: lambda a: f"user {a.username!r} lacks a right on a column: GRANT it",
    1146: lambda a: f"a table is missing: {_INIT}",
    1205: lambda a: "somebody else holds a lock on the tables",
    1213: lambda a: "somebody else changes the same rows: try again",
    1290: lambda a: "the server is read-only",
    1406: lambda a: f"a text is longer than its column: {_INIT} widens the columns of older data bases",
    1452: lambda a: "a row refers to another one that is not there",
    1698: lambda a: f"the server refuses user {a.username!r}: it lets that user in by the local socket only",
    2002: lambda a: f"no server answers at {a.socket or a.where}: is it running, and is the address right?",
    2003: lambda a: f"no server answers at {a.socket or a.where}: is it running, and is the address right?",
    2006: lambda a: "the connection was lost",
    2013: lambda a: "the connection was lost, or the server did not answer in time",
}


@contextmanager
def explained(address: Address) -> Iterator[None]:
    """Have everything that SQLAlchemy or a driver raises said in our words.

    :raises SourceUnavailable: in the place of whatever they raise.
    """
    try:
        yield
    except DBAPIError as e:
        raise SourceUnavailable(f"{address}: {_sentence(e, address)}") from e
    except (NoSuchModuleError, ModuleNotFoundError) as e:
        raise SourceUnavailable(f"{address}: {missing(address)}") from e
    except (SQLAlchemyError, ArgumentError, OSError, RuntimeError) as e:
        raise SourceUnavailable(f"{address}: {_first_line(e)}") from e


def missing(address: Address) -> str:
    """What to do where the driver of a data base is not installed."""
    return f"the driver for {NAMES[address.dialect]} is not installed: pip install 'astcti[{address.dialect}]'"


def is_missing_table(error: ConfigError) -> bool:
    """Whether that is because a table is not there."""
    cause = error.__cause__
    return isinstance(cause, DBAPIError) and _number(cause) == 1146


def _sentence(error: DBAPIError, address: Address) -> str:
    advice = _MYSQL.get(_number(error))
    detail = _detail(error)
    return f"{advice(address)} ({detail})" if advice else detail


def _number(error: DBAPIError) -> int:
    arguments: list[Any] = list(getattr(error.orig, "args", ()))
    return arguments[0] if arguments and isinstance(arguments[0], int) else 0


def _detail(error: DBAPIError) -> str:
    """The server's own words, without values of rows: they may be credentials."""
    arguments: list[Any] = list(getattr(error.orig, "args", ()))
    words = str(arguments[1]) if len(arguments) > 1 else str(error.orig)
    return re.sub(r"Duplicate entry '.*?' for", "Duplicate entry for", words.partition("\n")[0])[:300]


def _first_line(error: Exception) -> str:
    return (str(error).partition("\n")[0] or type(error).__name__)[:300]
