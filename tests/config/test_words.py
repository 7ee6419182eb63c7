"""Spellings, addresses, encodings and ranges: what an administrator may write, and what it means."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from astcti.config.addresses import (
    channel_fault,
    is_local_host,
    is_loopback,
    is_mac,
    is_network,
    normal_channel,
    normal_mac,
    split_address,
)
from astcti.config.encodings import codec_of
from astcti.config.ranges import parse_ranges
from astcti.config.spellings import normal_action_type, normal_os, parse_bool


class SpellingTests(SynchronousTestCase):
    """Words of older files mean what they meant."""

    def test_bools(self) -> None:
        """1/0, Y/N, yes/no and true/false are understood in any case, anything else is refused."""
        for text in ("1", "Y", "y", "true", "TRUE", "Yes", " on "):
            self.assertIs(parse_bool(text), True, text)
        for text in ("0", "N", "n", "false", "No", "OFF"):
            self.assertIs(parse_bool(text), False, text)
        for text in ("", "2", "ja", "10"):
            self.assertRaises(ValueError, parse_bool, text)

    def test_actions(self) -> None:
        """Every older spelling of an action's type leads to today's."""
        for text, wanted in {
            "Internal Browser": "INTERNAL_BROWSER", "InternalBrowser": "INTERNAL_BROWSER", "Application": "APPLICATION",
            "External browser": "BROWSER", "Browser": "BROWSER", "TCP message": "TCP_MESSAGE",
            "TcpMessage": "TCP_MESSAGE", "UDP message": "UDP_MESSAGE", "UdpMessage": "UDP_MESSAGE",
            "their_plugin": "THEIR_PLUGIN",
        }.items():  # fmt: skip
            self.assertEqual(normal_action_type(text), wanted)

    def test_operating_systems(self) -> None:
        """Every older spelling of an operating system leads to today's."""
        for text, wanted in {
            "All": "ALL", "LIN": "LINUX", "LNX": "LINUX", "linux": "LINUX", "WIN": "WINDOWS", "Windows": "WINDOWS",
            "OSX": "MACINTOSH", "MAC": "MACINTOSH", "Macintosh": "MACINTOSH", "BEOS": "BEOS",
        }.items():  # fmt: skip
            self.assertEqual(normal_os(text), wanted)


class AddressTests(SynchronousTestCase):
    """MACs, phones, hosts."""

    def test_macs(self) -> None:
        """A MAC may have colons, dashes or nothing between its digits, in either case."""
        for text in ("00:1c:bf:37:53:ba", "00-1C-BF-37-53-BA", "001cbf3753ba", " 001CBF3753BA "):
            self.assertEqual(normal_mac(text), "00:1c:bf:37:53:ba")
            self.assertTrue(is_mac(normal_mac(text)))
        for text in ("00:1c:bf:37:53", "00:1c-bf:37:53:ba", "00:1c:bf:37:53:bg", "", "00:1c:bf:37:53:ba:00"):
            self.assertFalse(is_mac(normal_mac(text)), text)

    def test_phones(self) -> None:
        """A phone's technology counts whatever its case; Local channels keep their options."""
        self.assertEqual(normal_channel(" pjsip/201"), "PJSIP/201")
        self.assertEqual(normal_channel("LOCAL/201@phones/n"), "Local/201@phones/n")
        self.assertEqual(normal_channel("Odd/Thing"), "Odd/Thing")
        for text in ("SIP/201", "PJSIP/alice-home", "Local/201@phones/n", "DAHDI/g1/5551", "IAX2/trunk"):
            self.assertEqual(channel_fault(text), "", text)
        for text in ("", "201", "SIP/", "/201", "SIP/2 01", "SIP/201,SIP/202", "SIP/201&SIP/202", "SIP/2\r\n01"):
            self.assertIn("not a phone", channel_fault(text), text)
        for text in ("PJSIP/201-0000002a", "Local/201@phones-00000004;1", "SIP/201-08a5b2c0"):
            self.assertIn("channel of one call", channel_fault(text), text)

    def test_host_and_port(self) -> None:
        """``host:port`` and ``[v6]:port`` are taken apart, everything else is refused with a sentence."""
        self.assertEqual(split_address("crm.example.com:80"), ("crm.example.com", 80))
        self.assertEqual(split_address("127.0.0.1:5140"), ("127.0.0.1", 5140))
        self.assertEqual(split_address("[2001:db8::1]:65535"), ("2001:db8::1", 65535))
        for text in ("", "host", "host:", ":80", "host:0", "host:65536", "host:8o", "2001:db8::1:80", "[host]:80",
                     "a b:80", "[::1/64]:80", "host:\u0663", "-x:80", "host:99999999999999999999"):  # fmt: skip
            self.assertRaises(ValueError, split_address, text)

    def test_here(self) -> None:
        """This machine and its link are recognised however they are written."""
        for text in ("localhost", "127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1", "169.254.1.1", "fe80::1%eth0",
                     "0.0.0.0", "LocalHost."):  # fmt: skip
            self.assertTrue(is_local_host(text), text)
        for text in ("10.0.0.1", "crm.example.com", "2001:db8::1", "localhost.example.com"):
            self.assertFalse(is_local_host(text), text)
        self.assertFalse(is_loopback("0.0.0.0"))
        self.assertFalse(is_loopback("169.254.1.1"))

    def test_networks(self) -> None:
        """A seat's host is an address or a network."""
        self.assertTrue(is_network("10.1.0.0/16") and is_network("10.1.2.3") and is_network("2001:db8::/32"))
        self.assertFalse(is_network("crm.example.com") or is_network("10.1.0.0/33") or is_network(""))


class EncodingTests(SynchronousTestCase):
    """Names of character sets."""

    def test_historic_list(self) -> None:
        """Every name of the older clients' list which Python can encode leads to a codec that does."""
        names = ["UTF8", "UTF-8", "UTF-16", "UTF-16BE", "UTF-16LE", "UTF-32", "UTF-32BE", "UTF-32LE", "KOI8-R",
                 "KOI8-U",
                 "Big5", "Big5-HKSCS", "GB18030-0", "EUC-JP", "EUC-KR", "Shift-JIS", "ISO 2022-JP", "CP949", "IBM 850",
                 "IBM 866", "IBM 874", "Apple Roman", "TIS-620", "ROMAN8"]  # fmt: skip
        names += [f"ISO-8859-{n}" for n in range(1, 17) if n != 12] + [f"ISO 8859-{n}" for n in range(1, 11)]
        names += [f"Windows-{n}" for n in range(1250, 1259)]
        for name in names:
            self.assertTrue("a?".encode(codec_of(name), "replace"), name)
        self.assertEqual(codec_of("GB18030-0"), "gb18030")
        self.assertEqual(codec_of("IBM 850"), "cp850")
        self.assertEqual("é".encode(codec_of("Apple Roman")), "é".encode("mac_roman"))
        self.assertEqual("é".encode(codec_of("ROMAN8")), "é".encode("hp_roman8"))
        self.assertEqual(codec_of(""), "utf-8")

    def test_refused(self) -> None:
        """What Python cannot encode, or what is no character set, is refused by name."""
        for name in ("Iscii-Dev", "MuleLao-1", "TSCII", "JIS X 0201", "JIS X 0208", "WINSAMI2", "ISO-8859-12",
                     "klingon",
                     "rot13", "hex", "idna", "punycode", "unicode_escape", "utf-7", "\0", "ütf"):  # fmt: skip
            self.assertIn(repr(name), str(self.assertRaises(ValueError, codec_of, name)))


class RangeTests(SynchronousTestCase):
    """Which numbers an outbound service may dial."""

    def covered(self, text: str, *numbers: str) -> list[str]:
        """Those of ``numbers`` that are covered."""
        ranges = parse_ranges(text)
        return [number for number in numbers if ranges.covers(number)]

    def test_items(self) -> None:
        """Numbers, ranges with either dash, and everything."""
        self.assertEqual(self.covered("200", "200", "201", "0200"), ["200"])
        self.assertEqual(
            self.covered("200-299, 10\u201312", "200", "299", "300", "0250", "11", "2000"), ["200", "299", "11"]
        )
        self.assertEqual(self.covered("*", "0039055", "200"), ["0039055", "200"])
        self.assertEqual(self.covered("", "0039055", "200"), ["0039055", "200"])
        self.assertEqual(self.covered("007-010", "007", "010", "7", "011"), ["007", "010"])

    def test_patterns(self) -> None:
        """Patterns as in the dial plan."""
        self.assertEqual(self.covered("_0X.", "00", "001", "0x1", "1001", "01"), ["001"])
        self.assertEqual(self.covered("_NZX!", "210", "2101", "110", "200"), ["210", "2101"])
        self.assertEqual(self.covered("_[13-5]X", "10", "30", "50", "20", "100"), ["10", "30", "50"])
        self.assertEqual(self.covered("_555-XX", "55512", "555-12"), ["55512"])
        self.assertEqual(self.covered("_*8X", "*81", "881"), ["*81"])

    def test_refused(self) -> None:
        """A range that is upside down, uneven or unreadable is refused with the item quoted."""
        for text in (
            "299-200",
            "20-299",
            "200-",
            "-200",
            "200,,201",
            "_",
            "_X.X",
            "_[5-1]X",
            "_[]",
            "2 00",
            "_X(",
            "_" + "X" * 81,
        ):
            self.assertRaises(ValueError, parse_ranges, text)
        self.assertIn("'299-200'", str(self.assertRaises(ValueError, parse_ranges, "1, 299-200")))

    @given(st.integers(0, 9999), st.integers(0, 9999), st.integers(0, 9999))
    def test_range_is_numeric(self, one: int, two: int, number: int) -> None:
        """A range covers exactly the numbers of its length between its ends."""
        first, last = sorted((one, two))
        ranges = parse_ranges(f"{first:04}-{last:04}")
        self.assertEqual(ranges.covers(f"{number:04}"), first <= number <= last)
        self.assertFalse(ranges.covers(f"{number:05}"))

    @given(st.text(max_size=30), st.text(max_size=100))
    def test_any_text(self, text: str, number: str) -> None:
        """Whatever is written, it is understood or refused, and any number then covered or not."""
        try:
            ranges = parse_ranges(text)
        except ValueError:
            return
        self.assertIn(ranges.covers(number), (True, False))
