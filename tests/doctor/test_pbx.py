"""What is made of what a PBX says that no Asterisk at hand would say."""

from __future__ import annotations

import time

from twisted.internet.defer import CancelledError, Deferred

from astcti.ami.client import Credentials
from astcti.config.model import Configuration, Seat, Service, Variable
from astcti.doctor import Level, events
from astcti.doctor.check import Check
from astcti.doctor.contexts import examine_contexts
from astcti.doctor.events import examine_events, examine_variables
from astcti.doctor.examination import Examination
from astcti.doctor.phones import examine_phones
from astcti.doctor.queues import examine_queues
from astcti.doctor.reaching import examine_pbx
from astcti.doctor.rights import examine_rights
from astcti.doctor.version import examine_pbx_clock, examine_version
from tests.doctor.patient import DoctorTestCase, seen
from tests.doctor.scripted import COMMANDS, Scripted, event, listed, refusal, success
from tests.pbx.waiting import until

COMPANY = Configuration(
    services=(Service(id=1, name="sales", queue_name="sales-queue"), Service(id=2, name="help")),
    variables=(Variable(id=1, service_id=1, name="calldata"),),
    seats=(Seat(id=1, exten="PJSIP/201"), Seat(id=2, exten="SIP/202")),
)
QUEUE = listed(
    event("QueueParams", Queue="sales-queue"),
    event("QueueMember", Queue="sales-queue", Location="Local/9@x/n", Membership="dynamic"),
    end="QueueStatusComplete",
)  # fmt: skip


class ScriptedTestCase(DoctorTestCase):
    """Linked to a PBX that answers as it is told to."""

    async def setUp(self) -> None:  # type: ignore[override]
        super().setUp()
        self.pbx = Scripted()
        self.addCleanup(self.pbx.close)
        self.write(ami_port=await self.pbx.listen())
        self.know(COMPANY)
        await self.look(examine_pbx)
        assert self.case.link is not None
        self.addCleanup(self.case.link.logoff)

    def answer(self, **answers: str) -> None:
        """Have actions answered so from now on."""
        for action, text in answers.items():
            self.pbx.answers[action.lower()] = lambda headers, text=text: text


class AnswerTests(ScriptedTestCase):
    """Questions about the PBX itself, queues, contexts and phones."""

    async def test_version(self) -> None:
        """Asterisks that are tried, others, one that is not what was pinned, and one that does not say."""
        for version, pinned, level in (("16.28.0~dfsg", "auto", Level.OK), ("certified/18.9", "auto", Level.OK),
                                       ("22.1.0", "22", Level.OK), ("11.3.0", "auto", Level.WARNING)):  # fmt: skip
            self.know(COMPANY, asterisk_version=pinned)
            self.answer(CoreSettings=success(AsteriskVersion=version))
            self.assertIn(version, (await self.only(examine_version, level)).seen)
        self.know(COMPANY, asterisk_version="1.4")
        self.answer(CoreSettings=success(AsteriskVersion="16.1"))
        self.assertIn("asterisk_version is 1.4", seen(await self.look(examine_version), Level.WARNING)[0])
        self.answer(CoreSettings=refusal("Permission denied"))
        self.assertIn("Asterisk Call Manager", (await self.only(examine_version, Level.SKIPPED)).seen)

    async def test_clock(self) -> None:
        """A clock that agrees, one that is ahead, one that is far behind, and none."""
        now = time.time()
        self.case.now = lambda: now
        for apart, words in (
            (0.5, "agrees"),
            (60.0, "60 s ahead of"),
            (-600, "10 min behind"),
            (-86400, "24.0 h behind"),
        ):
            self.answer(Ping=success(Timestamp=f"{now + apart:.6f}"))
            level = Level.OK if words == "agrees" else Level.WARNING
            self.assertIn(words, (await self.only(examine_pbx_clock, level)).seen)
        self.answer(Ping=success())
        await self.only(examine_pbx_clock, Level.SKIPPED)

    async def test_old_list_of_commands(self) -> None:
        """An Asterisk that does not say which classes an action needs."""
        self.answer(ListCommands=success(**dict.fromkeys(COMMANDS, "Do it")))
        self.assertIn("write: agent, originate, reporting", (await self.only(examine_rights, Level.OK)).seen)

    async def test_unneeded_rights(self) -> None:
        """A right that nothing in the configuration needs is a warning only."""
        self.know(Configuration(services=(Service(id=1, name="help"),)))
        listed_now = {n: v for n, v in COMMANDS.items() if not n.startswith("Queue") and n != "Originate"}
        self.answer(ListCommands=success(**listed_now))
        said = await self.look(examine_rights)
        self.assertEqual([f.level for f in said], [Level.WARNING, Level.WARNING])

    async def test_queues(self) -> None:
        """No queue at all; members that are nobody's phones are nobody's business."""
        self.answer(QueueStatus=QUEUE)
        await self.only(examine_queues, Level.OK)
        self.assertEqual(self.case.queues, {"sales-queue": {"Local/9@x": "dynamic"}})
        self.answer(QueueStatus=listed(end="QueueStatusComplete"))
        self.assertIn("it has none", (await self.only(examine_queues, Level.FAULT)).seen)
        self.know(Configuration(services=tuple(Service(id=n, name=f"s{n}", queue_name=f"q{n}") for n in range(9))))
        said = await self.look(examine_queues)
        self.assertEqual([f.level for f in said], [Level.FAULT] * 6)
        self.assertIn("nor has the PBX 4 other queues: q5, q6, q7, q8", said[5].seen)
        self.know(Configuration())
        await self.only(examine_queues, Level.SKIPPED)

    async def test_contexts(self) -> None:
        """Only services without a queue must be named after a context; settings name contexts too."""
        self.know(COMPANY, park_context="parking")
        self.answer(ShowDialPlan=refusal("Did not find extension astcti-doctor@help"))
        self.assertIn("2 contexts: help, parking", (await self.only(examine_contexts, Level.OK)).seen)
        self.answer(ShowDialPlan=refusal("Did not find context"))
        faults = seen(await self.look(examine_contexts), Level.FAULT)
        self.assertEqual([("help (service 2)" in f, "parking (setting park_context)" in f) for f in faults],
                         [(True, False), (False, True)])  # fmt: skip
        self.know(Configuration(services=tuple(Service(id=n, name=f"s{n}") for n in range(9))))
        said = await self.look(examine_contexts)
        self.assertEqual([f.level for f in said], [Level.FAULT] * 6)
        self.assertIn("nor has the PBX 4 other contexts: s5, s6, s7, s8", said[5].seen)
        self.know(Configuration())
        await self.only(examine_contexts, Level.SKIPPED)
        self.know(COMPANY)
        self.case.allowed = frozenset()
        await self.only(examine_contexts, Level.SKIPPED)

    async def test_phones(self) -> None:
        """Phones that are there, not registered, not there, or not told; SIP that has become PJSIP."""
        states = {"PJSIP/201": "NOT_INUSE", "SIP/202": "UNAVAILABLE"}
        self.pbx.answers["getvar"] = lambda headers: success(Value=states.get(headers["variable"][13:-1], "INVALID"))
        self.assertIn("2 phones of seats, 1 of them not registered", (await self.only(examine_phones, Level.OK)).seen)
        states["SIP/202"] = "INVALID"
        states["PJSIP/202"] = "INUSE"
        fault = (await self.look(examine_phones))[0]
        self.assertEqual((fault.seen, fault.remedy[0]), ("the PBX has no phone SIP/202",
                                                         "It has PJSIP/202: correct the seat's exten."))  # fmt: skip
        self.answer(Getvar=refusal("No such thing"))
        self.assertIn("does not tell the state", (await self.only(examine_phones, Level.SKIPPED)).seen)
        self.know(Configuration())
        await self.only(examine_phones, Level.SKIPPED)


class EventTests(ScriptedTestCase):
    """What is made to happen, and what is told of it."""

    async def setUp(self) -> None:
        await super().setUp()
        self.patch(events, "PROVOKED_SECONDS", 0.3)
        self.case.listen_seconds = 0.1
        self.case.allowed = frozenset(COMMANDS)
        self.case.queues = {"sales-queue": {}}
        self.answer(QueueAdd=success(), QueueRemove=success(), Originate=success())

    def tell_of_calls(self, *names: str) -> None:
        """Have an Originate make these events of our own call."""

        def begun(headers: dict[str, str]) -> str:
            channel = f"{headers['channel']}-00000001;1"
            told = {
                "Newchannel": event("Newchannel", "call", Channel=channel),
                "Newexten": event("Newexten", "dialplan", Channel=channel),
                "VarSet": event("VarSet", "dialplan", Channel=channel, Variable="calldata", Value="x"),
                "Hangup": event("Hangup", "call", Channel=channel),
            }
            return success() + "".join(told[name] for name in names)

        self.pbx.answers["originate"] = begun

    def tell_of_members(self, *, removed: str = "") -> None:
        """Have members come and go as they do; ``removed`` is how the removal ends, if not well."""

        def changed(name: str) -> object:
            return lambda headers: success() + event(name, "agent", Interface=headers["interface"])

        self.pbx.answers["queueadd"] = changed("QueueMemberAdded")  # type: ignore[assignment]
        self.pbx.answers["queueremove"] = changed("QueueMemberRemoved")  # type: ignore[assignment]
        if removed:
            self.answer(QueueRemove=removed)

    async def test_fine(self) -> None:
        """All come: nothing else is said, and nobody listens any more afterwards."""
        self.tell_of_calls("Newchannel", "Newexten", "VarSet", "Hangup")
        self.tell_of_members()
        self.assertIn("system, call, dialplan, agent", (await self.only(examine_events, Level.OK)).seen)
        self.assertIn("calldata", (await self.only(examine_variables, Level.OK)).seen)
        asked = [a["action"] for a in self.pbx.asked]
        self.assertEqual(asked[-4:], ["Originate", "QueueAdd", "QueueRemove", "Events"])
        [add] = [a for a in self.pbx.asked if a["action"] == "QueueAdd"]
        self.assertEqual((add["paused"], add["queue"]), ("true", "sales-queue"))

    async def test_one_held_back(self) -> None:
        """One kind of event that does not come, though others of its class do."""
        self.tell_of_calls("Newchannel", "Newexten", "VarSet")
        self.tell_of_members()
        self.assertIn("Hangup did not come", (await self.only(examine_events, Level.FAULT)).seen)

    async def test_still_there(self) -> None:
        """A member of ours that cannot be taken out again is said, with the command that does it."""
        self.tell_of_calls("Newchannel", "Newexten", "VarSet", "Hangup")
        self.tell_of_members(removed=refusal("No"))
        faults = [f for f in await self.look(examine_events) if "is still there" in f.seen]
        self.assertEqual(len(faults), 1)
        self.assertIn("queue remove member Local/", faults[0].remedy[-1])

    async def test_refused(self) -> None:
        """What the PBX refuses to do cannot show what is missing."""
        self.answer(Originate=refusal("No more calls"), QueueAdd=refusal("No such queue"))
        said = await self.look(examine_events)
        self.assertEqual([f.level for f in said], [Level.SKIPPED] * 3 + [Level.OK])
        self.assertIn("No more calls", said[0].seen)
        self.assertIn("No such queue", said[2].seen)
        self.assertIn("was not set", (await self.only(examine_variables, Level.SKIPPED)).seen)

    async def test_old(self) -> None:
        """An Asterisk before 12 makes no channels for nobody: that is not tried, and nothing is called missing."""
        self.tell_of_members()
        young = events.is_old
        self.patch(events, "is_old", lambda banner: True)
        said = await self.look(examine_events)
        self.assertEqual([f.level for f in said], [Level.SKIPPED, Level.SKIPPED, Level.OK])
        self.assertNotIn("Originate", [a["action"] for a in self.pbx.asked])
        self.assertEqual([young(f"Asterisk Call Manager/{n}") for n in ("1.0", "1.3", "2.8", "11.0.0")],
                         [True, True, False, False])  # fmt: skip

    async def test_no_queue_of_ours(self) -> None:
        """Without a queue in the configuration the class agent is not needed; without one on the PBX it is not seen."""
        self.tell_of_calls("Newchannel", "Newexten", "VarSet", "Hangup")
        self.case.queues = {}
        self.assertIn("has none of the queues", (await self.look(examine_events))[0].seen)
        self.know(Configuration(services=(Service(id=1, name="help"),)))
        await self.only(examine_events, Level.OK)
        self.assertNotIn("QueueAdd", [a["action"] for a in self.pbx.asked])
        await self.only(examine_variables, Level.SKIPPED)

    async def test_interrupted(self) -> None:
        """Interrupted while a member of ours is in a queue, it is taken out before the link is left."""
        self.tell_of_calls("Newchannel", "Newexten", "VarSet", "Hangup")
        self.patch(events, "PROVOKED_SECONDS", 60.0)
        examination = Examination(self.case, (Check("events", "", examine_events),))
        running = Deferred.fromCoroutine(examination.run())
        await until(lambda: "QueueAdd" in [a["action"] for a in self.pbx.asked], 10, "member")
        running.cancel()
        try:
            await running
        except CancelledError:
            pass
        await until(lambda: self.pbx.logoffs, 10, "log-off")
        self.assertEqual([a["action"] for a in self.pbx.asked][-2:], ["QueueRemove", "Logoff"])

    async def test_credentials_stay(self) -> None:
        """The secret went over the wire to nobody."""
        self.assertNotIn(Credentials("astcti", "squeamish-ossifrage").secret, str(self.pbx.asked))
