"""SIP messages: as much of RFC 3261 as a telephone on loopback needs."""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Iterable

SHORT_FORMS = {
    "v": "via", "f": "from", "t": "to", "i": "call-id", "m": "contact", "l": "content-length", "c": "content-type",
    "r": "refer-to",
}  # fmt: skip
Headers = Iterable[tuple[str, str]]


def token() -> str:
    """Something unique enough for a tag, a branch or a Call-ID."""
    return secrets.token_hex(8)


class Message:
    """A request or a response, as received."""

    def __init__(self, data: bytes) -> None:
        head, _, self.body = data.partition(b"\r\n\r\n")
        first, *lines = re.sub(r"\r\n[ \t]+", " ", head.decode("utf-8", "replace")).split("\r\n")
        pairs = (line.partition(":") for line in lines)
        self.headers = [(name.strip(), value.strip()) for name, _, value in pairs]
        self.status = int(first.split()[1]) if first.startswith("SIP/2.0") else 0
        self.method = self.get("CSeq").split()[1] if self.status else first.split()[0]
        self.number = int(self.get("CSeq").split()[0])

    def all(self, name: str) -> list[str]:
        """Every value of a header."""
        wanted = name.lower()
        return [v for k, v in self.headers if SHORT_FORMS.get(k.lower(), k.lower()) == wanted]

    def get(self, name: str) -> str:
        """The first value of a header, or nothing."""
        return next(iter(self.all(name)), "")


def format_message(first: str, headers: Headers, body: bytes = b"") -> bytes:
    """A message as bytes, with its ``Content-Length``."""
    lines = [first, *(f"{name}: {value}" for name, value in headers), f"Content-Length: {len(body)}"]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def tag_of(value: str) -> str:
    """The tag of a ``From`` or ``To``."""
    found = re.search(r";\s*tag=([^;>\s]+)", value)
    return found[1] if found else ""


def without_tag(value: str) -> str:
    """A ``From`` or ``To`` without its tag."""
    return re.sub(r";\s*tag=[^;]+", "", value)


def uri_of(value: str) -> str:
    """The address in a ``Contact``, ``From`` or ``To``."""
    found = re.search("<([^>]+)>", value)
    return found[1] if found else value.partition(";")[0].strip()


def sdp(host: str, port: int, direction: str, version: int) -> bytes:
    """An offer or an answer: G.711, both laws."""
    return (
        f"v=0\r\no=- 1 {version} IN IP4 {host}\r\ns=-\r\nc=IN IP4 {host}\r\nt=0 0\r\nm=audio {port} RTP/AVP 0 8\r\n"
        f"a=rtpmap:0 PCMU/8000\r\na=rtpmap:8 PCMA/8000\r\na={direction}\r\n"
    ).encode()


def audio_port(body: bytes) -> int:
    """Where the other side wants its audio, 0 when it says nothing."""
    found = re.search(rb"m=audio (\d+)", body)
    return int(found[1]) if found else 0


def authorization(challenge: str, method: str, uri: str, user: str, password: str) -> str:
    """The answer to a digest ``challenge`` (RFC 2617, MD5, with or without ``qop=auth``)."""

    def parameter(name: str) -> str:
        found = re.search(rf'{name}="?([^",]+)"?', challenge)
        return found[1] if found else ""

    def md5(text: str) -> str:
        return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()

    realm, nonce = parameter("realm"), parameter("nonce")
    secret, what = md5(f"{user}:{realm}:{password}"), md5(f"{method}:{uri}")
    answer = f'Digest username="{user}", realm="{realm}", nonce="{nonce}", uri="{uri}", algorithm=MD5'
    if "auth" in parameter("qop"):
        cnonce = token()
        response = md5(f"{secret}:{nonce}:00000001:{cnonce}:auth:{what}")
        answer += f', qop=auth, nc=00000001, cnonce="{cnonce}"'
    else:
        response = md5(f"{secret}:{nonce}:{what}")
    if opaque := parameter("opaque"):
        answer += f', opaque="{opaque}"'
    return answer + f', response="{response}"'
