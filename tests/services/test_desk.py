"""Logging in, taking a seat, and what a new configuration does to those who are there."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from astcti.config.model import Configuration, Extension, ServiceOperator
from astcti.config.settings import Settings
from astcti.errors import Refused
from astcti.model.commands import (
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
from astcti.services.books import Books
from tests.services.fakes import AtOnce, FakeClient, Later, Office, call_centre, digest, notice

MAC = {"anna": "00:1c:bf:37:53:ba", "bruno": "00:1c:bf:37:53:bb"}


class DeskTestCase(SynchronousTestCase):
    """A desk and clients."""

    def setUp(self) -> None:
        self.office = Office()

    def login(self, username: str, client: FakeClient | None = None, peer: str = "192.0.2.10") -> FakeClient:
        """A client with somebody logged in."""
        client = client or self.office.client(peer)
        self.assertIsInstance(self.office.ask(client, Login(username, digest(username[0]))), LoggedIn)
        return client

    def seated(self, username: str) -> FakeClient:
        """A call-centre operator at their PC."""
        client = self.login(username)
        self.assertIsInstance(self.office.ask(client, ClaimMac(MAC[username])), Done)
        return client

    def refusal(self, client: FakeClient, command: Any) -> tuple[int, str]:
        """How a command is refused."""
        error = self.office.ask(client, command)
        assert isinstance(error, Refused), error
        return error.number, error.reason


class LoginTests(DeskTestCase):
    """Who gets in, and where they sit."""

    def test_login_and_mac(self) -> None:
        """A call-centre operator logs in, sends the PC's MAC, and has all phones of the seat."""
        client = self.office.client()
        self.assertEqual(self.office.ask(client, Login("anna", digest("a"))), LoggedIn("anna"))
        self.assertEqual(self.office.ask(client, ClaimMac(MAC["anna"])), Done("PJSIP/201 Local/251@phones/n"))
        self.assertEqual(self.office.phones.heard, {"PJSIP/201": "seat 1", "Local/251@phones": "seat 1"})
        self.assertEqual(self.office.ask(client, Identify()), Done("PJSIP/201 Local/251@phones/n"))

    def test_login_and_extension(self) -> None:
        """An office user names the phone."""
        client = self.login("carla")
        self.assertEqual(self.office.ask(client, ClaimExtension("303")), Done("SIP/303"))

    def test_fixed_seat(self) -> None:
        """Whoever has a fixed seat sits there with the login; if it is taken the login does not happen."""
        client = self.office.client()
        self.assertEqual(self.office.ask(client, Login("dario", digest("d"))), LoggedIn("dario", ("PJSIP/202",)))
        self.assertEqual(self.refusal(client, ClaimMac(MAC["bruno"]))[0], 903)
        self.office.desk.detach(client)
        self.seated("bruno")
        again = self.office.client()
        self.assertEqual(self.refusal(again, Login("dario", digest("d"))), (914, "seat in use"))
        self.assertEqual(self.refusal(again, Identify())[0], 902)

    def test_seat_by_address(self) -> None:
        """A client at a seat's address sits there with the login; a second one there has to say where it is."""
        client = self.office.client("198.51.100.5")
        self.assertEqual(self.office.ask(client, Login("carla", digest("c"))), LoggedIn("carla", ("SIP/303",)))
        second = self.office.client("198.51.100.6")
        self.assertEqual(self.office.ask(second, Login("anna", digest("a"))), LoggedIn("anna"))

    def test_one_seat_one_operator(self) -> None:
        """Nobody can take a seat that is in use; it is free the moment its client is gone."""
        anna = self.seated("anna")
        bruno = self.login("bruno")
        self.assertEqual(self.refusal(bruno, ClaimMac(MAC["anna"])), (914, "seat in use"))
        self.office.desk.detach(anna)
        self.assertEqual(self.office.phones.heard, {})
        self.assertIsInstance(self.office.ask(bruno, ClaimMac(MAC["anna"])), Done)
        self.assertEqual(self.refusal(bruno, ClaimMac(MAC["bruno"])), (903, "seat already set"))

    def test_second_login_is_refused(self) -> None:
        """An operator cannot log in twice, and only the right password is told so."""
        self.login("anna")
        other = self.office.client()
        self.assertEqual(self.refusal(other, Login("anna", digest("a"))), (910, "operator already logged in"))
        self.assertEqual(self.refusal(other, Login("anna", digest("x")))[0], 911)

    def test_takeover(self) -> None:
        """With takeover the second login ends the first, seat included."""
        self.office = Office(takeover=True)
        first = self.office.client()
        self.office.ask(first, Login("dario", digest("d")))
        second = self.office.client()
        self.assertEqual(self.office.ask(second, Login("dario", digest("d"))), LoggedIn("dario", ("PJSIP/202",)))
        self.assertEqual(first.dismissed, [(910, "logged in elsewhere", "replaced")])
        self.office.desk.detach(first)
        self.assertEqual(self.office.phones.heard, {"PJSIP/202": "seat 2"})

    def test_client_gone_while_its_password_is_checked(self) -> None:
        """A client that hangs up during the check leaves nothing behind."""
        later = Later()
        self.office.accounts._work = later
        self.office.accounts._configuration = replace(
            self.office.configuration,
            operators=tuple(replace(o, password="$argon2id$x") for o in self.office.configuration.operators),
        )
        client = self.office.client()
        self.office.ask(client, Login("anna", digest("a")))
        self.assertEqual(len(later.jobs), 1)
        self.office.desk.detach(client)
        later.jobs[0][1].callback(True)
        self.assertEqual((len(self.office.desk.floor), self.office.desk.floor.logged_in), (0, 0))

    def test_password_replaced_while_it_is_checked(self) -> None:
        """A password that an administrator replaces during its check lets nobody in any more; another one's does."""
        later = Later()
        self.office.accounts._work = later
        slow = tuple(replace(o, password="$argon2id$x") for o in self.office.configuration.operators)
        self.office.desk.configure(Books.of(replace(self.office.configuration, operators=slow), self.office.settings))
        clients = [self.office.client(), self.office.client()]
        replies = [
            self.office.desk.perform(c, Login(n, digest("x"))) for c, n in zip(clients, ("anna", "bruno"), strict=True)
        ]
        changed = tuple(replace(o, password="$argon2id$y") if o.username == "anna" else o for o in slow)
        self.office.desk.configure(
            Books.of(replace(self.office.configuration, operators=changed), self.office.settings)
        )
        for _, done in later.jobs:
            done.callback(True)
        self.assertEqual(self.failureResultOf(replies[0], Refused).value.number, 911)
        self.assertEqual(self.successResultOf(replies[1]).username, "bruno")

    def test_order_is_enforced(self) -> None:
        """Nothing but a login is possible before it, and no second one after it."""
        client = self.office.client()
        for command in (ClaimMac(MAC["anna"]), ClaimExtension("201"), Identify(), ListServices(), ListQueues(),
                        SetSystem("LINUX"), ChangePassword(digest("a"), digest("b"))):  # fmt: skip
            self.assertEqual(self.refusal(client, command), (902, "not authenticated"))
        self.login("anna", client)
        self.assertEqual(self.refusal(client, Identify()), (919, "seat not set"))
        self.assertEqual(self.refusal(client, Login("bruno", digest("b")))[0], 903)

    def test_unencrypted_passwords(self) -> None:
        """With require_tls only encrypted clients may send passwords."""
        self.office = Office(require_tls="yes")
        plain, safe = self.office.client(), self.office.client(secure=True)
        self.assertEqual(self.assertRaises(Refused, self.office.desk.may_try, plain, "anna").number, 918)
        self.assertEqual(self.refusal(plain, Login("anna", digest("a")))[0], 918)
        self.office.desk.may_try(safe, "anna")
        self.login("anna", safe)

    def test_locked_out_at_user(self) -> None:
        """Somebody locked out hears so before sending the password."""
        client = self.office.client()
        for _ in range(5):
            self.office.ask(client, Login("anna", digest("x")))
        self.assertEqual(self.assertRaises(Refused, self.office.desk.may_try, client, "anna").number, 917)

    def test_change_password(self) -> None:
        """CHPW answers once it is stored; the operator stays."""
        client = self.login("anna")
        self.assertEqual(self.office.ask(client, ChangePassword(digest("a"), digest("new"))), Done())
        self.assertIn("anna", self.office.store.kept)
        self.assertEqual(self.refusal(client, ChangePassword(digest("a"), digest("z")))[0], 911)

    def test_refusals_are_counted(self) -> None:
        """Whatever is refused is counted by its number."""
        client = self.office.client()
        self.office.ask(client, Login("anna", digest("x")))
        self.office.ask(client, Identify())
        self.assertEqual(self.office.desk.counters.refused, {911: 1, 902: 1})


class ListTests(DeskTestCase):
    """SERVICES and QUEUES."""

    def test_services(self) -> None:
        """An operator sees the enabled services they work on."""
        self.assertEqual(
            self.office.ask(self.login("anna"), ListServices()),
            ServiceList((("direct", "direct", "inbound"), ("queued", "queued", "inbound"),
                         ("outgoing", "outgoing", "outbound"))),
        )  # fmt: skip
        self.assertEqual(self.office.ask(self.login("carla"), ListServices()), ServiceList(()))

    def test_queues(self) -> None:
        """An operator sees the queues they work on, and in which of them the PBX has one of their phones."""
        anna = self.seated("anna")
        self.assertEqual(self.office.ask(anna, ListQueues()), QueueList((("astcti", False),)))
        self.office.members.all.add(("astcti", "Local/251@phones"))
        self.assertEqual(self.office.ask(anna, ListQueues()), QueueList((("astcti", True),)))

    def test_queues_by_language(self) -> None:
        """Operators also belong to the queue services of the languages they speak."""
        configuration = call_centre()
        self.office = Office(
            replace(
                configuration,
                services=tuple(replace(s, language="ar") for s in configuration.services),
                operators=tuple(replace(o, languages=("en", "AR")) for o in configuration.operators),
            )
        )
        client = self.login("bruno")
        self.assertEqual(self.office.ask(client, ListQueues()), QueueList((("astcti", False),)))
        self.assertEqual(self.office.ask(client, ListServices()), ServiceList((("queued", "queued", "inbound"),)))

    def test_membership_notices(self) -> None:
        """A client is told once when its seat joins or leaves a queue of its operator, whichever phone it is."""
        anna, members, desk = self.seated("anna"), self.office.members.all, self.office.desk

        def change(queue: str, phone: str, member: bool) -> None:
            (members.add if member else members.discard)((queue, phone))
            desk.member_changed(queue, phone, member)

        change("astcti", "PJSIP/201", True)
        change("astcti", "Local/251@phones", True)
        change("astcti", "PJSIP/201", False)
        change("other", "PJSIP/201", True)
        change("astcti", "PJSIP/999", True)
        self.assertEqual(anna.queues, [("astcti", True)])
        change("astcti", "Local/251@phones", False)
        self.assertEqual(anna.queues, [("astcti", True), ("astcti", False)])


class LinkTests(DeskTestCase):
    """When the PBX is away."""

    def test_nobody_new_without_a_pbx(self) -> None:
        """Without the PBX new clients are refused, and those connected cannot log in or take a seat."""
        waiting, anna = self.office.client(), self.login("anna")
        self.office.desk.link_changed(False)
        self.assertEqual(self.assertRaises(Refused, self.office.client).number, 905)
        self.assertEqual(self.refusal(waiting, Login("bruno", digest("b"))), (905, "no link to the PBX"))
        self.assertEqual(self.refusal(anna, ClaimMac(MAC["anna"]))[0], 905)
        self.office.desk.link_changed(False)
        self.office.desk.link_changed(True)
        self.assertEqual(anna.pbx, [False, True])

    def test_sent_away(self) -> None:
        """Everybody can be sent away at once, which frees all seats."""
        anna, other = self.seated("anna"), self.office.client()
        self.office.desk.dismiss_all(990, "server shutting down", "shutdown")
        for client in (anna, other):
            self.assertEqual(client.dismissed, [(990, "server shutting down", "shutdown")])
        self.assertEqual(self.office.phones.heard, {})

    def test_ceiling(self) -> None:
        """More than max_clients connections are refused."""
        self.office = Office(max_clients=2)
        self.office.client()
        self.office.client()
        self.assertEqual(self.assertRaises(Refused, self.office.client).number, 908)


class ReloadTests(DeskTestCase):
    """What a new configuration does to those who are there."""

    def setUp(self) -> None:
        super().setUp()
        self.anna, self.bruno, self.carla = self.seated("anna"), self.seated("bruno"), self.login("carla")

    def configure(self, configuration: Configuration, **settings: Any) -> None:
        """Reload."""
        settings = {"upgrade_hashes": False, "require_tls": "no", **settings}
        self.office.desk.configure(Books.of(configuration, Settings(**settings)))

    def with_anna(self, **changes: Any) -> Configuration:
        """The configuration with anna changed."""
        operators = tuple(replace(o, **changes) if o.id == 1 else o for o in self.office.configuration.operators)
        return replace(self.office.configuration, operators=operators)

    def with_seat(self, **changes: Any) -> Configuration:
        """The configuration with anna's seat changed."""
        seats = tuple(replace(s, **changes) if s.id == 1 else s for s in self.office.configuration.seats)
        return replace(self.office.configuration, seats=seats)

    def test_nothing_relevant(self) -> None:
        """A reload that concerns nobody is not noticed by anybody."""
        self.configure(self.office.configuration)
        self.configure(self.with_anna(full_name="Anna B."))
        for client in (self.anna, self.bruno, self.carla):
            self.assertEqual((client.dismissed, client.told, client.queues), ([], [], []))
        self.assertEqual(self.office.ask(self.anna, Identify()), Done("PJSIP/201 Local/251@phones/n"))

    def test_who_has_to_leave(self) -> None:
        """Whoever's account or seat changed has to log in again; nobody else."""
        for wanted in (
            self.with_anna(enabled=False),
            self.with_anna(username="annabel"),
            self.with_anna(password=digest("by an administrator")),
            self.with_anna(seat_id=1),
            self.with_anna(is_call_center=False),
            replace(self.office.configuration, operators=self.office.configuration.operators[1:]),
            self.with_seat(enabled=False),
            self.with_seat(mac="00:1c:bf:00:00:00"),
            self.with_seat(exten="PJSIP/299"),
        ):
            self.setUp()
            self.configure(wanted)
            why = (902, "configuration changed, please log in again", "reload")
            self.assertEqual((self.anna.dismissed, self.bruno.dismissed, self.carla.dismissed), ([why], [], []))
            self.assertEqual(self.office.phones.heard, {"PJSIP/202": "seat 2"})

    def test_own_password_change(self) -> None:
        """Somebody who changed the own password stays, whether the reload knows of it or not."""
        self.office.ask(self.anna, ChangePassword(digest("a"), digest("new")))
        self.configure(self.with_anna(password=self.office.store.kept["anna"]))
        self.configure(self.office.configuration)
        self.assertEqual(self.anna.dismissed, [])

    def test_further_phones(self) -> None:
        """Further phones of a seat come and go without disconnecting."""
        self.configure(replace(self.office.configuration, extensions=(Extension(seat_id=1, exten="SIP/299"),)))
        self.assertEqual(set(self.office.phones.heard), {"PJSIP/201", "SIP/299", "PJSIP/202"})
        self.assertEqual(self.office.ask(self.anna, Identify()), Done("PJSIP/201 SIP/299"))
        self.configure(replace(self.office.configuration, extensions=(Extension(seat_id=2, exten="SIP/299"),)))
        self.assertIs(self.office.desk.floor.at_phone["SIP/299"].client, self.bruno)
        self.assertEqual((self.anna.dismissed, self.bruno.dismissed), ([], []))

    def test_calls_end_undisturbed(self) -> None:
        """Running calls of a service that was taken from an operator, or deleted, are told to the end; none pops."""
        changed = replace(self.office.configuration, service_operators=(ServiceOperator(service_id=2, operator_id=2),))
        self.office.desk.configure(Books.of(changed, self.office.settings), running={2})
        self.office.desk.notified([notice("Unlink", service_id=2), notice("Link", service_id=2, pop=True)])
        self.assertEqual(self.anna.kinds, ["Unlink", "Link"])
        self.assertEqual([actions for _, actions in self.anna.told], [(), ()])
        gone = replace(changed, services=self.office.configuration.services[:1], service_operators=())
        self.office.desk.configure(Books.of(gone, self.office.settings), running={2})
        self.office.desk.notified([notice(kind, "PJSIP/202", service_id=2) for kind in ("Unlink", "Hangup")])
        self.assertEqual(self.bruno.told[-1][0].service_id, 2)
        self.office.desk.configure(Books.of(gone, self.office.settings))
        self.office.desk.notified([notice("Newexten", "PJSIP/202", service_id=2)])
        self.assertEqual(self.bruno.kinds, ["Unlink", "Hangup"])

    def test_one_broken_client(self) -> None:
        """What goes wrong with one client costs that client only."""
        self.anna.broken = True
        self.office.desk.notified([notice("Newchannel"), notice("Newchannel", "PJSIP/202")])
        self.assertEqual(self.anna.dismissed, [(999, "internal error", "kicked")])
        self.assertEqual(self.bruno.kinds, ["Newchannel"])
        self.assertEqual(self.office.desk.counters.faults, 1)
        self.assertTrue(self.flushLoggedErrors(RuntimeError))

    def test_hashing_stops_with_the_setting(self) -> None:
        """The setting upgrade_hashes counts from the reload on."""
        self.office.accounts._work = AtOnce()
        self.office.desk.detach(self.carla)
        self.configure(self.office.configuration, upgrade_hashes=True)
        self.login("carla")
        self.assertIn("carla", self.office.store.kept)
