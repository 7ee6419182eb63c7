"""A simulated SIP telephone with one number: registers, rings, answers as it was told to, and dials."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from twisted.internet.defer import Deferred, DeferredQueue
from twisted.internet.task import LoopingCall

from tests.pbx import sip
from tests.pbx.call import Call
from tests.pbx.endpoint import Endpoint
from tests.pbx.waiting import sleep

REFUSALS = {
    "busy": (486, "Busy Here"),
    "unavailable": (480, "Temporarily Unavailable"),
    "congestion": (503, "Service Unavailable"),
    "missing": (404, "Not Found"),
}
DECLINE = (603, "Decline")
FRAME_SECONDS = 0.02
INVITE_SECONDS = 180


@dataclass(frozen=True)
class Manners:
    """What a phone does when called.

    ``mode``: ``answer`` after ``ring`` seconds (and hang up after ``talk``), ``noanswer``, ``busy``, ``unavailable``,
    ``congestion``, ``missing``, ``reject`` after ``ring`` seconds, ``forward:EXTENSION``, ``dead`` (never reacts).
    """

    mode: str = "answer"
    ring: float = 0.3
    talk: float | None = None


class Phone(Endpoint):
    """One telephone; what it did is in :attr:`calls`."""

    def __init__(self, user: str, pbx_port: int, *, password: str = "", host: str = "127.0.0.1", port: int = 0) -> None:
        super().__init__(user, pbx_port, host, port)
        self._password = password
        self._manners = Manners()
        self._incoming: DeferredQueue[Call] = DeferredQueue()

    def behave(self, mode: str = "answer", ring: float = 0.3, talk: float | None = None) -> None:
        """From now on treat calls like that."""
        self._manners = Manners(mode, ring, talk)

    def forget(self) -> None:
        """Be as fresh from the box: answers, has had no calls."""
        self._manners = Manners()
        self.calls.clear()
        self.expect()

    def expect(self) -> None:
        """Forget who has called; :meth:`called` speaks of the calls from now on."""
        self._incoming = DeferredQueue()

    async def called(self, seconds: float = 10) -> Call:
        """The next call that rings here, and is not refused."""
        return await self._incoming.get().addTimeout(seconds, self.clock)

    def connected(self) -> list[Call]:
        """The calls it is in at this moment."""
        return [c for c in self.calls.values() if c.state == "up"]

    async def register(self) -> None:
        """Tell the PBX where this phone is.

        :raises AssertionError: the PBX will not have it.
        """
        await self._register(3600)

    async def _register(self, seconds: int) -> None:
        me = f"<{self.uri(self.user)}>"
        dialogue = Call(self, sip.token(), me, me, f"sip:{self.pbx[0]}:{self.pbx[1]}", "registering")
        self.calls[dialogue.call_id] = dialogue
        reply = await dialogue.ask("REGISTER", ("Expires", str(seconds)))
        del self.calls[dialogue.call_id]
        assert reply.status == 200, f"{self.user} cannot register: {reply.status}"

    async def unregister(self) -> None:
        """Tell the PBX that this phone is not there any more."""
        await self._register(0)

    def dial(self, extension: str, *, number: str = "", name: str = "", digits: str = "") -> Call:
        """Call an extension, as ``number`` and ``name``; ``digits`` go along in the header ``X-Calldata``."""
        shown = name.replace("\\", "\\\\").replace('"', '\\"')
        me = f'"{shown}" <sip:{number or self.user}@{self.host}:{self.port}>'
        call = Call(self, f"{sip.token()}@{self.host}", me, f"<{self.uri(extension)}>", self.uri(extension), "calling")
        self.calls[call.call_id] = call
        headers = [("X-Calldata", digits)] if digits else []
        asked = call.ask("INVITE", *headers, body=call.offer(), kind="application/sdp", seconds=INVITE_SECONDS)
        Deferred.fromCoroutine(self._follow(call, asked))
        return call

    async def _follow(self, call: Call, asked: object) -> None:
        reply = await asked  # type: ignore[misc]
        call.status = reply.status
        if reply.status >= 300:
            call.finish()
        elif call.state == "cancelling":  # answered and given up at the same moment
            call.state = "up"
            await call.bye()
        else:
            call.state = "up"

    def credentials(self, challenge: sip.Message, method: str, uri: str) -> tuple[str, str]:
        """The header that answers a 401 or 407."""
        ours, theirs = "Authorization", "WWW-Authenticate"
        if challenge.status == 407:
            ours, theirs = "Proxy-Authorization", "Proxy-Authenticate"
        return ours, sip.authorization(challenge.get(theirs), method, uri, self.user, self._password)

    def speak(self, call: Call) -> None:
        """Send audio (noise) for as long as the call lasts."""
        sequence, noise = secrets.randbelow(30000), secrets.token_bytes(160)

        def frame() -> None:
            nonlocal sequence
            if call.state == "over":
                return loop.stop()
            sequence += 1
            stamp = (sequence & 0xFFFF).to_bytes(2, "big") + (sequence * 160 & 0xFFFFFFFF).to_bytes(4, "big")
            self.audio.transport.write(b"\x80\x00" + stamp + b"asti" + noise, (self.pbx[0], call.audio_to))
            return None

        loop = LoopingCall(frame)
        loop.start(FRAME_SECONDS)

    def rings(self, call: Call) -> None:
        """Treat a call as :meth:`behave` said."""
        if self._manners.mode != "dead":
            Deferred.fromCoroutine(self._treat(call, self._manners))

    async def _treat(self, call: Call, manners: Manners) -> None:
        assert call.invite is not None
        mode, _, extension = manners.mode.partition(":")
        if mode == "forward":
            call.reject(302, "Moved Temporarily", ("Contact", f"<{self.uri(extension)}>"))
            return
        if mode in REFUSALS:
            call.reject(*REFUSALS[mode])
            return
        self.reply(call.invite, 180, "Ringing", call)
        self._incoming.put(call)
        await sleep(manners.ring)
        if mode == "reject":
            call.reject(*DECLINE)
        elif mode == "answer":
            call.answer()
            if manners.talk is not None:
                await call.established()
                await sleep(manners.talk)
                await call.bye()
