"""Configurations for the tests: a small good one, and any possible one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

from hypothesis import strategies as st
from zope.interface import implementer

from astcti.config.model import (
    AccountCode,
    AccountCodeOperator,
    Action,
    Configuration,
    Extension,
    Operator,
    PauseReason,
    Seat,
    Service,
    ServiceAction,
    ServiceOperator,
    SpeedDial,
    Variable,
)
from astcti.config.schema import canonical
from astcti.interfaces import IAction

ARGON2ID = "$argon2id$v=19$m=19456,t=2,p=1$OOGvc+gkxzwOWCN0zAvsMg$7SURbAKUtaQJ+62dWN3wbSqZk9syu6tw+Miwn5X6KNQ"
MD5 = "900150983cd24fb0d6963f7d28e17f72"


@implementer(IAction)
@dataclass(frozen=True)
class FakeAction:
    """A kind of action that finds fault with what it is told to."""

    type_name: str
    places: frozenset[str] = frozenset({"CLIENT"})
    faults: Mapping[str, str] = field(default_factory=dict)
    label: str = "fake"
    element: str = "action"

    def validate(
        self, destination: str, parameters: str, encoding: str, schemes: Sequence[str], system: str = "ALL"
    ) -> list[str]:
        """Say what stands in ``faults`` for these parameters."""
        return [self.faults[parameters]] if parameters in self.faults else []

    def render(
        self,
        id: str,
        destination: str,
        parameters: str,
        encoding: str,
        values: Mapping[str, str],
        system: str = "ALL",
    ) -> Any:
        """Not asked for here."""
        raise NotImplementedError

    def perform(self, action: Any, place: Any) -> Any:
        """Not asked for here."""
        raise NotImplementedError


TYPES = {
    "BROWSER": FakeAction("BROWSER", faults={"broken": "the URL is broken"}),
    "UDP_MESSAGE": FakeAction("UDP_MESSAGE", frozenset({"CLIENT", "SERVER"})),
}

GOOD = Configuration(
    timestamp=1371630006.0,
    settings=MappingProxyType({"cti_read_timeout": "15000"}),
    services=(
        Service(id=1, name="sales", queue_name="sales-queue"),
        Service(id=2, name="outgoing", context_type="OUTBOUND", allowed_extensions="200-299"),
    ),
    variables=(Variable(id=1, service_id=1, name="calldata"),),
    actions=(Action(id=1, type="BROWSER", parameters="http://crm/?c={CALLERID}&d={calldata}"),),
    service_actions=(
        ServiceAction(service_id=1, action_id=1, order=1),
        ServiceAction(service_id=2, action_id=1),
    ),
    seats=(Seat(id=1, exten="PJSIP/201", mac="00:1c:bf:37:53:ba"), Seat(id=2, exten="PJSIP/202")),
    extensions=(Extension(seat_id=1, exten="PJSIP/251"),),
    operators=(
        Operator(id=1, username="ann", full_name="Ann", password=ARGON2ID, seat_id=1),
        Operator(id=2, username="bob", full_name="Bob", password=ARGON2ID),
    ),
    service_operators=(
        ServiceOperator(service_id=1, operator_id=1, penalty=1),
        ServiceOperator(service_id=1, operator_id=2),
    ),
    speed_dials=(SpeedDial(operator_id=1, group="Default", order=1, name="Bob", number="202", blf=True),),
    account_codes=(AccountCode(id=1, code="4711", description="Town"), AccountCode(id=2, code="4712")),
    account_code_operators=(AccountCodeOperator(account_code_id=1, operator_id=2),),
    pause_reasons=(PauseReason(code="Lunch", description="Lunch break"), PauseReason(code="training")),
)


def changed(rows: str, **changes: Any) -> Configuration:
    """:data:`GOOD` with the first row of a table changed."""
    first, *rest = getattr(GOOD, rows)
    wanted: dict[str, Any] = {rows: (replace(first, **changes), *rest)}
    return replace(GOOD, **wanted)


def added(rows: str, *more: Any) -> Configuration:
    """:data:`GOOD` with more rows in a table."""
    wanted: dict[str, Any] = {rows: (*getattr(GOOD, rows), *more)}
    return replace(GOOD, **wanted)


# Every text that XML and SQLite both can hold, the odd ones often.
_CHARACTERS = st.characters(
    exclude_categories=("Cs",),
    exclude_characters=[chr(c) for c in range(32) if c not in (9, 10, 13)] + ["\ufffe", "\uffff"],
)
texts = st.text(_CHARACTERS | st.sampled_from(list(" \t\r\n<>&\"'{}]")), max_size=12)
ids = st.integers(1, 2**63 - 1)
numbers = st.integers(-(2**31), 2**31)


def _rows(element: st.SearchStrategy[Any], *key: str) -> st.SearchStrategy[tuple[Any, ...]]:
    def key_of(row: Any) -> tuple[Any, ...]:
        return tuple(getattr(row, attribute) for attribute in key)

    return st.lists(element, max_size=4, unique_by=key_of).map(lambda rows: tuple(sorted(rows, key=key_of)))


@st.composite
def configurations(draw: st.DrawFn) -> Configuration:
    """Any configuration whose rows belong together, valid or not, as a source delivers it."""
    flag = st.booleans()
    words = st.text("ABCXYZ_", min_size=1, max_size=9)
    phones = st.builds("PJSIP/{}".format, st.integers(0, 999))
    services = draw(
        _rows(
            st.builds(
                Service, id=ids, name=texts, context_type=words, queue_name=texts, enabled=flag, display_name=texts,
                language=texts, allowed_extensions=texts, is_default=flag, wrapup_seconds=numbers,
            ),
            "id",
        )
    )  # fmt: skip
    actions = draw(
        _rows(
            st.builds(
                Action, id=ids, os_type=words, type=words, destination=texts, parameters=texts, encoding=texts,
                enabled=flag, execute_on=words, trigger=words,
            ),
            "id",
        )
    )  # fmt: skip
    seats = draw(
        _rows(
            st.builds(
                Seat, id=ids, exten=phones, mac=st.just("") | st.just("00:1c:bf:37:53:ba"), description=texts,
                enabled=flag, host=texts,
            ),
            "id",
        )
    )  # fmt: skip
    operators = draw(
        _rows(
            st.builds(
                Operator, id=ids, username=texts, full_name=texts, password=texts, begin_in_pause=flag,
                is_call_center=flag, enabled=flag, seat_id=st.none() | ids, can_monitor=flag,
                can_alter_speeddials=flag, can_record=flag, is_supervisor=flag,
                languages=st.lists(st.sampled_from(["ar", "en", "it"]), max_size=3).map(tuple),
                password_alt=texts, scram=texts, ldap_dn=texts, login_host=texts,
            ),
            "id",
        )
    )  # fmt: skip

    codes = draw(_rows(st.builds(AccountCode, id=ids, code=texts, description=texts, enabled=flag), "id"))

    def one_of(rows: tuple[Any, ...]) -> st.SearchStrategy[int]:
        return st.sampled_from([row.id for row in rows]) if rows else st.nothing()

    service, seat, operator = one_of(services), one_of(seats), one_of(operators)
    return Configuration(
        timestamp=draw(st.integers(0, 2**40).map(float) | st.floats(0, 2**40)),
        settings=draw(st.dictionaries(st.text("abc_", min_size=1), texts, max_size=3)),
        services=services,
        variables=draw(_rows(st.builds(Variable, id=ids, service_id=service, name=texts, enabled=flag), "id")),
        actions=actions,
        service_actions=draw(
            _rows(
                st.builds(ServiceAction, service_id=service, action_id=ids, order=numbers, enabled=flag),
                "service_id",
                "action_id",
            )
        ),
        seats=seats,
        extensions=draw(
            _rows(
                st.builds(
                    Extension,
                    seat_id=seat,
                    exten=phones,
                    description=texts,
                    can_auto_answer=flag,
                    mailbox=texts,
                    enabled=flag,
                ),
                "seat_id",
                "exten",
            )
        ),
        operators=operators,
        service_operators=draw(
            _rows(
                st.builds(ServiceOperator, service_id=ids, operator_id=operator, penalty=numbers, enabled=flag),
                "service_id",
                "operator_id",
            )
        ),
        speed_dials=draw(
            _rows(
                st.builds(
                    SpeedDial, operator_id=operator, group=texts, order=numbers, name=texts, number=texts, blf=flag
                ),
                "operator_id",
                "group",
                "order",
            )
        ),
        account_codes=codes,
        account_code_operators=draw(
            _rows(
                st.builds(AccountCodeOperator, account_code_id=one_of(codes), operator_id=operator),
                "account_code_id",
                "operator_id",
            )
        ),
        pause_reasons=draw(_rows(st.builds(PauseReason, code=texts, description=texts, enabled=flag), "code")),
    )


assert canonical(GOOD) == GOOD
