"""Whether the PBX can be reached and lets us in."""

from __future__ import annotations

import socket
import ssl
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import Any

from OpenSSL import crypto
from twisted.internet import error
from twisted.internet.defer import TimeoutError

from astcti.ami.client import AMIFactory, AMIProtocol, Credentials, ami_endpoint
from astcti.config.addresses import is_loopback
from astcti.config.settings import Settings
from astcti.doctor.case import Case
from astcti.doctor.certificates import names_of, notes_of_time
from astcti.doctor.finding import Notes, some
from astcti.errors import AMIError, AMIProtocolError, AMIRefused, AMITimeout, AstctiError, ConfigError
from astcti.services.pbx import ami_settings

NAME_SECONDS = 10.0  # for a name server
BOOT_SECONDS = 3.0  # after the login, for FullyBooted
_USED = "already in use"
SECTION = "In the section manager of the bootstrap file:"
TLS_LINES = (
    "    tlsenable = yes",
    "    tlsbindaddr = 0.0.0.0:5039",
    "    tlscertfile = /etc/asterisk/keys/asterisk.pem",
)


class Trouble(AstctiError):
    """Why there is no link, and what to do."""

    def __init__(self, seen: str, remedy: tuple[str, ...]) -> None:
        super().__init__(seen)
        self.seen = seen
        self.remedy = remedy


async def examine_pbx(case: Case, notes: Notes) -> None:
    """Find it, connect, greet, log in."""
    settings = case.settings
    if not settings.ami_user or not settings.ami_secret:
        notes.fault("no manager user is configured", "Put into the section manager of the bootstrap file:",
                    "    <username>astcti</username>", "    <secret>file:/etc/astcti/secret</secret>")  # fmt: skip
        return
    try:
        await _find(case, settings)
        case.link = await _log_in(case, settings, await _connect(case, settings))
    except Trouble as e:
        notes.fault(e.seen, *e.remedy)
    else:
        _judge(case, notes, case.link)


async def _find(case: Case, settings: Settings) -> None:
    """Look the name up.

    :raises Trouble: nobody knows it.
    """
    host = settings.ami_host
    looking = case.aside(partial(socket.getaddrinfo, host, settings.ami_port, type=socket.SOCK_STREAM))
    remedy = ("Correct <host> in the section manager of the bootstrap file, or have the name known here; try:",
              f"    getent hosts {host}")  # fmt: skip
    try:
        await looking.addTimeout(NAME_SECONDS, case.reactor)
    except (socket.gaierror, UnicodeError) as e:
        raise Trouble(f"the name {host} is not known here: {getattr(e, 'strerror', None) or e}", remedy) from e
    except TimeoutError as e:
        raise Trouble(f"no name server said within {NAME_SECONDS:g} s what {host} is", remedy) from e


async def _connect(case: Case, settings: Settings) -> AMIProtocol:
    """Connect.

    :raises Trouble: it cannot be done.
    """
    timing = replace(ami_settings(settings), boot_grace=BOOT_SECONDS)
    credentials = Credentials(settings.ami_user, settings.ami_secret)
    factory = AMIFactory(case.reactor, credentials, settings=timing, on_event=case.ear.hear)
    try:
        endpoint = ami_endpoint(case.reactor, settings.ami_host, settings.ami_port, tls=settings.ami_tls,
                                ca_file=settings.ami_ca_file)  # fmt: skip
        return await factory.connect(endpoint)
    except ConfigError as e:
        raise Trouble(str(e), ("Correct <cafile> in the section manager of the bootstrap file.",)) from e
    except (AMITimeout, error.TimeoutError, error.TCPTimedOutError) as e:
        raise _unanswered(settings) from e
    except error.ConnectionRefusedError as e:
        raise _refused(settings) from e
    except (error.ConnectError, error.DNSLookupError, OSError) as e:
        remedy = ("See that the machine is up and can be reached from here:", f"    ping {settings.ami_host}")
        raise Trouble(f"{_where(settings)}: {e}", remedy) from e


async def _log_in(case: Case, settings: Settings, protocol: AMIProtocol) -> AMIProtocol:
    """Wait until actions can be sent.

    :raises Trouble: that will not be.
    """
    transport: Any = protocol.transport
    own = str(getattr(transport.getHost(), "host", ""))
    try:
        return await protocol.whenUp()
    except AMIRefused as e:
        raise _not_let_in(settings, own, str(e)) from e
    except AMIError as e:
        if settings.ami_tls:
            await case.aside(partial(_look_at_tls, settings))
        raise _not_greeted(settings, e, greeted=bool(protocol.session.banner)) from e


def _where(settings: Settings) -> str:
    return f"{settings.ami_host}:{settings.ami_port}"


def _unanswered(settings: Settings) -> Trouble:
    return Trouble(
        f"{_where(settings)} does not answer within {settings.ami_connect_timeout} ms",
        (
            "The address is wrong, the machine is down, or a firewall drops what we send. On the PBX:",
            f"    iptables -I INPUT -p tcp --dport {settings.ami_port} -s ADDRESS_OF_THIS_MACHINE -j ACCEPT",
            "If it is only far away, raise the setting ami_connect_timeout.",
        ),
    )


def _refused(settings: Settings) -> Trouble:
    lines = ("    tlsenable = yes", f"    tlsbindaddr = 0.0.0.0:{settings.ami_port}")
    if not settings.ami_tls:
        address = "127.0.0.1" if is_loopback(settings.ami_host) else "0.0.0.0"  # noqa: S104 what is to be written there
        lines = (f"    bindaddr = {address}", f"    port = {settings.ami_port}")
    return Trouble(
        f"{_where(settings)} refuses connections: Asterisk does not run there, or its manager interface is off",
        ("In manager.conf of the PBX, section [general]:", "    enabled = yes", *lines, "and then, on the PBX:",
         "    asterisk -rx 'manager reload'", "    asterisk -rx 'manager show settings'"),
    )  # fmt: skip


def _not_let_in(settings: Settings, own: str, said: str) -> Trouble:
    user = settings.ami_user
    if _USED in said.lower():
        return Trouble(
            f"the PBX lets {user} in once only, and a server is logged in already ({said})",
            (f"In manager.conf of the PBX, section [{user}]:", "    allowmultiplelogin = yes", "and then, on the PBX:",
             "    asterisk -rx 'manager reload'", "or stop the server while you examine it."),
        )  # fmt: skip
    if "challenge" in said.lower():
        return Trouble(f"{_where(settings)}: {said}", ("Use TLS, or allow it: ami_plaintext_login = yes.",))
    network = f"{own}/255.255.255.255" if own and ":" not in own else f"{own or 'ADDRESS_OF_THIS_MACHINE'}"
    return Trouble(
        f"the PBX does not let {user} in: {said}",
        (
            "It says the same of a user it does not have, a wrong secret, and an address that is not permitted "
            f"(we come from {own or 'here'}). In manager.conf of the PBX:",
            f"    [{user}]",
            "    secret = the one of the bootstrap file",
            "    deny = 0.0.0.0/0.0.0.0",
            f"    permit = {network}",
            "and then 'manager reload'. Which of the three it is, the PBX's own log says:",
            "    asterisk -rx 'logger show channels'",
        ),
    )


def _not_greeted(settings: Settings, why: AMIError, *, greeted: bool) -> Trouble:
    where = _where(settings)
    if isinstance(why, AMIProtocolError):
        return Trouble(f"{where}: {why}", ("Something else listens there. Asterisk's manager usually has port 5038, "
                                           "with TLS 5039.",))  # fmt: skip
    if isinstance(why, AMITimeout) and not greeted:
        return Trouble(
            f"{where} takes the connection and says nothing: {why}",
            ("Perhaps that port speaks TLS. Take the other one (5038), or put into the section manager:",
             "    <tls>yes</tls>"),
        )  # fmt: skip
    if not greeted:
        return Trouble(
            f"{where} closes the connection at once: {why}",
            ("Too many connections that are not logged in, perhaps; in manager.conf, section [general]:",
             "    authlimit = 50", "or the port speaks TLS; then put into the section manager:", "    <tls>yes</tls>"),
        )  # fmt: skip
    return Trouble(f"{where}: {why}", ("See what the PBX's own log says, and try again.",))


def _look_at_tls(settings: Settings) -> None:
    """Shake hands once more, for the sake of a better answer; blocks.

    :raises Trouble: it goes wrong again.
    """
    host, where = settings.ami_host, _where(settings)
    try:
        context = ssl.create_default_context(cafile=settings.ami_ca_file or None)
        seconds = settings.ami_connect_timeout / 1000
        with (
            socket.create_connection((host, settings.ami_port), seconds) as plain,
            context.wrap_socket(plain, server_hostname=host),
        ):
            return
    except ssl.SSLCertVerificationError as e:
        seen = f"{where}: TLS: the certificate is not accepted: {e.verify_message}"
        raise Trouble(seen, _remedy_for(e.verify_message, where)) from e
    except ssl.SSLError as e:
        remedy = (f"That port does not speak TLS. {SECTION}", "    <port>5039</port>",
                  "or <tls>no</tls>, for a PBX on this machine. In manager.conf of the PBX, section [general]:",
                  *TLS_LINES)  # fmt: skip
        raise Trouble(f"{where}: no TLS there: {e.reason or e}", remedy) from e
    except OSError as e:
        see = "That port perhaps does not speak TLS; see tlsbindaddr in manager.conf of the PBX."
        raise Trouble(f"{where}: the connection broke while TLS began: {e}", (see,)) from e


def _remedy_for(said: str, where: str) -> tuple[str, ...]:
    """What to do about a certificate that OpenSSL complains of."""
    if "mismatch" in said.lower() or "doesn't match" in said.lower():
        show = f"    openssl s_client -connect {where} </dev/null | openssl x509 -noout -text"
        return ("Use as <host> the name that the certificate is made out to; see it with:", show)
    if "expired" in said:
        return ("Renew it (tlscertfile in manager.conf of the PBX), and on the PBX:",
                "    asterisk -rx 'manager reload'")  # fmt: skip
    return (f"Name the certificate that vouches for it: of whoever issued it, or itself if nobody did. {SECTION}",
            "    <cafile>/etc/astcti/pbx.pem</cafile>")  # fmt: skip


def _judge(case: Case, notes: Notes, link: AMIProtocol) -> None:
    settings = case.settings
    how = " in TLS" if settings.ami_tls else ""
    notes.fine(f"{settings.ami_user} is logged in at {_where(settings)}{how}: {link.session.banner}")
    if settings.ami_tls:
        _look_at_certificate(case, notes, link.transport)
    elif not is_loopback(settings.ami_host):
        notes.warn(f"everything goes readable through the network to {settings.ami_host}, callers' numbers too",
                   "Use TLS. In manager.conf of the PBX, section [general]:", *TLS_LINES,
                   "and in the section manager of the bootstrap file:", "    <port>5039</port>",
                   "    <tls>yes</tls>", "    <cafile>/etc/astcti/pbx.pem</cafile>")  # fmt: skip


def _look_at_certificate(case: Case, notes: Notes, transport: Any) -> None:
    shown: crypto.X509 | None = transport.getPeerCertificate()
    if shown is None:
        return
    certificate = shown.to_cryptography()
    now = datetime.fromtimestamp(case.now(), UTC)
    until = notes_of_time(notes, "the PBX", [certificate], now, renew="    asterisk -rx 'manager reload'")
    if until:
        notes.fine(f"the PBX's certificate is for {some(names_of(certificate)) or 'no name'}, {until}")
