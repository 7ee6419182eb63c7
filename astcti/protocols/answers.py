"""What the desk answers, as numeric lines: one table from type of answer to lines."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from astcti.model.commands import Done, LoggedIn, QueueList, Reply, ServiceList
from astcti.protocols.replies import Code, queue_text

Lines = list[tuple[int, str]]


def _done(reply: Done) -> Lines:
    return [(Code.OK, f"OK {reply.info}" if reply.info else "OK")]


def _logged_in(reply: LoggedIn) -> Lines:
    return [(Code.AUTHENTICATED, "OK")]


def _services(reply: ServiceList) -> Lines:
    services: Lines = [(Code.SERVICE, f"{name} {context} {kind}") for name, context, kind in reply.services]
    return [*services, (Code.SERVICES_END, "eof")]


def _queues(reply: QueueList) -> Lines:
    queues: Lines = [(Code.QUEUE, queue_text(queue, member)) for queue, member in reply.queues]
    return [*queues, (Code.QUEUES_END, "eof")]


ANSWERS: Mapping[type[Reply], Callable[[Any], Lines]] = MappingProxyType(
    {Done: _done, LoggedIn: _logged_in, ServiceList: _services, QueueList: _queues}
)
"""How each kind of answer is written; an answer that completes a command is one entry here."""
