"""One link over a Twisted transport."""

from __future__ import annotations

from collections.abc import Callable
from secrets import token_hex
from typing import Any

from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.interfaces import IReactorTime, ISSLTransport, IStreamClientEndpoint, ITCPTransport
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.internet.task import LoopingCall
from twisted.internet.tcp import Client
from twisted.logger import Logger
from twisted.python.failure import Failure

from astcti.ami.actions import Action, Logoff
from astcti.ami.client.endpoint import CANCELLED
from astcti.ami.client.settings import AMISettings
from astcti.ami.client.verbs import Verbs
from astcti.ami.message import Interest, Message
from astcti.ami.session import Answer, Counters, Credentials, Outlet, Session
from astcti.errors import AMIError, AMILost, AMIRefused, AMITimeout
from astcti.reasons import in_words

READ_SIZE = 128 * 1024  # bytes; a busy PBX writes several MB a second, and reads of twice the usual cost an eighth less
TICK = 0.5  # seconds between two looks at the clock


class AMIProtocol(Verbs, Protocol):
    """A manager link: logs itself in, answers actions, hands on events.

    It reads as fast as the PBX writes, whatever becomes of the events: Asterisk throws out who does not.
    """

    _log = Logger()
    session: Session

    def __init__(self, factory: AMIFactory) -> None:
        self._made_by = factory
        self._clock = factory.clock
        self._reason: AMIError | None = None
        self._closed = False
        self._up_waiters: list[Deferred[AMIProtocol]] = []
        self._end_waiters: list[Deferred[AMIError]] = []
        self._denied: set[str] = set()
        self._ticking = LoopingCall(self._tick)
        self._ticking.clock = factory.clock

    @property
    def state(self) -> str:
        """``banner challenge login syncing up failed``."""
        return self.session.state

    def whenUp(self) -> Deferred[AMIProtocol]:
        """Fires with this protocol when actions can be sent, or fails with what prevented it."""
        if self._closed:
            return fail(self._reason)
        if self.state == "up":
            return succeed(self)
        self._up_waiters.append(Deferred())
        return self._up_waiters[-1]

    def whenEnded(self) -> Deferred[AMIError]:
        """Fires with the reason when the transport is closed."""
        if self._closed and self._reason is not None:
            return succeed(self._reason)
        self._end_waiters.append(Deferred())
        return self._end_waiters[-1]

    def sendAction(self, action: Action, seconds: float | None = None) -> Deferred[Message]:
        return self._ask(action, seconds, listing=False).addCallback(lambda answer: answer[0])

    def collectAction(self, action: Action, seconds: float | None = None) -> Deferred[list[Message]]:
        return self._ask(action, seconds, listing=True)

    def logoff(self) -> Deferred[AMIError]:
        """Say good-bye and close; fires when that is done, however slow the PBX is about it."""
        if self.state == "up":
            self.sendAction(Logoff()).addErrback(lambda failure: None)
        self._reason = self._reason or AMILost("logged off")
        transport: Any = self.transport
        transport.loseConnection()
        hurry = self._clock.callLater(self._made_by.settings.response_timeout, transport.abortConnection)

        def closed(error: AMIError) -> AMIError:
            if hurry.active():
                hurry.cancel()
            return error

        return self.whenEnded().addCallback(closed)

    def abort(self) -> None:
        """Close at once."""
        transport: Any = self.transport
        transport.abortConnection()

    def read_now(self) -> None:
        """Read what has come, instead of when the reactor gets round to it.

        To be called where the reactor could call: from no handler of ours. It reads what lies at the socket, if that is
        one of Twisted's; an end that is found is told by the reactor soon.
        """
        below: Any = getattr(self.transport, "transport", self.transport)  # that of TLS
        if type(below) is Client and below.connected and not below.disconnecting:
            below.doRead()

    # What Twisted calls

    def connectionMade(self) -> None:
        transport: Any = self.transport
        if ITCPTransport.providedBy(self.transport):
            transport.setTcpNoDelay(True)
            transport.setTcpKeepAlive(True)
            transport.bufferSize = READ_SIZE
        factory = self._made_by
        self.session = Session(
            factory.credentials,
            Outlet(transport.write, self._up, factory.on_event, self._trouble, self._broken),
            id_prefix=factory.new_prefix(),
            settings=factory.settings,
            interest=factory.interest,
            secure=ISSLTransport.providedBy(transport),
            counters=factory.counters,
        )
        self.session.connected(self._clock.seconds())
        self._ticking.start(TICK, now=False)

    def dataReceived(self, data: bytes) -> None:
        self.session.feed(data, self._clock.seconds())

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self._closed = True
        self._ticking.stop()
        error = self._reason = self._reason or AMILost(in_words(reason))
        self.session.lost(AMILost(str(error)))
        waiters, self._up_waiters = self._up_waiters, []
        for up in waiters:
            up.errback(error)
        for end in self._end_waiters:
            end.callback(error)

    # What the session calls

    def _up(self) -> None:
        waiters, self._up_waiters = self._up_waiters, []
        for waiter in waiters:
            waiter.callback(self)

    def _trouble(self, message: Message) -> None:
        self._log.failure("Taking {message} failed; the next event comes all the same", message=message)

    def _broken(self, error: AMIError) -> None:
        self._reason = self._reason or error
        self.abort()

    def _tick(self) -> None:
        self.session.tick(self._clock.seconds())

    def _ask(self, action: Action, seconds: float | None, listing: bool) -> Deferred[list[Message]]:
        result: Deferred[list[Message]] = Deferred(lambda _: self.session.forget(action_id))

        def done(answer: Answer) -> None:
            if isinstance(answer, AMIError):
                self._look_for_rights(action, answer)
                result.errback(answer)
            else:
                result.callback(answer)

        try:
            action_id = self.session.send(action, done, self._clock.seconds(), seconds=seconds, listing=listing)
        except AMIError:
            return fail()
        return result

    def _look_for_rights(self, action: Action, error: AMIError) -> None:
        """Tell the administrator what the manager user lacks, once for each action."""
        denied = isinstance(error, AMIRefused) and "permission denied" in str(error).lower()
        if denied and action.name not in self._denied:
            self._denied.add(action.name)
            self._log.warn(
                "The PBX denies {action}: its manager user {user} lacks a write permission ({right})",
                action=action.name,
                user=self._made_by.credentials.username,
                right=action.RIGHT or "which one, Asterisk's manager.conf.sample says",
            )


class AMIFactory(Factory):
    """Makes links that log themselves in.

    :param clock: usually the reactor.
    :param on_event: called with every event that is of interest, in the order of the stream.
    :param counters: shared by all links it makes.
    """

    noisy = False

    def __init__(
        self,
        clock: IReactorTime,
        credentials: Credentials,
        *,
        settings: AMISettings = AMISettings(),  # noqa: B008 - frozen
        interest: Interest | None = None,
        on_event: Callable[[Message], object] = lambda message: None,
        counters: Counters | None = None,
    ) -> None:
        self.clock = clock
        self.credentials = credentials
        self.settings = settings
        self.interest = interest
        self.on_event = on_event
        self.counters = Counters() if counters is None else counters

    def buildProtocol(self, addr: object) -> AMIProtocol:
        return AMIProtocol(self)

    def new_prefix(self) -> str:
        """What the ActionIDs of a new link begin with: no other client of that PBX has the same."""
        return f"astcti-{token_hex(4)}-"

    def login(self, endpoint: IStreamClientEndpoint) -> Deferred[AMIProtocol]:
        """Connect once and log in; fires with the protocol when actions can be sent."""
        return self.connect(endpoint).addCallback(lambda protocol: protocol.whenUp())

    def connect(self, endpoint: IStreamClientEndpoint) -> Deferred[AMIProtocol]:
        """Connect once; fires with the protocol while it logs in."""
        connecting: Deferred[Any] = endpoint.connect(self)
        return connecting.addTimeout(self.settings.connect_timeout, self.clock, self._too_slow)

    def _too_slow(self, result: Any, seconds: float) -> Any:
        if isinstance(result, Failure) and result.check(*CANCELLED):
            raise AMITimeout(f"no connection within {seconds:g} s")
        return result
