"""What is examined, and what was found out about it on the way."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from twisted.internet.defer import Deferred

from astcti.ami.client import AMIProtocol
from astcti.config.bootstrap import Bootstrap
from astcti.config.load import Loaded
from astcti.config.model import Configuration
from astcti.config.settings import Settings
from astcti.config.watcher.threads import Threads
from astcti.doctor.ear import Ear

T = TypeVar("T")

LISTEN_SECONDS = 10.0  # for what happens by itself
THREADS = 4  # for what may hang: data bases, directories, name servers


@dataclass
class Case:
    """An installation under examination.

    :ivar reactor: a whole one: time, network, threads.
    :ivar config: the bootstrap file that was said on the command line.
    :ivar passive: whether nothing may be provoked on the PBX.
    :ivar listen_seconds: how long to listen to what happens by itself.
    :ivar progress: told what is being done, for whoever waits.
    :ivar now: seconds since 1970.
    :ivar bootstrap: the bootstrap file, once it was read; ``loaded`` the configuration it leads to.
    :ivar running: what the running server says of itself; empty when none runs.
    :ivar link: our own manager link; ``ear`` hears what comes over it.
    :ivar allowed: names of the actions that the manager user may use.
    :ivar queues: of each queue of the PBX, its members: interface to how it got there.
    :ivar provoked: whether watched variables were set by us; None before that was tried.
    """

    reactor: Any
    config: str | None = None
    passive: bool = False
    listen_seconds: float = LISTEN_SECONDS
    progress: Callable[[str], object] = lambda text: None
    now: Callable[[], float] = time.time
    bootstrap: Bootstrap | None = None
    loaded: Loaded | None = None
    running: Mapping[str, Any] | None = None
    link: AMIProtocol | None = None
    allowed: frozenset[str] | None = None
    queues: Mapping[str, Mapping[str, str]] | None = None
    provoked: bool | None = None
    ear: Ear = field(default_factory=Ear)

    def __post_init__(self) -> None:
        self.threads = Threads(self.reactor, "doctor", THREADS)
        self.threads.startService()

    @property
    def settings(self) -> Settings:
        """The settings in force, as far as they are known."""
        return self.loaded.settings if self.loaded is not None else Settings.of(None, self.bootstrap)

    @property
    def configuration(self) -> Configuration:
        """The configuration; an empty one while there is none."""
        return self.loaded.configuration if self.loaded is not None else Configuration()

    @property
    def options(self) -> Mapping[str, str]:
        """Settings as they are written, by name."""
        bootstrap = self.bootstrap.settings if self.bootstrap is not None else {}
        return {**bootstrap, **self.configuration.settings}

    @property
    def pbx(self) -> AMIProtocol:
        """The link, for checks that need it."""
        assert self.link is not None, "a check without `needs` has asked the PBX"
        return self.link

    def aside(self, work: Callable[[], T]) -> Deferred[T]:
        """Call something that blocks, in a thread that the end of the process does not wait for."""
        return self.threads.run(work)

    def pause(self, seconds: float) -> Deferred[None]:
        """Fires after so many seconds."""
        waited: Deferred[None] = Deferred(lambda _: call.cancel())
        call = self.reactor.callLater(seconds, waited.callback, None)
        return waited

    def spell(self, number: int, of: int, what: str) -> None:
        """Tell whoever waits how far it is."""
        self.progress(f"{what}: {number:,} of {of:,}")
