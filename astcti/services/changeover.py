"""Putting a new configuration in the place of the old one.

What can fail, and what takes long, is done first, off the reactor's thread. Then all is replaced in one turn, and those
whom it concerns are seen to one after the other.
"""

from __future__ import annotations

from dataclasses import dataclass

from twisted.internet.defer import Deferred
from twisted.logger import Logger

from astcti.config.load import Loaded
from astcti.config.model import Configuration
from astcti.config.settings import Settings
from astcti.protocols.transport import ServerTLS
from astcti.services.desk import Desk
from astcti.services.door import Door, read_tls
from astcti.services.edition import Edition
from astcti.services.link import LinkService, running_services
from astcti.services.pbx import check_link


def check_connections(settings: Settings) -> ServerTLS | None:
    """Read the files that the settings name: what clients are shown, and what the PBX is known by.

    :returns: the former, if there is one.
    :raises ConfigError: they cannot be used.
    """
    check_link(settings)
    return read_tls(settings)


@dataclass(frozen=True, slots=True)
class Ready:
    """A configuration that can be used at once."""

    edition: Edition
    tls: ServerTLS | None


class Changeover:
    """Hands a new configuration to everybody who goes by it.

    :ivar configuration: the one in use.
    :ivar settings: those in force with it.
    """

    _log = Logger()

    def __init__(
        self, configuration: Configuration, settings: Settings, *, desk: Desk, link: LinkService, door: Door
    ) -> None:
        self.configuration = configuration
        self.settings = settings
        self._desk = desk
        self._link = link
        self._door = door

    @staticmethod
    def prepare(loaded: Loaded) -> Ready:
        """Get everything ready; to be called in a thread.

        :raises ConfigError: it cannot be used.
        """
        tls = check_connections(loaded.settings)
        return Ready(Edition.of(loaded.configuration, loaded.settings), tls)

    def apply(self, ready: Ready) -> Deferred[None]:
        """Use a configuration from now on; fires when everybody at work has been seen to."""
        books = ready.edition.books
        configuration = self.configuration = books.configuration
        settings = self.settings = books.settings
        seen_to = self._desk.configure(books, running_services(self._link.follower))
        self._door.configure(settings, ready.tls)
        self._link.configure(settings, ready.edition.plan)
        self._log.info(
            "Another configuration is in use: {operators} operators, {seats} seats, {services} services",
            operators=len(configuration.operator_by_username),
            seats=len(configuration.seat_by_id),
            services=len(configuration.service_by_id),
        )
        return seen_to
