"""Services with a queue."""

from __future__ import annotations

from tests.pbx.scenarios.scenario import ANNA, Pop, scenario
from tests.pbx.stage import Stage
from tests.pbx.waiting import sleep

QUEUE, RINGALL, STATIC = "astcti-queue", "astcti-ringall", "astcti-static"


@scenario(
    Pop(201, "67890", queue=QUEUE), core=True, stories={201: "Newchannel Callerid Newstate Newstate Link Unlink Hangup"}
)
async def queue_answered(stage: Stage) -> None:
    """201 and 202 are members; Mario calls 101 and is given to 201."""
    await stage.join(QUEUE, 201)
    await stage.join(QUEUE, 202, penalty=5)
    caller = stage.call("101", "67890")
    await stage.popped(201)
    await stage.compare()
    await caller.bye()


@scenario(Pop(202, "67", queue=QUEUE), core=True)
async def queue_agent_hangs_up(stage: Stage) -> None:
    """202 alone answers, and hangs up after a while."""
    await stage.join(QUEUE, 202)
    stage.phones[202].behave(talk=1)
    await stage.call("101", "67").ended()


@scenario(core=True)
async def queue_abandoned(stage: Stage) -> None:
    """Nobody is in the queue; the caller gives up waiting: no pop."""
    caller = await stage.call("101", "41").established()
    await sleep(1.5)
    await stage.compare()
    await caller.bye()


@scenario()
async def queue_abandoned_while_ringing(stage: Stage) -> None:
    """201 rings and the caller gives up: no pop."""
    await stage.join(QUEUE, 201)
    stage.nobody_answers()
    caller = stage.call("101", "42")
    await stage.phones[201].called()
    await sleep(1)
    await caller.bye()


@scenario(Pop(202, "43", queue=QUEUE), core=True)
async def queue_tries_the_next(stage: Stage) -> None:
    """201 rings in vain and is paused; then 202 is called and answers."""
    await stage.join(QUEUE, 201)
    await stage.join(QUEUE, 202, penalty=1)
    stage.phones[201].behave("noanswer")
    caller = stage.call("101", "43")
    await stage.phones[201].called()
    await stage.witness.act("QueuePause", Queue=QUEUE, Interface=stage.interface(201), Paused="true", Reason="away")
    await stage.popped(202, seconds=15)
    await stage.compare()
    await caller.bye()


@scenario(Pop(201, "44", queue=QUEUE))
async def queue_agent_refuses_then_takes_it(stage: Stage) -> None:
    """201 refuses the call until it is called again, then takes it."""
    await stage.join(QUEUE, 201)
    stage.phones[201].behave("busy")
    caller = await stage.call("101", "44").established()
    await sleep(1.5)
    stage.phones[201].behave()
    await stage.popped(201, seconds=10)
    await caller.bye()


@scenario(Pop(203, "45", queue=RINGALL), core=True)
async def queue_rings_all(stage: Stage) -> None:
    """Three phones ring at once, 203 answers."""
    stage.nobody_answers()
    stage.phones[203].behave(ring=0.6)
    for phone in (201, 202, 203):
        await stage.join(RINGALL, phone)
    caller = stage.call("103", "45")
    await stage.popped(203)
    await stage.compare()
    await caller.bye()


@scenario(Pop(201, "46", queue=STATIC))
async def queue_static_members(stage: Stage) -> None:
    """A queue whose members are in the file; nobody has been added."""
    caller = stage.call("104", "46")
    await stage.popped(201)
    await caller.bye()


@scenario(Pop(201, "51", queue=QUEUE), Pop(201, "52", ANNA, queue=QUEUE))
async def queue_second_caller_waits(stage: Stage) -> None:
    """One agent, two callers: Anna waits until Mario has hung up, and then pops with her own data."""
    await stage.join(QUEUE, 201)
    first = stage.call("101", "51")
    await stage.popped(201)
    second = await stage.call("101", "52", ANNA).established()
    await sleep(1)
    await stage.compare()
    await first.bye()
    await stage.popped(201, times=2)
    await second.bye()


@scenario(Pop(201, "13579", queue=QUEUE))
async def queue_digits_are_dialled(stage: Stage) -> None:
    """111: Mario is asked for digits, then waits in the queue."""
    await stage.join(QUEUE, 201)
    caller = await stage.call("111").established()
    await sleep(0.4)
    await caller.dial_digits("13579#")
    await stage.popped(201)
    await caller.bye()


@scenario(Pop(201, "71", queue=QUEUE), Pop(202, "72", ANNA, queue=QUEUE))
async def queue_two_at_once(stage: Stage) -> None:
    """Two callers and two agents at the same moment: everybody gets one of each."""
    await stage.join(QUEUE, 201)
    first = stage.call("101", "71")
    await stage.phones[201].called()
    await stage.join(QUEUE, 202)
    second = stage.call("101", "72", ANNA)
    await stage.popped(201)
    await stage.popped(202)
    await first.bye()
    await second.bye()


@scenario(Pop(201, "81", queue=QUEUE))
async def queue_member_behind_local(stage: Stage) -> None:
    """The member is a Local channel that rings 201's phone and then steps out of the way."""
    await stage.witness.act("QueueAdd", Queue=QUEUE, Interface="Local/4201@agents")
    caller = stage.call("101", "81")
    await stage.popped(201)
    await sleep(0.5)
    await stage.compare()
    await caller.bye()


@scenario(Pop(201, "82", queue=QUEUE))
async def queue_member_behind_local_for_good(stage: Stage) -> None:
    """The same with a Local channel that stays between the two (``/n``), with the phone's state."""
    member = {"Interface": "Local/4201@agents/n", "StateInterface": stage.interface(201)}
    await stage.witness.act("QueueAdd", Queue=QUEUE, **member)
    caller = stage.call("101", "82")
    await stage.popped(201)
    await stage.compare()
    await caller.bye()


@scenario(Pop(201, "83", queue=QUEUE), Pop(203, "83", queue=QUEUE))
async def queue_call_attended_transfer(stage: Stage) -> None:
    """A queue's call is transferred after asking, and with the feature code."""
    await stage.join(QUEUE, 201)
    caller = stage.call("101", "83")
    agent = await stage.phones[201].called()
    await stage.popped(201)
    second = await stage.phones[201].dial("203").established()
    await sleep(0.5)
    await agent.refer("203", replaces=second)
    await stage.popped(203)
    await stage.compare()
    await caller.bye()
