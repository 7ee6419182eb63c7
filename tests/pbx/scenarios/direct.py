"""Services without a queue: the dial plan rings phones."""

from __future__ import annotations

from tests.pbx.scenarios.scenario import ANNA, Person, Pop, scenario
from tests.pbx.stage import Stage
from tests.pbx.waiting import sleep

ZOE = Person("+390551234", "Zoë Łukasz 日本 «ü»")
EVIL = Person("0666", "a&b=c?d#e%41 {CALLERID} $(id) <b>'-x")
WITHHELD = Person("anonymous", "")
ODD_DIGITS = 'Müller, Söhne & Co = "gut" {CALLERID} <b>'


#: What an agent is told of a call that is answered, and of one that only rings.
TALKS = "Newchannel Dial Callerid Newstate Newstate Link Unlink Hangup"
RINGS = "Newchannel Dial Callerid Newstate Hangup"


@scenario(Pop(201, "12345"), core=True, stories={201: TALKS, 202: RINGS})
async def answered(stage: Stage) -> None:
    """Mario calls 100; 201 and 202 ring; 201 answers; they talk; Mario hangs up."""
    caller, _ = await stage.talk(201, "100", "12345")
    stage.phones[201].speak(stage.phones[201].connected()[0])
    await stage.compare()
    await sleep(0.5)
    await caller.bye()


@scenario(Pop(202, "54321", ANNA), core=True)
async def second_answers(stage: Stage) -> None:
    """201 and 202 ring; 202 answers, and hangs up after a while."""
    stage.phones[201].behave("noanswer")
    stage.phones[202].behave(ring=1, talk=1)
    await stage.call("100", "54321", ANNA).ended()


@scenario(core=True)
async def caller_gives_up(stage: Stage) -> None:
    """Both phones ring, nobody answers, the caller hangs up: no pop."""
    stage.nobody_answers()
    caller = stage.call("100", "888")
    await stage.phones[201].called()
    await stage.compare()
    await sleep(1)
    await caller.bye()


@scenario()
async def nobody_answers(stage: Stage) -> None:
    """Both phones ring until the dial plan gives up: no pop."""
    stage.nobody_answers()
    await stage.call("100", "777").ended(30)


@scenario(core=True)
async def both_busy(stage: Stage) -> None:
    """Both phones refuse: no pop."""
    stage.phones[201].behave("busy")
    stage.phones[202].behave("busy")
    await stage.call("100", "999").ended()


@scenario(Pop(202, "1001"))
async def one_busy(stage: Stage) -> None:
    """201 is busy, 202 answers."""
    stage.phones[201].behave("busy")
    caller = stage.call("100", "1001")
    await stage.popped(202)
    await caller.bye()


@scenario()
async def declined_and_unreachable(stage: Stage) -> None:
    """201 declines, 202 is out of order: no pop."""
    stage.phones[201].behave("reject", 0.3)
    stage.phones[202].behave("congestion")
    await stage.call("100", "1002").ended()


@scenario(Pop(204, "302"))
async def forwarded_by_the_phone(stage: Stage) -> None:
    """201 forwards its calls to 204 by itself; 204 answers: the screen of 204 pops."""
    stage.phones[201].behave("forward:204")
    stage.phones[202].behave("noanswer")
    caller = stage.call("100", "302")
    await stage.popped(204)
    await stage.compare()
    await caller.bye()


@scenario(Pop(201, "24680"), core=True)
async def digits_are_dialled(stage: Stage) -> None:
    """Mario is asked for digits and keys in 24680#; then 201 answers."""
    stage.phones[202].behave("noanswer")
    caller = await stage.call("110").established()
    await sleep(0.4)
    await caller.dial_digits("24680#")
    await stage.popped(201)
    await caller.bye()


@scenario(Pop(201, ""))
async def no_digits_are_dialled(stage: Stage) -> None:
    """Mario is asked for digits and keys in nothing: calldata is empty."""
    stage.phones[202].behave("noanswer")
    caller = stage.call("110")
    await stage.popped(201, seconds=15)
    await caller.bye()


@scenario(Pop(202, "31"), core=True)
async def one_after_the_other(stage: Stage) -> None:
    """102: 201 rings in vain, then 202 rings and answers."""
    stage.phones[201].behave("noanswer")
    caller = stage.call("102", "31")
    await stage.popped(202, seconds=15)
    await caller.bye()


@scenario(Pop(201, "111"), Pop(202, "222", ANNA), core=True)
async def two_callers(stage: Stage) -> None:
    """Mario talks with 201; then Anna calls too and gets 202: each screen has its own caller's data."""
    first, _ = await stage.talk(201, "100", "111")
    second, _ = await stage.talk(202, "100", "222", ANNA)
    await stage.compare()
    await first.bye()
    await sleep(0.3)
    await second.bye()


@scenario(Pop(201, "one"), Pop(202, "two"))
async def one_number_twice(stage: Stage) -> None:
    """Two calls of the same number ring at the same moment; each screen has the digits of its own call."""
    stage.phones[201].behave("noanswer")
    stage.phones[202].behave("noanswer")
    callers = [stage.call("102", "one")]
    at_201 = await stage.phones[201].called()
    callers.append(stage.call("100", "two"))
    at_202 = await stage.phones[202].called()
    at_202.answer()
    at_201.answer()
    await stage.popped(201)
    await stage.popped(202)
    await stage.compare()
    for caller in callers:
        await caller.bye()


@scenario(Pop(201, ODD_DIGITS, ZOE))
async def odd_characters(stage: Stage) -> None:
    """Letters of several scripts in the name, commas, quotes and braces in the data arrive as they were sent."""
    stage.phones[202].behave("noanswer")
    caller = stage.call("130", "", ZOE)
    await stage.popped(201)
    await caller.bye()


@scenario(Pop(201, "66", EVIL))
async def hostile_name(stage: Stage) -> None:
    """A caller's name made of what means something in URLs, templates and shells means nothing here."""
    stage.phones[202].behave("noanswer")
    caller = stage.call("100", "66", EVIL)
    await stage.popped(201)
    await caller.bye()


@scenario(Pop(201, "0", WITHHELD))
async def withheld_number(stage: Stage) -> None:
    """A caller without name; the number is what the line sends."""
    stage.phones[202].behave("noanswer")
    caller = stage.call("100", "0", WITHHELD)
    await stage.popped(201)
    await caller.bye()


@scenario(Pop(201, "203", Person("203", "Agent 203")), core=True)
async def called_from_inside(stage: Stage) -> None:
    """203 calls the service from the inside: the screen of 201, who answers, pops; that of 203 does not."""
    stage.phones[202].behave("noanswer")
    call = await stage.phones[203].dial("100").established()
    await stage.popped(201)
    await stage.compare()
    await call.bye()


@scenario(Pop(201, "1"), Pop(201, "2", ANNA))
async def two_lines(stage: Stage) -> None:
    """201 puts Mario on hold and takes Anna's call on a second line: the screen pops for each."""
    first, agent = await stage.talk(201, "100", "1")
    await agent.hold()
    second, other = await stage.talk(201, "100", "2", ANNA)
    await stage.compare()
    await second.bye()
    await other.ended()
    await agent.unhold()
    await first.bye()


@scenario(chances=(Pop(201, "race"),))
async def gives_up_as_it_is_answered(stage: Stage) -> None:
    """The caller hangs up while 201 picks up; a screen only if the PBX connected the two, however shortly."""
    stage.nobody_answers()
    caller = await stage.call("100", "race").established()
    rings = await stage.phones[201].called()
    await caller.bye()
    rings.answer()


RUSH = tuple(Pop(201, f"7{n}", Person(f"333{n:07}", f"Caller {n}")) for n in range(24))


@scenario(*RUSH)
async def rush(stage: Stage) -> None:
    """Twenty-four callers within three seconds, many of them talking at the same time."""
    stage.phones[201].behave(ring=0.1)
    stage.phones[202].behave("noanswer")
    callers = []
    for pop in RUSH:
        callers.append(stage.call("100", pop.calldata, pop.caller))
        await sleep(0.12)
    await stage.popped(201, times=len(RUSH))
    await stage.compare()
    for caller in callers:
        await caller.bye()
