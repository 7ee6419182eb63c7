"""What operators are told of the configuration: ``Config`` and ``Services``, at login and when a reload changes it.

One after the other, a few in each turn of the reactor: thousands may have to be compared after a reload.
"""

from __future__ import annotations

from collections import deque

from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger

from astcti.config.model import Operator
from astcti.model.node import Node
from astcti.protocols.limits import XML_LINE
from astcti.protocols.xmlevents import render_node_event
from astcti.services.books import Books
from astcti.services.duty import Duty
from astcti.services.floor import Attendance
from astcti.services.seating import number_of

CONFIG, SERVICES = "Config", "Services"
AT_ONCE = 20  # operators in one turn of the reactor; some 2 ms


class Briefing(Duty):
    """Tells clients with ``events2`` what is configured for them, and of it only what is new to them."""

    _log = Logger()

    def __init__(self, clock: IReactorTime) -> None:
        self._clock = clock
        self._told: dict[Attendance, tuple[int, int]] = {}  # hashes of both documents: they need not be kept
        self._due: deque[Attendance] = deque()
        self._next: IDelayedCall | None = None

    def seated(self, attendance: Attendance) -> None:
        """They are told right behind the reply."""
        self._later([attendance])

    def left(self, attendance: Attendance) -> None:
        """Nothing is kept of them."""
        self._told.pop(attendance, None)

    def moved(self, attendance: Attendance, before: tuple[str, ...]) -> None:
        """Their phones are others."""
        self._later([attendance])

    def configured(self, before: Books) -> None:
        """Everybody may have to hear something."""
        self._later(list(self.desk.floor.seated))

    def stopping(self) -> None:
        """Nobody is there to be told."""
        self._due.clear()
        if self._next is not None:
            self._next.cancel()
            self._next = None

    def _later(self, attendances: list[Attendance]) -> None:
        self._due.extend(a for a in attendances if a.client.has("events2"))
        if self._due and self._next is None:
            self._next = self._clock.callLater(0, self._some)

    def _some(self) -> None:
        self._next = None
        for _ in range(min(AT_ONCE, len(self._due))):
            attendance = self._due.popleft()
            try:
                self._tell(attendance)
            except Exception:
                self.desk.broken(attendance)
        self._later([])

    def _tell(self, attendance: Attendance) -> None:
        operator, books = attendance.operator, self.desk.books
        if operator is None or self.desk.floor.present(operator) is not attendance or attendance.seat is None:
            return  # gone meanwhile
        services = services_document(operator, books)
        config = config_document(operator, attendance, books, services)
        now = hash(config), hash(services)
        before = self._told.get(attendance)
        self._told[attendance] = now
        if before is not None and before[1] != now[1]:
            attendance.client.tell(SERVICES, fitting(SERVICES, services))
        if before is None or before[0] != now[0]:
            attendance.client.tell(CONFIG, fitting(CONFIG, config))


def services_document(operator: Operator, books: Books) -> Node:
    """The services an operator works on, each with the queue and the penalty there if it has one."""
    penalties = {ref.service_id: ref.penalty for ref in books.configuration.services_of.get(operator.id, ())}
    return Node(
        "services",
        children=tuple(
            _node(
                "service", name=service.name, shown=service.display_name, context=service.name,
                type=service.context_type.lower(), queue=service.queue_name,
                penalty=str(penalties.get(service.id, 0)) if service.queue_name else "",
            )
            for service in books.audience.services_of(operator)
        ),
    )  # fmt: skip


def config_document(operator: Operator, attendance: Attendance, books: Books, services: Node) -> Node:
    """Everything that a client needs to know of an operator and their seat."""
    further = books.further_phones.get(attendance.seat.id, {}) if attendance.seat is not None else {}
    phones = []
    for channel in attendance.channels:
        more = further.get(channel)
        phones.append(
            _node(
                "extension", channel=channel, number=number_of(channel), name=more.description if more else "",
                canautoanswer=_flag(more is not None and more.can_auto_answer),
            )
        )  # fmt: skip
    groups: dict[str, list[Node]] = {}
    for dial in books.speed_dials.get(operator.id, ()):
        entry = _node("speeddial", name=dial.name, number=dial.number, blf=_flag(dial.blf))
        groups.setdefault(dial.group, []).append(entry)
    reasons = [r for r in getattr(books.configuration, "pause_reasons", ()) if r.enabled]
    who = _node(
        "operator", username=operator.username, fullname=operator.full_name,
        iscallcenter=_flag(operator.is_call_center), begininpause=_flag(operator.begin_in_pause),
        canmonitor=_flag(operator.can_monitor), canrecord=_flag(operator.can_record),
        canalterspeeddials=_flag(operator.can_alter_speeddials), issupervisor=_flag(operator.is_supervisor),
        parkinglot=books.settings.park_context,
    )  # fmt: skip
    parts = [
        Node("extensions", children=tuple(phones)),
        services,
        Node("pausereasons", children=tuple(Node("reason", text=reason.code) for reason in reasons)),
        Node("speeddials", children=tuple(Node("group", (("name", g),), "", tuple(d)) for g, d in groups.items())),
    ]
    return who._replace(children=tuple(parts))


def fitting(kind: str, document: Node) -> Node:
    """What of a document fits into one line: of the longest list the second half is left out until it does, and
    ``complete="no"`` says so."""
    while len(render_node_event(kind, document)) >= XML_LINE:
        document = _halved(document)
        if ("complete", "no") not in document.attributes:
            document = document._replace(attributes=(*document.attributes, ("complete", "no")))
    return document


def _halved(node: Node) -> Node:
    sizes = [_size(child) for child in node.children]
    if not sizes:
        return node._replace(text="", attributes=())  # one value of 64 KiB: no configuration has it
    largest = max(range(len(sizes)), key=sizes.__getitem__)
    if sizes[largest] * 2 > sum(sizes) and node.children[largest].children:
        children = list(node.children)
        children[largest] = _halved(children[largest])
        return node._replace(children=tuple(children))
    return node._replace(children=node.children[: len(node.children) // 2])


def _size(node: Node) -> int:
    return 1 + sum(map(_size, node.children))


def _node(element: str, /, **attributes: str) -> Node:
    return Node(element, tuple((key, value) for key, value in attributes.items() if value))


def _flag(value: bool) -> str:
    return "yes" if value else "no"
