"""The difference of two configurations, the plan of one, and its look-ups."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import HealthCheck, given, settings
from twisted.trial.unittest import SynchronousTestCase

from astcti.config.difference import (
    AccountCodesChanged,
    AssignmentAdded,
    AssignmentRemoved,
    Change,
    OperatorAdded,
    OperatorChanged,
    OperatorRemoved,
    PauseReasonsChanged,
    PenaltyChanged,
    PhonesChanged,
    SeatAdded,
    SeatChanged,
    SeatRemoved,
    ServiceAdded,
    ServiceChanged,
    ServiceRemoved,
    SettingsChanged,
    SpeedDialsChanged,
    difference,
)
from astcti.config.model import (
    AccountCode,
    Configuration,
    Extension,
    PauseReason,
    Seat,
    Service,
    ServiceOperator,
    Variable,
)
from astcti.config.plan import plan_of
from astcti.model.plan import ServicePlan
from tests.config.samples import GOOD, MD5, added, changed, configurations


class DifferenceTests(SynchronousTestCase):
    """Exactly what changed is told."""

    def assertChanges(self, new: Configuration, *changes: Change) -> None:
        """That is what changes from :data:`GOOD`."""
        self.assertEqual(difference(GOOD, new), changes)

    def test_nothing(self) -> None:
        """Nothing changes between equals, nor where only the timestamp or disabled rows differ."""
        self.assertChanges(GOOD)
        self.assertChanges(replace(GOOD, timestamp=5.0))
        self.assertChanges(added("services", Service(id=9, name="later", enabled=False)))

    def test_operators(self) -> None:
        """An operator who is deleted, disabled or renamed is removed; other changes name their fields."""
        ann, bob = GOOD.operators
        gone = (AssignmentRemoved(GOOD.service_operators[0]),)
        removed = difference(GOOD, replace(GOOD, operators=(bob,), service_operators=GOOD.service_operators[1:]))
        self.assertEqual(removed, (OperatorRemoved(ann), *gone))
        self.assertChanges(changed("operators", enabled=False), OperatorRemoved(ann))
        anna = replace(ann, username="anna")
        self.assertChanges(changed("operators", username="anna"), OperatorRemoved(ann), OperatorAdded(anna))
        new = replace(ann, password=MD5, seat_id=2)
        self.assertChanges(changed("operators", password=MD5, seat_id=2),
                           OperatorChanged(ann, new, frozenset({"password", "seat_id"})))  # fmt: skip

    def test_seats(self) -> None:
        """A seat that is deleted, disabled or left without a phone is removed; other changes name their fields."""
        one, two = GOOD.seats
        self.assertChanges(replace(GOOD, seats=(one,)), SeatRemoved(two))
        self.assertChanges(added("seats", Seat(id=3, exten="SIP/3")), SeatAdded(Seat(id=3, exten="SIP/3")))
        new = replace(one, exten="PJSIP/299", mac="")
        self.assertChanges(
            changed("seats", exten="PJSIP/299", mac=""), SeatChanged(one, new, frozenset({"exten", "mac"}))
        )

    def test_further_phones(self) -> None:
        """Further phones come and go without the seat being another."""
        one, _ = GOOD.seats
        more = Extension(seat_id=1, exten="SIP/9")
        self.assertChanges(added("extensions", more), PhonesChanged(one, ("SIP/9",), ()))
        self.assertChanges(replace(GOOD, extensions=(more,)), PhonesChanged(one, ("SIP/9",), ("PJSIP/251",)))
        self.assertChanges(changed("extensions", enabled=False), PhonesChanged(one, (), ("PJSIP/251",)))

    def test_services(self) -> None:
        """Services come, go, and change; their variables and actions are told as fields."""
        one, two = GOOD.services
        help_ = Service(id=3, name="help")
        self.assertChanges(added("services", help_), ServiceAdded(help_))
        self.assertEqual(difference(added("services", help_), GOOD), (ServiceRemoved(help_),))
        self.assertChanges(added("variables", Variable(id=2, service_id=1, name="x")),
                           ServiceChanged(one, one, frozenset({"variables"})))  # fmt: skip
        self.assertChanges(changed("actions", parameters="http://x/"), ServiceChanged(one, one, frozenset({"actions"})),
                           ServiceChanged(two, two, frozenset({"actions"})))  # fmt: skip
        new = replace(one, queue_name="other")
        self.assertChanges(changed("services", queue_name="other"), ServiceChanged(one, new, frozenset({"queue_name"})))

    def test_disabled_service(self) -> None:
        """A disabled service takes its assignments along."""
        one, _ = GOOD.services
        self.assertChanges(changed("services", enabled=False), ServiceRemoved(one),
                           *(AssignmentRemoved(a) for a in GOOD.service_operators))  # fmt: skip

    def test_assignments(self) -> None:
        """Operators join and leave services, and their penalty changes."""
        new = ServiceOperator(service_id=2, operator_id=1)
        self.assertChanges(added("service_operators", new), AssignmentAdded(new))
        old = GOOD.service_operators[0]
        self.assertChanges(changed("service_operators", penalty=5), PenaltyChanged(old, replace(old, penalty=5)))

    def test_rest(self) -> None:
        """Settings, speed dials and account codes; a code of some is nothing to the others."""
        self.assertChanges(
            replace(GOOD, settings={"ami_host": "x"}), SettingsChanged(frozenset({"ami_host", "cti_read_timeout"}))
        )
        self.assertChanges(changed("speed_dials", number="9"), SpeedDialsChanged(GOOD.operators[0]))
        self.assertChanges(changed("account_codes", code="9"), AccountCodesChanged(GOOD.operators[1]))
        everybody = [AccountCodesChanged(operator) for operator in GOOD.operators]
        self.assertChanges(added("account_codes", AccountCode(id=3, code="9")), *everybody)
        self.assertChanges(added("account_codes", AccountCode(id=3, code="9", enabled=False)))

    def test_pause_reasons(self) -> None:
        """Reasons of pauses, by their codes: another spelling is another reason; switched off they do not count."""
        self.assertChanges(changed("pause_reasons", description="x"), PauseReasonsChanged(frozenset({"Lunch"})))
        self.assertChanges(changed("pause_reasons", code="LUNCH"), PauseReasonsChanged(frozenset({"Lunch", "LUNCH"})))
        self.assertChanges(changed("pause_reasons", enabled=False), PauseReasonsChanged(frozenset({"Lunch"})))
        self.assertChanges(added("pause_reasons", PauseReason(code="x")), PauseReasonsChanged(frozenset({"x"})))
        self.assertChanges(added("pause_reasons", PauseReason(code="x", enabled=False)))

    def test_removals_first(self) -> None:
        """Who applies the changes in order frees a seat before somebody else takes it."""
        seats = (Seat(id=3, exten="PJSIP/201"), GOOD.seats[1])
        kinds = [type(c) for c in difference(GOOD, replace(GOOD, seats=seats, extensions=()))]
        self.assertEqual(kinds, [SeatRemoved, SeatAdded])

    @settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
    @given(configurations(), configurations())
    def test_any(self, old: Configuration, new: Configuration) -> None:
        """Any two configurations can be compared; there is no difference of one from itself."""
        difference(old, new)
        self.assertEqual(difference(new, new), ())


class PlanTests(SynchronousTestCase):
    """What call tracking gets."""

    def test_plan(self) -> None:
        """Enabled services with their queues and enabled variables."""
        configuration = added("services", Service(id=3, name="off", enabled=False))
        configuration = replace(
            configuration,
            variables=(
                *GOOD.variables,
                Variable(id=2, service_id=1, name="b"),
                Variable(id=3, service_id=1, name="c", enabled=False),
            ),
        )
        plan = plan_of(configuration)
        self.assertEqual(
            plan.at_context("SALES"), ServicePlan(id=1, name="sales", queue="sales-queue", variables=("calldata", "b"))
        )
        self.assertEqual(plan.at_queue("sales-queue", "elsewhere"), plan.at_context("sales"))
        self.assertTrue(plan.by_id[2].outbound)
        self.assertEqual(plan.at_context("off"), None)


class ModelTests(SynchronousTestCase):
    """Look-ups of a configuration."""

    def test_phones(self) -> None:
        """A seat is found by each of its phones as channels show them."""
        configuration = changed("seats", exten="Local/201@phones/n")
        self.assertEqual(configuration.seat_by_channel["Local/201@phones"].id, 1)
        self.assertEqual(configuration.seat_by_channel["PJSIP/251"].id, 1)
        self.assertEqual(configuration.channels_of[1], ("Local/201@phones/n", "PJSIP/251"))

    def test_operators(self) -> None:
        """Who is active on a service, and on which services somebody is."""
        self.assertEqual(GOOD.operators_of[1], frozenset({1, 2}))
        self.assertEqual([a.service_id for a in GOOD.services_of[1]], [1])
        self.assertEqual(changed("operators", enabled=False).operators_of[1], frozenset({2}))
        self.assertNotIn(1, changed("services", enabled=False).services_of)
