"""The source ``ldap``: a directory is asked by logging in there as the operator."""

from __future__ import annotations

import re
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from importlib import import_module
from math import ceil
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from twisted.internet.defer import Deferred, succeed
from twisted.plugin import IPlugin
from zope.interface import implementer

from astcti.config.addresses import is_loopback
from astcti.config.spellings import parse_bool
from astcti.errors import SourceUnavailable
from astcti.interfaces import IAuthenticationPlace, IAuthenticationSource, IReachable
from astcti.model.identity import Attempt, Person, Verdict

PREFIX = "auth_ldap_"
NAMES = ("url", "start_tls", "ca_file", "base", "filter", "bind_dn", "bind_password", "insecure")
DEFAULT_FILTER = "(uid={username})"
# Answers to a login that are a verdict about who logs in; whatever else comes is the directory's trouble.
WRONG_CODES = frozenset({19, 32, 34, 48, 49, 50, 53})


@dataclass(frozen=True, slots=True)
class Directory:
    """A directory, as the settings describe it.

    :ivar urls: tried in this order.
    :ivar seconds: for a connection, and for an answer.
    """

    urls: tuple[str, ...]
    seconds: float
    start_tls: bool = False
    ca_file: str = ""
    base: str = ""
    filter: str = DEFAULT_FILTER
    bind_dn: str = ""
    bind_password: str = field(default="", repr=False)
    insecure: bool = False

    @classmethod
    def of(cls, options: Mapping[str, str], seconds: float) -> Directory:
        """Read the settings.

        :raises ValueError: one of them is no yes or no.
        """
        given = {name: options.get(PREFIX + name, "").strip() for name in NAMES}
        return cls(
            urls=tuple(given["url"].split()),
            # Two waits make a login at most, and both have to end before whoever asked gives up.
            seconds=max(0.5, seconds / 3),
            start_tls=parse_bool(given["start_tls"] or "no"),
            ca_file=given["ca_file"],
            base=given["base"],
            filter=given["filter"] or DEFAULT_FILTER,
            bind_dn=given["bind_dn"],
            bind_password=given["bind_password"],
            insecure=parse_bool(given["insecure"] or "no"),
        )

    def faults(self) -> list[str]:
        """What makes it useless."""
        faults = [] if self.urls else [f"{PREFIX}url is missing, such as ldaps://ldap.example"]
        for url in self.urls:
            try:
                parts, port = urlsplit(url), urlsplit(url).port
            except ValueError:
                parts, port = urlsplit(""), None
            if parts.scheme not in ("ldap", "ldaps") or not parts.hostname or parts.path not in ("", "/"):
                faults.append(f"{PREFIX}url: {url} is none of the form ldap://host:389 or ldaps://host:636")
            elif parts.scheme == "ldaps" and self.start_tls:
                faults.append(f"{PREFIX}start_tls: {url} is encrypted already")
            elif parts.scheme == "ldap" and not (self.start_tls or self.insecure or is_loopback(parts.hostname)):
                faults.append(f"{PREFIX}url: passwords would travel readable to {parts.hostname}; use ldaps://, or "
                              f"{PREFIX}start_tls, or say {PREFIX}insecure = yes")  # fmt: skip
            elif port == 0:
                faults.append(f"{PREFIX}url: {url} has no port")
        if self.ca_file and not Path(self.ca_file).is_file():
            faults.append(f"{PREFIX}ca_file: there is no file {self.ca_file}")
        if self.filter.count("{username}") < 1 or not re.fullmatch(r"\(.*\)", self.filter, re.DOTALL):
            faults.append(f"{PREFIX}filter: {self.filter} is none such as {DEFAULT_FILTER}")
        if self.bind_dn and not self.bind_password:
            faults.append(f"{PREFIX}bind_password is missing for {self.bind_dn}")
        return faults

    # -- what blocks

    def check(self, person: Person, password: str) -> Verdict:
        """Log in as a person; blocks.

        :raises SourceUnavailable: the directory does not say.
        """
        ldap3: Any = import_module("ldap3")
        trouble: Any = import_module("ldap3.core.exceptions").LDAPException

        troubles = []
        for url in self.urls:
            try:
                return self._check_at(ldap3, url, person, password)
            except SourceUnavailable as e:
                troubles.append(f"{url}: {e}")
            except (trouble, OSError, ValueError) as e:  # ssl's errors are OSErrors
                troubles.append(f"{url}: {_sentence(e)}")
        raise SourceUnavailable("; ".join(troubles))

    def _check_at(self, ldap3: Any, url: str, person: Person, password: str) -> Verdict:
        name = person.directory_name or self._find(ldap3, url, person.username)
        if not name:
            return Verdict.UNKNOWN
        if not password or "\0" in password:  # a login without a password is one as nobody, which succeeds
            return Verdict.WRONG
        with self._connected(ldap3, url, name, password) as connection:
            if connection.bind():
                return Verdict.RIGHT
            result = connection.result or {}
            if result.get("result") in WRONG_CODES:
                return Verdict.WRONG
            raise SourceUnavailable(f"{result.get('description', 'no answer')}")

    def reach(self) -> Mapping[str, str]:
        """Each address, and why no operator can log in there, if so; blocks."""
        ldap3: Any = import_module("ldap3")
        trouble: Any = import_module("ldap3.core.exceptions").LDAPException

        found = {}
        for url in self.urls:
            try:
                found[url] = self._trouble_at(ldap3, url)
            except (SourceUnavailable, trouble, OSError, ValueError) as e:
                found[url] = _sentence(e)
        return found

    def _trouble_at(self, ldap3: Any, url: str) -> str:
        with self._connected(ldap3, url, self.bind_dn, self.bind_password) as connection:
            if not self.base:
                return ""  # operators are known by their names there: nobody else has to log in
            if not connection.bind():
                return f"{self.bind_dn or 'nobody'} may not log in there: {_result(connection)}"
            connection.search(self.base, "(objectClass=*)", search_scope=ldap3.BASE,
                              attributes=[ldap3.NO_ATTRIBUTES], time_limit=max(1, int(self.seconds)))  # fmt: skip
            there = any(e.get("type") == "searchResEntry" for e in connection.response or ())
            return "" if there else f"{self.bind_dn or 'nobody'} sees nothing at {self.base}: {_result(connection)}"

    def _find(self, ldap3: Any, url: str, username: str) -> str:
        """The one entry of a user; empty for none."""
        if not self.base:
            return ""
        wanted = self.filter.replace("{username}", _escaped(username))
        with self._connected(ldap3, url, self.bind_dn, self.bind_password) as connection:
            if not connection.bind():
                raise SourceUnavailable(f"{self.bind_dn or 'nobody'} may not log in there: {_result(connection)}")
            # Two are enough to know that it is not the one.
            connection.search(self.base, wanted, attributes=[ldap3.NO_ATTRIBUTES], size_limit=2,
                              time_limit=max(1, int(self.seconds)))  # fmt: skip
            code = (connection.result or {}).get("result")
            found = [e["dn"] for e in connection.response or () if e.get("type") == "searchResEntry"]
            if code not in (0, 4, 32):
                raise SourceUnavailable(f"search below {self.base}: {connection.result.get('description')}")
        if len(found) > 1 or code == 4:
            raise SourceUnavailable(f"{wanted} finds more than one entry below {self.base}")
        return found[0] if found else ""

    @contextmanager
    def _connected(self, ldap3: Any, url: str, name: str, password: str) -> Iterator[Any]:
        parts = urlsplit(url)
        over_tls = parts.scheme == "ldaps"
        rules = None
        if over_tls or self.start_tls:
            rules = ldap3.Tls(validate=ssl.CERT_REQUIRED, ca_certs_file=self.ca_file or None,
                              version=ssl.PROTOCOL_TLS_CLIENT)  # fmt: skip
        server = ldap3.Server(
            parts.hostname, parts.port or (636 if over_tls else 389), use_ssl=over_tls, tls=rules,
            get_info=ldap3.NONE, connect_timeout=self.seconds,
        )  # fmt: skip
        login = {"user": name, "password": password, "authentication": ldap3.SIMPLE} if name else {}
        connection = ldap3.Connection(
            server, auto_bind=ldap3.AUTO_BIND_NONE, auto_referrals=False,
            receive_timeout=ceil(self.seconds),  # ldap3 wants whole seconds
            raise_exceptions=False, check_names=False, **login,
        )  # fmt: skip
        try:
            connection.open()
            if self.start_tls and not connection.start_tls():
                raise SourceUnavailable("it does not speak TLS")
            yield connection
        finally:
            try:
                connection.unbind()
            except Exception:  # noqa: S110 - it is being left anyway, and ldap3 raises much
                pass
            if connection.socket is not None:  # where no connection was made, ldap3 leaves it to the garbage collector
                connection.socket.close()


def _sentence(error: Exception) -> str:
    return " ".join(str(error).split())[:200] or type(error).__name__


def _result(connection: Any) -> str:
    return str((connection.result or {}).get("description", "no answer"))


def _escaped(text: str) -> str:
    """A text within a filter (RFC 4515): everything but letters and digits of ASCII as hexadecimal bytes."""
    return "".join(c if c.isascii() and c.isalnum() else "".join(f"\\{b:02x}" for b in c.encode()) for c in text)


@implementer(IPlugin, IAuthenticationSource, IReachable)
@dataclass(frozen=True)
class Ldap:
    """Knows operators by their ``LDAP_DN``, or by a search for their user name."""

    name: str = "ldap"
    wants_password: bool = True
    option_names: frozenset[str] = frozenset(PREFIX + name for name in NAMES)

    def faults(self, place: IAuthenticationPlace) -> list[str]:
        """Say what is wrong with the settings, and whether ldap3 is missing."""
        try:
            import_module("ldap3")  # only those who need it have it
        except ImportError:
            return ["the package ldap3 is not installed: pip install astcti[ldap]"]
        try:
            return self._directory(place).faults()
        except ValueError as e:
            return [f"{PREFIX}*: {e}"]

    def claims(self, person: Person, place: IAuthenticationPlace) -> bool:
        """Decides about everybody who has an ``LDAP_DN``."""
        return bool(person.directory_name)

    def check(self, person: Person, attempt: Attempt, place: IAuthenticationPlace) -> Deferred[Verdict]:
        """Log in there as the operator."""
        if attempt.password is None:
            return succeed(Verdict.UNKNOWN)
        return place.run(partial(self._directory(place).check, person, attempt.password))

    def reach(self, place: IAuthenticationPlace) -> Deferred[Mapping[str, str]]:
        """Connect to each address; where operators are searched for, log in as whoever searches."""
        return place.run(self._directory(place).reach)

    @staticmethod
    def _directory(place: IAuthenticationPlace) -> Directory:
        return Directory.of(place.options, place.settings.auth_timeout)


ldap = Ldap()
