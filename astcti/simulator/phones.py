"""Telephones: what they do when they are called, and the device state they show."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from astcti.simulator.agenda import Entry

if TYPE_CHECKING:
    from random import Random

    from astcti.simulator.channel import Channel
    from astcti.simulator.pbx import PBX
    from astcti.simulator.queues import Member

#: What a device can be: its AMI name, its number in queue events, and its number and text in ``ExtensionStatus``.
IDLE, RINGING, IN_USE, RINGING_IN_USE, INVALID = "NOT_INUSE", "RINGING", "INUSE", "RINGINUSE", "INVALID"
MEMBER_STATUS = {IDLE: 1, IN_USE: 2, INVALID: 4, RINGING: 6, RINGING_IN_USE: 7}
LAMPS = {IDLE: ("0", "Idle"), RINGING: ("8", "Ringing"), IN_USE: ("1", "InUse"),
         RINGING_IN_USE: ("9", "InUse&Ringing"), INVALID: ("4", "Unavailable")}  # fmt: skip
#: How a phone refuses: ISDN cause, SIP status, ``DialStatus``.
REFUSALS = {
    "busy": (17, 486, "BUSY"),
    "reject": (21, 603, "NOANSWER"),
    "congestion": (34, 503, "CONGESTION"),
}
SIGNAL_SECONDS = 0.002  # from the call to the first sound of a phone, on a quiet network


class Habit(NamedTuple):
    """What a phone does when called: ``answer``, ``noanswer``, ``busy``, ``reject`` or ``congestion``.

    It answers after a time between ``ring_from`` and ``ring_to`` seconds.
    """

    mode: str = "answer"
    ring_from: float = 0.5
    ring_to: float = 2.0


class Phone:
    """A telephone of ours, with one number.

    :ivar habit: what it does when called; may be changed at any time.
    :ivar once: what it does the next times it is called, before the habit counts again.
    :ivar absent: how often, from 0 to 1, it does not answer in spite of its habit, in one way or another.
    :ivar waiting_calls: whether it rings while it is in use; refuses as busy otherwise.
    :ivar memberships: the queue members that watch this phone.
    """

    def __init__(self, interface: str, name: str = "", habit: Habit | None = None) -> None:
        self.interface = interface
        self.number = interface.partition("/")[2]
        self.name = name or f"Agent {self.number}"
        self.habit = habit or Habit()
        self.once: list[Habit] = []
        self.absent = 0.0
        self.waiting_calls = False
        self.context = "agents"
        self.memberships: list[Member] = []
        self.calls: dict[Channel, Entry | None] = {}
        self._ringing = 0
        self._talking = 0

    @property
    def device(self) -> str:
        """Its device state."""
        if self._ringing:
            return RINGING_IN_USE if self._talking else RINGING
        return IN_USE if self._talking else IDLE

    def passed(self, before: str, after: str) -> None:
        """One of its channels passed from one state to another; an empty name is none."""
        for state, step in ((before, -1), (after, 1)):
            if state == "Ringing":
                self._ringing += step
            elif state not in ("", "Down"):
                self._talking += step

    def called(self, pbx: PBX, leg: Channel, chance: Random) -> None:
        """A call reaches the phone: do as is its habit."""
        habit = self.once.pop(0) if self.once else self.habit
        if self.absent and chance.random() < self.absent:
            habit = Habit(chance.choice(("noanswer", "noanswer", "reject", "busy")))
        if self.calls and not self.waiting_calls:
            habit = Habit("busy")
        self._begin(pbx, leg, habit, chance)

    def _begin(self, pbx: PBX, leg: Channel, habit: Habit, chance: Random) -> None:
        if habit.mode in ("busy", "congestion"):
            self.calls[leg] = pbx.agenda.later(SIGNAL_SECONDS, pbx.refuse, leg, habit.mode)
        else:
            self.calls[leg] = pbx.agenda.later(SIGNAL_SECONDS, self._ring, pbx, leg, habit, chance)

    def _ring(self, pbx: PBX, leg: Channel, habit: Habit, chance: Random) -> None:
        self.calls[leg] = None
        pbx.ring(leg)
        seconds = chance.uniform(habit.ring_from, habit.ring_to)
        if habit.mode == "answer":
            self.calls[leg] = pbx.agenda.later(seconds, self._answer, pbx, leg)
        elif habit.mode == "reject":
            self.calls[leg] = pbx.agenda.later(seconds, pbx.refuse, leg, habit.mode)

    def _answer(self, pbx: PBX, leg: Channel) -> None:
        self.calls[leg] = None
        pbx.pick_up(leg)

    def left(self, leg: Channel) -> None:
        """A call of the phone is over."""
        if leg in self.calls:
            self.passed(leg.shown.state, "")
            entry = self.calls.pop(leg)
            if entry is not None:
                entry.cancel()


class Trunk(Phone):
    """The line to the world: takes any number of calls, and answers by the number dialled.

    As in the demo dial plan: first digit 6 busy, 7 congestion, 8 never answers, anything else answers after a second.
    """

    _HABITS = {"6": Habit("busy"), "7": Habit("congestion"), "8": Habit("noanswer")}

    def called(self, pbx: PBX, leg: Channel, chance: Random) -> None:
        """Answer as the dialled number wants it."""
        dialled = leg.variables.get("DIALEDPEERNUMBER", "").partition("@")[0]
        self._begin(pbx, leg, self._HABITS.get(dialled[:1], Habit("answer", 1.0, 1.0)), chance)
