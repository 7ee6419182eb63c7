"""Channel names: whose phone is this, and which half of a Local channel."""

from __future__ import annotations

#: Channel technologies as Asterisk spells them in channel names, by lower case.
_TECHNOLOGIES = {
    name.lower(): name
    for name in ("PJSIP", "SIP", "IAX2", "DAHDI", "Zap", "Local", "SCCP", "Skinny", "MGCP", "H323", "OOH323", "Agent")
}

#: Names that Asterisk before 12 gives to what is left of a channel after a masquerade.
_LEFTOVERS = ("AsyncGoto/", "Parked/", "Transfered/", "Bridge/")


def interface_of(channel: str) -> str:
    """The phone a channel belongs to: ``PJSIP/201-0000002a`` gives ``PJSIP/201``.

    The resource may itself contain dashes; only the last part is the channel's own. The first half of a Local
    channel belongs to its interface (``Local/201@phones-00000004;1`` gives ``Local/201@phones``); the second half
    runs the dial plan on the far side and is nobody's phone, as are leftovers of masquerades: the result is empty.
    """
    end = channel[-2:]
    if end in {";1", ",1"}:
        channel = channel[:-2]
    elif end in {";2", ",2"} or end.endswith(">") or channel.startswith(_LEFTOVERS):
        return ""
    dash = channel.rfind("-")
    return channel[:dash] if dash > channel.rfind("/") else channel


def local_pair_of(channel: str) -> str:
    """What the two halves of a Local channel have in common, or empty for any other channel."""
    if channel.startswith("Local/") and channel[-2:] in {";1", ";2", ",1", ",2"}:
        return channel[:-2]
    return ""


def normalise_interface(interface: str) -> str:
    """An interface as channels will show it: ``pjsip/201`` gives ``PJSIP/201``, ``Local/201@phones/n`` loses ``/n``."""
    technology, slash, resource = interface.strip().partition("/")
    technology = _TECHNOLOGIES.get(technology.lower(), technology)
    if technology == "Local":
        resource = resource.partition("/")[0]
    return technology + slash + resource
