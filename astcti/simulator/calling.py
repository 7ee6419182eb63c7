"""Calling phones for a caller, and the conversation when one answers: what ``Dial`` and ``Queue`` have in common."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from astcti.simulator import events
from astcti.simulator.agenda import Script
from astcti.simulator.channel import Channel, Shown
from astcti.simulator.events import Event
from astcti.simulator.pbx import HungUp, Moved
from astcti.simulator.quality import report

if TYPE_CHECKING:
    from astcti.simulator.pbx import PBX
    from astcti.simulator.phones import Phone

BRIDGE_ROUNDS = 3  # Asterisk sets the variables of a bridge's channels three times over


class Legs:
    """The phones that are called for one caller at the same time.

    :ivar live: the legs that may still be answered.
    :ivar statuses: how those ended that may not.
    """

    def __init__(self, pbx: PBX, caller: Channel, application: str) -> None:
        self.pbx = pbx
        self.caller = caller
        self.application = application
        self.live: list[Channel] = []
        self.statuses: list[str] = []

    def make(self, phone: Phone, dialled: str = "") -> Channel:
        """Make the leg of a phone, not yet called."""
        pbx, caller = self.pbx, self.caller.shown
        leg = pbx.channel(phone, Shown("Down", phone.number, phone.name, context=phone.context), self.caller.linkedid)
        pbx.set(leg, "DIALEDPEERNUMBER", dialled or phone.number)
        leg.change(connected_number=caller.number, connected_name=caller.caller, exten=caller.exten)
        leg.application, leg.data = self.application, "(Outgoing Line)"
        leg.dialler = self.caller.actor
        self.live.append(leg)
        return leg

    def show(self, leg: Channel) -> None:
        """Tell what the leg does and for whom."""
        self.pbx.tell(events.NEWEXTEN, leg, leg.shown.exten, leg.application, leg.data)
        self.pbx.tell(events.NEW_CONNECTED, leg)

    def begin(self, leg: Channel, dial_string: str) -> None:
        """Call the leg's phone."""
        self.pbx.sink(Event(events.DIAL_BEGIN, (*self.caller.values, *leg.values, dial_string)))
        assert leg.phone is not None
        leg.phone.called(self.pbx, leg, self.pbx.chance)

    def connect_caller(self, leg: Channel) -> None:
        """Show the caller whom they are connected to."""
        shown = leg.shown
        self.caller.change(connected_number=shown.number, connected_name=shown.caller)
        self.pbx.tell(events.NEW_CONNECTED, self.caller)

    def ended(self, leg: Channel, status: str) -> None:
        """Tell how the call of a leg ended."""
        self.pbx.sink(Event(events.DIAL_END, (*self.caller.values, *leg.values, status)))

    def wait(self, seconds: float, ringing: Callable[[Channel], None]) -> Script:
        """Wait until a leg is answered, or none can be any more, or the time is over; on ``answered`` it is put there.

        :param ringing: called when a leg begins to ring.
        """
        deadline = self.pbx.agenda.now + seconds
        while self.live:
            message = yield max(0.0, deadline - self.pbx.agenda.now)
            if message is None:
                return
            match message:
                case ("ringing", Channel() as leg) if leg in self.live:
                    ringing(leg)
                    self.pbx.sink(Event(events.DIAL_STATE, (*self.caller.values, *leg.values, "RINGING")))
                case ("answered", Channel() as leg) if leg in self.live:
                    self.live.remove(leg)
                    self.live.insert(0, leg)
                    return
                case ("refused", Channel() as leg, str(status)) if leg in self.live:
                    self._lost(leg, status)
                case ("gone", Channel() as leg) if leg in self.live:
                    self._lost(leg, "NOANSWER")

    def _lost(self, leg: Channel, status: str) -> None:
        self.live.remove(leg)
        self.statuses.append(status)
        self.ended(leg, status)
        self.caller.cause, self.caller.tech_cause = leg.cause, leg.tech_cause
        self.pbx.finish(leg)

    @property
    def answered(self) -> Channel | None:
        """The leg that was answered."""
        return self.live[0] if self.live and self.live[0].shown.state == "Up" else None

    def cancel(self, status: str, cause: int, keep: Channel | None = None) -> None:
        """Stop calling, all but one."""
        for leg in self.live:
            if leg is not keep:
                self.ended(leg, status)
        for leg in self.live:
            if leg is not keep:
                leg.cause = cause
                self.pbx.finish(leg)
        self.live = [keep] if keep else []


def converse(pbx: PBX, caller: Channel, leg: Channel, ended: Callable[[str], None]) -> Script:
    """Let caller and leg talk until one of them hangs up or moves on; the leg is gone afterwards.

    :param ended: told who ended it, before anything else is: ``caller``, ``agent`` or ``transfer``.
    """
    bridge = pbx.bridge()
    pbx.enter(bridge, leg)
    pbx.enter(bridge, caller)
    caller.partner, leg.partner = leg, caller
    caller.cause = caller.tech_cause = 0
    for _ in range(BRIDGE_ROUNDS):
        for one, other in ((caller, leg), (leg, caller)):
            pbx.set(one, "BRIDGEPEER", other.name)
            pbx.set(one, "BRIDGEPVTCALLID", f"{other.uniqueid}@127.0.0.1")
    pbx.talk(caller, leg)
    reason = "agent"
    taken = False
    try:
        while True:
            message = yield None
            if message in (("gone", leg), ("taken", leg)):
                taken = message == ("taken", leg)
                break
    except HungUp:
        reason = "caller"
        raise
    except Moved as move:
        reason = "transfer" if move.transfer else "caller"
        raise
    finally:
        ended(reason)
        report(pbx, caller, leg)
        for channel in (caller, leg):
            pbx.set(channel, "BRIDGEPEER", "")
            pbx.set(channel, "BRIDGEPVTCALLID", "")
        pbx.leave(caller)
        pbx.leave(leg)
        if not taken:
            leg.cause = leg.cause or 16
            pbx.finish(leg)
