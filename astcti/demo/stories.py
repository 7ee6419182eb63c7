"""Which calls come, and what becomes of them: a little of everything first, then at random."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from astcti.demo.stage import ORDERS, SALES, SUPPORT
from astcti.simulator.people import Somebody
from astcti.simulator.phones import IDLE, Habit, Phone
from astcti.simulator.traffic import Caller, Conduct, call

if TYPE_CHECKING:
    from random import Random

    from astcti.simulator.agenda import Entry
    from astcti.simulator.channel import Channel
    from astcti.simulator.pbx import PBX

#: Names that every terminal shows from left to right.
CALLERS = (
    "Mario Rossi", "Anna Bianchi", "Jürgen Groß", "Zoë Łukasz", "Siân O'Connor", "José Núñez", "Øystein Åsen",
    "Nguyễn Văn An", "Мария Иванова", "Γιώργος Παππάς", "山田 太郎", "김민지", "Emma Smith", "Luca Ferrari",
    "Chloé Dubois", "Lars Jensen", "Ivana Horvat", "Ana Sousa", "Piet de Vries", "Smith & Sons <London>",
)  # fmt: skip
NUMBERS = {ORDERS: "100", SUPPORT: "200", SALES: "300"}
UNANSWERED, MOVED = "unanswered", "moved"
#: What happens first, so that nobody has to wait for it.
FIRST = (ORDERS, SUPPORT, MOVED, SALES, UNANSWERED)
#: What happens then, as often as it stands here.
THEN = (ORDERS, ORDERS, ORDERS, SUPPORT, SUPPORT, SUPPORT, SUPPORT, SALES, SALES, UNANSWERED, MOVED)
IMPATIENT = 3.5  # seconds a caller waits whom nobody is to answer
TALK_BEFORE_MOVE = 2.5


class Stories:
    """Places the calls.

    :param gap: seconds between two, on average.
    :param on_moved: told when an agent sends a caller on: the agent's channel, the caller's, and the colleague's phone.
    :param on_missed: told when a caller is gone whom nobody answered.
    """

    def __init__(
        self, pbx: PBX, chance: Random, gap: float, *, on_moved: Callable[[Channel, Channel, Phone], None],
        on_missed: Callable[[Channel], None],
    ) -> None:  # fmt: skip
        self._pbx = pbx
        self._chance = chance
        self._gap = gap
        self._on_moved = on_moved
        self._on_missed = on_missed
        self._first = list(FIRST)
        self._next: Entry | None = None
        self._to_move: set[str] = set()
        self.calls = self.answered = self.missed = self.moved = 0
        pbx.on_conversation.append(self._talk)

    def start(self) -> None:
        """Begin at once, and with somebody who does not let it ring for long."""
        for interface in self._phones_of(ORDERS)[:1]:
            self._pbx.phones[interface].once.append(Habit("answer", 0.15, 0.15))
        self._next = self._pbx.agenda.later(0, self._place)

    def stop(self) -> None:
        """No more calls come; those that are there go on."""
        if self._next is not None:
            self._next.cancel()
            self._next = None

    def _place(self) -> None:
        pbx, chance = self._pbx, self._chance
        story = self._first.pop(0) if self._first else chance.choice(THEN)
        service = story if story in NUMBERS else ORDERS if story == UNANSWERED else chance.choice((ORDERS, SUPPORT))
        who = Somebody(f"33{chance.randrange(10**8):08d}", chance.choice(CALLERS), f"{chance.randrange(10**5):05d}")
        conduct = Conduct(chance.uniform(4, 8), 45, agent_ends=chance.random() < 0.4)
        if story == UNANSWERED:
            conduct = conduct._replace(patience=IMPATIENT)
            for phone in map(pbx.phones.__getitem__, self._phones_of(ORDERS)):
                if phone.device == IDLE:
                    phone.once.append(Habit("noanswer"))
        channel = call(pbx, service, NUMBERS[service], who, conduct, self._caller)
        self.calls += 1
        if story == MOVED:
            self._to_move.add(channel.uniqueid)
        self._next = pbx.agenda.later(self._gap * chance.uniform(0.6, 1.4), self._place)

    def _phones_of(self, service: str) -> list[str]:
        steps = self._pbx.dialplan.find(service, NUMBERS[service])
        return next((s.data.partition(",")[0].split("&") for s in steps if s.application == "Dial"), [])

    def _talk(self, caller: Channel, leg: Channel) -> None:
        if caller.phone is self._pbx.trunk and isinstance(caller.person, _Watched):
            self.answered += not caller.person.answered
            caller.person.answered = True
        if caller.uniqueid in self._to_move:
            self._to_move.discard(caller.uniqueid)
            self._pbx.agenda.later(TALK_BEFORE_MOVE, self._move, caller, leg)

    def _move(self, caller: Channel, leg: Channel) -> None:
        idle = [p for p in self._pbx.phones.values() if p.device == IDLE and p.number != "250"]
        if idle and caller.bridge is not None and leg.bridge is caller.bridge:
            colleague = self._chance.choice(idle)
            self.moved += 1
            self._on_moved(leg, caller, colleague)
            self._pbx.blind_transfer(leg, leg.shown.context, colleague.number)

    def _caller(self, pbx: PBX, conduct: Conduct) -> Caller:
        return _Watched(pbx, conduct, self._miss)

    def _miss(self, channel: Channel) -> None:
        self.missed += 1
        self._on_missed(channel)


class _Watched(Caller):
    """A caller of whom it is told when nobody has answered."""

    def __init__(self, pbx: PBX, conduct: Conduct, on_missed: Callable[[Channel], None]) -> None:
        super().__init__(pbx, conduct)
        self.answered = False
        self._on_missed = on_missed

    def gone(self, channel: Channel) -> None:
        """The call is over."""
        super().gone(channel)
        if not self.answered:
            self._on_missed(channel)
