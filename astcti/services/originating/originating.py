"""Calls that operators begin (``ORIG``): their own phone rings, and when it is answered the number is dialled."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

from astcti.ami.message import Message
from astcti.errors import AMIError, AMILost, AMIRefused, AMITimeout, AMIUnsendable, Refused
from astcti.model.calls import Tracker
from astcti.model.commands import Command, Done, Originate, Reply
from astcti.model.facts import ChannelNew, Fact, Hangup, OriginateResult
from astcti.model.notices import CallView, Notice
from astcti.model.roster import Roster
from astcti.services.asking import IAsk
from astcti.services.duty import Answer, Duty
from astcti.services.floor import Attendance
from astcti.services.originating import outcome
from astcti.services.originating.order import Order, order_of
from astcti.services.originating.outcome import Outcome
from astcti.services.originating.pending import Pending, PendingBook
from astcti.services.originating.rate import Rate

#: Seconds that the PBX has, after the phone's own time is over, to say what became of the call.
GUARD_SECONDS = 15


class IFollow(Protocol):
    """Whoever follows the PBX's events (:class:`astcti.services.following.Follower`)."""

    tracker: Tracker
    roster: Roster
    on_call: Callable[[Fact], object] | None


class Originating(Duty):
    """Orders calls and tells what became of them, each exactly once.

    It listens to the PBX's events only while it waits for something.
    """

    _log = Logger()

    def __init__(self, clock: IReactorTime, asking: IAsk, follower: IFollow) -> None:
        self._clock = clock
        self._asking = asking
        self._follower = follower
        self._pending = PendingBook()
        self._rate = Rate()

    def answers(self) -> Mapping[type[Command], Answer]:
        """``ORIG``."""
        return {Originate: self._originate}

    # -- ordering

    def _originate(self, attendance: Attendance, command: Originate) -> Deferred[Reply]:
        operator = attendance.known_operator()
        if not self.desk.link_up:
            raise Refused(905, "no link to the PBX")
        books = self.desk.books
        order = order_of(books, attendance, command)
        if not books.settings.orig_while_paused and self._is_paused(attendance):
            raise Refused(903, "you are paused")
        if self._pending.at_phone(order.phone) is not None:
            raise Refused(903, "this phone is being called already")
        most = books.settings.orig_per_minute
        if not self._rate.allows(operator.id, most, self._clock.seconds()):
            raise Refused(908, f"not more than {most} calls a minute")
        pending = Pending(attendance, order)
        self._pending.add(pending)
        self._follower.on_call = self._happened
        self._log.info(
            "{username} calls {number} through {service}, from {phone}",
            username=operator.username, number=order.number, service=order.service.name, phone=order.phone,
        )  # fmt: skip
        asked = self._asking.sendAction(order.action)
        return asked.addCallbacks(self._accepted, self._not_accepted, callbackArgs=(pending,), errbackArgs=(pending,))

    def _is_paused(self, attendance: Attendance) -> bool:
        """Whether they are a member of queues, and in all of them paused."""
        roster = self._follower.roster
        members = [roster.member(q, p) for p in attendance.phones for q in roster.queues_of(p)]
        return bool(members) and all(member is not None and member.paused for member in members)

    def _accepted(self, response: Message, pending: Pending) -> Reply:
        if pending not in self._pending:  # they have left meanwhile
            return Done()
        order = pending.order
        early = self._pending.accepted(pending, response.get("ActionID"))
        seconds = (order.action.timeout or 0) / 1000 + GUARD_SECONDS
        pending.guard = self._clock.callLater(seconds, self._tell, pending, outcome.SILENCE)
        # What was known before is told after the reply.
        if pending.verdict is not None:
            self._clock.callLater(0, self._tell, pending, pending.verdict)
        elif early is not None:
            self._clock.callLater(0, self._result, pending, early)
        return Done()

    def _not_accepted(self, failure: object, pending: Pending) -> Reply:
        error = getattr(failure, "value", None)
        self._forget(pending)
        match error:
            case AMIRefused():
                raise Refused(906, f"refused by the PBX: {error}")
            case AMITimeout():
                raise Refused(907, "the PBX does not answer")
            case AMILost():
                raise Refused(905, "no link to the PBX")
            case AMIUnsendable():
                raise Refused(901, "this cannot be asked of the PBX")
            case AMIError():
                raise Refused(906, "the PBX cannot be asked")
        raise error if isinstance(error, Exception) else TypeError(f"{failure!r} is no failure")

    # -- what becomes of it

    def _happened(self, fact: Fact) -> None:
        """The PBX said something, of which the tracker does not know yet."""
        kind = type(fact)
        if kind is OriginateResult:
            assert isinstance(fact, OriginateResult)
            pending = self._pending.matched(fact)
            if pending is not None:
                self._result(pending, fact)
        elif kind is ChannelNew or kind is Hangup:
            assert isinstance(fact, ChannelNew | Hangup)
            pending = self._pending.of(fact.uniqueid)
            if pending is not None:
                self._channel(pending, fact)

    def _result(self, pending: Pending, result: OriginateResult) -> None:
        if result.success:
            self._tell(pending, outcome.ANSWERED, result.uniqueid)
            return
        known = outcome.by_reason(result.reason)
        if known is not None or not pending.exists:
            self._tell(pending, known or outcome.UNREACHABLE)
        # Else its channel is about to go, and will say why.

    def _channel(self, pending: Pending, fact: ChannelNew | Hangup) -> None:
        pending.exists = True
        if isinstance(fact, Hangup):
            leg = self._follower.tracker.legs.get(fact.uniqueid)
            what = outcome.by_cause(fact.cause, leg.state if leg is not None else "")
            if pending.action_id:
                self._tell(pending, what)
            else:
                pending.verdict = what

    def _tell(self, pending: Pending, what: Outcome, uniqueid: str = "") -> None:
        """Tell what became of it, unless that was told."""
        if not self._forget(pending):
            return
        order = pending.order
        view = _view(self._follower.tracker, order, uniqueid or order.uniqueid)
        view = view._replace(
            state="Success" if what.success else "Failure", reason_code=what.reason, reason_text=what.text
        )
        notice = Notice("OriginateResponse", order.phone, view, order.service.id, time=self._clock.seconds())
        self._log.info(
            "The call to {number} from {phone}: {what}", number=order.number, phone=order.phone, what=what.text
        )
        try:
            pending.attendance.client.notify(notice, ())
        except Exception:  # what is wrong with one client costs the others nothing
            self.desk.broken(pending.attendance)

    def _forget(self, pending: Pending) -> bool:
        if not self._pending.remove(pending):
            return False
        if pending.guard is not None and pending.guard.active():
            pending.guard.cancel()
        if not self._pending:
            self._follower.on_call = None
        return True

    # -- what happens at the desk

    def left(self, attendance: Attendance) -> None:
        """Nobody wants to know any more."""
        for pending in self._pending.all():
            if pending.attendance is attendance:
                self._forget(pending)

    def link_changed(self, up: bool) -> None:
        """What nobody will tell us any more is told as lost."""
        if not up:
            for pending in self._pending.all():
                if pending.action_id:
                    self._tell(pending, outcome.LINK_LOST)


def _view(tracker: Tracker, order: Order, uniqueid: str) -> CallView:
    """The call as the operator's phone sees it."""
    leg = tracker.legs.get(uniqueid)
    service, action = order.service, order.action
    view = leg.view() if leg is not None else CallView(uniqueid, order.phone)
    return view._replace(
        context=service.name, service=service.name, exten=order.number, direction="outbound",
        account=view.account or action.account or "", language=service.language,
    )  # fmt: skip
