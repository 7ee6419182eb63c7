"""What was asked and is not answered yet."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from astcti.ami.actions import Action
from astcti.ami.message import Message
from astcti.errors import AMIError, AMILost, AMIProtocolError, AMIRefused, AMITimeout

#: What became of an action: its response, alone; or the events of its list without the one that ends it;
#: or why there is neither.
Answer = list[Message] | AMIError

MAX_ITEMS = 250_000  # events of one list; the largest Asterisks have some thousands of channels


@dataclass(slots=True)
class Waiting:
    """An action on its way.

    :ivar seconds: how long it may take; each event of its list puts the deadline off.
    :ivar done: told once.
    :ivar listing: whether events follow the response.
    """

    action: Action
    seconds: float
    deadline: float
    done: Callable[[Answer], None]
    listing: bool
    items: list[Message] = field(default_factory=list)
    accepted: bool = False
    complete: bool = False

    def responded(self, message: Message) -> Answer | None:
        """The response is there; the answer, if that was all."""
        if message.response.lower() == "error":
            return AMIRefused(message.get("Message").strip() or "refused without a reason")
        self.accepted = True
        return self._answer() if self.listing else [message]

    def listed(self, message: Message, now: float) -> Answer | None:
        """An event of the list is there; the answer, if that was all."""
        self.deadline = now + self.seconds
        state = message.get("EventList").lower()
        if state == "cancelled":
            return AMIRefused(f"the PBX broke off the list of {self.action.name}")
        if state == "complete" or self._is_end(message.event.lower()):
            self.complete = True
            return self._answer()
        self.items.append(message)
        if len(self.items) > MAX_ITEMS:
            return AMIProtocolError(f"the list of {self.action.name} has more than {MAX_ITEMS} events")
        return None

    def _is_end(self, event: str) -> bool:
        """Whether that event ends the list where nothing says so (Asterisk 1.4 to 1.6 have no ``EventList``)."""
        return event in self.action.ENDS if self.action.ENDS else event.endswith("complete")

    def _answer(self) -> Answer | None:
        return self.items if self.accepted and self.complete else None


class Pending:
    """All unanswered actions of a link, by ActionID.

    :ivar lists: how many of them await a list.
    """

    def __init__(self) -> None:
        self._waiting: dict[str, Waiting] = {}
        self.lists = 0

    def __len__(self) -> int:
        return len(self._waiting)

    def add(self, action_id: str, waiting: Waiting) -> None:
        """An action was sent."""
        self._waiting[action_id] = waiting
        self.lists += waiting.listing

    def forget(self, action_id: str) -> Waiting | None:
        """Take an action out without telling; what still comes for it is unmatched."""
        waiting = self._waiting.pop(action_id, None)
        if waiting is not None:
            self.lists -= waiting.listing
        return waiting

    def responded(self, message: Message) -> bool:
        """A response came; say whether it was awaited."""
        action_id = message.action_id
        waiting = self._waiting.get(action_id)
        if waiting is None or waiting.accepted:
            return False
        self._tell(action_id, waiting.responded(message))
        return True

    def listed(self, message: Message, now: float) -> bool:
        """An event came while lists are awaited; say whether it belongs to one."""
        action_id = message.action_id
        waiting = self._waiting.get(action_id) if action_id else None
        if waiting is None or not waiting.listing:
            return False
        self._tell(action_id, waiting.listed(message, now))
        return True

    def expire(self, now: float) -> int:
        """Fail those whose time is over; say how many."""
        late = [action_id for action_id, waiting in self._waiting.items() if waiting.deadline <= now]
        for action_id in late:
            if (waiting := self.forget(action_id)) is not None:
                waiting.done(AMITimeout(f"no answer to {waiting.action.name} within {waiting.seconds:g} s"))
        return len(late)

    def fail_all(self, error: AMILost) -> None:
        """The link is gone."""
        for action_id in list(self._waiting):
            self._tell(action_id, AMILost(str(error)))

    def _tell(self, action_id: str, answer: Answer | None) -> None:
        if answer is not None and (waiting := self.forget(action_id)) is not None:
            waiting.done(answer)
