"""The seams of astcti: what one part may ask of another, and what a plug-in must offer."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from zope.interface import Attribute, Interface

if TYPE_CHECKING:
    from twisted.internet.defer import Deferred

    from astcti.model.actions import Outcome, RenderedAction
    from astcti.model.commands import Command, Reply
    from astcti.model.identity import Attempt, Person, Verdict
    from astcti.model.node import Node
    from astcti.model.notices import Notice

T = TypeVar("T")


class IAction(Interface):
    """A kind of action: a plug-in found in ``astcti.actions``, an immutable instance.

    Everything it needs is handed to it at call time; it keeps no state.
    """

    type_name: str = Attribute("Upper case, as in the configuration: ``BROWSER``.")
    label: str = Attribute("For people: ``external browser``.")
    element: str = Attribute("Element name in the protocol's ``actions``; ``action`` for plug-ins of others.")
    places: frozenset[str] = Attribute("Where it can run: any of ``CLIENT``, ``SERVER``.")

    def validate(
        destination: str,
        parameters: str,
        encoding: str,
        schemes: Sequence[str],
        system: str = "ALL",
    ) -> list[str]:
        """Say what is wrong with a configured action.

        :param schemes: URL schemes allowed, lower case.
        :param system: the operating system the action is for: ``ALL LINUX MACINTOSH WINDOWS``.
        :returns: one text per fault, empty when it is fine.
        """

    def render(
        id: str,
        destination: str,
        parameters: str,
        encoding: str,
        values: Mapping[str, str],
        system: str = "ALL",
    ) -> RenderedAction:
        """Expand the templates for one call, typed by the place where each value lands.

        :param values: variable name to value; look-up is exact first, then whatever the case.
        :param system: the operating system the action is for, as configured (not the client's).
        :raises ConfigError: a template that :meth:`validate` refuses.
        """

    def perform(action: RenderedAction, place: IPlace) -> Deferred[Outcome]:
        """Do it. Fires with what became of it, never fails, within :attr:`IPlace.seconds` if it can help it."""


class IAdjustable(Interface):
    """A kind of action that goes by settings; it may leave that out."""

    def adjusted(settings: Any) -> IAction:
        """Itself, as it is to be with these settings (``astcti.config.settings.Settings``): another instance, or the
        same where nothing is otherwise."""


class IPlace(Interface):
    """Where an action runs: a client's machine or the server."""

    reactor = Attribute("``IReactorTime``, ``IReactorTCP``, ``IReactorUDP`` and, on a client, ``IReactorProcess``.")
    seconds: float = Attribute("How long one action may take.")

    def open_url(url: str, window: str, internal: bool) -> Deferred[None]:
        """Show a page to the person at this place; fails with a sentence where that is impossible."""

    def start_program(argv: Sequence[str]) -> Deferred[None]:
        """Start a program without a shell; fires when it runs, fails with a sentence when it cannot be started."""


class IAuthenticationSource(Interface):
    """One that knows passwords: a plug-in found in ``astcti.authentication``, an immutable instance.

    The setting ``auth_sources`` names those that are asked, in this order; the first that knows the operator decides.
    """

    name: str = Attribute("As in the setting: lower-case letters and digits.")
    wants_password: bool = Attribute("Whether it needs the password itself, which only ``AUTH PLAIN`` gives.")
    option_names: frozenset[str] = Attribute("Names of the settings that it reads; each begins with ``auth_``.")

    def faults(place: IAuthenticationPlace) -> list[str]:
        """Say what is wrong with the settings in ``place``: one text per fault, empty when it can work with them."""

    def claims(person: Person, place: IAuthenticationPlace) -> bool:
        """Whether it decides about this operator by what the configuration says alone, asking nobody.

        Logins that give no password (``PASS``, SCRAM) do not get past a source that claims the operator and wants one.
        """

    def check(person: Person, attempt: Attempt, place: IAuthenticationPlace) -> Deferred[Verdict]:
        """Say whether the password is right, or that the operator is not known here.

        Fails with :class:`astcti.errors.SourceUnavailable` when that cannot be found out now. Nobody is let in then.
        """


class IReachable(Interface):
    """A source of authentication that can be asked whether it is there, without anybody's password; it may leave that
    out. ``astcti doctor`` asks."""

    def reach(place: IAuthenticationPlace) -> Deferred[Mapping[str, str]]:
        """Look whether everything it depends on answers: fires with each address, and what is wrong with it in a
        sentence, empty when it answers. Nothing secret is in it."""


class IAuthenticationPlace(Interface):
    """What a source of authentication is handed."""

    settings = Attribute("The settings in force, ``astcti.config.settings.Settings``.")
    options: Mapping[str, str] = Attribute("Settings as they are written, by name; those of plug-ins begin ``auth_``.")

    def verify(person: Person, digest: str) -> Deferred[bool]:
        """Whether a digest belongs to the operator's stored credential; off the reactor's thread where it is slow."""

    def run(work: Callable[[], T]) -> Deferred[T]:
        """Call something that blocks, in one of a few threads.

        Fails with :class:`astcti.errors.SourceUnavailable` when it takes longer than the setting ``auth_timeout``, or
        too much waits already; ``work`` has to end by itself, soon after that.
        """


class IClient(Interface):
    """One connected client, as the desk sees it; provided by the protocol's session."""

    peer: str = Attribute("The client's address, without port.")
    secure: bool = Attribute("Whether the connection is encrypted.")
    said_goodbye: bool = Attribute("Whether the client ends the connection by ``QUIT``, and was not just lost.")

    backlog: int = Attribute("Bytes that are not yet on their way, because the client reads slowly.")

    def notify(notice: Notice, actions: Sequence[RenderedAction]) -> bool | None:
        """Send a call event, with its actions when it is a pop. Ignored once the connection is going.

        :returns: False when it will not be sent.
        """

    def queue_changed(queue: str, member: bool) -> None:
        """Tell that the seat is now (or no longer) a member of ``queue``, in the client's dialect."""

    def pbx_changed(up: bool) -> None:
        """Tell clients with ``events2`` that the PBX went or came back."""

    def has(capability: str) -> bool:
        """Whether the client asked for a capability with ``CAPS``."""

    def tell(kind: str, node: Node) -> None:
        """Tell clients with ``events2`` something that is not about one call: ``Config Services QueueState ...``."""

    def pause_changed(number: int, reason: str) -> None:
        """Tell how a pause request ended, or that somebody else paused or unpaused: 0 for ``300 OK``, an error number
        and the reason for ``302``."""

    def tell_ticket() -> None:
        """Give the client a new ticket (``107``, :meth:`IDesk.ticket`), behind any reply it waits for, if it asked for
        ``resume``."""

    def channel_binding() -> bytes | None:
        """What only the two ends of this connection know (``tls-exporter``, RFC 9266); None without TLS 1.3."""

    def dismiss(number: int, reason: str, cause: str) -> None:
        """Send a closing ``101`` (with ``events2`` first ``Disconnect`` with ``cause``: ``idle reload shutdown
        replaced kicked pbx``) and close."""


class IDesk(Interface):
    """What clients' sessions ask of the server."""

    def attach(client: IClient) -> None:
        """A client is there, before the greeting.

        :raises Refused: no further client is taken; the session says why and closes.
        """

    def may_try(client: IClient, username: str) -> None:
        """Asked at ``USER``: whether that client may try to log in at all.

        :raises Refused: 917 locked out, 918 TLS required.
        """

    def mechanisms(client: IClient) -> tuple[str, ...]:
        """The mechanisms of ``AUTH`` that this client may use, the best first."""

    def hears_more(client: IClient) -> None:
        """A client at work has asked for ``events2``: it is to be told what others were told at their seat."""

    def ticket(client: IClient) -> str:
        """A ticket for ``AUTH RESUME``, for who is logged in at this client; empty where there is none."""

    def perform(client: IClient, command: Command) -> Deferred[Reply] | Reply:
        """Do what a client asks.

        :raises Refused: directly or through the Deferred; any other error is ours (``999 internal error``).
        """

    def detach(client: IClient) -> None:
        """The client is gone, however it went: its seat and operator are free at once."""
