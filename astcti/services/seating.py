"""Which seat is which: by MAC, by phone, by address; and whether an operator may take it. Plain look-ups, no state."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from astcti.config.model import Configuration, Operator, Seat
from astcti.errors import Refused
from astcti.model.channels import normalise_interface

LOOPBACK_MAC = "00:00:00:00:00:00"  # what historic clients send when they run on the server's own machine

_Network = IPv4Network | IPv6Network


def parse_address(text: str) -> IPv4Address | IPv6Address | None:
    """A client's address; an IPv4 address written as IPv6 counts as the former, anything else is none."""
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def number_of(channel: str) -> str:
    """The bare number of a phone: ``PJSIP/201`` and ``Local/201@phones/n`` give ``201``."""
    return channel.partition("/")[2].partition("/")[0].partition("@")[0]


def _key(channel: str) -> str:
    """What a phone is looked up by: the technology counts whatever its case, the resource exactly."""
    technology, slash, resource = normalise_interface(channel).partition("/")
    return technology.lower() + slash + resource


@dataclass(frozen=True, slots=True)
class SeatBook:
    """The enabled seats of one configuration, found in one look-up (by address: in one pass over ``networks``)."""

    by_id: dict[int, Seat]
    by_mac: dict[str, Seat]
    by_channel: dict[str, Seat]
    by_number: dict[str, tuple[str, ...]]
    networks: tuple[tuple[_Network, Seat], ...]
    channels: dict[int, tuple[str, ...]]
    roaming: bool = True

    @classmethod
    def of(cls, configuration: Configuration, roaming: bool = True) -> SeatBook:
        """Index the seats.

        :param roaming: whether operators without a fixed seat may claim any seat by its phone.
        """
        by_channel = {_key(c): s for c, s in configuration.seat_by_channel.items()}
        by_number: dict[str, tuple[str, ...]] = {}
        for channel in by_channel:
            number = number_of(channel)
            by_number[number] = (*by_number.get(number, ()), channel)
        networks: list[tuple[_Network, Seat]] = []
        for seat in configuration.seat_by_id.values():
            if seat.host:
                try:
                    networks.append((ip_network(seat.host, strict=False), seat))
                except ValueError:
                    continue  # a host name: nothing to compare an address with
        networks.sort(key=lambda n: (-n[0].prefixlen, n[1].id))
        return cls(
            by_id=dict(configuration.seat_by_id),
            by_mac=dict(configuration.seat_by_mac),
            by_channel=by_channel,
            by_number=by_number,
            networks=tuple(networks),
            channels=dict(configuration.channels_of),
            roaming=roaming,
        )

    def phones(self, seat: Seat) -> tuple[str, ...]:
        """The interfaces of a seat as channels show them, the main one first."""
        return tuple(dict.fromkeys(normalise_interface(c) for c in self.channels.get(seat.id, ())))

    def at_mac(self, mac: str, peer: str) -> Seat:
        """The seat with that MAC.

        :param peer: the client's address; the MAC of zeros counts on the server's own machine only.
        :raises Refused: 913.
        """
        address = parse_address(peer)
        seat = self.by_mac.get(mac)
        if seat is None or (mac == LOOPBACK_MAC and (address is None or not address.is_loopback)):
            raise Refused(913, "unknown MAC address")
        return seat

    def at_extension(self, extension: str) -> Seat:
        """The seat of a phone, given as ``PJSIP/201`` or as a bare number that only one phone has.

        :raises Refused: 916.
        """
        if "/" in extension:
            seat = self.by_channel.get(_key(extension))
            if seat is None:
                raise Refused(916, "unknown extension")
            return seat
        channels = self.by_number.get(extension, ())
        if not channels:
            raise Refused(916, "unknown extension")
        if len(channels) > 1:
            raise Refused(916, "ambiguous extension, send it with its technology")
        return self.by_channel[channels[0]]

    def at_address(self, peer: str) -> tuple[Seat, ...]:
        """The seats configured for a client's address, the most particular first."""
        address = parse_address(peer)
        if address is None:
            return ()
        return tuple(seat for network, seat in self.networks if address in network)

    def check_mac(self, operator: Operator, seat: Seat) -> None:
        """Whether this operator may take the seat whose MAC they sent.

        :raises Refused: 925.
        """
        if operator.seat_id is not None and operator.seat_id != seat.id:
            raise Refused(925, "this operator may not use this seat")

    def check_extension(self, operator: Operator, seat: Seat) -> None:
        """Whether this operator may take the seat whose phone they named.

        :raises Refused: 916.
        """
        if operator.is_call_center:
            raise Refused(916, "call-centre operators must send their MAC address")
        if operator.seat_id is not None and operator.seat_id != seat.id:
            raise Refused(916, "this operator is bound to another extension")
        if operator.seat_id is None and not self.roaming:
            raise Refused(916, "this operator may not choose an extension")
