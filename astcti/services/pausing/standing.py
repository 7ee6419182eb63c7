"""How one operator stands in their queues: what was wanted, what the PBX shows, and what follows from both. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from astcti.services.pausing.values import PBX, PBX_REASON, SERVER, SUPERVISOR, WRAPUP, Cause, Key, Stance, Summary


@dataclass(frozen=True, slots=True)
class WrapUp:
    """After-call work; without ``until`` (seconds since the epoch) it lasts until the operator ends it."""

    since: float
    until: float | None = None


class Standing:
    """The pauses of one operator.

    :ivar default: how a new membership is to be: paused for this cause, or not.
    :ivar stances: how each membership is, as far as it has one: by what we did and what the PBX told.
    :ivar shown: whether the PBX shows the membership as paused. Differs from ``stances`` only while that is being put
        right.
    :ivar entering: memberships of which the PBX was asked, and how they begin; they may be wanted otherwise meanwhile.
    :ivar wrapup: the after-call work going on.
    :ivar out: whether memberships were ended for it and are not back: were they there, they would be as ``default``.
    """

    def __init__(self, default: Stance = None, singles: Mapping[str, Cause] | None = None) -> None:
        self.default = default
        self.stances: dict[Key, Stance] = {}
        self.shown: dict[Key, bool] = {}
        self.entering: dict[Key, Stance] = {}
        self._unexplained: set[Key] = set()  # paused at the PBX, without the reason that they are paused for
        self.wrapup: WrapUp | None = None
        self.out = False
        self._singles = dict(singles or {})  # by queue: pauses of memberships that are not there (yet)

    # -- memberships come and go

    def wanted(self, queue: str) -> Stance:
        """How a membership of that queue is to begin."""
        return self._singles.get(queue, self.default)

    def join(self, key: Key, paused: bool, reason: str, now: float, *, trust: bool) -> None:
        """A membership is there.

        :param trust: a pause that we know nothing of is somebody's will, and stays; else it is left over from before.
        """
        wanted = self.stances.get(key, self.wanted(key.queue))
        self._singles.pop(key.queue, None)
        self.shown[key] = paused
        if key not in self.stances and not self.wraps_up:
            self.out = False
        asked = self.entering.pop(key, None)
        ours = asked is not None and reason in ("", asked.reason)
        if wanted is None and paused and trust and not ours:
            wanted = foreign(reason, now)
        self.stances[key] = wanted
        if wanted is not None and paused and wanted.reason and (not reason or (ours and reason != wanted.reason)):
            self._unexplained.add(key)  # Asterisk 16 takes no reason with QueueAdd; or it has become another one
        else:
            self._unexplained.discard(key)

    def leave(self, key: Key) -> None:
        """A membership is over; a pause of this queue only is kept for when it comes back."""
        stance = self.stances.pop(key, None)
        self.shown.pop(key, None)
        self._unexplained.discard(key)
        if stance is not None and self._alone(stance):
            self._singles[key.queue] = stance

    def go_away(self) -> None:
        """The operator is gone, and with them every membership; what they were paused for is kept."""
        self._singles = self.singles()
        self.stances.clear()
        self.shown.clear()
        self.entering.clear()
        self._unexplained.clear()

    def differing(self) -> dict[Key, Stance]:
        """Memberships that the PBX shows otherwise than they are to be."""
        return {
            key: self.stances[key]
            for key, paused in self.shown.items()
            if paused != (self.stances[key] is not None) or key in self._unexplained
        }

    # -- what the PBX tells

    def told(self, key: Key, paused: bool, stance: Stance) -> None:
        """The PBX told of a membership what we had asked for."""
        self.shown[key] = paused
        self.stances[key] = stance
        self._unexplained.discard(key)

    def foreign_change(self, key: Key, paused: bool, reason: str, now: float) -> None:
        """The PBX told of something that we had not asked for. The operator's stance follows."""
        self.told(key, paused, foreign(reason, now) if paused else None)
        self.settle()

    def settle(self) -> None:
        """Let the default follow when all memberships are alike, and when they are not any more."""
        stances = list(self.stances.values())
        if not stances:
            return
        if self.out:
            stances.append(self.default)
        if all(s is not None for s in stances):
            if self.default is None or self.default not in stances:
                self.default = max((s for s in stances if s is not None), key=lambda cause: cause.since)
        else:
            self.default = None

    # -- decisions

    def keys(self, queue: str = "") -> list[Key]:
        """Memberships of one queue or of all."""
        return [k for k in self.shown if queue in ("", k.queue)]

    def decide(self, stance: Stance, queue: str = "") -> None:
        """What was asked for has come true: paused or not, in one queue or in all.

        Where somebody else has changed it again meanwhile, it is as they left it.
        """
        if not queue:
            self.default = stance
            self._singles.clear()
        elif not self.keys(queue):  # not in it at the moment: it is so when they are back
            self._singles.pop(queue, None)
            if stance is not None:
                self._singles[queue] = stance
        for key in self.keys(queue):
            if self.shown[key] == (stance is not None):
                self.stances[key] = stance
        self.settle()
        if self.wrapup is not None and not self._any_wraps_up():
            self.wrapup = None

    @property
    def wraps_up(self) -> bool:
        """Whether a membership that begins now is to be paused for after-call work."""
        return _wraps_up(self.default)

    def of_wrapup(self) -> list[Key]:
        """Memberships that are paused for after-call work."""
        return [k for k in self.shown if _wraps_up(self.stances[k])]

    def free(self) -> list[Key]:
        """Memberships that are not paused."""
        return [k for k in self.shown if self.stances[k] is None]

    def _any_wraps_up(self) -> bool:
        return _wraps_up(self.default) or any(map(_wraps_up, self.stances.values()))

    # -- seen from outside

    def summary(self) -> Summary:
        """All in all, by what the PBX shows."""
        paused = [k for k, shown in self.shown.items() if shown]
        if not self.shown:
            return Summary("none") if self.default is None else Summary("all", self.default)
        if not paused:
            return Summary("none")
        if len(paused) == len(self.shown) and not (self.out and self.default is None):
            causes = [self.stances[k] or Cause(by=SUPERVISOR) for k in paused]
            if self.out and self.default is not None:
                causes.append(self.default)
            return Summary("all", self.default if self.default in causes else max(causes, key=lambda c: c.since))
        queues = {k.queue: self.stances[k] or Cause(by=SUPERVISOR) for k in sorted(paused)}
        return Summary("partly", None, tuple(queues.items()))

    def singles(self) -> dict[str, Cause]:
        """Pauses of single queues, also of those that the operator is not in at the moment."""
        found = {k.queue: s for k, s in self.stances.items() if s is not None and self._alone(s)}
        return {**self._singles, **found}

    def _alone(self, stance: Cause) -> bool:
        """Whether a pause is not part of one in all queues, or will outlast it."""
        return self.default is None or (self.default.after_call and not stance.after_call)


def foreign(reason: str, now: float) -> Cause:
    """Why somebody else may have paused a member; or we, before a link or a server ended that could tell."""
    if reason == WRAPUP:
        return Cause(WRAPUP, SERVER, now, True)
    return Cause(reason, PBX if reason == PBX_REASON else SUPERVISOR, now)


def _wraps_up(stance: Stance) -> bool:
    return stance is not None and stance.after_call


def alike(stance: Stance, keys: Iterable[Key]) -> dict[Key, Stance]:
    """The same for each of them."""
    return dict.fromkeys(keys, stance)
