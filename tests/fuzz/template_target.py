"""Any template filled in with anything: it is refused, or the value stays a value."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlsplit

from astcti.actions.arguments import compile_arguments, expand_arguments, shown
from astcti.actions.messages import compile_message, expand_message
from astcti.actions.template import Pairs, names_in, parse
from astcti.actions.urls import compile_url, fault_of_url, scheme_of
from astcti.errors import ConfigError

CODECS = ("utf-8", "cp1252", "utf-16", "iso2022_jp", "gb18030", "shift_jis")
SYSTEMS = ("ALL", "WINDOWS")


def templates(data: bytes) -> None:
    """One byte says where values land and how; then a template, a zero byte, and a value for every name in it."""
    if not data:
        return
    template, _, value = data[1:].decode("utf-8", "surrogateescape").partition("\0")
    parse(template, escapes=True)
    names = names_in(template)
    land = (_url, _arguments, _message)[data[0] % 3]

    def values(text: str) -> dict[str, str]:
        return dict.fromkeys(names, text) | {"APPDATA": Pairs({"k": text})}

    try:
        land(template, data[0] // 3, values, value)
    except ConfigError as e:
        assert e.problems and all(e.problems)


Values = Callable[[str], dict[str, str]]


def _url(template: str, choice: int, values: Values, value: str) -> None:
    compiled, codec = compile_url(template), CODECS[choice % len(CODECS)]
    tame, wild = (compiled.expand(values(text), codec) for text in ("x", value))
    one, other = urlsplit(tame), urlsplit(wild)
    assert (one.scheme, one.netloc, one.port) == (other.scheme, other.netloc, other.port), (tame, wild)
    assert one.path.count("/") == other.path.count("/"), (tame, wild)
    assert one.query.count("&") == other.query.count("&"), (tame, wild)
    assert fault_of_url(tame, (scheme_of(template),)) == fault_of_url(wild, (scheme_of(template),)), (tame, wild)


def _arguments(template: str, choice: int, values: Values, value: str) -> None:
    system = SYSTEMS[choice % len(SYSTEMS)]
    compiled = compile_arguments(template, system)
    tame, wild = (expand_arguments(compiled, values(text), system) for text in ("x", value))
    assert len(tame) == len(wild) == len(compiled)
    for one, other in zip(tame, wild, strict=True):
        assert one.startswith("-") == other.startswith("-"), (one, other)
        assert len(other.splitlines()) <= len(one.splitlines()), (one, other)
        assert "\0" not in other
    shown(wild, system)


def _message(template: str, choice: int, values: Values, value: str) -> None:
    compiled, codec = compile_message(template), CODECS[choice % len(CODECS)]
    tame, wild = (expand_message(compiled, values(text)) for text in ("x", value))
    assert len(wild.splitlines()) <= len(tame.splitlines()), (tame, wild)
    wild.encode(codec, "replace")
