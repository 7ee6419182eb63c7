"""One change of pauses on its way through the PBX: what is sent, what must be seen, how it ends, what is undone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from astcti.services.pausing.values import Key, Stance

REFUSED, TIMED_OUT, NO_LINK = 906, 907, 905


@dataclass(frozen=True, slots=True)
class Send:
    """One ``QueuePause``; without a queue it is for all of the phone's."""

    phone: str
    queue: str
    stance: Stance


@dataclass(frozen=True, slots=True)
class Outcome:
    """How it ended; ``number`` is 0 for success, else the protocol's."""

    number: int = 0
    reason: str = ""


SUCCESS = Outcome()


def _same(one: Stance, other: Stance) -> bool:
    """Whether the PBX would show the same."""
    return (one is None, one.reason if one else "") == (other is None, other.reason if other else "")


class Request:
    """Pending until every response is a success and the PBX has told of every membership, in whatever order.

    :param targets: how each membership is to be.
    :param before: how each membership of these phones is: all of them, also those that are not to change.
    :param singly: whether each queue is named to the PBX, instead of all at once where that does the same.
    :ivar sends: what is to be sent, answered by :meth:`responded` with its place in the list.
    :ivar outcome: set once, never changed.
    """

    def __init__(self, targets: Mapping[Key, Stance], before: Mapping[Key, Stance], *, singly: bool = False) -> None:
        self.targets = dict(targets)
        self.before = dict(before)
        self.sends = _plan(self.targets, self.before, singly)
        self.outcome: Outcome | None = None
        self._open = set(range(len(self.sends)))
        self._unseen = set(self.targets)
        self._done: set[int] = set()
        self._error: Outcome | None = None
        self._look()

    def responded(self, index: int, error: Outcome | None = None) -> None:
        """The PBX answered one send, with an ``error`` or without."""
        if index not in self._open:
            return
        self._open.discard(index)
        if error is None:
            self._done.add(index)
        else:
            self._error = self._error or error
        self._look()

    def seen(self, key: Key, paused: bool) -> bool:
        """The PBX told of a membership; whether that is what was asked for, and not seen before."""
        if key not in self._unseen or (self.targets[key] is not None) != paused:
            return False
        self._unseen.discard(key)
        self._look()
        return True

    def gone(self, key: Key) -> None:
        """A membership ended meanwhile."""
        self._unseen.discard(key)
        self.targets.pop(key, None)
        self._look()

    def failed(self, number: int, reason: str) -> None:
        """No more is awaited: the time is over, or the link is lost."""
        if self.outcome is None:
            self.outcome = self._error or Outcome(number, reason)

    def awaits(self, key: Key) -> bool:
        """Whether the PBX has not told of this membership yet."""
        return key in self._unseen

    def undo(self) -> dict[Key, Stance]:
        """After a failure: the memberships that have changed, or will, with how they were before.

        What a phone was asked and neither answered nor shown is left alone, unless another part of the request took
        effect: the PBX works in order, so undoing it comes behind it.
        """
        if self.outcome is None or not self.outcome.number:
            return {}
        took_effect = bool(self._done) or len(self._unseen) < len(self.targets)
        if not took_effect:
            return {}
        changed = {k for k in self.targets if k not in self._unseen}
        for index, send in enumerate(self.sends):
            if index in self._done or index in self._open:
                changed |= {k for k in self.targets if k.phone == send.phone and send.queue in ("", k.queue)}
        return {k: self.before[k] for k in changed if k in self.before and not _same(self.before[k], self.targets[k])}

    def _look(self) -> None:
        if self.outcome is None and not self._open:
            if self._error is not None:
                self.outcome = self._error
            elif not self._unseen:
                self.outcome = SUCCESS


def _plan(targets: Mapping[Key, Stance], before: Mapping[Key, Stance], singly: bool) -> list[Send]:
    """One send for a phone whose memberships all become alike, else one for each."""
    phones: dict[str, list[Key]] = {}
    for key in targets:
        phones.setdefault(key.phone, []).append(key)
    sends: list[Send] = []
    for phone, keys in phones.items():
        every = {k for k in before if k.phone == phone}
        first = targets[keys[0]]
        if not singly and every <= set(keys) and all(_same(targets[k], first) for k in keys):
            sends.append(Send(phone, "", first))
        else:
            sends += [Send(phone, k.queue, targets[k]) for k in sorted(keys)]
    return sends
