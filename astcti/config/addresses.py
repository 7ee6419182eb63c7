"""What identifies a workplace: MAC addresses, phones (channels without their suffix), hosts, ``host:port``."""

from __future__ import annotations

import ipaddress
import re

from astcti.model.channels import normalise_interface

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_MAC = re.compile(r"(?:[0-9a-f]{2}([:-]?))(?:[0-9a-f]{2}\1){4}[0-9a-f]{2}")
_CHANNEL = re.compile(r"([A-Za-z][A-Za-z0-9_]*)/([^\s,&|/\x00-\x1f\x7f][^\s,&|\x00-\x1f\x7f]*)")
_UNIQUE_SUFFIX = re.compile(r"-[0-9A-Fa-f]{8}(?:;[12])?")
MAX_HOST_NAME = 253  # RFC 1035, without the last dot
_HOST_NAME = re.compile(r"(?!-)[A-Za-z0-9_-]{1,63}(?:\.[A-Za-z0-9_-]{1,63})*\.?")


def normal_mac(text: str) -> str:
    """``00-1C-BF-37-53-BA`` or ``001cbf3753ba`` as ``00:1c:bf:37:53:ba``; anything else as it is."""
    plain = text.strip().lower()
    if not _MAC.fullmatch(plain):
        return text
    digits = re.sub(r"[:-]", "", plain)
    return ":".join(digits[i : i + 2] for i in range(0, 12, 2))


def is_mac(text: str) -> bool:
    """Whether ``text`` is a MAC in its normal form, lower case with colons."""
    return len(text) == 17 and text == text.lower() and ":" in text and _MAC.fullmatch(text) is not None


def normal_channel(text: str) -> str:
    """A phone with its technology spelled as Asterisk spells it: ``pjsip/201`` as ``PJSIP/201``."""
    _, slash, resource = text.strip().partition("/")
    return normalise_interface(text).partition("/")[0] + slash + resource


def channel_fault(text: str) -> str:
    """Why ``text`` is no phone such as ``PJSIP/201`` or ``Local/201@phones/n``; empty when it is one."""
    if not _CHANNEL.fullmatch(text):
        return f"{text!r} is not a phone: technology/resource such as PJSIP/201"
    if _UNIQUE_SUFFIX.search(text) and _UNIQUE_SUFFIX.fullmatch(text[text.rindex("-") :]):
        return f"{text!r} is a channel of one call: leave out what follows the last dash"
    return ""


def network_of(text: str) -> Network | None:
    """An IP address or a network in CIDR form; an IPv4 address written as IPv6 is the former. Nothing for a name."""
    try:
        network = ipaddress.ip_network(text.strip(), strict=False)
    except ValueError:
        return None
    mapped = getattr(network.network_address, "ipv4_mapped", None)
    return ipaddress.ip_network(mapped) if mapped is not None and network.num_addresses == 1 else network


def is_network(text: str) -> bool:
    """Whether ``text`` is an IP address or a network in CIDR form."""
    return network_of(text) is not None


def is_anywhere(host: str) -> bool:
    """Whether a host means any: it is empty, or ``0.0.0.0`` or ``::``, with ``/0`` or without."""
    network = network_of(host)
    return not host.strip() or (network is not None and network.network_address.is_unspecified)


def is_host_name(text: str) -> bool:
    """Whether ``text`` could be the name of a host."""
    return len(text) <= MAX_HOST_NAME and _HOST_NAME.fullmatch(text) is not None and not is_network(text)


def split_address(text: str) -> tuple[str, int]:
    """``host:port`` or ``[v6]:port``.

    :raises ValueError: with a sentence.
    """
    host, colon, port = text.strip().rpartition(":")
    bracketed = host.startswith("[") and host.endswith("]")
    if bracketed:
        host = host[1:-1]
    if not colon or not (is_network(host) and "/" not in host if bracketed else _HOST_NAME.fullmatch(host)):
        raise ValueError(f"{text!r} is not host:port or [IPv6]:port")
    if not port.isascii() or not port.isdigit() or not 1 <= int(port[:6]) <= 65535:
        raise ValueError(f"{text!r}: the port is not a number from 1 to 65535")
    return host, int(port)


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach ``host``."""
    address = _address(host)
    return address.is_loopback if address else host.lower().rstrip(".") in ("localhost", "localhost.localdomain")


def is_local_host(host: str) -> bool:
    """Whether a message to ``host`` would stay on this machine or its link."""
    address = _address(host)
    return is_loopback(host) or bool(address and (address.is_link_local or address.is_unspecified))


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """An IP address, an IPv4 one written as IPv6 as the former; nothing for a name."""
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address
