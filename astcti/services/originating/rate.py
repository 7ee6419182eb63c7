"""How often somebody may do something within a minute."""

from __future__ import annotations

from collections import deque

WINDOW = 60.0  # seconds


class Rate:
    """Remembers who did it when, for a minute; who did not lately costs nothing."""

    def __init__(self) -> None:
        self._times: dict[int, deque[float]] = {}

    def __len__(self) -> int:
        return len(self._times)

    def allows(self, who: int, most: int, now: float) -> bool:
        """Whether ``who`` may do it once more; that counts. With ``most`` 0 there is no limit."""
        if not most:
            return True
        self._forget(now)
        times = self._times.setdefault(who, deque())
        while times and times[0] <= now - WINDOW:
            times.popleft()
        if len(times) >= most:
            return False
        times.append(now)
        # Whoever did it last stands last: those whom nobody has to remember any more are in front.
        self._times[who] = self._times.pop(who)
        return True

    def _forget(self, now: float) -> None:
        while self._times:
            who, times = next(iter(self._times.items()))
            if times and times[-1] > now - WINDOW:
                break
            del self._times[who]
