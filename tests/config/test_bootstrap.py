"""The bootstrap file: four sections, their defaults, and what is said about mistakes."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from astcti.config.bootstrap import Bootstrap, parse_bootstrap, read_bootstrap
from astcti.errors import ConfigError

EXAMPLE = """<configuration>
  <database> <source>sqlite</source> <folder>config</folder> </database>
  <logging> <directory>/var/log/astcti</directory> <level>debug</level> <rotate>1000</rotate> <keep>3</keep> </logging>
  <manager> <host>pbx</host> <port>5039</port> <username>cti</username> <secret>hush</secret>
    <retries>3</retries> <pause>7</pause> </manager>
  <ctiserver> <address>127.0.0.1</address> <port>5001</port>
    <timeout>30000</timeout> <compression>9</compression> </ctiserver>
</configuration>"""
PLAIN = "<source>xml</source><file>r.xml</file>"


def parse(text: str, **environ: str) -> Bootstrap:
    """A bootstrap file in /etc/astcti."""
    return parse_bootstrap(text.encode(), Path("/etc/astcti/astcti.xml"), environ)


def with_sections(sections: str, database: str = PLAIN) -> str:
    """A file with these sections after the first, on line 3."""
    return f"<configuration>\n<database>{database}</database>\n{sections}</configuration>"


class BootstrapTests(SynchronousTestCase):
    """What the daemon is told at start."""

    def problems(self, text: str) -> tuple[str, ...]:
        """What makes the file useless."""
        return self.assertRaises(ConfigError, parse, text).problems

    def test_example(self) -> None:
        """The four sections with their historic elements are read."""
        b = parse(EXAMPLE)
        self.assertEqual((b.database.source, b.database.folder), ("sqlite", Path("/etc/astcti/config")))
        self.assertEqual((b.logging.directory, b.logging.level), (Path("/var/log/astcti"), "debug"))
        self.assertEqual((b.logging.rotate, b.logging.keep), (1000, 3))
        self.assertEqual((b.manager.host, b.manager.port, b.manager.username), ("pbx", 5039, "cti"))
        self.assertEqual((b.manager.secret, b.manager.retries, b.manager.pause), ("hush", 3, 7))
        self.assertEqual((b.ctiserver.address, b.ctiserver.port), ("127.0.0.1", 5001))
        self.assertEqual((b.ctiserver.timeout, b.ctiserver.compression), (30000, 9))
        self.assertEqual(b.warnings, ())
        self.assertNotIn("hush", repr(b))

    def test_defaults(self) -> None:
        """Only the source is needed; everything else has its default, relative to the file."""
        b = parse(with_sections(""))
        self.assertEqual((b.database.file, b.logging.directory), (Path("/etc/astcti/r.xml"), Path("/etc/astcti/logs")))
        self.assertEqual(
            (b.ctiserver.state, b.ctiserver.control), (Path("/etc/astcti/var"), Path("/etc/astcti/var/control.sock"))
        )
        self.assertEqual((b.manager.host, b.manager.port, b.ctiserver.port), ("localhost", 5038, 5000))
        self.assertEqual(dict(b.settings), {})

    def test_tls_and_state(self) -> None:
        """Certificates, TLS address, state directory and control socket have their elements."""
        b = parse(with_sections(
            "<ctiserver><tls_address>[::]:5061</tls_address><tls_cert>c.pem</tls_cert><tls_key>/k.pem</tls_key>"
            "<state>/var/lib/astcti</state><control>/run/astcti.sock</control></ctiserver>"
        ))  # fmt: skip
        c = b.ctiserver
        self.assertEqual((c.tls_address, c.tls_cert, c.tls_key), ("[::]:5061", "/etc/astcti/c.pem", "/k.pem"))
        self.assertEqual((c.state, c.control), (Path("/var/lib/astcti"), Path("/run/astcti.sock")))

    def test_settings_by_their_names(self) -> None:
        """Any runtime setting can stand in the sections of manager and server by its own name."""
        b = parse(
            with_sections(
                "<manager><ami_tls>yes</ami_tls></manager><ctiserver><max_clients>7</max_clients></ctiserver>"
            )
        )
        self.assertEqual(dict(b.settings), {"ami_tls": "yes", "max_clients": "7"})

    def test_warnings(self) -> None:
        """What nobody knows is a warning with file and line, and does no harm."""
        b = parse(with_sections(
            "<manager>\n<hots>x</hots><pause>1</pause></manager><web port='1'/>\n<logging a='1'>text</logging>",
            PLAIN + "<folder>x</folder><host>db</host>",
        ))  # fmt: skip
        self.assertEqual(b.warnings, (
            "/etc/astcti/astcti.xml:4: section <web> is not known",
            "/etc/astcti/astcti.xml:5: attribute 'a' of <logging> is not known",
            "/etc/astcti/astcti.xml:5: text inside of <logging> has no meaning",
            "/etc/astcti/astcti.xml:2: <folder>: source xml does not use it",
            "/etc/astcti/astcti.xml:2: <host>: source xml does not use it",
            "/etc/astcti/astcti.xml:4: <pause>: 1 is raised to 5 s",
            "/etc/astcti/astcti.xml:4: <hots> in <manager> is not known",
        )[:5] + b.warnings[5:])  # fmt: skip
        self.assertEqual(set(b.warnings[5:]), {
            "/etc/astcti/astcti.xml:4: <pause>: 1 is raised to 5 s",
            "/etc/astcti/astcti.xml:4: <hots> in <manager> is not known",
        })  # fmt: skip
        self.assertEqual(b.manager.pause, 5)

    def test_problems(self) -> None:
        """What cannot be is refused with file and line."""
        at = "/etc/astcti/astcti.xml"
        for text, wanted in {
            "<x/>": f"{at}:1: the root element is <x>, not <configuration>",
            "<configuration/>": f"{at}:1: the section <database> is missing",
            with_sections("<manager><port>0</port></manager>"): f"{at}:3: <port>: 0 is out of range (1 to 65535)",
            with_sections("<manager/>\n<manager/>"): f"{at}:4: section <manager> appears twice",
            with_sections(
                "<manager><port>1</port><port>2</port></manager>"
            ): f"{at}:3: <port> appears twice in <manager>",
            with_sections(
                "<manager><port>1</port><ami_port>2</ami_port></manager>"
            ): f"{at}:3: setting ami_port is given twice",
            with_sections(
                "<logging><keep>-1</keep></logging>"
            ): f"{at}:3: <keep>: '-1' is not a number from 0 to 10000",
            with_sections(
                "<logging><level>loud</level></logging>"
            ): f"{at}:3: 'loud' is none of debug, info, warn, error, critical",
            with_sections(
                "", "<source>paper</source>"
            ): f"{at}:2: source 'paper' is none of xml, sqlite, mysql, postgresql, legacy",
            with_sections("", "<source>xml</source>"): f"{at}:2: source xml needs <file>",
            with_sections("", "<source>sqlite</source>"): f"{at}:2: source sqlite needs <folder>",
            "<configuration>\n<database>": f"{at}:2: Premature end of data in tag database line 2",
            "<!DOCTYPE x><configuration/>": f"{at}:1: a document type (<!DOCTYPE ...>) is not accepted",
        }.items():
            self.assertIn(wanted, self.problems(text), text)

    def test_data_bases(self) -> None:
        """A data base needs a name; the historic INI file means one as well."""
        for source in ("mysql", "legacy", "postgresql"):
            (problem,) = self.problems(with_sections("", f"<source>{source}</source><host>db</host>"))
            self.assertIn(f"source {source} needs <database>, the name of the data base", problem)
        self.assertIn("needs <database>", self.problems("\n[RuntimeDb]\nhost=localhost\n")[0])

    def test_ini(self) -> None:
        """The historic INI file is read whatever stands before its section: a mark of UTF-8, comments, empty lines."""
        section = '[RuntimeDb]\nhost=db\nuser=cti\npassword="x y"\nport=3307\ndatabase=asteriskcti\n'
        for before in ("", "\n", "\ufeff", "; of the old server\n", "\ufeff# one\r\n\r\n ; two\r\n"):
            address = parse(before + section).database.address
            assert address is not None
            self.assertEqual((address.host, address.port, address.username, address.password, address.database),
                             ("db", 3307, "cti", "x y", "asteriskcti"))  # fmt: skip

    def test_secrets_elsewhere(self) -> None:
        """A password may be in a file or in the environment; where it is not is told, what it is never."""
        folder = Path(self.mktemp())
        folder.mkdir()
        (folder / "secret").write_text("from file\n")

        def read(secret: str) -> str:
            text = with_sections(f"<manager><secret>{secret}</secret></manager>")
            return parse_bootstrap(text.encode(), folder / "b.xml", {"PBX": "from environment"}).manager.secret

        self.assertEqual(read("file:secret"), "from file")
        self.assertEqual(read(f"file:{folder.absolute()}/secret"), "from file")
        self.assertEqual(read("env:PBX"), "from environment")
        self.assertEqual(read("plain:text"), "plain:text")
        for secret in ("file:nowhere", "env:NOTHING", "file:/dev/zero", "file:"):
            self.assertIn("b.xml:3: <secret>", str(self.assertRaises(ConfigError, read, secret)))

    def test_mode(self) -> None:
        """A file that others may read is warned of."""
        path = Path(self.mktemp())
        path.write_text(EXAMPLE)
        path.chmod(0o640)
        self.assertIn("chmod 600", read_bootstrap(path).warnings[-1])
        path.chmod(0o600)
        self.assertNotIn("chmod", "".join(read_bootstrap(path).warnings))
        self.assertTrue(read_bootstrap(path).path.is_absolute())

    def test_mode_of_secrets(self) -> None:
        """So is a file with a password in it; the password is not told."""
        folder = Path(self.mktemp())
        folder.mkdir()
        (folder / "secret").write_text("from file\n")
        text = with_sections("<manager><secret>file:secret</secret></manager>").encode()
        for mode, warned in ((0o644, True), (0o640, True), (0o600, False), (0o400, False)):
            (folder / "secret").chmod(mode)
            warnings = parse_bootstrap(text, folder / "b.xml", {}).warnings
            place = f"b.xml:3: <secret>: others may read {folder.absolute()}/secret: chmod 600"
            self.assertEqual(any(place in w for w in warnings), warned, warnings)
            self.assertNotIn("from file", "".join(warnings))

    def test_vanished(self) -> None:
        """A file that is not there is told by its name."""
        self.assertIn("/nowhere/b.xml", str(self.assertRaises(ConfigError, read_bootstrap, Path("/nowhere/b.xml"))))

    def test_long_socket(self) -> None:
        """A control socket whose path the system cannot hold is warned of."""
        b = parse(with_sections(f"<ctiserver><state>/{'x' * 120}</state></ctiserver>"))
        self.assertIn("give a shorter <control>", b.warnings[0])

    @settings(max_examples=200, deadline=None)
    @given(
        st.text("<>/ abcxyz[]!-\"'=&;\n", max_size=80)
        | st.sampled_from(EXAMPLE.split()).map(lambda w: EXAMPLE.replace(w, "x"))
    )
    def test_anything(self, text: str) -> None:
        """Any text is a bootstrap file or a list of problems."""
        try:
            parse(text)
        except ConfigError as e:
            self.assertTrue(e.problems)
