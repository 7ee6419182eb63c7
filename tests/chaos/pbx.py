"""The simulated PBX as a process: ``python -m tests.chaos.pbx FOLDER PORT SEED RATE ASTERISK``.

It places calls as long as there is a file ``calls`` in the folder, and keeps the diary ``pbx`` there: ``begins``;
``talk`` when two people begin to talk, with the call, the phone and the queue that the caller has been in; ``over``
when they stop.
"""

from __future__ import annotations

import random
import sys
from pathlib import Path

from twisted.internet import reactor
from twisted.internet.endpoints import TCP4ServerEndpoint
from twisted.internet.task import LoopingCall

from astcti.simulator.channel import Channel
from astcti.simulator.pbx import PBX
from astcti.simulator.people import somebody
from astcti.simulator.server import SimulatorService
from astcti.simulator.traffic import Caller, Conduct, call
from tests.chaos.company import NUMBERS, office, somewhere
from tests.chaos.diary import Diary

TALK = (5.0, 25.0)  # seconds
PATIENCE = (10.0, 40.0)
LOOK_SECONDS = 0.5


class Switchboard:
    """Places calls at random, and notes what becomes of them."""

    def __init__(self, folder: Path, port: int, seed: int, rate: float, asterisk: int) -> None:
        self._chance = random.Random(seed)
        self._office = office(self._chance, reactor.seconds(), asterisk)
        self._rate = rate
        self._wanted = folder / "calls"
        self._placing = False
        self.diary = Diary(folder / "pbx.diary")
        endpoint = TCP4ServerEndpoint(reactor, port, interface="127.0.0.1")
        self.service = SimulatorService(reactor, endpoint, self._office)

    def begin(self) -> None:
        """Listen, and look whether there are to be calls."""
        self.diary.note("begins")
        self.service.listen().addCallback(lambda _: self.service.startService()).addErrback(_give_up)
        LoopingCall(self._look).start(LOOK_SECONDS).addErrback(_give_up)

    def _look(self) -> None:
        if self._wanted.exists() and not self._placing:
            self._placing = True
            self._next()

    def _next(self) -> None:
        self._office.agenda.later(self._chance.expovariate(self._rate), self._place)

    def _place(self) -> None:
        if not self._wanted.exists():
            self._placing = False
            return
        chance = self._chance
        context, exten = somewhere(chance, self._office)
        transfer = str(chance.choice(NUMBERS)) if chance.random() < 0.1 else ""
        conduct = Conduct(chance.uniform(*TALK), chance.uniform(*PATIENCE), chance.random() < 0.3, transfer)
        call(self._office.pbx, context, exten, somebody(chance), conduct, self._person)
        self._next()

    def _person(self, pbx: PBX, conduct: Conduct) -> Caller:
        return NotedCaller(pbx, conduct, self.diary)


class NotedCaller(Caller):
    """A caller whose every conversation is noted."""

    def __init__(self, pbx: PBX, conduct: Conduct, diary: Diary) -> None:
        super().__init__(pbx, conduct)
        self._diary = diary
        self._talks_with = ""
        self._queue = ""

    def connected(self, channel: Channel, peer: Channel) -> None:
        """Somebody answered."""
        super().connected(channel, peer)
        self._talks_with = peer.interface
        if channel.application == "Queue":
            self._queue = channel.data.partition(",")[0]
        self._diary.note(
            "talk", call=channel.uniqueid, phone=peer.interface, number=channel.shown.number, digits=channel.keys,
            queue=self._queue,
        )  # fmt: skip

    def waits(self, channel: Channel) -> None:
        """The call begins, or is sent elsewhere."""
        super().waits(channel)
        self._over(channel)

    def gone(self, channel: Channel) -> None:
        """The call is over."""
        super().gone(channel)
        self._over(channel)

    def _over(self, channel: Channel) -> None:
        if self._talks_with:
            self._diary.note("over", call=channel.uniqueid, phone=self._talks_with)
            self._talks_with = ""


def _give_up(failure: object) -> None:
    sys.stderr.write(f"{failure}\n")
    if reactor.running:
        reactor.stop()


def main() -> None:
    """Run until it is ended."""
    folder, port, seed, rate, asterisk = sys.argv[1:]
    Switchboard(Path(folder), int(port), int(seed), float(rate), int(asterisk)).begin()
    reactor.run()


if __name__ == "__main__":
    main()
