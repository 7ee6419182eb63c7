"""Everything a scenario plays on: an exchange, agents at their seats, and the server between the two."""

from __future__ import annotations

from collections import Counter
from typing import Protocol

from tests.pbx.call import Call
from tests.pbx.exchange import Exchange
from tests.pbx.phone import Phone
from tests.pbx.scenarios.scenario import MARIO, Person, Pop
from tests.pbx.waiting import sleep, until
from tests.pbx.witness import Event, Witness

POP_SECONDS = 8
QUIET_SECONDS = 25
SETTLE_SECONDS = 0.6  # a connection that is not made again within 300 ms has ended


class Audience(Protocol):
    """Who watches the agents' screens."""

    def pops(self) -> list[Pop]:
        """The screens that have popped so far, in order."""

    def compare(
        self, channels: dict[str, Event], bridges: dict[str, Event], members: dict[tuple[str, str], Event]
    ) -> str:
        """What the server believes otherwise than the PBX, empty when they agree."""


class Stage:
    """What a scenario uses; names of its methods are what happens.

    :ivar witness: the PBX's own view, and its manager.
    """

    def __init__(self, exchange: Exchange, audience: Audience) -> None:
        self._exchange = exchange
        self._audience = audience
        self.phones: dict[int, Phone] = exchange.phones
        self.outside = exchange.outside
        self.witness: Witness = exchange.witness

    def interface(self, number: int) -> str:
        """What queues and dial plan call a phone."""
        return self._exchange.interface(number)

    # -- people do things

    def nobody_answers(self) -> None:
        """From now on all phones just ring."""
        for phone in self.phones.values():
            phone.behave("noanswer")

    def call(self, extension: str, digits: str = "", caller: Person = MARIO) -> Call:
        """Somebody outside calls; the digits go along as if keyed in upstream."""
        return self.outside.dial(extension, number=caller.number, name=caller.name, digits=digits)

    async def talk(self, by: int, extension: str, digits: str, caller: Person = MARIO) -> tuple[Call, Call]:
        """Somebody calls and ``by`` answers, nobody else; both calls, once the screen has popped."""
        for number, phone in self.phones.items():
            if number in (201, 202):
                phone.behave("answer" if number == by else "noanswer")
        self.phones[by].expect()
        before = self._popped(by)
        call = self.call(extension, digits, caller)
        answered = await self.phones[by].called()
        await self.popped(by, times=before + 1)
        return call, await answered.established()

    async def join(self, queue: str, number: int, penalty: int = 0) -> None:
        """A phone becomes a member of a queue."""
        reply = await self.witness.act("QueueAdd", Queue=queue, Interface=self.interface(number), Penalty=penalty)
        assert reply["Response"] == "Success", reply

    async def originate(
        self, extension: str, digits: str, caller: Person = MARIO, *, seconds: int = 3, context: str = "astctidemo",
        channel: str = "",
    ) -> None:  # fmt: skip
        """A caller that is a Local channel and talks for so many ``seconds``."""
        await self.witness.act(
            "Originate", Channel=channel or f"Local/{seconds}@callers/n", Context=context, Exten=extension, Priority=1,
            CallerID=f"{caller.name} <{caller.number}>", Variable=f"PRESET={digits}", Async="true",
        )  # fmt: skip

    async def manner(self, number: int, how: str) -> None:
        """From now on a phone that is a Local channel treats calls like that."""
        await self.witness.act("DBPut", Family="phone", Key=number, Val=how)

    async def channel(self, of: int | str) -> str:
        """The name of the one channel of a phone."""
        start = f"{self._exchange.instance.technology}/{of}-"
        return next(c["Channel"] for c in (await self.witness.channels()).values() if c["Channel"].startswith(start))

    # -- what is seen

    def _popped(self, phone: int) -> int:
        return sum(p.phone == phone for p in self._audience.pops())

    async def popped(self, phone: int, *, times: int = 1, seconds: float = POP_SECONDS) -> None:
        """Return when the screen beside a phone has popped, that many times in all."""
        await until(lambda: self._popped(phone) >= times, seconds, f"pop at {phone} (popped: {self._audience.pops()})")

    async def compare(self) -> None:
        """What the server tracks is what the PBX says: now, in the middle of things.

        :raises AssertionError: it is not; with the differences. Both may be a moment late, so it is asked twice.
        """
        for patience in (SETTLE_SECONDS, 2 * SETTLE_SECONDS, 0):
            w = self.witness
            difference = self._audience.compare(await w.channels(), await w.bridges(), await w.members())
            if not difference:
                return
            await sleep(patience)
        raise AssertionError(f"the server believes otherwise than the PBX: {difference}")

    def _connected(self, phone: int) -> bool:
        """Whether the PBX has had that phone in a bridge with somebody."""
        entered = [(e["BridgeUniqueid"], e["Channel"]) for e in self.witness.events if e.get("Event") == "BridgeEnter"]
        start = f"{self._exchange.instance.technology}/{phone}-"
        own = {bridge for bridge, channel in entered if channel.startswith(start)}
        return any(bridge in own and not channel.startswith(start) for bridge, channel in entered)

    async def over(self, expected: tuple[Pop, ...], chances: tuple[Pop, ...] = ()) -> None:
        """Wait for the end of all calls; then: the screens that were to pop, once each, and nothing left over.

        Of ``chances``, those at phones which the PBX has connected are expected as well.
        """
        await self.witness.quiet(QUIET_SECONDS)
        await sleep(SETTLE_SECONDS)
        self._audience_saw(expected + tuple(p for p in chances if self._connected(p.phone)))
        await self.compare()

    def _audience_saw(self, expected: tuple[Pop, ...]) -> None:
        ours, theirs = Counter(expected), Counter(self._audience.pops())
        assert ours == theirs, f"missing: {list(ours - theirs)}; not wanted: {list(theirs - ours)}"
