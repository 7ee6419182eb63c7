"""The line-quality variables Asterisk sets when a conversation ends: a fifth of all it says about a call."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from astcti.simulator.channel import Channel
    from astcti.simulator.pbx import PBX


def _figures(template: str, *names: str) -> str:
    return "".join(template % name for name in names)


_LOSS = _figures("  %slost=000.000000;", "minrx", "maxrx", "avgrx", "stdevrx", "mintx", "maxtx", "avgtx", "stdevtx")
_JITTER = _figures("%sjitter=000.000426;", "minrx", "maxrx", "avgrx", "stdevrx", "mintx", "maxtx", "avgtx", "stdevtx")
_RTT = _figures("     %srtt=000.000000;", "min", "max", "avg", "stdev")
_MES = _figures("   %smes=088.087887;", "minrx", "maxrx", "avgrx", "stdevrx", "mintx", "maxtx", "avgtx", "stdevtx")
_SUMMARY = (
    "ssrc=%d;themssrc=%d;lp=0;rxjitter=0.000000;rxcount=%d;txjitter=0.000625;txcount=%d;rlp=0;rtt=0.000000;"
    "rxmes=0.000000;txmes=0.000000"
)


def report(pbx: PBX, caller: Channel, leg: Channel) -> None:
    """Set the variables for both ends; the caller's figures on the leg, too. MES is new in recent versions."""
    bits = pbx.chance.getrandbits
    packets = int((pbx.agenda.now - leg.answered) * 50)
    more = (("MES", _MES),) if pbx.modern else ()
    figures = (("JITTER", _JITTER), ("LOSS", _LOSS), ("RTT", _RTT), *more)
    summary = _SUMMARY % (bits(32), bits(32), packets, packets)
    for name, value in (("", summary), *figures):
        pbx.set(caller, "RTPAUDIOQOS" + name, value)
        pbx.set(leg, f"RTPAUDIOQOS{name}BRIDGED", value)
    for name, value in (("", _SUMMARY % (bits(32), bits(32), packets, packets)), *figures):
        pbx.set(leg, "RTPAUDIOQOS" + name, value)
