"""Where a data base is, and as whom we come to it: from a URL of the command line or from the bootstrap file."""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import parse_qsl, unquote, urlsplit

from astcti.errors import ConfigError

MYSQL, SQLITE, POSTGRESQL = "mysql", "sqlite", "postgresql"
DIALECTS = {"mysql": MYSQL, "mariadb": MYSQL, "sqlite": SQLITE, "postgresql": POSTGRESQL, "postgres": POSTGRESQL}
NAMES = {MYSQL: "MySQL", SQLITE: "SQLite", POSTGRESQL: "PostgreSQL"}
PORTS = {MYSQL: 3306, POSTGRESQL: 5432}
EXAMPLE = "mysql://user:password@host:3306/database"
_QUERY = {"socket": "socket", "unix_socket": "socket", "cafile": "ca_file"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """A data base.

    :ivar dialect: ``mysql`` (MariaDB too), ``postgresql`` or ``sqlite``.
    :ivar database: its name; for SQLite the path.
    :ivar socket: a local socket in the place of host and port.
    :ivar ca_file: certificates that vouch for the server; with it the connection is encrypted.
    """

    dialect: str = MYSQL
    host: str = "localhost"
    port: int = 0
    username: str = ""
    password: str = field(default="", repr=False)
    database: str = ""
    socket: str = ""
    ca_file: str = ""

    def __str__(self) -> str:
        """``MySQL data base asteriskcti on localhost``: for people, without the password."""
        if self.dialect == SQLITE:
            return f"SQLite data base {self.database}"
        return f"{NAMES[self.dialect]} data base {self.database} on {self.socket or self.where}"

    @property
    def where(self) -> str:
        """Host and, unless it is the usual one, port."""
        usual = self.port in (0, PORTS.get(self.dialect))
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if usual else f"{host}:{self.port}"


def is_url(text: str) -> bool:
    """Whether a word of the command line names a data base, not a file."""
    return "://" in text


def split_table(text: str) -> tuple[str, str]:
    """A URL without ``table=NAME`` behind its question mark, and that name; empty where there is none.

    It names a table of the first generation, which is in a data base beside whatever else there is.
    """
    start, mark, query = text.partition("?")
    pairs = [pair.partition("=") for pair in query.split("&") if pair]
    names = [unquote(value) for name, _, value in pairs if name == "table"]
    rest = "&".join(f"{name}{equals}{value}" for name, equals, value in pairs if name != "table")
    return (f"{start}?{rest}" if mark and rest else start), (names[-1] if names else "")


def parse_url(text: str) -> Address:
    """Read ``mysql://user:password@host:3306/database``, ``mysql://user@/database?socket=/run/mysqld/mysqld.sock``
    or ``sqlite:////path``; user, password and database may be percent-encoded.

    :raises ConfigError: it is none; the text never repeats the password.
    """
    scheme, _, _ = text.partition("://")
    dialect = DIALECTS.get(scheme.lower().partition("+")[0])
    if dialect is None:
        raise ConfigError(f"{scheme}://...: possible are mysql, mariadb, postgresql, sqlite: {EXAMPLE}")
    shown = f"{scheme}://..."
    try:
        parts = urlsplit(text)
        port = parts.port or 0
    except ValueError as e:
        raise ConfigError(f"{shown}: the address or its port cannot be read; it looks like {EXAMPLE}") from e
    if dialect == SQLITE:
        path = unquote(parts.path).removeprefix("/")
        if not path or parts.netloc:
            raise ConfigError(f"{shown}: a SQLite data base is sqlite:///relative/path or sqlite:////absolute/path")
        return Address(dialect=dialect, database=path)
    options = {}
    for name, value in parse_qsl(parts.query):
        if name not in _QUERY:
            raise ConfigError(f"{shown}: {name!r} is not known; possible are {', '.join(sorted(_QUERY))}")
        options[_QUERY[name]] = value
    database = unquote(parts.path).strip("/")
    if not database or "/" in database:
        raise ConfigError(f"{shown}: name the data base after the host: {EXAMPLE}")
    return Address(
        dialect=dialect, host=parts.hostname or "localhost", port=port, database=database,
        username=unquote(parts.username or ""), password=unquote(parts.password or ""), **options,
    )  # fmt: skip
