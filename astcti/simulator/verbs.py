"""The actions about the link and the PBX as a whole: what each answers, word for word as Asterisk does."""

from __future__ import annotations

from astcti.simulator.accounts import ALL, mask
from astcti.simulator.cdr import stamp
from astcti.simulator.console import console
from astcti.simulator.events import user_event
from astcti.simulator.links import BANNERS, VERSIONS, Link, Verb
from astcti.simulator.membership import Denied
from astcti.simulator.phones import LAMPS
from astcti.simulator.requests import Request


def login(link: Link, request: Request) -> None:
    """``Login``, with a secret or the answer to a challenge."""
    if link.account is not None:
        link.reply(request, ("Message", "Already authenticated"))
        return
    account = link.admit(request)
    if account is None:
        link.error(request, "Authentication failed")
        link.turn_away()
        return
    link.reply(request, ("Message", "Authentication accepted"))
    wanted = mask(request.get("Events"))
    link.welcome(account, ALL if wanted is None else wanted)


def challenge(link: Link, request: Request) -> None:
    """``Challenge``, for ``AuthType: MD5`` alone."""
    if request.get("AuthType").lower() != "md5":
        raise Denied("Must specify AuthType")
    link.reply(request, ("Challenge", link.challenge()))


def logoff(link: Link, request: Request) -> None:
    """``Logoff``."""
    link.reply(request, ("Message", "Thanks for all the fish."), response="Goodbye")
    link.end()


def choose_events(link: Link, request: Request) -> None:
    """``Events``: which classes to send."""
    wanted = mask(request.get("EventMask"))
    if wanted is None:
        raise Denied("Invalid event mask")
    assert link.account is not None
    link.mask = link.account.read & wanted
    link.reply(request, ("Events", "On" if wanted else "Off"))


def ping(link: Link, request: Request) -> None:
    """``Ping``."""
    link.reply(request, ("Ping", "Pong"), ("Timestamp", f"{link.board.pbx.agenda.now:.6f}"))


def core_settings(link: Link, request: Request) -> None:
    """``CoreSettings``."""
    link.reply(
        request, ("AMIversion", BANNERS[link.board.asterisk]), ("AsteriskVersion", VERSIONS[link.board.asterisk]),
        ("SystemName", ""), ("CoreMaxCalls", "0"), ("CoreMaxLoadAvg", "0.000000"), ("CoreRunUser", ""),
        ("CoreRunGroup", ""), ("CoreMaxFilehandles", "0"), ("CoreRealTimeEnabled", "No"), ("CoreCDRenabled", "Yes"),
        ("CoreHTTPenabled", "No"), *([("SoundsSearchCustomDir", "No")] if link.board.pbx.modern else []),
    )  # fmt: skip


def core_status(link: Link, request: Request) -> None:
    """``CoreStatus``."""
    pbx = link.board.pbx
    date, time = stamp(pbx.started).split() if pbx.started else ("1970-01-01", "00:00:00")
    link.reply(
        request, ("CoreStartupDate", date), ("CoreStartupTime", time), ("CoreReloadDate", date),
        ("CoreReloadTime", time), ("CoreCurrentCalls", str(len(pbx.channels))),
        *([("CoreProcessedCalls", str(pbx.processed))] if pbx.modern else []),
    )  # fmt: skip


def run_command(link: Link, request: Request) -> None:
    """``Command``: one of the console's."""
    command = request.get("Command")
    if not command:
        raise Denied("No command provided")
    lines = console(link.board.pbx, command, VERSIONS[link.board.asterisk])
    output = lines if lines is not None else (
        f"No such command '{command}' (type 'core show help {command}' for other possible commands)",
    )  # fmt: skip
    pairs = [("Output", line) for line in output or ("",)]
    response_name = "Success" if lines is not None else "Error"
    link.reply(request, ("Message", "Command output follows"), *pairs, response=response_name)


def extension_state(link: Link, request: Request) -> None:
    """``ExtensionState``: the lamp of one of our phones."""
    exten, context = request.get("Exten"), request.get("Context") or "default"
    if not exten:
        raise Denied("Extension not specified")
    phone = link.board.pbx.phone_of(exten) if context == "inside" else None
    hint, lamp = (phone.interface, LAMPS[phone.device]) if phone else ("", ("-1", "Unknown"))
    link.reply(
        request, ("Message", "Extension Status"), ("Exten", exten), ("Context", context), ("Hint", hint),
        ("Status", lamp[0]), ("StatusText", lamp[1]),
    )  # fmt: skip


def send_user_event(link: Link, request: Request) -> None:
    """``UserEvent``: everybody gets the headers given."""
    link.reply(request, ("Message", "Event Sent"))
    more = [(n, v) for n, v in request.headers if n.lower() not in ("action", "userevent")]
    link.board.sink(user_event(request.get("UserEvent"), more))


def list_commands(link: Link, request: Request) -> None:
    """``ListCommands``."""
    link.reply(
        request,
        *(
            (
                verb.name,
                f"{verb.synopsis}  (Priv: {','.join((*verb.authority, 'all')) if verb.authority else '<none>'})",
            )
            for verb in sorted(link.board.verbs.values(), key=lambda v: v.name.lower())
        ),
    )


VERBS = (
    Verb("Challenge", "Generate Challenge for MD5 Auth.", (), challenge),
    Verb("Command", "Execute Asterisk CLI Command.", ("command",), run_command),
    Verb("CoreSettings", "Show PBX core settings (version etc).", ("system", "reporting"), core_settings),
    Verb("CoreStatus", "Show PBX core status variables.", ("system", "reporting"), core_status),
    Verb("Events", "Control Event Flow.", (), choose_events),
    Verb("ExtensionState", "Check Extension Status.", ("call", "reporting"), extension_state),
    Verb("ListCommands", "List available manager commands.", (), list_commands),
    Verb("Login", "Login Manager.", (), login),
    Verb("Logoff", "Logoff Manager.", (), logoff),
    Verb("Ping", "Keepalive command.", (), ping),
    Verb("UserEvent", "Send an arbitrary event.", ("user",), send_user_event),
)
