"""The one link to a PBX that comes back by itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from twisted.application.service import Service
from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.interfaces import IDelayedCall, IReactorTime, IStreamClientEndpoint
from twisted.logger import Logger
from twisted.python.failure import Failure

from astcti.ami.actions import Action
from astcti.ami.client.endpoint import CANCELLED
from astcti.ami.client.life import LifeCore, new_life
from astcti.ami.client.protocol import AMIFactory, AMIProtocol
from astcti.ami.client.settings import MIN_PAUSE, AMISettings
from astcti.ami.client.verbs import Verbs
from astcti.ami.message import Interest, Message
from astcti.ami.session import Counters, Credentials
from astcti.errors import AMIError, AMILost, AMIRefused
from astcti.reasons import in_words

SAME_NEWS = 60.0  # seconds in which the same failure is logged once: a wrong secret stays wrong for a while


class AMIClient(Verbs, Service):
    """Connects, logs in, and does so again after every loss, with never more than one connection.

    :param reactor: the clock.
    :param endpoint: where the PBX is; see :func:`astcti.ami.client.endpoint.ami_endpoint` for TLS.
    :param on_event: called with every event of interest, in the order of the stream, also before ``on_up``.
        What it raises is logged, and the next event comes all the same.
    :param on_up: called each time actions can be sent.
    :param on_down: called with a text each time they cannot be any more, except when the service is stopped.
    :param on_give_up: called with a text when ``settings.retries`` are used up; :meth:`retry` begins anew.
    """

    _log = Logger()

    def __init__(
        self,
        reactor: IReactorTime,
        endpoint: IStreamClientEndpoint,
        credentials: Credentials,
        *,
        settings: AMISettings = AMISettings(),  # noqa: B008 - frozen
        interest: Interest | None = None,
        on_event: Callable[[Message], object] = lambda message: None,
        on_up: Callable[[], object] = lambda: None,
        on_down: Callable[[str], object] = lambda reason: None,
        on_give_up: Callable[[str], object] = lambda reason: None,
    ) -> None:
        self._reactor = reactor
        self._endpoint = endpoint
        self._factory = AMIFactory(reactor, credentials, interest=interest, on_event=on_event)
        self._on_up = on_up
        self._on_down = on_down
        self._on_give_up = on_give_up
        self._standing = LifeCore(self._connect, self._wait, self._stop_waiting, self._close, self._give_up)
        self._life = new_life(self._standing)
        self._attempt: Deferred[AMIProtocol] | None = None
        self._protocol: AMIProtocol | None = None
        self._pause: IDelayedCall | None = None
        self._up = False
        self._failures = 0
        self._why = ""
        self._news: dict[str, float] = {}
        self.settings = settings

    @property
    def state(self) -> str:
        """``idle connecting banner challenge login syncing up waiting failed``."""
        state = self._standing.state
        if state != "linked":
            return state
        if self._protocol is None or self._protocol.state == "failed":  # being closed
            return "waiting"
        return self._protocol.state

    @property
    def counters(self) -> Counters:
        """What went over all links so far."""
        return self._factory.counters

    @property
    def banner(self) -> str:
        """The PBX's greeting on the present link."""
        return self._protocol.session.banner if self._protocol is not None else ""

    @property
    def interest(self) -> Interest | None:
        """Which events are handed on; can be replaced at any time."""
        return self._factory.interest

    @interest.setter
    def interest(self, interest: Interest | None) -> None:
        self._factory.interest = interest
        if self._protocol is not None:
            self._protocol.session.interest = interest

    @property
    def settings(self) -> AMISettings:
        """Can be replaced at any time; only ``plaintext_login`` waits for the next link. A pause that is under way
        becomes one of the new length, and a client that has given up begins anew where ``retries`` are others."""
        return self._factory.settings

    @settings.setter
    def settings(self, settings: AMISettings) -> None:
        if settings.retry_pause < MIN_PAUSE:
            self._log.warn(
                "A pause of {pause} s between tries is too short; it is {least} s",
                pause=settings.retry_pause,
                least=MIN_PAUSE,
            )
            settings = replace(settings, retry_pause=MIN_PAUSE)
        before, self._factory.settings = self._factory.settings, settings
        if self._protocol is not None:
            self._protocol.session.settings = settings
        if settings.retry_pause != before.retry_pause and self._pause is not None and self._pause.active():
            self._pause.reset(settings.retry_pause)
        if settings.retries != before.retries and self.state == "failed":
            self.retry()

    def startService(self) -> None:
        """Begin to connect."""
        Service.startService(self)
        self._failures = 0
        self._life.start()

    def stopService(self) -> Deferred[None]:
        """Log off and close; fires when that is done."""
        Service.stopService(self)
        self._up = False
        protocol = self._protocol
        self._life.stop()
        if protocol is None:
            return succeed(None)
        return protocol.whenEnded().addCallback(lambda error: None)

    def retry(self) -> None:
        """Try now, whatever was tried before; nothing happens while a link is there or under way."""
        self._failures = 0
        self._life.retry()

    def read_now(self) -> None:
        """Read what the PBX has said, see :meth:`.AMIProtocol.read_now`."""
        if self._protocol is not None:
            self._protocol.read_now()

    def sendAction(self, action: Action, seconds: float | None = None) -> Deferred[Message]:
        return fail(_not_sent(action)) if self._protocol is None else self._protocol.sendAction(action, seconds)

    def collectAction(self, action: Action, seconds: float | None = None) -> Deferred[list[Message]]:
        return fail(_not_sent(action)) if self._protocol is None else self._protocol.collectAction(action, seconds)

    # What the table of states does

    def _connect(self) -> None:
        if self._protocol is not None:  # the old link is still being closed; its end begins the new one
            return
        self._attempt = attempt = self._factory.connect(self._endpoint)
        attempt.addCallbacks(self._connected, self._not_connected).addErrback(self._bug)

    def _wait(self) -> None:
        self._log.debug("Trying the PBX again in {pause} s", pause=self.settings.retry_pause)
        self._pause = self._reactor.callLater(self.settings.retry_pause, self._life.waited)

    def _stop_waiting(self) -> None:
        if self._pause is not None and self._pause.active():
            self._pause.cancel()

    def _close(self) -> None:
        if self._attempt is not None:
            self._attempt.cancel()
        if self._protocol is not None:
            self._protocol.logoff().addErrback(self._bug)

    def _give_up(self) -> None:
        self._log.critical("The PBX is not tried again after {count} failures", count=self._failures)
        self._on_give_up(self._why)

    # What becomes of it

    def _connected(self, protocol: AMIProtocol) -> None:
        self._attempt = None
        self._protocol = protocol
        protocol.whenEnded().addCallback(self._ended).addErrback(self._bug)
        protocol.whenUp().addCallbacks(self._is_up, lambda failure: None).addErrback(self._bug)
        self._life.connected()

    def _not_connected(self, failure: Failure) -> None:
        self._attempt = None
        if self.running or not failure.check(*CANCELLED):
            self._failed(in_words(failure))

    def _is_up(self, protocol: AMIProtocol) -> None:
        self._failures = 0
        self._up = True
        self._news.clear()
        self._log.info("The link to the PBX is up: {banner}", banner=self.banner)
        self._on_up()

    def _ended(self, error: AMIError) -> None:
        self._protocol = None
        if self._standing.state == "connecting":  # stopped and started again before the old link was closed
            self._connect()
            return
        was_up, self._up = self._up, False
        why = str(error)
        if isinstance(error, AMIRefused):
            why = f"it refuses the login of {self._factory.credentials.username}: {error}"
        if was_up:
            self._on_down(why)
        self._failed(why)

    def _failed(self, why: str) -> None:
        """Log it, the same at most once in :data:`SAME_NEWS`, and decide whether to go on."""
        self._why = why
        self._failures += 1
        now = self._reactor.seconds()
        if self.running and now - self._news.get(why, -SAME_NEWS) >= SAME_NEWS:
            self._news[why] = now
            self._log.warn("No link to the PBX: {why}", why=why)
        if 0 <= self.settings.retries < self._failures:
            self._life.failed_for_good()
        else:
            self._life.failed()

    def _bug(self, failure: Failure) -> None:
        self._log.failure("Looking after the link to the PBX", failure)


def _not_sent(action: Action) -> AMILost:
    return AMILost(f"{action.name} was not sent: there is no link to the PBX")
