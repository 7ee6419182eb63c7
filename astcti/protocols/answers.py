"""What the desk answers, as numeric lines: one table from type of answer to lines."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from astcti.model.commands import (
    Challenge,
    Done,
    LoggedIn,
    PauseConfirmed,
    PausePending,
    QueueList,
    QueueReport,
    Reply,
    ServiceList,
)
from astcti.protocols.replies import Code, queue_text

Lines = list[tuple[int, str]]


def _done(reply: Done) -> Lines:
    return [(Code.OK, f"OK {reply.info}" if reply.info else "OK")]


def _logged_in(reply: LoggedIn) -> Lines:
    return [(Code.AUTHENTICATED, f"OK {b64encode(reply.data).decode('ascii')}" if reply.data else "OK")]


def _services(reply: ServiceList) -> Lines:
    services: Lines = [(Code.SERVICE, f"{name} {context} {kind}") for name, context, kind in reply.services]
    return [*services, (Code.SERVICES_END, "eof")]


def _queues(reply: QueueList) -> Lines:
    queues: Lines = [(Code.QUEUE, queue_text(queue, member)) for queue, member in reply.queues]
    return [*queues, (Code.QUEUES_END, "eof")]


def _challenge(reply: Challenge) -> Lines:
    return [(Code.CHALLENGE, b64encode(reply.data).decode("ascii"))]


def _pause_pending(reply: PausePending) -> Lines:
    return [(Code.PAUSE_PENDING, "PAUSE PENDING")]


def _pause_confirmed(reply: PauseConfirmed) -> Lines:
    return [(Code.PAUSED, "OK")]


def _queue_report(reply: QueueReport) -> Lines:
    states: Lines = [
        (
            Code.QUEUE_STATE,
            f"{q.queue} waiting={q.waiting} available={q.available} paused={q.paused} busy={q.busy}"
            f" members={q.members} longest={q.longest}",
        )
        for q in reply.queues
    ]
    return [*states, (Code.QUEUE_STATES_END, "eof")]


ANSWERS: Mapping[type[Reply], Callable[[Any], Lines]] = MappingProxyType(
    {
        Done: _done,
        LoggedIn: _logged_in,
        Challenge: _challenge,
        ServiceList: _services,
        QueueList: _queues,
        PausePending: _pause_pending,
        PauseConfirmed: _pause_confirmed,
        QueueReport: _queue_report,
    }
)
"""How each kind of answer is written; an answer that completes a command is one entry here."""
