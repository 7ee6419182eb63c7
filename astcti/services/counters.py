"""What was counted since the start: shown by ``astcti ctl status``, because nothing is to be lost silently."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)
class Counters:
    """Plain numbers, each counting up only.

    :ivar notices: call events handed to clients; ``withheld`` those their operator may not hear of.
    :ivar pops: of the notices, those on which a screen pops.
    :ivar logins: successful ones; ``refused`` counts what clients asked and were refused, by error number.
    :ivar actions: actions run by the server, by outcome (``ok failed timeout dropped``).
    :ivar faults: errors of our own while serving somebody; each has its traceback in the log.
    """

    notices: int = 0
    withheld: int = 0
    pops: int = 0
    logins: int = 0
    connections: int = 0
    faults: int = 0
    refused: dict[int, int] = field(default_factory=dict)
    actions: dict[str, int] = field(default_factory=dict)

    def refuse(self, number: int) -> None:
        """Something was refused with this error number."""
        self.refused[number] = self.refused.get(number, 0) + 1

    def act(self, outcome: str) -> None:
        """An action of the server ended so."""
        self.actions[outcome] = self.actions.get(outcome, 0) + 1
