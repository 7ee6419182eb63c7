"""A leg is one channel; a story is what an agent should know about the party on it."""

from __future__ import annotations

from astcti.model.notices import CallView
from astcti.model.plan import ServicePlan


class Story:
    """What is known of a party: who calls, for which service, with which data.

    It belongs to the leg it began on and moves with the party when Asterisk (before 12) moves a party from one
    channel to another. ``uniqueid`` stays that of the first channel: agents know the call by it.

    :ivar variables: watched variables that were set, by the spelling of the configuration.
    :ivar told: seats that got the one ``Link`` with actions.
    :ivar ringing: unique ids of the seats' legs that ring for it.
    :ivar parker: interface of the phone that parked the party, while it is parked in ``space``.
    """

    __slots__ = (
        "account", "channel", "context", "exten", "name", "number", "parker", "queue", "ringing", "service", "space",
        "started", "told", "uniqueid", "variables", "waiting",
    )  # fmt: skip

    def __init__(self, uniqueid: str, channel: str, started: float) -> None:
        self.uniqueid = uniqueid
        self.channel = channel
        self.started = started
        self.number = ""
        self.name = ""
        self.context = ""
        self.exten = ""
        self.account = ""
        self.queue = ""
        self.parker = ""
        self.space = ""
        self.waiting = False
        self.service: ServicePlan | None = None
        self.variables: dict[str, str] = {}
        self.told: set[str] = set()
        self.ringing: set[str] = set()

    def watched(self) -> tuple[tuple[str, str], ...]:
        """The service's variables with their values, unset ones empty."""
        if self.service is None:
            return ()
        get = self.variables.get
        return tuple([(name, get(name, "")) for name in self.service.variables])


class Leg:
    """One channel, as far as agents may have to know of it.

    :ivar serial: grows with every new leg: which of two is older.
    :ivar interface: the phone it belongs to (``PJSIP/201``), empty for the far half of a Local channel.
    :ivar story: what is known of the party on this channel.
    :ivar rings_for: the story this phone was rung for, from then on; what a seat is told uses it.
    :ivar linked: the story this phone was last told to be connected with, until it is told the end.
    :ivar unlink_due: when the end of ``linked`` is to be told, unless they are together again before.
    :ivar heir: unique id of the leg that takes this one's place when it goes (:func:`astcti.model.talking.inherited`).
    :ivar peer: the leg on the other side of ``linked``.
    :ivar pair: the other half, of a Local channel.
    :ivar fate: why nobody has answered what this leg dialled last, as ``DIALSTATUS``; empty if somebody has.
    :ivar dialed: rung by the dial plan's ``Dial``, not by a queue.
    :ivar named: its seat was told who calls (``Callerid``).
    :ivar known: its seat was told of it at all, or has it since before it listened, so it must hear the end: not every
        client, which is left to whoever tells them, but all who have to know whether a phone is in use.
    :ivar seen: when the PBX last said something about it, in seconds.
    :ivar withheld: the story that did not pop at its seat because nobody sat there; it does if they were only away.
    """

    __slots__ = (
        "bridge", "channel", "dialed", "fate", "heir", "interface", "known", "linked", "linkedid", "named", "pair",
        "peer", "rings_for", "seen", "serial", "state", "story", "uniqueid", "unlink_due", "withheld",
    )  # fmt: skip

    def __init__(self, uniqueid: str, channel: str, interface: str, serial: int, now: float) -> None:
        self.uniqueid = uniqueid
        self.channel = channel
        self.interface = interface
        self.serial = serial
        self.linkedid = uniqueid
        self.state = ""
        self.story = Story(uniqueid, channel, now)
        self.rings_for: Story | None = None
        self.linked: Story | None = None
        self.peer: Leg | None = None
        self.bridge: Bridge | None = None
        self.pair: Leg | None = None
        self.heir = ""
        self.fate = ""
        self.unlink_due = 0.0
        self.withheld: Story | None = None
        self.dialed = False
        self.named = False
        self.known = False
        self.seen = now

    def about(self) -> Story:
        """The story that events of this leg are told with: of whoever it rings for or talks to, else its own."""
        return self.linked or self.rings_for or self.story

    def view(self, state: str = "", reason_code: int | None = None, reason_text: str = "") -> CallView:
        """The call as this leg's seat sees it, the leg's channel first."""
        story = self.about()
        other = None if story is self.story else story
        return view_of(
            story, self.channel, state or self.state, self.linkedid,
            other.channel if other else "", other.uniqueid if other else "", reason_code, reason_text,
        )  # fmt: skip


class Bridge:
    """Where legs hear each other. Only ``basic`` bridges are conversations; parking and holding bridges are not."""

    __slots__ = ("conversation", "id", "members")

    def __init__(self, id: str, kind: str) -> None:
        self.id = id
        self.conversation = kind in {"basic", ""}
        self.members: dict[str, Leg] = {}


def view_of(
    story: Story, channel: str, state: str, linkedid: str, dest_channel: str = "", dest_uniqueid: str = "",
    reason_code: int | None = None, reason_text: str = "", direction: str = "",
) -> CallView:  # fmt: skip
    """Freeze what is known of ``story`` at this moment."""
    service = story.service
    if service is not None:
        direction = "outbound" if service.outbound else "inbound"
    # What NamedTuple's own constructor does, at half the price: a view is made for every notice.
    return tuple.__new__(CallView, (
        story.uniqueid, channel, story.number, story.name, service.name if service else story.context,
        story.watched(), state, dest_channel, dest_uniqueid, story.queue, story.exten, story.account, direction,
        service.name if service else "", service.language if service else "", linkedid, story.started,
        reason_code, reason_text,
    ))  # fmt: skip
