"""Calls at random, and phones that treat them as people do."""

from __future__ import annotations

import random

from twisted.internet import reactor
from twisted.internet.defer import CancelledError, Deferred, TimeoutError

from tests.pbx.call import Call
from tests.pbx.instance import OUTSIDE_HOST, PHONES, Instance
from tests.pbx.phone import REFUSALS, Manners, Phone
from tests.pbx.waiting import sleep, until

RING = (0.1, 1.5)  # seconds
TALK = (3.0, 14.0)
PATIENCE = (12.0, 35.0)
UP_SECONDS = 15.0
#: Where people call, and how often.
EXTENSIONS = {"100": 2, "101": 5, "102": 1, "103": 3, "104": 1}
TRANSFERS, HANGS_UP, MISSES = 0.12, 0.4, 0.08  # shares of calls


class DeskPhone(Phone):
    """A phone with one line, whose owner answers most calls, and passes some on."""

    def __init__(self, user: str, pbx_port: int, chance: random.Random) -> None:
        super().__init__(user, pbx_port, password=f"change-me-{user}")
        self._chance = chance

    def rings(self, call: Call) -> None:
        if any(c.state in ("up", "answered") for c in self.calls.values()):
            call.reject(*REFUSALS["busy"])
            return
        self.behave("noanswer" if self._chance.random() < MISSES else "answer", self._chance.uniform(*RING))
        super().rings(call)

    async def _treat(self, call: Call, manners: Manners) -> None:
        await super()._treat(call, manners)
        if manners.mode != "answer":
            return
        try:
            await call.established()
            await until(lambda: call.state == "over", self._chance.uniform(*TALK), "end")
        except AssertionError:
            await self._end(call)

    async def _end(self, call: Call) -> None:
        try:
            if self._chance.random() < TRANSFERS and call.state == "up":
                await call.refer(str(self._chance.choice([n for n in PHONES if str(n) != self.user])))
                await sleep(3.0)
            await call.bye()
        except TimeoutError:  # the PBX is gone
            call.finish()


class OutsidePhone(Phone):
    """Whoever calls gives up when the PBX dies before it has answered."""

    async def _follow(self, call: Call, asked: object) -> None:
        try:
            await super()._follow(call, asked)
        except TimeoutError:
            call.finish()


class Traffic:
    """Everybody who calls.

    :ivar placed: calls so far.
    """

    def __init__(self, instance: Instance, chance: random.Random, rate: float) -> None:
        self._instance = instance
        self._chance = chance
        self._rate = rate
        self._going: set[Deferred[None]] = set()
        self._wanted = False
        self.placed = 0
        self.phones = [DeskPhone(str(n), instance.sip_port, random.Random(chance.random())) for n in PHONES]
        self.outside = OutsidePhone("outside", instance.sip_port, host=OUTSIDE_HOST, port=instance.ports.outside)

    async def open(self) -> None:
        """Plug in."""
        for phone in (*self.phones, self.outside):
            phone.listen()
        await self.registered()

    async def registered(self) -> None:
        """The PBX has just begun: it knows no phone, and no call."""
        for phone in (*self.phones, self.outside):
            for call in list(phone.calls.values()):
                call.finish()
            phone.calls.clear()
        for desk in self.phones:
            await desk.register()

    def begin(self) -> None:
        """Have people call."""
        self._wanted = True
        self._next()

    def end(self) -> None:
        """No more calls; those that there are go on."""
        self._wanted = False

    async def close(self) -> None:
        """Unplug."""
        self.end()
        for going in list(self._going):
            going.cancel()
        for phone in (*self.phones, self.outside):
            await phone.close()

    def _next(self) -> None:
        reactor.callLater(self._chance.expovariate(self._rate), self._place)  # type: ignore[attr-defined]

    def _place(self) -> None:
        if not self._wanted:
            return
        going = Deferred.fromCoroutine(self._call())
        self._going.add(going)
        going.addErrback(lambda f: f.trap(AssertionError, TimeoutError, CancelledError) and None)
        going.addBoth(lambda _: self._going.discard(going))
        self._next()

    async def _call(self) -> None:
        chance = self._chance
        self.placed += 1
        extension = chance.choices(list(EXTENSIONS), list(EXTENSIONS.values()))[0]
        number = f"0551{chance.randrange(10**6):06}"
        call = self.outside.dial(extension, number=number, name=f"Caller {number}", digits=str(10_000 + self.placed))
        try:
            await until(lambda: call.state in ("up", "over"), UP_SECONDS, "answer")
        except AssertionError:
            call.cancel()
            raise
        patience = PATIENCE if chance.random() < HANGS_UP else (60.0, 70.0)
        try:
            await until(lambda: call.state == "over", chance.uniform(*patience), "end")
        finally:
            await call.bye()
            self.outside.calls.pop(call.call_id, None)
