"""A headless agent: stays logged in, tells what happens, and performs what calls ask for."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from twisted.application.service import Service
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.interfaces import IOpenSSLClientConnectionCreator, ISSLTransport, IStreamClientEndpoint
from twisted.internet.task import deferLater
from twisted.logger import Logger
from twisted.python.failure import Failure

from astcti.actions.performer import Performer
from astcti.client.happenings import ActionDone, Happening, LoggedIn, Lost, Rejected
from astcti.client.hardware import mac_of
from astcti.client.performed import Performed
from astcti.errors import Refused
from astcti.model.actions import RenderedAction
from astcti.model.notices import CallView
from astcti.protocols.client import (
    CallEvent,
    Closing,
    ConnectionGone,
    CTIClient,
    CTIClientService,
    PauseChanged,
    Profile,
    QueueChanged,
    ServerEvent,
    TicketGiven,
    Unknown,
    Welcome,
)
from astcti.protocols.client.waiting import PASSING

# Troubles of the server, not of ours: also the very first login is tried again after them.
_ITS_OWN_TROUBLE = frozenset({905, 907, 908, 990, 999})

MAX_UNREPORTED = 200  # outcomes kept while there is no connection


class Agent(Service):
    """One agent at one seat; as many as wanted may live in one process.

    :param endpoint: where the server is, as :class:`CTIClientService` takes it.
    :param tell: called with each :data:`~astcti.client.happenings.Happening`, in order.
    :param performer: performs the calls' actions; without one they are only told.
    :param performed: which actions were performed; one that ends with the program, if none is given.
    :param server: the server's name in what is told.
    :param tls: encrypt from the first byte, with these rules for the certificate.
    :param find_mac: whether a profile without MAC and extension gets the MAC of this machine when the operator has
        no seat of their own.
    :param more: for :class:`CTIClientService`.
    :ivar reasons: codes of the reasons that a pause may have, as the server has told, each with what it means.
    :ivar ended: fires once: with the refusal when the server will not have us, with ``None`` after
        :meth:`stopService`.
    """

    name = "agent"

    def __init__(
        self,
        reactor: Any,
        endpoint: str | IStreamClientEndpoint,
        profile: Profile,
        tell: Callable[[Happening], object],
        *,
        performer: Performer | None = None,
        performed: Performed | None = None,
        server: str = "",
        tls: IOpenSSLClientConnectionCreator | None = None,
        find_mac: bool = True,
        **more: Any,
    ) -> None:
        self.ended: Deferred[Refused | None] = Deferred()
        self.seat: tuple[str, ...] = ()
        self._reactor = reactor
        self._profile = profile
        self.tell = tell
        self.reasons: tuple[tuple[str, str], ...] = ()
        self._performer = performer
        self._server = server or (endpoint if isinstance(endpoint, str) else "the server")
        self._find_mac = find_mac and not profile.mac and not profile.extension
        self._was_in = False
        self._going: set[Deferred[None]] = set()
        self._unreported: deque[tuple[str, bool, str]] = deque(maxlen=MAX_UNREPORTED)
        self._performed = Performed() if performed is None else performed
        if performer is not None:  # who does nothing has nothing to report
            profile = self._profile = replace(profile, wanted=(*profile.wanted, "actr"))
        self._log = Logger()
        self.connection = CTIClientService(
            reactor,
            endpoint,
            profile,
            on_up=self._up,
            on_down=self._down,
            on_refused=self._refused,
            on_event=self._event,
            on_notice=self._notice,
            tls=tls,
            **more,
        )

    def startService(self) -> None:
        """Begin to connect."""
        Service.startService(self)
        self.connection.startService()

    def stopService(self) -> Deferred[None]:
        """Say goodbye and end; actions that are not done are given up.

        :returns: fires when the connection is closed.
        """
        Service.stopService(self)
        return Deferred.fromCoroutine(self._stop(None))

    async def _stop(self, refusal: Refused | None) -> None:
        await deferLater(self._reactor, 0)  # whoever stops us may have been told something by what is to be ended
        for going in tuple(self._going):
            going.cancel()
        if self.connection.running:
            await self.connection.stopService()
        if not self.ended.called:
            self.ended.callback(refusal)

    # -- the connection

    def _up(self, client: CTIClient, welcome: Welcome) -> None:
        self._begin(self._seated(client, welcome))

    async def _seated(self, client: CTIClient, welcome: Welcome) -> None:
        seat = welcome.seat
        try:
            if not seat and self._find_mac:
                seat = await client.claim_mac(self._own_mac(client))
        except Refused as e:
            self._refused(e)
            client.abort(f"no seat: {e.reason}")
            return
        except ConnectionGone:
            return
        self._was_in, self.seat = True, seat
        self._report_all()
        secure = ISSLTransport.providedBy(client.transport)
        self.tell(LoggedIn(self._server, self._profile.username, seat, secure, welcome.level))

    def _own_mac(self, client: CTIClient) -> str:
        mac = mac_of(getattr(client.transport.getHost(), "host", None) or "127.0.0.1")
        if mac is None:
            raise Refused(919, "this machine has no hardware address to tell its seat by")
        return mac

    def _down(self, reason: str, seconds: float) -> None:
        self.seat = ()
        if self.running:
            self.tell(Lost(self._server, reason, seconds))

    def _refused(self, refusal: Refused) -> None:
        """Give up, unless waiting may help."""
        may_pass = refusal.number in (PASSING if self._was_in else _ITS_OWN_TROUBLE)
        if (may_pass and not self.connection.replaced) or not self.running:
            return
        Service.stopService(self)
        self.tell(Rejected(self._server, refusal.reason, refusal.number))
        Deferred.fromCoroutine(self._stop(refusal))

    # -- calls

    def _event(self, event: CallEvent) -> None:
        self.tell(event)
        if event.actions:
            self._begin(self._perform(event.call, event.actions))

    def _notice(self, notice: QueueChanged | PauseChanged | ServerEvent | Closing | TicketGiven | Unknown) -> None:
        if isinstance(notice, ServerEvent) and notice.id == "Config":
            self.reasons = _reasons_in(notice)
        if isinstance(notice, QueueChanged | PauseChanged | ServerEvent):
            self.tell(notice)
        elif isinstance(notice, Unknown):
            self._log.debug("the server says what nobody understands: {text}", text=notice.text)

    async def _perform(self, call: CallView, actions: tuple[RenderedAction, ...]) -> None:
        """The actions of one call, one after the other."""
        for action in actions:
            if self._performer is not None and self._seen_before(action):
                continue
            outcome = None if self._performer is None else await self._performer.perform(action)
            if outcome is not None:
                text = f"{outcome.milliseconds:.0f} ms" if outcome.ok else outcome.reason or outcome.status
                self._performed.end(action.id, outcome.ok, text)
                self._unreported.append((action.id, outcome.ok, text))
                self._report_all()
            self.tell(ActionDone(call, action, outcome))

    def _seen_before(self, action: RenderedAction) -> bool:
        """Whether an action is one that was performed here already: a server that was away tells a call again."""
        if "-" not in action.id:
            return False  # older servers have the same id for the same action of each call
        if self._performed.begin(action.id):
            return False
        if (report := self._performed.report(action.id)) is not None:
            self._unreported.append((action.id, *report))
            self._report_all()
        return True

    def _report_all(self) -> None:
        """Tell a server that wants to know it what became of actions; what cannot be told now is when we are back."""
        client = self.connection.client
        if client is None or "actr" not in client.session.capabilities:
            return
        while self._unreported:
            report = self._unreported.popleft()
            client.report(*report).addErrback(self._not_reported, report)

    def _not_reported(self, failure: Failure, report: tuple[str, bool, str]) -> None:
        if failure.check(ConnectionGone) is not None:
            self._unreported.append(report)
        else:
            failure.trap(Refused)  # the server has forgotten the action

    def _begin(self, work: Any) -> None:
        """Do something that takes its time, and see to its end."""
        going: Deferred[None] = Deferred.fromCoroutine(work)
        self._going.add(going)
        going.addErrback(lambda failure: failure.trap(CancelledError) and None)
        going.addErrback(lambda failure: self._log.failure("an agent stumbled", failure))
        going.addBoth(lambda _: self._going.discard(going))


def _reasons_in(config: ServerEvent) -> tuple[tuple[str, str], ...]:
    listed = (reason for child in config.children if child.name == "pausereasons" for reason in child.children)
    found = (dict(reason.attributes) for reason in listed)
    return tuple((reason["code"], reason.get("description", "")) for reason in found if reason.get("code"))
