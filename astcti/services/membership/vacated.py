"""Phones of those who left, until it is certain that they are not back at the same ones."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from twisted.internet.interfaces import IDelayedCall, IReactorTime

from astcti.services.floor import Attendance

HANDOVER_SECONDS = 3.0  # for somebody who logged in elsewhere, and was replaced here, to say at which seat


class Vacated:
    """A second login of an operator ends the first (``takeover``), and so does one by ticket the connection before.

    Mostly they are at the same phone then: if that left its queues and joined them again, a queue would be empty for a
    moment, and those who wait in it might be thrown out.

    :param look: told of a phone whose memberships are to end.
    :param present: where an operator is logged in, by id.
    """

    def __init__(
        self, clock: IReactorTime, look: Callable[[str], object], present: Callable[[int], Attendance | None]
    ) -> None:
        self._clock = clock
        self._look = look
        self._present = present
        self._phones: dict[int, set[str]] = {}
        self._handovers: dict[int, IDelayedCall] = {}

    def __len__(self) -> int:
        return len(self._phones)

    def add(self, operator_id: int, phones: Iterable[str]) -> None:
        """An operator is at work at these no more."""
        self._phones.setdefault(operator_id, set()).update(phones)

    def see(self) -> None:
        """Look at those of whoever is gone, or has a seat again; the others have a moment to take one."""
        for operator_id in list(self._phones):
            there = self._present(operator_id)
            if there is None or there.seat is not None:
                self._leave(operator_id)
            elif operator_id not in self._handovers:
                self._handovers[operator_id] = self._clock.callLater(HANDOVER_SECONDS, self._leave, operator_id)

    def end(self) -> None:
        """Look at all."""
        for operator_id in list(self._phones):
            self._leave(operator_id)

    def _leave(self, operator_id: int) -> None:
        handover = self._handovers.pop(operator_id, None)
        if handover is not None and handover.active():
            handover.cancel()
        for phone in self._phones.pop(operator_id, ()):
            self._look(phone)
