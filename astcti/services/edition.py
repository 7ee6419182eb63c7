"""A configuration with everything that is made of it before it can be used."""

from __future__ import annotations

from dataclasses import dataclass

from astcti.config.model import Configuration
from astcti.config.plan import plan_of
from astcti.config.settings import Settings
from astcti.model.plan import Plan
from astcti.services.books import Books


@dataclass(frozen=True, slots=True)
class Edition:
    """What takes long to make is in here, so that it can be made off the reactor's thread."""

    books: Books
    plan: Plan

    @classmethod
    def of(cls, configuration: Configuration, settings: Settings) -> Edition:
        """Make everything."""
        configuration.complete()
        return cls(Books.of(configuration, settings), plan_of(configuration, settings.any_context_variable))
