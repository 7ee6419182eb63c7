"""Where somebody's client has to be for them to log in. A plain look-up, no state."""

from __future__ import annotations

from astcti.config.model import Configuration, Operator
from astcti.services.seating import parse_address


def may_come_from(configuration: Configuration, operator: Operator, peer: str) -> bool:
    """Whether an operator may be logged in from an address.

    :param peer: the client's.
    """
    origins = configuration.origins_of.get(operator.id)
    if origins is None:
        return True
    address = parse_address(peer)
    return address is not None and any(address in network for network in origins)
