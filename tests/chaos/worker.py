"""One agent at work: the real client, with a real performer that only notes the page instead of showing it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from twisted.internet import reactor
from twisted.internet.defer import Deferred, fail, succeed
from zope.interface import implementer

from astcti.actions.performer import Performer
from astcti.client.agent import Agent
from astcti.client.happenings import CallEvent, Happening, LoggedIn, Lost, PauseChanged, Rejected, ServerEvent
from astcti.client.performed import Performed
from astcti.errors import Refused
from astcti.interfaces import IPlace
from astcti.model.actions import Outcome, RenderedAction
from astcti.protocols.client import Profile, digest_of
from tests.chaos.company import username
from tests.chaos.diary import Diary
from tests.chaos.strike import strike

REASON = "coffee"
AFTER_CALL = "wrapup"
UNANSWERED = frozenset({905, 907})  # no link to the PBX, or no answer from it


@implementer(IPlace)
@dataclass(frozen=True)
class Nowhere:
    """A machine without a screen."""

    reactor: Any
    seconds: float = 10.0

    def open_url(self, url: str, window: str, internal: bool) -> Deferred[None]:
        """There is no browser."""
        return fail(RuntimeError("no browser"))

    def start_program(self, argv: Sequence[str]) -> Deferred[None]:
        """Programs are not started."""
        return fail(RuntimeError("no programs"))


@dataclass(frozen=True)
class NotedPage:
    """Performs pages by noting them."""

    diary: Diary
    agent: int
    folder: Path
    places: frozenset[str] = frozenset({"CLIENT"})

    def perform(self, action: RenderedAction, place: IPlace) -> Deferred[Outcome]:
        """Note it: that is the pop."""
        self.diary.note("did", agent=self.agent, id=action.id, page=action.parameters)
        strike(self.folder)
        return succeed(Outcome("ok"))


class Worker:
    """One agent, who now and then takes a pause, and goes home.

    :param folder: where they note what they have performed, as ``astcti agent`` does, in case they die.
    :ivar paused: as they were last told, ``None`` when that is not known.
    :ivar busy: an answer to what they asked for is awaited.
    """

    def __init__(self, number: int, port: int, diary: Diary, folder: Path) -> None:
        self.number = number
        self.paused: bool | None = None
        self.busy = False
        self._pending = False
        self._told_last = ""
        self._port = port
        self._diary = diary
        self._home = False
        self._folder = folder
        self._performed = Performed(folder / "performed" / str(number))
        self._agent = self._new()

    def _new(self) -> Agent:
        performer = Performer(Nowhere(reactor), types={"BROWSER": NotedPage(self._diary, self.number, self._folder)})
        profile = Profile(username=username(self.number), digest=digest_of(username(self.number)), system="LINUX")
        return Agent(
            reactor, f"tcp:127.0.0.1:{self._port}", profile, self._tell,
            performer=performer, performed=self._performed, find_mac=False,
        )  # fmt: skip

    def come(self) -> None:
        """Begin to work."""
        self._agent.startService()

    def _tell(self, happening: Happening) -> None:
        match happening:
            case LoggedIn():
                self._note("up")
            case Lost(reason=reason, retry_seconds=seconds):
                self._note("down", reason=reason, seconds=seconds)
                self._cut_off(reason)
            case Rejected(reason=reason, number=number):
                self._note("rejected", reason=reason, number=number)
            case CallEvent(actions=[action, *_], recovered=recovered):
                self._note("asked", id=action.id, recovered=recovered)
            case ServerEvent(id="Pbx", attributes=attributes):
                self._note("pbx", state=attributes.get("state"))
            case ServerEvent(id="AgentState", attributes=attributes) if "queue" not in attributes:
                self._told(attributes.get("paused", ""), attributes.get("reason", ""))
            case PauseChanged(asked=True, number=number, reason=reason) if self._pending:
                self._settled(self._after(number) if number else True, reason)

    def _note(self, what: str, **more: Any) -> None:
        self._diary.note(what, agent=self.number, **more)

    def _told(self, paused: str, reason: str) -> None:
        if not self.busy:
            self.paused = paused == "all" and reason != AFTER_CALL
        if paused != self._told_last:
            self._told_last = paused
            self._note("state", paused=paused)

    def _cut_off(self, reason: str) -> None:
        if self._pending:
            self._settled(None, reason)
        self.paused = None

    # -- what they do by themselves

    def lose(self) -> None:
        """The connection is gone."""
        if (client := self._agent.connection.client) is not None:
            client.transport.abortConnection()

    def stop_reading(self, seconds: float) -> None:
        """Read nothing for a while."""
        client = self._agent.connection.client
        if client is not None:
            self._note("deaf")
            client.transport.pauseProducing()
            reactor.callLater(seconds, self._read_again, client)

    def _read_again(self, client: Any) -> None:
        if client.transport.connected:
            client.transport.resumeProducing()
        self._note("hears")

    def go_home(self, seconds: float) -> None:
        """Say goodbye, and be back after a while."""
        if self._home or self.busy or self._agent.connection.client is None:
            return
        self._home = True
        self._note("home")
        self._cut_off("gone home")
        gone = self._agent.stopService()
        gone.addBoth(lambda _: reactor.callLater(seconds, self._come_back))

    def _come_back(self) -> None:
        self._home = False
        self._note("back")
        self._agent = self._new()
        self.come()

    # -- pauses

    def change_mind(self) -> None:
        """Take a pause, or end it."""
        client = self._agent.connection.client
        if client is None or self.busy or self.paused is None or self._home:
            return
        self.busy = True
        wanted = not self.paused
        self._note("pause", wanted=wanted)
        if wanted:
            self._pending = True
            client.pause(REASON).addErrback(self._failed)
        else:
            client.unpause().addCallbacks(lambda _: self._settled(False, ""), self._failed)

    def _after(self, number: int) -> bool | None:
        """How things are after a refusal: nobody knows what the PBX does with what it has not answered in time."""
        return None if number in UNANSWERED else self.paused

    def _failed(self, failure: Any) -> None:
        if failure.check(Refused):
            self._settled(self._after(failure.value.number), failure.value.reason)
        else:
            self._settled(None, failure.getErrorMessage())

    def _settled(self, paused: bool | None, reason: str) -> None:
        if self.busy:
            self.busy = self._pending = False
            self.paused = self._told_last == "all" if paused is None else paused
            self._note("pause", paused=paused, reason=reason)
