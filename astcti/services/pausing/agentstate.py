"""The event ``AgentState``: how an operator is, and how in each queue."""

from __future__ import annotations

from datetime import UTC, datetime

from astcti.model.node import Node
from astcti.services.pausing.values import Cause, Summary

KIND = "AgentState"
STATES = ("loggedout", "ready", "paused", "ringing", "busy", "wrapup")


def state_of(summary: Summary, activity: str) -> str:
    """One word: what the phone does counts more than pauses.

    :param activity: ``idle``, ``ringing`` or ``busy``.
    """
    if activity != "idle":
        return activity
    if summary.paused != "all":
        return "ready"
    return "wrapup" if summary.wraps_up else "paused"


def overall(
    username: str, channel: str, summary: Summary, activity: str, until: float | None = None, awaited: bool = False
) -> Node:
    """How they are all in all.

    :param until: when after-call work ends, in seconds since the epoch.
    :param awaited: whether a pause is asked for that begins after the call.
    """
    attributes = [("operator", username), ("channel", channel), ("state", state_of(summary, activity)),
                  ("paused", summary.paused)]  # fmt: skip
    attributes += _cause(summary.cause)
    if summary.wraps_up and until is not None:
        attributes.append(("until", iso(until)))
    if awaited:
        attributes.append(("awaited", "paused"))
    return Node("agent", tuple(attributes))


def in_queue(username: str, channel: str, queue: str, cause: Cause | None) -> Node:
    """How they are in one queue, where that differs from the others."""
    state = "ready" if cause is None else "wrapup" if cause.after_call else "paused"
    attributes = [("operator", username), ("channel", channel), ("queue", queue), ("state", state), *_cause(cause)]
    return Node("agent", tuple(attributes))


def logged_out(username: str, channel: str) -> Node:
    """They are gone."""
    return Node("agent", (("operator", username), ("channel", channel), ("state", "loggedout")))


def _cause(cause: Cause | None) -> list[tuple[str, str]]:
    if cause is None:
        return []
    reason = [("reason", cause.reason)] if cause.reason else []
    since = [("since", iso(cause.since))] if cause.since else []  # a pause of the PBX's that was there before us
    return [*reason, ("by", cause.by), *since]


def iso(seconds: float) -> str:
    """A time, as in calls: UTC with milliseconds."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
