"""All memberships that are wanted or written down, by phone; what is done to them ends up in the journal."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from astcti.model.channels import normalise_interface
from astcti.services.journal import Journal
from astcti.services.journal import Membership as Record
from astcti.services.membership.values import Key, Place


class Places:
    """Looked up in constant time."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._at: dict[str, dict[str, Place]] = {}

    def recall(self) -> list[Place]:
        """Take over what the journal has from before this process began; those places."""
        found: list[Place] = []
        for record in list(self._journal.memberships.values()):
            place = self.make(Key(record.queue, normalise_interface(record.interface)))
            place.record = record
            found.append(place)
        return found

    def get(self, key: Key) -> Place | None:
        """What is known of a membership."""
        return self._at.get(key.phone, {}).get(key.queue)

    def make(self, key: Key) -> Place:
        """The place for a membership, which may have nothing in it yet."""
        return self._at.setdefault(key.phone, {}).setdefault(key.queue, Place(key))

    def at(self, phone: str) -> list[Place]:
        """Those of one phone."""
        return list(self._at.get(phone, {}).values())

    def __iter__(self) -> Iterator[Place]:
        for queues in self._at.values():
            yield from queues.values()

    @property
    def phones(self) -> list[str]:
        """Phones of which there is anything to know."""
        return list(self._at)

    def write(self, place: Place, record: Record) -> None:
        """Write down how it is, or is to be."""
        if place.record is not None and place.record.interface != record.interface:
            self._journal.remove_membership(place.key.queue, place.record.interface)
        self._journal.put_membership(record)
        place.record = record

    def set_penalty(self, place: Place, penalty: int) -> None:
        """Write down another penalty."""
        if place.record is not None:
            self.write(place, replace(place.record, penalty=penalty))

    def strike(self, place: Place) -> None:
        """It is over: strike it out."""
        if place.record is not None:
            self._journal.remove_membership(place.key.queue, place.record.interface)
            place.record = None
        self.drop(place)

    def drop(self, place: Place) -> None:
        """Let go of it if nothing is left to know."""
        if place.idle:
            queues = self._at.get(place.key.phone)
            if queues is not None and queues.get(place.key.queue) is place:
                del queues[place.key.queue]
                if not queues:
                    del self._at[place.key.phone]
