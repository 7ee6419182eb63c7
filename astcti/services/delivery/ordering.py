"""What the administrator can ask of the ledger: which actions there were, and to have one performed again."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

from astcti.errors import UserError
from astcti.model.actions import RenderedAction
from astcti.model.notices import Notice
from astcti.services.control import Command
from astcti.services.delivery.archive import Payload
from astcti.services.delivery.ledger import Ledger
from astcti.services.delivery.record import SERVER, Delivery
from astcti.services.desk import Desk
from astcti.services.floor import Attendance

LIMIT = 50  # actions listed unless another number is asked for
PAGE = 1000  # of them in one answer, about 10 ms; whoever wants more asks again
OUTCOME_SECONDS = 5.0  # for the outcome of a repeated action


class Ordering:
    """Answers about actions.

    :param start: performs actions of the server.
    :param calls: unique ids of the calls that there are at this moment.
    """

    _log = Logger()

    def __init__(
        self,
        clock: IReactorTime,
        desk: Desk,
        ledger: Ledger,
        start: Callable[[Sequence[RenderedAction]], None],
        calls: Callable[[], Collection[str]],
    ) -> None:
        self._clock = clock
        self._desk = desk
        self._ledger = ledger
        self._start = start
        self._calls = calls

    def table(self) -> Mapping[str, Command]:
        """What is answered."""
        return {"actions": self.actions, "replay": self.replay}

    def actions(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Actions, the newest first, and how many there are; :data:`PAGE` at most, and those from ``before`` one on."""
        limit = request.get("limit", LIMIT)
        if not isinstance(limit, int) or limit < 0:
            raise UserError("the limit is a number; 0 is all")
        book = self._ledger.book
        found, total = book.find(
            agent=str(request.get("agent") or ""), call=str(request.get("call") or ""),
            bad=bool(request.get("failed")), limit=min(limit or PAGE, PAGE), before=str(request.get("before") or ""),
        )  # fmt: skip
        tally = {status: count for status, count in sorted(book.tally.items()) if count}
        return {"actions": [d.shown() for d in found], "total": total, "tally": tally}

    async def _replay(self, id: str) -> dict[str, Any]:
        first = self._ledger.book.get(id)
        if first is None:
            raise UserError("there is no such action (any more); astcti ctl actions lists those there are")
        payload = await self._ledger.archive.payload(id)
        if payload is None:
            raise UserError("what was sent then is not known any more")
        attendance = self._present(first.operator)
        action = replace(payload.action, id=self._new_id(id))
        notice = payload.notice._replace(time=self._clock.seconds())
        if first.place == SERVER:
            again = self._ledger.serve(attendance, notice, action, replay_of=id)
            self._start((action,))
        else:
            again = self._send(attendance, Payload(notice, action), id)
        self._log.info("The administrator has action {id} repeated as {again}", id=id, again=action.id)
        await self._ledger.outcome_of(again, OUTCOME_SECONDS)
        return again.shown()

    def replay(self, request: Mapping[str, Any]) -> Deferred[dict[str, Any]]:
        """Have an action performed again where it was; fires with what became of it, or is known of it so far.

        :raises UserError: it cannot be; through the Deferred.
        """
        return Deferred.fromCoroutine(self._replay(str(request.get("id") or "")))

    def _present(self, username: str) -> Attendance:
        operator = self._desk.books.configuration.operator_by_username.get(username)
        attendance = None if operator is None else self._desk.floor.present(operator)
        if attendance is None or attendance.seat is None:
            raise UserError(f"{username or 'whoever it was for'} is not at work")
        return attendance

    def _send(self, attendance: Attendance, payload: Payload, id: str) -> Delivery:
        notice, action = payload
        client = attendance.client
        taken = client.notify(notice, (action,))
        if taken is False:
            raise UserError("the client takes no more: it reads too slowly")
        again = self._ledger.follow(attendance, notice, action, sent=not client.backlog, replay_of=id)
        if notice.kind != "Hangup" and notice.call.uniqueid not in self._calls():
            client.notify(_over(notice), ())  # else the client would show for ever a call that is long over
        return again

    def _new_id(self, id: str) -> str:
        original = id.partition("-r")[0]
        number = 1
        while self._ledger.book.get(f"{original}-r{number}") is not None:
            number += 1
        return f"{original}-r{number}"


def _over(notice: Notice) -> Notice:
    return notice._replace(kind="Hangup", pop=False, call=notice.call._replace(state=""))
