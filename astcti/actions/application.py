"""The action APPLICATION: start a program on the agent's machine."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from twisted.internet.defer import Deferred
from twisted.plugin import IPlugin
from zope.interface import implementer

from astcti.actions.arguments import compile_arguments, expand_arguments, shown
from astcti.actions.outcomes import outcome_of
from astcti.actions.template import names_in
from astcti.config.settings import Settings
from astcti.errors import ConfigError
from astcti.interfaces import IAction, IAdjustable, IPlace
from astcti.model.actions import Outcome, RenderedAction

# cmd.exe runs these and takes their arguments apart by rules of its own: a value could become a command.
_BATCH_FILE = re.compile(r"\.(?:bat|cmd)[. ]*\Z", re.IGNORECASE)


@implementer(IPlugin, IAction, IAdjustable)
@dataclass(frozen=True)
class Application:
    """A program and its arguments. Only the configuration says which program: no value of a call takes part in it.

    :ivar keep_dashes: whether a value may be an option of the program (the setting ``leading_dash``).
    """

    type_name: str = "APPLICATION"
    label: str = "application"
    element: str = "application"
    places: frozenset[str] = frozenset({"CLIENT"})
    keep_dashes: bool = False

    def adjusted(self, settings: Settings) -> Application:
        """As the setting ``leading_dash`` wants it."""
        return replace(self, keep_dashes=settings.leading_dash == "keep")

    def validate(
        self, destination: str, parameters: str, encoding: str, schemes: Sequence[str], system: str = "ALL"
    ) -> list[str]:
        """Say what is wrong with program or arguments."""
        problems = []
        if problem := fault_of_program(destination):
            problems.append(problem)
        try:
            compile_arguments(parameters, system)
        except ConfigError as e:
            problems.extend(e.problems)
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
        """Fill in the arguments; their number is the template's."""
        if problem := fault_of_program(destination):
            raise ConfigError(problem)
        compiled = compile_arguments(parameters, system)
        arguments = expand_arguments(compiled, values, system, keep_dashes=self.keep_dashes)
        return RenderedAction(id, self.type_name, destination.strip(), shown(arguments, system), arguments=arguments)

    def perform(self, action: RenderedAction, place: IPlace) -> Deferred[Outcome]:
        """Start the program; it is ``ok`` once it runs."""
        return outcome_of(lambda: place.start_program((action.destination, *action.arguments)))


def fault_of_program(destination: str) -> str:
    """What is wrong with a program's name: a sentence, or nothing."""
    program = destination.strip()
    if not program:
        return "the program is missing"
    if not program.isprintable():
        return "the program's name contains control characters"
    if names := names_in(program):
        return f"{{{names[0]}}} stands in the program's name, so a caller could choose the program"
    return fault_of_file(program)


def fault_of_file(path: str) -> str:
    """Why a file that was found for a program's name is not started: a sentence, or nothing."""
    return "batch files are not started: they take a caller's data for commands" if _BATCH_FILE.search(path) else ""


application = Application()
