"""Channels come, run the dial plan, ring, and go; services and watched variables are recognised here."""

from __future__ import annotations

from astcti.model import facts
from astcti.model.board import Board
from astcti.model.legs import Leg, Story
from astcti.model.plan import ServicePlan
from astcti.model.talking import inherited, leave, tell_unlink

#: What ``Newexten`` names as application on a leg that is being called: no step of a dial plan.
NOT_DIAL_PLAN = frozenset({"appdial", "appdial2", "appqueue"})

#: Hang-up causes that say nothing: unknown, normal.
_UNSPECIFIC = frozenset({0, 16, 31})

#: ``DIALSTATUS`` as a hang-up cause, in Asterisk's own words for it.
_FATES = {
    "BUSY": (17, "User busy"),
    "NOANSWER": (19, "User alerting, no answer"),
    "CONGESTION": (34, "Circuit/channel congestion"),
    "CHANUNAVAIL": (20, "Subscriber absent"),
    "CANCEL": (16, "Normal Clearing"),  # the caller hung up first
}


def appeared(board: Board, fact: facts.ChannelNew) -> None:
    """A channel exists (or is told of again)."""
    if not board.quiet:  # a list may be older than what was told since
        board.born(fact.uniqueid)
    known = fact.uniqueid in board.legs
    leg = board.leg(fact.uniqueid, fact.channel, fact.linkedid)
    if leg is None:
        return
    leg.state = fact.state
    story = leg.story
    board.set_number(leg, fact.number, fact.name)
    story.context, story.exten, story.account = fact.context, fact.exten, fact.account or story.account
    if known:
        return
    if board.hears(leg):
        root = board.legs.get(fact.linkedid)
        if root is not None and root is not leg and root.story.service is not None:
            board.rings(leg, root.story)
        board.tell_state("Newchannel", leg)


def state_changed(board: Board, fact: facts.ChannelState) -> None:
    """A channel rings, or is up."""
    leg = board.leg(fact.uniqueid, fact.channel, fact.linkedid)
    if leg is None:
        return
    leg.state = fact.state
    if not board.hears(leg):
        return
    if fact.state == "Ringing" and not leg.dialed and not leg.named:
        story = leg.rings_for
        if story is None or (story.service is None and not story.waiting):
            story = _waiting_caller(board, leg, fact.connected_number or fact.number)
        if story is not None and story.service is not None and (story.waiting or story.queue):
            board.rings(leg, story)
            leg.named = True
            board.tell_state("Callerid", leg)
    board.tell_state("Newstate", leg)


def _waiting_caller(board: Board, leg: Leg, number: str) -> Story | None:
    """The oldest caller of that number who waits in a queue of this phone: all that Asterisk 1.4 lets us know."""
    if not number:
        return None
    for caller in board.waiting.get(number, {}).values():
        story = caller.story
        if board.is_member is None or board.is_member(story.queue, leg.interface):
            return story
    return None


def _serve(board: Board, leg: Leg, service: ServicePlan) -> None:
    if board.set_service(leg, service):
        board.tell_state("Newexten", leg)


def executed(board: Board, fact: facts.ChannelExten) -> None:
    """A channel runs an application of the dial plan."""
    leg = board.leg(fact.uniqueid, fact.channel, fact.linkedid)
    application = fact.application.lower()
    if leg is None or application in NOT_DIAL_PLAN:
        return
    story = leg.story
    story.context = fact.context
    if fact.exten:
        story.exten = fact.exten
    service = board.plan.at_context(fact.context)
    if service is not None:
        # A caller who is passed on into an outbound context does not become a call out.
        answers = application == "answer" and not (service.outbound and story.service is not None)
        if answers or story.service is None:
            _serve(board, leg, service)
    if application in {"set", "mset"}:
        separator = "," if application == "mset" else None
        for pair in fact.data.split(separator) if separator else (fact.data,):
            name, equals, value = pair.partition("=")
            if equals:
                store(board, leg, name, value)


def variable_set(board: Board, fact: facts.VariableSet) -> None:
    """A variable of a channel was set; this is the last word on its value."""
    leg = board.leg(fact.uniqueid, fact.channel, fact.linkedid)
    if leg is not None:
        store(board, leg, fact.variable, fact.value)


def store(board: Board, leg: Leg, variable: str, value: str) -> None:
    """Keep the value of a variable that some service watches.

    Kept whatever the context it was set in, as Asterisk does: a caller's data is often collected in one context and
    handed to an agent in another. What a seat is shown are the variables of the call's service.
    """
    name = variable.strip().strip('"').lstrip("_")
    spellings = board.plan.watched.get(name.lower())
    if not spellings:
        return
    story = leg.story
    changed = False
    for spelling in (name,) if name in spellings else spellings:
        changed = changed or story.variables.get(spelling) != value
        story.variables[spelling] = value
    if board.plan.anywhere:
        board.begin_at_large(leg)
    if changed and story.service is not None:
        board.changed(leg)
        board.tell_state("Newexten", leg)


def caller_id_changed(board: Board, fact: facts.CallerId) -> None:
    """Who a party is became known, or changed."""
    leg = board.legs.get(fact.uniqueid)
    if leg is None:
        return
    story = leg.story
    unknown = not story.number
    board.set_number(leg, fact.number, fact.name)
    if unknown and story.number:
        for uniqueid in sorted(story.ringing):
            phone = board.legs.get(uniqueid)
            if phone is not None and phone.named:
                board.tell_state("Callerid", phone)


def dial_began(board: Board, fact: facts.DialBegin) -> None:
    """One channel dials another. Queues dial too; theirs is told as a queue's call when the phone rings."""
    dest = board.leg(fact.dest_uniqueid, fact.dest_channel, fact.linkedid)
    if dest is None or not fact.source_uniqueid:
        return
    source = board.leg(fact.source_uniqueid, fact.source_channel)
    if source is None:
        return
    if source.pair is None:
        board.set_number(source, fact.number, fact.name)
    story = _caller_behind(source)
    if story.service is not None:
        board.promote(source)
    board.rings(dest, story)
    if story.waiting or story.service is None:
        return
    dest.dialed = True
    if board.hears(dest) and not dest.named:
        dest.named = True
        view = dest.view()
        board.tell("Dial", dest, view._replace(
            channel=story.channel, dest_channel=dest.channel, dest_uniqueid=dest.uniqueid))  # fmt: skip
        board.tell("Callerid", dest, view)


def dial_ended(board: Board, fact: facts.DialEnd) -> None:
    """Dialling ended, for one of the phones that were dialled; several ends may come, also of one phone."""
    leg = board.legs.get(fact.source_uniqueid)
    if leg is None or (fact.status == "CANCEL" and leg.fate):
        return  # those that are still ringing when it is over are cancelled, whatever the end was
    leg.fate = "" if fact.status == "ANSWER" else fact.status


def _caller_behind(source: Leg) -> Story:
    """Whose call it is that ``source`` passes on: across a Local channel, whoever dialled its first half."""
    for _ in range(8):
        if source.story.service is not None or source.pair is None or source.pair.rings_for is None:
            break
        story = source.pair.rings_for
        if story.service is not None or story.waiting:
            return story
        break
    return source.story


def originated(board: Board, fact: facts.OriginateResult) -> None:
    """A call that was asked for got through to its first phone: from here on it is a call out."""
    leg = board.legs.get(fact.uniqueid)
    if leg is None or not fact.success:
        return
    service = board.plan.at_context(fact.context)
    if service is not None and service.outbound and leg.story.service is None:
        _serve(board, leg, service)


def hung_up(board: Board, fact: facts.Hangup) -> None:
    """A channel is gone: the last that its seat hears of the call."""
    leg = board.legs.get(fact.uniqueid)
    if leg is None:
        return
    if leg.heir:
        inherited(board, leg)
    leave(board, leg)
    if leg.linked is not None:
        tell_unlink(board, leg)
    if leg.known:
        cause, text = _true_cause(leg, fact)
        board.tell("Hangup", leg, leg.view(reason_code=cause, reason_text=text))
    board.forget(leg)


def _true_cause(leg: Leg, fact: facts.Hangup) -> tuple[int, str]:
    """Why the call ended: where nobody answered, a dial plan that just hangs up says "normal" whatever the reason."""
    told = (fact.cause, fact.cause_text)
    if fact.cause not in _UNSPECIFIC:
        return told
    fate = leg.fate or (leg.pair.fate if leg.pair is not None else "")
    return _FATES.get(fate, told)
