"""A client that stays: it connects, logs in, and does so again when the connection is lost."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from typing import Final

from twisted.application.service import Service
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.endpoints import clientFromString, wrapClientTLS
from twisted.internet.interfaces import (
    IDelayedCall,
    IOpenSSLClientConnectionCreator,
    IReactorTime,
    IStreamClientEndpoint,
)
from twisted.internet.task import deferLater
from twisted.logger import Logger

from astcti.errors import Refused
from astcti.protocols.client.connection import ANSWER_SECONDS, ClientFactory, ConnectionGone, CTIClient
from astcti.protocols.client.login import Profile, Welcome, log_in
from astcti.protocols.client.session import Closing, Notification, TicketGiven
from astcti.protocols.client.waiting import Backoff, wait_after
from astcti.protocols.xmlreading import CallEvent

STEADY_SECONDS: Final = 1.0  # who was not thrown out within so long after the login was welcome: waiting begins anew

GOODBYE_SECONDS: Final = 2.0  # for the server to close behind QUIT

REPLACED: Final = 910

_log = Logger()


class CTIClientService(Service):
    """Keeps one client logged in.

    :param endpoint: where the server is: an endpoint string such as ``tcp:cti.example:5000``, or an endpoint.
    :param profile: who logs in.
    :param on_up: called with the connection and what came of the login, each time.
    :param on_down: called with a reason for people when a connection or an attempt ends, and the seconds until the
        next.
    :param on_refused: called with the server's refusal of a login, before ``on_down``; or, when the same operator has
        logged in elsewhere and this connection was ended for it, with that, and nothing more is tried.
    :param on_event: see :class:`.CTIClient`.
    :param on_notice: see :class:`.CTIClient`.
    :param tls: encrypt from the first byte, with these rules for the certificate.
    :param chance: 0 to 1, so that a floor of clients does not come back in the same second.
    :ivar replaced: whether the operator has logged in elsewhere: two clients that come back by themselves would throw
        each other out for ever.
    """

    name = "cti client"

    def __init__(
        self,
        reactor: IReactorTime,
        endpoint: str | IStreamClientEndpoint,
        profile: Profile,
        *,
        on_up: Callable[[CTIClient, Welcome], object] | None = None,
        on_down: Callable[[str, float], object] | None = None,
        on_refused: Callable[[Refused], object] | None = None,
        on_event: Callable[[CallEvent], object] | None = None,
        on_notice: Callable[[Notification], object] | None = None,
        tls: IOpenSSLClientConnectionCreator | None = None,
        answer_seconds: float = ANSWER_SECONDS,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self.profile = profile
        self.client: CTIClient | None = None
        self.replaced = False
        self.ticket = profile.ticket
        self._reactor = reactor
        connect = clientFromString(reactor, endpoint) if isinstance(endpoint, str) else endpoint
        self._endpoint = connect if tls is None else wrapClientTLS(tls, connect)
        self._on_notice = on_notice
        self._factory = ClientFactory(reactor, on_event, self._notice, answer_seconds)
        self._answer_seconds = answer_seconds
        self._on_up = on_up
        self._on_down = on_down
        self._on_refused = on_refused
        self._chance = chance
        self._life: Deferred[None] | None = None
        self._up_since: float | None = None

    def startService(self) -> None:
        """Begin to connect."""
        Service.startService(self)
        self.replaced = False
        self._life = Deferred.fromCoroutine(self._live())

    def stopService(self) -> Deferred[None]:
        """Say goodbye, if there is a connection, and stop.

        :returns: fires when there is no connection any more.
        """
        Service.stopService(self)
        return Deferred.fromCoroutine(self._stop())

    async def _stop(self) -> None:
        life, self._life = self._life, None
        patience: IDelayedCall | None = None
        if self.client is not None:
            patience = self._reactor.callLater(GOODBYE_SECONDS, self.client.abort, "stopped")
            self.client.quit().addErrback(lambda failure: _log.debug("no goodbye: {reason}", reason=failure.value))
        elif life is not None:
            life.cancel()
        if life is not None:
            await life
        if patience is not None and patience.active():
            patience.cancel()

    async def _live(self) -> None:
        """Connect, and connect again; ends when the service stops, or somebody has taken our place."""
        backoff = Backoff()
        try:
            while self.running:
                self._up_since = None
                reason, least = await self._attempt()
                if self.replaced:
                    self._tell(self._on_refused, Refused(REPLACED, reason))
                    return
                if self._up_since is not None and self._reactor.seconds() - self._up_since >= STEADY_SECONDS:
                    backoff.succeeded()
                if self.running:
                    seconds = backoff.after(least, self._chance())
                    self._tell(self._on_down, reason, seconds)
                    await deferLater(self._reactor, seconds, lambda: None)
        except CancelledError:
            return

    async def _attempt(self) -> tuple[str, float]:
        """Connect, log in and stay; give the reason why it ended, and how long to wait at least."""
        try:
            return await self._once(), 0.0
        except Refused as e:
            _log.warn("the CTI server refused {user}: {reason}", user=self.profile.username, reason=e.reason)
            self._tell(self._on_refused, e)
            return f"refused: {e.reason}", wait_after(e)
        except CancelledError:
            raise
        except Exception as e:
            return str(e) or type(e).__name__, 0.0

    async def _once(self) -> str:
        client = await self._endpoint.connect(self._factory)
        assert isinstance(client, CTIClient)
        try:
            profile = replace(self.profile, ticket=self.ticket)
            if profile.wanted:  # whoever wants no capabilities talks to a server that may not know any
                profile = replace(profile, wanted=tuple(dict.fromkeys((*profile.wanted, "resume"))))
            welcome = await log_in(client, profile)
            if profile.ticket and welcome.way != "RESUME" and self.ticket == profile.ticket:
                self.ticket = ""
            self.client = client
            self._up_since = self._reactor.seconds()
            self._tell(self._on_up, client, welcome)
            return await client.lost
        except Refused as e:
            if client.greeting is None:
                raise ConnectionGone(f"the server takes no clients: {e.reason}") from e
            raise
        finally:
            self.client = None
            client.abort("login failed")

    def _notice(self, notice: Notification) -> None:
        """Keep tickets; note that somebody has taken our place."""
        if isinstance(notice, TicketGiven):
            self.ticket = notice.ticket
            return
        if isinstance(notice, Closing) and notice.number == REPLACED:
            self.ticket, self.replaced = "", True
        self._tell(self._on_notice, notice)

    @staticmethod
    def _tell(listener: Callable[..., object] | None, *about: object) -> None:
        if listener is not None:
            try:
                listener(*about)
            except Exception:
                _log.failure("telling {listener}", listener=listener)
