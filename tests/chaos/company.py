"""The call centre in which everything breaks: who works there on what, for the PBX and for the server."""

from __future__ import annotations

import random
from xml.sax.saxutils import escape

from astcti.protocols.client import digest_of
from astcti.simulator.accounts import CLASSES, Account
from astcti.simulator.dialplan import Step
from astcti.simulator.office import DIAL_SECONDS, Office, ServiceLine
from astcti.simulator.phones import Habit
from astcti.simulator.queues import QueueOptions

FIRST, AGENTS = 201, 200
NUMBERS = range(FIRST, FIRST + AGENTS)
SECRET = "chaos"
PAGE = "http://crm.example/pop?call={UNIQUEID}&digits={calldata}&from={CALLERID}&by={OPERATOR}&queue={QUEUE}"
ACTION = 1

DIRECT = "direct"
#: Services with a queue: name of both, strategy, and of all agents each so many-th works on it, up to a number of them.
QUEUES = (
    ("sales", "rrmemory", 1, AGENTS), ("care", "leastrecent", 2, AGENTS), ("help", "ringall", 25, 8),
    ("spare", "linear", 4, AGENTS),
)  # fmt: skip
SPARE = "spare"  # nobody calls; who works there is often changed
WRAPUP = {"care": 4}  # seconds of after-call work
SERVICES = (DIRECT, *(name for name, *_ in QUEUES))


def interface(number: int) -> str:
    """The phone of an agent."""
    return f"PJSIP/{number}"


def username(number: int) -> str:
    """The name an agent logs in with; the password is the same."""
    return f"op{number}"


def queues_of(number: int) -> list[str]:
    """The queues that an agent works in."""
    place = number - FIRST
    return [name for name, _, each, most in QUEUES if place % each == 0 and place // each < most]


def works_on(number: int, queue: str) -> bool:
    """Whether an agent works on the service of a queue, or, with an empty name, on the one without."""
    return not queue or queue in queues_of(number)


# -- for the PBX


def office(chance: random.Random, now: float, asterisk: int) -> Office:
    """The company's PBX: queues that nobody is in, and extensions that ring one phone, or two."""
    lines = tuple(
        ServiceLine(name, str(800 + i), name, QueueOptions(strategy, timeout=12, retry=1))
        for i, (name, strategy, *_) in enumerate(QUEUES)
    )
    agents = {interface(n): f"Agent {n}" for n in NUMBERS}
    right = sum(CLASSES[name] for name in ("call", "agent", "originate", "reporting"))
    read = right | CLASSES["system"] | CLASSES["dialplan"]
    accounts = (Account("astcti", SECRET, read, right), Account("witness", SECRET))
    made = Office(
        lines, agents, chance, asterisk=asterisk, start=now, habit=Habit("answer", 0.3, 3.0), accounts=accounts
    )
    for number in NUMBERS:
        pair = f"{interface(number)}&{interface(number + 1 if number + 1 in NUMBERS else FIRST)}"
        for exten, phones in ((str(number), interface(number)), (f"9{number}", pair)):
            ask = (Step("Answer"), Step("Read", "calldata,,9,,1,6"), Step("Set", "calldata=${calldata}"))
            dial = Step("Dial", f"{phones},{DIAL_SECONDS},tT")
            made.pbx.dialplan.add(DIRECT, exten, (*ask, dial, Step("Hangup")))
    return made


def somewhere(chance: random.Random, office: Office) -> tuple[str, str]:
    """Context and extension of a call: a queue as often as not."""
    if chance.random() < 0.5:
        return chance.choice([line.place for line in office.lines if line.queue != SPARE])
    return DIRECT, chance.choice(("", "", "9")) + str(chance.choice(NUMBERS))


# -- for the server

#: So that troubles are noticed within seconds.
SETTINGS = {
    "ami_ping_interval": 2, "ami_response_timeout": 2, "ami_grace": 600, "cti_read_timeout": 6000,
    "config_poll_interval": 1, "upgrade_hashes": "no", "actions_kept": 500,
}  # fmt: skip

BOOTSTRAP = """<configuration>
  <database>{database}</database>
  <logging><directory>logs</directory><level>info</level><keep>50</keep></logging>
  <manager><host>127.0.0.1</host><port>{ami}</port><username>astcti</username><secret>{secret}</secret>
    <pause>5</pause></manager>
  <ctiserver><address>127.0.0.1</address><port>{port}</port><state>var</state></ctiserver>
</configuration>
"""


def bootstrap_xml(ami: int, port: int, database: str) -> str:
    """Where the server finds everything."""
    return BOOTSTRAP.format(ami=ami, port=port, database=database, secret=SECRET)


def runtime_xml() -> str:
    """Seats, operators, services and the page that pops."""
    settings = "".join(f'<setting name="{k}">{v}</setting>' for k, v in SETTINGS.items())
    queue = {name: f' queue="{name}" wrapup="{WRAPUP.get(name, 0)}"' for name, *_ in QUEUES}
    services = "".join(
        f'<service id="{i}" name="{name}" type="INBOUND"{queue.get(name, "")}><variable name="calldata"/>'
        f'<actionref id="{ACTION}" order="1"/></service>'
        for i, name in enumerate(SERVICES, 1)
    )
    seats = "".join(f'<seat id="{n}" exten="{interface(n)}"/>' for n in NUMBERS)
    operators = "".join(
        f'<operator id="{n}" username="{username(n)}" fullname="Operator {n}" seat="{n}" '
        f'password="{digest_of(username(n))}">{_references(n)}</operator>'
        for n in NUMBERS
    )
    return (
        f'<astcti version="2" timestamp="1"><settings>{settings}</settings>'
        f'<actions><action id="{ACTION}" type="BROWSER"><parameters>{escape(PAGE)}</parameters></action></actions>'
        f"<services>{services}</services><seats>{seats}</seats><operators>{operators}</operators></astcti>"
    )


def _references(number: int) -> str:
    return "".join(f'<serviceref id="{SERVICES.index(name) + 1}"/>' for name in (DIRECT, *queues_of(number)))
