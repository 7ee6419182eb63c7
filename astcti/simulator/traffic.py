"""Calls from outside, at random times or one by one, and how the people on them behave."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from astcti.simulator.people import Somebody, somebody

if TYPE_CHECKING:
    from random import Random

    from astcti.simulator.agenda import Entry
    from astcti.simulator.channel import Channel
    from astcti.simulator.pbx import PBX


class Conduct(NamedTuple):
    """How a call goes, as far as people decide; times in seconds.

    :ivar patience: how long the caller waits to be answered by somebody.
    :ivar agent_ends: whether the agent hangs up first, not the caller.
    :ivar transfer_to: an inside number the first agent sends the caller to after ``talk``, empty for none.
    """

    talk: float = 5.0
    patience: float = 60.0
    agent_ends: bool = False
    transfer_to: str = ""


class Caller:
    """The person outside: waits, talks, hangs up. Also what the agent does with the call."""

    def __init__(self, pbx: PBX, conduct: Conduct) -> None:
        self._pbx = pbx
        self._conduct = conduct
        self._next: Entry | None = None

    def waits(self, channel: Channel) -> None:
        """The call begins."""
        self._next = self._pbx.agenda.later(self._conduct.patience, self._pbx.hang_up, channel)

    def connected(self, channel: Channel, peer: Channel) -> None:
        """Somebody answered."""
        self._forget()
        pbx, conduct = self._pbx, self._conduct
        if conduct.transfer_to:
            self._conduct = conduct._replace(transfer_to="")
            self._next = pbx.agenda.later(conduct.talk, self._transfer, channel, peer, conduct.transfer_to)
        else:
            self._next = pbx.agenda.later(conduct.talk, pbx.hang_up, peer if conduct.agent_ends else channel)

    def _transfer(self, channel: Channel, peer: Channel, exten: str) -> None:
        if channel.bridge is not None and peer.bridge is channel.bridge:
            self.waits(channel)
            self._pbx.blind_transfer(peer, peer.shown.context, exten)

    def gone(self, channel: Channel) -> None:
        """The call is over."""
        self._forget()

    def _forget(self) -> None:
        """Whatever the caller had in mind is off."""
        if self._next is not None:
            self._next.cancel()
            self._next = None


def call(
    pbx: PBX, context: str, exten: str, who: Somebody, conduct: Conduct,
    person: Callable[[PBX, Conduct], Caller] = Caller,
) -> Channel:  # fmt: skip
    """Somebody calls a number, and behaves.

    :param person: a kind of caller of one's own.
    """
    channel = pbx.incoming(context, exten, who.number, who.name)
    channel.keys = who.digits
    caller = person(pbx, conduct)
    channel.person = caller
    caller.waits(channel)
    return channel


class Traffic:
    """Calls at random times, so many a second on average.

    :param places: contexts and extensions that are called, all equally often.
    :param talk: shortest and longest conversation.
    :param hostile: how many of all callers have a hostile name, from 0 to 1.
    """

    def __init__(
        self, pbx: PBX, chance: Random, places: Sequence[tuple[str, str]], rate: float,
        talk: tuple[float, float] = (3.0, 10.0), patience: tuple[float, float] = (10.0, 60.0), hostile: float = 0.0,
    ) -> None:  # fmt: skip
        self._pbx = pbx
        self._chance = chance
        self._places = places
        self._rate = rate
        self._talk = talk
        self._patience = patience
        self._hostile = hostile
        self._next: Entry | None = None
        self.placed = 0

    def start(self, first: float | None = None) -> None:
        """Begin; the first call comes after so many seconds, if they are given."""
        if self._rate > 0 and self._places:
            wait = self._chance.expovariate(self._rate) if first is None else first
            self._next = self._pbx.agenda.later(wait, self._place)

    def stop(self) -> None:
        """Place no more calls."""
        if self._next is not None:
            self._next.cancel()
            self._next = None

    def _place(self) -> None:
        chance = self._chance
        self.placed += 1
        conduct = Conduct(chance.uniform(*self._talk), chance.uniform(*self._patience), chance.random() < 0.3)
        call(self._pbx, *chance.choice(self._places), somebody(chance, self._hostile), conduct)
        self.start()
