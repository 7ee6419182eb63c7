"""The actions on channels: what each answers, word for word as Asterisk does."""

from __future__ import annotations

from astcti.simulator.accounts import true
from astcti.simulator.channel import Channel
from astcti.simulator.links import Link, Verb
from astcti.simulator.membership import Denied
from astcti.simulator.originate import ANSWERED, Order, caller_id, originate, response
from astcti.simulator.requests import Request


def _channel(link: Link, name: str, missing: str = "No such channel") -> Channel:
    channel = link.board.pbx.find(name)
    if channel is None:
        raise Denied(missing)
    return channel


def get_variable(link: Link, request: Request) -> None:
    """``Getvar``, of a channel or a global one."""
    name, of = request.get("Variable"), request.get("Channel")
    if not name:
        raise Denied("No variable specified")
    value = _channel(link, of).value_of(name) if of else link.board.pbx.globals.get(name, "")
    link.reply(request, ("Variable", name), ("Value", value))


def set_variable(link: Link, request: Request) -> None:
    """``Setvar``, of a channel or a global one."""
    name, of, value = request.get("Variable"), request.get("Channel"), request.get("Value")
    if not name:
        raise Denied("No variable specified")
    channel = _channel(link, of) if of else None
    link.reply(request, ("Message", "Variable Set"))
    if channel is not None:
        link.board.pbx.set(channel, name, value)
    else:
        link.board.pbx.set_global(name, value)


def hangup(link: Link, request: Request) -> None:
    """``Hangup`` of one channel."""
    name, cause = request.get("Channel"), request.get("Cause")
    if not name:
        raise Denied("No channel specified")
    channel = _channel(link, name)
    link.reply(request, ("Message", "Channel Hungup"))
    link.board.pbx.hang_up(channel, int(cause) if cause.isdigit() else None, asked=False)


def redirect(link: Link, request: Request) -> None:
    """``Redirect`` of one channel."""
    name, priority = request.get("Channel"), request.get("Priority") or "1"
    if not name:
        raise Denied("Channel not specified")
    if not priority.isdigit():
        raise Denied("Priority is invalid")
    channel = _channel(link, name, f"Channel does not exist: {name}")
    if channel.actor is None and channel.bridge is None:
        raise Denied("Redirect failed")
    link.reply(request, ("Message", "Redirect successful"))
    context = request.get("Context") or channel.shown.context
    link.board.pbx.move(channel, context, request.get("Exten") or "s", int(priority))


def blind_transfer(link: Link, request: Request) -> None:
    """``BlindTransfer``: the one who talks with the channel goes on elsewhere."""
    name, exten = request.get("Channel"), request.get("Exten")
    if not name:
        raise Denied("No channel specified")
    if not exten:
        raise Denied("No extension specified")
    pbx = link.board.pbx
    channel = _channel(link, name, "Channel specified does not exist")
    if channel.bridge is None or len(channel.bridge.channels) != 2:
        raise Denied("Transfer invalid")
    link.reply(request, ("Message", "Transfer succeeded"))
    pbx.blind_transfer(channel, request.get("Context") or channel.shown.context, exten)


def place_call(link: Link, request: Request) -> None:
    """``Originate``; without ``Async`` the link does nothing else before the phone has answered, or has not."""
    pbx = link.board.pbx
    order = _order(link, request)
    action_id = request.get("ActionID")
    if true(request.get("Async")):
        link.reply(request, ("Message", "Originate successfully queued"))
        originate(pbx, order, lambda why, channel: pbx.sink(response(order, action_id, why, channel)))
        return
    link.blocked = True

    def done(why: int, channel: Channel | None) -> None:
        if why == ANSWERED:
            link.reply(request, ("Message", "Originate successfully queued"))
        else:
            link.error(request, "Originate failed")
        link.unblock()

    originate(pbx, order, done)


def _order(link: Link, request: Request) -> Order:
    interface, priority = request.get("Channel"), request.get("Priority") or "1"
    timeout = request.get("Timeout") or "30000"
    application = request.get("Application")
    context, exten = request.get("Context"), request.get("Exten")
    if not interface:
        raise Denied("Channel not specified")
    if not priority.isdigit():
        raise Denied("Invalid priority")
    if not timeout.isdigit():
        raise Denied("Invalid timeout")
    if not interface.partition("/")[2]:
        raise Denied("Invalid channel")
    if exten and not application and not link.board.pbx.dialplan.find(context, exten):
        raise Denied("Extension does not exist.")
    number, name = caller_id(request.get("CallerID"))
    return Order(
        interface, context if exten else "", exten, int(priority), application, request.get("Data"),
        int(timeout) / 1000, number, name, request.get("Account"), request.get("ChannelId"), request.variables,
    )  # fmt: skip


CALL_VERBS = (
    Verb("BlindTransfer", "Blind transfer channel(s) to the given destination", ("call",), blind_transfer),
    Verb("Getvar", "Gets a channel variable or function value.", ("call", "reporting"), get_variable),
    Verb("Hangup", "Hangup channel.", ("system", "call"), hangup),
    Verb("Originate", "Originate a call.", ("originate",), place_call),
    Verb("Redirect", "Redirect (transfer) a call.", ("call",), redirect),
    Verb("Setvar", "Sets a channel variable or function value.", ("call",), set_variable),
)
