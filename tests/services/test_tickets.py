"""Tickets by themselves, and the file with their key."""

from __future__ import annotations

import stat
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.logger import capturedLogs, formatEvent
from twisted.trial.unittest import SynchronousTestCase

from astcti.services.tickets import KEY_BYTES, Forged, TicketOffice, key_of

BY_OTHERS = "could be read by others"


class TicketTests(SynchronousTestCase):
    """What is in a ticket."""

    def test_reads(self) -> None:
        """What was put in comes out, and nothing of the credential is in it."""
        office = TicketOffice(b"k")
        text = office.issue(1, 2, 3.9, 4.9, b"s" * 12, ("anna", "secret"))
        ticket = office.read(text)
        assert ticket is not None
        self.assertEqual(
            (ticket.operator_id, ticket.seat_id, ticket.proved, ticket.given, ticket.serial), (1, 2, 3, 4, b"s" * 12)
        )
        self.assertTrue(office.still_counts(ticket, ("anna", "secret"), 4.0))
        self.assertFalse(office.still_counts(ticket, ("anna", "another"), 4.0))
        self.assertFalse(office.still_counts(ticket, ("annasecret",), 4.0))

    def test_large_ids(self) -> None:
        """Ids may be as large as a data base's."""
        office = TicketOffice(b"k")
        ticket = office.read(office.issue(2**63 - 1, 2**40 + 7, 3, 4, b"s" * 12, ()))
        assert ticket is not None
        self.assertEqual((ticket.operator_id, ticket.seat_id), (2**63 - 1, 2**40 + 7))

    def test_of_another_key_or_version(self) -> None:
        """Tickets of a key that is gone, or of another version of the server, are no forgeries."""
        office = TicketOffice(b"k")
        text = office.issue(1, 2, 3, 4, b"s" * 12, ())
        self.assertIsNone(TicketOffice(b"another").read(text))
        self.assertIsNone(office.read("AQ" + text[2:]))

    def test_malformed(self) -> None:
        """What cannot be a ticket is one forged."""
        office = TicketOffice(b"k")
        text = office.issue(1, 2, 3, 4, b"s" * 12, ())
        for wrong in ("", "A", text[:-4], text + "AAAA", "Aw"):
            self.assertRaises(Forged, office.read, wrong)

    @settings(max_examples=200, deadline=None)
    @given(st.integers(0, 107), st.sampled_from("ABab01-_"))
    def test_any_tampering(self, place: int, character: str) -> None:
        """Whatever character is another, nobody gets in."""
        office = TicketOffice(b"k")
        ticket = office.issue(1, 2, 3, 4, b"s" * 12, ("a",))
        place %= len(ticket)
        changed = ticket[:place] + character + ticket[place + 1 :]
        if changed == ticket:
            return
        try:
            self.assertIsNone(office.read(changed))
        except Forged:
            pass


class KeyFileTests(SynchronousTestCase):
    """The key outlives the server, and is nobody else's."""

    def setUp(self) -> None:
        self.path = Path(self.mktemp()) / "var" / "tickets.key"

    def read(self) -> tuple[bytes, list[str]]:
        """The key, and what the log says."""
        with capturedLogs() as logs:
            key = key_of(self.path)
        return key, [formatEvent(event) for event in logs]

    def mode(self) -> int:
        return stat.S_IMODE(self.path.stat().st_mode)

    def test_missing(self) -> None:
        """A new one is made, that only we can read, and kept."""
        key, logs = self.read()
        self.assertEqual((len(key), self.path.read_bytes(), self.mode(), logs), (KEY_BYTES, key, 0o600, []))
        self.assertEqual(self.read(), (key, []))

    def test_removed(self) -> None:
        """Who removes it ends all tickets: another one is made."""
        key, _ = self.read()
        self.path.unlink()
        self.assertNotEqual(self.read()[0], key)

    def test_rotated(self) -> None:
        """Another key that somebody puts there counts."""
        self.read()
        self.path.write_bytes(b"r" * KEY_BYTES)
        self.assertEqual(self.read(), (b"r" * KEY_BYTES, []))

    def test_readable_by_others(self) -> None:
        """One that others could read may be known to them: it is replaced, and the log says so."""
        for mode in (0o640, 0o604, 0o660, 0o622):
            key, _ = self.read()
            self.path.chmod(mode)
            new, (log,) = self.read()
            self.assertNotEqual(new, key)
            self.assertIn(BY_OTHERS, log)
            self.assertEqual((self.mode(), self.path.read_bytes()), (0o600, new))

    def test_no_key(self) -> None:
        """What is too short, too long or empty is no key and is replaced."""
        for content in (b"", b"x" * (KEY_BYTES - 1), b"x" * (KEY_BYTES + 1)):
            self.read()
            self.path.write_bytes(content)
            key, (log,) = self.read()
            self.assertIn("is no key and is replaced", log)
            self.assertEqual((len(key), self.read()), (KEY_BYTES, (key, [])))

    def test_nowhere_to_keep_it(self) -> None:
        """Where it cannot be kept it ends with the process; the log says so, and nobody is kept out."""
        self.path.parent.parent.mkdir(parents=True, exist_ok=True)
        self.path.parent.write_bytes(b"a file, and no directory")
        key, (log,) = self.read()
        self.assertEqual(len(key), KEY_BYTES)
        self.assertIn("tickets of clients end with this process", log)
        self.assertNotEqual(self.read()[0], key)

    def test_a_directory_in_its_place(self) -> None:
        """So it is where the file cannot be read."""
        self.path.mkdir(parents=True, mode=0o700)
        key, (log,) = self.read()
        self.assertEqual(len(key), KEY_BYTES)
        self.assertIn("tickets of clients end with this process", log)
