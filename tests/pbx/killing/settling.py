"""The end: nobody makes trouble any more, everybody has to be of one mind, and then the server goes."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from twisted.internet.threads import deferToThread

from astcti.errors import UserError
from tests.chaos.company import interface
from tests.chaos.likeness import Found, Pauses, differences
from tests.pbx.instance import PHONES
from tests.pbx.killing.bureau import OWN, STATIC, members_of
from tests.pbx.killing.stage import STRANGER, Stage
from tests.pbx.waiting import sleep
from tests.pbx.witness import Event

QUIET_SECONDS = 150.0  # for the last calls to end, and for clients that try ever more seldom to be back
AGREE_SECONDS = 20.0
POLL_SECONDS = 0.5

Members = dict[tuple[str, str], Event]


async def settle(stage: Stage, pauses: Callable[[], Pauses]) -> list[str]:
    """What is not as it should be, after a while in which it can become so."""
    end = time.monotonic() + QUIET_SECONDS
    while channels := await stage.witness.channels():
        if time.monotonic() > end:
            return [f"after {QUIET_SECONDS} s there are channels left: {list(channels)}"]
        await sleep(POLL_SECONDS)
    while (seated := await stage.seated()) < len(PHONES):
        if time.monotonic() > end:
            return [f"after {QUIET_SECONDS} s only {seated} agents are at work"]
        await sleep(POLL_SECONDS)
    return await _in_time(lambda: compare(stage, pauses(), set()))


async def evening(stage: Stage, pauses: Callable[[], Pauses]) -> list[str]:
    """Some clients die and are not begun again, then the server is ended: nobody is left who is not there."""
    name, child = next(iter(stage.crowds.items()))
    child.kill()
    problems = await _in_time(lambda: compare(stage, pauses(), set(stage.numbers[name])))
    if wrong := await deferToThread(stage.server.end):
        problems.append(wrong)
    members = await stage.witness.members()
    if left := put_in(members):
        problems.append(f"the server has left {sorted(left)}")
    return problems + untouched(members)


async def _in_time(look: Callable[[], Awaitable[list[str]]]) -> list[str]:
    end = time.monotonic() + AGREE_SECONDS
    while (found := await look()) and time.monotonic() < end:
        await sleep(POLL_SECONDS)
    return found


def _key(queue: str, number: int) -> tuple[str, str]:
    return queue, interface(number)


def put_in(members: Members) -> set[tuple[str, str]]:
    """Those that a server has put in: neither the PBX's own nor the stranger's."""
    return members.keys() - {_key(STATIC, number) for number in OWN} - {_key(*STRANGER)}


def untouched(members: Members) -> list[str]:
    """What is not as it was with members that are not ours."""
    problems = []
    stranger = members.get(_key(*STRANGER))
    is_as = stranger and [stranger[name] for name in ("Name", "Membership", "Penalty", "Paused")]
    if is_as != ["stranger", "dynamic", "9", "1"]:
        problems.append(f"the stranger is {stranger}")
    for number in OWN:
        member = members.get(_key(STATIC, number))
        if member is None or member["Membership"] != "static":
            problems.append(f"{number} of the PBX's own is {member}")
    return problems


async def compare(stage: Stage, pauses: Pauses, gone: set[int]) -> list[str]:
    """Compare everything.

    :param gone: agents who are not at work.
    """
    members = await stage.witness.members()
    here = [number for number in PHONES if number not in gone]
    wanted = {key: penalty for key, penalty in members_of(*here).items() if key[1] in here}
    foreign = {_key(*STRANGER), *(_key(STATIC, number) for number in OWN if number in gone)}

    def ours(found: Mapping[str, Any]) -> dict[str, Any]:
        listed = [m for m in found["members"] if (m["queue"], m["interface"]) not in foreign]
        return {**found, "members": listed}

    try:
        found = Found(
            {key: member for key, member in members.items() if key not in foreign},
            ours(await stage.ask("calls")), await stage.ask("clients"), await stage.ask("status"),
        )  # fmt: skip
    except UserError as e:
        return [f"the server cannot be asked: {e}"]
    return untouched(members) + differences(found, wanted, pauses)
