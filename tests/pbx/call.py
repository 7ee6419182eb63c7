"""One dialogue of a simulated telephone: what a person with a phone in the hand can do in a call."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from twisted.internet.defer import Deferred

from tests.pbx import sip
from tests.pbx.waiting import sleep, until

if TYPE_CHECKING:
    from tests.pbx.phone import Phone

REPLY_SECONDS = 10
ALLOW = "INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, NOTIFY, REFER, UPDATE"


class Call:
    """An incoming or outgoing call.

    :ivar state: ``calling``, ``ringing``, ``answered`` (our 200 is out), ``up``, ``cancelling`` or ``over``.
    :ivar status: the final answer to our INVITE, 0 before.
    :ivar progress: somebody rings, or was said to.
    """

    def __init__(self, phone: Phone, call_id: str, local: str, remote: str, target: str, state: str) -> None:
        self.phone = phone
        self.call_id = call_id
        self.local, self.remote, self.target = local, remote, target
        self.local_tag, self.remote_tag = sip.token(), ""
        self.state = state
        self.status = 0
        self.progress = False
        self.invite: sip.Message | None = None
        self.invite_number = 0
        self.invite_branch = ""
        self.audio_to = 0
        self._number = secrets.randbelow(1000)
        self._direction = "sendrecv"
        self._version = 1
        self._replies: dict[int, Deferred[sip.Message]] = {}

    def __repr__(self) -> str:
        return f"<call of {self.phone.user} with {self.remote}: {self.state}>"

    # -- waiting

    async def established(self, seconds: float = 20) -> Call:
        """Return when both sides are connected."""
        await until(lambda: self.state == "up", seconds, f"connection in {self}")
        return self

    async def ended(self, seconds: float = 60) -> Call:
        """Return when it is over."""
        await until(lambda: self.state == "over", seconds, f"end of {self}")
        return self

    async def ringing(self, seconds: float = 10) -> Call:
        """Return when the far end rings."""
        await until(lambda: self.progress, seconds, f"ringing in {self}")
        return self

    # -- doing

    def answer(self) -> None:
        """Pick up."""
        assert self.invite is not None
        if self.state == "ringing":
            self.state = "answered"
            self.phone.reply(self.invite, 200, "OK", self, body=self.offer())

    def reject(self, status: int, reason: str, *headers: tuple[str, str]) -> None:
        """Refuse."""
        assert self.invite is not None
        if self.state == "ringing":
            self.phone.reply(self.invite, status, reason, self, headers=headers)
            self.finish()

    def cancel(self) -> None:
        """Give up before the answer."""
        self.state = "cancelling"
        self.send("CANCEL", number=self.invite_number, branch=self.invite_branch)

    async def bye(self) -> None:
        """Hang up."""
        if self.state == "up":
            self.finish()
            await self.ask("BYE")

    async def hold(self) -> None:
        """Put the other side on hold."""
        self._direction = "sendonly"
        await self.ask("INVITE", body=self.offer(), kind="application/sdp")

    async def unhold(self) -> None:
        """Take it back."""
        self._direction = "sendrecv"
        await self.ask("INVITE", body=self.offer(), kind="application/sdp")

    async def refer(self, extension: str, replaces: Call | None = None) -> int:
        """Transfer blindly to an extension; with another call to replace: attended. Returns the PBX's answer."""
        to = self.phone.uri(extension)
        if replaces is not None:
            tags = f"%3Bto-tag%3D{replaces.remote_tag}%3Bfrom-tag%3D{replaces.local_tag}"
            to += f"?Replaces={replaces.call_id.replace('@', '%40')}{tags}"
        reply = await self.ask("REFER", ("Refer-To", f"<{to}>"), ("Referred-By", self.local))
        return reply.status

    async def dial_digits(self, digits: str, gap: float = 0.12) -> None:
        """Press keys (by SIP INFO)."""
        for digit in digits:
            body = f"Signal={digit}\r\nDuration=100\r\n".encode()
            await self.ask("INFO", body=body, kind="application/dtmf-relay")
            await sleep(gap)

    # -- the wire, for Phone

    def offer(self) -> bytes:
        """Our side of the audio."""
        self._version += 1
        return sip.sdp(self.phone.host, self.phone.audio_port, self._direction, self._version)

    def send(
        self,
        method: str,
        *headers: tuple[str, str],
        body: bytes = b"",
        kind: str = "",
        number: int = 0,
        branch: str = "",
    ) -> int:
        """Send a request of this dialogue; its sequence number."""
        if not number:
            self._number += 1
            number = self._number
        branch = branch or "z9hG4bK" + sip.token()
        if method == "INVITE":
            self.invite_number, self.invite_branch = number, branch
        to = self.remote + (f";tag={self.remote_tag}" if self.remote_tag and method != "CANCEL" else "")
        lines = [
            ("Via", f"SIP/2.0/UDP {self.phone.host}:{self.phone.port};branch={branch};rport"),
            ("Max-Forwards", "70"),
            ("From", f"{self.local};tag={self.local_tag}"),
            ("To", to),
            ("Call-ID", self.call_id),
            ("CSeq", f"{number} {method}"),
            ("Contact", self.phone.contact),
            ("Allow", ALLOW),
            ("Supported", "replaces"),
            *headers,
        ]
        if kind:
            lines.append(("Content-Type", kind))
        self.phone.send(sip.format_message(f"{method} {self.target} SIP/2.0", lines, body))
        return number

    async def ask(
        self, method: str, *headers: tuple[str, str], body: bytes = b"", kind: str = "", seconds: float = REPLY_SECONDS
    ) -> sip.Message:
        """Send a request and return its final answer, giving our password when asked for it."""
        for _ in range(2):
            d: Deferred[sip.Message] = Deferred()
            self._replies[self.send(method, *headers, body=body, kind=kind)] = d
            reply = await d.addTimeout(seconds, self.phone.clock)
            if reply.status not in (401, 407):
                break
            headers = (*headers, self.phone.credentials(reply, method, self.target))
        return reply

    def acknowledge(self, message: sip.Message) -> None:
        """Confirm a final answer to an INVITE; a refusal is confirmed within the same transaction."""
        branch = "" if message.status < 300 else self.invite_branch
        tag, self.remote_tag = self.remote_tag, sip.tag_of(message.get("To"))
        self.send("ACK", number=message.number, branch=branch)
        self.remote_tag = tag

    def replied(self, message: sip.Message) -> bool:
        """Hand a final answer to whoever asked; whether anybody did."""
        d = self._replies.pop(message.number, None)
        if d is not None and not d.called:
            d.callback(message)
        return d is not None

    def finish(self) -> None:
        """It is over."""
        self.state = "over"
