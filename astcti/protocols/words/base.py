"""What every client says: connection, login, seat, lists."""

from __future__ import annotations

import re
from collections.abc import Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING

from astcti.errors import Refused
from astcti.model.commands import (
    ChangePassword,
    ClaimExtension,
    ClaimMac,
    Command,
    Identify,
    ListQueues,
    ListServices,
    Login,
    SetSystem,
)
from astcti.protocols.capabilities import CAPABILITIES, one_of
from astcti.protocols.limits import USER_NAME
from astcti.protocols.replies import Code
from astcti.protocols.states import ANY, LOGGED_IN, SEATED, UNKNOWN, UNSEATED, State
from astcti.protocols.words.entry import Entry

if TYPE_CHECKING:
    from astcti.protocols.conversation import Conversation

SYSTEMS = MappingProxyType(
    dict.fromkeys(("LINUX", "LIN", "LNX"), "LINUX")
    | dict.fromkeys(("WINDOWS", "WIN"), "WINDOWS")
    | dict.fromkeys(("MACINTOSH", "MAC", "OSX", "MACOS"), "MACINTOSH")
)

_DIGEST = re.compile("[0-9a-f]{32}")
_MAC = re.compile("[0-9a-f]{12}")
_EMPTY_PASSWORD = "d41d8cd98f00b204e9800998ecf8427e"  # noqa: S105 - the MD5 of nothing


def _cmpr(session: Conversation, parameters: Sequence[str]) -> None:
    wanted = parameters[0] if parameters else "9"
    if not re.fullmatch("[0-9]", wanted):
        raise Refused(901, "compression level must be 0 to 9")
    session.compress(int(wanted))


def _stls(session: Conversation, parameters: Sequence[str]) -> None:
    session.start_tls()


def _user(session: Conversation, parameters: Sequence[str]) -> None:
    if not parameters:
        raise Refused(901, "no user name given")
    if len(parameters[0]) > USER_NAME:
        raise Refused(901, f"user name longer than {USER_NAME} characters")
    session.set_user(parameters[0])


def _pass(session: Conversation, parameters: Sequence[str]) -> Command:
    if session.state is State.GREETED:
        raise Refused(903, "send USER first")
    session.check_encryption()
    return Login(session.username, _digest(parameters[0]))


def _keep(session: Conversation, parameters: Sequence[str]) -> None:
    session.tell_keepalive()


def _noop(session: Conversation, parameters: Sequence[str]) -> None:
    session.reply(Code.OK, "OK")


def _quit(session: Conversation, parameters: Sequence[str]) -> None:
    session.said_goodbye = True
    session.reply(Code.GOODBYE, "OK")
    session.close()


def _caps(session: Conversation, parameters: Sequence[str]) -> None:
    if list(parameters) == ["?"]:
        session.reply(Code.CAPABILITIES, " ".join(CAPABILITIES))
        return
    before = session.capabilities
    session.capabilities = one_of(before.union(p.lower() for p in parameters))
    session.reply(Code.CAPABILITIES, " ".join(c for c in CAPABILITIES if c in session.capabilities))
    if "resume" not in before:
        session.tell_ticket()
    if session.state is State.OPERATIONAL and "events2" in session.capabilities - before:
        session.hear_more()


def _mac(session: Conversation, parameters: Sequence[str]) -> Command:
    digits = re.sub("[:-]", "", parameters[0]).lower()
    if not _MAC.fullmatch(digits) or not re.fullmatch(r"..(([:-]?)..)(\2..){4}", parameters[0]):
        raise Refused(901, "not a MAC address")
    return ClaimMac(":".join(digits[i : i + 2] for i in range(0, 12, 2)))


def _exten(session: Conversation, parameters: Sequence[str]) -> Command:
    return ClaimExtension(parameters[0])


def _ostype(session: Conversation, parameters: Sequence[str]) -> Command:
    system = SYSTEMS.get(parameters[0].upper())
    if system is None:
        raise Refused(912, "unknown operating system")
    return SetSystem(system)


def _chpw(session: Conversation, parameters: Sequence[str]) -> Command:
    session.check_encryption()
    old, new = (_digest(p) for p in parameters)
    if new == old:
        raise Refused(915, "the new password is the old one")
    if new == _EMPTY_PASSWORD:
        raise Refused(915, "the new password is empty")
    return ChangePassword(old, new)


def _iden(session: Conversation, parameters: Sequence[str]) -> Command:
    return Identify()


def _services(session: Conversation, parameters: Sequence[str]) -> Command:
    return ListServices()


def _queues(session: Conversation, parameters: Sequence[str]) -> Command:
    return ListQueues()


def _digest(text: str) -> str:
    digest = text.lower()
    if not _DIGEST.fullmatch(digest):
        raise Refused(901, "malformed digest")
    return digest


ENTRIES: tuple[Entry, ...] = (
    Entry("CMPR", _cmpr, ANY, 0, 1),
    Entry("STLS", _stls, frozenset({State.GREETED})),
    Entry("USER", _user, UNKNOWN, 0, None, "already authenticated", whole=True),
    Entry("PASS", _pass, UNKNOWN, 1, None, "already authenticated", secret=True),
    Entry("KEEP", _keep, ANY, 0, None),
    Entry("NOOP", _noop, ANY, 0, None),
    Entry("CAPS", _caps, ANY, 0, None),
    Entry("QUIT", _quit, ANY, 0, None),
    Entry("MAC", _mac, UNSEATED, 1, 1, "seat already set"),
    Entry("EXTEN", _exten, UNSEATED, 1, 1, "seat already set"),
    Entry("OSTYPE", _ostype, LOGGED_IN, 1, 1),
    Entry("CHPW", _chpw, LOGGED_IN, 2, 2, secret=True),
    Entry("IDEN", _iden, SEATED, 0, None),
    Entry("SERVICES", _services, LOGGED_IN),
    Entry("QUEUES", _queues, LOGGED_IN),
)
