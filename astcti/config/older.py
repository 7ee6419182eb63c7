"""Data bases of version 1: a trigger and an application on the service, or a table ``Applications``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from astcti.config.kinds import TEXT
from astcti.config.spellings import normal_action_type, parse_bool

Row = dict[str, Any]  # column in lower case to value

# Of version 1 the browser is always the client's own.
_TYPES = {"APPLICATION": "APPLICATION", "BROWSER": "INTERNAL_BROWSER", "INTERNAL_BROWSER": "INTERNAL_BROWSER"}


def is_older(services: Sequence[Row], has_actions: bool, has_applications: bool) -> bool:
    """Whether the actions are in the form of version 1."""
    marks = {"service_trigger_type", "trigger", "application", "param_string"}
    return not has_actions and (has_applications or any(marks & service.keys() for service in services))


def convert_queues(services: Iterable[Row]) -> None:
    """``SERVICE_IS_QUEUE``: only where it is set does the queue's name count."""
    for service in services:
        if "service_is_queue" in service and not _is_yes(service["service_is_queue"]):
            service["service_queue_name"] = None


def convert_actions(
    services: Sequence[Row], applications: Sequence[Row]
) -> tuple[list[Row], list[Row], tuple[str, ...]]:
    """Actions in today's form.

    :returns: rows of ``actions``, rows of ``services_actions``, and notes for people.
    :raises ValueError: a text cannot be read; with the service.
    """
    actions: list[Row] = []
    references: list[Row] = []
    notes: list[str] = []
    for service in services:
        with _place(service):
            _convert(service, applications, actions, references, notes)
    if actions:
        notes.append(f"{len(actions)} actions were made from the older applications of services")
    return actions, references, tuple(notes)


@contextmanager
def _place(service: Row) -> Iterator[None]:
    try:
        yield
    except ValueError as e:
        raise ValueError(f"services {service.get('id_service')}: {e}") from e


def _convert(
    service: Row, applications: Sequence[Row], actions: list[Row], references: list[Row], notes: list[str]
) -> None:
    trigger = normal_action_type(_text(service, "service_trigger_type", "trigger") or "APPLICATION")
    found = [row for row in applications if row.get("id_service") == service.get("id_service")]
    if not found and _text(service, "application", "param_string"):
        found = [service]
    if trigger != "NONE" and trigger not in _TYPES:
        notes.append(f"services {service.get('id_service')}: trigger {trigger!r} is not known; no action was made")
    for order, row in enumerate(found if trigger in _TYPES else [], 1):
        actions.append(_action(len(actions) + 1, _TYPES[trigger], row))
        references.append({"id_service": service.get("id_service"), "id_action": len(actions), "action_order": order})


def _action(action_id: int, action_type: str, row: Row) -> Row:
    path = _text(row, "application_path", "path", "application")
    parameters = _text(row, "application_parameters", "parameters", "param_string", "params")
    if action_type == "INTERNAL_BROWSER" and "://" in path:
        path, parameters = "", _joined(path, parameters)
    return {
        "id_action": action_id,
        "action_os_type": _text(row, "application_os_type", "os_type", "os") or "ALL",
        "action_type": action_type,
        "action_destination": path,
        "parameters": parameters,
    }


def _joined(url: str, parameters: str) -> str:
    """A page's address and its parameters in one."""
    if not parameters or parameters[0] in "?&":
        return url + parameters
    return f"{url}{'&' if '?' in url else '?'}{parameters}"


def _text(row: Row, *names: str) -> str:
    return next((text for text in (TEXT.read(row.get(name)).strip() for name in names) if text), "")


def _is_yes(value: Any) -> bool:
    try:
        return parse_bool(TEXT.read(value))
    except ValueError:
        return False
