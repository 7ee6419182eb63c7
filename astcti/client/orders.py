"""What the person at an agent can have it do: words typed, one order a line."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from astcti.client.happenings import Answered
from astcti.errors import Refused, UserError
from astcti.protocols.client import ConnectionGone, CTIClient

if TYPE_CHECKING:
    from astcti.client.agent import Agent

NO_SUCH_REASON = 931  # the number of the refusal
#: What refusals call the commands of the protocol, and what is typed here.
_TYPED = (("PAUSE IN queue=", "pause queue=NAME"), ("PAUSE IN", "pause"), ("PAUSE OUT", "unpause"))


@dataclass(frozen=True, slots=True)
class Order:
    """One of them.

    :ivar usage: how it is typed.
    :ivar about: what it is for.
    :ivar do: does it; gives what is said of it.
    """

    usage: str
    about: str
    do: Callable[[Agent, str], Awaitable[str]]


async def obey(agent: Agent, line: str) -> None:
    """Do what a line says, and tell what came of it."""
    line = " ".join(line.split())
    word, _, rest = line.partition(" ")
    try:
        if not line.isprintable():
            raise UserError("there are characters in it that cannot be seen")
        order = ORDERS.get(word.lower())
        if order is None:
            raise UserError("unknown; help tells which words there are")
        said = await order.do(agent, rest)
    except Refused as e:
        agent.tell(Answered(line, False, _as_typed(e.reason), e.number))
    except (UserError, ConnectionGone) as e:
        agent.tell(Answered(line, False, str(e)))
    else:
        agent.tell(Answered(line, True, said))


def _as_typed(reason: str) -> str:
    for command, word in _TYPED:
        reason = reason.replace(command, word)
    return reason


def _client(agent: Agent) -> CTIClient:
    client = agent.connection.client
    if client is None:
        raise UserError("not connected")
    return client


def _parted(rest: str) -> tuple[str, str]:
    """A queue, if one is named, and what stands behind it."""
    first, _, more = rest.partition(" ")
    name, equals, queue = first.partition("=")
    return (queue, more.strip()) if equals and name.lower() == "queue" else ("", rest)


def _needed(rest: str, what: str) -> str:
    if not rest:
        raise UserError(f"say {what}")
    return rest


async def _pause(agent: Agent, rest: str) -> str:
    queue, reason = _parted(rest)
    try:
        return "confirmed" if await _client(agent).pause(reason, queue) else "asked for"
    except Refused as e:
        if e.number == NO_SUCH_REASON and agent.reasons:
            raise Refused(e.number, f"{e.reason}; reasons tells which there are") from e
        raise


async def _unpause(agent: Agent, rest: str) -> str:
    queue, more = _parted(rest)
    if more:
        raise UserError(f"unpause {more!r}: there may be queue=NAME, and nothing else")
    await _client(agent).unpause(queue)
    return "confirmed"


async def _ready(agent: Agent, rest: str) -> str:
    await _client(agent).ready()
    return "ready"


async def _wrap(agent: Agent, rest: str) -> str:
    on = {"": True, "on": True, "off": False}.get(rest.lower())
    if on is None:
        raise UserError("say on or off")
    await _client(agent).wrap_up(on)
    return "after-call work" if on else "ready"


async def _dial(agent: Agent, rest: str) -> str:
    words = _needed(rest, "which number").split()
    channel = words.pop(0) if "/" in words[0] else ""
    if not 1 <= len(words) <= 2:
        raise UserError("say which number, and if you like the service to dial it through")
    await _client(agent).originate(words[0], "".join(words[1:]), channel)
    return "your phone is called"


async def _tele(agent: Agent, rest: str) -> str:
    number = _needed(rest, "a number, or off")
    await _client(agent).telecommute("" if number.lower() == "off" else number)
    return "calls come to your phone" if number.lower() == "off" else f"calls come to {number}"


async def _join(agent: Agent, rest: str) -> str:
    await _client(agent).join_queue(_needed(rest, "which queue"))
    return "asked for"


async def _leave(agent: Agent, rest: str) -> str:
    await _client(agent).leave_queue(_needed(rest, "which queue"))
    return "asked for"


async def _queues(agent: Agent, rest: str) -> str:
    client = _client(agent)
    inside = {entry.queue: entry.member for entry in await client.queues()}
    figures = await client.queue_figures(rest)
    return "; ".join(
        f"{f.queue}: {'in' if inside.get(f.queue) else 'out'}, {f.waiting} waiting, {f.available} available, "
        f"{f.busy} busy, {f.paused} paused"
        for f in figures
    ) or "none"  # fmt: skip


async def _services(agent: Agent, rest: str) -> str:
    return ", ".join(f"{s.name} ({s.kind})" for s in await _client(agent).services()) or "none"


async def _reasons(agent: Agent, rest: str) -> str:
    _client(agent)
    shown = (f"{code} ({about})" if about else code for code, about in agent.reasons)
    return ", ".join(shown) or "any text"


async def _text(agent: Agent, rest: str) -> str:
    user, _, text = rest.partition(" ")
    await _client(agent).send_text(_needed(user, "to whom"), _needed(text.strip(), "what"))
    return "shown"


async def _help(agent: Agent, rest: str) -> str:
    for order in ORDERS.values():
        agent.tell(Answered(order.usage, True, order.about))
    return "the words are in brackets where they need not be"


async def _quit(agent: Agent, rest: str) -> str:
    if agent.running:
        agent.stopService()
    return "goodbye"


ORDERS: Mapping[str, Order] = MappingProxyType(
    {
        "pause": Order("pause [queue=NAME] [REASON]", "get no calls of queues, or of that one", _pause),
        "unpause": Order("unpause [queue=NAME]", "get them again", _unpause),
        "reasons": Order("reasons", "which reasons a pause may have", _reasons),
        "ready": Order("ready", "after-call work is done", _ready),
        "wrap": Order("wrap [on|off]", "begin after-call work, or end it", _wrap),
        "dial": Order("dial [PHONE] NUMBER [SERVICE]", "call somebody: your phone rings first", _dial),
        "tele": Order("tele NUMBER|off", "have calls come to another phone", _tele),
        "join": Order("join QUEUE", "be in a queue again", _join),
        "leave": Order("leave QUEUE", "stay out of a queue", _leave),
        "queues": Order("queues [NAME]", "your queues, and who waits there", _queues),
        "services": Order("services", "your services, also those to dial through", _services),
        "text": Order("text USER TEXT", "show a message to somebody (supervisors)", _text),
        "help": Order("help", "this", _help),
        "quit": Order("quit", "go home", _quit),
    }
)
