"""What a client asks and what it is answered: values between a protocol session and the desk.

One module for each group of commands, as in :mod:`astcti.protocols.words`.
"""

from __future__ import annotations

from astcti.model.commands.base import (
    ChangePassword,
    ClaimExtension,
    ClaimMac,
    Done,
    Identify,
    ListQueues,
    ListServices,
    LoggedIn,
    Login,
    QueueList,
    ServiceList,
    SetSystem,
)
from astcti.model.commands.calls import Originate, ReportAction, SendText, Telecommute
from astcti.model.commands.identity import Authenticate, Challenge, ContinueAuthentication
from astcti.model.commands.queues import (
    AskQueues,
    EndWrapUp,
    JoinQueue,
    LeaveQueue,
    Pause,
    PauseConfirmed,
    PausePending,
    QueueFigures,
    QueueReport,
    SetWrapUp,
)

Command = (
    Login | ClaimMac | ClaimExtension | SetSystem | ChangePassword | Identify | ListServices | ListQueues
    | Pause | JoinQueue | LeaveQueue | EndWrapUp | SetWrapUp | AskQueues
    | Originate | Telecommute | ReportAction | SendText
    | Authenticate | ContinueAuthentication
)  # fmt: skip
Reply = Done | LoggedIn | ServiceList | QueueList | PausePending | PauseConfirmed | QueueReport | Challenge

__all__ = [
    "AskQueues", "Authenticate", "Challenge", "ChangePassword", "ClaimExtension", "ClaimMac", "Command",
    "ContinueAuthentication", "Done", "EndWrapUp", "Identify", "JoinQueue", "LeaveQueue", "ListQueues", "ListServices",
    "LoggedIn", "Login", "Originate", "Pause", "PauseConfirmed", "PausePending", "QueueFigures", "QueueList",
    "QueueReport", "Reply", "ReportAction", "SendText", "ServiceList", "SetSystem", "SetWrapUp", "Telecommute",
]  # fmt: skip
