"""The judge sees each single thing that can go wrong with pops, and forgives only what cannot be asked for."""

from __future__ import annotations

from dataclasses import replace

from twisted.trial.unittest import SynchronousTestCase

from tests.chaos import presence
from tests.chaos.diary import Entry
from tests.chaos.judge import SURE_SECONDS, WHOLE_SECONDS, Pop, Talk, Verdict, judge
from tests.chaos.spans import longest, merged, within, without

TALKS = [Talk(f"1.{i}", 201 + i, f"33{i}", f"{i:05}", "sales", 100.0 + i, 120.0 + i) for i in range(5)]
DAY = {talk.agent: [(0.0, 1000.0)] for talk in TALKS}


def pop_of(talk: Talk, **other: str) -> Pop:
    """The pop as it should be, or with another thing on its page."""
    told = {"call": talk.call, "digits": talk.digits, "from": talk.number, "by": f"op{talk.agent}", "queue": talk.queue}
    page = "&".join(f"{name}={value}" for name, value in {**told, **other}.items())
    return Pop(talk.agent, f"1-{talk.call}-{talk.agent}", f"http://crm.example/pop?{page}", talk.begun)


POPS = [pop_of(talk) for talk in TALKS]


class JudgeTests(SynchronousTestCase):
    """Sabotage of a perfect day."""

    def problem(self, verdict: Verdict) -> str:
        """The only problem there is."""
        (problem,) = verdict.problems
        return problem

    def test_perfect(self) -> None:
        """Each call has popped once: nothing to say."""
        verdict = judge(TALKS, POPS, DAY)
        self.assertEqual((verdict.problems, verdict.popped, verdict.anyway, verdict.excused), ([], 5, 0, 0))

    def test_lost(self) -> None:
        """A pop that is missing is lost."""
        verdict = judge(TALKS, POPS[1:], DAY)
        self.assertIn("lost", self.problem(verdict))
        self.assertIn("1.0", self.problem(verdict))

    def test_sent_on(self) -> None:
        """Of a call that was sent on before the server could see it nobody knows the service; of others it does."""
        first = Talk("100.0", 201, "330", "00000", "sales", 102.0, 110.0)
        second = replace(first, agent=202, begun=112.0, ended=130.0)
        moved = presence.sent_on([first, second])
        self.assertEqual(moved, {"100.0": 110.0})
        for spans, lost in (([(90.0, 101.0), (109.0, 200.0)], 0), ([(90.0, 101.0), (106.0, 200.0)], 1)):
            verdict = judge([first, second], [pop_of(first)], {202: spans, 201: []}, sent_on=moved)
            self.assertEqual((len(verdict.problems), verdict.excused), (lost, 1 - lost), spans)

    def test_double(self) -> None:
        """A pop that came twice is too many, also with an action of another name."""
        twin = replace(POPS[2], id="1-other")
        self.assertIn("popped 2 times", self.problem(judge(TALKS, [*POPS, twin], DAY)))

    def test_double_action(self) -> None:
        """An action that two clients perform is told as such."""
        verdict = judge(TALKS, [*POPS[:4], replace(POPS[4], id=POPS[3].id)], DAY)
        self.assertIn(f"{POPS[3].id} was performed 2 times", self.problem(verdict))

    def test_elsewhere(self) -> None:
        """A pop at another agent is lost here and stray there."""
        verdict = judge(TALKS, [replace(POPS[0], agent=202), *POPS[1:]], DAY)
        self.assertEqual(len(verdict.problems), 2)
        self.assertIn("lost", verdict.problems[0])
        self.assertIn("did not talk", verdict.problems[1])

    def test_of_no_call(self) -> None:
        """A pop without a call is stray, also when nobody can be asked for anything."""
        ghost = pop_of(replace(TALKS[0], call="9.9"))
        self.assertIn("did not talk", self.problem(judge(TALKS, [*POPS, ghost], {})))

    def test_wrong_page(self) -> None:
        """The page says what another caller keyed, or that another agent has the call."""
        for other in ({"digits": "99999"}, {"from": "0"}, {"by": "op999"}, {"queue": "help"}):
            verdict = judge(TALKS, [pop_of(TALKS[0], **other), *POPS[1:]], DAY)
            self.assertIn("popped with", self.problem(verdict))

    def test_not_marked(self) -> None:
        """Who comes in amid the conversation is told that it is late; it may go either way when that is not certain."""
        agent, begun = TALKS[0].agent, TALKS[0].begun
        for seconds, recovered, said in ((5, False, "not marked"), (5, True, ""), (5, None, ""), (1, False, "")):
            pops = [replace(POPS[0], at=begun + 6, recovered=recovered), *POPS[1:]]
            verdict = judge(TALKS, pops, DAY | {agent: [(begun + 5, 1000.0)]}, {agent: [0.0, begun + seconds]})
            self.assertEqual(len(verdict.problems), bool(said))
            self.assertIn(said, "".join(verdict.problems))
            self.assertEqual(verdict.recovered, recovered is True and seconds == 5)

    def test_marked(self) -> None:
        """Nobody is told that it is late of what is not."""
        pops = [replace(POPS[0], recovered=True), *POPS[1:]]
        self.assertIn("told at once", self.problem(judge(TALKS, pops, DAY)))
        lately = {TALKS[0].agent: [(TALKS[0].begun - SURE_SECONDS / 2, 1000.0)]}
        self.assertEqual(judge(TALKS, pops, DAY | lately).problems, [])

    def test_asked_again(self) -> None:
        """An action is asked for again only when the server may not know that it was performed."""
        agent, at = TALKS[0].agent, POPS[0].at
        for spans, said in (([(0.0, at + 9)], True), ([(at + 4, at + 9)], True), ([(0.0, at + 1)], False)):
            verdict = judge(TALKS, [replace(POPS[0], again=(at + 8,)), *POPS[1:]], DAY | {agent: spans})
            self.assertEqual(["asked for again" in problem for problem in verdict.problems], [True] * said)

    def test_excused(self) -> None:
        """What was never whole for long enough need not pop, but may; all else of it still counts."""
        begun, ended = TALKS[0].begun, TALKS[0].ended
        moment = (begun + 2, begun + 2 + WHOLE_SECONDS / 2)
        for whole in ([], [(0.0, begun + 1)], [moment, (ended - 1, 1000.0)]):
            day = {**DAY, TALKS[0].agent: whole}
            verdict = judge(TALKS, POPS[1:], day)
            self.assertEqual((verdict.problems, verdict.excused), ([], 1))
            verdict = judge(TALKS, POPS, day)
            self.assertEqual((verdict.problems, verdict.popped, verdict.anyway), ([], 5, 1))
            self.assertIn("popped 2 times", self.problem(judge(TALKS, [*POPS, replace(POPS[0], id="x")], day)))

    def test_not_excused(self) -> None:
        """Once whole for long enough, wherever in the conversation: it must pop."""
        begun = TALKS[0].begun
        day = {**DAY, TALKS[0].agent: [(begun + 9, begun + 9 + WHOLE_SECONDS)]}
        self.assertIn("lost", self.problem(judge(TALKS, POPS[1:], day)))

    def test_again_with_the_same(self) -> None:
        """A caller who comes back to the same agent pops once, and one who goes on to another pops there as well."""
        again = replace(TALKS[0], begun=200.0, ended=220.0)
        onward = replace(TALKS[0], agent=205, begun=150.0, ended=160.0)
        talks = [*TALKS, onward, again]
        self.assertEqual(judge(talks, [*POPS, pop_of(onward)], DAY).problems, [])
        self.assertIn("lost", self.problem(judge(talks, POPS, DAY)))


class SpanTests(SynchronousTestCase):
    """Sums and differences of time."""

    def test_arithmetic(self) -> None:
        """Spans that touch are one; holes are cut out; a frame cuts off."""
        self.assertEqual(merged([(3, 4), (1, 2), (2, 3), (6, 6)]), [(1, 4)])
        self.assertEqual(without([(0, 10)], [(2, 3), (3, 4), (9, 12)]), [(0, 2), (4, 9)])
        self.assertEqual(without([(0, 10)], [(-1, 11)]), [])
        self.assertEqual(within([(0, 2), (4, 9)], (1, 5)), [(1, 2), (4, 5)])
        self.assertEqual((longest([(0, 2), (4, 9)]), longest([])), (5, 0))


def entry(t: float, what: str, agent: int = 201, **more: object) -> Entry:
    """A line of a diary."""
    return {"t": t, "what": what, "agent": agent, **more}


class PresenceTests(SynchronousTestCase):
    """From diaries to when the way was whole."""

    def test_at_work(self) -> None:
        """Logged in, told that the PBX is gone and back, cut off, back, and killed."""
        diary = [
            entry(0, "begins", 0), entry(1, "up"), entry(5, "pbx", state="down"), entry(6, "pbx", state="up"),
            entry(9, "down"), entry(9.5, "pbx", state="up"), entry(12, "up"), entry(20, "begins", 0),
            entry(22, "up", 202), entry(25, "up"),
        ]  # fmt: skip
        self.assertEqual(
            presence.at_work(diary, 30), {201: [(1, 5), (6, 9), (12, 20), (25, 30)], 202: [(22, 30)]}
        )  # fmt: skip

    def test_deaf(self) -> None:
        """Who does not read hears nothing, whatever is told meanwhile; a restart of the client ends that."""
        diary = [
            entry(1, "up"), entry(3, "deaf"), entry(4, "pbx", state="up"), entry(6, "hears"), entry(8, "deaf"),
            entry(9, "begins", 0), entry(10, "up"),
        ]  # fmt: skip
        self.assertEqual(presence.at_work(diary, 12), {201: [(1, 3), (6, 8), (10, 12)]})

    def test_apart(self) -> None:
        """Who hears that the PBX is gone before their login is complete is not at work before it is back; the next
        connection knows of nothing."""
        diary = [
            entry(1, "pbx", state="down"), entry(2, "up"), entry(5, "pbx", state="up"), entry(6, "pbx", state="down"),
            entry(7, "deaf"), entry(8, "hears"), entry(9, "down"), entry(11, "up"),
        ]  # fmt: skip
        self.assertEqual(presence.at_work(diary, 12), {201: [(5, 6), (11, 12)]})

    def test_whole(self) -> None:
        """What stands in everybody's way counts for all, a process of clients for those in it, a data base for none."""
        diaries = {"a": [entry(0, "up")], "b": [entry(0, "up", 301)]}
        troubles = [
            {"of": "line", "begun": 2, "ended": 3}, {"of": "a", "begun": 5, "ended": 6},
            {"of": "database", "begun": 8, "ended": 9},
        ]  # fmt: skip
        found = presence.whole(diaries, troubles, 10, frozenset({"line"}))
        self.assertEqual(found, {201: [(0, 2), (3, 5), (6, 10)], 301: [(0, 2), (3, 10)]})

    def test_beginnings(self) -> None:
        """Times that are certain: nothing stood still, and nobody was deaf, right before."""
        diary = [
            entry(1, "up"), entry(4, "up"), entry(10, "deaf"), entry(11, "up"), entry(12, "hears"), entry(13, "up"),
            entry(20, "up"), entry(33, "up"), entry(40, "pbx", state="down"), entry(41, "pbx", state="up"),
        ]  # fmt: skip
        troubles = [
            {"kind": "clients held", "of": "crowd0", "begun": 2.0, "ended": 3.0},
            {"kind": "clients held", "of": "crowd1", "begun": 19.0, "ended": 20.0},
            {"kind": "clients killed", "of": "crowd0", "begun": 19.0, "ended": 20.0},
            {"kind": "clients' line hung", "of": "crowd0", "begun": 30.0, "ended": 32.0},
        ]
        self.assertEqual(presence.beginnings({"crowd0": diary}, troubles), {201: [20, 41]})

    def test_marks(self) -> None:
        """A pop is marked as what was performed was, whatever is told later."""
        told = [entry(1, "asked", id="7", recovered=False), entry(2, "did", id="7", page="")]
        told += [entry(3, "asked", id="7", recovered=True), entry(4, "did", id="8", page="")]
        pops = presence.pops(told)
        self.assertEqual([(pop.recovered, pop.again) for pop in pops], [(False, (3,)), (None, ())])

    def test_talks(self) -> None:
        """A conversation ends when it is over, when the PBX begins anew, or not yet."""
        said = {"call": "1.1", "phone": "PJSIP/201", "number": "1", "digits": "2", "queue": "q"}
        diary: list[Entry] = [
            {"t": 1, "what": "talk", **said}, {"t": 5, "what": "over", **said}, {"t": 6, "what": "talk", **said},
            {"t": 8, "what": "begins"}, {"t": 9, "what": "talk", **said},
        ]  # fmt: skip
        times = [(t.agent, t.begun, t.ended) for t in presence.talks(diary)]
        self.assertEqual(times, [(201, 1, 5), (201, 6, 8), (201, 9, presence.NEVER)])

    def test_home(self) -> None:
        """Who goes home is away by their own will, and what they had asked for is over, perhaps."""
        diary = [
            entry(1, "up"), entry(2, "pause", paused=True), entry(3, "home"), entry(5, "back"), entry(6, "up"),
            entry(7, "home"), entry(9, "begins", 0), entry(10, "up"),
        ]  # fmt: skip
        home = presence.at_home(diary)
        self.assertEqual(home, {201: [(3, 5), (7, 9)]})
        spans = presence.at_work(diary, 20)
        self.assertEqual(spans, {201: [(1, 3), (6, 7), (10, 20)]})
        self.assertEqual(presence.last_pauses(diary), {201: None})
        self.assertEqual(presence.slowest_return(spans, home, [], 20), 1)

    def test_slowest(self) -> None:
        """How long somebody was away without any trouble; what is before the first login does not count."""
        spans = {201: [(5.0, 10.0), (25.0, 40.0)]}
        self.assertEqual(presence.slowest_return(spans, {}, [{"begun": 9, "ended": 13}], 40), 12)
        self.assertEqual(presence.slowest_return(spans, {}, [{"begun": 9, "ended": 25}], 40), 0)

    def test_pauses(self) -> None:
        """The last answer counts; while it is awaited, nothing is known."""
        asked, told = entry(1, "pause", wanted=True), entry(2, "pause", paused=True)
        self.assertEqual(presence.last_pauses([asked, told]), {201: True})
        self.assertEqual(presence.last_pauses([asked, told, entry(3, "pause", wanted=False)]), {201: None})

    def test_told(self) -> None:
        """What was told last counts."""
        diary = [
            entry(1, "state", paused="all"),
            entry(2, "state", 202, paused="none"),
            entry(3, "state", paused="partly"),
        ]
        self.assertEqual(presence.told_pauses(diary), {201: "partly", 202: "none"})
