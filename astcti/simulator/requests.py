"""What a manager client sends, line by line: bytes in, requests out."""

from __future__ import annotations

from dataclasses import dataclass, field

MAX_LINE = 1024  # the size of Asterisk's own buffer
MAX_HEADERS = 128  # further ones it drops


@dataclass(slots=True)
class Request:
    """One action and its headers, in order.

    :ivar too_long: a line was longer than the PBX takes: nothing may be done.
    """

    headers: list[tuple[str, str]] = field(default_factory=list)
    too_long: bool = False

    def get(self, name: str) -> str:
        """The first value of a header, whatever the case of its name; empty without one."""
        wanted = name.lower()
        return next((value for header, value in self.headers if header.lower() == wanted), "")

    @property
    def variables(self) -> tuple[tuple[str, str], ...]:
        """Names and values of all ``Variable`` headers, several in one separated by commas."""
        found = []
        for header, text in self.headers:
            if header.lower() == "variable":
                for part in text.split(","):
                    name, _, value = part.partition("=")
                    found.append((name, value))
        return tuple(found)


class RequestReader:
    """Collects lines until an empty one."""

    def __init__(self) -> None:
        self._rest = b""
        self._skipping = False
        self._request = Request()

    def feed(self, data: bytes) -> list[Request]:
        """Take what came; give the requests that are complete now."""
        done: list[Request] = []
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            if self._skipping or len(line) > MAX_LINE:
                self._request.too_long, self._skipping = True, False
            elif stripped := line.rstrip(b"\r"):
                self._header(stripped)
            elif self._request.headers or self._request.too_long:
                done.append(self._request)
                self._request = Request()
        if len(self._rest) > MAX_LINE:
            self._rest, self._skipping = b"", True
        return done

    def _header(self, line: bytes) -> None:
        if len(self._request.headers) < MAX_HEADERS:
            name, _, value = line.decode("utf-8", "surrogateescape").partition(":")
            self._request.headers.append((name, value.lstrip(" \t")))
