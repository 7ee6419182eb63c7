"""The built-in kinds of action: what an administrator may configure, and what a call makes of it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from astcti.actions.application import application
from astcti.actions.browsers import browser, internal_browser
from astcti.actions.messages import tcp_message, udp_message
from astcti.errors import ConfigError
from astcti.interfaces import IAction
from tests.actions.hostile_names import HOSTILE_NAMES

WEB = ("http", "https")


class ActionTestCase(SynchronousTestCase):
    """Says what a plug-in finds wrong."""

    def assertFine(self, plugin: IAction, destination: str, parameters: str, encoding: str = "") -> None:
        """The plug-in takes this configuration."""
        self.assertEqual(plugin.validate(destination, parameters, encoding, WEB), [])

    def assertFaults(
        self, plugin: IAction, destination: str, parameters: str, *faults: str, encoding: str = ""
    ) -> None:
        """The plug-in refuses it, with exactly these faults, in order."""
        found = plugin.validate(destination, parameters, encoding, WEB)
        self.assertEqual(len(found), len(faults), found)
        for text, fault in zip(found, faults, strict=True):
            self.assertIn(fault, text)


class ApplicationTests(ActionTestCase):
    """Programs."""

    def test_good(self) -> None:
        """A program by name or path, with or without arguments."""
        self.assertFine(application, "notify-send", "'Call from {CALLERID}' {CALLDATA}")
        self.assertFine(application, "/opt/my crm/crm", "")
        self.assertFine(application, r"C:\crm\crm.exe", "{X}")

    def test_faults(self) -> None:
        """A missing program and an open quote are both said at once."""
        self.assertFaults(application, " ", "'", "program is missing", "no closing quotation")
        self.assertFaults(application, "a\nb", "", "control characters")

    def test_the_program_is_never_a_callers_choice(self) -> None:
        """A variable in the program's name is refused, and not filled in if it slips through."""
        self.assertFaults(application, "/opt/{CALLDATA}", "", "choose the program")
        self.assertRaises(ConfigError, application.render, "1", "{X}", "", "", {"X": "sh"})

    def test_batch_files(self) -> None:
        """Batch files would have their arguments read by a shell."""
        for name in ("x.bat", "C:\\x.CMD", "x.bat. ."):
            self.assertFaults(application, name, "", "batch files")

    def test_rules_of_windows(self) -> None:
        """An action for Windows is split by Windows' rules."""
        rendered = application.render("1", "crm.exe", r'C:\x\ "{X}"', "", {"X": "a b"}, "WINDOWS")
        self.assertEqual(rendered.arguments, ("C:\\x\\", "a b"))
        self.assertEqual(application.validate("crm.exe", '"a', "", WEB, "WINDOWS"), [])

    def test_rendered(self) -> None:
        """The client gets program and arguments apart, and a text to show."""
        rendered = application.render("7", " crm ", "-n {X}", "", {"X": "Jane Doe"})
        self.assertEqual((rendered.id, rendered.type, rendered.destination), ("7", "APPLICATION", "crm"))
        self.assertEqual((rendered.arguments, rendered.parameters), (("-n", "Jane Doe"), "-n 'Jane Doe'"))


class BrowserTests(ActionTestCase):
    """Pages."""

    def test_good(self) -> None:
        """A URL, with or without a browser's command, in some encoding."""
        self.assertFine(browser, "", "https://crm.example/?c={CALLERID}")
        self.assertFine(browser, "firefox --new-window", "https://crm.example/?c={CALLERID}", "Windows-1252")
        self.assertFine(internal_browser, "customer", "http://crm.example/")

    def test_url_in_the_destination(self) -> None:
        """Older configurations have the URL in the destination."""
        self.assertFine(browser, "http://crm.example/?c={X}", "")
        rendered = browser.render("1", "http://crm.example/?c={X}", " ", "", {"X": "a b"})
        self.assertEqual((rendered.destination, rendered.parameters), ("", "http://crm.example/?c=a%20b"))

    def test_faults(self) -> None:
        """Everything wrong is said, each in its own sentence."""
        self.assertFaults(browser, "", "", "URL is missing")
        self.assertFaults(browser, "{X}", "ftp://h/", "ftp: URLs are not allowed", "{X} stands in the name")
        self.assertFaults(browser, "", "{X}", "starts with {X}", "'TSCII'", encoding="TSCII")
        self.assertFaults(browser, "", "http://h/", "cannot be written in UTF-16", encoding="UTF-16")
        self.assertFaults(browser, "a\x1bb", "http://h/", "control characters")

    def test_schemes(self) -> None:
        """The administrator's list says which schemes there may be."""
        self.assertEqual(browser.validate("", "tel:{X}", "", ("http", "tel")), [])

    def test_rendered(self) -> None:
        """The client gets a finished URL; the window's name is not filled in."""
        rendered = internal_browser.render("3", "crm", "http://h/?c={X}", "latin-1", {"X": "é"})
        self.assertEqual((rendered.type, rendered.destination), ("INTERNAL_BROWSER", "crm"))
        self.assertEqual((rendered.parameters, rendered.encoding), ("http://h/?c=%E9", ""))


class MessageTests(ActionTestCase):
    """Messages."""

    def test_good(self) -> None:
        """A host or an address and a port; the text may be empty."""
        for plugin in (tcp_message, udp_message):
            self.assertFine(plugin, "crm.example:2323", r"Caller: {CALLERID}\n", "UTF-16")
            self.assertFine(plugin, "[2001:db8::1]:65535", "")
            self.assertFine(plugin, "192.0.2.7:1", "x", "Shift-JIS")

    def test_faults(self) -> None:
        """A missing or senseless address and an unknown encoding are refused."""
        for plugin in (tcp_message, udp_message):
            self.assertFaults(plugin, "", "x", "missing")
            self.assertFaults(plugin, "2001:db8::1:80", "x", "not host:port")
            for address in ("host", "host:0", "host:65536", "host:x", "{X}:80", "a b:80", ":80", "[::1]"):
                self.assertEqual(len(plugin.validate(address, "x", "", WEB)), 1, address)
            self.assertFaults(plugin, "h:1", "a\0b", "NUL")
            self.assertFaults(plugin, "h:1", "x", "'Iscii-Bng'", encoding="Iscii-Bng")

    def test_a_datagram_has_little_room(self) -> None:
        """A message which is too long for a datagram before anything is filled in can never be sent."""
        self.assertFaults(udp_message, "h:1", "é" * 701, "1402 bytes")
        self.assertFine(udp_message, "h:1", "é" * 700)
        self.assertFine(tcp_message, "h:1", "é" * 701)

    def test_line_ends_are_the_templates(self) -> None:
        """The two characters backslash and n are a line end in a template, and two characters in a value."""
        rendered = tcp_message.render("1", "h:1", r"A\t{X}\r\n\\n", "", {"X": "a\\n\r\n\0b"})
        self.assertEqual(rendered.parameters, "A\ta\\nb\r\n\\n")

    def test_encoding_is_named_for_the_client(self) -> None:
        """The client reads a codec's name, nothing for UTF-8."""
        self.assertEqual(tcp_message.render("1", "h:1", "x", "Windows-1250", {}).encoding, "cp1250")
        self.assertEqual(tcp_message.render("1", "h:1", "x", "UTF8", {}).encoding, "")

    def test_no_hostile_name_adds_a_line(self) -> None:
        """With every hostile name the message has the template's lines."""
        for name in HOSTILE_NAMES.values():
            self.has_two_lines(name)

    @given(st.text(max_size=60))
    def test_a_name_adds_no_line(self, name: str) -> None:
        """And with anything else that a caller may be called."""
        self.has_two_lines(name)

    def has_two_lines(self, name: str) -> None:
        """In every way to count lines."""
        rendered = udp_message.render("1", "h:1", r"A {X}\nB {X}\r\n", "", {"X": name})
        self.assertEqual(len(rendered.parameters.splitlines()), 2)
        self.assertEqual(rendered.parameters.encode("utf-8").count(b"\n"), 2)
        self.assertNotIn("\0", rendered.parameters)
