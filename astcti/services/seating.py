"""Which seat is which: by MAC, by phone, by address; and whether an operator may take it. Plain look-ups, no state."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Any

from astcti.config.addresses import normal_channel
from astcti.config.identifiers import stable_id
from astcti.config.model import Configuration, Operator, Seat
from astcti.errors import Refused
from astcti.model.channels import normalise_interface

LOOPBACK_MAC = "00:00:00:00:00:00"  # what historic clients send when they run on the server's own machine

#: Phones that operators may name though no seat has them: one endpoint of a technology for phones. No ``Local``, trunk,
#: ``number@trunk`` or path into one: whoever sits at a phone has the PBX call it.
_PLAIN_PHONE = re.compile(r"(?:SIP|PJSIP|IAX2|SCCP|Skinny)/[A-Za-z0-9][A-Za-z0-9_.+-]{0,39}", re.IGNORECASE)
_NUMBER = re.compile(r"[A-Za-z0-9*#._+-]{1,64}")  # what can be dialled in a context
MAX_MADE = 10_000  # seats that are not configured; those that nobody sits at go first

_Block = tuple[int, int, int]
"""Version, length of the prefix, and the prefix as a number."""


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


def _block(host: str) -> _Block | None:
    """The addresses of a seat: one, or a network. A host name is nothing to compare an address with."""
    try:
        network = ip_network(host, strict=False)
    except ValueError:
        return None
    length = network.prefixlen
    return network.version, length, int(network.network_address) >> (network.max_prefixlen - length)


@dataclass(frozen=True, slots=True)
class SeatBook:
    """The enabled seats of one configuration, found in one look-up (by address: one for each length of a prefix).

    :ivar lengths: of the prefixes of IPv4 and of IPv6 in ``by_block``, the longest first.
    :ivar roaming: whether operators without a fixed seat may claim any seat by its phone.
    :ivar any_phone: whether they may also name a phone that is at no seat; it gets one that is not configured.
    :ivar answering: the phones that are called through the setting ``auto_answer_context``, as channels show them, and
        the interface of that; ``by_answering`` the seats of these interfaces.
    :ivar made: these seats, by id, in the order in which they were made. They are in the other tables too.
    """

    by_id: dict[int, Seat]
    by_mac: dict[str, Seat]
    by_channel: dict[str, Seat]
    by_number: dict[str, tuple[str, ...]]
    by_block: dict[_Block, tuple[Seat, ...]]
    lengths: dict[int, tuple[int, ...]]
    channels: dict[int, tuple[str, ...]]
    roaming: bool = True
    any_phone: bool = False
    answering: dict[str, str] = field(default_factory=dict)
    by_answering: dict[str, Seat] = field(default_factory=dict)
    made: dict[int, Seat] = field(default_factory=dict)

    @classmethod
    def of(
        cls, configuration: Configuration, roaming: bool = True, any_phone: bool = False, auto_answer_context: str = ""
    ) -> SeatBook:
        """Index the seats."""
        by_channel = {_key(c): s for c, s in configuration.seat_by_channel.items()}
        by_number: dict[str, tuple[str, ...]] = {}
        for channel in by_channel:
            number = number_of(channel)
            by_number[number] = (*by_number.get(number, ()), channel)
        by_block: dict[_Block, tuple[Seat, ...]] = {}
        for seat in sorted(configuration.seat_by_id.values(), key=lambda seat: seat.id):
            block = _block(seat.host)
            if block is not None:
                by_block[block] = (*by_block.get(block, ()), seat)
        lengths = {v: {length for version, length, _ in by_block if version == v} for v in (4, 6)}
        return cls(
            by_id=dict(configuration.seat_by_id),
            by_mac=dict(configuration.seat_by_mac),
            by_channel=by_channel,
            by_number=by_number,
            by_block=by_block,
            lengths={version: tuple(sorted(found, reverse=True)) for version, found in lengths.items()},
            channels=dict(configuration.channels_of),
            roaming=roaming,
            any_phone=any_phone,
            **_answering(configuration, auto_answer_context),
        )

    # -- seats that are not configured

    def make(self, phone: str) -> Seat:
        """A seat for a phone that has none.

        :raises Refused: 916, it is no plain phone; 908, there are too many such seats.
        """
        match = _PLAIN_PHONE.fullmatch(phone)
        if match is None:
            raise Refused(916, "unknown extension")
        if len(self.made) >= MAX_MADE:
            raise Refused(908, "too many extensions")
        seat = Seat(id=stable_id("seat", _key(phone), self.by_id), exten=normal_channel(phone))
        self._add(seat)
        return seat

    def forget(self, seat: Seat) -> None:
        """Nobody needs a seat that was made any more."""
        if self.made.pop(seat.id, None) is not None:
            key = _key(seat.exten)
            del self.by_id[seat.id], self.channels[seat.id], self.by_channel[key]
            number = number_of(key)
            self.by_number[number] = tuple(c for c in self.by_number.get(number, ()) if c != key)

    def adopt(self, earlier: SeatBook) -> None:
        """Keep the seats that were made by an earlier configuration, as far as this one has room for them."""
        for seat in earlier.made.values() if self.any_phone else ():
            if seat.id not in self.by_id and _key(seat.exten) not in self.by_channel:
                self._add(seat)

    def _add(self, seat: Seat) -> None:
        key = _key(seat.exten)
        self.made[seat.id] = self.by_id[seat.id] = self.by_channel[key] = seat
        self.channels[seat.id] = (seat.exten,)
        number = number_of(key)
        self.by_number[number] = (*self.by_number.get(number, ()), key)

    def phones(self, seat: Seat) -> tuple[str, ...]:
        """The interfaces of a seat as channels show them, the main one first; then those by which some are called."""
        phones = list(map(normalise_interface, self.channels.get(seat.id, ())))
        through = [self.answering[phone] for phone in phones if phone in self.answering] if self.answering else ()
        return tuple(dict.fromkeys((*phones, *through)))

    def of_phone(self, phone: str) -> Seat | None:
        """The seat that a phone belongs to."""
        return self.by_channel.get(_key(phone)) or self.by_answering.get(phone)

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
        bits, version, number = address.max_prefixlen, address.version, int(address)
        blocks = ((version, length, number >> (bits - length)) for length in self.lengths[version])
        return tuple(seat for block in blocks for seat in self.by_block.get(block, ()))

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


def _answering(configuration: Configuration, context: str) -> dict[str, Any]:
    """The phones that answer by themselves when they are called through a context. The number alone says there which
    phone is meant: of two with the same the first is, the other is called directly."""
    answering: dict[str, str] = {}
    by_answering: dict[str, Seat] = {}
    for extension in configuration.extensions if context else ():
        seat, number = configuration.seat_by_id.get(extension.seat_id), number_of(extension.exten)
        through = f"Local/{number}@{context}"
        if seat is None or not (extension.enabled and extension.can_auto_answer) or through in by_answering:
            continue
        if _NUMBER.fullmatch(number):
            answering[normalise_interface(extension.exten)] = through
            by_answering[through] = seat
    return {"answering": answering, "by_answering": by_answering}
