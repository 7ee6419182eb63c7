"""The server's side of one connection, without its transport: bytes in, commands to the desk, bytes out."""

from __future__ import annotations

from twisted.logger import Logger
from zope.interface import implementer

from astcti.errors import Refused
from astcti.interfaces import IClient
from astcti.protocols.capabilities import NO_CAPABILITIES
from astcti.protocols.conversation import Conversation
from astcti.protocols.framing import LineTooLong
from astcti.protocols.inflation import InflateError
from astcti.protocols.limits import QUEUED_COMMANDS
from astcti.protocols.outflow import Secret
from astcti.protocols.patience import Due
from astcti.protocols.replies import Code
from astcti.protocols.states import State

_log = Logger()


@implementer(IClient)
class ServerSession(Conversation):
    """One client in the course of time.

    The transport calls :meth:`start`, :meth:`feed`, :meth:`take`, :meth:`blocked`, :meth:`unblocked`, :meth:`secured`
    and :meth:`lost`; the wheel calls :meth:`tick`; the desk calls what ``IClient`` has.
    """

    __slots__ = ()

    # -- what the transport calls

    def start(self) -> None:
        """Greet, or send the client away."""
        self._context.counters.connections += 1
        try:
            self._context.desk.attach(self)
        except Refused as e:
            self.send_away(e.number, e.reason)
            return
        except Exception:
            _log.failure("{peer} could not be taken", peer=self.peer)
            self.send_away(999, "internal error")
            return
        self._attached = True
        self._watch()
        self.reply(Code.OK, "WELCOME")

    def send_away(self, number: int, reason: str) -> None:
        """Say why no further client is taken instead of greeting, and close."""
        self._context.counters.refused += 1
        self.fail(number, reason)
        self.close()

    def feed(self, data: bytes) -> None:
        """Take what arrived; whatever is to be sent waits in :meth:`take`."""
        if self.state is State.CLOSED:
            return
        try:
            self._intake.push(data)
        except InflateError as e:
            self.break_off(str(e))
        else:
            self._run()

    def take(self) -> bytes:
        """Give what is to be written, all as one message."""
        if self._context.trace is not None:
            for data in self._outflow.lines or ():
                for text in data.decode(self._outflow.charset).split("\n")[:-1]:
                    shown = f"{text[:4]}***" if isinstance(data, Secret) else text
                    self._context.trace(self.peer, "S", shown)
        return self._outflow.take(last=self.state is State.CLOSED)

    def blocked(self) -> None:
        """The client does not read as fast as it is sent to."""
        self._patience.blocked(self._context.wheel.now)
        self._watch()

    def unblocked(self) -> None:
        """Everything written has gone."""
        self._patience.unblocked()

    def secured(self) -> None:
        """All bytes from here on are encrypted; what was said in the clear is forgotten."""
        self.secure = True
        self.state = State.GREETED
        self.username = ""
        self.capabilities = NO_CAPABILITIES

    def make_way(self) -> None:
        """Others wait at the gate: end this, if the client dawdles over its login."""
        if not self._busy and self._patience.dawdles(self._context.wheel.now):
            self.dismiss(907, "login timeout", "idle")

    def lost(self) -> None:
        """The connection is gone."""
        self.state = State.CLOSED
        self._context.wheel.remove(self)
        self._detach()

    def tick(self, now: float) -> float | None:
        """See what time-out is due."""
        if self.state is State.CLOSED:
            self._sink.abort()
            return None
        due = self._patience.due(now, self._busy)
        if due is Due.DRAIN:
            self._give_up("it did not read")
        elif due is Due.LOGIN:
            self.dismiss(907, "login timeout", "idle")
        elif due is Due.IDLE:
            self._context.counters.idle += 1
            self._outflow.server_event("Disconnect", "reason", "idle")
            self.reply(Code.OK, "OK idle timeout")
            self.close()
        elif self._paused:
            self._run()
        return self._deadline()

    # -- reading

    def _run(self) -> None:
        """Work on lines until there are no more, or one has to wait for the desk or for its turn."""
        if self._running:
            return
        self._running = True
        too_fast = False
        try:
            while not self._busy and self.state is not State.CLOSED:
                now = self._context.seconds()
                too_fast = not self._patience.may_talk(now)
                if too_fast:
                    break
                data = self._intake.next_line(self.state >= State.AUTHENTICATED)
                if data is None:
                    break
                self._patience.talked(now)
                if data:
                    self._patience.heard(self._context.wheel.now)
                    self._take_line(data)
        except LineTooLong:
            self._context.counters.broken += 1
            self.dismiss(904, "line too long", "kicked")
        except InflateError as e:
            self.break_off(str(e))
        finally:
            self._running = False
        self._regulate(too_fast)

    def _regulate(self, too_fast: bool) -> None:
        """Stop reading from a client that is ahead of us, and go on when it is not."""
        if self.state is State.CLOSED:
            return
        pause = too_fast or (self._busy and self._intake.is_full(QUEUED_COMMANDS))
        if pause and not self._paused:
            self._sink.pause()
        elif self._paused and not pause:
            self._sink.resume()
        self._paused = pause
        if too_fast:
            self._watch()
