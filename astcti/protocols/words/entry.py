"""One command of the protocol: its word, when it is heard, and how it is read."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from astcti.errors import Refused
from astcti.model.commands import Command
from astcti.protocols.replies import Code
from astcti.protocols.states import SEATED, UNKNOWN, UNSEATED, State

if TYPE_CHECKING:
    from astcti.protocols.conversation import Conversation

Reader = Callable[["Conversation", Sequence[str]], Command | None]


@dataclass(frozen=True, slots=True)
class Entry:
    """One command.

    :ivar least: how many parameters it needs.
    :ivar most: how many it takes; None: any number, those that mean nothing are passed over.
    :ivar otherwise: the reason given in a state that is not the right one although the client is logged in.
    :ivar whole: whether the rest of the line is one parameter.
    :ivar secret: whether its parameters are masked wherever lines are shown.
    :ivar failure: the code of a failure; ``101``, also for others, as long as nobody has logged in.
    """

    word: str
    read: Reader
    states: frozenset[State]
    least: int = 0
    most: int | None = 0
    otherwise: str = "not valid now"
    whole: bool = False
    secret: bool = False
    failure: Code = Code.FAILED

    def check_state(self, state: State) -> None:
        """Say why the command is not heard in ``state``.

        :raises Refused: it is not.
        """
        if state in self.states:
            return
        if state in UNKNOWN and not self.states & UNKNOWN:
            raise Refused(902, "not authenticated")
        if state in UNSEATED and self.states == SEATED:
            raise Refused(919, "seat not set")
        raise Refused(903, self.otherwise)

    def check_count(self, parameters: Sequence[str]) -> None:
        """Count the parameters.

        :raises Refused: too few or too many.
        """
        if len(parameters) < self.least or (self.most is not None and len(parameters) > self.most):
            raise Refused(901, "wrong number of parameters")
