"""Far sides for the tests of the protocol: a desk that knows a small call centre, and a client at the end of a wire."""

from __future__ import annotations

import zlib
from collections.abc import Sequence

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from zope.interface import implementer
from zope.interface.verify import verifyObject

from astcti.errors import Refused
from astcti.interfaces import IClient, IDesk
from astcti.model.actions import RenderedAction
from astcti.model.commands import (
    AskQueues,
    ChangePassword,
    ClaimExtension,
    ClaimMac,
    Command,
    Done,
    EndWrapUp,
    Identify,
    JoinQueue,
    LeaveQueue,
    ListQueues,
    ListServices,
    LoggedIn,
    Login,
    Originate,
    Pause,
    PauseConfirmed,
    PausePending,
    QueueFigures,
    QueueList,
    QueueReport,
    Reply,
    ReportAction,
    SendText,
    ServiceList,
    SetSystem,
    SetWrapUp,
    Telecommute,
)
from astcti.model.node import Node
from astcti.model.notices import CallView, Notice
from astcti.protocols.context import SessionContext
from astcti.protocols.session import ServerSession
from astcti.protocols.settings import ProtocolSettings
from astcti.protocols.wheel import Wheel

OPER1 = "1a1dc91c907325c69271ddf0c944bc72"  # MD5 of "pass"
BRUNO = "098f6bcd4621d373cade4e832627b4f6"  # MD5 of "test"


@implementer(IDesk)
class FakeDesk:
    """Knows ``oper1`` (a seat by MAC), ``bruno``, ``boss`` (a fixed seat) and remembers what it was asked."""

    def __init__(self) -> None:
        self.accounts = {"oper1": OPER1, "bruno": BRUNO, "boss": OPER1, "maría del mar": OPER1}
        self.seats = {"00:1c:bf:37:53:ba": "SIP/201", "00:23:ae:01:b3:7b": "SIP/200"}
        self.clients: list[IClient] = []
        self.detached: list[IClient] = []
        self.tickets = 0
        self.hearing: list[IClient] = []  # who asked for events2 at work
        self.offers: tuple[str, ...] = ()
        self.asked: list[Command] = []
        self.seat_of: dict[IClient, str] = {}
        self.refuse_all: Refused | None = None
        self.locked: set[str] = set()
        self.slow: Deferred[Reply] | None = None  # given instead of the next answer
        self.crash: Exception | None = None
        self.told_early: list[tuple[str, bool]] = []  # queues told of while a seat is being claimed
        verifyObject(IDesk, self)

    def attach(self, client: IClient) -> None:
        verifyObject(IClient, client)
        if self.refuse_all is not None:
            raise self.refuse_all
        self.clients.append(client)

    def may_try(self, client: IClient, username: str) -> None:
        if username in self.locked:
            raise Refused(917, "too many attempts, retry in 60 s")

    def mechanisms(self, client: IClient) -> tuple[str, ...]:
        return self.offers

    def hears_more(self, client: IClient) -> None:
        self.hearing.append(client)
        client.tell("Config", Node("operator"))

    def ticket(self, client: IClient) -> str:
        self.tickets += 1
        return f"ticket-{self.tickets}"

    def perform(self, client: IClient, command: Command) -> Deferred[Reply] | Reply:
        self.asked.append(command)
        if self.crash is not None:
            raise self.crash
        if self.slow is not None:
            slow, self.slow = self.slow, None
            return slow
        return self._perform(client, command)

    def _perform(self, client: IClient, command: Command) -> Reply:
        match command:
            case Login(username, digest):
                if self.accounts.get(username) != digest:
                    raise Refused(911, "wrong user name or password")
                if username == "boss":
                    return LoggedIn(username, self._sit(client, "SIP/100"))
                return LoggedIn(username)
            case ClaimMac(mac):
                if mac not in self.seats:
                    raise Refused(913, "unknown MAC address")
                return Done(" ".join(self._sit(client, self.seats[mac])))
            case ClaimExtension(extension):
                return Done(" ".join(self._sit(client, extension if "/" in extension else f"SIP/{extension}")))
            case ChangePassword(old, _):
                if old != OPER1:
                    raise Refused(911, "wrong password")
                return Done()
            case SetSystem(_):
                return Done()
            case Identify():
                return Done(self.seat_of[client])
            case ListServices():
                return ServiceList((("astctidemo", "astctidemo", "inbound"), ("outgoing", "outgoing", "outbound")))
            case ListQueues():
                return QueueList((("astcti", True), ("sales", False)))
            case Originate(_, "nosuch"):
                raise Refused(922, "unknown or unusable service")
            case Pause(True, _, "nosuch"):
                raise Refused(931, "unknown pause reason")
            case Pause(paused):
                return PausePending() if paused else PauseConfirmed()
            case AskQueues(queue):
                return QueueReport(
                    tuple(QueueFigures(q, 2, 1, 0, 3, 4, 17) for q in ([queue] if queue else ["astcti"]))
                )
            case Originate() | Telecommute() | ReportAction() | SendText() | EndWrapUp() | SetWrapUp():
                return Done()
            case JoinQueue() | LeaveQueue():
                return Done()

    def _sit(self, client: IClient, seat: str) -> tuple[str, ...]:
        self.seat_of[client] = seat
        for queue, member in self.told_early:
            client.queue_changed(queue, member)
        return (seat,)

    def detach(self, client: IClient) -> None:
        self.clients.remove(client)
        self.detached.append(client)


class Peer:
    """A client at the other end of a session: says lines, hears lines, on a wire that is plain or zlib."""

    def __init__(
        self,
        desk: FakeDesk | None = None,
        settings: ProtocolSettings | None = None,
        *,
        address: str = "192.0.2.7",
        secure: bool = False,
        tls: bool = False,
    ) -> None:
        self.desk = desk or FakeDesk()
        self.clock = Clock()
        self.wheel = Wheel(self.clock.seconds())
        settings = settings or ProtocolSettings(require_tls="no")
        self.traced: list[str] = []
        self.context = SessionContext(self.desk, settings, self.clock.seconds, self.wheel, tls)
        self.received = b""
        self.closed = False
        self.aborted = False
        self.paused = False
        self.handshakes = 0
        self.logins = 0
        self.takes = True  # whether what is sent arrives
        self._inflate: zlib._Decompress | None = None
        self._deflate: zlib._Compress | None = None
        self.session = ServerSession(self.context, self, address, secure)
        self.session.start()
        self.flush()

    # What the session sees of its connection.

    def hurry(self) -> None:
        """The fake of a connection waits for the test."""

    def wake(self) -> None:
        pass

    def flush(self) -> None:
        if self.takes:
            data = self.session.take()
            self.received += self._inflate.decompress(data) if self._inflate is not None else data

    def pause(self) -> None:
        self.paused = True

    def resume(self) -> None:
        self.paused = False

    def start_tls(self) -> None:
        self.handshakes += 1
        self.session.secured()

    def logged_in(self) -> None:
        self.logins += 1

    def close(self) -> None:
        self.closed = True
        self.flush()

    def abort(self) -> None:
        self.aborted = True

    # What a test does.

    def compress(self) -> None:
        """Switch this end to zlib, the server's ``103`` having been read."""
        self._inflate = zlib.decompressobj()
        self._deflate = zlib.compressobj()

    @property
    def stream_finished(self) -> bool:
        """Whether the server's zlib stream came to its end."""
        return self._inflate is not None and self._inflate.eof

    def sends(self, data: bytes) -> None:
        """Send bytes as they are."""
        self.session.feed(data)
        self.flush()

    def encoded(self, *lines: str) -> bytes:
        """What lines are on the wire."""
        data = b"".join(line.encode() + b"\n" for line in lines)
        if self._deflate is not None:
            data = self._deflate.compress(data) + self._deflate.flush(zlib.Z_SYNC_FLUSH)
        return data

    def says(self, *lines: str) -> None:
        """Send lines."""
        self.sends(self.encoded(*lines))

    def hears(self) -> list[str]:
        """Give the lines that arrived since the last time."""
        self.flush()
        data, self.received = self.received, b""
        assert not data or data.endswith(b"\n"), data
        return data.decode("utf-8", "surrogateescape").split("\n")[:-1]

    def asks(self, *lines: str) -> list[str]:
        """Send lines and give what comes back."""
        self.says(*lines)
        return self.hears()

    def wait(self, seconds: float) -> None:
        """Let time pass."""
        while seconds > 0:
            step = min(0.25, seconds)
            seconds -= step
            self.clock.advance(step)
            self.wheel.turn(self.clock.seconds())
        self.flush()


class ZlibPeer(Peer):
    """A client that switches to zlib before anything else."""

    def __init__(
        self,
        desk: FakeDesk | None = None,
        settings: ProtocolSettings | None = None,
        *,
        address: str = "192.0.2.7",
        secure: bool = False,
        tls: bool = False,
    ) -> None:
        super().__init__(desk, settings, address=address, secure=secure, tls=tls)
        greeting = self.received
        self.received = b""
        if self.asks("CMPR") == ["103 7"]:
            self.compress()
        self.received = greeting


def a_notice(kind: str = "Link", number: str = "200", **call: object) -> Notice:
    """A notice about the demo's call."""
    fields: dict[str, object] = {
        "uniqueid": "1231258004.4",
        "channel": "SIP/201-089639a0",
        "number": number,
        "name": "Demo 1",
        "context": "astctidemo",
        "variables": (("calldata", "12345"),),
        "state": "Up",
    }
    return Notice(kind, "SIP/201", CallView(**(fields | call)))


def an_action(number: str = "200", calldata: str = "12345") -> Sequence[RenderedAction]:
    """The page that the demo's calls open."""
    url = f"http://crm.example/?callerid={number}&calldata={calldata}"
    return (RenderedAction("7-50b89a273333e7f0", "BROWSER", "", url),)
