"""Where everything meets: options, and the one function that puts the service tree together."""

from __future__ import annotations

import atexit
import os
import secrets
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar

from twisted.internet.interfaces import IReactorTime
from twisted.python import usage
from twisted.python.failure import Failure

from astcti import __version__
from astcti.actions.registry import action_types
from astcti.authentication.registry import authentication_sources
from astcti.client.printable import printable_lines
from astcti.config.bootstrap import Bootstrap, read_bootstrap
from astcti.config.load import Loaded, Loader
from astcti.config.model import Configuration
from astcti.config.plan import plan_of
from astcti.config.settings import Settings
from astcti.config.watcher import ConfigurationWatcher
from astcti.config.watcher.threads import Threads
from astcti.errors import UserError
from astcti.model.calls import Tracker
from astcti.model.roster import Roster
from astcti.protocols.transport import ServerFactory
from astcti.services.accounts import Accounts
from astcti.services.asking import Asking
from astcti.services.briefing import Briefing
from astcti.services.certificates import Certificates
from astcti.services.changeover import Changeover, check_connections
from astcti.services.commands import ControlCommands
from astcti.services.control import ControlService, is_answered
from astcti.services.counters import Counters
from astcti.services.delivery import SCHEMA as DELIVERY_SCHEMA
from astcti.services.delivery import Ledger, Ordering
from astcti.services.desk import Desk
from astcti.services.door import Door, protocol_settings
from astcti.services.duty import Duty
from astcti.services.following import Follower
from astcti.services.hangup import HangupSignal
from astcti.services.hashpool import HashPool
from astcti.services.journal import SCHEMA, Journal
from astcti.services.link import LinkService
from astcti.services.logs import Logs
from astcti.services.membership import Membership
from astcti.services.memory import Memory
from astcti.services.monitoring import Monitoring
from astcti.services.originating import Originating, Telecommuting
from astcti.services.overview import Overview
from astcti.services.pausing import JournalRecords, Pausing
from astcti.services.pbx import MakePbx, pbx_maker
from astcti.services.phonestates import phone_state
from astcti.services.recovering import Recovering
from astcti.services.renewing import Renewal
from astcti.services.server import Server, Start, StartFailed
from astcti.services.serveractions import ServerActions
from astcti.services.slicing import Slices
from astcti.services.sources import MAX_WAITING, THREADS, Place, Sources
from astcti.services.statefolder import StateFolder, check_unoccupied
from astcti.services.status import StatusBoard
from astcti.services.store import Store
from astcti.services.supervision import Supervision
from astcti.services.sweeping import Sweep
from astcti.services.switching import Switching
from astcti.services.systemd import Systemd
from astcti.services.texting import Texting
from astcti.services.tickets import TicketOffice, key_of
from astcti.services.whereabouts import find_bootstrap

WRITERS = 2  # threads in which changed credentials are stored; a data base has a connection for each


@dataclass(frozen=True, slots=True)
class Prepared:
    """What a server begins with, read and found good."""

    bootstrap: Bootstrap
    loader: Loader
    loaded: Loaded


def prepare(config: str | None, *, only_read: bool = False) -> Prepared:
    """Read the bootstrap file and the configuration it leads to.

    :param only_read: whether no server is to begin, so that one may be running.
    :raises ConfigError: one of them cannot be used; the text says why.
    :raises UserError: another server runs by this bootstrap file, or in the same state directory.
    """
    bootstrap = read_bootstrap(find_bootstrap(config))
    loader = Loader.of(bootstrap, action_types())
    loaded = loader.first()
    check_connections(loaded.settings)
    if only_read:
        return Prepared(bootstrap, loader, loaded)
    if is_answered(bootstrap.ctiserver.control):
        raise UserError(f"another astcti runs already: {bootstrap.ctiserver.control} is answered")
    check_unoccupied(bootstrap.ctiserver.state)
    return Prepared(bootstrap, loader, loaded)


def logs_of(bootstrap: Bootstrap, *, json_lines: bool = False) -> Logs:
    """The log files a bootstrap file describes."""
    logging = bootstrap.logging
    return Logs(logging.directory, level=logging.level, rotate=logging.rotate, keep=logging.keep, json_lines=json_lines)


def duties_of(
    clock: IReactorTime, slices: Slices, asking: Asking, journal: Journal, follower: Follower
) -> Sequence[Duty]:
    """Everything that is done for those who work, in the order in which it hears of what happens."""
    pausing = Pausing(clock, asking, follower.roster, follower.tracker, JournalRecords(journal))
    membership = pausing.queues = Membership(
        clock, asking, follower.roster, journal,
        callers=follower.callers, learn=follower.learn,
        stance=pausing.entering, away=pausing.away, stuck=pausing.stuck, slices=slices,
    )  # fmt: skip
    return (
        membership,
        pausing,
        Originating(clock, asking, follower),
        Telecommuting(clock),
    )


def watching(reactor: Any, bootstrap: Bootstrap, server: Server, watcher: ConfigurationWatcher | None) -> Iterator[Any]:
    """Those who look on: at the configuration, and for whoever supervises the server."""
    systemd = Systemd(reactor, server.ready, server.board.sentence)
    server.on_stopping = systemd.stopping
    if watcher is not None:
        yield watcher
        yield HangupSignal(reactor, partial(systemd.reloading, watcher.reload))
    if bootstrap.ctiserver.metrics is not None:
        yield Monitoring(reactor, bootstrap.ctiserver.metrics, server.board.status)
    yield systemd


def build_tree(
    reactor: Any,
    bootstrap: Bootstrap,
    configuration: Configuration,
    *,
    loader: Loader | None = None,
    loaded: Loaded | None = None,
    logs: Logs | None = None,
    control: bool = True,
    make_pbx: MakePbx | None = None,
) -> Server:
    """Put the server together. Nothing is opened before it is started.

    :param loader: with it (and what it ``loaded``) the configuration is watched and replaced while the server runs,
        and operators can change their passwords.
    :param control: whether ``astcti ctl`` can reach it.
    :param make_pbx: makes the link to the PBX, for tests.
    """
    settings = Settings.of(configuration, bootstrap)
    start = Start()
    counters = Counters()
    tracker = Tracker(plan_of(configuration, settings.any_context_variable))
    roster = Roster()
    slices = Slices(reactor)
    hashing = HashPool(reactor)
    actions = ServerActions(reactor, counters)
    office = TicketOffice(partial(key_of, bootstrap.ctiserver.state / "tickets.key"))
    keeping = Threads(reactor, "credentials", WRITERS)
    accounts = Accounts(
        reactor, hashing, configuration,
        key=secrets.token_bytes(32), store=loader.credentials if loader else None, upgrade=settings.upgrade_hashes,
        salts=office.salts, keeping=keeping,
    )  # fmt: skip
    asking_sources = Threads(reactor, "authentication", THREADS, MAX_WAITING)
    place = Place(reactor, asking_sources, accounts.check_digest, settings)
    accounts.sources = Sources(authentication_sources(), place, bootstrap.settings)
    accounts.sources.configure(settings, configuration.settings)
    desk = Desk(
        reactor, configuration, settings, accounts,
        listening=tracker, membership=roster, start=actions.start, counters=counters,
        office=office, slices=slices,
    )  # fmt: skip
    factory = ServerFactory(reactor, desk, protocol_settings(settings))
    door = Door(reactor, factory, settings, opened=start.succeeded, failed=start.failed)
    asking = Asking()
    store = Store(reactor, bootstrap.ctiserver.state / "journal.sqlite", SCHEMA)
    journal = Journal(store, reactor.seconds)
    follower = Follower(reactor, tracker, roster, desk)
    outcomes = Store(reactor, bootstrap.ctiserver.state / "actions.sqlite", DELIVERY_SCHEMA)
    outcomes.name = "store of actions"
    ledger = Ledger(reactor, outcomes, journal)
    actions.wanted, actions.on_begun, actions.on_ended = ledger.wanted, ledger.performing, ledger.performed
    duties, texting = duties_of(reactor, slices, asking, journal, follower), Texting(reactor)
    recovering = Recovering(reactor, journal, follower)
    desk.employ(*duties, recovering, ledger, texting, Briefing(reactor, phone_state(roster, tracker), slices))
    link = LinkService(
        reactor, make_pbx or pbx_maker(reactor), follower, desk, settings,
        open_door=door.open, close_door=door.close, asking=asking, gave_up=start.gave_up,
    )  # fmt: skip
    factory.on_breath = link.read_now
    changeover = Changeover(configuration, settings, desk=desk, link=link, door=door)
    watcher = None
    if loader is not None and loaded is not None:
        watcher = ConfigurationWatcher(reactor, loader, loaded, changeover.apply, prepare=changeover.prepare)
    board = StatusBoard(
        reactor, desk=desk, link=link, door=door, factory=factory, changeover=changeover, watcher=watcher,
        stores=(store, outcomes), ledger=ledger,
    )  # fmt: skip
    server = Server(
        reactor, start, desk=desk, link=link, door=door, factory=factory, changeover=changeover, board=board,
        warnings=(*bootstrap.warnings, *(loaded.warnings if loaded else ())),
    )  # fmt: skip
    memory = Memory(reactor, lambda: factory.clients)
    start.settle = memory.settle
    parts: list[Any] = [*([logs] if logs is not None else []), StateFolder(bootstrap.ctiserver.state)]
    if control:
        pausing = next(duty for duty in duties if isinstance(duty, Pausing))
        table = {
            **ControlCommands(reactor, board, link, accounts.lockout, watcher).table(),
            **Overview(reactor, desk, follower, pausing).table(),
            **Supervision(desk, pausing, texting, logs).table(),
            **Ordering(reactor, desk, ledger, actions.start, lambda: tracker.legs).table(),
        }
        parts.append(ControlService(reactor, bootstrap.ctiserver.control, table))
    parts += [
        asking_sources,
        keeping,
        store,
        journal,
        recovering,
        outcomes,
        ledger,
        memory,
        Switching(),
        hashing,
        actions,
        door,
        link,
        Sweep(reactor, link),
    ]
    parts.append(Certificates(reactor, lambda: changeover.settings, door.renew))
    parts.append(Renewal(reactor, desk.resuming.renew))
    parts += watching(reactor, bootstrap, server, watcher)
    for part in parts:
        part.setServiceParent(server)
    return server


class Options(usage.Options):
    """Options of ``twistd astcti``."""

    synopsis = "[--config FILE]"
    longdesc = (
        "The CTI server. It logs in to the PBX's manager interface and then lets clients in. SIGHUP has it look for "
        "another configuration, SIGTERM ends it; astcti ctl status shows how it is."
    )
    optParameters: ClassVar = [
        ["config", "c", None, "the bootstrap file (default: $ASTCTI_CONFIG, etc/astcti.xml, /etc/astcti/astcti.xml)"]
    ]
    optFlags: ClassVar = [
        ["check", None, "only say whether the configuration can be used"],
        ["json-log", None, "write the log as one JSON object a line"],
    ]

    def opt_version(self) -> None:
        """Say which version this is, and exit."""
        sys.stdout.write(f"astcti {__version__}\n")
        raise SystemExit(0)

    def postOptions(self) -> None:
        """Read the configuration, so that whatever is wrong with it is said before anything begins."""
        try:
            self.prepared = prepare(self["config"], only_read=bool(self["check"]))
        except UserError as e:
            # Without the page of usage that UsageError would put before it.
            sys.stderr.write(f"astcti: {printable_lines(str(e))}\n")
            raise SystemExit(1) from e
        for warning in (*self.prepared.bootstrap.warnings, *self.prepared.loaded.warnings):
            sys.stderr.write(f"warning: {printable_lines(warning)}\n")
        if self["check"]:
            sys.stdout.write(f"{self.prepared.loaded.path} can be used\n")
            raise SystemExit(0)


def makeService(options: Options) -> Server:
    """The server, for ``twistd``."""
    from twisted.internet import reactor

    prepared = options.prepared
    server = build_tree(
        reactor, prepared.bootstrap, prepared.loaded.configuration,
        loader=prepared.loader, loaded=prepared.loaded,
        logs=logs_of(prepared.bootstrap, json_lines=bool(options["json-log"])),
    )  # fmt: skip

    def end(failure: Failure) -> None:
        """The server could not begin: end the process with an exit code that says so."""
        code = failure.value.code if isinstance(failure.value, StartFailed) else 1
        if sys.__stderr__ is not None:  # twistd has replaced the other one
            sys.__stderr__.write(f"astcti: {printable_lines(failure.getErrorMessage())}\n")
            sys.__stderr__.flush()
        # twistd has no way to be told an exit code; by the time of this handler it has tidied up.
        atexit.register(os._exit, code)
        reactor.callWhenRunning(reactor.stop)

    server.ready.addErrback(end)
    return server


__all__ = ["Options", "Prepared", "build_tree", "logs_of", "makeService", "prepare"]
