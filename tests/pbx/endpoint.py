"""The wire side of a simulated telephone: datagrams in, datagrams out, by the rules of SIP."""

from __future__ import annotations

from abc import abstractmethod

from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.protocol import DatagramProtocol

from tests.pbx import sip
from tests.pbx.call import ALLOW, Call
from tests.pbx.waiting import sleep

PBX_HOST = "127.0.0.1"
JUST_ANSWERED_OK = ("NOTIFY", "OPTIONS", "INFO", "MESSAGE", "UPDATE")


class Sink(DatagramProtocol):
    """Where audio arrives, and is not listened to."""


class Endpoint(DatagramProtocol):
    """One address of the loopback interface that speaks SIP with the PBX.

    :ivar calls: by Call-ID, every call since :meth:`forget`.
    """

    def __init__(self, user: str, pbx_port: int, host: str, port: int) -> None:
        self.user, self.host, self.port = user, host, port
        self.clock = reactor
        self.pbx = (PBX_HOST, pbx_port)
        self.calls: dict[str, Call] = {}
        self.audio = Sink()

    def listen(self) -> None:
        """Take a port (the one asked for, or any), and one for audio."""
        self.port = reactor.listenUDP(self.port, self, interface=self.host).getHost().port  # type: ignore[attr-defined]
        reactor.listenUDP(0, self.audio, interface=self.host)  # type: ignore[attr-defined]

    async def close(self) -> None:
        """Unplug it."""
        await self.transport.stopListening()
        await self.audio.transport.stopListening()

    @property
    def audio_port(self) -> int:
        """Where it hears."""
        return int(self.audio.transport.getHost().port)

    @property
    def contact(self) -> str:
        """Where it can be reached."""
        return f"<sip:{self.user}@{self.host}:{self.port}>"

    def uri(self, extension: str) -> str:
        """An extension of the PBX."""
        return f"sip:{extension}@{self.pbx[0]}:{self.pbx[1]}"

    def send(self, data: bytes) -> None:
        """One datagram to the PBX."""
        self.transport.write(data, self.pbx)

    def reply(
        self, message: sip.Message, status: int, reason: str, call: Call | None = None, *, body: bytes = b"",
        headers: sip.Headers = (),
    ) -> None:  # fmt: skip
        """Answer a request."""
        to = message.get("To")
        if call is not None and not sip.tag_of(to) and status > 100:
            to += f";tag={call.local_tag}"
        extra = list(headers)
        lines = [
            *(("Via", v) for v in message.all("Via")),
            *(("Record-Route", v) for v in message.all("Record-Route")),
            ("From", message.get("From")),
            ("To", to),
            ("Call-ID", message.get("Call-ID")),
            ("CSeq", message.get("CSeq")),
            ("Allow", ALLOW),
            *(extra if any(name == "Contact" for name, _ in extra) else [("Contact", self.contact), *extra]),
        ]
        if body:
            lines.append(("Content-Type", "application/sdp"))
        self.send(sip.format_message(f"SIP/2.0 {status} {reason}", lines, body))

    @abstractmethod
    def rings(self, call: Call) -> None:
        """A new call came in."""

    # -- what comes in

    def datagramReceived(self, datagram: bytes, addr: object) -> None:
        if not datagram.strip():
            return
        message = sip.Message(datagram)
        call = self.calls.get(message.get("Call-ID"))
        if not message.status:
            self._requested(message, call)
        elif call is not None and message.status >= 180:
            self._answered(message, call)

    def _requested(self, message: sip.Message, call: Call | None) -> None:
        if message.method == "INVITE":
            self._invited(message, call)
        elif message.method == "ACK":
            if call is not None and call.state == "answered":
                call.state = "up"
        elif message.method == "CANCEL":
            self.reply(message, 200, "OK", call)
            if call is not None:
                call.reject(487, "Request Terminated")
        elif message.method == "BYE":
            self.reply(message, 200, "OK", call)
            if call is not None:
                call.finish()
        elif message.method in JUST_ANSWERED_OK:
            offered = message.method == "UPDATE" and message.body and call is not None
            self.reply(message, 200, "OK", call, body=call.offer() if offered and call else b"")
            if call is not None and b"SIP/2.0 2" in message.body:  # sipfrag: a transfer of ours has worked
                Deferred.fromCoroutine(self._leave(call))
        else:
            self.reply(message, 501, "Not Implemented", call)

    async def _leave(self, call: Call) -> None:
        """As real phones do when their transfer has worked: hang up the own leg."""
        await sleep(0.05)
        await call.bye()

    def _invited(self, message: sip.Message, call: Call | None) -> None:
        if call is not None:
            if sip.tag_of(message.get("To")):  # a change within the call; without a tag: the first one, repeated
                call.target = sip.uri_of(message.get("Contact")) or call.target
                self.reply(message, 200, "OK", call, body=call.offer())
            return
        remote = sip.without_tag(message.get("From"))
        target = sip.uri_of(message.get("Contact"))
        call = Call(self, message.get("Call-ID"), message.get("To"), remote, target, "ringing")
        call.invite = message
        call.remote_tag = sip.tag_of(message.get("From"))
        call.audio_to = sip.audio_port(message.body)
        self.calls[call.call_id] = call
        self.reply(message, 100, "Trying", call)
        self.rings(call)

    def _answered(self, message: sip.Message, call: Call) -> None:
        if message.status != 401 and message.status != 407:
            call.remote_tag = sip.tag_of(message.get("To")) or call.remote_tag
        if message.status < 200:
            call.progress = True
            return
        if message.method == "INVITE":
            if message.status < 300:
                call.target = sip.uri_of(message.get("Contact")) or call.target
                call.audio_to = sip.audio_port(message.body)
            call.acknowledge(message)
        call.replied(message)
