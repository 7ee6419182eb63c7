"""The XML form of a configuration, written, read, and attacked."""

from __future__ import annotations

from dataclasses import replace
from importlib.resources import files
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree
from twisted.trial.unittest import SynchronousTestCase

from astcti.config import xmlfile
from astcti.config.model import Action, Configuration, Variable
from astcti.config.xmlreader import Reader
from astcti.config.xmlsource import parse_xml, read_xml, write_xml
from astcti.errors import ConfigError
from tests.config.samples import GOOD, configurations

EXAMPLE = """<astcti version="2" timestamp="1371630006">
  <settings><setting name="cti_read_timeout">15000</setting></settings>
  <actions><action id="1" os="ALL" type="INTERNAL_BROWSER" enabled="1"><destination/>
    <parameters>http://crm/?c={CALLERID}</parameters></action></actions>
  <services>
    <service id="1" name="astctidemo" type="INBOUND" queue="astcti" enabled="1">
      <variable name="calldata"/><actionref id="1" order="1"/>
    </service>
    <service id="2" name="outgoing" type="OUTBOUND"><allow>200-299</allow></service>
  </services>
  <seats><seat id="1" mac="00:1c:bf:37:53:ba" exten="SIP/201"><extension channel="SIP/251"/></seat></seats>
  <operators>
    <operator id="1" username="oper1" fullname="Oper" callcenter="1" begininpause="0" seat="1" password="$argon2id$">
      <serviceref id="1" penalty="1"/><speeddial group="Default" order="1" name="Bob" num="202" blf="1"/>
    </operator>
  </operators>
</astcti>"""


def problems_of(text: str | bytes) -> tuple[str, ...]:
    """What is said about a document; nothing when it is fine."""
    try:
        parse_xml(text.encode() if isinstance(text, str) else text, "f.xml")
    except ConfigError as e:
        return e.problems
    return ()


def within(content: str) -> str:
    """A document around some groups, the first of them on line 2."""
    return f'<astcti version="2">\n{content}</astcti>'


class ReadingTests(SynchronousTestCase):
    """What an administrator writes is what the server reads."""

    def test_documented_example(self) -> None:
        """The format's example is read in full."""
        c = parse_xml(EXAMPLE.encode(), "f.xml").configuration
        self.assertEqual((c.timestamp, dict(c.settings)), (1371630006.0, {"cti_read_timeout": "15000"}))
        self.assertEqual(c.actions, (Action(id=1, type="INTERNAL_BROWSER", parameters="http://crm/?c={CALLERID}"),))
        self.assertEqual(c.variables, (Variable(id=1, service_id=1, name="calldata"),))
        self.assertEqual([(s.name, s.kind, s.allowed_extensions) for s in c.services],
                         [("astctidemo", "queue-inbound", ""), ("outgoing", "outbound", "200-299")])  # fmt: skip
        self.assertEqual(dict(c.channels_of), {1: ("SIP/201", "SIP/251")})
        (operator,) = c.operators
        self.assertEqual((operator.username, operator.is_call_center, operator.seat_id), ("oper1", True, 1))
        self.assertEqual((c.service_operators[0].penalty, c.speed_dials[0].number), (1, "202"))

    def test_other_spellings(self) -> None:
        """Other spellings of words, bools, MACs and phones are read as today's."""
        c = parse_xml(
            within(
                '<actions><action id="1" os="WIN" type="Internal Browser" enabled="Y"/></actions>'
                '<services><service id="1" name="a" type="inbound" enabled="false"/></services>'
                '<seats><seat id="1" exten="pjsip/201" mac="00-1C-BF-37-53-BA"/></seats>'
            ).encode(),
            "f.xml",
        ).configuration
        self.assertEqual((c.actions[0].os_type, c.actions[0].type), ("WINDOWS", "INTERNAL_BROWSER"))
        self.assertEqual((c.services[0].context_type, c.services[0].enabled), ("INBOUND", False))
        self.assertEqual((c.seats[0].exten, c.seats[0].mac), ("PJSIP/201", "00:1c:bf:37:53:ba"))

    def test_blanks(self) -> None:
        """Indentation around a text does not count, unless xml:space says so."""
        text = "<parameters>\n  http://x/\n</parameters>"
        kept = '<parameters xml:space="preserve"> a </parameters>'
        for given_text, wanted in ((text, "http://x/"), (kept, " a ")):
            document = within(f'<actions><action id="1">{given_text}</action></actions>')
            self.assertEqual(parse_xml(document.encode(), "f").configuration.actions[0].parameters, wanted)

    def test_several_allows(self) -> None:
        """Several ranges may each have an element."""
        document = within(
            '<services><service id="1" name="o"><allow>200</allow><allow>3-9</allow></service></services>'
        )
        self.assertEqual(parse_xml(document.encode(), "f").configuration.services[0].allowed_extensions, "200,3-9")

    def test_lines_are_known(self) -> None:
        """Every row can be shown with its file and line."""
        document = parse_xml(EXAMPLE.encode(), "f.xml")
        self.assertEqual(document.place("services", "2"), "f.xml:9")
        self.assertEqual(document.place("services_operators", "1/1"), "f.xml:14")
        self.assertEqual(document.place("server_settings", "cti_read_timeout"), "f.xml:2")
        self.assertEqual(document.place("services", "77"), "f.xml")

    def test_problems_have_file_and_line(self) -> None:
        """Each fault is told with file, line and a sentence about it."""
        for content, line, wanted in (
            ('<services>\n<service id="x" name="a"/></services>', 3, "id of <service>: 'x' is not a whole number"),
            ('<services>\n<service id="0" name="a"/></services>', 3, "id of <service>: 0 is not a positive number"),
            ('<services>\n<service id="1"/></services>', 3, "<service> needs the attribute 'name'"),
            ('<services>\n<service name="a"/></services>', 3, "<service> needs the attribute 'id'"),
            ('<services><service id="1" name="a"\nx="1"/></services>', 3, "<service> has no attribute 'x'"),
            ('<services><service id="1" name="a">\n<x/></service></services>', 3, "<service> has no element <x>"),
            (
                '<services><service id="1" name="a" enabled="?"/></services>',
                2,
                "enabled of <service>: '?' is neither yes nor no (1/0, Y/N, true/false)",
            ),
            ("<services><seat/></services>", 2, "<services> has no element <seat>"),
            ("<srevices/>", 2, "<astcti> has no element <srevices>"),
            ("<seats/><seats/>", 2, "<seats> appears twice"),
            ("<seats>hello</seats>", 2, "text 'hello' is not possible inside of <seats>"),
            ('<seats a="1"/>', 2, "<seats> has no attribute 'a'"),
            ("<settings><setting>1</setting></settings>", 2, "<setting> has no name"),
            ('<settings><setting name="a"/><setting name="a"/></settings>', 2, "setting 'a' appears twice"),
            ('<actions><action id="1"><allow/></action></actions>', 2, "<action> has no element <allow>"),
            ('<actions><action id="1"><parameters/><parameters/></action></actions>', 2, "<parameters> appears twice"),
            ('<actions><action id="1"><destination><b/></destination></action></actions>', 2,
             "<destination> has no element <b>"),
            ('<operators><operator id="1" username="a" fullname="b" seat="-1"/></operators>', 2,
             "seat of <operator>: -1 is not a positive number"),
        ):  # fmt: skip
            self.assertEqual(problems_of(within(content)), (f"f.xml:{line}: {wanted}",), content)

    def test_version(self) -> None:
        """A document of another version, or without one, is refused (rule 1)."""
        self.assertIn("schema version is missing", problems_of("<astcti/>")[0])
        self.assertIn("'3' is not supported", problems_of('<astcti version="3"/>')[0])
        self.assertIn("not <astcti>", problems_of("<other/>")[0])
        self.assertIn("timestamp", problems_of('<astcti version="2" timestamp="inf"/>')[0])
        self.assertEqual(problems_of('<astcti version="2.1"/>'), ())

    def test_not_too_many_problems(self) -> None:
        """A hopeless document does not fill the log."""
        self.assertLess(len(problems_of(within("<x/>" * 5000))), 110)

    def test_vanished(self) -> None:
        """A file that is not there is told by its name."""
        error = self.assertRaises(ConfigError, read_xml, Path("/nowhere/r.xml"))
        self.assertEqual(str(error), "/nowhere/r.xml: No such file or directory")


class WritingTests(SynchronousTestCase):
    """What is written is read back the same."""

    @settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(configurations())
    def test_round_trip(self, configuration: Configuration) -> None:
        """Any configuration survives being written and read."""
        self.assertEqual(parse_xml(write_xml(configuration), "f").configuration, configuration)

    def test_impossible_characters(self) -> None:
        """A text that XML cannot hold is refused with its table, id and column."""
        configuration = replace(GOOD, actions=(Action(id=7, parameters="a\x00b"),))
        error = self.assertRaises(ConfigError, write_xml, configuration)
        self.assertEqual(str(error), "actions 7, PARAMETERS: the text holds characters that are not possible")

    def test_orphans(self) -> None:
        """A row that belongs to nothing is refused rather than dropped."""
        configuration = replace(GOOD, variables=(Variable(id=1, service_id=9, name="x"),))
        self.assertIn("services_variables 1, ID_SERVICE", str(self.assertRaises(ConfigError, write_xml, configuration)))

    def test_twins(self) -> None:
        """Two rows of one id are written with their children once."""
        configuration = replace(GOOD, services=(GOOD.services[0], GOOD.services[0]))
        configuration = replace(configuration, service_actions=GOOD.service_actions[:1])
        self.assertEqual(parse_xml(write_xml(configuration), "f").configuration, configuration)


class GrammarTests(SynchronousTestCase):
    """The RELAX NG grammar that editors use says the same as the reader."""

    def test_shipped_twice(self) -> None:
        """The grammars in etc are those of the package."""
        etc = Path(__file__).resolve().parents[2] / "etc"
        for name in ("runtime.rng", "bootstrap.rng"):
            self.assertEqual((etc / name).read_bytes(), (files("astcti.config") / name).read_bytes(), name)

    @settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(configurations(), st.data())
    def test_same_faults(self, configuration: Configuration, data: st.DataObject) -> None:
        """A document with one thing removed, renamed or misplaced is fine for both or for neither."""
        root = etree.fromstring(write_xml(configuration))
        elements = list(root.iter())
        element = data.draw(st.sampled_from(elements))
        what = data.draw(st.sampled_from(["drop attribute", "odd attribute", "odd child", "rename", "odd text"]))
        if what == "drop attribute" and element.attrib:
            del element.attrib[data.draw(st.sampled_from(sorted(element.attrib)))]
        elif what == "odd attribute":
            element.set("odd", "1")
        elif what == "odd child":
            etree.SubElement(element, "odd")
        elif what == "rename":
            element.tag = "odd"
        elif what == "odd text":
            element.text = (element.text or "") + "odd"
        text = etree.tostring(root)
        reader = Reader("f.xml")
        reader.read(etree.fromstring(text))
        by_reader = not reader.problems
        try:
            xmlfile.check_grammar(etree.fromstring(text), "runtime.rng", "f.xml")
            by_grammar = True
        except ConfigError:
            by_grammar = False
        self.assertEqual(by_reader, by_grammar, (what, text))


class HostileTests(SynchronousTestCase):
    """A document from an enemy costs an error message, no more."""

    def test_document_types(self) -> None:
        """Entities of any kind, inside or outside, never get so far as to be declared."""
        secret = Path(self.mktemp())
        secret.write_text("hush")
        bomb = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 12))
        for head in (
            f'<!DOCTYPE astcti [<!ENTITY a0 "ha">{bomb}]>',
            f'<!DOCTYPE astcti [<!ENTITY x SYSTEM "file://{secret.absolute()}">]>',
            '<!DOCTYPE astcti SYSTEM "http://127.0.0.1:9/x.dtd">',
            '<!DOCTYPE astcti [<!ENTITY % p SYSTEM "http://127.0.0.1:9/x"> %p;]>',
            "<!DOCTYPE astcti>",
        ):
            text = f'{head}<astcti version="2"><settings><setting name="a">&x;&a11;</setting></settings></astcti>'
            for encoding in ("utf-8", "utf-16"):
                data = f'<?xml version="1.0" encoding="{encoding}"?>{text}'.encode(encoding)
                self.assertEqual(problems_of(data), ("f.xml:1: a document type (<!DOCTYPE ...>) is not accepted",))

    def test_undeclared_entities(self) -> None:
        """An entity without a declaration is an error."""
        self.assertIn("Entity 'x' not defined", problems_of(within("<seats>&x;</seats>"))[0])

    def test_sizes(self) -> None:
        """Too large, too deep, and too long are refused in no time."""
        self.assertIn("larger than 16 MiB", problems_of(b"<a>" + b" " * xmlfile.MAX_BYTES)[0])
        self.assertIn("depth", problems_of("<astcti>" * 100_000)[0])
        self.assertTrue(problems_of(within("<seats " + "a" * 11_000_000 + "='1'/>")))
        path = Path(self.mktemp())
        with path.open("wb") as f:
            f.truncate(xmlfile.MAX_BYTES + 1)
        self.assertIn("larger than 16 MiB", str(self.assertRaises(ConfigError, read_xml, path)))

    def test_rubbish(self) -> None:
        """Nothing, half a document, and no document at all."""
        for data in (b"", b" ", b"<", b"\x00", b"\xff\xfe", EXAMPLE[:300].encode(),
                     b"<?xml version='1.0' encoding='x'?><a/>",
                     b"<astcti version='2' xmlns='urn:x'/>", b"<astcti xmlns:y='urn:y' version='2'><y:seats/></astcti>",
                     b"<a/><b/>", b"<?xml version='1.0' encoding='utf-8'?><a>\xff</a>"):  # fmt: skip
            found = problems_of(data)
            self.assertTrue(found and all(p.startswith("f.xml:") for p in found), (data, found))

    @settings(max_examples=200, deadline=None)
    @given(st.binary(max_size=200) | st.text("<>/ \"'=&;![]-?astcti", max_size=60).map(str.encode))
    def test_anything(self, data: bytes) -> None:
        """Any bytes are a configuration or a list of problems."""
        self.assertTrue(all(problems_of(data)))
