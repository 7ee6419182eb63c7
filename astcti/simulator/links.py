"""The manager interface without the network: a switchboard that serves links, each a conversation with one client."""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

from astcti.simulator import events
from astcti.simulator.accounts import CLASSES, Account, classes
from astcti.simulator.cdr import moment
from astcti.simulator.events import Event
from astcti.simulator.membership import Denied
from astcti.simulator.requests import Request, RequestReader

if TYPE_CHECKING:
    from random import Random

    from astcti.simulator.pbx import PBX

REJECT_SECONDS = 1.0  # a refused login is left waiting so long before the link is closed
MAX_BLOCKED = 1000  # actions that wait for one that blocks; Asterisk would leave them in the socket
BANNERS = {16: "5.0.4", 22: "11.0.0"}
VERSIONS = {16: "16.28.0", 22: "22.10.1"}

Pair = tuple[str, str]


class Verb(NamedTuple):
    """An action the manager knows: its name, what may do it (any of the classes; none: everybody), and what it does.

    ``perform`` answers through the link; the text of a :class:`~astcti.simulator.membership.Denied` is the answer, too.
    """

    name: str
    synopsis: str
    authority: tuple[str, ...]
    perform: Callable[[Link, Request], None]


class Switchboard:
    """All the links to one PBX, and what they share.

    :param verbs: the actions known, by lower-case name.
    :ivar timestamps: whether every event tells its time (``timestampevents``).
    :ivar boots: whether somebody logged in is told that the PBX is ready.
    """

    def __init__(self, accounts: Iterable[Account], verbs: Mapping[str, Verb], chance: Random, asterisk: int) -> None:
        self.accounts = {account.name: account for account in accounts}
        self.verbs = verbs
        self.chance = chance
        self.asterisk = asterisk
        self.timestamps = False
        self.links: list[Link] = []
        self.sent = 0
        self.pbx: PBX

    def sink(self, event: Event) -> None:
        """Send an event to every link that wants its class."""
        category = CLASSES[event.layout.category]
        data = b""
        for link in self.links:
            if link.mask & category:
                data = data or event.encode(f"Timestamp: {self.pbx.agenda.now:.6f}\r\n" if self.timestamps else "")
                link.out.append(data)
                self.sent += 1

    def connect(self, peer: tuple[str, int], host: tuple[str, int], close: Callable[[], None]) -> Link:
        """A client is there: greet it."""
        link = Link(self, peer, host, close)
        link.out.append(f"Asterisk Call Manager/{BANNERS[self.asterisk]}\r\n".encode())
        self.links.append(link)
        return link

    def shut_down(self) -> None:
        """Tell everybody that the PBX stops."""
        self.sink(Event(events.SHUTDOWN, ("Cleanly", "False")))


class Link:
    """One client's connection.

    :ivar out: what is to be sent, in order; the transport empties it.
    :ivar mask: the classes of events it gets at present.
    """

    def __init__(
        self, board: Switchboard, peer: tuple[str, int], host: tuple[str, int], close: Callable[[], None]
    ) -> None:  # fmt: skip
        self.board = board
        self.peer = peer
        self.host = host
        self.close = close
        self.out: list[bytes] = []
        self.account: Account | None = None
        self.mask = 0
        self.blocked = False
        self.actions = 0
        self._challenge = ""
        self._reader = RequestReader()
        self._waiting: deque[Request] = deque()
        self._over = False

    # ---------------------------------------------------------------- in

    def received(self, data: bytes) -> None:
        """Bytes came from the client."""
        for request in self._reader.feed(data):
            if not self._over and len(self._waiting) < MAX_BLOCKED:
                self._waiting.append(request)
        self._work()

    def unblock(self) -> None:
        """What held further actions up is done."""
        self.blocked = False
        self._work()

    def _work(self) -> None:
        while self._waiting and not self.blocked and not self._over:
            self._perform(self._waiting.popleft())

    def _perform(self, request: Request) -> None:
        self.actions += 1
        name = request.get("Action")
        verb = self.board.verbs.get(name.lower())
        if request.too_long:
            self.error(request, "Failed to parse message: line too long")
        elif not name:
            self.error(request, "Missing action in request")
            self._bad(request, "NONE")
        elif self.account is None and name.lower() not in ("login", "challenge", "logoff"):
            self.error(request, "Permission denied")
        elif verb is None:
            self.error(
                request, f"Invalid/unknown command: {name}. Use Action: ListCommands to show available commands."
            )
            self._bad(request, name)
        elif verb.authority and self.account and not self.account.write & classes(verb.authority):
            self.error(request, "Permission denied")
        else:
            try:
                verb.perform(self, request)
            except Denied as e:
                self.error(request, str(e))

    def _bad(self, request: Request, name: str) -> None:
        if self.account is None:
            return
        now = moment(self.board.pbx.agenda.now)
        values = (now, "Error", "AMI", "1", *self._session(), f"Action: {name}", now, self.account.name)
        self.board.sink(Event(events.BAD_REQUEST, values))

    # ---------------------------------------------------------------- out

    def reply(self, request: Request, *pairs: Pair, response: str = "Success") -> None:
        """Answer an action; the answer carries the ActionID that it had."""
        self.out.append(rendered((("Response", response), *self._id(request), *pairs)))

    def error(self, request: Request, message: str) -> None:
        """Refuse an action."""
        self.reply(request, ("Message", message), response="Error")

    @contextmanager
    def answer_first(self, request: Request, message: str) -> Iterator[None]:
        """Put the answer before the events of what is done meanwhile; none if that is denied."""
        place = len(self.out)
        yield
        later, self.out[place:] = self.out[place:], []
        self.reply(request, ("Message", message))
        self.out.extend(later)

    def listing(
        self, request: Request, message: str, complete: str, items: Sequence[Sequence[Pair]], *more: Pair
    ) -> None:  # fmt: skip
        """Answer with a list: one event for each item, and one that ends it."""
        self.reply(request, ("EventList", "start"), ("Message", message))
        self.out.extend(rendered(item) for item in items)
        end = (("Event", complete), *self._id(request), ("EventList", "Complete"), ("ListItems", str(len(items))))
        self.out.append(rendered((*end, *more)))

    def _id(self, request: Request) -> tuple[Pair, ...]:
        action_id = request.get("ActionID")
        return (("ActionID", action_id),) if action_id else ()

    # ---------------------------------------------------------------- login

    def challenge(self) -> str:
        """A new challenge for a login by MD5."""
        self._challenge = str(self.board.chance.randrange(100_000_000, 999_999_999))
        return self._challenge

    def admit(self, request: Request) -> Account | None:
        """Whom the login is of, if it is right."""
        account = self.board.accounts.get(request.get("Username"))
        if account is None or not account.admits(self.peer[0]):
            return None
        if request.get("AuthType").lower() == "md5":
            proof = hashlib.md5((self._challenge + account.secret).encode(), usedforsecurity=False).hexdigest()
            return account if self._challenge and request.get("Key").lower() == proof else None
        return account if request.get("Secret") == account.secret else None

    def welcome(self, account: Account, mask: int) -> None:
        """The client is logged in."""
        self.account = account
        self.mask = account.read & mask
        agenda = self.board.pbx.agenda
        if self.mask & CLASSES["system"]:
            up = str(int(agenda.now - self.board.pbx.started))
            self.out.append(Event(events.BOOTED, (up, up, "Fully Booted")).encode())
        now = moment(agenda.now)
        session, local, remote = self._session()
        values = (now, "Informational", "AMI", "1", account.name, session, local, remote, "0", now)
        self.board.sink(Event(events.LOGGED_IN, values))

    def turn_away(self) -> None:
        """The login was wrong: the link is closed, after a while."""
        self._over = True
        self.board.pbx.agenda.later(REJECT_SECONDS, self.close)

    def end(self) -> None:
        """The client has said goodbye."""
        self._over = True
        self.board.pbx.agenda.later(0, self.close)

    def lost(self) -> None:
        """The connection is gone."""
        self._over = True
        self._waiting.clear()
        if self in self.board.links:
            self.board.links.remove(self)

    def _session(self) -> tuple[str, str, str]:
        addresses = (f"IPV4/TCP/{host}/{port}" for host, port in (self.host, self.peer))
        return (f"0x{id(self):x}", *addresses)  # type: ignore[return-value]


def rendered(pairs: Iterable[Pair]) -> bytes:
    """A message of headers as bytes."""
    text = "".join(f"{name}: {value}\r\n" for name, value in pairs) + "\r\n"
    return text.encode("utf-8", "surrogateescape")
