"""Actions about the link itself and about the PBX as a whole."""

from __future__ import annotations

from dataclasses import dataclass, field

from astcti.ami.actions.base import Action


@dataclass(frozen=True, slots=True)
class Challenge(Action):
    """Ask for what :class:`KeyLogin` needs; the answer has it in ``Challenge``."""

    NAME = "Challenge"
    auth_type: str = "MD5"


@dataclass(frozen=True, slots=True)
class KeyLogin(Action):
    """Log in without saying the secret: ``key`` is the hexadecimal MD5 of challenge and secret."""

    NAME = "Login"
    username: str
    key: str = field(repr=False)
    auth_type: str = "MD5"
    events: str = "on"


@dataclass(frozen=True, slots=True)
class SecretLogin(Action):
    """Log in by saying the secret, for whoever listens."""

    NAME = "Login"
    username: str
    secret: str = field(repr=False)
    events: str = "on"


@dataclass(frozen=True, slots=True)
class Logoff(Action):
    """End the link; the answer is ``Goodbye``."""

    NAME = "Logoff"


@dataclass(frozen=True, slots=True)
class Ping(Action):
    """Ask whether anybody is there."""

    NAME = "Ping"


@dataclass(frozen=True, slots=True)
class Events(Action):
    """Choose classes of events: ``on``, ``off``, or names such as ``call,dialplan``."""

    NAME = "Events"
    event_mask: str


@dataclass(frozen=True, slots=True)
class CoreStatus(Action):
    """Since when the PBX runs, and how many calls it has."""

    NAME = "CoreStatus"
    RIGHT = "system or reporting"


@dataclass(frozen=True, slots=True)
class CoreSettings(Action):
    """The version of the PBX and its limits."""

    NAME = "CoreSettings"
    RIGHT = "system or reporting"


@dataclass(frozen=True, slots=True)
class ListCommands(Action):
    """The actions this user may use: the answer has one header for each."""

    NAME = "ListCommands"


@dataclass(frozen=True, slots=True)
class Command(Action):
    """Run a command of the PBX's console; what it prints is the answer's ``output``."""

    NAME = "Command"
    RIGHT = "command"
    command: str
