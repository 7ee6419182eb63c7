"""One AMI link from greeting to loss: bytes and the time in, bytes and events out."""

from __future__ import annotations

from collections.abc import Callable

from astcti.ami.actions import Action, Challenge, Ping
from astcti.ami.message import BadMessage, Interest, Message, MessageReader
from astcti.ami.session.login import LoginCore, new_login
from astcti.ami.session.outlet import Counters, Outlet
from astcti.ami.session.pending import Answer, Pending, Waiting
from astcti.ami.session.settings import Credentials, SessionSettings
from astcti.errors import AMIError, AMILost, AMIProtocolError, AMIRefused, AMITimeout, AMIUnsendable

_BOOTED, _SHUTDOWN = "FullyBooted", "Shutdown"

#: Events the session itself lives by; they are handed on like all others.
_OWN = frozenset({_BOOTED, _SHUTDOWN})


class Session:
    """The client's side of AMI without its transport.

    Every input that takes time into account is given it: seconds, of any clock that does not go back.

    :param id_prefix: begins our ActionIDs. ``OriginateResponse`` goes to all links of a PBX with the ActionID
        of whoever asked: it must be no other link's.
    :param interest: events to hand on; ``None``: all.
    :param secure: whether the link is encrypted.
    :param counters: go on from these.
    :ivar settings: can be replaced at any time; ``plaintext_login`` and ``max_message`` are those of the beginning.
    """

    def __init__(
        self,
        credentials: Credentials,
        outlet: Outlet,
        *,
        id_prefix: str,
        settings: SessionSettings = SessionSettings(),  # noqa: B008 - frozen
        interest: Interest | None = None,
        secure: bool = False,
        counters: Counters | None = None,
    ) -> None:
        self.counters = Counters() if counters is None else counters
        self._outlet = outlet
        self.settings = settings
        self._plain_allowed = secure or settings.plaintext_login
        self._reader = MessageReader(max_message=settings.max_message)
        self._skipped_before = self.counters.skipped
        self._prefix = id_prefix
        self._marker = f"\r\nActionID: {id_prefix}".encode()
        self._serial = 0
        self._pending = Pending()
        self._now = self._heard = self._began = 0.0
        self._pinging = False
        self._awaiting_banner = True
        self._over = False
        self._progress = LoginCore(credentials, self._ask, outlet.up, self._end)
        self._login = new_login(self._progress)
        self.interest = interest

    @property
    def state(self) -> str:
        """``banner challenge login syncing up failed``."""
        return self._progress.state

    @property
    def banner(self) -> str:
        """The PBX's greeting, empty before it came."""
        return self._reader.banner or ""

    @property
    def interest(self) -> Interest | None:
        """What is handed on; can be replaced at any time."""
        return self._interest

    @interest.setter
    def interest(self, interest: Interest | None) -> None:
        self._interest = interest
        self._reader.interest = interest and interest.with_events(*(name.encode() for name in _OWN))

    def connected(self, now: float) -> None:
        """The transport is there."""
        self._now = self._heard = self._began = now

    def feed(self, data: bytes, now: float) -> None:
        """Bytes came."""
        if self._over:
            return
        self._now = self._heard = now
        fault: BadMessage | None = None
        try:
            messages = self._reader.feed(data)
        except BadMessage as e:
            messages, fault = list(e.messages), e
        if self._awaiting_banner and self._reader.banner is not None:
            self._greeted(self._reader.banner)
        self._take(messages)
        self.counters.bytes_in += len(data)
        self.counters.skipped = self._skipped_before + self._reader.skipped
        if fault is not None:
            self._login.broken(fault)

    def tick(self, now: float) -> None:
        """Time passed; to be called about once a second."""
        self._now = now
        self.counters.timeouts += self._pending.expire(now)
        self._mark()
        state = self.state
        if state == "banner" and now - self._began >= self.settings.response_timeout:
            self._login.broken(AMITimeout(f"no greeting within {self.settings.response_timeout:g} s"))
        elif state == "syncing" and now - self._began >= self.settings.boot_grace:
            self._login.waited()
        elif state == "up" and not self._pinging and 0 < self.settings.ping_interval <= now - self._heard:
            self._pinging = True
            self._send(Ping(), lambda answer: self._pinged(answer, asked=now))

    def send(
        self,
        action: Action,
        done: Callable[[Answer], None],
        now: float,
        *,
        seconds: float | None = None,
        listing: bool = False,
    ) -> str:
        """Send an action over an open link.

        :param done: told once what became of it.
        :param seconds: how long the answer may take; for a list, each of its events.
        :param listing: whether the answer is a list: the response, and events until the one that ends them.
        :returns: its ActionID.
        :raises AMILost: the link is not open.
        :raises AMIUnsendable: the action cannot be sent as it is.
        """
        self._now = now
        if self.state != "up":
            raise AMILost(f"{action.name} was not sent: the link to the PBX is not open")
        return self._send(action, done, seconds, listing)

    def forget(self, action_id: str) -> None:
        """Whoever asked does not want to know any more."""
        self._pending.forget(action_id)
        self._mark()

    def lost(self, error: AMILost) -> None:
        """The transport is gone: all that is unanswered fails."""
        self._login.broken(error)
        self._pending.fail_all(error)
        self._mark()

    # The way up

    def _greeted(self, greeting: str) -> None:
        self._awaiting_banner = False
        if "call manager" in greeting.lower():
            self._login.greeted()
        else:
            self._login.broken(AMIProtocolError(f"no Asterisk manager greets us with {greeting[:80]!r}"))

    def _ask(self, action: Action) -> None:
        done = self._challenge_answered if isinstance(action, Challenge) else self._login_answered
        try:
            self._send(action, done)
        except AMIUnsendable as e:
            self._login.broken(e)

    def _challenge_answered(self, answer: Answer) -> None:
        challenge = answer[0].get("Challenge") if isinstance(answer, list) else ""
        if challenge:
            self._login.challenged(challenge)
        elif isinstance(answer, AMIError) and not isinstance(answer, AMIRefused):
            self._login.broken(answer)
        elif self._plain_allowed:
            self._login.unsupported()
        else:
            self._login.broken(AMIRefused("no login by challenge there, and the secret is not to be sent in the open"))

    def _login_answered(self, answer: Answer) -> None:
        if isinstance(answer, AMIError):
            self._login.broken(answer)
        else:
            self._began = self._now
            self._login.accepted()

    def _end(self, error: AMIError) -> None:
        self._over = True
        self._outlet.broken(error)

    # What comes

    def _take(self, messages: list[Message]) -> None:
        """Every message of a busy PBX goes through here: what is plainly an event goes straight on."""
        pending, hand_on = self._pending, self._outlet.event
        events = 0
        for message in messages:
            event = message.event
            if (not event or pending.lists) and self._kept(message):
                continue
            events += 1
            try:
                hand_on(message)
            except Exception:
                self.counters.troubles += 1
                self._outlet.trouble(message)
            if event in _OWN:
                self._live_by(event)
        self.counters.events += events

    def _kept(self, message: Message) -> bool:
        """Take a response, or an event while a list is awaited; say whether it is not to be handed on."""
        event = message.event
        if not event:
            if not message.response:
                self.counters.rubbish += 1
                return False
            self.counters.responses += 1
            self.counters.refused += message.response.lower() == "error"
            self.counters.unmatched += not self._pending.responded(message)
            self._mark()
            return True
        if self._pending.listed(message, self._now):
            self._mark()
            return True
        if self._interest is None or self._interest.wants(event) or event in _OWN:
            return False
        self.counters.unmatched += 1  # of a list that failed, let through for the sake of one that is awaited
        return True

    def _live_by(self, event: str) -> None:
        if event == _BOOTED:
            self._login.booted()
        else:
            self._login.broken(AMILost("the PBX shuts down"))

    # What goes

    def _send(
        self, action: Action, done: Callable[[Answer], None], seconds: float | None = None, listing: bool = False
    ) -> str:
        action_id = f"{self._prefix}{self._serial + 1}"
        data = action.encode(action_id)
        self._serial += 1
        seconds = self.settings.response_timeout if seconds is None else seconds
        self._pending.add(action_id, Waiting(action, seconds, self._now + seconds, done, listing))
        self._mark()
        self.counters.actions += 1
        self.counters.bytes_out += len(data)
        self._outlet.write(data)
        return action_id

    def _mark(self) -> None:
        """While a list is awaited, no event with one of our ActionIDs is skipped."""
        self._reader.marker = self._marker if self._pending.lists else None

    def _pinged(self, answer: Answer, asked: float) -> None:
        self._pinging = False
        if isinstance(answer, AMITimeout) and self._heard <= asked:
            self._login.broken(AMILost(f"silence: {answer}"))
