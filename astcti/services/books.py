"""What the desk goes by: one configuration with its settings, and the tables made of it. Replaced as a whole."""

from __future__ import annotations

from dataclasses import dataclass

from astcti.config.model import Configuration, Operator
from astcti.config.settings import Settings
from astcti.services.audience import Audience
from astcti.services.seating import SeatBook


@dataclass(frozen=True, slots=True)
class Books:
    """Look-ups over one configuration.

    :ivar operators: the enabled ones, by id.
    """

    configuration: Configuration
    settings: Settings
    operators: dict[int, Operator]
    seats: SeatBook
    audience: Audience

    @classmethod
    def of(cls, configuration: Configuration, settings: Settings) -> Books:
        """Make the tables; takes some milliseconds for thousands of operators."""
        return cls(
            configuration,
            settings,
            {o.id: o for o in configuration.operators if o.enabled},
            SeatBook.of(configuration, settings.allow_roaming_extension),
            Audience.of(configuration),
        )
