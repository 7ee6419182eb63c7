"""Which client hears of a call, and with which actions."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from astcti.config.model import Action, Configuration, ServiceAction, ServiceOperator
from astcti.model.actions import RenderedAction, pop_mark
from astcti.model.commands import ClaimExtension, ClaimMac, Login, SetSystem
from astcti.model.notices import Notice
from astcti.services.books import Books
from tests.services.fakes import FakeClient, Office, call_centre, digest, notice

HTTP = "http://crm.example/?c=0551&d=12345"


def link(service_id: int, seat: str = "PJSIP/201", **details: Any) -> Notice:
    """A pop."""
    return notice("Link", seat, service_id, pop=True, variables=(("calldata", "12345"),), **details)


class TellingTests(SynchronousTestCase):
    """Three seats, and calls that reach them."""

    def setUp(self) -> None:
        self.sit(Office())

    def sit(self, office: Office) -> None:
        """Anna at 201 works on the services, bruno at 202 on none, carla at 303 on none."""
        self.office = office
        self.anna, self.bruno, self.carla = office.client(), office.client(), office.client()
        office.ask(self.anna, Login("anna", digest("a")))
        office.ask(self.anna, ClaimMac("00:1c:bf:37:53:ba"))
        office.ask(self.bruno, Login("bruno", digest("b")))
        office.ask(self.bruno, ClaimMac("00:1c:bf:37:53:bb"))
        office.ask(self.carla, Login("carla", digest("c")))
        office.ask(self.carla, ClaimExtension("303"))

    def with_actions(self, *actions: Action, **changes: Any) -> Configuration:
        """The call centre with these actions for the direct service."""
        refs = tuple(ServiceAction(service_id=1, action_id=a.id, order=a.id) for a in actions)
        return replace(call_centre(), actions=actions, service_actions=refs, **changes)

    def actions_of(self, client: FakeClient) -> list[list[str]]:
        """For each event a client was told, the configured actions that came along."""
        return [[a.configured for a in actions] for _, actions in client.told]

    def test_pop_goes_to_its_seat_only(self) -> None:
        """The answering agent gets the pop with data and page, and nobody else hears anything."""
        self.office.desk.notified([link(1)])
        ((told, actions),) = self.anna.told
        self.assertEqual(told.call.variables, (("calldata", "12345"),))
        mark = pop_mark(told.call.uniqueid, "seat 1", "LINK")
        self.assertEqual(actions, [RenderedAction(f"1-{mark}", "BROWSER", "", HTTP)])
        self.assertEqual((self.bruno.told, self.carla.told), ([], []))
        self.assertEqual((self.office.desk.counters.notices, self.office.desk.counters.pops), (1, 1))

    def test_ids_of_actions(self) -> None:
        """Told again of a call, at whichever phone of the seat, a client can tell that it is the same action."""
        self.office.desk.notified([link(1), link(1, "Local/251@phones"), link(1, uniqueid="2.1")])
        first, again, other = ([a.id for a in actions] for _, actions in self.anna.told)
        self.assertEqual(first, again)
        self.assertTrue(set(first).isdisjoint(other))

    def test_leading_dash(self) -> None:
        """Whether a caller's dashes stay in a program's arguments is a setting, and goes by the present one."""
        program = Action(id=1, destination="crm", parameters="{CALLERID}")
        self.sit(Office(self.with_actions(program), leading_dash="keep"))
        self.office.desk.notified([link(1, number="-rf")])
        settings = replace(self.office.settings, leading_dash="drop")
        self.office.desk.configure(Books.of(self.office.configuration, settings))
        self.office.desk.notified([link(1, number="-rf", uniqueid="2.1")])
        self.assertEqual([[a.arguments for a in actions] for _, actions in self.anna.told], [[("-rf",)], [("rf",)]])

    def test_any_phone_of_the_seat(self) -> None:
        """A call at the second phone of a seat is told to the same client."""
        self.office.desk.notified([link(1, "Local/251@phones")])
        self.assertEqual(self.anna.kinds, ["Link"])

    def test_empty_seat(self) -> None:
        """A call at a phone nobody sits at is told to nobody."""
        self.office.desk.detach(self.anna)
        self.office.desk.notified([link(1)])
        self.assertEqual(self.anna.told, [])

    def test_actions_by_operating_system(self) -> None:
        """Actions for one operating system go to clients that said it is theirs, in the configured order."""
        self.office.ask(self.anna, SetSystem("LINUX"))
        self.office.desk.notified([link(1)])
        self.office.ask(self.anna, SetSystem("WINDOWS"))
        self.office.desk.notified([link(1)])
        self.assertEqual(self.actions_of(self.anna), [["1", "2"], ["1"]])

    def test_queue_calls_are_for_the_queues_operators(self) -> None:
        """A call through a queue is told to those who work on the queue, and not even its end to anybody else."""
        self.office.desk.notified([link(2), link(2, "PJSIP/202"), notice("Hangup", "PJSIP/202", 2, reason_code=16)])
        self.assertEqual(self.actions_of(self.anna), [["1"]])
        self.assertEqual(self.bruno.told, [])
        self.assertEqual(self.office.desk.counters.withheld, 2)

    def test_calls_that_went_into_a_queue(self) -> None:
        """Who heard of a call before it was none of their business hears that it ended, and nothing else about it."""
        self.office.desk.notified([notice("Newchannel", "PJSIP/202"), link(2, "PJSIP/202")])
        end = notice("Hangup", "PJSIP/202", 2, name="Mario", variables=(("calldata", "12345"),), reason_code=16)
        self.office.desk.notified([end, end])
        (_, (told, _)) = self.bruno.told
        self.assertEqual((told.kind, told.call.number, told.call.name, told.call.variables), ("Hangup", "", "", ()))
        self.assertEqual((told.call.channel, told.call.reason_code), ("PJSIP/out-1", 16))
        self.assertEqual(self.office.desk.counters.withheld, 3)

    def test_one_of_two_phones_answers(self) -> None:
        """A call that rings two phones of a seat has not ended when one is answered and the other falls silent."""
        one, two, caller = "PJSIP/201-1", "Local/251@phones-2;1", "PJSIP/out-1"
        rings = [notice("Newchannel", "PJSIP/201", 1, channel=c) for c in (one, two)]
        ends = [notice("Hangup", "PJSIP/201", 1, channel=c) for c in (two, one)]
        self.office.desk.notified([*rings, ends[0], link(1, channel=caller, dest_channel=one)])
        self.assertEqual(self.anna.kinds, ["Newchannel", "Newchannel", "Link"])
        self.office.desk.notified([ends[1]])
        self.assertEqual(self.anna.kinds[3:], ["Hangup"])
        self.assertEqual(self.anna.told[-1][0].call.number, "0551")

    def test_a_phone_that_was_taken_away(self) -> None:
        """A phone that is no longer the seat's holds up the end of no call."""
        rings = [notice("Newchannel", service_id=1, channel=c) for c in ("PJSIP/201-1", "SIP/299-1")]
        self.office.desk.notified([*rings, notice("Hangup", service_id=1, channel="PJSIP/201-1")])
        self.assertEqual(self.anna.kinds[2:], ["Hangup"])

    def test_from_one_call_to_another(self) -> None:
        """A colleague who was asked first and then got the caller hears the end of both calls."""
        mine = {"channel": "PJSIP/201-1", "name": "Bruno"}
        self.office.desk.notified(
            [notice("Newchannel", uniqueid="2.1", **mine), notice("Link", uniqueid="3.1", **mine)]
        )
        self.office.desk.notified([link(1, dest_channel="PJSIP/201-1"), notice("Hangup", service_id=1, **mine)])
        ends = {(n.kind, n.call.uniqueid, n.call.name) for n, _ in self.anna.told[3:]}
        self.assertEqual(ends, {("Hangup", "2.1", ""), ("Hangup", "3.1", ""), ("Hangup", "1.1", "Bruno")})

    def test_parked(self) -> None:
        """Where a parked caller is fetched from the lot, it is no call of the agent's again that would have to end."""
        mine = {"channel": "PJSIP/201-1"}
        parked = [notice(kind, service_id=1, **mine) for kind in ("Newchannel", "Park", "Hangup", "Unpark", "Hangup")]
        self.office.desk.notified(parked)
        self.assertEqual(self.anna.kinds, ["Newchannel", "Park", "Hangup", "Unpark"])

    def test_after_somebody_else(self) -> None:
        """The end of a call is no news to whoever took the seat after it was told."""
        self.office.desk.notified([link(1)])
        self.office.desk.detach(self.anna)
        anna = self.office.client()
        self.office.ask(anna, Login("anna", digest("a")))
        self.office.ask(anna, ClaimMac("00:1c:bf:37:53:ba"))
        self.office.desk.notified([notice("Hangup", service_id=1)])
        self.assertEqual(anna.told, [])

    def test_direct_calls_are_for_whoever_answers(self) -> None:
        """A call without queue is told to whoever's phone it reaches; actions go to the service's operators only."""
        self.office.desk.notified([link(1, "PJSIP/202")])
        self.assertEqual((self.bruno.kinds, self.actions_of(self.bruno)), (["Link"], [[]]))

    def test_services_without_operators_are_for_all(self) -> None:
        """Calls and actions of a service that nobody in particular works on go to anybody."""
        self.sit(Office(replace(call_centre(), service_operators=(ServiceOperator(service_id=3, operator_id=1),))))
        self.office.desk.notified([link(1, "PJSIP/202"), link(2, "SIP/303")])
        self.assertEqual((self.actions_of(self.bruno), self.actions_of(self.carla)), ([["1"]], [["1"]]))

    def test_calls_without_service(self) -> None:
        """The own phone's calls are told even when they belong to no service, without actions."""
        self.office.desk.notified([notice("Newchannel", "PJSIP/202"), notice("Link", "PJSIP/202")])
        self.assertEqual((self.bruno.kinds, self.actions_of(self.bruno)), (["Newchannel", "Link"], [[], []]))

    def test_only_the_pop_has_actions(self) -> None:
        """Linked again after hold or a transfer that failed, the page does not open a second time."""
        self.office.desk.notified([link(1), notice("Unlink", service_id=1), notice("Link", service_id=1)])
        self.assertEqual(self.actions_of(self.anna), [["1"], [], []])

    def test_when_it_rings(self) -> None:
        """Actions for RINGING come once for each call, with the first event that says it rings."""
        self.sit(Office(self.with_actions(Action(id=1, type="BROWSER", parameters="http://a/", trigger="RINGING"))))
        ringing = notice("Newstate", service_id=1, state="Ringing")
        self.office.desk.notified([notice("Dial", service_id=1), notice("Callerid", service_id=1), ringing, ringing])
        self.office.desk.notified([notice("Callerid", service_id=1, uniqueid="2.2"), link(1)])
        self.assertEqual(self.actions_of(self.anna), [[], ["1"], [], [], ["1"], []])

    def test_when_it_ends(self) -> None:
        """Actions for HANGUP come once, and only to a seat that had the call."""
        self.sit(Office(self.with_actions(Action(id=1, type="BROWSER", parameters="http://a/", trigger="HANGUP"))))
        hangup = notice("Hangup", service_id=1)
        self.office.desk.notified([hangup, link(1), hangup, hangup])
        self.assertEqual(self.actions_of(self.anna), [[], ["1"]])

    def test_calls_that_never_end_are_not_kept(self) -> None:
        """What is remembered of a client's calls is bounded."""
        self.sit(Office(self.with_actions(Action(id=1, type="BROWSER", parameters="http://a/", trigger="HANGUP"))))
        self.office.desk.notified([link(1, uniqueid=f"{i}.1") for i in range(1000)])
        anna = self.office.desk.floor.of(self.anna)
        self.assertLessEqual(max(len(anna.moments), len(anna.heard or ())), 32)

    def test_actions_of_the_server(self) -> None:
        """Actions marked for the server are begun there, after the client was told, and are not sent to the client."""
        message = Action(id=1, type="TCP_MESSAGE", destination="h:1", parameters="{CALLERID} for {OPERATOR} at {SEAT}",
                         execute_on="SERVER")  # fmt: skip
        self.sit(Office(self.with_actions(message, Action(id=2, type="BROWSER", parameters="http://a/"))))
        self.office.desk.notified([link(1)])
        self.assertEqual(self.actions_of(self.anna), [["2"]])
        (((action),),) = self.office.started
        self.assertEqual((action.configured, action.parameters), ("1", "0551 for anna at PJSIP/201"))
