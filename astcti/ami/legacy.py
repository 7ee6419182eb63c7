"""Events that only Asterisk 1.4 to 11 send, as facts.

After the documentation of Asterisk 1.4 and 1.8 (``doc/manager.txt``, ``main/features.c``, ``apps/app_dial.c``): a
connection is told as a pair of channels there. A pair is a bridge of two, named after them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from astcti.ami.fields import party
from astcti.ami.message import Message
from astcti.ami.modern import Facts, member_paused, new_caller_id, queue_join, queue_leave
from astcti.model import facts


def _pair(m: Message) -> tuple[str, str, str]:
    one, two = m.get("Uniqueid1"), m.get("Uniqueid2")
    return "+".join(sorted((one, two))), one, two


def link(m: Message) -> Facts:
    """``Link`` of 1.4."""
    bridge, one, two = _pair(m)
    if not one or not two:
        return ()
    return (
        facts.BridgeEnter(bridge, "basic", one, "", m.get("Channel1"), ""),
        facts.BridgeEnter(bridge, "basic", two, "", m.get("Channel2"), ""),
    )


def unlink(m: Message) -> Facts:
    """``Unlink`` of 1.4 to 11: also for a moment, while a DTMF digit is looked at."""
    bridge, one, two = _pair(m)
    return (facts.BridgeLeave(bridge, one), facts.BridgeLeave(bridge, two))


def bridge(m: Message) -> Facts:
    """``Bridge`` of 1.6 to 11."""
    return unlink(m) if m.get("Bridgestate").lower() == "unlink" else link(m)


def dial(m: Message) -> Facts:
    """``Dial``: ``Source`` and ``SrcUniqueID`` in 1.4, a ``SubEvent`` later."""
    get = m.get
    source = get("SrcUniqueID") or get("UniqueID")
    if get("SubEvent").lower() == "end":
        return (facts.DialEnd(source, get("DestUniqueID"), get("DialStatus")),)
    return (
        facts.DialBegin(
            source,
            get("Source") or get("Channel"),
            get("DestUniqueID"),
            get("Destination"),
            "",
            party(get("CallerIDNum") or get("CallerID")),
            party(get("CallerIDName")),
        ),
    )


def rename(m: Message) -> Facts:
    """``Rename``; 1.4 writes ``Oldname`` and ``Newname``, later ones ``Channel`` and ``Newname``."""
    get = m.get
    return (facts.Rename(get("Uniqueid"), get("Oldname") or get("Channel"), get("Newname")),)


def transfer(m: Message) -> Facts:
    """``Transfer`` of chan_sip, 1.4 to 11."""
    get = m.get
    kind = "attended" if get("TransferMethod").lower() == "attended" or get("TransferType") == "Attended" else "blind"
    return (facts.Transfer(kind, get("Uniqueid"), get("TargetUniqueid"), get("TransferExten")),)


EVENTS: Mapping[str, Callable[[Message], Facts]] = {
    "Link": link,
    "Unlink": unlink,
    "Bridge": bridge,
    "Dial": dial,
    "Rename": rename,
    "Transfer": transfer,
    "Join": queue_join,
    "Leave": queue_leave,
    "Newcallerid": new_caller_id,
    "QueueMemberPaused": member_paused,
}
