"""The actions TCP_MESSAGE and UDP_MESSAGE: send a text to a program that listens somewhere."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from twisted.internet.defer import Deferred
from twisted.plugin import IPlugin
from zope.interface import implementer

from astcti.actions.outcomes import outcome_of
from astcti.actions.sending import send_datagram, send_stream
from astcti.actions.template import MAX_TEMPLATE, Pieces, expand, parse, without_controls
from astcti.config.addresses import split_address
from astcti.config.encodings import codec_of
from astcti.errors import ConfigError, UserError
from astcti.interfaces import IAction, IPlace
from astcti.model.actions import Outcome, RenderedAction

_Way = Callable[[Any, str, int, bytes, float], Awaitable[None]]

MAX_DATAGRAM = 1400  # bytes that cross Ethernet, and most tunnels, in one piece


@lru_cache(maxsize=1024)
def compile_message(template: str) -> Pieces:
    r"""Take a message apart; ``\n \r \t \\`` are understood in the template, and in no value.

    :raises ConfigError: it is too long, or contains a NUL.
    """
    if len(template) > MAX_TEMPLATE:
        raise ConfigError(f"the message is longer than {MAX_TEMPLATE} characters")
    if "\0" in template:
        raise ConfigError("the message contains a NUL character")
    return parse(template, escapes=True)


def expand_message(pieces: Pieces, values: Mapping[str, str]) -> str:
    """The message for one call; a value never begins another line."""
    return expand(pieces, values, lambda value: without_controls(value, keep_tabs=True))


@dataclass(frozen=True)
class Message:
    """A text for ``host:port`` or ``[v6]:port``; the address is the configuration's, no value of a call is in it."""

    type_name: str
    label: str
    element: str
    places: frozenset[str] = frozenset({"CLIENT", "SERVER"})

    def validate(
        self, destination: str, parameters: str, encoding: str, schemes: Sequence[str], system: str = "ALL"
    ) -> list[str]:
        """Say what is wrong with address, message or encoding."""
        problems = []
        try:
            split_address(destination)
        except ValueError as e:
            problems.append(str(e) if destination.strip() else "the address host:port is missing")
        try:
            bare = expand_message(compile_message(parameters), {})
            self._check_size(bare.encode(codec_of(encoding), "replace"))
        except (ValueError, UserError) as e:
            problems.append(str(e))
        return problems

    def render(
        self,
        id: str,
        destination: str,
        parameters: str,
        encoding: str,
        values: Mapping[str, str],
        system: str = "ALL",
    ) -> RenderedAction:
        """Fill in the message."""
        codec = codec_of(encoding)
        message = expand_message(compile_message(parameters), values)
        return RenderedAction(id, self.type_name, destination.strip(), message, "" if codec == "utf-8" else codec)

    def _check_size(self, message: bytes) -> None:
        """Raise :class:`UserError` for a message that cannot be sent in this way."""

    async def _send(self, way: _Way, action: RenderedAction, place: IPlace) -> None:
        """Send a rendered message; ``?`` stands for every character that does not fit."""
        try:
            host, port = split_address(action.destination)
            message = action.parameters.encode(codec_of(action.encoding), "replace")
        except ValueError as e:
            raise UserError(str(e)) from e
        self._check_size(message)
        await way(place.reactor, host, port, message, place.seconds)


@implementer(IPlugin, IAction)
class TCPMessage(Message):
    """Sent over a connection of its own."""

    def perform(self, action: RenderedAction, place: IPlace) -> Deferred[Outcome]:
        """Connect, send, half-close, and give the other end time to close."""
        return outcome_of(lambda: self._send(send_stream, action, place))


@implementer(IPlugin, IAction)
class UDPMessage(Message):
    """Sent as one datagram; nobody says whether it arrives."""

    def perform(self, action: RenderedAction, place: IPlace) -> Deferred[Outcome]:
        """Send one datagram."""
        return outcome_of(lambda: self._send(send_datagram, action, place))

    def _check_size(self, message: bytes) -> None:
        if len(message) > MAX_DATAGRAM:
            raise UserError(f"the message has {len(message)} bytes; a datagram has room for {MAX_DATAGRAM}")


tcp_message = TCPMessage("TCP_MESSAGE", "TCP message", "tcpmessage")
udp_message = UDPMessage("UDP_MESSAGE", "UDP message", "udpmessage")
