"""The ports clients come in by: free, or taken by our own server."""

from __future__ import annotations

import errno
import json
import re
import socket
from collections.abc import Iterator
from functools import partial
from http.client import HTTPConnection, HTTPException

from astcti.config.addresses import is_loopback, split_address
from astcti.config.settings import Settings
from astcti.doctor.case import Case
from astcti.doctor.finding import Notes

FIRST_FREE = 1024  # ports below are root's
PAGE_SECONDS = 5.0  # for a page of the running server
MAX_PAGE = 100_000  # bytes of it


async def examine_ports(case: Case, notes: Notes) -> None:
    """Try to take each of them, for a moment."""
    listening = {_place(text) for text in (case.running or {}).get("clients", {}).get("listening", ())}
    for name, host, port in _wanted(case.settings):
        if (host, port) in listening:
            notes.fine(f"{host}:{port} ({name}): our server listens there")
        elif port == 0:
            notes.warn(f"{host} ({name}): port 0 is any that is free, another one at each start",
                       f"Give {name} a number; clients usually ask for 5000.")  # fmt: skip
        else:
            await _try(case, notes, name, host, port)
    await _look_at_pages(case, notes)


async def _look_at_pages(case: Case, notes: Notes) -> None:
    """The pages for monitoring: those of a running server say themselves whether it is ready."""
    assert case.bootstrap is not None
    if (place := case.bootstrap.ctiserver.metrics) is None:
        return
    host, port = place
    said = await case.aside(partial(_readiness, host, port)) if case.running else None
    if said is None:
        await _try(case, notes, "metrics", host, port)
    elif said:
        notes.warn(f"{host}:{port} (metrics): our server says there that it is not ready: {said}",
                   "See what is said of server above, and of pbx below.")  # fmt: skip
    else:
        notes.fine(f"{host}:{port} (metrics): our server answers there")


def _readiness(host: str, port: int) -> str | None:
    """Why a server is not ready; None if none of ours answers there. Blocks."""
    link = HTTPConnection(host, port, timeout=PAGE_SECONDS)
    try:
        link.request("GET", "/readyz")
        said = json.loads(link.getresponse().read(MAX_PAGE))
        return "" if said["ready"] else "; ".join(map(str, said["reasons"]))
    except (OSError, HTTPException, ValueError, KeyError, TypeError):
        return None
    finally:
        link.close()


def _wanted(settings: Settings) -> Iterator[tuple[str, str, int]]:
    yield "cti_server_port", settings.cti_server_address, settings.cti_server_port
    for name, address in (("tls_address", settings.tls_address), ("qt_address", settings.qt_address)):
        if address:
            yield (name, *split_address(address))


def _place(shown: str) -> tuple[str, int]:
    """``tls 0.0.0.0 port 5001`` as the status shows it."""
    match = re.fullmatch(r"\S+ (\S+) port (\d+)", shown)
    return (match[1], int(match[2])) if match else ("", 0)


async def _try(case: Case, notes: Notes, name: str, host: str, port: int) -> None:
    try:
        await case.aside(partial(_bind, host, port))
    except socket.gaierror as e:
        notes.fault(f"{host}:{port} ({name}): the name {host} is not known here: {e.strerror}",
                    "Give an address of this machine, or 0.0.0.0 for all of them.")  # fmt: skip
    except OSError as e:
        notes.fault(f"{host}:{port} ({name}): {e.strerror or e}", *_remedy(e.errno, host, port))
    else:
        only = ", for clients on this machine only" if is_loopback(host) else ""
        notes.fine(f"{host}:{port} ({name}): free{only}")


def _bind(host: str, port: int) -> None:
    family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    with socket.socket(family, kind, protocol) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as Twisted does
        probe.bind(address)


def _remedy(number: int | None, host: str, port: int) -> tuple[str, ...]:
    if number == errno.EADDRINUSE:
        return ("Somebody else listens there, perhaps a server with another bootstrap file. See who:",
                f"    ss -ltnp 'sport = :{port}'")  # fmt: skip
    if number == errno.EADDRNOTAVAIL:
        return (f"{host} is no address of this machine; see which there are, or take 0.0.0.0 for all:", "    ip addr")
    if number in (errno.EACCES, errno.EPERM) and port < FIRST_FREE:
        return (f"Ports below {FIRST_FREE} are root's: choose a higher one.",)
    return ("Choose another address or port.",)
