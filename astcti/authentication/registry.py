"""Which sources of authentication there are: one table, built once from the plug-ins."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cache
from types import MappingProxyType, ModuleType

from twisted.logger import Logger
from twisted.plugin import getPlugins
from zope.interface.exceptions import Invalid
from zope.interface.verify import verifyObject

from astcti.interfaces import IAuthenticationSource

_NAME = re.compile(r"[a-z][a-z0-9]{0,31}")
_OPTION = re.compile(r"auth_[a-z0-9_]{1,60}")
_log = Logger()


@cache
def authentication_sources() -> Mapping[str, IAuthenticationSource]:
    """Every source installed here, by name."""
    import astcti.authentication

    return table_of(load(astcti.authentication))


def table_of(sources: Iterable[IAuthenticationSource]) -> Mapping[str, IAuthenticationSource]:
    """Sources by name. Of two with one name neither is used: which one decides must not be left to chance."""
    found: dict[str, IAuthenticationSource] = {}
    twice = set()
    for source in sources:
        if found.setdefault(source.name, source) is not source:
            twice.add(source.name)
            _log.error(
                "authentication plug-ins {one} and {other} are both called {name}: neither is used",
                one=_described(found[source.name]), other=_described(source), name=source.name,
            )  # fmt: skip
    return MappingProxyType({name: source for name, source in sorted(found.items()) if name not in twice})


def load(package: ModuleType) -> list[IAuthenticationSource]:
    """The plug-ins of a package that keep their promises; each other one is reported and skipped."""
    found = []
    for plugin in getPlugins(IAuthenticationSource, package):
        if fault := _fault_of(plugin):
            _log.error("authentication plug-in {plugin} is not used: {fault}", plugin=_described(plugin), fault=fault)
        else:
            found.append(plugin)
    return found


def _fault_of(plugin: IAuthenticationSource) -> str:
    try:
        verifyObject(IAuthenticationSource, plugin)
    except Invalid as e:
        return " ".join(str(e).split())
    if not isinstance(plugin.name, str) or not _NAME.fullmatch(plugin.name):
        return f"{plugin.name!r} is no name for a source: lower-case letters and digits"
    if unfit := sorted(str(name) for name in plugin.option_names if not _OPTION.fullmatch(str(name))):
        return f"its settings have to begin with auth_: {', '.join(unfit)}"
    return ""


def _described(plugin: IAuthenticationSource) -> str:
    return f"{type(plugin).__module__}.{type(plugin).__qualname__}"
