"""What the desk goes by: one configuration with its settings, and the tables made of it. Replaced as a whole."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from astcti.actions.registry import action_types
from astcti.config.model import Configuration, Extension, Operator, SpeedDial
from astcti.config.settings import Settings
from astcti.interfaces import IAction
from astcti.services.audience import Audience
from astcti.services.seating import SeatBook


@dataclass(frozen=True, slots=True)
class Books:
    """Look-ups over one configuration.

    :ivar action_types: kinds of actions, as the settings want them.
    :ivar operators: the enabled ones, by id; ``speed_dials`` by operator; ``further_phones`` by seat and channel.
    """

    configuration: Configuration
    settings: Settings
    operators: dict[int, Operator]
    seats: SeatBook
    audience: Audience
    speed_dials: dict[int, tuple[SpeedDial, ...]]
    further_phones: dict[int, dict[str, Extension]]
    action_types: Mapping[str, IAction]

    @classmethod
    def of(cls, configuration: Configuration, settings: Settings) -> Books:
        """Make the tables; takes some milliseconds for thousands of operators."""
        dials: dict[int, list[SpeedDial]] = {}
        for dial in sorted(configuration.speed_dials, key=lambda d: (d.group, d.order)):
            dials.setdefault(dial.operator_id, []).append(dial)
        phones: dict[int, dict[str, Extension]] = {}
        for phone in configuration.extensions:
            if phone.enabled:
                phones.setdefault(phone.seat_id, {})[phone.exten] = phone
        return cls(
            configuration,
            settings,
            dict(configuration.operator_by_id),
            SeatBook.of(
                configuration,
                settings.allow_roaming_extension,
                settings.allow_any_extension,
                settings.auto_answer_context,
            ),
            Audience.of(configuration),
            {i: tuple(each) for i, each in dials.items()},
            phones,
            action_types().adjusted(settings),
        )
