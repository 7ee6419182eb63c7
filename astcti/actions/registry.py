"""Which kinds of action there are: one table, built once from the plug-ins."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache, partial
from types import ModuleType
from typing import Any, cast

from twisted.logger import Logger
from twisted.plugin import getPlugins
from zope.interface.exceptions import Invalid
from zope.interface.verify import verifyObject

from astcti.config.settings import Settings
from astcti.config.spellings import PLACES, normal_action_type
from astcti.errors import ConfigError
from astcti.interfaces import IAction, IAdjustable

_TYPE_NAME = re.compile(r"[A-Z][A-Z0-9_]{0,63}")  # what fits the column ACTION_TYPE
_log = Logger()


class ActionTypes(Mapping[str, IAction]):
    """Type name to plug-in, sorted; asked for one, it accepts the other spellings of a configuration too."""

    def __init__(self, plugins: Iterable[IAction]) -> None:
        """Make the table.

        :raises ConfigError: two plug-ins have one type name.
        """
        self._plugins: dict[str, IAction] = {}
        for plugin in sorted(plugins, key=lambda p: p.type_name):
            twin = self._plugins.setdefault(plugin.type_name, plugin)
            if twin is not plugin:
                raise ConfigError(
                    f"two plug-ins call their action {plugin.type_name}: {_described(twin)} and {_described(plugin)}"
                )

    def __getitem__(self, name: str) -> IAction:
        return self._plugins[normal_action_type(name)]

    def __iter__(self) -> Iterator[str]:
        return iter(self._plugins)

    def __len__(self) -> int:
        return len(self._plugins)

    def adjusted(self, settings: Settings) -> ActionTypes:
        """The same, as these settings want them; a plug-in that fails at that stays as it is."""
        return ActionTypes(map(partial(_adjusted, settings), self._plugins.values()))

    def __repr__(self) -> str:
        return f"<ActionTypes {' '.join(self)}>"


@cache
def action_types() -> ActionTypes:
    """Every kind of action installed here.

    :raises ConfigError: two plug-ins have one type name.
    """
    import astcti.actions

    return ActionTypes(load(astcti.actions))


def load(package: ModuleType) -> list[IAction]:
    """The plug-ins of a package that keep their promises; each other one is reported and skipped."""
    found = []
    for plugin in getPlugins(IAction, package):
        if fault := _fault_of(plugin):
            _log.error("action plug-in {plugin} is not used: {fault}", plugin=_described(plugin), fault=fault)
        else:
            found.append(plugin)
    return found


def _adjusted(settings: Settings, plugin: IAction) -> IAction:
    if not IAdjustable.providedBy(plugin):
        return plugin
    try:
        found: IAction = cast(Any, plugin).adjusted(settings)
        if _fault_of(found) or found.type_name != plugin.type_name:
            raise TypeError(f"{_described(found)} is not the same kind of action")
        return found
    except Exception:
        _log.failure("action plug-in {plugin} does not go by the settings", plugin=_described(plugin))
        return plugin


def _fault_of(plugin: IAction) -> str:
    try:
        verifyObject(IAction, plugin)
    except Invalid as e:
        return " ".join(str(e).split())
    if not isinstance(plugin.type_name, str) or not _TYPE_NAME.fullmatch(plugin.type_name):
        return f"{plugin.type_name!r} is no name for a type: capitals, digits and underscores"
    if normal_action_type(plugin.type_name) != plugin.type_name:
        return f"{plugin.type_name} is another spelling of {normal_action_type(plugin.type_name)}"
    if not plugin.places or not set(plugin.places) <= set(PLACES):
        return f"its places are {sorted(plugin.places)}, which are not among {', '.join(PLACES)}"
    return ""


def _described(plugin: IAction) -> str:
    return f"{type(plugin).__module__}.{type(plugin).__qualname__}"
