"""Callers and agents that are Local channels: nothing but Asterisk takes part."""

from __future__ import annotations

from tests.pbx.scenarios.scenario import ANNA, Pop, scenario
from tests.pbx.stage import Stage


@scenario(Pop(201, "12345"), only="Local")
async def local_answered(stage: Stage) -> None:
    """A call by Originate to 100; 201 answers, 202 does not."""
    await stage.manner(202, "noanswer")
    await stage.originate("100", "12345", seconds=2)
    await stage.popped(201)
    await stage.compare()


@scenario(Pop(202, "222", ANNA), only="Local")
async def local_second_answers(stage: Stage) -> None:
    """201 is busy, 202 answers."""
    await stage.manner(201, "busy")
    await stage.originate("100", "222", ANNA, seconds=2)
    await stage.popped(202)


@scenario(only="Local")
async def local_nobody(stage: Stage) -> None:
    """Both ring, the caller gives up: no pop."""
    await stage.manner(201, "noanswer")
    await stage.manner(202, "noanswer")
    await stage.originate("100", "9", seconds=2)


@scenario(Pop(201, "67890", queue="astcti-queue"), only="Local")
async def local_queue(stage: Stage) -> None:
    """Members of the queue are Local channels."""
    await stage.join("astcti-queue", 201)
    await stage.join("astcti-queue", 202, penalty=5)
    await stage.originate("101", "67890", seconds=2)
    await stage.popped(201)
    await stage.compare()


@scenario(Pop(201, "24680"), only="Local")
async def local_digits(stage: Stage) -> None:
    """The digits are really dialled, by SendDTMF."""
    await stage.manner(202, "noanswer")
    await stage.originate("110", "", channel="Local/d24680-3@callers/n")
    await stage.popped(201, seconds=15)


@scenario(Pop(201, "a"), Pop(202, "b", ANNA), only="Local")
async def local_two_callers(stage: Stage) -> None:
    """Two calls at once, each with its own data."""
    await stage.manner(202, "noanswer")
    await stage.originate("100", "a", seconds=4)
    await stage.popped(201)
    await stage.manner(201, "busy")
    await stage.manner(202, "answer")
    await stage.originate("100", "b", ANNA, seconds=2)
    await stage.popped(202)
    await stage.compare()


@scenario(Pop(203, "other"), only="Local")
async def local_other_service(stage: Stage) -> None:
    """A call of another service, in another context."""
    await stage.originate("100", "other", context="otherdemo", seconds=2)
    await stage.popped(203)
