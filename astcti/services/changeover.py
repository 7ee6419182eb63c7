"""Putting a new configuration in the place of the old one: everything that can fail first, then all in one turn."""

from __future__ import annotations

from twisted.logger import Logger

from astcti.config.bootstrap import Bootstrap
from astcti.config.model import Configuration
from astcti.config.plan import plan_of
from astcti.config.settings import Settings
from astcti.services.desk import Desk
from astcti.services.door import Door, read_tls
from astcti.services.link import LinkService, running_services


class Changeover:
    """Hands a new configuration to everybody who goes by it.

    :ivar configuration: the one in use.
    :ivar settings: those in force with it.
    """

    _log = Logger()

    def __init__(
        self,
        bootstrap: Bootstrap,
        configuration: Configuration,
        settings: Settings,
        *,
        desk: Desk,
        link: LinkService,
        door: Door,
    ) -> None:
        self.configuration = configuration
        self.settings = settings
        self._bootstrap = bootstrap
        self._desk = desk
        self._link = link
        self._door = door

    def apply(self, configuration: Configuration) -> None:
        """Use this configuration from now on.

        :raises ConfigError: it cannot be used, and nothing has changed.
        """
        settings = Settings.of(configuration, self._bootstrap)
        tls = read_tls(settings)
        plan = plan_of(configuration)
        self.configuration, self.settings = configuration, settings
        self._desk.configure(configuration, settings, running_services(self._link.follower))
        self._door.configure(settings, tls)
        self._link.configure(settings, plan)
        self._log.info(
            "Another configuration is in use: {operators} operators, {seats} seats, {services} services",
            operators=len(configuration.operator_by_username),
            seats=len(configuration.seat_by_id),
            services=len(configuration.service_by_id),
        )
