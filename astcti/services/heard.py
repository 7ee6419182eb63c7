"""Which calls a client has heard of: it hears the end of each, as the last thing of that call, and of no other."""

from __future__ import annotations

from collections.abc import Container

from astcti.model.channels import interface_of
from astcti.model.notices import Notice

MAX_CALLS = 32  # remembered per client; no phone has that many at a time

_OF_PARKING = frozenset({"Park", "Unpark"})  # of a place in the lot; the call itself has often ended for them before
_OF_THEIR_CHANNEL = frozenset({"Newchannel", "Newstate", "Newexten", "Callerid"})


class Heard:
    """The calls of one client, each with the channels of its own phones that are in it.

    A call that rings two phones of a seat ends for its client when both are free, not when one has answered and the
    other falls silent. And a channel may have had a part in two calls, one after the other: an agent asks a colleague
    back, then connects the caller with them. When the channel is gone so are both.
    """

    __slots__ = ("_calls",)

    def __init__(self) -> None:
        self._calls: dict[str, set[str]] = {}

    def __len__(self) -> int:
        return len(self._calls)

    def note(self, notice: Notice) -> None:
        """The client is told this, which is no ``Hangup``."""
        if notice.kind in _OF_PARKING:
            return
        call = notice.call
        channels = self._calls.get(call.uniqueid)
        if channels is None:
            channels = self._calls[call.uniqueid] = set()
            if len(self._calls) > MAX_CALLS:
                del self._calls[next(iter(self._calls))]
        if notice.kind in _OF_THEIR_CHANNEL:
            channels.add(call.channel)
        elif notice.kind == "Link":  # the caller's channel comes first, whoever that is
            theirs = interface_of(call.channel) == notice.seat
            channels.add(call.channel if theirs else call.dest_channel)

    def parted(self, phones: Container[str]) -> list[tuple[str, str]]:
        """Calls that have ended for the client because these are not its phones any more: each with a channel of it."""
        over = []
        for uniqueid, channels in self._calls.items():
            gone = {channel for channel in channels if interface_of(channel) in phones}
            channels.difference_update(gone)
            if gone and not channels:
                over.append((uniqueid, min(gone)))
        for uniqueid, _ in over:
            del self._calls[uniqueid]
        return over

    def ended(self, hangup: Notice, phones: Container[str]) -> list[str]:
        """Unique ids of the calls that have ended for the client, now that a channel is gone.

        :param phones: those of its seat at this moment.
        """
        gone = hangup.call.channel
        over = []
        for uniqueid, channels in self._calls.items():
            if gone in channels or uniqueid == hangup.call.uniqueid:
                channels.discard(gone)
                if not any(interface_of(channel) in phones for channel in channels):
                    over.append(uniqueid)
        for uniqueid in over:
            del self._calls[uniqueid]
        return over
