"""Whether a configuration can be used: every rule, as a table that can be printed.

An error rejects the whole configuration; a warning is shown and the configuration used. Disabled rows are kept and
not used, so only their references and their uniqueness are looked at.
"""

from __future__ import annotations

from collections.abc import Mapping

from astcti.config.model import Configuration
from astcti.config.validation import actions, operators, pauses, seats, services, structure
from astcti.config.validation.report import Findings, Problem, Report
from astcti.interfaces import IAction

__all__ = ["RULES", "Problem", "Report", "validate"]

#: Number of the rule to the function that applies it. Rule 1 (schema version) is applied by the sources while they
#: read, rule 19 (queues and contexts unknown to the PBX) by the server while it runs.
RULES = (
    (2, structure.references),
    (3, structure.uniqueness),
    (4, services.names),
    (4, pauses.codes),
    (4, structure.characters),
    (5, services.kinds),
    (6, services.words),
    (6, actions.words),
    (7, seats.syntax),
    (7, operators.hosts),
    (8, structure.settings),
    (8, operators.numbers),
    (8, services.numbers),
    (8, actions.numbers),
    (9, actions.forms),
    (10, operators.credentials),
    (10, operators.names),
    (11, services.variables),
    (12, operators.without_services),
    (13, operators.without_mac),
    (14, seats.without_phone),
    (15, services.without_actions),
    (15, actions.unknown_variables),
    (16, actions.local_targets),
    (17, operators.weak_credentials),
    (18, operators.two_penalties),
)


def validate(configuration: Configuration, action_types: Mapping[str, IAction]) -> Report:
    """Apply every rule.

    Takes about a second for 10,000 operators: call it off the reactor's thread.

    :param action_types: type name to plug-in; an action of any other type is an error.
    """
    findings = Findings(configuration, action_types)
    for number, rule in RULES:
        findings.rule = number
        rule(findings)
    return findings.report()
