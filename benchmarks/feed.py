"""A fake PBX for load: any number of calls at once, each as a real one was recorded, with agents of our choice.

The recorded call: a caller reaches a service, keys in digits, two phones ring, the first answers, the caller hangs up.
"""

from __future__ import annotations

import re
import socket
from functools import cache

from benchmarks.traffic import RECORDINGS

RECORDING = RECORDINGS / "22" / "service-answered.ami"
BANNER = b"Asterisk Call Manager/11.0.0\r\n"
_BLANK_LINE = b"\r\n\r\n"
_ACTION = re.compile(rb"^action:\s*(\S+)", re.I | re.M)
_ACTION_ID = re.compile(rb"^actionid:\s*(\S+)", re.I | re.M)
_LEFT_OUT = (b"TestEvent", b"FullyBooted", b"SuccessfulAuth")
_LISTS = {b"coreshowchannels": b"CoreShowChannels", b"bridgelist": b"BridgeList", b"queuestatus": b"QueueStatus"}
#: What differs from call to call, in the order in which it is looked for; the caller's number contains the digits.
_TOKENS = re.compile(
    rb"(?P<caller>3331234567)|(?P<digits>(?<=[=: ])12345\b)|(?P<trunk>PJSIP/trunk-00000000)"
    rb"|(?P<first>PJSIP/201-00000001)|(?P<second>PJSIP/202-00000002)|(?P<id>1795246451\.)"
    rb"|(?P<bridge>(?<=BridgeUniqueid: )[-0-9a-f]+)"
)


@cache
def parts() -> tuple[tuple[bytes, ...], ...]:
    """The call in five parts, each cut into texts and names of what goes between; see :func:`call`."""
    said = RECORDING.read_bytes().partition(b"\r\n")[2]
    events = [m + _BLANK_LINE for m in said.split(_BLANK_LINE) if m.startswith(b"Event: ")]
    events = [event for event in events if not event[7:].startswith(_LEFT_OUT)]
    enters = [i for i, event in enumerate(events) if event.startswith(b"Event: BridgeEnter")]
    answer = enters[1]
    end = next(i for i, event in enumerate(events) if i > answer and event.startswith(b"Event: BridgeLeave"))
    rung = max(i for i, e in enumerate(events[:answer]) if e.startswith(b"Event: Newstate") and b"5\r\n" in e) + 1
    return tuple(
        _cut(b"".join(events[a:b]))
        for a, b in ((0, rung), (rung, answer), (answer, answer + 1), (answer + 1, end), (end, None))
    )


def _cut(text: bytes) -> tuple[bytes, ...]:
    pieces, at = [], 0
    for match in _TOKENS.finditer(text):
        pieces += [text[at : match.start()], (match.lastgroup or "").encode()]
        at = match.end()
    return (*pieces, text[at:])


def events_per_call() -> int:
    """How many events one call is."""
    return sum(b"".join(part).count(_BLANK_LINE) for part in parts())


def call(number: int, first: bytes, second: bytes, digits: int = 0) -> list[bytes]:
    """The bytes of a call, in five parts: until it rings, what an answer begins with, the event that says they are
    connected, what follows, and the end.

    :param number: of the call; its digits are what the caller keys in.
    :param first: the interface of the phone that answers; ``second`` that of the other one that rings.
    :param digits: so many are keyed in at least, with zeros before the number.
    """
    values = {
        b"caller": b"0%09d" % number, b"digits": b"%0*d" % (digits, number), b"trunk": b"PJSIP/trunk-%08x" % number,
        b"first": b"%s-%08x" % (first, number), b"second": b"%s-%08x" % (second, number), b"id": b"%d." % number,
        b"bridge": b"b%d" % number,
    }  # fmt: skip
    made = []
    for part in parts():
        pieces = list(part)
        pieces[1::2] = [values[name] for name in part[1::2]]
        made.append(b"".join(pieces))
    return made


def answer(received: bytes) -> tuple[bytes, bytes]:
    """What the PBX answers to what a manager client sent, and the bytes that are no whole action yet."""
    said = []
    while _BLANK_LINE in received:
        action, _, received = received.partition(_BLANK_LINE)
        name_found, id_found = _ACTION.search(action), _ACTION_ID.search(action)
        assert name_found and id_found, action
        name, action_id = name_found[1].lower(), id_found[1]
        extra = b"EventList: start\r\n" if name in _LISTS else b"Challenge: 1\r\n" if name == b"challenge" else b""
        said.append(b"Response: Success\r\nActionID: %s\r\n%s\r\n" % (action_id, extra))
        if name in _LISTS:
            said.append(b"Event: %sComplete\r\nActionID: %s\r\n\r\n" % (_LISTS[name], action_id))
        if name == b"login":
            said.append(b"Event: FullyBooted\r\nPrivilege: system,all\r\nStatus: Fully Booted\r\n\r\n")
    return b"".join(said), received


class Link:
    """The one manager link: what cannot be sent at once waits."""

    def __init__(self, link: socket.socket) -> None:
        link.setblocking(False)
        link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket = link
        self.waiting = b""
        self.late = 0
        self._received = b""

    def read(self) -> None:
        """Answer what the server asks."""
        data = self.socket.recv(65536)
        if not data:
            raise ConnectionError("the server closed its link to the PBX")
        said, self._received = answer(self._received + data)
        self.write(said)

    def write(self, data: bytes) -> None:
        """Send, or keep what the server does not take yet."""
        if self.waiting:
            self.late += 1
            self.waiting += data
            self.flush()
            return
        self.waiting = data
        self.flush()

    def flush(self) -> None:
        """Send what waits."""
        try:
            self.waiting = self.waiting[self.socket.send(self.waiting) :]
        except BlockingIOError:
            pass
