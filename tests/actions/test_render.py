"""From a service's actions and a call to what one client is told to do."""

from __future__ import annotations

from urllib.parse import parse_qs

from hypothesis import given
from hypothesis import strategies as st
from twisted.logger import capturedLogs
from twisted.trial.unittest import SynchronousTestCase

from astcti.actions.registry import action_types
from astcti.actions.render import BUILT_INS, MAX_RENDERED, render_actions, values_of
from astcti.actions.template import expand, parse
from astcti.config.model import Action
from astcti.config.validation.actions import BUILT_INS as KNOWN_TO_VALIDATION
from astcti.model.notices import CallView
from tests.actions.hostile_names import HOSTILE_NAMES

CALL = CallView(
    uniqueid="1231258664.8",
    channel="PJSIP/trunk-00000008",
    number="0123",
    name="Jane Doe",
    context="astctidemo",
    variables=(("calldata", "12 345"), ("lang", "é&")),
    dest_channel="PJSIP/201-00000009",
    queue="astcti",
    exten="101",
    account="sales",
    service="astctidemo",
    language="it",
    linkedid="1231258664.7",
)
VALUES = values_of(CALL, now=1371630006.7, seat="PJSIP/201", operator="oper1", operator_name="Operator 1")


def say(text: str, action_id: int = 1, **changes: object) -> Action:
    return Action(id=action_id, type="TCP_MESSAGE", destination="h:1", parameters=text, **changes)  # type: ignore[arg-type]


class ValuesTests(SynchronousTestCase):
    """What a template may mention."""

    def test_built_ins(self) -> None:
        """Every built-in has the value an administrator expects."""
        self.assertEqual({name: VALUES[name] for name in BUILT_INS if name != "CALLDATA"}, {
            "CALLERID": "0123", "CALLERIDNAME": "Jane Doe", "CHANNEL": "PJSIP/trunk-00000008",
            "UNIQUEID": "1231258664.8", "DESTCHANNEL": "PJSIP/201-00000009", "CONTEXT": "astctidemo", "EXTEN": "101",
            "QUEUE": "astcti", "SERVICE": "astctidemo", "ACCOUNTCODE": "sales", "LINKEDID": "1231258664.7",
            "LANGUAGE": "it", "OPERATOR": "oper1", "OPERATORNAME": "Operator 1", "SEAT": "PJSIP/201",
            "TIME": "2013-06-19T08:20:06Z", "APPDATA": "calldata=12%20345&lang=%C3%A9%26",
        })  # fmt: skip
        self.assertEqual(parse_qs(VALUES["APPDATA"]), {"calldata": ["12 345"], "lang": ["é&"]})

    def test_configurations_are_checked_against_the_same_names(self) -> None:
        """A template that names a built-in is never warned of as naming what nobody knows."""
        self.assertEqual(frozenset(BUILT_INS), KNOWN_TO_VALIDATION)

    def test_calldata(self) -> None:
        """``{CALLDATA}`` is what the dial plan set as ``calldata``; nothing when it set nothing."""
        self.assertEqual(expand(parse("{CALLDATA}{calldata}"), VALUES, str), "12 34512 345")
        self.assertEqual(values_of(CallView("1.1", "SIP/1-1"), now=0)["CALLDATA"], "")

    def test_a_service_variable_beats_a_built_in(self) -> None:
        """A dial plan that sets its own callerid is believed, however it spells it."""
        values = values_of(CALL._replace(variables=(("CallerId", "mine"),)), now=0)
        self.assertEqual(expand(parse("{CALLERID}/{callerid}"), values, str), "mine/mine")

    def test_watched_but_not_set(self) -> None:
        """A variable the call has not got is empty."""
        values = values_of(CALL._replace(variables=(("vip", ""),)), now=0)
        self.assertEqual(expand(parse("<{vip}{VIP}{nobody}>"), values, str), "<>")


class RenderTests(SynchronousTestCase):
    """Which actions a client gets."""

    def ids(self, actions: list[Action], system: str = "LINUX", place: str = "CLIENT", **more: str) -> list[str]:
        """Ids of what is rendered."""
        return [rendered.id for rendered in render_actions(actions, VALUES, system, place, **more)]  # type: ignore[arg-type]

    def test_order_is_kept(self) -> None:
        """Actions come in the configured order."""
        self.assertEqual(self.ids([say("x", 3), say("x", 1), say("x", 2)]), ["3", "1", "2"])

    def test_for_this_system(self) -> None:
        """A client that did not name its system gets what is for all of them."""
        actions = [say("x", 1), say("x", 2, os_type="LINUX"), say("x", 3, os_type="WINDOWS")]
        self.assertEqual(self.ids(actions), ["1", "2"])
        self.assertEqual(self.ids(actions, ""), ["1"])

    def test_for_this_place_and_trigger(self) -> None:
        """What the server does is not the client's business, and ringing is not answering."""
        actions = [say("x", 1), say("x", 2, execute_on="SERVER"), say("x", 3, trigger="RINGING")]
        self.assertEqual(self.ids(actions), ["1"])
        self.assertEqual(self.ids(actions, place="SERVER"), ["2"])
        self.assertEqual(self.ids(actions, trigger="RINGING"), ["3"])

    def test_disabled(self) -> None:
        """A disabled action is not sent."""
        self.assertEqual(self.ids([say("x", enabled=False)]), [])

    def test_one_that_cannot_be_rendered_costs_only_itself(self) -> None:
        """A plug-in that is gone, or a template that slipped through, leaves the others alone and is logged."""
        actions = [Action(id=1, type="GONE"), Action(id=2, type="BROWSER", parameters="{X}"), say("x", 3),
                   Action(id=4, type="APPLICATION", destination="x", execute_on="SERVER")]  # fmt: skip
        with capturedLogs() as events:
            self.assertEqual(self.ids(actions), ["3"])
            self.assertEqual(self.ids(actions, place="SERVER"), [])
        self.assertEqual([event["id"] for event in events], [1, 2, 4])

    def test_a_broken_plugin_costs_only_its_own_actions(self) -> None:
        """A plug-in that breaks over a call is logged with its traceback, and the other actions are sent."""

        class Broken:
            places = frozenset({"CLIENT"})

            def render(self, *arguments: object) -> None:
                raise ZeroDivisionError

        types = dict(action_types()) | {"BROKEN": Broken()}
        actions = [Action(id=1, type="BROKEN"), say("x", 2)]
        rendered = render_actions(actions, VALUES, "", "CLIENT", types=types)  # type: ignore[arg-type]
        self.assertEqual([action.id for action in rendered], ["2"])
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)

    def test_calls_do_not_mix(self) -> None:
        """The second call's page shows the second caller."""
        action = say("{CALLERID}")
        one, two = (render_actions([action], {"CALLERID": n}, "LINUX", "CLIENT")[0].parameters for n in "12")
        self.assertEqual((one, two), ("1", "2"))

    def test_other_spellings_of_a_type(self) -> None:
        """An action whose type is spelled the old way is performed all the same."""
        action = Action(id=1, type="TcpMessage", destination="h:1", parameters="x")
        self.assertEqual(self.ids([action]), ["1"])

    @given(st.sampled_from(sorted(HOSTILE_NAMES.values())))
    def test_a_name_cannot_make_a_pop_vanish(self, name: str) -> None:
        """However long a caller's name is, the page opens: the protocol would drop parameters that are too long."""
        action = Action(id=1, type="BROWSER", parameters="https://crm.example/?a={A}&b={A}&{APPDATA}")
        values = values_of(CALL._replace(variables=(("A", name), ("B", name))), now=0)
        (rendered,) = render_actions([action], values, "LINUX", "CLIENT")
        self.assertLessEqual(len(rendered.parameters), MAX_RENDERED)
        self.assertTrue(rendered.parameters.startswith("https://crm.example/?a="))
