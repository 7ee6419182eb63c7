"""What happens more rarely."""

from __future__ import annotations

from tests.pbx.scenarios.scenario import Person, Pop, scenario
from tests.pbx.stage import Stage
from tests.pbx.waiting import sleep

AGENT_201 = Person("201", "Agent 201")
QUEUE = "astcti-queue"


@scenario(Pop(201, "12345"), Pop(202, "six", AGENT_201))
async def caller_transfers_the_agent(stage: Stage) -> None:
    """The caller dials ## and 106: it is 201 who calls that service now, and 202, who answers, is told so."""
    caller, agent = await stage.talk(201, "100", "12345")
    await caller.dial_digits("##")
    await sleep(1.2)
    stage.phones[201].behave("noanswer")
    stage.phones[202].behave()
    await caller.dial_digits("106")
    await stage.popped(202, seconds=15)
    await stage.compare()
    await agent.bye()


@scenario(Pop(201, "12345"))
async def transferred_out(stage: Stage) -> None:
    """201 transfers the caller to a number outside: nobody else's screen pops."""
    caller, agent = await stage.talk(201, "100", "12345")
    before = len(stage.outside.calls)
    await agent.refer("90551234567")
    await sleep(1)
    assert len(stage.outside.calls) == before + 1
    await stage.compare()
    await caller.bye()


@scenario(Pop(201, "12345"))
async def caller_leaves_during_consultation(stage: Stage) -> None:
    """201 asks 203 on a second line, and meanwhile the caller hangs up: 203's screen does not pop."""
    caller, agent = await stage.talk(201, "100", "12345")
    await agent.hold()
    second = await stage.phones[201].dial("203").established()
    await sleep(0.3)
    await caller.bye()
    await sleep(0.5)
    await stage.compare()
    await second.bye()


@scenario(Pop(201, "five", queue=QUEUE))
async def from_queue_to_phone(stage: Stage) -> None:
    """The queue is empty, the caller is taken out of it after two seconds, and 201 is rung directly."""
    caller = stage.call("105")
    await stage.popped(201, seconds=10)
    await stage.compare()
    await caller.bye()


@scenario(Pop(202, "six"))
async def group_of_local_channels(stage: Stage) -> None:
    """The dial plan rings two Local channels at once; 202, behind one that stays, answers."""
    stage.phones[201].behave("noanswer")
    stage.phones[202].behave(ring=0.6)
    caller = stage.call("106")
    await stage.popped(202)
    await stage.compare()
    await caller.bye()


@scenario(Pop(201, "six"))
async def group_of_local_channels_optimised(stage: Stage) -> None:
    """The same, answered by 201, whose Local channel steps out of the way."""
    stage.phones[202].behave("noanswer")
    caller = stage.call("106")
    await stage.popped(201)
    await sleep(0.5)
    await stage.compare()
    await caller.bye()


@scenario()
async def service_of_many(stage: Stage) -> None:
    """A service that is a conference: agents and callers in one room are no conversation of two."""
    caller = await stage.call("107").established()
    first = await stage.phones[201].dial("801").established()
    await sleep(0.8)
    await stage.compare()
    await caller.bye()
    await first.bye()


@scenario(Pop(201, "12345"), Pop(204, "201", AGENT_201, queue=QUEUE), Pop(204, "12345", queue=""))
async def consultation_by_queue(stage: Stage) -> None:
    """201 asks whoever the queue gives (204, whose screen pops for 201's call), then connects the caller with 204."""
    await stage.join(QUEUE, 204)
    caller, agent = await stage.talk(201, "100", "12345")
    await agent.hold()
    second = await stage.phones[201].dial("101").established()
    await stage.popped(204)
    await sleep(0.5)
    await agent.refer("101", replaces=second)
    await stage.popped(204, times=2)
    await stage.compare()
    await caller.bye()


@scenario(Pop(201, "12345"), Pop(201, "0551234567", AGENT_201))
async def consultation_outside(stage: Stage) -> None:
    """201 asks somebody outside, which is a call out and pops as such, and connects the two: no further pop."""
    caller, agent = await stage.talk(201, "100", "12345")
    await agent.hold()
    second = await stage.phones[201].dial("90551234567").established()
    await sleep(0.5)
    await agent.refer("90551234567", replaces=second)
    await sleep(1)
    await stage.compare()
    await caller.bye()


@scenario(Pop(201, "12345"), Pop(203, "12345"))
async def back_and_forth(stage: Stage) -> None:
    """201 connects the caller with 203 after asking, and 203 connects it back after asking: one pop at each."""
    caller, agent = await stage.talk(201, "100", "12345")
    second = await stage.phones[201].dial("203").established()
    await agent.refer("203", replaces=second)
    await stage.popped(203)
    await sleep(0.5)
    theirs = stage.phones[203].connected()[0]
    back = await stage.phones[203].dial("201").established()
    await theirs.refer("201", replaces=back)
    await sleep(1)
    await stage.compare()
    await caller.bye()


@scenario(Pop(201, "x" * 200, Person("+4930123456789", "-x")))
async def long_data(stage: Stage) -> None:
    """Two hundred digits, a number with a plus, and a name that looks like an option."""
    stage.phones[202].behave("noanswer")
    caller = stage.call("100", "x" * 200, Person("+4930123456789", "-x"))
    await stage.popped(201)
    await caller.bye()


@scenario(Pop(201, "held"))
async def hangs_up_on_hold(stage: Stage) -> None:
    """The caller hangs up while on hold."""
    caller, agent = await stage.talk(201, "100", "held")
    await agent.hold()
    await sleep(0.5)
    await caller.bye()
