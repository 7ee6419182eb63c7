"""What a client is told without asking, and how its connection ends."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from twisted.logger import Logger
from zope.interface import implementer

from astcti.interfaces import IClient
from astcti.model.actions import RenderedAction
from astcti.model.node import Node
from astcti.model.notices import Notice
from astcti.protocols.capabilities import NO_CAPABILITIES
from astcti.protocols.context import SessionContext, Sink
from astcti.protocols.intake import Intake
from astcti.protocols.limits import ABORT_ABOVE, LINGER_SECONDS
from astcti.protocols.outflow import Outflow
from astcti.protocols.patience import Patience
from astcti.protocols.replies import Code, Dialect
from astcti.protocols.states import LOGGED_IN, State
from astcti.protocols.wheel import GRANULARITY

_log = Logger()


@implementer(IClient)
class Voice:
    """One client and the way to it: the base of :class:`.session.ServerSession`.

    :ivar state: how far the client has come.
    :ivar username: what ``USER`` said, until the login.
    :ivar slot: the wheel's.
    """

    # One object per client, and thousands of clients: slots, and shared constants wherever there is nothing to say.
    __slots__ = (
        "_attached", "_busy", "_context", "_early", "_failures", "_intake", "_outflow", "_patience", "_paused",
        "_running", "_settings", "_sink", "_ticket_due", "peer", "said_goodbye", "secure", "slot", "state", "username",
    )  # fmt: skip

    def __init__(self, context: SessionContext, sink: Sink, peer: str, secure: bool) -> None:
        settings = context.settings
        self.peer = peer
        self.secure = secure
        self.said_goodbye = False
        self.state: State = State.GREETED
        self.username = ""
        self.slot: int | None = None
        self._context = context
        self._sink = sink
        self._settings = settings
        self._intake = Intake()
        dialect = Dialect.UNDECIDED if settings.dialect == "auto" else Dialect(settings.dialect)
        self._outflow = Outflow(dialect, NO_CAPABILITIES)
        self._patience = Patience(context.wheel.now, settings)
        self._attached = False
        self._running = False
        self._busy = False
        self._paused = False
        self._failures = 0
        self._ticket_due = False
        self._early: list[tuple[Callable[..., object], tuple[Any, ...]]] | None = None

    # -- what the desk calls

    @property
    def backlog(self) -> int:
        """Bytes that wait, before compression."""
        return self._outflow.size

    def notify(self, notice: Notice, actions: Sequence[RenderedAction]) -> bool:
        """Send a call event; False when it will not be sent."""
        if not self._may_hear(self.notify, notice, actions):
            return self._early is not None
        if not self._outflow.hears_of(notice.kind):
            return False
        if self._outflow.has_room_for(notice.kind):
            self._context.counters.events += 1
            self._outflow.event(notice, actions)
            self._wake()
            if notice.pop:
                self._sink.hurry()
            return True
        self._context.counters.dropped += 1
        if self._context.counters.dropped % 1000 == 1:
            _log.warn("{peer} reads too slowly and misses events", peer=self.peer)
        return False

    def queue_changed(self, queue: str, member: bool) -> None:
        """Tell of a queue."""
        if self._may_hear(self.queue_changed, queue, member):
            self._outflow.queue(queue, member)
            self._wake()

    def pbx_changed(self, up: bool) -> None:
        """Tell whether the PBX can be reached."""
        if self._may_hear(self.pbx_changed, up):
            self._outflow.server_event("Pbx", "pbx", state="up" if up else "down")
            self._wake()

    def has(self, capability: str) -> bool:
        """Whether the client asked for it."""
        return capability in self._outflow.capabilities

    def tell(self, kind: str, node: Node) -> None:
        """Tell an event that is not about one call."""
        if self._may_hear(self.tell, kind, node):
            if self._outflow.has_room_for(kind):
                self._outflow.node_event(kind, node)
                self._wake()
            else:
                self._context.counters.dropped += 1

    def pause_changed(self, number: int, reason: str) -> None:
        """Tell how a pause request ended."""
        if self._may_hear(self.pause_changed, number, reason):
            if number:
                self._outflow.fail(number, reason, Code.PAUSE_FAILED)
            else:
                self._outflow.reply([(Code.PAUSED, "OK")])
            self._wake()

    def tell_ticket(self) -> None:
        """Give the client a ticket to come back with, if it wants any: now, or behind the reply that it waits for."""
        if "resume" not in self._outflow.capabilities or self.state is State.CLOSED:
            return
        self._ticket_due = self._busy or self._early is not None
        if not self._ticket_due and self.state in LOGGED_IN and (ticket := self._context.desk.ticket(self)):
            self._outflow.secret(Code.TICKET, ticket)
            self._wake()

    def channel_binding(self) -> bytes | None:
        """What only the two ends of this connection know."""
        return self._sink.channel_binding()

    def dismiss(self, number: int, reason: str, cause: str) -> None:
        """Say why the connection ends, and end it."""
        if self.state is not State.CLOSED:
            self._outflow.server_event("Disconnect", "reason", cause)
            self.fail(number, reason)
            self.close()

    # -- what is said and done by other parts

    def reply(self, code: int, text: str) -> None:
        """Say one line, which is not a failure."""
        self._reply([(code, text)])

    def fail(self, number: int, reason: str, code: int = Code.FAILED) -> None:
        """Answer a command with a failure."""
        if self.state is not State.CLOSED:
            self._outflow.fail(number, reason, code)
            self._wake()

    def close(self) -> None:
        """Close once everything queued is sent; the seat is free at once."""
        if self.state is State.CLOSED:
            return
        self.state = State.CLOSED
        self._detach()
        self._watch()
        self._sink.close()

    def break_off(self, reason: str) -> None:
        """Close without another word: there is no language left to say it in."""
        self._context.counters.broken += 1
        self._context.complain(self.peer, reason)
        self._sink.flush()
        self._outflow.break_off()
        self.close()

    def tick(self, now: float) -> float | None:
        """See what time-out is due; called by the wheel."""
        raise NotImplementedError

    # -- inside

    def _reply(self, answer: Iterable[tuple[int, str]]) -> None:
        if self.state is not State.CLOSED:
            self._intake.useful()
            self._outflow.reply(answer)
            self._wake()

    def _may_hear(self, tell: Callable[..., object], *about: object) -> bool:
        """Whether a notification can go out now; while a seat is being claimed it is kept for later."""
        if self._early is not None:
            self._early.append((tell, about))
            return False
        return self.state is State.OPERATIONAL

    def _wake(self) -> None:
        if self._outflow.size > ABORT_ABOVE:
            self._give_up(f"more than {ABORT_ABOVE} bytes wait")
        else:
            self._sink.wake()

    def _give_up(self, reason: str) -> None:
        self._context.counters.aborted += 1
        _log.warn("{peer} is too slow, aborting: {reason}", peer=self.peer, reason=reason)
        self.state = State.CLOSED
        self._detach()
        self._sink.abort()

    def _detach(self) -> None:
        if self._attached:
            self._attached = False
            try:
                self._context.desk.detach(self)
            except Exception:
                _log.failure("{peer} could not be let go", peer=self.peer)

    def _watch(self) -> None:
        """Have the wheel look at this session in time."""
        deadline = self._deadline()
        if deadline is not None:
            self._context.wheel.set(self, deadline)

    def _deadline(self) -> float | None:
        now = self._context.wheel.now
        if self.state is State.CLOSED:
            return now + LINGER_SECONDS + GRANULARITY
        return now if self._paused and not self._busy else self._patience.deadline(now, self._busy)
