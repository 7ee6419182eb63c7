"""Which seat is which, and who may take it."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_address, ip_network

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from astcti.config.model import Configuration, Extension, Operator, Seat
from astcti.errors import Refused
from astcti.services.seating import SeatBook, number_of

SEATS = (
    Seat(id=1, exten="PJSIP/201", mac="00:1c:bf:37:53:ba"),
    Seat(id=2, exten="SIP/202", mac="00:00:00:00:00:00", host="192.0.2.7"),
    Seat(id=3, exten="IAX2/203", host="192.0.2.0/24"),
    Seat(id=4, exten="PJSIP/204", enabled=False, mac="00:1c:bf:37:53:bd", host="203.0.113.1"),
)
EXTENSIONS = (Extension(seat_id=1, exten="Local/251@phones/n"), Extension(seat_id=2, exten="SIP/203"))
HOSTS = ("192.0.2.7", "192.0.2.7/31", "192.0.2.0/24", "192.0.2.9/24", "0.0.0.0/0", "2001:db8::/32", "2001:db8::7",
         "::/0", "")  # fmt: skip
PEERS = ("192.0.2.7", "192.0.2.6", "198.51.100.1", "::ffff:192.0.2.7", "2001:db8::7", "2001:db8::8", "::1", "127.0.0.1")
PERSON = Operator(id=1, username="anna", full_name="Anna")


class SeatBookTests(SynchronousTestCase):
    """Finding seats."""

    def setUp(self) -> None:
        self.book = SeatBook.of(Configuration(seats=SEATS, extensions=EXTENSIONS))

    def refused(self, number: int, call: object, *args: object) -> str:
        """The reason a question is refused with."""
        error = self.assertRaises(Refused, call, *args)
        self.assertEqual(error.number, number)
        return str(error.reason)

    def test_by_mac(self) -> None:
        """A PC is found by its MAC; unknown and disabled ones are refused."""
        self.assertEqual(self.book.at_mac("00:1c:bf:37:53:ba", "192.0.2.9").id, 1)
        self.refused(913, self.book.at_mac, "00:1c:bf:37:53:bd", "192.0.2.9")
        self.refused(913, self.book.at_mac, "00:1c:bf:37:53:ff", "192.0.2.9")

    def test_mac_of_zeros(self) -> None:
        """The MAC of zeros is a seat on the server's own machine only."""
        for peer in ("127.0.0.1", "127.0.0.9", "::1", "::ffff:127.0.0.1"):
            self.assertEqual(self.book.at_mac("00:00:00:00:00:00", peer).id, 2)
        for peer in ("192.0.2.9", "2001:db8::1", "somewhere", ""):
            self.refused(913, self.book.at_mac, "00:00:00:00:00:00", peer)

    def test_by_extension(self) -> None:
        """A phone is found by its full name, whatever the case of the technology, or by a number only it has."""
        for said, seat in (("PJSIP/201", 1), ("pjsip/201", 1), ("201", 1), ("iax2/203", 3), ("SIP/203", 2), ("251", 1)):
            self.assertEqual(self.book.at_extension(said).id, seat, said)
        self.assertEqual(self.book.at_extension("Local/251@phones").id, 1)
        for said in ("PJSIP/202", "204", "PJSIP/204", "999", "", "/"):
            self.assertIn("unknown", self.refused(916, self.book.at_extension, said))
        self.assertIn("ambiguous", self.refused(916, self.book.at_extension, "203"))

    def test_by_address(self) -> None:
        """A client's address may say where it is; the most particular seat comes first, disabled ones never."""
        self.assertEqual([s.id for s in self.book.at_address("192.0.2.7")], [2, 3])
        self.assertEqual([s.id for s in self.book.at_address("::ffff:192.0.2.8")], [3])
        self.assertEqual(self.book.at_address("203.0.113.1"), ())
        self.assertEqual(self.book.at_address("unix"), ())

    @settings(max_examples=200, deadline=None)
    @given(st.lists(st.sampled_from(HOSTS), max_size=6), st.sampled_from(PEERS))
    def test_any_address(self, hosts: list[str], peer: str) -> None:
        """The seats found are those whose network has the address, the most particular first, then by number."""
        seats = tuple(Seat(id=i, exten=f"PJSIP/{i}", host=host) for i, host in enumerate(hosts, 1))
        address = ip_address(peer.removeprefix("::ffff:"))
        fitting = [(ip_network(s.host, strict=False), s.id) for s in seats if s.host]
        fitting = sorted(((n, i) for n, i in fitting if address in n), key=lambda each: (-each[0].prefixlen, each[1]))
        found = SeatBook.of(Configuration(seats=seats)).at_address(peer)
        self.assertEqual([seat.id for seat in found], [i for _, i in fitting])

    def test_phones(self) -> None:
        """The phones of a seat are listed as channels will show them, the main one first."""
        self.assertEqual(self.book.phones(SEATS[0]), ("PJSIP/201", "Local/251@phones"))
        self.assertEqual(number_of("PJSIP/201"), "201")

    def test_host_names_are_no_addresses(self) -> None:
        """A seat with a host name instead of an address is not found by address, and does no harm."""
        book = SeatBook.of(Configuration(seats=(replace(SEATS[0], host="pc1.example"),)))
        self.assertEqual(book.by_block, {})


class RuleTests(SynchronousTestCase):
    """Who may sit where."""

    def setUp(self) -> None:
        self.book = SeatBook.of(Configuration(seats=SEATS))
        self.fixed = SeatBook.of(Configuration(seats=SEATS), roaming=False)

    def test_mac_of_another_seat(self) -> None:
        """Somebody with a fixed seat may not take another."""
        self.book.check_mac(PERSON, SEATS[0])
        self.book.check_mac(replace(PERSON, seat_id=1), SEATS[0])
        error = self.assertRaises(Refused, self.book.check_mac, replace(PERSON, seat_id=2), SEATS[0])
        self.assertEqual(error.number, 925)

    def test_extension_rules(self) -> None:
        """Call-centre operators and those bound elsewhere may not choose; others may, if roaming is allowed."""
        self.book.check_extension(PERSON, SEATS[0])
        self.fixed.check_extension(replace(PERSON, seat_id=1), SEATS[0])
        for book, operator in (
            (self.book, replace(PERSON, is_call_center=True)),
            (self.book, replace(PERSON, seat_id=2)),
            (self.fixed, PERSON),
        ):
            error = self.assertRaises(Refused, book.check_extension, operator, SEATS[0])
            self.assertEqual(error.number, 916)

    def test_answering(self) -> None:
        """Phones that answer by themselves in a context are of their seat by that, too, but not claimed by it; of
        two with one number the first is."""
        extensions = (
            Extension(seat_id=1, exten="PJSIP/301", can_auto_answer=True),
            Extension(seat_id=2, exten="SIP/301", can_auto_answer=True),
            Extension(seat_id=1, exten="PJSIP/302"),
            Extension(seat_id=1, exten="PJSIP/303", can_auto_answer=True, enabled=False),
            Extension(seat_id=2, exten="Local/304@phones/n", can_auto_answer=True),
        )
        configuration = Configuration(seats=SEATS, extensions=extensions)
        book = SeatBook.of(configuration, auto_answer_context="answering")
        expected = {"PJSIP/301": "Local/301@answering", "Local/304@phones": "Local/304@answering"}
        self.assertEqual(book.answering, expected)
        first, second = book.by_id[1], book.by_id[2]
        self.assertEqual([p for p in book.phones(first) if "answering" in p], ["Local/301@answering"])
        self.assertEqual([p for p in book.phones(second) if "answering" in p], ["Local/304@answering"])
        self.assertEqual(book.of_phone("Local/301@answering"), first)
        self.assertEqual(self.assertRaises(Refused, book.at_extension, "Local/301@answering").number, 916)
        self.assertEqual(SeatBook.of(configuration).phones(first), ("PJSIP/201", "PJSIP/301", "PJSIP/302"))
