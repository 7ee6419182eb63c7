"""The client's side of the protocol, as a library.

:class:`CTIClientService` keeps one client logged in and hands on its call events; :class:`CTIClient` is one
connection, with a method for each command; :class:`ClientSession` is the same without I/O, for another event loop.
"""

from astcti.protocols.client.commands import digest_of
from astcti.protocols.client.connection import ClientFactory, ConnectionGone, CTIClient, NoAnswer
from astcti.protocols.client.login import Profile, Welcome, log_in
from astcti.protocols.client.requests import Line, QueueEntry, ServiceEntry
from astcti.protocols.client.service import CTIClientService
from astcti.protocols.client.session import ClientSession, Closing, PauseChanged, QueueChanged, TicketGiven, Unknown
from astcti.protocols.client.tls import client_tls
from astcti.protocols.xmlreading import CallEvent, ServerEvent

__all__ = [
    "CTIClient",
    "CTIClientService",
    "CallEvent",
    "ClientFactory",
    "ClientSession",
    "Closing",
    "ConnectionGone",
    "Line",
    "NoAnswer",
    "PauseChanged",
    "Profile",
    "QueueChanged",
    "QueueEntry",
    "ServerEvent",
    "ServiceEntry",
    "TicketGiven",
    "Unknown",
    "Welcome",
    "client_tls",
    "digest_of",
    "log_in",
]
