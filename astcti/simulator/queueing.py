"""The application ``Queue``: a caller waits, members ring, one of them answers, or nobody ever does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from astcti.simulator import events
from astcti.simulator.agenda import Interruption, Script
from astcti.simulator.calling import Legs, converse
from astcti.simulator.channel import Channel
from astcti.simulator.events import Event, Layout
from astcti.simulator.pbx import HungUp
from astcti.simulator.queues import Member, Queue, Waiting

if TYPE_CHECKING:
    from astcti.simulator.pbx import PBX

NO_END = 86_400.0


class Visit:
    """One caller's time in one queue."""

    def __init__(self, pbx: PBX, queue: Queue, channel: Channel) -> None:
        self.pbx = pbx
        self.queue = queue
        self.channel = channel
        assert channel.actor is not None
        self.waiting = Waiting(channel, channel.actor, pbx.agenda.now, len(queue.waiting) + 1)
        self.dialled = 0.0

    @property
    def waited(self) -> int:
        """Seconds so far."""
        return int(self.pbx.agenda.now) - int(self.waiting.joined)

    def join(self) -> None:
        """Take one's place at the end."""
        pbx, queue = self.pbx, self.queue
        if pbx.modern:
            for name in ("ANSWEREDTIME", "ANSWEREDTIME_MS", "DIALEDTIME", "DIALEDTIME_MS", "QUEUEWAIT", "QUEUEWAIT_MS"):
                pbx.set(self.channel, name, "")
        queue.waiting.append(self.waiting)
        count = str(len(queue.waiting))
        pbx.tell(events.QUEUE_JOIN, self.channel, queue.name, count, count)
        pbx.tell(events.MUSIC_START, self.channel, "default")

    def leave(self) -> None:
        """Give up one's place: served or not."""
        queue = self.queue
        position = queue.waiting.index(self.waiting) + 1
        del queue.waiting[position - 1]
        self.pbx.tell(events.QUEUE_LEAVE, self.channel, queue.name, str(position), str(len(queue.waiting)))
        self.pbx.set(self.channel, "QUEUEPOSITION", str(position))
        queue.nudge()

    def abandon(self) -> None:
        """The caller hangs up before anybody answered."""
        queue, position = self.queue, self.queue.waiting.index(self.waiting) + 1
        self.pbx.tell(events.MUSIC_STOP, self.channel)
        self.pbx.set(self.channel, "ABANDONED", "TRUE")
        self.statistics(self.channel)
        queue.abandoned += 1
        original = str(self.waiting.position)
        self.pbx.tell(events.QUEUE_ABANDON, self.channel, queue.name, str(position), original, str(self.waited))
        self.leave()

    def statistics(self, *channels: Channel) -> None:
        """Set the variables that show the queue's figures (``setqueuevar``)."""
        queue, options = self.queue, self.queue.options
        figures = {
            "QUEUENAME": queue.name, "QUEUEMAX": "0", "QUEUESTRATEGY": options.strategy,
            "QUEUECALLS": str(len(queue.waiting)), "QUEUEHOLDTIME": str(queue.hold_time),
            "QUEUETALKTIME": str(queue.talk_time), "QUEUECOMPLETED": str(queue.completed),
            "QUEUEABANDONED": str(queue.abandoned), "QUEUESRVLEVEL": str(options.service_level),
            "QUEUESRVLEVELPERF": queue.performance(),
        }  # fmt: skip
        for channel in channels:
            for name, value in figures.items():
                self.pbx.set(channel, name, value)

    def wait(self, deadline: float) -> Script:
        """Wait and ring members until one answers (then it talks, and the call ends) or the time is over."""
        pbx, queue, waiting = self.pbx, self.queue, self.waiting
        while (left := deadline - pbx.agenda.now) > 0:
            members = queue.choose(waiting, pbx.chance)
            if not members:
                waiting.tried.clear()
                yield left
                continue
            yield from self._ring(members, min(queue.options.timeout, left))
            waiting.tried.update(members)
            pause = pbx.agenda.now + queue.options.retry
            while (rest := pause - pbx.agenda.now) > 0:
                yield rest

    def _ring(self, members: list[Member], seconds: float) -> Script:
        pbx, queue = self.pbx, self.queue
        legs = Legs(pbx, self.channel, "AppQueue")
        who: dict[Channel, Member] = {}
        self.waiting.calling = True
        self.dialled = self.dialled or pbx.agenda.now
        for member in members:
            member.ringing = True
            queue.changed(member)
        queue.nudge()
        try:
            for member in members:
                assert member.phone is not None
                leg = legs.make(member.phone)
                who[leg] = member
                self._tell(events.AGENT_CALLED, leg, member)
                legs.begin(leg, member.interface)
            if len(members) == 1:
                legs.connect_caller(legs.live[0])
            began = pbx.agenda.now
            yield from legs.wait(seconds, legs.show)
            leg_answered = legs.answered
            if leg_answered is None:
                for leg in legs.live:
                    ring_time = str(int((pbx.agenda.now - began) * 1000))
                    self._tell(events.AGENT_NO_ANSWER, leg, who[leg], ring_time)
                legs.cancel("NOANSWER", 0)
        except Interruption:
            legs.cancel("CANCEL", 0)
            raise
        finally:
            self.waiting.calling = False
            for member in members:
                member.ringing = False
                queue.changed(member)
        if leg_answered is not None:
            legs.ended(leg_answered, "ANSWER")
            legs.cancel("CANCEL", 26, keep=leg_answered)
            if len(members) > 1:
                legs.connect_caller(leg_answered)
            yield from self._serve(leg_answered, who[leg_answered], began)

    def _tell(self, layout: Layout, leg: Channel, member: Member, *more: str) -> None:
        values = (*self.channel.values, *leg.values, self.queue.name, member.interface, member.name, *more)
        self.pbx.sink(Event(layout, values))

    def _serve(self, leg: Channel, member: Member, began: float) -> Script:
        pbx, queue, channel = self.pbx, self.queue, self.channel
        held, rang = self.waited, int(pbx.agenda.now - began)
        pbx.tell(events.MUSIC_STOP, channel)
        for one in (channel, leg):
            for name, value in (
                ("INTERFACE", member.interface), ("NAME", member.name), ("CALLS", str(member.calls_taken)),
                ("LASTCALL", str(int(member.last_call))), ("PENALTY", str(member.penalty)),
                ("DYNAMIC", "01"[member.membership == "dynamic"]), ("REALTIME", "0"),
            ):  # fmt: skip
                pbx.set(one, "MEMBER" + name, value)
        for one in (channel, leg):
            pbx.set(one, "QEHOLDTIME", str(held))
            pbx.set(one, "QEORIGINALPOS", str(self.waiting.position))
        queue.hold_time = (queue.hold_time * 3 + held) // 4
        self.statistics(channel, leg)
        self.leave()
        if pbx.modern:
            pbx.set(channel, "QUEUEWAIT", str(held))
            pbx.set(channel, "QUEUEWAIT_MS", str(held * 1000))
        self._tell(events.AGENT_CONNECT, leg, member, str(held), str(rang))
        member.in_call = True
        talked_from = pbx.agenda.now

        def ended(reason: str) -> None:
            talked = int(pbx.agenda.now) - int(talked_from)
            member.in_call = False
            member.calls_taken += 1
            member.last_call = pbx.agenda.now
            queue.completed += 1
            queue.in_level += held <= queue.options.service_level
            queue.talk_time = (queue.talk_time * 3 + talked) // 4
            self._tell(events.AGENT_COMPLETE, leg, member, str(held), str(talked), reason)

        yield from converse(pbx, channel, leg, ended)
        raise HungUp

    def serviced(self) -> bool:
        """Whether somebody has answered."""
        return self.waiting not in self.queue.waiting


def queue(pbx: PBX, channel: Channel, data: str) -> Script:
    """``Queue(name,options,,,seconds)``: after ``seconds`` without an answer the dial plan goes on."""
    name, *more = data.split(",")
    found = pbx.queues.get(name)
    if found is None:
        pbx.set(channel, "QUEUESTATUS", "UNKNOWN")
        return
    seconds = float(more[3]) if len(more) > 3 and more[3].isdigit() else NO_END
    pbx.answer(channel)
    visit = Visit(pbx, found, channel)
    visit.join()
    try:
        yield from visit.wait(pbx.agenda.now + seconds)
    except Interruption as interruption:
        if visit.serviced():
            pass
        elif isinstance(interruption, HungUp):
            visit.abandon()
        else:
            pbx.tell(events.MUSIC_STOP, channel)
            visit.leave()
        raise
    pbx.tell(events.MUSIC_STOP, channel)
    visit.leave()
    pbx.set(channel, "QUEUESTATUS", "TIMEOUT")
