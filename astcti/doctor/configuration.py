"""Whether the bootstrap file and the configuration it leads to can be used."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from astcti.actions.registry import action_types
from astcti.config.bootstrap import Bootstrap, read_bootstrap
from astcti.config.load import Loaded, Loader
from astcti.config.settings import Settings
from astcti.doctor.case import Case
from astcti.doctor.finding import Notes, counted, some
from astcti.errors import ConfigError
from astcti.services.whereabouts import find_bootstrap

MAX_PROBLEMS = 20  # shown; of a file that is no configuration at all there may be thousands


async def examine_bootstrap(case: Case, notes: Notes) -> None:
    """The file everything else is found by."""
    try:
        path = find_bootstrap(case.config)
        bootstrap = await case.aside(partial(_read, path))
    except ConfigError as e:
        notes.fault("the bootstrap file cannot be used", *_listed(e.problems),
                    "astcti config check FILE says the same; etc/astcti.xml is a sample.")  # fmt: skip
        return
    case.bootstrap = bootstrap
    for warning in bootstrap.warnings:
        notes.warn(warning)
    notes.fine(str(bootstrap.path))


def _read(path: Path) -> Bootstrap:
    bootstrap = read_bootstrap(path)
    Settings.of(None, bootstrap)
    return bootstrap


async def examine_configuration(case: Case, notes: Notes) -> None:
    """What the server runs by."""
    assert case.bootstrap is not None
    try:
        loaded = await case.aside(partial(_load, case.bootstrap))
    except ConfigError as e:
        notes.fault("no configuration can be used: the server would not start", *_listed(e.problems),
                    f"When it is mended, ask again: astcti config check {case.bootstrap.path}")  # fmt: skip
        return
    case.loaded = loaded
    if loaded.trouble:
        notes.warn(f"only the last good configuration is there: {loaded.trouble}",
                   "The server would start with it; see what is wrong with its source.")  # fmt: skip
    warnings = loaded.warnings[bool(loaded.trouble) :]  # the first one says the same
    for warning in warnings[:MAX_PROBLEMS]:
        notes.warn(warning)
    if len(warnings) > MAX_PROBLEMS:
        notes.warn(f"... and {counted(len(warnings) - MAX_PROBLEMS, 'more warning')}",
                   "See all of them:", f"    astcti config check {case.bootstrap.path}")  # fmt: skip
    _say_what_is_missing(case, notes)
    c = loaded.configuration
    rows = (
        (len(c.operator_by_username), "operator"),
        (len(c.seat_by_id), "seat"),
        (len(c.service_by_id), "service"),
        (sum(a.enabled for a in c.actions), "action"),
    )
    notes.fine(f"{loaded.path}: {', '.join(counted(*row) for row in rows)}")


def _load(bootstrap: Bootstrap) -> Loaded:
    return Loader.of(bootstrap, action_types()).first()


def _say_what_is_missing(case: Case, notes: Notes) -> None:
    """What is valid, but can hardly be meant."""
    c = case.configuration
    for what, there in (("operator", c.operator_by_username), ("seat", c.seat_by_id), ("service", c.service_by_id)):
        if what == "service" and case.loaded is not None and case.loaded.settings.any_context_variable:
            continue  # every context is one
        if what == "seat" and case.loaded is not None and case.loaded.settings.allow_any_extension:
            continue  # clients say which phones there are
        if not there:
            notes.warn(f"there is no {what} that is enabled: nobody can work", f"Configure {what}s and enable them.")
    idle = [s.name for s in c.service_by_id.values() if not c.operators_of.get(s.id)]
    if idle and c.operator_by_username:
        notes.warn(f"nobody works on {some(sorted(idle))}: calls there pop nowhere",
                   "Give an operator the service, or disable it.")  # fmt: skip


def _listed(problems: tuple[str, ...]) -> list[str]:
    more = [f"... and {len(problems) - MAX_PROBLEMS:,} more"] if len(problems) > MAX_PROBLEMS else []
    return [*problems[:MAX_PROBLEMS], *more]
