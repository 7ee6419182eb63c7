"""Connections to a data base: few, checked before use, and never waiting for ever."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa

from astcti.config.database.address import MYSQL, POSTGRESQL, SQLITE, Address
from astcti.config.database.faults import explained

CONNECT_SECONDS, ANSWER_SECONDS = 3, 10  # for a connection; for each answer, and each send
CONNECTIONS = 4  # one for looking, the others for changed credentials
RECYCLE_SECONDS = 3600  # firewalls and wait_timeout end what is older
_DRIVERS = {MYSQL: "mysql+pymysql", POSTGRESQL: "postgresql+psycopg", SQLITE: "sqlite"}


def make_engine(address: Address) -> sa.Engine:
    """An engine; it connects at first use.

    :raises SourceUnavailable: its driver is not installed.
    """
    with explained(address):
        if address.dialect == SQLITE:
            return sa.create_engine(_url(address), connect_args={"timeout": CONNECT_SECONDS})
        return sa.create_engine(
            _url(address), connect_args=_arguments(address), isolation_level="REPEATABLE READ",
            pool_size=CONNECTIONS, max_overflow=0, pool_timeout=ANSWER_SECONDS, pool_recycle=RECYCLE_SECONDS,
            pool_pre_ping=True, hide_parameters=True,
        )  # fmt: skip


def _url(address: Address) -> sa.URL:
    if address.dialect == SQLITE:
        return sa.URL.create("sqlite", database=address.database)
    where: dict[str, Any] = {} if address.socket else {"host": address.host, "port": address.port or None}
    return sa.URL.create(
        _DRIVERS[address.dialect], username=address.username or None, password=address.password or None,
        database=address.database, **where,
    )  # fmt: skip


def _arguments(address: Address) -> dict[str, Any]:
    """What the driver is told besides."""
    if address.dialect == POSTGRESQL:
        arguments: dict[str, Any] = {
            "connect_timeout": CONNECT_SECONDS,
            "options": f"-c statement_timeout={ANSWER_SECONDS * 1000}",
            "tcp_user_timeout": ANSWER_SECONDS * 1000,
        }
        if address.socket:
            arguments |= _place(address.socket)
        if address.ca_file:
            arguments |= {"sslmode": "verify-full", "sslrootcert": address.ca_file}
        return arguments
    arguments = {
        "connect_timeout": CONNECT_SECONDS,
        "read_timeout": ANSWER_SECONDS,
        "write_timeout": ANSWER_SECONDS,
        "charset": "utf8mb4",
    }
    if address.socket:
        arguments["unix_socket"] = address.socket
    if address.ca_file:
        arguments["ssl"] = {"ca": address.ca_file, "check_hostname": True}
    return arguments


def _place(socket: str) -> dict[str, str]:
    """PostgreSQL wants the folder of its socket, and makes the name of the port; people give either."""
    folder, _, name = socket.rpartition("/")
    prefix, _, port = name.rpartition(".")
    return {"host": folder, "port": port} if prefix == ".s.PGSQL" else {"host": socket}


@contextmanager
def reading(engine: sa.Engine, address: Address) -> Iterator[sa.Connection]:
    """A connection that sees one moment of the data base, and changes nothing.

    :raises SourceUnavailable: the data base cannot be asked.
    """
    with explained(address), engine.connect() as connection:
        if address.dialect == MYSQL:
            connection.exec_driver_sql("START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY")
        elif address.dialect == POSTGRESQL:
            connection.exec_driver_sql("SET TRANSACTION READ ONLY")
        yield connection
        connection.rollback()


@contextmanager
def writing(engine: sa.Engine, address: Address) -> Iterator[sa.Connection]:
    """A connection in a transaction, which is kept if all goes well.

    :raises SourceUnavailable: the data base cannot be asked, or refuses the change; nothing has changed then.
    """
    with explained(address), engine.begin() as connection:
        yield connection
