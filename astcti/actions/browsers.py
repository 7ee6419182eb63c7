"""The actions BROWSER and INTERNAL_BROWSER: show a page to the agent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from twisted.internet.defer import Deferred
from twisted.plugin import IPlugin
from zope.interface import implementer

from astcti.actions.outcomes import outcome_of
from astcti.actions.template import names_in
from astcti.actions.urls import compile_url, scheme_of
from astcti.config.encodings import codec_of
from astcti.errors import ConfigError
from astcti.interfaces import IAction, IPlace
from astcti.model.actions import Outcome, RenderedAction


@implementer(IPlugin, IAction)
@dataclass(frozen=True)
class Browser:
    """A page: its URL in the parameters; the destination is a browser's command, or a window of our own browser."""

    type_name: str
    label: str
    element: str
    internal: bool
    places: frozenset[str] = frozenset({"CLIENT"})

    def validate(
        self, destination: str, parameters: str, encoding: str, schemes: Sequence[str], system: str = "ALL"
    ) -> list[str]:
        """Say what is wrong with URL, encoding, or the command of the browser."""
        destination, parameters = _in_place(destination, parameters)
        problems = []
        try:
            compile_url(parameters)
            if (scheme := scheme_of(parameters)) not in schemes:
                problems.append(f"{scheme}: URLs are not allowed (allowed: {' '.join(schemes)})")
        except ConfigError as e:
            problems.extend(e.problems)
        try:
            if "/?".encode(codec_of(encoding)) != b"/?":
                problems.append(f"a URL cannot be written in {encoding}")
        except ValueError as e:
            problems.append(str(e))
        if names := names_in(destination):
            problems.append(f"{{{names[0]}}} stands in the name of the browser or its window")
        elif not destination.isprintable():
            problems.append("the name of the browser or its window contains control characters")
        return problems

    def render(
        self,
        id: str,
        destination: str,
        parameters: str,
        encoding: str,
        values: Mapping[str, str],
        system: str = "ALL",
    ) -> RenderedAction:
        """Fill in the URL; scheme and host are the template's."""
        destination, parameters = _in_place(destination, parameters)
        url = compile_url(parameters).expand(values, codec_of(encoding))
        return RenderedAction(id, self.type_name, destination, url)

    def perform(self, action: RenderedAction, place: IPlace) -> Deferred[Outcome]:
        """Show the page; the place looks at its scheme once more."""
        return outcome_of(lambda: place.open_url(action.parameters, action.destination, self.internal))


def _in_place(destination: str, parameters: str) -> tuple[str, str]:
    """Older configurations have the URL in the destination, and no parameters."""
    return ("", destination.strip()) if not parameters.strip() else (destination.strip(), parameters.strip())


browser = Browser("BROWSER", "external browser", "browser", internal=False)
internal_browser = Browser("INTERNAL_BROWSER", "internal browser", "internalbrowser", internal=True)
