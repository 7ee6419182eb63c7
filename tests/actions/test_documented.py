"""What ``docs/actions.rst`` shows works."""

from __future__ import annotations

import importlib.util
import json
import re
import sys
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.internet import reactor
from twisted.trial.unittest import TestCase
from twisted.web.resource import Resource
from twisted.web.server import Site
from zope.interface.verify import verifyObject

from astcti.actions.performer import Performer
from astcti.actions.places import ServerPlace
from astcti.actions.registry import ActionTypes, action_types
from astcti.actions.render import BUILT_INS, render_actions
from astcti.config.model import Action
from astcti.interfaces import IAction
from astcti.model.actions import Outcome
from tests.actions.hostile_names import HOSTILE_NAMES

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "actions.rst").read_text()


def load(path: Path) -> Any:
    """Import a file that is in no package."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module  # where dataclasses look for it
    spec.loader.exec_module(module)
    return module


class Service(Resource):
    """A web service that keeps what it is told."""

    isLeaf = True

    def __init__(self) -> None:
        super().__init__()
        self.told: list[dict[str, str]] = []
        self.code = 204

    def render_POST(self, request: Any) -> bytes:
        """Keep the body."""
        self.told.append(json.load(request.content))
        request.setResponseCode(self.code)
        return b""


class WebhookTests(TestCase):
    """The example of the plug-in author's page."""

    def setUp(self) -> None:
        self.webhook = load(ROOT / "docs" / "examples" / "webhook.py").webhook
        self.service = Service()
        port = reactor.listenTCP(0, Site(self.service), interface="127.0.0.1")  # type: ignore[attr-defined]
        self.addCleanup(port.stopListening)
        self.url = f"http://127.0.0.1:{port.getHost().port}/calls"
        self.types = ActionTypes([*action_types().values(), self.webhook])

    async def call(self, values: dict[str, str]) -> Outcome:
        """What becomes of the action when somebody calls."""
        action = Action(id=1, type="WEBHOOK", destination=self.url, parameters="CALLERID calldata", execute_on="SERVER")
        rendered = render_actions([action], values, "", "SERVER", types=self.types)
        ((_, outcome),) = await Performer(ServerPlace(reactor, 2), "SERVER", types=self.types).perform_all(rendered)
        return outcome

    def test_is_a_plugin(self) -> None:
        """It offers all that a plug-in must."""
        self.assertTrue(verifyObject(IAction, self.webhook))

    def test_validates(self) -> None:
        """An administrator's mistakes are said in words."""
        self.assertEqual(self.webhook.validate(self.url, "CALLERID", "", ["http"]), [])
        self.assertEqual(len(self.webhook.validate("javascript:x", " ", "", ["http"])), 2)

    async def test_posts(self) -> None:
        """The service is told the call's data."""
        self.assertTrue((await self.call({"CALLERID": "0123", "CALLDATA": "12345"})).ok)
        self.assertEqual(self.service.told, [{"CALLERID": "0123", "calldata": "12345"}])

    async def test_refusal(self) -> None:
        """A service that refuses makes the action fail, with the reason."""
        self.service.code = 403
        outcome = await self.call({})
        self.assertEqual((outcome.status, outcome.reason), ("failed", "the service answered 403"))

    @given(st.sampled_from(sorted(HOSTILE_NAMES.values())))
    @settings(max_examples=200, deadline=None)
    def test_hostile_names(self, name: str) -> None:
        """Whatever the caller is called, it stays one value of the JSON."""
        rendered = self.webhook.render("1", self.url, "CALLERID", "", {"CALLERID": name})
        self.assertEqual(list(json.loads(rendered.parameters)), ["CALLERID"])
        self.assertLessEqual(len(rendered.parameters.splitlines()), 1)


class PageTests(TestCase):
    """The page itself."""

    def test_names_every_built_in(self) -> None:
        """Every variable a template may mention is explained, and no other."""
        table = PAGE[PAGE.index(".. _variables:") : PAGE.index(".. _places:")]
        self.assertEqual(set(re.findall(r"``([A-Z]+)``", table)) - {"CALLERID(num)"}, set(BUILT_INS))

    def test_shows_the_tested_files(self) -> None:
        """The code on the page is the files that the tests run."""
        self.assertIn(".. literalinclude:: examples/webhook.py", PAGE)
        self.assertIn(".. literalinclude:: ../tests/plugin_distribution/setup.cfg", PAGE)


class DistributionTests(TestCase):
    """The second distribution, as a plug-in; that it is found when installed is a test of packaging."""

    def test_clipboard(self) -> None:
        """It offers all that a plug-in must, and a caller's name is one argument behind the end of options."""
        path = ROOT / "tests/plugin_distribution/astcti/actions/clipboard.py"
        clipboard = load(path).clipboard
        self.assertTrue(verifyObject(IAction, clipboard))
        self.assertEqual(clipboard.validate("", "{CALLERID}", "", []), [])
        self.assertEqual(len(clipboard.validate("", "", "", [])), 1)
        started = []

        class Place:
            seconds = 1.0

            def start_program(self, argv: tuple[str, ...]) -> Any:
                from twisted.internet.defer import succeed

                started.append(argv)
                return succeed(None)

        rendered = clipboard.render("1", "", "{CALLERIDNAME}", "", {"CALLERIDNAME": "-rf\n"})
        self.assertEqual(self.successResultOf(clipboard.perform(rendered, Place())), Outcome("ok"))
        self.assertEqual(started, [("wl-copy", "--", "-rf")])
