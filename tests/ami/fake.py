"""A PBX in memory: endpoints that connect when the test says so, and the far end of a link."""

from __future__ import annotations

from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectionAborted, ConnectionDone
from twisted.internet.interfaces import IProtocolFactory, ISSLTransport, IStreamClientEndpoint
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure
from zope.interface import alsoProvides, implementer

from astcti.ami.client import AMIProtocol
from astcti.ami.message import Message, MessageReader

BANNER = b"Asterisk Call Manager/11.0.0\r\n"
BOOTED = b"Event: FullyBooted\r\nPrivilege: system,all\r\nStatus: Fully Booted\r\n\r\n"


class Link(StringTransport):
    """The PBX's end of a connection. Reads actions, answers as told."""

    def __init__(self, clock: Clock, protocol: AMIProtocol, secure: bool = False) -> None:
        super().__init__()
        if secure:
            alsoProvides(self, ISSLTransport)
        self.clock = clock
        self.client = protocol
        self.open = True
        self._reader = MessageReader(banner=False)
        protocol.makeConnection(self)

    def say(self, data: bytes) -> None:
        """Send bytes to the client."""
        self.client.dataReceived(data)

    def answer(self, action: Message, *lines: bytes) -> None:
        """Respond to an action; ``Success`` unless the first line says otherwise."""
        first = () if lines and lines[0].startswith(b"Response: ") else (b"Response: Success",)
        self.say(b"\r\n".join((*first, *lines, b"ActionID: " + action.action_id.encode(), b"", b"")))

    def asked(self) -> list[Message]:
        """The actions that came since the last look."""
        data = self.value()
        self.clear()
        return self._reader.feed(data)

    def one(self, name: str) -> Message:
        """The only action that came, which must be that one."""
        [action] = self.asked()
        assert action.get("Action") == name, action
        return action

    def log_in(self, booted: bool = True) -> None:
        """Play the whole login."""
        self.say(BANNER)
        self.answer(self.one("Challenge"), b"Challenge: 399635751")
        self.answer(self.one("Login"), b"Message: Authentication accepted")
        if booted:
            self.say(BOOTED)

    def drop(self, reason: Exception | None = None) -> None:
        """End the connection."""
        if self.open:
            self.open = False
            self.client.connectionLost(Failure(reason or ConnectionDone()))

    def setTcpNoDelay(self, enabled: bool) -> None:
        """Part of ``ISSLTransport``."""

    setTcpKeepAlive = setTcpNoDelay

    def loseConnection(self) -> None:
        """The client closes."""
        self.clock.callLater(0, self.drop)

    def abortConnection(self) -> None:
        """The client closes at once."""
        self.clock.callLater(0, self.drop, ConnectionAborted())


@implementer(IStreamClientEndpoint)
class Endpoint:
    """Where the PBX in memory is.

    :ivar attempts: how often a client has tried.
    :ivar waiting: attempts neither accepted nor refused.
    :ivar links: all connections that ever were.
    """

    def __init__(self, clock: Clock, secure: bool = False) -> None:
        self.clock = clock
        self.secure = secure
        self.attempts = 0
        self.waiting: list[tuple[Deferred[AMIProtocol], IProtocolFactory]] = []
        self.links: list[Link] = []

    def connect(self, factory: IProtocolFactory) -> Deferred[AMIProtocol]:
        """A client tries to connect."""
        self.attempts += 1
        attempt: Deferred[AMIProtocol] = Deferred(lambda d: self.waiting.remove((d, factory)))
        self.waiting.append((attempt, factory))
        return attempt

    def accept(self) -> Link:
        """Let the client in that waits."""
        [(attempt, factory)] = self.waiting
        self.waiting.clear()
        protocol = factory.buildProtocol(None)
        assert isinstance(protocol, AMIProtocol)
        self.links.append(Link(self.clock, protocol, self.secure))
        attempt.callback(protocol)
        return self.links[-1]

    def refuse(self, error: Exception) -> None:
        """Do not."""
        [(attempt, _)] = self.waiting
        self.waiting.clear()
        attempt.errback(error)

    @property
    def open(self) -> int:
        """How many connections there are, with those under way."""
        return len(self.waiting) + sum(link.open for link in self.links)
