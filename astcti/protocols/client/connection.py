"""One connection to a CTI server on Twisted: commands as methods, answers as Deferreds, events as calls."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import (
    IAddress,
    IDelayedCall,
    IProtocol,
    IProtocolFactory,
    IReactorTime,
    ITCPTransport,
    ITransport,
)
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from astcti.errors import AstctiError, PeerError
from astcti.protocols.client.commands import Commands
from astcti.protocols.client.session import Answered, ClientSession, Closing, Notification
from astcti.protocols.xmlreading import CallEvent
from astcti.reasons import in_words

ANSWER_SECONDS: Final = 15.0  # a server that does not answer for so long is given up

_log = Logger()


class ConnectionGone(AstctiError):
    """The connection ended before the answer came."""


class NoAnswer(ConnectionGone):
    """The server did not answer in time; the connection was aborted, since later answers would be mistaken."""


@implementer(IProtocol)
class CTIClient(Commands):
    """A client's connection; what can be asked of it is in :class:`.Commands`.

    Every Deferred fails with :class:`astcti.errors.Refused` when the server says no, and with :class:`ConnectionGone`
    when it cannot say anything. Commands may be asked at any time and in any number; they are sent as soon as the
    protocol allows.

    :param on_event: called with every :class:`.CallEvent`, in the order in which they come.
    :param on_notice: called with whatever else the server says by itself: :class:`.QueueChanged`,
        :class:`.PauseChanged`, :class:`.ServerEvent`, :class:`.Closing`, :class:`.Unknown`.
    :ivar greeted: fires with the server's greeting, or fails.
    :ivar greeting: that greeting, None before.
    :ivar lost: fires with a reason for people when the connection is gone. It never fails.
    """

    def __init__(
        self,
        reactor: IReactorTime,
        on_event: Callable[[CallEvent], object] | None = None,
        on_notice: Callable[[Notification], object] | None = None,
        answer_seconds: float = ANSWER_SECONDS,
    ) -> None:
        self.transport: Any = None
        self.session = ClientSession()
        self.greeted: Deferred[str] = Deferred()
        self.greeting: str | None = None
        self.lost: Deferred[str] = Deferred()
        self._reactor = reactor
        self._on_event = on_event
        self._on_notice = on_notice
        self._answer_seconds = answer_seconds
        self._said = ""
        self._gone = False
        self._sent_at = 0.0
        self._interval: float | None = None
        self._timer: IDelayedCall | None = None
        self._waits_since = reactor.seconds()
        self._waiting: IDelayedCall | None = None

    def command(self, line: str) -> Deferred[Any]:
        """Send any command; one that this library does not know is answered with a :class:`.Line`."""
        done: Deferred[Any] = Deferred()
        if self._gone:
            done.errback(ConnectionGone(self._said or "not connected"))
            return done
        if not self.session.waits:
            self._waits_since = self._reactor.seconds()
        self.session.ask(line).promise = done
        self._flush()
        return done

    def keep_alive_every(self, milliseconds: int) -> int:
        """Say NOOP whenever nothing was said for half of the time that the server waits."""
        self._interval = milliseconds / 2000 if milliseconds else None
        if self._timer is not None and self._timer.active():
            self._timer.cancel()
        if self._interval is not None and not self._gone:
            self._timer = self._reactor.callLater(self._interval, self._beat)
        return milliseconds

    def abort(self, reason: str) -> None:
        """End the connection at once, for a reason."""
        self._said = self._said or reason
        if self.transport is not None:
            self.transport.abortConnection()

    # -- what Twisted calls

    def makeConnection(self, transport: ITransport) -> None:
        """Wait for the greeting."""
        self.transport = transport
        if ITCPTransport.providedBy(transport):
            transport.setTcpNoDelay(True)
            transport.setTcpKeepAlive(True)
        self.session.greeting.promise = Deferred().addCallback(self._note_greeting)
        self.session.greeting.promise.chainDeferred(self.greeted)
        self._waits_since = self._reactor.seconds()
        self._flush()

    def connectionMade(self) -> None:
        """Nothing more to do than :meth:`makeConnection` did."""

    def dataReceived(self, data: bytes) -> None:
        """Sort what arrived into answers, events and the rest."""
        try:
            happenings = self.session.feed(data)
        except PeerError as e:
            _log.warn("the CTI server broke the protocol, closing: {reason}", reason=str(e))
            self.abort(str(e))
            return
        for happening in happenings:
            if isinstance(happening, Answered):
                self._answered(happening)
            elif isinstance(happening, CallEvent):
                self._tell(self._on_event, happening)
            else:
                if isinstance(happening, Closing):
                    self._said = self._said or happening.reason
                self._tell(self._on_notice, happening)
        self._flush()

    def connectionLost(self, reason: Failure) -> None:
        """Fail whatever was not answered."""
        self._gone = True
        self._said = self._said or in_words(reason)
        for timer in (self._timer, self._waiting):
            if timer is not None and timer.active():
                timer.cancel()
        error = NoAnswer if self._said == _SILENT else ConnectionGone
        for request in self.session.outstanding:
            if request.promise is not None:
                request.promise.errback(error(self._said))
        self.lost.callback(self._said)

    # -- inside

    def _answered(self, answer: Answered) -> None:
        promise, answer.request.promise = answer.request.promise, None
        self._waits_since = self._reactor.seconds()
        if promise is None:
            return
        if answer.refusal is None:
            promise.callback(answer.result)
        else:
            promise.errback(answer.refusal)

    def _note_greeting(self, text: str) -> str:
        self.greeting = text
        return text

    @staticmethod
    def _tell(listener: Callable[[Any], object] | None, what: object) -> None:
        """Call the program that uses us; its mistakes are not the connection's."""
        if listener is not None:
            try:
                listener(what)
            except Exception:
                _log.failure("telling {listener} of {what}", listener=listener, what=what)

    def _flush(self) -> None:
        data = self.session.take()
        if data and self.transport is not None:
            self._sent_at = self._reactor.seconds()
            self.transport.write(data)
        if self._waiting is None and not self._gone and self.session.waits:
            self._waiting = self._reactor.callLater(self._answer_seconds, self._look_for_answer)

    def _look_for_answer(self) -> None:
        """Give up a server that has not answered anything for too long although something was asked."""
        self._waiting = None
        if not self.session.waits:
            return
        left = self._waits_since + self._answer_seconds - self._reactor.seconds()
        if left <= 0:
            self.abort(_SILENT)
        else:
            self._waiting = self._reactor.callLater(left, self._look_for_answer)

    def _beat(self) -> None:
        if self._interval is None:
            return
        left = self._sent_at + self._interval - self._reactor.seconds()
        if left <= 0:
            self.noop().addErrback(lambda _: None)  # the loss of the connection is told by other ways
            left = self._interval
        self._timer = self._reactor.callLater(left, self._beat)


_SILENT = "the server does not answer"


@implementer(IProtocolFactory)
class ClientFactory:
    """Makes clients for an endpoint: ``endpoint.connect(ClientFactory(reactor, ...))`` fires with a :class:`CTIClient`.

    The parameters are those of :class:`CTIClient`.
    """

    def __init__(
        self,
        reactor: IReactorTime,
        on_event: Callable[[CallEvent], object] | None = None,
        on_notice: Callable[[Notification], object] | None = None,
        answer_seconds: float = ANSWER_SECONDS,
    ) -> None:
        self._arguments = (reactor, on_event, on_notice, answer_seconds)

    def buildProtocol(self, addr: IAddress | None) -> CTIClient:
        """Make the client of one connection."""
        return CTIClient(*self._arguments)

    def doStart(self) -> None:
        """A connection is attempted."""

    def doStop(self) -> None:
        """No connection is left."""
