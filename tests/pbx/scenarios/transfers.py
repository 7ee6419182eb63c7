"""Blind transfers: the caller moves on, and the data go along."""

from __future__ import annotations

from tests.pbx.scenarios.scenario import Pop, scenario
from tests.pbx.stage import Stage
from tests.pbx.waiting import sleep

BOTH = (Pop(201, "12345"), Pop(203, "12345"))


@scenario(*BOTH, core=True)
async def blind_by_phone(stage: Stage) -> None:
    """201 answers and transfers to 203 with its phone's key (REFER): the screen of 203 pops too."""
    caller, agent = await stage.talk(201, "100", "12345")
    await agent.refer("203")
    await stage.popped(203)
    await stage.compare()
    await caller.bye()


@scenario(*BOTH)
async def blind_by_code(stage: Stage) -> None:
    """201 dials ## and 203."""
    caller, agent = await stage.talk(201, "100", "12345")
    await agent.dial_digits("##")
    await sleep(1.2)
    await agent.dial_digits("203")
    await stage.popped(203, seconds=15)
    await caller.bye()


@scenario(*BOTH)
async def blind_by_manager(stage: Stage) -> None:
    """Somebody else transfers the call, by the manager's BlindTransfer."""
    caller, _ = await stage.talk(201, "100", "12345")
    await stage.witness.act("BlindTransfer", Channel=await stage.channel(201), Context="agents", Exten="203")
    await stage.popped(203)
    await caller.bye()


@scenario(*BOTH)
async def redirected(stage: Stage) -> None:
    """The caller's channel is redirected to 203: 201 is hung up, 203 answers."""
    caller, _ = await stage.talk(201, "100", "12345")
    channel = await stage.channel("outside")
    await stage.witness.act("Redirect", Channel=channel, Context="agents", Exten="203", Priority=1)
    await stage.popped(203)
    await stage.compare()
    await caller.bye()


@scenario(Pop(201, "12345"))
async def blind_to_nowhere(stage: Stage) -> None:
    """201 transfers to a number that does not exist: they keep talking, and nothing pops again."""
    caller, agent = await stage.talk(201, "100", "12345")
    await agent.refer("4711")
    await sleep(1)
    assert caller.state == agent.state == "up"
    await stage.compare()
    await caller.bye()


@scenario(Pop(201, "6501", queue="astcti-queue"), Pop(204, "6501", queue="astcti-queue"))
async def blind_out_of_a_queue(stage: Stage) -> None:
    """A queue's call is transferred to 204, who is in no queue."""
    await stage.join("astcti-queue", 201)
    caller = stage.call("101", "6501")
    agent = await stage.phones[201].called()
    await stage.popped(201)
    await agent.refer("204")
    await stage.popped(204)
    await caller.bye()


@scenario(Pop(201, "12345"), Pop(203, "12345", queue="astcti-queue"))
async def blind_into_a_queue(stage: Stage) -> None:
    """201 transfers the caller into the queue of 101; 203 is its member and answers."""
    await stage.join("astcti-queue", 203)
    caller, agent = await stage.talk(201, "100", "12345")
    await agent.refer("101")
    await stage.popped(203)
    await caller.bye()


@scenario(Pop(201, "77"), Pop(202, "77"))
async def there_and_back(stage: Stage) -> None:
    """201 transfers to 202, who transfers back: the screen of 201 does not pop a second time."""
    caller, agent = await stage.talk(201, "100", "77")
    stage.phones[202].behave()
    await agent.refer("202")
    await stage.popped(202)
    second = stage.phones[202].connected()[0]
    await second.refer("201")
    await sleep(1)
    assert stage.phones[201].connected()
    await stage.compare()
    await caller.bye()


@scenario(Pop(201, "12345"))
async def blind_and_nobody_there(stage: Stage) -> None:
    """201 transfers to 203, who is busy: the call ends, 203's screen stays as it is."""
    caller, agent = await stage.talk(201, "100", "12345")
    stage.phones[203].behave("busy")
    await agent.refer("203")
    await caller.ended()


@scenario(Pop(201, "3"), Pop(202, "3"), Pop(203, "3"))
async def handed_on_twice(stage: Stage) -> None:
    """From 201 to 202 to 203, blindly: one pop at each."""
    caller, agent = await stage.talk(201, "100", "3")
    stage.phones[202].behave()
    await agent.refer("202")
    await stage.popped(202)
    await stage.phones[202].connected()[0].refer("203")
    await stage.popped(203)
    await stage.compare()
    await caller.bye()
