"""Events as XML documents, and back."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree
from twisted.logger import capturedLogs
from twisted.trial.unittest import SynchronousTestCase

from astcti.model.actions import RenderedAction
from astcti.model.notices import CallView, Notice
from astcti.protocols import xmlevents
from astcti.protocols.limits import XML_LINE
from astcti.protocols.outflow import BASE_KINDS
from astcti.protocols.xmlevents import ELEMENTS, CallEvent, ServerEvent, parse, render, render_server_event
from astcti.protocols.xmlreading import UnreadableEvent
from tests.protocols.fakes import a_notice, an_action

SCHEMA = etree.RelaxNG(file=str(Path(xmlevents.__file__).with_name("events.rng")))
KINDS = sorted(BASE_KINDS)

anything = st.text(max_size=30)
some = st.text(min_size=1, max_size=30)
calls = st.builds(
    CallView,
    uniqueid=anything, channel=anything, number=anything, name=anything, context=anything,
    variables=st.lists(st.tuples(some, anything), max_size=4).map(tuple), state=anything, dest_channel=anything,
    dest_uniqueid=anything, queue=anything, exten=anything, account=anything,
    direction=st.sampled_from(["", "inbound", "outbound", "internal"]), service=anything, language=anything,
    linkedid=anything, started=st.integers(0, 4_000_000_000_000).map(lambda ms: ms / 1000),
    reason_code=st.none() | st.integers(-999, 999_999), reason_text=anything,
)  # fmt: skip
actions = st.lists(
    st.builds(
        RenderedAction,
        id=anything, type=st.sampled_from([*ELEMENTS, "NOTIFY", "X_DESK"]), destination=anything, parameters=anything,
        encoding=st.sampled_from(["", "latin-1", "utf_16"]), arguments=st.lists(anything, max_size=3).map(tuple),
    ),
    max_size=3,
)  # fmt: skip


def clean(text: str) -> str:
    """What of a text XML can carry."""
    return "".join(
        c if c in "\t\n\r" or " " <= c <= "\ud7ff" or "\ue000" <= c <= "\ufffd" or c > "\uffff" else "\ufffd"
        for c in text
    )


def built(notice: Notice, actions: list[RenderedAction], v1: bool) -> bytes:
    """The same document made by lxml, element by element."""
    call = notice.call
    root = etree.Element("event", id=notice.kind)
    top = etree.SubElement(root, "call")

    def add(parent: etree._Element, name: str, text: str, **attributes: str) -> etree._Element:
        child = etree.SubElement(parent, name, {k: clean(v) for k, v in attributes.items()})
        child.text = clean(text)
        return child

    for name, text in (
        ("uniqueid", call.uniqueid), ("channel", call.channel), ("calleridnum", call.number),
        ("calleridname", call.name), ("context", call.context),
    ):  # fmt: skip
        add(top, name, text)
    data = etree.SubElement(top, "appdata")
    for key, value in call.variables or ((("", ""),) if v1 else ()):
        add(data, "data", value, key=key)
    add(top, "state", call.state)
    for name, text in (
        ("destchannel", call.dest_channel), ("destuniqueid", call.dest_uniqueid), ("queue", call.queue),
        ("exten", call.exten), ("accountcode", call.account), ("direction", call.direction),
        ("service", call.service), ("language", call.language), ("linkedid", call.linkedid),
    ):  # fmt: skip
        if text:
            add(top, name, text)
    if call.started:
        etree.SubElement(top, "started").text = parse_started(call.started)
    if call.reason_code is not None:
        add(top, "reason", call.reason_text, code=str(call.reason_code))
    elif call.reason_text:
        add(top, "reason", call.reason_text)
    if actions:
        group = etree.SubElement(top, "actions", count=str(len(actions)))
        for action in actions:
            element = etree.SubElement(group, ELEMENTS.get(action.type, "action"), id=clean(action.id))
            if action.type not in ELEMENTS:
                element.set("type", action.type)
            add(element, "destination", action.destination)
            add(element, "parameters", action.parameters)
            encoding = action.encoding or ("UTF-8" if action.type in ("TCP_MESSAGE", "UDP_MESSAGE") else "")
            if encoding:
                add(element, "encoding", encoding)
            for argument in arguments_of(action):
                add(element, "arg", argument)
    return etree.tostring(root, method="c14n")


def arguments_of(action: RenderedAction) -> tuple[str, ...]:
    """The arguments that are sent: those of actions which are programs, or may be."""
    return action.arguments if ELEMENTS.get(action.type, "action") in ("application", "action") else ()


def parse_started(seconds: float) -> str:
    """The moment as the document has it; its exact form is tested by itself."""
    found = xmlevents._iso(seconds)
    return etree.fromstring(found).text or ""


def canonical(document: bytes) -> bytes:
    """One spelling for all documents of the same content."""
    return etree.tostring(etree.fromstring(document), method="c14n")


class RenderTests(SynchronousTestCase):
    """What is sent."""

    def test_example(self) -> None:
        """The event that the specification prints, to the byte."""
        notice = Notice(
            "Link",
            "SIP/201",
            CallView("1231258664.8", "SIP/200-08963918", "200", "Demo 1", "astctidemo", (("calldata", "12345"),), "Up"),
        )
        self.assertEqual(
            render(notice, ()),
            b'<event id="Link"><call><uniqueid>1231258664.8</uniqueid><channel>SIP/200-08963918</channel>'
            b"<calleridnum>200</calleridnum><calleridname>Demo 1</calleridname><context>astctidemo</context>"
            b'<appdata><data key="calldata">12345</data></appdata><state>Up</state></call></event>',
        )

    def test_actions_example(self) -> None:
        """The actions that the specification prints."""
        document = render(
            a_notice(),
            [
                RenderedAction("1", "BROWSER", "", "https://crm.example/?c=0123&d=12345"),
                RenderedAction("2", "TCP_MESSAGE", "192.0.2.7:2323", "Caller: 0123"),
                RenderedAction("3", "APPLICATION", "/usr/bin/crm", "-c 0123", arguments=("-c", "0123")),
                RenderedAction("4", "NOTIFY", "desk", "hello"),
            ],
        )
        self.assertIn(
            b'<actions count="4">'
            b'<browser id="1"><destination></destination>'
            b"<parameters>https://crm.example/?c=0123&amp;d=12345</parameters></browser>"
            b'<tcpmessage id="2"><destination>192.0.2.7:2323</destination><parameters>Caller: 0123</parameters>'
            b"<encoding>UTF-8</encoding></tcpmessage>"
            b'<application id="3"><destination>/usr/bin/crm</destination><parameters>-c 0123</parameters>'
            b"<arg>-c</arg><arg>0123</arg></application>"
            b'<action id="4" type="NOTIFY"><destination>desk</destination><parameters>hello</parameters></action>'
            b"</actions>",
            document,
        )
        self.assertTrue(SCHEMA.validate(etree.fromstring(document)), SCHEMA.error_log)

    def test_without_variables(self) -> None:
        """Old clients get one empty entry, new ones none."""
        notice = a_notice(variables=())
        self.assertIn(b'<appdata><data key=""></data></appdata>', render(notice, (), v1=True))
        self.assertIn(b"<appdata></appdata>", render(notice, ()))

    def test_optional_elements(self) -> None:
        """All of them, in their order."""
        notice = a_notice(
            "OriginateResponse", dest_channel="SIP/9-1", dest_uniqueid="9.9", queue="q", exten="101", account="a",
            direction="outbound", service="s", language="it", linkedid="1.1", started=1763714000.5,
            reason_code=4, reason_text="answered",
        )  # fmt: skip
        self.assertIn(
            b"<state>Up</state><destchannel>SIP/9-1</destchannel><destuniqueid>9.9</destuniqueid><queue>q</queue>"
            b"<exten>101</exten><accountcode>a</accountcode><direction>outbound</direction><service>s</service>"
            b"<language>it</language><linkedid>1.1</linkedid><started>2025-11-21T08:33:20.500Z</started>"
            b'<reason code="4">answered</reason></call>',
            render(notice, ()),
        )

    def test_hostile_names(self) -> None:
        """Markup, quotes, line ends and impossible characters in a caller's name are text, on one line."""
        name = "</calleridname><x a='1' b=\"2\">&amp;]]>\n100 OK\r\n\x00\x1b\ud800\uffff\u2028\x85"
        document = render(a_notice(name=name, variables=((name, name),)), ())
        self.assertNotIn(b"\n", document)
        self.assertNotIn(b"\r", document)
        self.assertEqual(document.decode().splitlines(), [document.decode()])
        event = parse(document)
        assert isinstance(event, CallEvent)
        self.assertEqual(event.call.name, clean(name))
        self.assertEqual(event.call.variables, ((clean(name), clean(name)),))

    def test_impossible_moment(self) -> None:
        """A time that no calendar has is left out."""
        for started in (1e18, -1e18, float("inf"), float("nan")):
            self.assertNotIn(b"started", render(a_notice(started=started), ()))

    def test_server_events(self) -> None:
        """The events that are not about a call."""
        self.assertEqual(
            render_server_event("Disconnect", "reason", "idle"),
            b'<event id="Disconnect"><reason>idle</reason></event>',
        )
        self.assertEqual(
            render_server_event("Pbx", "pbx", state="up"), b'<event id="Pbx"><pbx state="up"></pbx></event>'
        )
        for document in (render_server_event("Disconnect", "reason", "<"), render_server_event("Pbx", "pbx", a='"')):
            self.assertTrue(SCHEMA.validate(etree.fromstring(document)), SCHEMA.error_log)

    @given(st.sampled_from(KINDS), calls, actions, st.booleans())
    @settings(deadline=None)
    def test_same_as_lxml(self, kind: str, call: CallView, actions: list[RenderedAction], v1: bool) -> None:
        """Whatever a call is made of, the document is valid and the one that lxml would have made, on one line."""
        notice = Notice(kind, "SIP/201", call)
        document = render(notice, actions, v1)
        self.assertEqual(canonical(document), built(notice, actions, v1))
        self.assertTrue(SCHEMA.validate(etree.fromstring(document)), SCHEMA.error_log)
        self.assertEqual(document.decode().splitlines(), [document.decode()])

    @given(st.sampled_from(KINDS), calls, actions, st.booleans())
    @settings(deadline=None)
    def test_there_and_back(self, kind: str, call: CallView, actions: list[RenderedAction], v1: bool) -> None:
        """A client reads what the server meant, less the characters that XML has no place for."""
        event = parse(render(Notice(kind, "", call), actions, v1))
        texts = {name: clean(value) for name, value in call._asdict().items() if isinstance(value, str)}
        variables = tuple((clean(key), clean(value)) for key, value in call.variables)
        self.assertEqual(
            event,
            CallEvent(
                kind,
                call._replace(**texts, variables=variables),
                tuple(
                    RenderedAction(
                        clean(a.id), a.type, clean(a.destination), clean(a.parameters), a.encoding,
                        tuple(map(clean, arguments_of(a))),
                    )
                    for a in actions
                ),
            ),
        )  # fmt: skip


class RepeatingTests(SynchronousTestCase):
    """What stays the same from event to event is written once."""

    @settings(max_examples=25)
    @given(calls, calls, st.booleans())
    def test_no_event_shows_another(self, one: CallView, other: CallView, v1: bool) -> None:
        """An event looks the same whichever events were written before it."""
        mixed = other._replace(number=one.number, linkedid=one.linkedid, variables=one.variables)
        written = [render(Notice("Link", "x", call), (), version) for call in (one, mixed) for version in (v1, not v1)]
        xmlevents._parties.clear()
        xmlevents._courses.clear()
        anew = [render(Notice("Link", "x", call), (), version) for call in (mixed, one) for version in (not v1, v1)]
        self.assertEqual(written, anew[::-1])

    def test_ceiling(self) -> None:
        """Callers with names of their own do not fill the memory, nor does one with a very long name."""
        texts = xmlevents._parties
        for at in range(2 * texts.MAX_KNOWN):
            render(Notice("Link", "x", CallView("1.1", "c", name=f"caller {at}")), ())
        self.assertLessEqual(len(texts), texts.MAX_KNOWN)
        before = len(texts)
        render(Notice("Link", "x", CallView("1.1", "c", name="n" * 2 * texts.MAX_SIZE)), ())
        self.assertEqual(len(texts), before)


class SizeTests(SynchronousTestCase):
    """No document is longer than a line may be."""

    def test_nothing_is_left_out_of_what_fits(self) -> None:
        """Sixty thousand bytes are sent as they are."""
        notice = a_notice(variables=(("a", "x" * 60_000),))
        with capturedLogs() as logs:
            self.assertIn(b"x" * 60_000, render(notice, ()))
        self.assertEqual(logs, [])

    def test_long_parameters_go_first(self) -> None:
        """Then the event keeps its variables and its shorter actions, and the log says what is missing."""
        notice = a_notice(variables=(("a", "x" * 30_000),))
        actions = [RenderedAction("1", "BROWSER", "", "y" * 50_000), RenderedAction("2", "BROWSER", "", "z" * 8000)]
        with capturedLogs() as logs:
            event = parse(render(notice, actions))
        assert isinstance(event, CallEvent)
        self.assertEqual([a.parameters for a in event.actions], ["", "z" * 8000])
        self.assertEqual(event.call.variables, notice.call.variables)
        self.assertEqual((logs[0]["what"], logs[0]["uniqueid"]), ("actions' long parameters", "1231258004.4"))

    def test_then_long_values(self) -> None:
        """Names of variables stay, values over 4 KiB go."""
        event = parse(render(a_notice(variables=(("a", "x" * 70_000), ("b", "y" * 4096), ("c", "z" * 4097))), ()))
        assert isinstance(event, CallEvent)
        self.assertEqual(event.call.variables, (("a", ""), ("b", "y" * 4096), ("c", "")))

    def test_then_entries(self) -> None:
        """Of very many variables those that fit stay."""
        variables = tuple((f"v{n}", "x" * 1000) for n in range(100))
        document = render(a_notice(variables=variables), an_action())
        event = parse(document)
        assert isinstance(event, CallEvent)
        self.assertEqual(event.call.variables, variables[: len(event.call.variables)])
        self.assertGreater(len(document), XML_LINE - 2000)
        self.assertEqual(len(event.actions), 1)

    @given(
        st.integers(0, 80), st.integers(0, 12_000), st.integers(0, 40), st.integers(0, 12_000),
        st.sampled_from(["x", "&", "\u2028", "\U0001f600"]), st.integers(0, 70_000),
    )  # fmt: skip
    @settings(deadline=None, max_examples=60)
    def test_always(self, variables: int, value: int, actions: int, parameters: int, char: str, name: int) -> None:
        """Whatever is too much of, the document stays valid and fits with its LF."""
        notice = a_notice(name=char * name, variables=tuple((f"v{n}", char * value) for n in range(variables)))
        acts = [RenderedAction(str(n), "BROWSER", "", char * parameters) for n in range(actions)]
        document = render(notice, acts)
        self.assertLess(len(document), XML_LINE)
        self.assertTrue(SCHEMA.validate(etree.fromstring(document)), SCHEMA.error_log)


class ParseTests(SynchronousTestCase):
    """What a client makes of what it gets."""

    def test_tolerance(self) -> None:
        """Unknown elements and attributes, line breaks between elements, a declaration: all are passed over."""
        event = parse(
            b'<?xml version="1.0" encoding="UTF-8"?>\n<event id="Link" x="1">\n <call><new/><uniqueid>1.2</uniqueid>\n'
            b'<channel>SIP/1</channel><appdata><data key=""/><data key="a">b<!-- no --></data></appdata>'
            b'<reason code="x">why</reason><started>yesterday</started>'
            b'<actions count="9"><future/><action><destination/></action><browser><destination/></browser></actions>'
            b"</call></event>"
        )
        self.assertEqual(
            event,
            CallEvent(
                "Link",
                CallView("1.2", "SIP/1", variables=(("a", "b"),), reason_text="why"),
                (RenderedAction("", "BROWSER"),),
            ),
        )

    def test_other_events(self) -> None:
        """Events that are not about a call keep what they say."""
        self.assertEqual(
            parse(b'<event id="Disconnect"><reason>shutdown</reason></event>'),
            ServerEvent("Disconnect", "reason", "shutdown"),
        )
        self.assertEqual(
            parse(b'<event id="Pbx"><pbx state="down"/></event>'), ServerEvent("Pbx", "pbx", "", {"state": "down"})
        )
        self.assertEqual(parse(b'<event id="Later"/>'), ServerEvent("Later"))

    def test_unreadable(self) -> None:
        """Broken documents, other documents, and whatever could make a parser read or build something: refused."""
        bomb = (
            b'<!DOCTYPE e [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]><event id="x"><call>&b;</call></event>'
        )
        outside = b'<!DOCTYPE e [<!ENTITY a SYSTEM "file:///etc/passwd">]><event id="x"><r>&a;</r></event>'
        for document in (
            b"", b"<event", b"<event>", b"<event></call>", b"<html/>", b"100 OK", bomb, outside, b"<event>&a;</event>",
            b"<!doctype event><event/>", b"<event>" * 300 + b"</event>" * 300, b"<event>\xff</event>",
            b"<event>" + b"x" * XML_LINE + b"</event>", '<event id="x"/>'.encode("utf-16"),
        ):  # fmt: skip
            with self.assertRaises(UnreadableEvent, msg=repr(document[:40])):
                parse(document)

    @given(
        st.binary(max_size=200) | st.text(max_size=200).map(lambda t: f"<event>{t}</event>".encode("utf-8", "replace"))
    )
    @settings(deadline=None)
    def test_rubbish(self, document: bytes) -> None:
        """Rubbish is refused with the one error."""
        try:
            parse(document)
        except UnreadableEvent:
            pass
