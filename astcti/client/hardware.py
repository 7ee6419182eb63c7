"""Which hardware address the server would know this machine by."""

from __future__ import annotations

import ipaddress
import socket
import struct
import sys
import uuid
from pathlib import Path

LOOPBACK = "00:00:00:00:00:00"  # "I run on the server's own machine"

_INTERFACES = Path("/sys/class/net")
_IPV6 = Path("/proc/net/if_inet6")
_SIOCGIFADDR = 0x8915  # linux/sockios.h


def mac_of(address: str) -> str | None:
    """The hardware address of the interface that has this IP address; of some interface, where that cannot be told.

    :param address: our own end of the connection to the server.
    :returns: lower case with colons; :data:`LOOPBACK` on the server's own machine; ``None`` when there is none.
    """
    ip = ipaddress.ip_address(address.partition("%")[0])
    ip = getattr(ip, "ipv4_mapped", None) or ip
    if ip.is_loopback:
        return LOOPBACK
    if sys.platform == "linux" and (name := _interface_of(ip)):
        return (_INTERFACES / name / "address").read_text(encoding="ascii").strip().lower()
    node = uuid.getnode()
    if node >> 40 & 1:  # made up by uuid, as it found none
        return None
    return ":".join(f"{node >> shift & 0xFF:02x}" for shift in range(40, -8, -8))


def _interface_of(ip: ipaddress.IPv4Address | ipaddress.IPv6Address) -> str | None:
    if ip.version == 6:
        return _interface_of_ipv6(ip.packed.hex())
    import fcntl

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        for _, name in socket.if_nameindex():
            try:
                answer = fcntl.ioctl(s.fileno(), _SIOCGIFADDR, struct.pack("256s", name.encode()[:15]))
            except OSError:  # that one has no address
                continue
            if answer[20:24] == ip.packed and (_INTERFACES / name / "address").exists():
                return name
    return None


def _interface_of_ipv6(digits: str) -> str | None:
    try:
        lines = _IPV6.read_text(encoding="ascii").splitlines()
    except OSError:
        return None
    return next((words[5] for words in map(str.split, lines) if words[0] == digits and len(words) > 5), None)
