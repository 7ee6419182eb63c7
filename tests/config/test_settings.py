"""Runtime settings: types, ranges, and which value wins."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from astcti.config.bootstrap import parse_bootstrap
from astcti.config.model import Configuration
from astcti.config.settings import SETTINGS, Settings, read_settings
from astcti.errors import ConfigError


class SettingsTests(SynchronousTestCase):
    """What an administrator sets is what the server gets."""

    def faults(self, **texts: str) -> list[str]:
        """Names of the settings that are refused."""
        return [name for name, _ in read_settings(texts)[1]]

    def test_defaults(self) -> None:
        """Without any setting the documented defaults are in force, and each is possible as a text."""
        settings = Settings.of()
        self.assertEqual((settings.ami_port, settings.cti_server_port, settings.cti_read_timeout), (5038, 5000, 15000))
        self.assertEqual((settings.ami_connect_timeout, settings.ami_connect_retries), (1500, -1))
        self.assertEqual((settings.require_tls, settings.max_clients, settings.takeover), ("warn", 20000, False))
        for setting in SETTINGS:
            default = setting.default
            text = " ".join(default) if isinstance(default, tuple) else str(default)
            self.assertEqual(setting.read(text), default, setting.name)

    def test_types(self) -> None:
        """Yes and no, numbers, words of a set and lists are read; anything else is refused."""
        settings = Settings.of(
            Configuration(settings={"ami_tls": "Y", "ami_port": " 5039 ", "dialect": "V1", "url_schemes": "http, tel"})
        )
        self.assertEqual((settings.ami_tls, settings.ami_port, settings.dialect), (True, 5039, "v1"))
        self.assertEqual(settings.url_schemes, ("http", "tel"))
        wrong = {"ami_tls": "maybe", "ami_port": "abc", "ami_grace": "1.5", "dialect": "v3",
                 "legacy_charset": "klingon",
                 "tls_address": "5001", "asterisk_version": "new", "ami_host": "a\nb"}  # fmt: skip
        self.assertEqual(self.faults(**wrong), list(wrong))

    def test_ranges(self) -> None:
        """The ends of each range are possible, one step further is an error; 0 switches a time-out off."""
        for name, low, high in (
            ("ami_connect_timeout", 100, 60000), ("cti_read_timeout", 5000, 3600000),
            ("cti_socket_compression_level", 0, 9), ("zlib_history", 0, 32768), ("zlib_window_bits", 10, 15),
            ("zlib_mem_level", 1, 9), ("config_poll_interval", 1, 3600),
        ):  # fmt: skip
            self.assertEqual(self.faults(**{name: str(low)}) + self.faults(**{name: str(high)}), [])
            self.assertEqual(self.faults(**{name: str(low - 1)}) + self.faults(**{name: str(high + 1)}), [name, name])
        self.assertEqual(self.faults(cti_read_timeout="0", ami_connect_retries="-1"), [])
        self.assertEqual(self.faults(ami_connect_retries="-2"), ["ami_connect_retries"])

    def test_retry_after(self) -> None:
        """A pause of less than five seconds is raised to five, with a warning."""
        for text in ("4", "0", "-1", " 03 "):
            values, errors, warnings = read_settings({"ami_connect_retry_after": text})
            self.assertEqual((values, errors), ({"ami_connect_retry_after": 5}, []))
            self.assertIn("raised to 5", warnings[0][1])
        self.assertEqual(read_settings({"ami_connect_retry_after": "5"}), ({"ami_connect_retry_after": 5}, [], []))

    def test_unknown(self) -> None:
        """An unknown name is a warning."""
        self.assertEqual(read_settings({"ami_hots": "x"})[1:], ([], [("ami_hots", "there is no setting of that name")]))

    def test_charset(self) -> None:
        """A character set is handed on under the name of its codec."""
        self.assertEqual(Settings.of(Configuration(settings={"legacy_charset": "IBM 850"})).legacy_charset, "cp850")

    def test_charset_without_ascii(self) -> None:
        """One in which commands and line ends would be other bytes cannot be used for lines."""
        for name in ("utf-16", "UTF-32", "cp037", "utf-8-sig"):
            values, errors, _ = read_settings({"legacy_charset": name})
            self.assertEqual((values, [n for n, _ in errors]), ({}, ["legacy_charset"]), name)
            self.assertIn("ASCII", errors[0][1])

    def test_who_wins(self) -> None:
        """The configuration's settings go over those of the bootstrap file, those over the defaults."""
        data = (
            b"<configuration><database><source>xml</source><file>r.xml</file></database><manager><host>pbx</host>"
            b"<port>5039</port></manager><ctiserver><tls_cert>a.pem</tls_cert><tls_key>/b.pem</tls_key></ctiserver>"
            b"</configuration>"
        )
        bootstrap = parse_bootstrap(data, Path("/etc/astcti/astcti.xml"), {})
        settings = Settings.of(Configuration(settings={"ami_port": "5040"}), bootstrap)
        self.assertEqual((settings.ami_host, settings.ami_port, settings.ami_connect_timeout), ("pbx", 5040, 1500))
        self.assertEqual((settings.tls_cert, settings.tls_key), ("/etc/astcti/a.pem", "/b.pem"))

    def test_loopback_needs_no_tls(self) -> None:
        """A listener that only this machine reaches does not ask for TLS unless told to."""

        def listening(**texts: str) -> str:
            return Settings.of(Configuration(settings=texts)).require_tls

        self.assertEqual(listening(cti_server_address="127.0.0.1"), "no")
        self.assertEqual(listening(cti_server_address="0.0.0.0"), "warn")
        self.assertEqual(listening(cti_server_address="127.0.0.1", require_tls="yes"), "yes")

    def test_wrong_one_is_named(self) -> None:
        """Settings that cannot be used are refused by name."""
        error = self.assertRaises(ConfigError, Settings.of, Configuration(settings={"ami_port": "0"}))
        self.assertIn("ami_port", str(error))

    def test_secret_is_not_shown(self) -> None:
        """The PBX's secret is in no representation that could be logged."""
        configuration = Configuration(settings={"ami_secret": "hush"})
        self.assertNotIn("hush", repr(Settings.of(configuration)) + repr(configuration))
        self.assertEqual(replace(Settings.of(configuration)).ami_secret, "hush")
