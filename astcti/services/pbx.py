"""The link to the PBX: what the server asks of it, and how it is made as the settings describe it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import Any, Protocol

from twisted.internet.defer import Deferred

from astcti.ami.client import AMIClient, AMISettings, Credentials, ami_endpoint, ami_tls
from astcti.ami.message import Interest, Message
from astcti.config.settings import Settings
from astcti.errors import ConfigError
from astcti.services.asking import IAsk


class IPbx(IAsk, Protocol):
    """A link that comes back by itself (:class:`astcti.ami.client.AMIClient`)."""

    interest: Interest | None

    @property
    def state(self) -> str:
        """``idle connecting banner challenge login syncing up waiting failed``."""

    @property
    def banner(self) -> str:
        """The PBX's greeting."""

    def counted(self) -> dict[str, int]:
        """What went over the link, by name."""

    def startService(self) -> None:
        """Begin to connect."""

    def stopService(self) -> Deferred[None]:
        """Log off; fires when that is done."""

    def retry(self) -> None:
        """Try now, if no link is there or under way."""

    def read_now(self) -> None:
        """Read what has come, instead of when the reactor gets round to it."""

    def configure(self, settings: Settings) -> None:
        """Go by other settings, which need no other link."""


class MakePbx(Protocol):
    """Makes a link for these settings."""

    def __call__(
        self,
        settings: Settings,
        interest: Interest,
        *,
        on_event: Callable[[Message], None],
        on_up: Callable[[], None],
        on_down: Callable[[str], None],
        on_give_up: Callable[[str], None],
    ) -> IPbx:
        """Nothing is opened before it is started.

        :raises ConfigError: a file they name cannot be used.
        """


def ami_settings(settings: Settings) -> AMISettings:
    """The link's part of the settings."""
    return AMISettings(
        ping_interval=settings.ami_ping_interval or float("inf"),
        response_timeout=settings.ami_response_timeout,
        plaintext_login=settings.ami_plaintext_login,
        connect_timeout=settings.ami_connect_timeout / 1000,
        retry_pause=settings.ami_connect_retry_after,
        retries=settings.ami_connect_retries,
    )


def check_link(settings: Settings) -> None:
    """See that a link can be made as the settings want it, before the one in use is given up for it.

    :raises ConfigError: it cannot; the text says which setting.
    """
    if settings.ami_tls:
        try:
            ami_tls(settings.ami_host, settings.ami_ca_file)
        except ConfigError as e:
            name = "ami_ca_file" if settings.ami_ca_file and settings.ami_ca_file in str(e) else "ami_host"
            raise ConfigError(f"server_settings {name}: {e}") from e


class Pbx(AMIClient):
    """A link that can be told other settings while it is up."""

    def configure(self, settings: Settings) -> None:
        """Go by other settings, at once."""
        self.settings = ami_settings(settings)

    def counted(self) -> dict[str, int]:
        """What went over all links so far, by name."""
        return asdict(self.counters)


def pbx_maker(reactor: Any) -> MakePbx:
    """Makes links by this reactor."""

    def make(
        settings: Settings,
        interest: Interest,
        *,
        on_event: Callable[[Message], None],
        on_up: Callable[[], None],
        on_down: Callable[[str], None],
        on_give_up: Callable[[str], None],
    ) -> Pbx:
        endpoint = ami_endpoint(
            reactor, settings.ami_host, settings.ami_port, tls=settings.ami_tls, ca_file=settings.ami_ca_file
        )
        return Pbx(
            reactor,
            endpoint,
            Credentials(settings.ami_user, settings.ami_secret),
            settings=ami_settings(settings),
            interest=interest,
            on_event=on_event,
            on_up=on_up,
            on_down=on_down,
            on_give_up=on_give_up,
        )

    return make
