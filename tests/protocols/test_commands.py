"""Every command, in every state, on a plain and on a compressed connection."""

from __future__ import annotations

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from astcti.errors import Refused
from astcti.model.commands import (
    ChangePassword,
    ClaimExtension,
    ClaimMac,
    Done,
    LoggedIn,
    Login,
    Originate,
    QueueList,
    Reply,
    ReportAction,
    SendText,
    ServiceList,
    SetSystem,
    Telecommute,
)
from astcti.protocols.commandtable import COMMANDS, masked
from astcti.protocols.settings import ProtocolSettings
from astcti.protocols.states import SEATED, State
from tests.protocols.fakes import OPER1, FakeDesk, Peer, ZlibPeer, a_notice

MAC = "00:1c:bf:37:53:ba"
NEW = "0" * 32
SETTINGS = ProtocolSettings(require_tls="no", dialect="v2")


class CommandTests:
    """The suite; the wire is the subclass's."""

    peer_class: type[Peer]

    def setUp(self) -> None:
        self.peer = self.peer_class(FakeDesk(), SETTINGS, tls=True)
        self.peer.hears()
        self.desk = self.peer.desk

    def log_in(self, *lines: str) -> None:
        self.peer.asks("CAPS errcodes", "USER oper1", f"PASS {OPER1}", *lines)
        self.desk.asked.clear()

    def expect(self, *conversation: str | list[str]) -> None:
        """Say and hear by turns."""
        for said, heard in zip(conversation[::2], conversation[1::2], strict=True):
            self.assertEqual(self.peer.asks(said), [heard] if isinstance(heard, str) else heard, said)

    # In any state.

    def test_always(self) -> None:
        """NOOP, KEEP, CAPS and QUIT are answered whoever asks, in any case of letters."""
        self.expect(
            "noop", "100 OK", "Keep", "104 15000", "CAPS", "106", "CAPS ?", "106 errcodes events2 queues actr resume"
        )
        self.expect("CAPS PHONE errcodes", "106 errcodes", "CAPS Events2", "106 errcodes events2")
        self.expect("CAPS", "106 errcodes events2", "CAPS queues", "106 errcodes events2 queues", "QUIT", "900 OK")
        self.assertTrue(self.peer.closed)

    def test_not_heard(self) -> None:
        """Every command in every state in which it is not heard: why not, whatever its parameters; the state stays."""
        before, seatless, again = "902 not authenticated", "919 seat not set", "903 already authenticated"
        always = {"CMPR", "KEEP", "NOOP", "CAPS", "QUIT", "USER", "AUTH", "STLS", "PASS"}
        early = dict.fromkeys(COMMANDS.keys() - always, before)
        for lines, reasons in (
            ((), early),
            (("USER oper1",), early | {"STLS": "903 not valid now"}),
            (("USER oper1", f"PASS {OPER1}"),
             {word: seatless for word, entry in COMMANDS.items() if entry.states == SEATED}
             | {"USER": again, "PASS": again, "AUTH": again, "STLS": "903 not valid now"}),
            (("USER oper1", f"PASS {OPER1}", f"MAC {MAC}"),
             {"USER": again, "PASS": again, "AUTH": again, "STLS": "903 not valid now"}
             | {"MAC": "903 seat already set", "EXTEN": "903 seat already set"}),
        ):  # fmt: skip
            self.setUp()
            self.peer.asks("CAPS errcodes", *lines)
            self.desk.asked.clear()
            for word, reason in sorted(reasons.items()):
                code = 302 if word == "PAUSE" and reason != before else 101
                for line in (word, f"{word} x y z"):
                    self.assertEqual(self.peer.asks(line), [f"{code} {reason}"], (lines, line))
            self.assertEqual((self.desk.asked, self.peer.closed), ([], False))

    def test_surplus_is_passed_over(self) -> None:
        """Old clients put things behind some commands; they do no harm."""
        self.expect("NOOP x y", "100 OK", "KEEP 5", "104 15000", "USER oper1", "100 OK", f"PASS {OPER1} x", "102 OK")
        self.expect(f"MAC {MAC}", "100 OK SIP/201", "IDEN x", "100 OK SIP/201", "QUIT now", "900 OK")

    def test_unknown(self) -> None:
        """What is not in the table is unknown, whatever it looks like."""
        for line in ("HELLO", "X" * 300, "QU\u0131T", "100 OK"):
            self.assertEqual(self.peer.asks(line), ["101 unknown command"])

    def test_blanks(self) -> None:
        """Tokens are apart by any number of blanks and TABs, also before and behind."""
        self.expect("  \tUSER \t oper1\t ", "100 OK", f" PASS\t\t{OPER1} ", "102 OK")
        self.expect(f"MAC  {MAC}\r", "100 OK SIP/201")

    def test_empty_lines(self) -> None:
        """Lines without anything are not answered."""
        self.peer.sends(self.peer.encoded("", "\r", "  ", "\t"))
        self.assertEqual(self.peer.hears(), [])

    # Logging in.

    def test_not_authenticated(self) -> None:
        """Before the login nothing about the seat is done, however wrong the parameters."""
        self.peer.asks("CAPS errcodes")
        for line in (f"MAC {MAC}", "MAC", "EXTEN 201", "OSTYPE LINUX", "CHPW", "SERVICES", "QUEUES", "IDEN"):
            self.assertEqual(self.peer.asks(line), ["101 902 not authenticated"])
        self.assertEqual(self.desk.asked, [])

    def test_user(self) -> None:
        """A name may have blanks and be of any alphabet; it has to be there and of bearable length."""
        self.expect("CAPS errcodes", "106 errcodes", "USER", "101 901 no user name given")
        self.expect("USER " + "é" * 101, "101 901 user name longer than 100 characters")
        self.expect("USER " + "é" * 100, "100 OK", "USER maría del mar", "100 OK", f"PASS {OPER1}", "102 OK")
        self.assertEqual(self.desk.asked, [Login("maría del mar", OPER1)])
        self.expect("USER oper1", "101 903 already authenticated", f"PASS {OPER1}", "101 903 already authenticated")

    def test_user_says_nothing_about_users(self) -> None:
        """Whether somebody exists is not told before the password."""
        self.expect("USER nobody", "100 OK", f"PASS {OPER1}", "101 wrong user name or password")

    def test_pass_needs_user(self) -> None:
        """PASS comes after USER, each time."""
        self.expect("CAPS errcodes", "106 errcodes", f"PASS {OPER1}", "101 903 send USER first")
        self.expect("USER oper1", "100 OK", f"PASS {NEW}", "101 911 wrong user name or password")
        self.expect(f"PASS {OPER1}", "101 903 send USER first")
        self.assertEqual(len(self.desk.asked), 1)

    def test_digests(self) -> None:
        """A digest is 32 hexadecimal digits of either case; anything else is not even tried."""
        self.peer.asks("CAPS errcodes", "USER oper1")
        for wrong in ("x", OPER1[:-1], OPER1 + "0", OPER1[:-1] + "g", "\u0661" * 32):
            self.assertEqual(self.peer.asks(f"PASS {wrong}"), ["101 901 malformed digest"])
        self.expect("PASS", "101 901 wrong number of parameters", f"PASS {OPER1.upper()}", "102 OK")
        self.assertEqual(self.desk.asked, [Login("oper1", OPER1)])

    def test_three_wrong_passwords(self) -> None:
        """The third wrong password closes the connection, behind its refusal."""
        wrong = ["100 OK", "101 wrong user name or password"]
        for closed in (False, False, True):
            self.assertEqual(self.peer.asks("USER oper1", f"PASS {NEW}"), wrong)
            self.assertEqual(self.peer.closed, closed)
        self.assertEqual(self.peer.asks("NOOP"), [])

    def test_success_forgives(self) -> None:
        """Old mistakes do not count against somebody who logged in since."""
        for _ in range(2):
            self.peer.asks("USER oper1", f"PASS {NEW}")
        self.log_in()
        for _ in range(2):
            self.assertEqual(self.peer.asks(f"CHPW {NEW} {OPER1}"), ["101 911 wrong password"])
        self.assertFalse(self.peer.closed)
        self.peer.asks(f"CHPW {NEW} {OPER1}")
        self.assertTrue(self.peer.closed)

    def test_locked_out(self) -> None:
        """Who is locked out hears it at USER, and whoever was named before is forgotten."""
        self.desk.locked.add("bruno")
        self.expect("CAPS errcodes", "106 errcodes", "USER oper1", "100 OK")
        self.expect("USER bruno", "101 917 too many attempts, retry in 60 s")
        self.expect(f"PASS {OPER1}", "101 903 send USER first")

    def test_fixed_seat(self) -> None:
        """An operator with a fixed seat is at work with the password."""
        self.assertEqual(self.peer.asks("USER boss", f"PASS {OPER1}"), ["100 OK", "102 OK"])
        self.assertIs(self.peer.session.state, State.OPERATIONAL)
        self.expect("IDEN", "100 OK SIP/100", f"MAC {MAC}", "101 seat already set")

    # The seat.

    def test_mac(self) -> None:
        """A MAC address is known in any usual spelling, by one separator throughout."""
        self.log_in()
        for wrong in ("1", "00:1c:bf:37:53", MAC + ":00", "00:1c-bf:37:53:ba", "001cbf:3753ba", "00:1c:bf:37:53:bg"):
            self.assertEqual(self.peer.asks(f"MAC {wrong}"), ["101 901 not a MAC address"])
        self.expect("MAC", "101 901 wrong number of parameters", f"MAC {MAC} x", "101 901 wrong number of parameters")
        for spelling in ("00-1C-BF-37-53-BA", "001cbf3753ba", "00:1C:bf:37:53:BA"):
            self.log_in()
            self.assertEqual(self.peer.asks(f"MAC {spelling}"), ["100 OK SIP/201"])
            self.assertEqual(self.desk.asked, [ClaimMac(MAC)])
            self.setUp()

    def test_exten(self) -> None:
        """An extension is handed on as it was typed."""
        self.log_in()
        self.expect("EXTEN", "101 901 wrong number of parameters", "EXTEN sip/311", "100 OK sip/311")
        self.assertEqual(self.desk.asked, [ClaimExtension("sip/311")])
        self.expect("EXTEN 312", "101 903 seat already set", f"MAC {MAC}", "101 903 seat already set")

    def test_iden(self) -> None:
        """The seat's channels can be asked for once there is one."""
        self.log_in()
        self.expect("IDEN", "101 919 seat not set", "EXTEN 201", "100 OK SIP/201", "IDEN", "100 OK SIP/201")

    def test_seat_refused(self) -> None:
        """Who may not take a seat can try another."""
        self.log_in()
        self.expect("MAC 00:00:00:00:00:01", "101 913 unknown MAC address", f"MAC {MAC}", "100 OK SIP/201")

    # The rest.

    def test_ostype(self) -> None:
        """All names of the three systems are known."""
        self.log_in()
        self.expect("OSTYPE", "101 901 wrong number of parameters", "OSTYPE BEOS", "101 912 unknown operating system")
        names = ["LINUX", "lin", "LNX", "windows", "WIN", "macintosh", "MAC", "osx", "MacOS"]
        for name in names:
            self.assertEqual(self.peer.asks(f"OSTYPE {name}"), ["100 OK"])
        systems = ["LINUX"] * 3 + ["WINDOWS"] * 2 + ["MACINTOSH"] * 4
        self.assertEqual(self.desk.asked, [SetSystem(s) for s in systems])

    def test_chpw(self) -> None:
        """A password is changed to another one that is not empty."""
        self.log_in()
        self.expect("CHPW x", "101 901 wrong number of parameters", f"CHPW {OPER1} x", "101 901 malformed digest")
        self.expect(f"CHPW {OPER1} {OPER1}", "101 915 the new password is the old one")
        self.expect(f"CHPW {OPER1} d41d8cd98f00b204e9800998ecf8427e", "101 915 the new password is empty")
        self.assertEqual(self.desk.asked, [])
        self.expect(f"CHPW {OPER1.upper()} {NEW}", "100 OK")
        self.assertEqual(self.desk.asked, [ChangePassword(OPER1, NEW)])

    def test_lists(self) -> None:
        """Lists end with eof, also empty ones, and take no parameters."""
        self.log_in()
        self.expect("SERVICES", ["200 astctidemo astctidemo inbound", "200 outgoing outgoing outbound", "201 eof"])
        self.expect("QUEUES", ["202 astcti", "202 sales unavailable", "203 eof"])
        self.expect("SERVICES x", "101 901 wrong number of parameters")
        for command, empty, end in (("SERVICES", ServiceList(()), "201 eof"), ("QUEUES", QueueList(()), "203 eof")):
            self.desk.slow = done = Deferred[Reply]()
            done.callback(empty)
            self.expect(command, end)

    # Order.

    def test_pipelining(self) -> None:
        """Commands sent together are answered in order, wherever their bytes are cut."""
        lines = ("USER oper1", f"PASS {OPER1}", "KEEP", f"MAC {MAC}", "HELLO", "SERVICES", "IDEN", "QUIT", "NOOP")
        answers = ["100 OK", "102 OK", "104 15000", "100 OK SIP/201", "101 unknown command",
                   "200 astctidemo astctidemo inbound", "200 outgoing outgoing outbound", "201 eof",
                   "100 OK SIP/201", "900 OK"]  # fmt: skip
        for size in (1, 2, 7, 1000):
            self.setUp()
            data = self.peer.encoded(*lines)
            for at in range(0, len(data), size):
                self.peer.sends(data[at : at + size])
            self.assertEqual(self.peer.hears(), answers)

    def test_waiting(self) -> None:
        """While the desk thinks, later commands wait; events go out; then all is answered in order."""
        self.log_in(f"MAC {MAC}")
        self.desk.slow = slow = Deferred[Reply]()
        self.assertEqual(self.peer.asks("SERVICES", "NOOP", "HELLO"), [])
        self.peer.session.notify(a_notice("Dial"), ())
        self.peer.session.queue_changed("astcti", False)
        event, queue = self.peer.hears()
        self.assertTrue(event.startswith('<event id="Dial">'))
        self.assertEqual(queue, "202 astcti unavailable")
        slow.callback(ServiceList((("a", "b", "inbound"),)))
        self.assertEqual(self.peer.hears(), ["200 a b inbound", "201 eof", "100 OK", "101 900 unknown command"])

    def test_refused_later(self) -> None:
        """A refusal that took its time is a refusal, and counts as one."""
        for closed in (False, False, True):
            self.desk.slow = slow = Deferred[Reply]()
            self.peer.asks("USER oper1", f"PASS {OPER1}")
            slow.errback(Refused(911, "wrong user name or password"))
            self.assertEqual(self.peer.hears(), ["101 wrong user name or password"])
            self.assertIs(self.peer.closed, closed)

    def test_gone_while_waiting(self) -> None:
        """What the desk says to somebody who left meanwhile is lost without noise."""
        for late in (LoggedIn("oper1"), Refused(911, "no"), RuntimeError("bug")):
            self.setUp()
            self.desk.slow = slow = Deferred[Reply]()
            self.peer.asks("USER oper1", f"PASS {OPER1}")
            self.peer.session.lost()
            slow.callback(late) if isinstance(late, LoggedIn) else slow.errback(late)
            self.assertEqual((self.peer.hears(), len(self.desk.detached)), ([], 1))

    def test_told_early(self) -> None:
        """What the desk tells while it gives a seat comes behind the seat, and nowhere without one."""
        self.desk.told_early = [("astcti", True)]
        self.log_in()
        self.assertEqual(self.peer.asks(f"MAC {MAC}"), ["100 OK SIP/201", "202 astcti"])
        self.peer.asks("QUIT")
        self.setUp()
        self.peer.session.queue_changed("astcti", True)
        self.peer.session.notify(a_notice(), ())
        self.assertEqual(self.peer.hears(), [])

    def test_outcomes_of_actions(self) -> None:
        """What a client says of an action arrives, whatever is in its words."""
        self.log_in()
        self.expect(f"MAC {MAC}", "100 OK SIP/201")
        for said, command in (
            ("7-ab OK", ReportAction("7-ab", True)),
            ("7-ab ok 12%20ms", ReportAction("7-ab", True, "12 ms")),
            ("7-ab KO no such program", ReportAction("7-ab", False, "no such program")),
            ("7-ab KO 50% of it%0aand%00%ff more", ReportAction("7-ab", False, "50% of it and \ufffd more")),
            (f"7-ab KO {'x' * 600}", ReportAction("7-ab", False, "x" * 500)),
        ):
            self.desk.slow = slow = Deferred[Reply]()
            slow.callback(Done())
            self.expect(f"ACTR {said}", "100 OK")
            self.assertEqual(self.desk.asked[-1], command)
        self.expect("ACTR 7-ab", "101 901 wrong number of parameters", "ACTR 7-ab YES", "101 901 say OK or KO",
                    f"ACTR {'7' * 101} OK", "101 931 no such action")  # fmt: skip

    def test_originate(self) -> None:
        """Every form of ORIG is read as what it means: a bar makes it that of the first generation, a slash a phone."""
        self.log_in()
        self.expect("ORIG 1", "101 919 seat not set", f"MAC {MAC}", "100 OK SIP/201")
        for said, command in (
            ("0551", Originate("0551")),
            ("0551 Outgoing", Originate("0551", "Outgoing")),
            ("205|outgoing|1", Originate("205", "outgoing", "", 1)),
            ("205|outgoing|00012", Originate("205", "outgoing", "", 12)),
            ("sip/202 0551", Originate("0551", "", "sip/202")),
            ("SIP/202 0551 outgoing", Originate("0551", "outgoing", "SIP/202")),
            ("%30", Originate("%30")),
        ):
            self.expect(f"ORIG {said}", "100 OK")
            self.assertEqual(self.desk.asked[-1], command)
        self.desk.asked.clear()
        bar = "101 901 with | it is number|context|priority, and nothing else"
        for said, answer in (
            ("", "101 901 wrong number of parameters"), ("1 2 3", "101 901 wrong number of parameters"),
            ("SIP/202", "101 901 no number to call from that phone"),
            ("SIP/202 1 outgoing x", "101 901 wrong number of parameters"),
            ("1|outgoing", bar), ("1|outgoing|", bar), ("1|outgoing|x", bar), ("1|outgoing|-1", bar),
            ("1|outgoing|1|2", bar), ("|outgoing|1", bar), ("1||1", bar), ("1|outgoing|1 x", bar),
            ("1|outgoing|123456", bar), ("1|outgoing|\u0661", bar),
        ):  # fmt: skip
            self.expect(f"ORIG {said}", answer)
        self.assertEqual(self.desk.asked, [])
        self.expect("TELE 0551", "100 OK", "TELE off", "100 OK", "TELE", "101 901 wrong number of parameters")
        self.assertEqual(self.desk.asked, [Telecommute("0551"), Telecommute("")])

    def test_texts(self) -> None:
        """A message to somebody arrives as it was written; none that could not be shown does."""
        self.log_in()
        self.expect(f"MAC {MAC}", "100 OK SIP/201")
        self.desk.slow = slow = Deferred[Reply]()
        slow.callback(Done())
        self.expect("TEXT bruno Tea%20at%20four%2C 100%25 sure", "100 OK")
        self.assertEqual(self.desk.asked[-1], SendText("bruno", "Tea at four, 100% sure"))
        self.expect("TEXT bruno", "101 901 wrong number of parameters", "TEXT bruno %20", "101 901 no text",
                    f"TEXT bruno {'x' * 501}", "101 901 text longer than 500 characters",
                    "TEXT bruno a%0ab", "101 901 characters that cannot be shown")  # fmt: skip

    def test_internal_errors(self) -> None:
        """A bug of ours costs one answer, is logged, and the connection stays."""
        self.log_in()
        self.desk.crash = RuntimeError("bug")
        self.expect("SERVICES", "101 999 internal error")
        self.desk.crash = None
        for wrong in (RuntimeError("bug"), None, "no answer"):
            self.desk.slow = slow = Deferred[Reply]()
            slow.callback(wrong)
            self.expect("QUEUES", "101 999 internal error")
        self.expect("NOOP", "100 OK")
        self.assertEqual(len(self.flushLoggedErrors()), 4)

    def test_bugs_of_the_desk(self) -> None:
        """A desk that fails when somebody comes, asks or goes costs that one client at most."""
        self.desk.may_try = lambda client, name: 1 / 0
        self.expect("CAPS errcodes", "106 errcodes", "USER oper1", "101 999 internal error", "NOOP", "100 OK")
        self.desk.detach = lambda client: 1 / 0
        self.expect("QUIT", "900 OK")
        self.assertTrue(self.peer.closed)
        desk = FakeDesk()
        desk.attach = lambda client: 1 / 0
        peer = Peer(desk)
        self.assertEqual((peer.hears(), peer.closed), (["101 KO internal error"], True))
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 3)

    def test_sent_away_while_asking(self) -> None:
        """Who is dismissed in the middle of a question hears that and nothing else."""
        self.log_in()
        self.desk.slow = slow = Deferred[Reply]()
        self.peer.asks("SERVICES", "NOOP")
        self.peer.session.dismiss(990, "server shutting down", "shutdown")
        slow.callback(ServiceList(()))
        self.assertEqual((self.peer.hears(), self.peer.closed), (["101 990 server shutting down"], True))

    def test_dismissed_by_the_answer(self) -> None:
        """So it is when the question itself is the cause."""
        self.log_in()
        session = self.peer.session
        self.desk._perform = lambda client, command: (session.dismiss(990, "x", "reload"), ServiceList(()))[1]
        self.expect("SERVICES", "101 990 x")

    def test_many_channels(self) -> None:
        """A seat's further channels follow the main one."""
        self.log_in()
        self.desk.slow = slow = Deferred[Reply]()
        slow.callback(Done("SIP/201 PJSIP/201"))
        self.expect(f"MAC {MAC}", "100 OK SIP/201 PJSIP/201")


class PlainCommandTests(CommandTests, SynchronousTestCase):
    """On a plain connection."""

    peer_class = Peer

    def test_stls(self) -> None:
        """TLS is begun once, before anything else, and what was said before it is forgotten."""
        self.expect("CAPS errcodes", "106 errcodes", "USER oper1", "100 OK", "STLS", "101 903 not valid now")
        self.setUp()
        self.peer.asks("CAPS errcodes")
        self.expect("STLS", "100 OK", "CAPS", "106", f"PASS {OPER1}", "101 send USER first")
        self.assertEqual((self.peer.handshakes, self.peer.session.secure), (1, True))
        self.expect("CAPS errcodes", "106 errcodes")

    def test_stls_only_once(self) -> None:
        """An encrypted connection is not encrypted again."""
        self.expect("STLS", "100 OK", "CAPS errcodes", "106 errcodes")
        self.assertEqual(self.peer.asks("STLS"), ["101 903 already encrypted"])

    def test_stls_without_certificate(self) -> None:
        """A listener without a certificate says so."""
        self.peer = Peer(settings=SETTINGS)
        self.peer.hears()
        self.expect("CAPS errcodes", "106 errcodes", "STLS", "101 930 TLS is not available")

    def test_bytes_behind_stls(self) -> None:
        """Commands smuggled behind STLS are never carried out: the connection is closed."""
        self.peer.says("STLS", "USER oper1")
        self.assertEqual((self.peer.hears(), self.peer.handshakes, self.peer.closed), ([], 0, True))

    def test_cmpr(self) -> None:
        """The level is the lower of both sides'; 0 changes nothing."""
        for asked, level in (("CMPR 0", "103 0"), ("CMPR 0", "103 0"), ("CMPR 3", "103 3")):
            self.assertEqual(self.peer.asks(asked), [level])
        self.peer.compress()
        for again in ("CMPR", "CMPR 9", "CMPR 0"):
            self.assertEqual(self.peer.asks(again), ["103 3"])

    def test_cmpr_wrong(self) -> None:
        """A level is one digit."""
        for wrong in ("10", "-1", "x", "\u0663"):
            self.assertEqual(self.peer.asks(f"CMPR {wrong}"), ["101 compression level must be 0 to 9"])
        self.assertEqual(self.peer.asks("CMPR 1 2"), ["101 wrong number of parameters"])

    def test_no_compression_here(self) -> None:
        """A server configured without compression says 0."""
        self.peer = Peer(settings=ProtocolSettings(compression_level=0))
        self.peer.hears()
        self.assertEqual(self.peer.asks("CMPR", "NOOP"), ["103 0", "100 OK"])

    def test_require_tls(self) -> None:
        """Where TLS is required credentials are not taken without it."""
        self.peer = Peer(settings=ProtocolSettings(require_tls="yes"), tls=True)
        self.peer.hears()
        self.expect("CAPS errcodes", "106 errcodes", "USER oper1", "101 918 TLS required")
        self.expect(f"PASS {OPER1}", "101 903 send USER first", "STLS", "100 OK", "USER oper1", "100 OK")
        self.expect(f"PASS {OPER1}", "102 OK", f"CHPW {OPER1} {NEW}", "100 OK")


class ZlibCommandTests(CommandTests, SynchronousTestCase):
    """On a compressed connection."""

    peer_class = ZlibPeer

    def test_stls(self) -> None:
        """TLS goes under compression, not into it."""
        self.expect("CAPS errcodes", "106 errcodes", "STLS", "101 903 not valid after CMPR")

    def test_ordinary_stream(self) -> None:
        """Without history an ordinary zlib stream is sent."""
        self.peer = ZlibPeer(settings=ProtocolSettings(zlib_history=0))
        self.assertEqual(self.peer.hears(), ["100 WELCOME"])
        self.assertEqual(self.peer.asks("NOOP", "QUIT"), ["100 OK", "900 OK"])
        self.assertTrue(self.peer.stream_finished)


class TableTests(SynchronousTestCase):
    """The table itself."""

    def test_states(self) -> None:
        """Each state hears the commands that the specification lists for it."""
        heard = {
            state: {word for word, entry in COMMANDS.items() if state in entry.states}
            for state in State
            if state is not State.CLOSED
        }
        always = {"CMPR", "KEEP", "NOOP", "CAPS", "QUIT"}
        working = always | {"OSTYPE", "CHPW", "SERVICES", "QUEUES", "QSTAT"}
        login = {"USER", "PASS", "AUTH"}
        self.assertEqual(heard[State.GREETED], always | login | {"STLS"})  # PASS: to say what is missing
        self.assertEqual(heard[State.USER_SET], always | login)
        self.assertEqual(heard[State.AUTHENTICATED], working | {"MAC", "EXTEN"})
        self.assertEqual(
            heard[State.OPERATIONAL],
            working | {"IDEN", "ORIG", "TELE", "PAUSE", "REDY", "WRAP", "STRT", "STOP", "ACTR", "TEXT"},
        )

    def test_masked(self) -> None:
        """Credentials are not shown, even if the command is misspelt, to come, or in another case."""
        for line in (f"PASS {OPER1}", f"pass {OPER1}", f"CHPW {OPER1} {NEW}", f"PAS {OPER1}", f"AUTH {OPER1}"):
            self.assertNotIn(OPER1, masked(line))
        self.assertEqual(masked("USER oper1"), "USER oper1")
        self.assertEqual(masked("HELLO"), "HELLO")
