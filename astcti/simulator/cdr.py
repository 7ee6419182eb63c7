"""The call detail record of one leg, as the manager shows it."""

from __future__ import annotations

from datetime import UTC, datetime

from astcti.simulator import events
from astcti.simulator.channel import Channel
from astcti.simulator.events import Event

_DISPOSITIONS = {17: "BUSY", 34: "CONGESTION"}


def stamp(seconds: float) -> str:
    """A time as call detail records write it; empty for none."""
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M:%S}" if seconds else ""


def of(channel: Channel, now: float) -> Event:
    """The record of a channel that ends now."""
    shown = channel.shown
    answered = channel.answered
    disposition = "ANSWERED" if answered else _DISPOSITIONS.get(channel.cause, "NO ANSWER")
    partner = channel.partner
    return Event(
        events.CDR,
        (
            shown.account, shown.number, shown.exten, shown.context, f'"{shown.caller}" <{shown.number}>',
            channel.name, partner.name if partner else "", channel.application, channel.data,
            stamp(channel.created), stamp(answered), stamp(now), str(int(now - channel.created)),
            str(int(now - answered) if answered else 0), disposition, "DOCUMENTATION", channel.uniqueid, "", "",
        ),
    )  # fmt: skip


def moment(seconds: float) -> str:
    """A time as security events write it."""
    at = datetime.fromtimestamp(seconds, UTC)
    return f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03d}+0000"
