"""The table of the first generation: its rows, and what becomes of them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from astcti.config.cti import People, Person, read_people
from astcti.config.ctijoining import ANY_CONTEXT, ANY_EXTENSION, numbered, with_people, without_people
from astcti.config.document import Document
from astcti.config.identifiers import is_stable_id
from astcti.config.model import Configuration, Extension, Operator, Seat
from astcti.config.schema import canonical
from astcti.config.settings import Settings
from astcti.config.source import SourceUnavailable
from astcti.config.validation import validate
from astcti.config.xmlsource import parse_xml, write_xml
from tests.config.samples import ARGON2ID, GOOD, MD5, TYPES

COLUMNS = ("username", "secret", "host", "ext")
NAME = "MySQL data base asterisk on localhost: cti"


def rows(*values: tuple[Any, ...]) -> list[dict[str, Any]]:
    """Rows of the four columns; those that are left out are NULL."""
    return [dict(zip(COLUMNS, (*row, None, None, None)[:4], strict=True)) for row in values]


def people(*values: tuple[Any, ...]) -> People:
    """What is read from rows."""
    return read_people(rows(*values), COLUMNS, NAME)


def joined(base: Configuration, *values: tuple[Any, ...], **options: Any) -> Document:
    """A configuration with such people in it."""
    return with_people(Document(base, "base"), people(*values), **options)


class RowTests(SynchronousTestCase):
    """Row by row."""

    def one(self, *row: Any) -> Person:
        """The person in a row, about whom there is nothing to say."""
        found = people(row)
        self.assertEqual(found.notes, ())
        return found.persons[0]

    def test_columns(self) -> None:
        """The four columns; blanks around them do not count, bytes are texts, MD5 digits have any case."""
        self.assertEqual(self.one("ann", MD5, "10.0.0.1", "sip/201"), Person("ann", MD5, "10.0.0.1", "SIP/201"))
        self.assertEqual(self.one(b"zo\xc3\xab ", MD5.upper()), Person("zoë", MD5.upper()))
        self.assertEqual(self.one("ann", ARGON2ID, " desk.example "), Person("ann", ARGON2ID, "desk.example"))

    def test_anywhere(self) -> None:
        """What stands for any host is none, what stands for no phone is none."""
        for host in (None, "", " ", "0.0.0.0", "0.0.0.0/0", "::"):
            for phone in (None, "", "  "):
                self.assertEqual(self.one("ann", MD5, host, phone), Person("ann", MD5))

    def test_nobody(self) -> None:
        """Rows without a name are skipped and counted."""
        found = people((None, MD5), ("", MD5), ("ann", MD5))
        self.assertEqual([p.username for p in found.persons], ["ann"])
        self.assertEqual(found.notes, (f"{NAME}: 2 rows without USERNAME skipped",))

    def test_no_secret(self) -> None:
        """Without a secret nobody can log in, and all of those are named in one warning."""
        found = people(*((f"op{i}", secret) for i, secret in enumerate((None, "", None, None, None, None, None))))
        self.assertFalse(any(p.may_log_in for p in found.persons))
        self.assertEqual(found.notes, (
            f"{NAME}: no SECRET, so that nobody can log in: op0, op1, op2, op3, op4 and 2 more",))  # fmt: skip

    def test_faulty(self) -> None:
        """What cannot be used closes that row alone, and the reason is said without the secret."""
        for row, why in (
            (("ann", "swordfish"), "SECRET: neither an argon2id credential nor an MD5 digest"),
            (("ann", MD5[:31]), "SECRET: neither"),
            (("ann", MD5, "10.0.0.1", "SIP/201-0000001a"), "EXT: 'SIP/201-0000001a' is a channel of one call"),
            (("ann", MD5, "10.0.0.1", "SIP/2 1"), "EXT: "),
            (("ann", MD5, b"\xff"), "HOST: the text is not UTF-8"),
            (("ann", MD5, "a\x01b"), "HOST: it holds characters that are not possible"),
        ):
            found = people(row, ("bob", MD5))
            self.assertEqual([p.may_log_in for p in found.persons], [False, True], row)
            self.assertIn(why, found.notes[0])
            self.assertTrue(found.notes[0].endswith("nobody can log in"))
            self.assertNotIn("swordfish", " ".join(found.notes))

    def test_names(self) -> None:
        """A name that can be none is skipped; two rows with one name let nobody in."""
        found = people(("a\x00n", MD5), ("x" * 101, MD5), ("ann", MD5), ("ann", ARGON2ID), ("Ann", MD5))
        self.assertEqual([(p.username, p.may_log_in) for p in found.persons], [("Ann", True), ("ann", False)])
        self.assertEqual(len(found.notes), 3)
        self.assertIn("2 rows have it", found.notes[-1])

    def test_lacking(self) -> None:
        """Without a column for the name or the secret it is another table; host and phone may be missing."""
        for columns in (("secret", "host"), ("username", "password", "host", "ext"), ()):
            self.assertRaises(SourceUnavailable, read_people, [], columns, NAME)
        found = read_people([{"username": "ann", "secret": MD5, "more": 1}], ("username", "secret", "more"), NAME)
        self.assertEqual(found.persons, (Person("ann", MD5),))
        self.assertEqual([note.partition("column ")[2] for note in found.notes],
                         ["HOST; it is empty for everybody", "EXT; it is empty for everybody"])  # fmt: skip


class JoiningTests(SynchronousTestCase):
    """From people to operators."""

    def operator(self, document: Document, username: str) -> Operator:
        """The operator of a name."""
        (found,) = [o for o in document.configuration.operators if o.username == username]
        return found

    def test_operator(self) -> None:
        """The name is the full name too; every service, no penalty, no call centre, not paused at the beginning."""
        document = joined(GOOD, ("cleo", MD5, "10.0.0.0/8", "SIP/300"))
        cleo = self.operator(document, "cleo")
        self.assertEqual(cleo, Operator(id=cleo.id, username="cleo", full_name="cleo", password=MD5,
                                        seat_id=cleo.seat_id, login_host="10.0.0.0/8"))  # fmt: skip
        self.assertFalse(cleo.is_call_center or cleo.begin_in_pause)
        configuration = document.configuration
        refs = [(a.service_id, a.penalty) for a in configuration.services_of[cleo.id]]
        self.assertEqual(refs, [(s.id, 0) for s in GOOD.services])
        assert cleo.seat_id is not None
        self.assertEqual(configuration.channels_of[cleo.seat_id], ("SIP/300",))
        self.assertEqual(configuration.operators[:2], GOOD.operators)
        self.assertTrue(validate(configuration, TYPES).ok)
        self.assertEqual(document.place("operators", str(cleo.id)), f"{NAME} 'cleo'")
        self.assertEqual(document.place("operators", "1"), "base")

    def test_other_source_wins(self) -> None:
        """An operator of the other source stays, also one who is switched off."""
        off = replace(GOOD, operators=(replace(GOOD.operators[0], enabled=False), *GOOD.operators[1:]))
        document = joined(off, ("ann", MD5), ("cleo", MD5))
        self.assertEqual([o.username for o in document.configuration.operators], ["ann", "bob", "cleo"])
        self.assertEqual(self.operator(document, "ann"), off.operators[0])
        self.assertEqual(len([n for n in document.notes if "'ann'" in n and "already" in n]), 1)

    def test_cannot_log_in(self) -> None:
        """Whoever cannot log in is an operator who is switched off, in every form of a configuration."""
        document = joined(GOOD, ("cleo", None), ("dan", "rubbish"))
        for name in ("cleo", "dan"):
            operator = self.operator(document, name)
            self.assertEqual((operator.enabled, operator.password), (False, ""))
            self.assertNotIn(name, document.configuration.operator_by_username)
        self.assertTrue(validate(document.configuration, TYPES).ok)

    def test_phones(self) -> None:
        """A phone that a seat has is that seat; one of two that share a number is nobody's by the number alone."""
        more = ((3, "SIP/300"), (4, "PJSIP/300"), (5, "PJSIP/305"), (6, "PJSIP/305"), (7, "PJSIP/307"))
        seats = (*GOOD.seats, *(Seat(id=i, exten=phone, enabled=i < 6) for i, phone in more))
        extensions = (*GOOD.extensions, Extension(seat_id=2, exten="Local/252@phones/n"))
        base = replace(GOOD, seats=seats, extensions=extensions)
        for phone, seat in (
            ("PJSIP/201", 1), ("pjsip/201", 1), ("PJSIP/251", 1), ("201", 1), ("252", 2), ("Local/252@phones", 2),
            ("SIP/300", 3), ("PJSIP/305", 5), ("PJSIP/307", 7),
        ):  # fmt: skip
            document = joined(base, ("cleo", MD5, None, phone))
            self.assertEqual(self.operator(document, "cleo").seat_id, seat, phone)
            self.assertEqual(document.configuration.seats, base.seats)
        for phone in ("300", "999", "x y"):
            document = joined(base, ("cleo", MD5, None, phone))
            self.assertFalse(self.operator(document, "cleo").enabled, phone)
            self.assertIn("is not a phone", " ".join(document.notes))
        shared = joined(GOOD, ("cleo", MD5, None, "SIP/9"), ("dan", MD5, None, "sip/9"))
        self.assertEqual(*(self.operator(shared, name).seat_id for name in ("cleo", "dan")))

    def test_same_again(self) -> None:
        """Ids do not depend on who else is there: nobody at work notices another row."""
        before = joined(GOOD, ("cleo", MD5, None, "SIP/300"), ("dan", MD5, None, "SIP/301"))
        after = joined(replace(GOOD, operators=()), ("adam", MD5, None, "SIP/1"), ("dan", MD5, None, "SIP/301"))
        self.assertEqual(self.operator(before, "dan"), self.operator(after, "dan"))

    def test_settings(self) -> None:
        """What the first generation did by itself is switched on, unless somebody has said otherwise."""
        nothing = Configuration()
        given = dict([ANY_EXTENSION, ANY_CONTEXT])
        for base, options, wanted in (
            (nothing, {}, given),
            (nothing, {"alone": False}, dict([ANY_CONTEXT])),
            (GOOD, {"alone": False}, {}),
            (GOOD, {}, dict([ANY_EXTENSION])),
            (nothing, {"given": set(given)}, {}),
            (replace(nothing, settings={"any_context_variable": ""}), {}, given | {"any_context_variable": ""}),
        ):  # fmt: skip
            found = joined(base, ("cleo", MD5), **options).configuration
            self.assertEqual({n: v for n, v in found.settings.items() if n in given}, wanted)
        settings = Settings.of(joined(nothing, ("cleo", MD5)).configuration)
        self.assertEqual((settings.allow_any_extension, settings.any_context_variable), (True, "calldata"))

    def test_no_warning_for_everybody(self) -> None:
        """Where every context is a service nobody is without one."""
        document = joined(Configuration(), *((f"op{i}", ARGON2ID) for i in range(20)))
        self.assertEqual(validate(document.configuration, TYPES).warnings, ())

    def test_too_many(self) -> None:
        """There is an end to how many pairs of operator and service are made up."""
        base = replace(GOOD, services=tuple(replace(GOOD.services[0], id=i, name=f"s{i}") for i in range(1, 501)))
        error = self.assertRaises(SourceUnavailable, joined, base, *((f"op{i}", MD5) for i in range(900)))
        self.assertIn("900 operators with 500 services", str(error))

    words = st.none() | st.text(max_size=8) | st.sampled_from(
        [MD5, ARGON2ID, "ann", "cleo", "SIP/201", "PJSIP/201", "201", "0.0.0.0", "10.0.0.0/8", "desk", "SIP/1-0000001a"]
    ) | st.binary(max_size=4)  # fmt: skip

    @settings(max_examples=300, deadline=None)
    @given(st.lists(st.tuples(words, words, words, words), max_size=8), st.booleans())
    @example([("cleo", MD5, "a\ud800b", "SIP/1")], True)
    def test_anything(self, values: list[tuple[Any, ...]], alone: bool) -> None:
        """Whatever is in the rows: the configuration is valid, survives XML, and can be taken apart again."""
        document = joined(GOOD, *values, alone=alone)
        configuration = document.configuration
        self.assertEqual(validate(configuration, TYPES).errors, ())
        self.assertEqual(canonical(configuration), configuration)
        self.assertEqual(parse_xml(write_xml(configuration), "x").configuration, configuration)
        self.assertEqual(without_people(configuration), GOOD)
        small = numbered(configuration)
        self.assertEqual(validate(small, TYPES).errors, ())
        self.assertFalse(any(is_stable_id(row.id) for row in (*small.operators, *small.seats)))
        for one in configuration.operators:
            (other,) = [o for o in small.operators if o.username == one.username]
            self.assertEqual(replace(other, id=0, seat_id=None), replace(one, id=0, seat_id=None))
            phones = [c.channels_of.get(o.seat_id or 0) for c, o in ((configuration, one), (small, other))]
            self.assertEqual(*phones)
            self.assertEqual(len(configuration.services_of.get(one.id, ())), len(small.services_of.get(other.id, ())))
