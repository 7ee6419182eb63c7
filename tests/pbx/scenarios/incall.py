"""What happens in the middle of calls, calls out, and calls that are no service's."""

from __future__ import annotations

from tests.pbx.scenarios.scenario import Person, Pop, scenario
from tests.pbx.stage import Stage
from tests.pbx.waiting import sleep

ONE = (Pop(201, "12345"),)
AGENT_201 = Person("201", "Agent 201")


@scenario(*ONE, core=True)
async def hold(stage: Stage) -> None:
    """201 puts the caller on hold and takes it back: one pop."""
    caller, agent = await stage.talk(201, "100", "12345")
    await agent.hold()
    await sleep(1)
    await stage.compare()
    await agent.unhold()
    await sleep(0.5)
    await caller.bye()


@scenario(*ONE)
async def keys_in_a_call(stage: Stage) -> None:
    """The caller presses keys while talking: one pop."""
    caller, _ = await stage.talk(201, "100", "12345")
    await caller.dial_digits("56")
    await sleep(0.6)
    await caller.bye()


@scenario(Pop(201, "12345"), Pop(202, "12345"), core=True)
async def parked_and_fetched(stage: Stage) -> None:
    """201 parks the caller, 202 fetches it: the screen of 202 pops."""
    caller, agent = await stage.talk(201, "100", "12345")
    heard = len(stage.witness.events)
    await agent.refer("700")
    parked = await stage.witness.hear("ParkedCall", since=heard)
    await agent.bye()
    await sleep(0.5)
    await stage.compare()
    await stage.phones[202].dial(parked["ParkingSpace"]).established()
    await stage.popped(202)
    await stage.compare()
    await caller.bye()


@scenario(*ONE)
async def parked_and_returned(stage: Stage) -> None:
    """Nobody fetches the caller, who comes back to 201: one pop."""
    caller, _ = await stage.talk(201, "100", "12345")
    mine, theirs = await stage.channel("outside"), await stage.channel(201)
    await stage.witness.act("Park", Channel=mine, TimeoutChannel=theirs, Timeout=2000, Parkinglot="default")
    await (await stage.phones[201].called(15)).established()
    await sleep(0.8)
    await stage.compare()
    await caller.bye()


@scenario(*ONE)
async def parked_and_gone(stage: Stage) -> None:
    """The caller hangs up while parked."""
    caller, agent = await stage.talk(201, "100", "12345")
    heard = len(stage.witness.events)
    await agent.refer("700")
    await stage.witness.hear("ParkedCall", since=heard)
    await agent.bye()
    await sleep(0.5)
    await caller.bye()


@scenario(Pop(201, "0551234567", AGENT_201), core=True)
async def call_out(stage: Stage) -> None:
    """201 dials 9 and a number outside; when that answers, the outbound service's screen pops at 201."""
    call = await stage.phones[201].dial("90551234567").established()
    await stage.popped(201)
    await stage.compare()
    await call.bye()


@scenario()
async def call_out_refused(stage: Stage) -> None:
    """The number outside is busy: no pop."""
    stage.outside.behave("busy")
    await stage.phones[201].dial("96000").ended(15)


@scenario(core=True)
async def agents_among_themselves(stage: Stage) -> None:
    """201 calls 202, who answers and hangs up: no service, no pop."""
    stage.phones[202].behave(talk=0.8)
    await stage.phones[201].dial("202").ended()


@scenario()
async def conference(stage: Stage) -> None:
    """201 and 202 sit in a conference: nobody has called a service, no pop."""
    first = await stage.phones[201].dial("801").established()
    second = await stage.phones[202].dial("801").established()
    await sleep(0.8)
    await stage.compare()
    await first.bye()
    await second.bye()


@scenario(Pop(201, "18"))
async def agent_of_the_pool(stage: Stage) -> None:
    """201 waits off-hook as an agent of the pool (AgentLogin); a call for the agent pops at 201."""
    waiting = await stage.phones[201].dial("1901").established()
    await stage.witness.hear("AgentLogin")
    await sleep(6)  # for so long the pool holds back a fresh agent
    caller = stage.call("1801", "18")
    await stage.popped(201, seconds=15)
    await caller.bye()
    await sleep(0.5)
    await waiting.bye()


@scenario(Pop(201, "0557654321", Person("0557654321", "Agent 201")))
async def call_out_by_click(stage: Stage) -> None:
    """A call out that is ordered at the PBX: 201 rings first, then the number outside is dialled."""
    await stage.witness.act(
        "Originate", Channel=stage.interface(201), Context="outgoing", Exten="0557654321", Priority=1,
        CallerID="0557654321", Async="true",
    )  # fmt: skip
    await stage.popped(201)
    await stage.compare()
    await stage.phones[201].connected()[0].bye()
