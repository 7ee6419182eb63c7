"""Somebody else answers what rings at a colleague's."""

from __future__ import annotations

from tests.pbx.scenarios.scenario import Pop, scenario
from tests.pbx.stage import Stage
from tests.pbx.waiting import sleep


@scenario(Pop(203, "12345"), core=True)
async def group_pickup(stage: Stage) -> None:
    """201 and 202 ring; 203 dials *8 and has the caller: only its screen pops."""
    stage.nobody_answers()
    caller = stage.call("100", "12345")
    await stage.phones[201].called()
    await sleep(0.5)
    await stage.phones[203].dial("*8").established()
    await stage.popped(203)
    await stage.compare()
    await caller.bye()


@scenario(Pop(204, "9201"))
async def directed_pickup(stage: Stage) -> None:
    """204 dials *9201 while 201 rings."""
    stage.nobody_answers()
    caller = stage.call("100", "9201")
    await stage.phones[201].called()
    await sleep(0.5)
    await stage.phones[204].dial("*9201").established()
    await stage.popped(204)
    await caller.bye()


@scenario(Pop(203, "88", queue="astcti-queue"))
async def pickup_from_a_queue(stage: Stage) -> None:
    """The queue rings 201; 203 picks the call up."""
    stage.nobody_answers()
    await stage.join("astcti-queue", 201)
    caller = stage.call("101", "88")
    await stage.phones[201].called()
    await sleep(0.5)
    await stage.phones[203].dial("*9201").established()
    await stage.popped(203)
    await caller.bye()


@scenario()
async def pickup_of_no_service(stage: Stage) -> None:
    """202 calls 201, and 203 picks it up: no service, no pop."""
    stage.nobody_answers()
    call = stage.phones[202].dial("201")
    await stage.phones[201].called()
    await sleep(0.3)
    await stage.phones[203].dial("*9201").established()
    await sleep(0.5)
    await stage.compare()
    await call.bye()
