"""What all sessions of a server share: the desk, the settings, the clock's time and the counters."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, fields
from typing import Final, Protocol

from twisted.logger import Logger

from astcti.interfaces import IDesk
from astcti.protocols.settings import ProtocolSettings
from astcti.protocols.wheel import Wheel

_WARNED: Final = 10_000  # addresses remembered for that; then anew
COMPLAINTS: Final = 60  # lines in the log, of all that strangers do wrong ...
COMPLAINTS_SECONDS: Final = 60.0  # ... in this time

_log = Logger()


class Sink(Protocol):
    """The way out of a session: its connection."""

    def wake(self) -> None:
        """There is something to send, which may wait for the end of the turn."""

    def hurry(self) -> None:
        """There is something that should not wait for the end of the turn, in which many other calls may come."""

    def flush(self) -> None:
        """Send what there is now."""

    def pause(self) -> None:
        """Read nothing more until :meth:`resume`."""

    def resume(self) -> None:
        """Read on."""

    def start_tls(self) -> None:
        """Begin a TLS handshake."""

    def channel_binding(self) -> bytes | None:
        """What only the two ends of this connection know, None where there is no TLS 1.3."""

    def logged_in(self) -> None:
        """The client has said who it is."""

    def close(self) -> None:
        """Send what there is, then close."""

    def abort(self) -> None:
        """Close, whatever there is to send."""


@dataclass(slots=True)
class Counters:
    """What happened since the start.

    :ivar connections: greeted, refused ones included.
    :ivar refused: sent away at the greeting.
    :ivar logins: successful ones.
    :ivar commands: lines read and answered.
    :ivar malformed: lines that were not understood, unknown commands included.
    :ivar events: XML documents queued.
    :ivar dropped: events that a slow client missed.
    :ivar aborted: connections ended because the client did not read.
    :ivar idle: connections ended because the client said nothing.
    :ivar broken: connections ended for a broken line or zlib stream, or bytes behind ``STLS``.
    """

    connections: int = 0
    refused: int = 0
    logins: int = 0
    commands: int = 0
    malformed: int = 0
    events: int = 0
    dropped: int = 0
    aborted: int = 0
    idle: int = 0
    broken: int = 0

    def as_dict(self) -> dict[str, int]:
        """Give them by name."""
        return {f.name: getattr(self, f.name) for f in fields(self)}


@dataclass(slots=True)
class SessionContext:
    """One for all sessions.

    :ivar desk: whom the sessions ask.
    :ivar settings: those of the next connection; may be replaced.
    :ivar seconds: the time, of a clock that never goes back.
    :ivar tls: whether ``STLS`` can be done.
    :ivar trace: told ``(peer, "C" or "S", line)`` of every line, credentials masked; None costs nothing.
    """

    desk: IDesk
    settings: ProtocolSettings
    seconds: Callable[[], float]
    wheel: Wheel
    tls: bool = False
    counters: Counters = field(default_factory=Counters)
    trace: Callable[[str, str, str], None] | None = None
    _warned: set[str] = field(default_factory=set)
    _complaints: int = 0
    _complaints_since: float = 0.0

    def complain(self, peer: str, reason: str) -> None:
        """Log that somebody broke the protocol, unless so many have that the log would tell of nothing else."""
        now = self.seconds()
        if not 0 <= now - self._complaints_since < COMPLAINTS_SECONDS:
            self._complaints, self._complaints_since = 0, now
        self._complaints += 1
        if self._complaints <= COMPLAINTS:
            _log.info("{peer} broke the protocol: {reason}", peer=peer, reason=reason)
        elif self._complaints == COMPLAINTS + 1:
            seconds = COMPLAINTS_SECONDS - now + self._complaints_since
            _log.warn(
                "{peer} and others break the protocol again and again; no more of it is logged for {seconds:g} s",
                peer=peer, seconds=seconds,
            )  # fmt: skip

    def warn_of_plain_login(self, peer: str) -> None:
        """Log that credentials travel readable, once per address that is not this machine's own."""
        if peer in self._warned or peer == "::1" or peer.startswith("127."):
            return
        if len(self._warned) >= _WARNED:
            self._warned.clear()
        self._warned.add(peer)
        _log.warn("{peer} logs in without TLS: whoever listens can do it too", peer=peer)
