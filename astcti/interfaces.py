"""The seams of astcti: what one part may ask of another, and what a plug-in must offer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from zope.interface import Attribute, Interface

if TYPE_CHECKING:
    from twisted.internet.defer import Deferred

    from astcti.model.actions import Outcome, RenderedAction
    from astcti.model.commands import Command, Reply
    from astcti.model.node import Node
    from astcti.model.notices import Notice


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


class IPlace(Interface):
    """Where an action runs: a client's machine or the server."""

    reactor = Attribute("``IReactorTime``, ``IReactorTCP``, ``IReactorUDP`` and, on a client, ``IReactorProcess``.")
    seconds: float = Attribute("How long one action may take.")

    def open_url(url: str, window: str, internal: bool) -> Deferred[None]:
        """Show a page to the person at this place; fails with a sentence where that is impossible."""

    def start_program(argv: Sequence[str]) -> Deferred[None]:
        """Start a program without a shell; fires when it runs, fails with a sentence when it cannot be started."""


class IClient(Interface):
    """One connected client, as the desk sees it; provided by the protocol's session."""

    peer: str = Attribute("The client's address, without port.")
    secure: bool = Attribute("Whether the connection is encrypted.")

    def notify(notice: Notice, actions: Sequence[RenderedAction]) -> None:
        """Send a call event, with its actions when it is a pop. Ignored once the connection is going."""

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

    def perform(client: IClient, command: Command) -> Deferred[Reply] | Reply:
        """Do what a client asks.

        :raises Refused: directly or through the Deferred; any other error is ours (``999 internal error``).
        """

    def detach(client: IClient) -> None:
        """The client is gone, however it went: its seat and operator are free at once."""
