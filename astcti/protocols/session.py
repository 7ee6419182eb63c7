"""The server's side of one connection, without its transport: bytes in, commands to the desk, bytes out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, cast

from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from astcti.errors import Refused
from astcti.interfaces import IClient
from astcti.model.actions import RenderedAction
from astcti.model.commands import ChangePassword, ClaimExtension, ClaimMac, Command, LoggedIn, Login, Reply
from astcti.model.notices import Notice
from astcti.protocols.answers import ANSWERS
from astcti.protocols.commandtable import COMMANDS, NO_CAPABILITIES, V2_WORDS, masked
from astcti.protocols.compression import PrimedDeflater, StreamDeflater
from astcti.protocols.context import SessionContext, Sink
from astcti.protocols.framing import LineTooLong, Unreadable, to_text
from astcti.protocols.inflation import InflateError
from astcti.protocols.intake import Intake
from astcti.protocols.limits import ABORT_ABOVE, LINGER_SECONDS, QUEUED_COMMANDS, WRONG_PASSWORDS
from astcti.protocols.outflow import Outflow
from astcti.protocols.patience import Due, Patience
from astcti.protocols.replies import Code, Dialect
from astcti.protocols.states import State
from astcti.protocols.wheel import GRANULARITY

_log = Logger()


@implementer(IClient)
class ServerSession:
    """One client.

    The transport calls :meth:`start`, :meth:`feed`, :meth:`take`, :meth:`blocked`, :meth:`unblocked`, :meth:`secured`
    and :meth:`lost`; the wheel calls :meth:`tick`; the desk calls what ``IClient`` has; the readers of the command
    table call the rest.

    :ivar state: how far the client has come.
    :ivar username: what ``USER`` said, until the login.
    """

    # One object per client, and thousands of clients: slots, and shared constants wherever there is nothing to say.
    __slots__ = (
        "_attached", "_busy", "_context", "_early", "_failures", "_intake", "_outflow", "_patience", "_paused",
        "_running", "_settings", "_sink", "peer", "secure", "slot", "state", "username",
    )  # fmt: skip

    def __init__(self, context: SessionContext, sink: Sink, peer: str, secure: bool) -> None:
        settings = context.settings
        self.peer = peer
        self.secure = secure
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
        self._early: list[tuple[Callable[..., None], tuple[Any, ...]]] | None = None

    # -- what the transport calls

    def start(self) -> None:
        """Greet, or send the client away."""
        self._context.counters.connections += 1
        try:
            self._context.desk.attach(self)
        except Refused as e:
            self.send_away(e.number, e.reason)
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
                    self._context.trace(self.peer, "S", text)
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

    # -- what the desk calls

    def notify(self, notice: Notice, actions: Sequence[RenderedAction]) -> None:
        """Send a call event."""
        if not self._may_hear(self.notify, notice, actions) or not self._outflow.hears_of(notice.kind):
            return
        if self._outflow.has_room_for(notice.kind):
            self._context.counters.events += 1
            self._outflow.event(notice, actions)
            self._wake()
            return
        self._context.counters.dropped += 1
        if self._context.counters.dropped % 1000 == 1:
            _log.warn("{peer} reads too slowly and misses events", peer=self.peer)

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

    def dismiss(self, number: int, reason: str, cause: str) -> None:
        """Say why the connection ends, and end it."""
        if self.state is not State.CLOSED:
            self._outflow.server_event("Disconnect", "reason", cause)
            self.fail(number, reason)
            self.close()

    # -- what commands call

    @property
    def capabilities(self) -> frozenset[str]:
        """What ``CAPS`` asked for and has."""
        return self._outflow.capabilities

    @capabilities.setter
    def capabilities(self, capabilities: frozenset[str]) -> None:
        self._outflow.capabilities = capabilities

    def reply(self, code: int, text: str) -> None:
        """Say one line, which is not a failure."""
        self._reply([(code, text)])

    def fail(self, number: int, reason: str) -> None:
        """Answer a command with a failure."""
        self._outflow.fail(number, reason)
        self._wake()

    def compress(self, wanted: int) -> None:
        """Say what level is used from here on in both directions; once begun it stays."""
        settings = self._settings
        level = settings.compression_level if self._outflow.compressed else min(settings.compression_level, wanted)
        self.reply(Code.LEVEL, str(level))
        if not level or self._outflow.compressed:
            return
        self._sink.flush()
        if settings.zlib_history:
            self._outflow.compress(PrimedDeflater(level, settings.zlib_history, settings.mem_level))
        else:
            self._outflow.compress(StreamDeflater(level, settings.window_bits, settings.mem_level))
        self._intake.inflate()

    def start_tls(self) -> None:
        """Begin TLS; bytes that came behind the command cannot be the client's handshake.

        :raises Refused: it cannot be done, or not any more.
        """
        if self.secure:
            raise Refused(903, "already encrypted")
        if self._outflow.compressed:
            raise Refused(903, "not valid after CMPR")
        if not self._context.tls:
            raise Refused(930, "TLS is not available")
        if not self._intake.is_empty:
            self.break_off("bytes behind STLS")
            return
        self.reply(Code.OK, "OK")
        self._sink.flush()
        self._sink.start_tls()

    def check_encryption(self) -> None:
        """See that credentials may travel over this connection.

        :raises Refused: they may not.
        """
        if self.secure or self._settings.require_tls == "no":
            return
        if self._settings.require_tls == "yes":
            raise Refused(918, "TLS required")
        self._context.warn_of_plain_login(self.peer)

    def set_user(self, name: str) -> None:
        """Note who wants to log in.

        :raises Refused: TLS is needed, or too many attempts failed.
        """
        self.state, self.username = State.GREETED, ""
        self.check_encryption()
        self._context.desk.may_try(self, name)
        self.state, self.username = State.USER_SET, name
        self.reply(Code.OK, "OK")

    def tell_keepalive(self) -> None:
        """Say how long the client may be silent; that is the rule from here on."""
        milliseconds = self._context.settings.keepalive_ms
        self._patience.set_keepalive(milliseconds)
        self._watch()
        self.reply(Code.KEEPALIVE, str(milliseconds))

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
        _log.info("{peer} broke the protocol, closing: {reason}", peer=self.peer, reason=reason)
        self._sink.flush()
        self._outflow.break_off()
        self.close()

    # -- lines

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

    def _take_line(self, data: bytes) -> None:
        try:
            text = self._decode(data)
        except Unreadable:
            self._forgive(904, "malformed line")
            return
        if self._context.trace is not None:
            self._context.trace(self.peer, "C", masked(text))
        word, _, rest = text.strip(" ").partition(" ")
        if not word:
            return
        self._context.counters.commands += 1
        word = word.upper() if word.isascii() else ""
        if word in V2_WORDS and self._settings.dialect == "auto":
            self._outflow.dialect = Dialect.V2
        entry = COMMANDS.get(word)
        if entry is None:
            self._forgive(900, "unknown command")
            return
        rest = rest.strip(" ")
        parameters = [rest] if entry.whole and rest else [p for p in rest.split(" ") if p]
        try:
            entry.check_state(self.state)
            entry.check_count(parameters)
            command = entry.read(self, parameters)
            if command is not None:
                self._ask(command)
        except Refused as e:
            self.fail(e.number, e.reason)
        except Exception:
            _log.failure("{peer}: {word} failed", peer=self.peer, word=word)
            self.fail(999, "internal error")

    def _decode(self, data: bytes) -> str:
        try:
            return to_text(data)
        except Unreadable:
            if not self._settings.legacy_charset:
                raise
            text = to_text(data, self._settings.legacy_charset)
            self._outflow.charset = self._settings.legacy_charset
            return text

    def _forgive(self, number: int, reason: str) -> None:
        self._context.counters.malformed += 1
        if self._patience.forgives(self._context.wheel.now):
            self.fail(number, reason)
        else:
            self.dismiss(904, "too many malformed lines", "kicked")

    # -- commands of the desk

    def _ask(self, command: Command) -> None:
        if isinstance(command, Login | ClaimMac | ClaimExtension):
            self._early = []  # what the desk tells before the seat's reply goes behind it
        try:
            answer = self._context.desk.perform(self, command)
        except Exception as e:
            self._refuse(e, command)
            return
        if type(answer) in ANSWERS:
            self._answer(cast(Reply, answer), command)
        else:
            self._busy = True
            promise = cast(Any, answer)  # a Deferred, whose package is not for the pure core
            promise.addCallbacks(self._finish, self._finish, (command,), None, (command,))

    def _finish(self, result: Reply | Failure, command: Command) -> None:
        """The desk's promise is kept, or not; the lines behind the command have their turn."""
        self._busy = False
        if self.state is State.CLOSED:
            return
        self._patience.heard(self._context.wheel.now)
        if type(result) in ANSWERS:
            self._answer(cast(Reply, result), command)
        else:
            error = result.value if isinstance(result, Failure) else TypeError(f"{result!r} is no answer")
            self._refuse(error or TypeError("no error"), command)
        self._run()

    def _answer(self, answer: Reply, command: Command) -> None:
        early, self._early = self._early, None
        if self.state is State.CLOSED:
            return
        self._reply(ANSWERS[type(answer)](answer))
        if isinstance(answer, LoggedIn):
            self.state, self.username = State.AUTHENTICATED, ""
            self._failures = 0
            self._patience.logged_in()
            self._context.counters.logins += 1
            self._sink.logged_in()
        if isinstance(command, ClaimMac | ClaimExtension) or (isinstance(answer, LoggedIn) and answer.seat):
            self.state = State.OPERATIONAL
            if self._outflow.dialect is Dialect.UNDECIDED:
                self._outflow.dialect = Dialect.V1
            for tell, about in early or ():
                tell(*about)

    def _refuse(self, error: BaseException, command: Command) -> None:
        self._early = None
        if self.state is State.CLOSED:
            return
        if not isinstance(error, Refused):
            what = type(command).__name__
            _log.failure("{peer}: {command} failed", Failure(error), peer=self.peer, command=what)
            error = Refused(999, "internal error")
        if isinstance(command, Login):
            self.state, self.username = State.GREETED, ""
        self.fail(error.number, error.reason)
        if isinstance(command, Login | ChangePassword) and error.number == 911:
            self._failures += 1
            if self._failures >= WRONG_PASSWORDS:
                self.close()

    # -- the rest

    def _reply(self, answer: Iterable[tuple[int, str]]) -> None:
        self._intake.useful()
        self._outflow.reply(answer)
        self._wake()

    def _may_hear(self, tell: Callable[..., None], *about: object) -> bool:
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
            self._context.desk.detach(self)

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
