"""The action CLIPBOARD: put a text on the clipboard of the agent's machine, ready to be pasted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from twisted.internet.defer import Deferred
from twisted.plugin import IPlugin
from zope.interface import implementer

from astcti.actions.outcomes import outcome_of
from astcti.actions.template import expand, parse, without_controls
from astcti.interfaces import IAction, IPlace
from astcti.model.actions import Outcome, RenderedAction

# wl-copy and its like read the text from their arguments behind ``--``, where no text is an option.
DEFAULT_PROGRAM = "wl-copy"


@implementer(IPlugin, IAction)
@dataclass(frozen=True)
class Clipboard:
    """The text is in the parameters; the destination may name another program than ``wl-copy``."""

    type_name: str = "CLIPBOARD"
    label: str = "clipboard"
    element: str = "action"
    places: frozenset[str] = frozenset({"CLIENT"})

    def validate(
        self, destination: str, parameters: str, encoding: str, schemes: Sequence[str], system: str = "ALL"
    ) -> list[str]:
        """Say what is wrong: there is nothing to copy."""
        return [] if parameters else ["the text to copy is missing"]

    def render(
        self,
        id: str,
        destination: str,
        parameters: str,
        encoding: str,
        values: Mapping[str, str],
        system: str = "ALL",
    ) -> RenderedAction:
        """Fill in the text."""
        text = expand(parse(parameters), values, without_controls)
        return RenderedAction(id, self.type_name, destination or DEFAULT_PROGRAM, text)

    def perform(self, action: RenderedAction, place: IPlace) -> Deferred[Outcome]:
        """Hand the text to the program."""
        return outcome_of(lambda: place.start_program((action.destination, "--", action.parameters)))


clipboard = Clipboard()
