"""Templates of URLs: values are percent-encoded, and none of them can change where the URL leads."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from urllib.parse import quote, urlsplit

from astcti.actions.template import MAX_TEMPLATE, Field, Pairs, Piece, Pieces, expand, parse, value_of
from astcti.errors import ConfigError

WEB_SCHEMES = ("http", "https")
# Never, whatever the list of allowed schemes says: their text is taken as a program after the encoding is undone.
PROGRAM_SCHEMES = frozenset({"javascript", "vbscript", "data"})

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):")
_AUTHORITY = re.compile(r"//([^/?#]*)")
_BAD_IN_AUTHORITY = re.compile(r"[\s\\<>\"^`{|}\x00-\x20\x7f-\x9f]")
_BAD_ANYWHERE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_NOT_IN_URLS = re.compile(r"[^\w!#$%&'()*+,./:;=?@\[\]~-]+", re.ASCII)
_HALF_ESCAPE = re.compile(r"%[0-9A-Fa-f]?\Z")
_DOTS = re.compile(r"(?:\.|%2e){1,2}", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class URLTemplate:
    """A URL taken apart.

    :ivar origin: scheme and authority, e.g. ``https://crm.example``; has no variable.
    :ivar path: the segments between slashes.
    :ivar rest: from the first ``?`` or ``#`` on.
    """

    origin: str
    path: tuple[Pieces, ...]
    rest: Pieces

    def expand(self, values: Mapping[str, str], codec: str) -> str:
        """The URL for one call; ``codec`` writes what is percent-encoded."""
        path = "/".join(_segment(pieces, values, codec) for pieces in self.path)
        return self.origin + path + _rest(self.rest, values, codec)


@lru_cache(maxsize=1024)
def compile_url(template: str) -> URLTemplate:
    """Take a URL template apart.

    :raises ConfigError: it is too long, or does not say by itself where it leads.
    """
    if len(template) > MAX_TEMPLATE:
        raise ConfigError(f"the URL is longer than {MAX_TEMPLATE} characters")
    return _take_apart(template)


def _take_apart(template: str) -> URLTemplate:
    template = template.strip()
    if not template:
        raise ConfigError("the URL is missing")
    if _BAD_ANYWHERE.search(template):
        raise ConfigError("the URL contains a line end or another control character")
    pieces = parse(template)
    first = pieces[0]
    if isinstance(first, Field):
        raise ConfigError(f"the URL starts with {{{first.name}}}, so a caller could choose where it leads")
    match = _SCHEME.match(first)
    if match is None:
        raise ConfigError("the URL does not begin with a scheme such as https://")
    end = _origin_end(first, match, pieces)
    for before, after in pairwise(pieces):
        if isinstance(before, str) and isinstance(after, Field) and _HALF_ESCAPE.search(before):
            raise ConfigError(f"{{{after.name}}} stands inside a percent sequence")
    return URLTemplate(first[:end], *_path_and_rest((first[end:], *pieces[1:])))


def scheme_of(template: str) -> str:
    """The scheme of a template that :func:`compile_url` accepts, in lower case."""
    return template.strip().partition(":")[0].lower()


def _origin_end(first: str, match: re.Match[str], pieces: Pieces) -> int:
    """Where scheme and authority end in the first text, once nothing about them is open any more."""
    scheme, end = match[1].lower(), match.end()
    if scheme in PROGRAM_SCHEMES:
        raise ConfigError(f"a {scheme}: URL is a program, not a page")
    authority = _AUTHORITY.match(first, end)
    if authority is None:
        if scheme in WEB_SCHEMES:
            raise ConfigError(f"the URL must begin with {scheme}:// and a host")
        if first[end:] == "/" and len(pieces) > 1:
            raise ConfigError("a variable stands where the host of the URL may stand")
        return end
    if authority.end() == len(first) and len(pieces) > 1:
        field = next(piece.name for piece in pieces if isinstance(piece, Field))
        raise ConfigError(f"{{{field}}} stands in the host of the URL, so a caller could choose where it leads")
    if not authority[1] and scheme in WEB_SCHEMES:
        raise ConfigError("the URL has no host")
    if problem := _fault_of_authority(first[: authority.end()], authority[1]):
        raise ConfigError(problem)
    return authority.end()


def _fault_of_authority(origin: str, authority: str) -> str:
    if _BAD_IN_AUTHORITY.search(authority):
        return f"{authority!r} is no host for a URL"
    try:
        parts = urlsplit(origin)
        parts.port  # noqa: B018  -- looking is what checks it
    except ValueError as e:
        return f"{authority!r} is no host for a URL ({e})"
    return "" if parts.hostname or not authority else f"{authority!r} names no host"


def _path_and_rest(pieces: Pieces) -> tuple[tuple[Pieces, ...], Pieces]:
    """Cut at the slashes and at the first ``?`` or ``#`` of the template's own text."""
    path: list[list[Piece]] = [[]]
    for index, piece in enumerate(pieces):
        if isinstance(piece, Field):
            path[-1].append(piece)
            continue
        mark = re.search(r"[?#]", piece)
        head, *more = (piece[: mark.start()] if mark else piece).split("/")
        path[-1].append(head)
        path.extend([text] for text in more)
        if mark:
            return tuple(map(tuple, path)), (piece[mark.start() :], *pieces[index + 1 :])
    return tuple(map(tuple, path)), ()


def _segment(pieces: Pieces, values: Mapping[str, str], codec: str) -> str:
    """One segment of the path. Dots alone, which mean another page, are dropped when a value brought them in."""
    text = "".join(
        _literal(piece, codec) if isinstance(piece, str) else _value(value_of(piece.name, values), codec)
        for piece in pieces
    )
    if _DOTS.fullmatch(text) and any(isinstance(piece, Field) for piece in pieces):
        return expand(pieces, {}, str)
    return text


def _rest(pieces: Pieces, values: Mapping[str, str], codec: str) -> str:
    """Query and fragment. Pairs that fill the room of whole parameters become parameters."""
    done: list[str] = []
    for index, piece in enumerate(pieces):
        if isinstance(piece, str):
            done.append(_literal(piece, codec))
            continue
        value = value_of(piece.name, values)
        if isinstance(value, Pairs) and _fills_a_parameter(pieces, index):
            done.append("&".join(f"{_value(key, codec)}={_value(text, codec)}" for key, text in value.pairs))
        else:
            done.append(_value(value, codec))
    return "".join(done)


def _fills_a_parameter(pieces: Pieces, index: int) -> bool:
    before, after = pieces[index - 1], pieces[index + 1] if index + 1 < len(pieces) else "&"
    return isinstance(before, str) and before[-1] in "?&" and isinstance(after, str) and after[0] in "&#"


@lru_cache(maxsize=4096)  # of a configuration's text, not of callers': the same for every call
def _literal(text: str, codec: str) -> str:
    return _NOT_IN_URLS.sub(lambda match: _value(match[0], codec), text)


def _value(text: str, codec: str) -> str:
    if codec == "utf-8" and text.isalnum() and text.isascii():
        return text  # nearly every number and every digit keyed in
    return quote(text.encode(codec, "replace"), safe="")


def fault_of_url(url: str, schemes: Sequence[str] = WEB_SCHEMES) -> str:
    """What forbids opening a finished URL: a sentence, or nothing. Who opens it asks again, wherever it came from."""
    if _BAD_ANYWHERE.search(url) or " " in url:
        return "the URL contains a blank or a control character"
    match = _SCHEME.match(url)
    if match is None:
        return "the URL has no scheme"
    if (scheme := match[1].lower()) not in schemes or scheme in PROGRAM_SCHEMES:
        return f"{scheme}: URLs are not opened here"
    try:
        _take_apart(url.replace("{", "{{").replace("}", "}}"))
    except ConfigError as e:
        return str(e)
    return ""
