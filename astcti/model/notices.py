"""What a seat is told about its calls: values addressed to a seat, rendered nowhere before somebody listens."""

from __future__ import annotations

from typing import NamedTuple


class CallView(NamedTuple):
    """A call as a client sees it at one moment; the fields are the elements of the protocol's ``call``."""

    uniqueid: str
    channel: str
    number: str = ""
    name: str = ""
    context: str = ""
    variables: tuple[tuple[str, str], ...] = ()
    state: str = ""
    dest_channel: str = ""
    dest_uniqueid: str = ""
    queue: str = ""
    exten: str = ""
    account: str = ""
    direction: str = ""
    service: str = ""
    language: str = ""
    linkedid: str = ""
    started: float = 0.0
    reason_code: int | None = None
    reason_text: str = ""


class Notice(NamedTuple):
    """One event for one seat.

    ``kind`` is the protocol's event id (``Newchannel Newstate Newexten Callerid Dial Join Leave Link Unlink
    OriginateResponse Hangup``, or one of ``events2``). ``seat`` is the interface of the phone concerned, e.g.
    ``PJSIP/201``. ``service_id`` is the service of the call, 0 when it has none. ``pop`` is true on the one
    ``Link`` of a (service call, seat) that carries actions; ``time`` is seconds since the epoch. ``recovered``: it
    happened a while ago, when we did not see it or nobody could be told. ``repeated``: the seat had its actions for
    this moment of the call, before its client was lost.
    """

    kind: str
    seat: str
    call: CallView
    service_id: int = 0
    pop: bool = False
    time: float = 0.0
    recovered: bool = False
    repeated: bool = False
