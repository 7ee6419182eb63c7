"""Attended transfers: the agent speaks with a colleague first."""

from __future__ import annotations

from tests.pbx.scenarios.scenario import Pop, scenario
from tests.pbx.stage import Stage
from tests.pbx.waiting import sleep

BOTH = (Pop(201, "12345"), Pop(203, "12345"))


@scenario(*BOTH, core=True)
async def attended_by_phone(stage: Stage) -> None:
    """201 calls 203 on a second line, asks, and connects the two (REFER with Replaces)."""
    caller, agent = await stage.talk(201, "100", "12345")
    await agent.hold()
    second = await stage.phones[201].dial("203").established()
    await sleep(0.8)
    await stage.compare()
    await agent.refer("203", replaces=second)
    await stage.popped(203)
    await stage.compare()
    await caller.bye()


@scenario(*BOTH)
async def attended_while_ringing(stage: Stage) -> None:
    """201 connects the two while 203 still rings; 203 answers and has the caller."""
    caller, agent = await stage.talk(201, "100", "12345")
    stage.phones[203].behave("noanswer")
    second = stage.phones[201].dial("203")
    rings = await stage.phones[203].called()
    await second.ringing()
    await agent.refer("203", replaces=second)
    await sleep(0.3)
    rings.answer()
    await stage.popped(203)
    await caller.bye()


@scenario(*BOTH)
async def attended_by_code(stage: Stage) -> None:
    """201 dials *2 and 203, talks, and hangs up."""
    caller, agent = await stage.talk(201, "100", "12345")
    await agent.dial_digits("*2")
    await sleep(1.2)
    await agent.dial_digits("203")
    await (await stage.phones[203].called(15)).established()
    await sleep(0.8)
    await stage.compare()
    await agent.bye()
    await stage.popped(203)
    await stage.compare()
    await caller.bye()


@scenario(*BOTH)
async def attended_by_manager(stage: Stage) -> None:
    """The same, begun by the manager's Atxfer."""
    caller, agent = await stage.talk(201, "100", "12345")
    await stage.witness.act("Atxfer", Channel=await stage.channel(201), Exten="203", Context="agents")
    await (await stage.phones[203].called(15)).established()
    await sleep(0.8)
    await agent.bye()
    await stage.popped(203)
    await caller.bye()


@scenario(Pop(201, "12345"))
async def attended_cancelled(stage: Stage) -> None:
    """203 does not answer, the transfer is called off, 201 and the caller are together again: one pop."""
    caller, _ = await stage.talk(201, "100", "12345")
    stage.phones[203].behave("noanswer")
    channel = await stage.channel(201)
    await stage.witness.act("Atxfer", Channel=channel, Exten="203", Context="agents")
    await stage.phones[203].called(15)
    await sleep(0.5)
    await stage.witness.act("CancelAtxfer", Channel=channel)
    await sleep(1.5)
    assert caller.state == "up"
    await caller.bye()


@scenario(*BOTH, core=True)
async def attended_as_it_is_answered(stage: Stage) -> None:
    """201 connects the two at the very moment 203 picks up."""
    caller, agent = await stage.talk(201, "100", "12345")
    stage.phones[203].behave(ring=0.4)
    second = await stage.phones[201].dial("203").established()
    await agent.refer("203", replaces=second)
    await stage.popped(203)
    await stage.compare()
    await caller.bye()
