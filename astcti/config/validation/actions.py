"""Rules about actions: their words, what their plug-ins say, the variables in their templates, where they go."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from astcti.config.addresses import is_local_host, split_address
from astcti.config.encodings import codec_of
from astcti.config.model import Action
from astcti.config.schema import ACTIONS, SERVICES_ACTIONS
from astcti.config.settings import settings_by_name
from astcti.config.spellings import OS_TYPES, PLACES, TRIGGERS
from astcti.config.validation.report import Findings

#: What a template may name besides the variables of its service.
BUILT_INS = frozenset(
    {"CALLERID", "CALLERIDNAME", "CALLDATA", "CHANNEL", "UNIQUEID", "DESTCHANNEL", "CONTEXT", "EXTEN", "QUEUE"}
    | {"SERVICE", "ACCOUNTCODE", "LINKEDID", "LANGUAGE", "OPERATOR", "OPERATORNAME", "SEAT", "TIME", "APPDATA"}
)
_NAME_IN_TEMPLATE = re.compile(r"\{\{|\}\}|\{([A-Za-z_][A-Za-z0-9_]*(?:\([^(){}]*\))?)\}")
_WORDS = (("os_type", OS_TYPES), ("execute_on", PLACES), ("trigger", TRIGGERS))


def _enabled(findings: Findings) -> Iterator[Action]:
    return (a for a in findings.configuration.actions if a.enabled)


def words(findings: Findings) -> None:
    """Rule 6: operating system, place, trigger and type are known."""
    for action in _enabled(findings):
        for attribute, possible in _WORDS:
            word = getattr(action, attribute)
            if word not in possible:
                findings.error(ACTIONS, action, attribute, f"{word!r} is none of {', '.join(possible)}")
        if action.type not in findings.action_types:
            known = ", ".join(sorted(findings.action_types)) or "(there are no plug-ins)"
            findings.error(ACTIONS, action, "type", f"{action.type!r} is none of {known}")


def numbers(findings: Findings) -> None:
    """Rule 8: the order of an action fits a small integer."""
    for reference in findings.configuration.service_actions:
        if reference.enabled and not -32768 <= reference.order <= 32767:
            findings.error(SERVICES_ACTIONS, reference, "order", "out of range (-32768 to 32767)")


def forms(findings: Findings) -> None:
    """Rule 9: destination, parameters and encoding are what the type needs, as its plug-in says."""
    schemes = _url_schemes(findings)
    for action in _enabled(findings):
        encoding = action.encoding
        try:
            codec_of(encoding)
        except ValueError as e:
            findings.error(ACTIONS, action, "encoding", str(e))
            encoding = ""
        plugin = findings.action_types.get(action.type)
        if plugin is None:
            continue
        if action.execute_on in PLACES and action.execute_on not in plugin.places:
            findings.error(
                ACTIONS, action, "execute_on", f"{action.type} cannot run on the {action.execute_on.lower()}"
            )
        for text in plugin.validate(action.destination, action.parameters, encoding, schemes, action.os_type):
            findings.error(ACTIONS, action, "parameters" if action.parameters else "destination", text)


def unknown_variables(findings: Findings) -> None:
    """Rule 15: a template names what neither its service nor the server knows; it will always be empty."""
    configuration = findings.configuration
    for service_id, actions in configuration.actions_of.items():
        known = {name.upper() for name in configuration.variables_of.get(service_id, ())} | BUILT_INS
        service = configuration.service_by_id.get(service_id)
        for action in actions if service else ():
            template = action.parameters or action.destination
            names = dict.fromkeys(m[1] for m in _NAME_IN_TEMPLATE.finditer(template) if m[1])
            for name in names:
                if service and name.upper() not in known:
                    text = f"{{{name}}} is no variable of service {service.name!r} and will be empty"
                    findings.warn(ACTIONS, action, "parameters", text)


def local_targets(findings: Findings) -> None:
    """Rule 16: a message that the server sends to itself, or only to its own link."""
    allowed = _value("allow_local_server_actions", findings)
    for action in _enabled(findings):
        if action.execute_on != "SERVER" or allowed:
            continue
        try:
            host, _ = split_address(action.destination)
        except ValueError:
            continue  # said by rule 9, or the type needs no address
        if is_local_host(host):
            findings.warn(ACTIONS, action, "destination", f"{host} is the server itself, or its link only")


def _url_schemes(findings: Findings) -> tuple[str, ...]:
    schemes: tuple[str, ...] = _value("url_schemes", findings)
    return schemes


def _value(name: str, findings: Findings) -> Any:
    """A setting of this very configuration; its default where it is absent or wrong (said by rule 8)."""
    setting, text = settings_by_name()[name], findings.configuration.settings.get(name)
    try:
        return setting.default if text is None else setting.read(text)
    except ValueError:
        return setting.default
