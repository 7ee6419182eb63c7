"""What is to happen, and when: drawn by lot before it begins, the same for the same seed."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass

GAP = (1.5, 9.0)  # seconds between the beginnings of two scenes


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of trouble.

    :ivar of: what it happens to; to one thing happens one trouble at a time.
    :ivar seconds: how long it lasts, at least and at most.
    :ivar cards: how often it comes, in comparison with others.
    """

    of: tuple[str, ...]
    seconds: tuple[float, float]
    cards: int = 1


@dataclass(frozen=True, slots=True)
class Scene:
    """One trouble.

    :ivar at: seconds after the beginning.
    :ivar seed: for what it has to decide by itself.
    """

    at: float
    kind: str
    seconds: float
    seed: int

    def __str__(self) -> str:
        return f"{self.at:7.1f} s  {self.kind} for {self.seconds:.1f} s"


def plan(seed: int, seconds: float, kinds: Mapping[str, Kind]) -> list[Scene]:
    """Scenes for so many seconds. Kinds are drawn as cards from a deck, so that each comes before any comes again."""
    chance = random.Random(seed)
    scenes: list[Scene] = []
    deck: list[str] = []
    at = chance.uniform(*GAP)
    while at < seconds:
        if not deck:
            deck = [name for name, kind in kinds.items() for _ in range(kind.cards)]
            chance.shuffle(deck)
        name = deck.pop()
        scenes.append(Scene(round(at, 2), name, round(chance.uniform(*kinds[name].seconds), 2), chance.getrandbits(32)))
        at += chance.uniform(*GAP)
    return scenes
