"""What a client says and is answered: lines to commands, commands to the desk, answers to lines."""

from __future__ import annotations

from typing import Any, cast

from twisted.logger import Logger
from twisted.python.failure import Failure

from astcti.errors import Refused
from astcti.model.commands import (
    Authenticate,
    ChangePassword,
    ClaimExtension,
    ClaimMac,
    Command,
    ContinueAuthentication,
    LoggedIn,
    Login,
    Reply,
)
from astcti.protocols.answers import ANSWERS
from astcti.protocols.commandtable import COMMANDS, V2_WORDS, masked
from astcti.protocols.compression import PrimedDeflater, StreamDeflater
from astcti.protocols.framing import Unreadable, to_text
from astcti.protocols.limits import WRONG_PASSWORDS
from astcti.protocols.replies import Code, Dialect
from astcti.protocols.states import State
from astcti.protocols.voice import Voice

_log = Logger()

NOT_AUTHENTICATED = 902  # said with 101 whatever the command
MALFORMED, WRONG_CREDENTIALS = 901, 911
_LOGINS = Login | Authenticate | ContinueAuthentication


class Conversation(Voice):
    """One client that says something. The readers of the command table call the public part."""

    __slots__ = ()

    # -- what commands call

    @property
    def capabilities(self) -> frozenset[str]:
        """What ``CAPS`` asked for and has."""
        return self._outflow.capabilities

    @capabilities.setter
    def capabilities(self, capabilities: frozenset[str]) -> None:
        self._outflow.capabilities = capabilities

    def compress(self, wanted: int) -> None:
        """Say what level is used from here on in both directions; once begun it stays."""
        settings = self._settings
        active = self._outflow.level
        level = active or min(settings.compression_level, wanted)
        self.reply(Code.LEVEL, str(level))
        if active or not level:
            return
        self._sink.flush()
        if settings.zlib_history:
            self._outflow.compress(PrimedDeflater(level, settings.zlib_history, settings.mem_level), level)
        else:
            self._outflow.compress(StreamDeflater(level, settings.window_bits, settings.mem_level), level)
        self._intake.inflate()

    def start_tls(self) -> None:
        """Begin TLS; bytes that came behind the command cannot be the client's handshake.

        :raises Refused: it cannot be done, or not any more.
        """
        if self.secure:
            raise Refused(903, "already encrypted")
        if self._outflow.level:
            raise Refused(903, "not valid after CMPR")
        if not self._context.tls:
            raise Refused(930, "TLS is not available")
        if not self._intake.is_empty:
            self.break_off("bytes behind STLS")
            return
        self.reply(Code.OK, "OK")
        self._sink.flush()
        self._sink.start_tls()

    def check_encryption(self, readable: bool = True) -> None:
        """See that a login may go over this connection.

        :param readable: whether something is sent that would let others log in, too.
        :raises Refused: it may not.
        """
        if self.secure or self._settings.require_tls == "no":
            return
        if self._settings.require_tls == "yes":
            raise Refused(918, "TLS required")
        if readable:
            self._context.warn_of_plain_login(self.peer)

    def tell_mechanisms(self) -> None:
        """Say what ``AUTH`` can begin with."""
        self.reply(Code.CAPABILITIES, " ".join(self._context.desk.mechanisms(self)))

    def hear_more(self) -> None:
        """Have the client told what it would have been told at its seat, had it asked for ``events2`` before."""
        self._context.desk.hears_more(self)

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

    # -- lines

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
                self._ask(command, entry.failure)
        except Refused as e:
            self.fail(e.number, e.reason, Code.FAILED if e.number == NOT_AUTHENTICATED else entry.failure)
        except Exception:
            _log.failure("{peer}: {word} failed", peer=self.peer, word=word)
            self.fail(999, "internal error", entry.failure)

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

    def _ask(self, command: Command, failure: int = Code.FAILED) -> None:
        if isinstance(command, _LOGINS | ClaimMac | ClaimExtension):
            self._early = []  # what the desk tells before the seat's reply goes behind it
        try:
            answer = self._context.desk.perform(self, command)
        except Exception as e:
            self._refuse(e, command, failure)
            return
        if type(answer) in ANSWERS:
            self._answer(cast(Reply, answer), command)
        else:
            self._busy = True
            promise = cast(Any, answer)  # a Deferred, whose package is not for the pure core
            promise.addCallbacks(self._finish, self._finish, (command, failure), None, (command, failure))

    def _finish(self, result: Reply | Failure, command: Command, failure: int) -> None:
        """The desk's promise is kept, or not; the lines behind the command have their turn."""
        self._busy = False
        if self.state is State.CLOSED:
            return
        self._patience.heard(self._context.wheel.now)
        if type(result) in ANSWERS:
            self._answer(cast(Reply, result), command)
        else:
            error = result.value if isinstance(result, Failure) else TypeError(f"{result!r} is no answer")
            self._refuse(error or TypeError("no error"), command, failure)
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
        if self._ticket_due:
            self.tell_ticket()

    def _refuse(self, error: BaseException, command: Command, failure: int) -> None:
        self._early = None
        if self.state is State.CLOSED:
            return
        if not isinstance(error, Refused):
            what = type(command).__name__
            _log.failure("{peer}: {command} failed", Failure(error), peer=self.peer, command=what)
            error = Refused(999, "internal error")
        if isinstance(command, _LOGINS):
            self.state, self.username = State.GREETED, ""
            if error.number == MALFORMED:
                self._context.complain(self.peer, error.reason)
        self.fail(error.number, error.reason, failure)
        if isinstance(command, _LOGINS | ChangePassword) and error.number == WRONG_CREDENTIALS:
            self._failures += 1
            if self._failures >= WRONG_PASSWORDS:
                self.close()

    def _run(self) -> None:
        """Go on with the lines that wait."""
        raise NotImplementedError
