"""Reloads in which anything may change at once, one after the other: what follows is what the rows say, no more."""

from __future__ import annotations

from dataclasses import replace
from random import Random
from typing import Any

from astcti.config.model import Configuration, Extension, Operator, Seat, ServiceOperator
from tests.services.fakes import digest
from tests.services.lineclient import LineClient
from tests.services.reload.centre import SENT_AWAY, ReloadTestCase

NAMES = ("anna", "bruno", "carla")
QUEUES = ("sales", "support", "night")
RELOADS = 12  # each takes half a second, mostly of waiting


def phones_of(configuration: Configuration, seat: Seat) -> list[str]:
    """The phones of a seat."""
    further = [e.exten for e in configuration.extensions if e.seat_id == seat.id and e.enabled]
    return [seat.exten, *further]


def queues_of(configuration: Configuration, operator: Operator) -> dict[str, int]:
    """The queues of an operator, with the least of the penalties there."""
    found: dict[str, int] = {}
    assigned = {r.service_id: r.penalty for r in configuration.service_operators
                if r.operator_id == operator.id and r.enabled}  # fmt: skip
    for service in configuration.services:
        by_language = bool(service.language) and service.language in operator.languages
        if service.enabled and service.kind == "queue-inbound" and (service.id in assigned or by_language):
            penalty = assigned.get(service.id, 0)
            found[service.queue_name] = min(penalty, found.get(service.queue_name, penalty))
    return found


class ManyTests(ReloadTestCase):
    """Three operators, and an administrator without a plan."""

    timeout = 600

    async def test_anything(self) -> None:
        """Whatever changes together: who has to leave is told so and out, everybody else is in their queues with their
        penalties, and paused if they pause; whoever is not concerned hears nothing, and nothing is done for them."""
        self.random = Random(7)
        self.paused: set[str] = set()
        self.secrets = {name: name for name in NAMES}
        self.add("extensions", Extension(seat_id=1, exten="PJSIP/251", enabled=False))
        await self.reload()
        for client in (self.anna, self.bruno, self.carla):
            self.said(client)
        self.exchange.taken()
        self.there: dict[int, tuple[LineClient, int]] = {1: (self.anna, 1), 2: (self.bruno, 2), 3: (self.carla, 3)}
        for turn in range(RELOADS):
            await self.pause_some()
            before = self.now
            done = [self.change_something() for _ in range(self.random.randint(1, 4))]
            self.what = f"turn {turn}: {done}"
            await self.reload()
            await self.settle()
            await self.look(before)
            await self.bring_back()

    async def pause_some(self) -> None:
        """Somebody pauses, or comes back."""
        if not self.there or self.random.random() < 0.5:
            return
        i = self.random.choice(sorted(self.there))
        client, _ = self.there[i]
        if not self.members_of(i):
            return
        if i in self.paused:
            await client.ask("PAUSE OUT", "300 OK")
            self.paused.discard(i)
        else:
            await client.ask("PAUSE IN reason=lunch", "301")
            await client.expect("300 OK")
            self.paused.add(i)
        await self.settle()
        for one, _ in self.there.values():
            self.said(one)
        self.exchange.taken()

    def members_of(self, i: int) -> dict[tuple[str, str], int]:
        """What the rows say about an operator who is there."""
        operator = next(o for o in self.now.operators if o.id == i)
        seat = next(s for s in self.now.seats if s.id == self.there[i][1])
        queues = queues_of(self.now, operator)
        return {(queue, phone): penalty for phone in phones_of(self.now, seat) for queue, penalty in queues.items()}

    # -- the administrator

    def change_something(self) -> str:
        """One change that leaves a valid configuration."""
        r, now = self.random, self.now
        kind = r.choice([m for m in dir(self) if m.startswith("do_")])
        return f"{kind[3:]} {getattr(self, kind)(r, now)}"

    def do_name(self, r: Random, now: Configuration) -> str:
        """Another full name."""
        i = r.randint(1, 3)
        self.change("operators", i, full_name=f"N{r.randint(1, 99)}")
        return str(i)

    def do_enabled(self, r: Random, now: Configuration) -> str:
        """An operator is switched off, or on again."""
        i = r.randint(1, 3)
        if r.random() < 0.4:
            self.change("operators", i, enabled=not next(o.enabled for o in now.operators if o.id == i))
        return str(i)

    def do_password(self, r: Random, now: Configuration) -> str:
        """Another password."""
        i = r.randint(1, 3)
        self.change("operators", i, password=digest(word := f"p{r.randint(1, 99)}"))
        self.secrets[next(o.username for o in now.operators if o.id == i)] = word
        return f"{i} {word}"

    def do_fixed(self, r: Random, now: Configuration) -> str:
        """A fixed seat, or none."""
        i = r.randint(1, 3)
        seat = r.choice([None, i])
        self.change("operators", i, seat_id=seat)
        return f"{i} {seat}"

    def do_supervisor(self, r: Random, now: Configuration) -> str:
        """A supervisor, or not."""
        i = r.randint(1, 3)
        self.change("operators", i, is_supervisor=r.random() < 0.5)
        return str(i)

    def do_languages(self, r: Random, now: Configuration) -> str:
        """Other languages."""
        i, languages = r.randint(1, 3), r.choice([(), ("ar",), ("de",), ("ar", "de")])
        self.change("operators", i, languages=languages)
        return f"{i} {languages}"

    def do_swap_names(self, r: Random, now: Configuration) -> str:
        """Two operators swap their user names."""
        if r.random() < 0.6:
            return "-"
        i, j = r.sample((1, 2, 3), 2)
        one, two = (next(o for o in now.operators if o.id == k) for k in (i, j))
        self.change("operators", i, username=two.username)
        self.change("operators", j, username=one.username)
        self.secrets[one.username], self.secrets[two.username] = self.secrets[two.username], self.secrets[one.username]
        return f"{i} {j}"

    def do_swap_phones(self, r: Random, now: Configuration) -> str:
        """Two seats swap their main phones."""
        if r.random() < 0.5:
            return "-"
        i, j = r.sample((1, 2, 3), 2)
        one, two = (next(s.exten for s in now.seats if s.id == k) for k in (i, j))
        self.change("seats", i, exten=two)
        self.change("seats", j, exten=one)
        return f"{i} {j}"

    def do_seat(self, r: Random, now: Configuration) -> str:
        """Another description."""
        i = r.randint(1, 3)
        self.change("seats", i, description=f"D{r.randint(1, 99)}")
        return str(i)

    def do_seat_enabled(self, r: Random, now: Configuration) -> str:
        """A seat is switched off, or on again."""
        i = r.randint(1, 3)
        if r.random() < 0.3:
            self.change("seats", i, enabled=not next(s.enabled for s in now.seats if s.id == i))
        return str(i)

    def do_further(self, r: Random, now: Configuration) -> str:
        """The further phone stands elsewhere."""
        i, on = r.randint(1, 3), r.random() < 0.7
        self.now = replace(now, extensions=(Extension(seat_id=i, exten="PJSIP/251", enabled=on),))
        return f"{i} {on}"

    def do_queue(self, r: Random, now: Configuration) -> str:
        """Another queue for a service."""
        i, queue = r.choice((1, 2, 6)), r.choice((*QUEUES, ""))
        self.change("services", i, queue_name=queue)
        return f"{i} {queue}"

    def do_service(self, r: Random, now: Configuration) -> str:
        """A service is switched off, or on again."""
        i = r.choice((1, 2, 3, 4, 5, 6))
        self.change("services", i, enabled=not next(s.enabled for s in now.services if s.id == i))
        return str(i)

    def do_service_language(self, r: Random, now: Configuration) -> str:
        """Another language of a service."""
        i, language = r.choice((1, 2, 6)), r.choice(("", "ar", "de"))
        self.change("services", i, language=language)
        return f"{i} {language}"

    def do_assign(self, r: Random, now: Configuration) -> str:
        """An operator is put on a service."""
        service, i, penalty = r.choice((1, 2, 3, 4, 5, 6)), r.randint(1, 3), r.randint(0, 4)
        enabled = r.random() < 0.8
        self.drop("service_operators", lambda row: (row.service_id, row.operator_id) == (service, i))
        self.add(
            "service_operators", ServiceOperator(service_id=service, operator_id=i, penalty=penalty, enabled=enabled)
        )
        return f"{i} on {service}: {penalty} {enabled}"

    def do_unassign(self, r: Random, now: Configuration) -> str:
        """An operator is taken off a service."""
        service, i = r.choice((1, 2, 3, 4, 5, 6)), r.randint(1, 3)
        self.drop("service_operators", lambda row: (row.service_id, row.operator_id) == (service, i))
        return f"{i} off {service}"

    # -- what follows

    async def look(self, before: Configuration) -> None:
        """Compare everything with the rows."""
        asked = self.exchange.taken()
        wanted: dict[tuple[str, str], int] = {}
        paused: set[tuple[str, str]] = set()
        for i, (client, seat_id) in list(self.there.items()):
            if self.has_to_leave(before, i, seat_id):
                await client.ended()
                said = self.told(client)
                self.assertEqual([s for s in said if s in SENT_AWAY][-1:], SENT_AWAY[-1:], (self.what, said))
                del self.there[i]
                continue
            self.assertFalse(client.closed, (self.what, i, client.lines[-3:]))
        for i in self.there:
            members = self.members_of(i)
            wanted.update(members)
            if i in self.paused:
                paused |= members.keys()
        found = {(q, m.interface): m.penalty for q in QUEUES for m in self.exchange.pbx.queues[q].members.values()}
        shown = {(q, m.interface) for q in QUEUES for m in self.exchange.pbx.queues[q].members.values() if m.paused}
        self.assertEqual(found, wanted, self.what)
        self.assertEqual(shown, paused, self.what)
        for i, (client, seat_id) in self.there.items():
            said = self.told(client)
            if self.about(before, i, seat_id) == self.about(self.now, i, seat_id):
                self.assertEqual([s for s in said if s != "AgentState"], [], (self.what, i))
                phones = set(phones_of(self.now, next(s for s in self.now.seats if s.id == seat_id)))
                mine = [a for a in asked if a[2] in phones and not self.was_anothers(before, a[2], seat_id)]
                self.assertEqual(mine, [], (self.what, i))

    def was_anothers(self, before: Configuration, phone: str, seat_id: int) -> bool:
        """Whether a phone was at another seat until now."""
        return any(phone in phones_of(before, s) for s in before.seats if s.id != seat_id)

    def has_to_leave(self, before: Configuration, i: int, seat_id: int) -> bool:
        """By the table."""
        old, new = (next((o for o in c.operators if o.id == i), None) for c in (before, self.now))
        seat, now = (next((s for s in c.seats if s.id == seat_id), None) for c in (before, self.now))
        assert old is not None and seat is not None
        if new is None or not new.enabled or now is None or not now.enabled:
            return True
        person = (old.username, old.password, old.seat_id, old.is_call_center)
        return person != (new.username, new.password, new.seat_id, new.is_call_center) or (
            (seat.mac, seat.exten) != (now.mac, now.exten)
        )

    def about(self, c: Configuration, i: int, seat_id: int) -> Any:
        """All that is told somebody, or done for them."""
        operator, seat = next(o for o in c.operators if o.id == i), next(s for s in c.seats if s.id == seat_id)
        enabled = {s.id: s for s in c.services if s.enabled}
        mine = [(r, enabled[r.service_id]) for r in sorted(c.service_operators, key=lambda r: r.service_id)
                if r.operator_id == i and r.enabled and r.service_id in enabled]  # fmt: skip
        spoken = [s for s in enabled.values() if s.language and s.language in operator.languages]
        return (operator, seat, [e for e in c.extensions if e.seat_id == seat_id and e.enabled], mine, spoken)

    async def bring_back(self) -> None:
        """Whoever may come in again does."""
        for operator in self.now.operators:
            seat = next(s for s in self.now.seats if s.id == (operator.seat_id or operator.id))
            if operator.id in self.there or not operator.enabled or not seat.enabled:
                continue
            if any(seat.id == taken for _, taken in self.there.values()):
                continue
            self.unasked = frozenset({operator.username} if operator.seat_id else ())
            client = await self.sit(
                operator.username,
                "CAPS events2",
                password=self.secrets[operator.username],
                seat=seat.id,
            )
            self.there[operator.id] = (client, seat.id)
        await self.settle()
        for client, _ in self.there.values():
            self.said(client)
        self.exchange.taken()
        for i in self.there:  # pauses are kept by user name, for the time of somebody's absence
            flags = {self.exchange.pbx.queues[queue].members[phone].paused for queue, phone in self.members_of(i)}
            self.assertLessEqual(len(flags), 1, self.what)
            if flags:
                (self.paused.add if flags == {True} else self.paused.discard)(i)
