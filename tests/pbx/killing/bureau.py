"""Who works there on what, and a server for them whose waits are short."""

from __future__ import annotations

import sys
from xml.sax.saxutils import escape

from astcti.protocols.client import digest_of
from tests.chaos.company import ACTION, BOOTSTRAP, PAGE, interface, username
from tests.chaos.database import Members
from tests.pbx.daemon import Daemon
from tests.pbx.instance import END_WITH_PARENT, PHONES, Instance

QUEUE, RINGALL, STATIC = QUEUES = ("astcti-queue", "astcti-ringall", "astcti-static")
SERVICES = {"astctidemo": "", "demo-queue": QUEUE, "demo-ringall": RINGALL, "demo-static": STATIC}
WRAPUP = {"demo-queue": 3}  # seconds of after-call work
PENALTIES = {"demo-ringall": 2}
#: The PBX's own members of the queue that has such, with their penalties.
OWN = {201: 0, 202: 5}
#: So that troubles are noticed within seconds.
SETTINGS = {
    "ami_ping_interval": 2, "ami_response_timeout": 2, "ami_grace": 600, "cti_read_timeout": 5000,
    "upgrade_hashes": "no",
}  # fmt: skip

#: The command ``astcti`` with other constants, each as ``module:NAME=value``, in words before ``--``.
OTHERWISE = """
import importlib, sys
from pathlib import Path
end = sys.argv.index("--")
for word in sys.argv[1:end]:
    where, _, value = word.partition("=")
    module, _, name = where.partition(":")
    assert hasattr(importlib.import_module(module), name), where
    setattr(sys.modules[module], name, float(value))
from astcti.commands import main
sys.argv[1:] = sys.argv[end + 1 :]
sys.exit(main())
"""


def services_of(number: int) -> list[str]:
    """What an agent works on; those in a queue of the PBX's own stay there by themselves."""
    found = ["astctidemo", "demo-queue"]
    found += ["demo-ringall"] if number % 2 == 0 else []
    return found + (["demo-static"] if number in OWN else [])


def works_on(number: int, queue: str) -> bool:
    """Whether an agent works on the service of a queue, or, with an empty name, on the one without."""
    return queue in {SERVICES[name] for name in services_of(number)}


def members_of(*numbers: int) -> Members:
    """Who is to be in which queue with which penalty while these are at work."""
    wanted = {
        (SERVICES[name], number): PENALTIES.get(name, 0)
        for number in numbers
        for name in services_of(number)
        if SERVICES[name] not in ("", STATIC)
    }
    return wanted | {(STATIC, number): penalty for number, penalty in OWN.items()}


def runtime_xml() -> str:
    """Seats, operators, services and the page that pops; everybody's password is their name."""
    settings = "".join(f'<setting name="{k}">{v}</setting>' for k, v in SETTINGS.items())
    ids = {name: i for i, name in enumerate(SERVICES, 1)}
    services = "".join(
        f'<service id="{ids[name]}" name="{name}" type="INBOUND" wrapup="{WRAPUP.get(name, 0)}"'
        f'{f" queue={queue!r}" if queue else ""}><variable name="calldata"/>'
        f'<actionref id="{ACTION}" order="1"/></service>'
        for name, queue in SERVICES.items()
    )
    seats = "".join(f'<seat id="{n}" exten="{interface(n)}"/>' for n in PHONES)
    operators = "".join(
        f'<operator id="{n}" username="{username(n)}" fullname="Operator {n}" seat="{n}" '
        f'password="{digest_of(username(n))}">{_references(n, ids)}</operator>'
        for n in PHONES
    )
    return (
        f'<astcti version="2" timestamp="1"><settings>{settings}</settings>'
        f'<actions><action id="{ACTION}" type="BROWSER"><parameters>{escape(PAGE)}</parameters></action></actions>'
        f"<services>{services}</services><seats>{seats}</seats><operators>{operators}</operators></astcti>"
    )


def _references(number: int, ids: dict[str, int]) -> str:
    penalty = {name: OWN[number] for name in services_of(number) if name == "demo-static"} | PENALTIES
    return "".join(f'<serviceref id="{ids[n]}" penalty="{penalty.get(n, 0)}"/>' for n in services_of(number))


class BureauDaemon(Daemon):
    """Their server.

    :param ami: the port where it finds the PBX, when it is not the PBX's own.
    :param constants: other values for some, by ``module:NAME``.
    """

    def __init__(self, instance: Instance, name: str, ami: int = 0, constants: dict[str, float] | None = None) -> None:
        super().__init__(instance, name=name)
        database = "<source>xml</source><file>runtime.xml</file>"
        text = BOOTSTRAP.format(ami=ami or instance.ports.ami, port=self.port, database=database, secret="change-me")
        self.bootstrap.write_text(text.replace("<pause>5<", "<pause>1<").replace("<level>info<", "<level>debug<"))
        (self.folder / "runtime.xml").write_text(runtime_xml())
        words = [f"{name}={value}" for name, value in (constants or {}).items()]
        self.command = ["-c", OTHERWISE, *words, "--", "serve", "--config", str(self.bootstrap)]
        self._program = [*END_WITH_PARENT, sys.executable, *self.command]
