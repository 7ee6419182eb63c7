"""An agent's side: staying logged in, telling what happens, and performing what calls ask for, without a screen.

:class:`Agent` needs an endpoint, a profile and somebody to tell; as many of them as wanted live in one process.
"""

from astcti.client.agent import Agent
from astcti.client.happenings import ActionDone, CallEvent, Happening, LoggedIn, Lost, QueueChanged, Rejected
from astcti.client.place import ClientPlace
from astcti.client.programs import Programs
from astcti.client.story import json_of, line_of

__all__ = [
    "ActionDone",
    "Agent",
    "CallEvent",
    "ClientPlace",
    "Happening",
    "LoggedIn",
    "Lost",
    "Programs",
    "QueueChanged",
    "Rejected",
    "json_of",
    "line_of",
]
