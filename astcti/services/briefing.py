"""What operators are told of the configuration: ``Config`` and ``Services``, at login and when a reload changes it.

One after the other, in slices: thousands may have to be told something after a reload.
"""

from __future__ import annotations

from twisted.internet.interfaces import IReactorTime

from astcti.config.model import Operator
from astcti.model.node import Node
from astcti.protocols.limits import XML_LINE
from astcti.protocols.xmlevents import render_node_event
from astcti.services.books import Books
from astcti.services.duty import Duty
from astcti.services.floor import Attendance
from astcti.services.phonestates import PhoneState
from astcti.services.seating import number_of
from astcti.services.slicing import Backlog, Slices

CONFIG, SERVICES = "Config", "Services"


class Briefing(Duty):
    """Tells clients with ``events2`` what is configured for them, and of it only what is new to them.

    :param phone_state: what a phone does, told along; that it does something else is no news of the configuration.
    """

    def __init__(
        self, clock: IReactorTime, phone_state: PhoneState = lambda channel: "", slices: Slices | None = None
    ) -> None:
        self._phone_state = phone_state
        self._told: dict[Attendance, tuple[int, int]] = {}  # hashes of both documents: they need not be kept
        self._due = Backlog(slices or Slices(clock), self._see_to)

    def seated(self, attendance: Attendance) -> None:
        """They are told right behind the reply."""
        self._later(attendance)

    def hears_more(self, attendance: Attendance) -> None:
        """They are told when they ask."""
        self._later(attendance)

    def left(self, attendance: Attendance) -> None:
        """Nothing is kept of them."""
        self._told.pop(attendance, None)

    def moved(self, attendance: Attendance, before: tuple[str, ...]) -> None:
        """Their phones are others."""
        self._later(attendance)

    def configured(self, attendance: Attendance, before: Books) -> None:
        """They may have to hear something."""
        self._later(attendance)

    def stopping(self) -> None:
        """Nobody is there to be told."""
        self._due.clear()

    def _later(self, attendance: Attendance) -> None:
        if attendance.seat is not None and attendance.client.has("events2"):
            self._due.add(attendance)

    def _see_to(self, attendance: Attendance) -> None:
        try:
            self._tell(attendance)
        except Exception:
            self.desk.broken(attendance)

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
            shown = config_document(operator, attendance, books, services, self._phone_state)
            attendance.client.tell(CONFIG, fitting(CONFIG, shown))


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


def config_document(
    operator: Operator,
    attendance: Attendance,
    books: Books,
    services: Node,
    phone_state: PhoneState = lambda channel: "",
) -> Node:
    """Everything that a client needs to know of an operator and their seat."""
    further = books.further_phones.get(attendance.seat.id, {}) if attendance.seat is not None else {}
    phones = []
    for channel in attendance.channels:
        more = further.get(channel)
        phones.append(
            _node(
                "extension", channel=channel, number=number_of(channel), name=more.description if more else "",
                canautoanswer=_flag(more is not None and more.can_auto_answer), status=phone_state(channel),
            )
        )  # fmt: skip
    groups: dict[str, list[Node]] = {}
    for dial in books.speed_dials.get(operator.id, ()):
        entry = _node("speeddial", name=dial.name, number=dial.number, blf=_flag(dial.blf))
        groups.setdefault(dial.group, []).append(entry)
    codes = [
        _node("accountcode", code=code.code, description=code.description)
        for code in books.configuration.account_codes_of(operator.id)
    ]
    reasons = [
        _node("reason", code=reason.code, description=reason.description)
        for reason in books.configuration.pause_reason_by_code.values()
    ]
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
        Node("pausereasons", children=tuple(reasons)),
        Node("speeddials", children=tuple(Node("group", (("name", g),), "", tuple(d)) for g, d in groups.items())),
        Node("accountcodes", children=tuple(codes)),
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
