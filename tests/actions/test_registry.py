"""Finding the kinds of action: built-ins, those of others, and broken ones."""

from __future__ import annotations

import importlib
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType
from typing import Any

from twisted.logger import capturedLogs
from twisted.trial.unittest import SynchronousTestCase
from zope.interface import implementer
from zope.interface.verify import verifyObject

from astcti.actions.application import Application, application
from astcti.actions.browsers import browser
from astcti.actions.registry import ActionTypes, action_types, load
from astcti.config.settings import Settings
from astcti.errors import ConfigError
from astcti.interfaces import IAction, IAdjustable

GOOD = """
from dataclasses import replace
from astcti.actions.application import application
their_action = replace(application, type_name="THEIR_ACTION", label="theirs")
"""
UNSUITABLE = """
from dataclasses import replace
from astcti.actions.application import application
lower = replace(application, type_name="lower case")
elsewhere = replace(application, type_name="ELSEWHERE", places=frozenset({"MOON"}))
nowhere = replace(application, type_name="NOWHERE", places=frozenset())
spelling = replace(application, type_name="TCPMESSAGE")
"""
HALF = """
from twisted.plugin import IPlugin
from zope.interface import implementer
from astcti.interfaces import IAction
@implementer(IPlugin, IAction)
class Half:
    type_name = "HALF"
half = Half()
"""


class BuiltInTests(SynchronousTestCase):
    """What is there from the start."""

    def test_all_are_there_in_order(self) -> None:
        """The five kinds are found through the plug-in system, like anybody's."""
        names = [name for name in action_types() if type(action_types()[name]).__module__.startswith("astcti.actions.")]
        self.assertEqual(names, ["APPLICATION", "BROWSER", "INTERNAL_BROWSER", "TCP_MESSAGE", "UDP_MESSAGE"])
        self.assertEqual(list(action_types()), sorted(action_types()))

    def test_elements(self) -> None:
        """Each has the element that clients of the protocol know."""
        types = action_types()
        elements = {"APPLICATION": "application", "BROWSER": "browser", "INTERNAL_BROWSER": "internalbrowser",
                    "TCP_MESSAGE": "tcpmessage", "UDP_MESSAGE": "udpmessage"}  # fmt: skip
        self.assertEqual({name: types[name].element for name in elements}, elements)
        for name in elements:
            self.assertTrue(verifyObject(IAction, types[name]))

    def test_only_messages_run_on_the_server(self) -> None:
        """No configuration makes the server start a program."""
        on_server = {name for name, plugin in action_types().items() if "SERVER" in plugin.places}
        self.assertEqual(on_server & {"APPLICATION", "BROWSER", "INTERNAL_BROWSER"}, set())
        self.assertLessEqual({"TCP_MESSAGE", "UDP_MESSAGE"}, on_server)

    def test_built_once(self) -> None:
        """The plug-ins are looked for once."""
        self.assertIs(action_types(), action_types())

    def test_spellings(self) -> None:
        """The spellings of older configurations find the same kinds."""
        for spelling, name in {
            "Application": "APPLICATION", "Browser": "BROWSER", "External browser": "BROWSER",
            "InternalBrowser": "INTERNAL_BROWSER", "Internal Browser": "INTERNAL_BROWSER", "TcpMessage": "TCP_MESSAGE",
            "TCP message": "TCP_MESSAGE", "UdpMessage": "UDP_MESSAGE", "UDP message": "UDP_MESSAGE",
        }.items():  # fmt: skip
            self.assertEqual(action_types()[spelling].type_name, name)
        self.assertNotIn("Nonsense", action_types())


class PluginTests(SynchronousTestCase):
    """Plug-ins of others, good and bad."""

    def package(self, **modules: str) -> ModuleType:
        """A plug-in package with these modules."""
        directory = Path(self.mktemp()).resolve() / "somebodys_actions"
        directory.mkdir(parents=True)
        for name, text in modules.items():
            (directory / f"{name}.py").write_text(text)
        (directory / "__init__.py").write_text("")
        sys.path.insert(0, str(directory.parent))

        def forget() -> None:
            sys.path.remove(str(directory.parent))
            for name in [name for name in sys.modules if name.partition(".")[0] == "somebodys_actions"]:
                del sys.modules[name]

        self.addCleanup(forget)
        importlib.invalidate_caches()
        return importlib.import_module("somebodys_actions")

    def test_found(self) -> None:
        """A plug-in of somebody else is found; a built-in that it borrows is not found twice."""
        types = ActionTypes([*load(self.package(theirs=GOOD)), application])
        self.assertEqual(list(types), ["APPLICATION", "THEIR_ACTION"])

    def test_broken_module(self) -> None:
        """A plug-in that cannot be imported is reported, and the others work."""
        package = self.package(theirs=GOOD, broken="import no_such_module_anywhere")
        self.assertIn("THEIR_ACTION", ActionTypes(load(package)))
        self.assertEqual(len(self.flushLoggedErrors(ImportError)), 1)

    def test_unsuitable(self) -> None:
        """A plug-in without all it promises, or with a senseless name or place, is reported and skipped."""
        with capturedLogs() as events:
            found = load(self.package(unsuitable=UNSUITABLE, half=HALF))
        self.assertEqual([plugin.type_name for plugin in found], ["APPLICATION"])
        faults = " ".join(event["fault"] for event in events if "fault" in event)
        for part in ("no name for a type", "MOON", "[]", "another spelling of TCP_MESSAGE", "validate"):
            self.assertIn(part, faults)

    def test_adjusted(self) -> None:
        """Kinds of actions go by the settings where they offer that; one that fails at it stays as it is."""

        @implementer(IAdjustable)
        @dataclass(frozen=True)
        class Odd(Application):
            """Cannot."""

            def adjusted(self, settings: Any) -> Any:
                raise RuntimeError("cannot") if settings.leading_dash == "keep" else None

        types = ActionTypes([application, browser, Odd("ODD")])
        for word in ("keep", "drop"):
            settings = Settings(leading_dash=word)
            adjusted = types.adjusted(settings)
            self.assertEqual(adjusted["APPLICATION"], replace(application, keep_dashes=word == "keep"))
            self.assertEqual((adjusted["BROWSER"], adjusted["ODD"]), (types["BROWSER"], types["ODD"]))
        self.assertEqual(len(self.flushLoggedErrors()), 2)

    def test_twins(self) -> None:
        """Two plug-ins with one name are refused: nobody could say which one is meant."""

        @implementer(IAction)
        @dataclass(frozen=True)
        class Twin(Application):
            """Another APPLICATION."""

        problem = self.assertRaises(ConfigError, ActionTypes, [application, Twin()])
        self.assertIn("APPLICATION", str(problem))
        self.assertIn("Twin", str(problem))
        self.assertEqual(len(ActionTypes([application, application, replace(application, type_name="OTHER")])), 2)
