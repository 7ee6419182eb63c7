"""URLs: a caller fills in parameters, and never chooses the page."""

from __future__ import annotations

from itertools import product
from urllib.parse import parse_qs, unquote, urlsplit

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from astcti.actions.template import Pairs
from astcti.actions.urls import compile_url, fault_of_url
from astcti.errors import ConfigError
from tests.actions.hostile_names import HOSTILE_NAMES

HOSTILE = st.sampled_from(sorted(HOSTILE_NAMES.values())) | st.text(max_size=60)
GOOD = (
    "https://crm.example/?c={X}",
    "https://crm.example?{X}",
    "http://user:pw@crm.example:8080/a/{X}/b?d={X}#{X}",
    "http://[2001:db8::1]:8080/{X}",
    "http://crm.example/{X}",
    "http://crm.example/.{X}/..{X}/",
    "http://crm.example/page;s={X}?{X}={X}&{APPDATA}",
    "HTTPS://crm.example/{X}{X}{X}",
    "http://münchen.example/{X}?ü={X}",
)


def url(template: str, name: str, codec: str = "utf-8") -> str:
    return compile_url(template).expand({"X": name}, codec)


class ValidationTests(SynchronousTestCase):
    """Templates that would let a caller choose where they lead are refused before any call."""

    def assertRefused(self, template: str, because: str) -> None:
        """``template`` is refused with a sentence that mentions ``because``."""
        problem = str(self.assertRaises(ConfigError, compile_url, template))
        self.assertIn(because, problem, template)

    def test_good(self) -> None:
        """The usual shapes are fine."""
        for template in GOOD:
            compile_url(template)

    def test_starting_with_a_variable(self) -> None:
        """A template cannot start with a variable."""
        self.assertRefused("{X}", "starts with {X}")
        self.assertRefused("{X}://crm.example/", "starts with {X}")
        self.assertRefused("  {X}/page", "starts with {X}")

    def test_variable_in_scheme(self) -> None:
        """Nor can the scheme be made up by a variable."""
        self.assertRefused("http{X}://crm.example/", "scheme")
        self.assertRefused("ht{X}", "scheme")

    def test_variable_in_authority(self) -> None:
        """User, host and port are the administrator's."""
        for template in (
            "http://{X}/",
            "http://{X}",
            "http://{X}.crm.example/",
            "http://crm.example{X}/",
            "http://crm.example{X}",
            "http://crm.example:{X}/",
            "http://crm.example:80{X}/a",
            "http://{X}@crm.example/",
            "http://user:{X}@crm.example/",
        ):
            self.assertRefused(template, "{X} stands in the host")

    def test_slashes_that_browsers_skip(self) -> None:
        """Browsers find a host behind one, two or three slashes, so exactly two are demanded."""
        for template in ("http:{X}", "http:/{X}", "http:///{X}", "http:///crm.example/{X}", "http:crm.example/{X}"):
            self.assertRaises(ConfigError, compile_url, template)

    def test_backslashes_that_browsers_turn(self) -> None:
        """Browsers take a backslash for a slash; in a host it would be read in two ways."""
        self.assertRefused("http://crm.example\\{X}", "host")
        self.assertRefused("http://crm.example\\@evil.example/{X}", "no host")

    def test_programs(self) -> None:
        """A URL which is a program would run what the caller is called."""
        for template in ("javascript:pop('{X}')", "JavaScript://x/%0apop({X})", "data:text/html,{X}", "vbscript:{X}"):
            self.assertRefused(template, "is a program")

    def test_shape(self) -> None:
        """What is no URL at all is refused with the reason."""
        self.assertRefused("", "missing")
        self.assertRefused("   ", "missing")
        self.assertRefused("www.crm.example/?c={X}", "scheme")
        self.assertRefused("http://crm.example:port/", "no host")
        self.assertRefused("http://crm.example:99999/", "no host")
        self.assertRefused("http://[::1/", "no host")
        self.assertRefused("http://crm example/", "no host")
        self.assertRefused("http://:80/", "no host")
        self.assertRefused("http://crm.example/\n{X}", "line end")
        self.assertRefused("http://crm.example/" + "x" * 9000, "longer")

    def test_half_a_percent_sequence(self) -> None:
        """A value cannot complete a percent sequence that the template began."""
        for template in ("http://crm.example/%{X}", "http://crm.example/%2{X}", "http://crm.example/?a=%{X}"):
            self.assertRefused(template, "percent sequence")
        compile_url("http://crm.example/%20{X}")

    def test_other_schemes(self) -> None:
        """Schemes without a host, which an administrator may allow, take a value where it can do no harm."""
        self.assertEqual(url("tel:{X}", "+4930/12"), "tel:%2B4930%2F12")
        self.assertEqual(url("file:///srv/{X}", "../etc"), "file:///srv/..%2Fetc")
        self.assertRefused("foo:/{X}/evil", "host")


class ExpansionTests(SynchronousTestCase):
    """What a value looks like in a URL."""

    def test_only_unreserved_characters_stay(self) -> None:
        """A value means the same to the page as it meant on the phone line."""
        self.assertEqual(url("http://h/?c={X}", "aZ09-._~ &=+/#%é"), "http://h/?c=aZ09-._~%20%26%3D%2B%2F%23%25%C3%A9")

    def test_encoding(self) -> None:
        """A page that expects another encoding gets it, with ? for what does not fit."""
        self.assertEqual(url("http://h/?c={X}", "é☎", "cp1252"), "http://h/?c=%E9%3F")
        self.assertEqual(url("http://h/é?é={X}", "x", "cp1252"), "http://h/%E9?%E9=x")

    def test_literal_text_stays(self) -> None:
        """The template's own text is not encoded twice; blanks and quotes in it are encoded."""
        self.assertEqual(url("http://h/a%20b c?d=[1]&e='\"#f", ""), "http://h/a%20b%20c?d=[1]&e='%22#f")

    def test_dots_lead_nowhere(self) -> None:
        """A caller named .. does not get another page of the same host opened."""
        self.assertEqual(url("http://h/a/{X}/delete", ".."), "http://h/a//delete")
        self.assertEqual(url("http://h/a/{X}{X}/delete", "."), "http://h/a//delete")
        self.assertEqual(url("http://h/a/.{X}/b", "."), "http://h/a/./b")
        self.assertEqual(url("http://h/a/{X}/b", "../.."), "http://h/a/..%2F../b")
        self.assertEqual(url("http://h/?{X}", ".."), "http://h/?..")

    def test_pairs_where_parameters_fit(self) -> None:
        """``?{APPDATA}`` passes every variable on as a parameter; elsewhere it is a value like others."""
        values = {"APPDATA": Pairs({"calldata": "12 3", "näme": "a&b=c"}), "A": "1"}

        def expanded(template: str, codec: str = "utf-8") -> str:
            return compile_url(template).expand(values, codec)

        self.assertEqual(expanded("http://h/?{APPDATA}"), "http://h/?calldata=12%203&n%C3%A4me=a%26b%3Dc")
        self.assertEqual(expanded("http://h/?a={A}&{APPDATA}#x"), "http://h/?a=1&calldata=12%203&n%C3%A4me=a%26b%3Dc#x")
        self.assertEqual(expanded("http://h/?{APPDATA}", "latin-1"), "http://h/?calldata=12%203&n%E4me=a%26b%3Dc")
        once_more = parse_qs(urlsplit(expanded("http://h/?all={APPDATA}")).query)["all"][0]
        self.assertEqual(parse_qs(once_more), {"calldata": ["12 3"], "näme": ["a&b=c"]})

    def test_a_variable_named_like_the_pairs_adds_no_parameter(self) -> None:
        """Only the built-in may fill in parameters; a caller's own text never does."""
        expanded = compile_url("http://h/?{APPDATA}").expand({"appdata": "a=1&admin=1"}, "utf-8")
        self.assertEqual(expanded, "http://h/?a%3D1%26admin%3D1")

    def test_no_hostile_name_changes_where_it_leads(self) -> None:
        """None of the hostile names gets anywhere else in any of the templates."""
        for template, name in product(GOOD, HOSTILE_NAMES.values()):
            self.leads_to_the_same_place(template, name)

    @given(st.sampled_from(GOOD), st.text(max_size=60))
    def test_nobody_changes_where_it_leads(self, template: str, name: str) -> None:
        """Nor does anything else that a caller may be called."""
        self.leads_to_the_same_place(template, name)

    def leads_to_the_same_place(self, template: str, name: str) -> None:
        """Same scheme, same authority, same number of everything else."""
        tame, wild = urlsplit(url(template, "x")), urlsplit(url(template, name))
        self.assertEqual((wild.scheme, wild.netloc), (tame.scheme, tame.netloc))
        self.assertEqual((wild.hostname, wild.port, wild.username), (tame.hostname, tame.port, tame.username))
        self.assertEqual(wild.path.count("/"), tame.path.count("/"))
        self.assertEqual(wild.query.count("&"), tame.query.count("&"))
        self.assertEqual(bool(wild.fragment), bool(tame.fragment and name))
        self.assertEqual(fault_of_url(url(template, name)), "")

    @given(HOSTILE.filter(lambda name: not any("\ud800" <= c <= "\udfff" for c in name)))
    def test_nothing_is_lost(self, name: str) -> None:
        """The page reads exactly what the caller is called, up to the ceiling."""
        self.assertEqual(unquote(url("http://h/?c={X}", name))[len("http://h/?c=") :], name[:4096])


class FinishedURLTests(SynchronousTestCase):
    """A client looks at a URL once more, whoever sent it."""

    def test_pages(self) -> None:
        """Ordinary pages are opened."""
        for page in ("http://crm.example/?a=%7Bb%7D", "https://[::1]:8443/x#y", "http://h/{x}", "HTTP://h"):
            self.assertEqual(fault_of_url(page), "")

    def test_what_is_no_page(self) -> None:
        """Anything that is not plainly http or https is not."""
        for text in (
            "javascript:alert(1)", "file:///etc/passwd", "data:text/html,x", "", "x", "-http://h/", " http://h/",
            "http://h/ --option", "http://h/\n", "http://", "http:///x", "http:\\\\h\\", "http://h\\@evil/", "ftp://h/",
        ):  # fmt: skip
            self.assertNotEqual(fault_of_url(text), "", text)

    def test_further_schemes(self) -> None:
        """A client may be told to open others too, but never a program."""
        self.assertEqual(fault_of_url("tel:123", ("http", "tel")), "")
        self.assertNotEqual(fault_of_url("javascript:x", ("javascript",)), "")
