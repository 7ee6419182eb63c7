"""The call centre of the day: an Asterisk behind a line that can be cut, a MariaDB, an LDAP directory, the server."""

from __future__ import annotations

import atexit
import io
from contextlib import redirect_stderr, redirect_stdout
from functools import cache
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import trustme
from twisted.internet.threads import deferToThread

from astcti.commands.config import main as config
from astcti.protocols.client import CTIClient, PauseChanged, QueueChanged, ServerEvent, client_tls, digest_of
from tests.ldap.slapd import SEARCH_PASSWORD, SEARCHER, SUFFIX, Slapd
from tests.mariadb.server import the_server
from tests.outside import skip_without
from tests.pbx.agents import Agent, Floor
from tests.pbx.cutter import Cutter
from tests.pbx.daemon import PAGE, Daemon, password_of
from tests.pbx.instance import Instance
from tests.pbx.live import LiveTestCase
from tests.pbx.stage import SETTLE_SECONDS, Stage
from tests.pbx.waiting import sleep, until

QUEUE, RINGALL, STATIC = "astcti-queue", "astcti-ringall", "astcti-static"
HOST = "127.0.0.1"
BACK_SECONDS = 60
DIRECTORY_PASSWORD = "what the directory knows"

#: 201 is of the directory and begins in pause; 202 has a password of the data base's; 203 works where she can.
RUNTIME = """<astcti version="2" timestamp="1"><settings>{settings}</settings>
<actions><action id="1" type="BROWSER"><parameters>{page}</parameters></action></actions>
<services>
<service id="1" name="astctidemo"><variable name="calldata"/><actionref id="1" order="1"/></service>
<service id="2" name="demo-queue" queue="astcti-queue" wrapup="4">
<variable name="calldata"/><actionref id="1" order="1"/></service>
<service id="3" name="demo-ringall" queue="astcti-ringall">
<variable name="calldata"/><actionref id="1" order="1"/></service>
<service id="4" name="outgoing" type="OUTBOUND" default="1">
<variable name="calldata"/><actionref id="1" order="1"/></service>
</services>
<seats>{seats}</seats>
<pausereasons><pausereason code="lunch"/><pausereason code="training"/></pausereasons>
<operators>
<operator id="201" username="op201" fullname="Operator 201" seat="201" begininpause="1"
ldapdn="uid=op201,ou=people,{suffix}">
<serviceref id="1"/><serviceref id="2" penalty="1"/><serviceref id="4"/></operator>
<operator id="202" username="op202" fullname="Operator 202" seat="202" password="{digest202}">
<serviceref id="1"/><serviceref id="2" penalty="2"/><serviceref id="3"/></operator>
<operator id="203" username="op203" fullname="Operator 203" seat="203" password="{digest203}">
<serviceref id="1"/></operator>
</operators></astcti>"""

BOOTSTRAP = """<configuration>
<database><source>mysql</source><socket>{socket}</socket><username>{username}</username><password>{password}</password>
<database>{database}</database></database>
<logging><directory>logs</directory><level>debug</level></logging>
<manager><host>localhost</host><port>{ami}</port><username>astcti</username><secret>change-me</secret>
<pause>1</pause></manager>
<ctiserver><address>127.0.0.1</address><port>{port}</port></ctiserver></configuration>"""


@cache
def directory() -> Slapd:
    """The directory of this run of tests."""
    slapd = Slapd({"op201": DIRECTORY_PASSWORD})
    atexit.register(slapd.remove)
    return slapd


class DayDaemon(Daemon):
    """A server that has its configuration from MariaDB and its passwords from a directory.

    :ivar ca_file: who has issued its certificate.
    """

    def __init__(self, instance: Instance, cutter: Cutter, name: str) -> None:
        super().__init__(instance, name=name)
        self.db = the_server()
        self.address = self.db.database()
        authority = trustme.CA()
        self.ca_file = self.folder / "ca.pem"
        authority.cert_pem.write_to_path(self.ca_file)
        certificate = self.folder / "server.pem"
        authority.issue_cert(HOST).private_key_and_cert_chain_pem.write_to_path(certificate)
        certificate.chmod(0o600)
        settings = {
            "ami_ping_interval": 2, "ami_response_timeout": 2, "ami_grace": 120, "config_poll_interval": 1,
            "pause_after_call": "yes", "tls_cert": certificate, "auth_sources": "ldap, own",
            "auth_ldap_url": directory().tls_url, "auth_ldap_ca_file": directory().ca_file,
            "auth_ldap_base": f"ou=people,{SUFFIX}", "auth_ldap_bind_dn": SEARCHER,
            "auth_ldap_bind_password": SEARCH_PASSWORD, "auth_timeout": 3,
        }  # fmt: skip
        runtime = self.folder / "runtime.xml"
        runtime.write_text(
            RUNTIME.format(
                settings="".join(f'<setting name="{k}">{escape(str(v))}</setting>' for k, v in settings.items()),
                page=escape(PAGE), suffix=SUFFIX,
                seats="".join(f'<seat id="{n}" exten="{instance.interface(n)}"/>' for n in (201, 202, 203)),
                **{f"digest{n}": digest_of(password_of(f"op{n}")) for n in (202, 203)},
            )
        )  # fmt: skip
        reader = f"r{self.address.database}"  # as docs/database.rst has it
        self.bootstrap.write_text(
            BOOTSTRAP.format(
                socket=self.address.socket, username=reader, password="read",
                database=self.address.database, ami=cutter.port, port=self.port,
            )
        )  # fmt: skip
        for command in (["init", self.url], ["convert", str(runtime), self.url]):
            with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()) as said:
                assert config(command) == 0, said.getvalue()
        self.db.sql(
            f"CREATE USER {reader}@localhost IDENTIFIED BY 'read'",
            f"GRANT SELECT ON {self.address.database}.* TO {reader}@localhost",
            f"GRANT UPDATE ON {self.address.database}.operators TO {reader}@localhost",
        )
        runtime.unlink()

    @property
    def url(self) -> str:
        """The data base, for ``astcti config``."""
        a = self.address
        return (
            f"mysql://{a.username}:{a.password.replace(':', '%3A').replace('@', '%40')}@/{a.database}?socket={a.socket}"
        )

    def change(self, *statements: str) -> None:
        """What an administrator does: some statements, and a new timestamp."""
        stamp = "UPDATE dbversion SET LAST_UPDATE = LAST_UPDATE + 1"
        self.db.sql(*statements, stamp, database=self.address.database)


class DayTestCase(LiveTestCase):
    """The office before anybody has come."""

    skip = next(filter(None, map(skip_without, ("ASTCTI_TEST_PBX", "ASTCTI_TEST_MARIADB", "ASTCTI_TEST_LDAP"))), None)
    timeout = 400
    _serial = 0

    async def setUp(self) -> None:
        await super().setUp()
        await self.floor.close()
        DayTestCase._serial += 1
        self.cutter = Cutter(self.house.instance.ports.ami)
        self.addCleanup(self.cutter.close)
        name = f"day-{self.major}-{DayTestCase._serial}"
        self.daemon = DayDaemon(self.house.instance, self.cutter, name)
        await self.start()
        self.addCleanup(self.daemon.stop)
        self.floor = Floor(self.daemon, ())
        self.stage = Stage(self.exchange, self.floor)
        self.stage.nobody_answers()

    async def start(self) -> None:
        """Start the server; its line goes through this process, which must not stand still meanwhile."""
        await deferToThread(self.daemon.start)

    # -- people

    async def arrive(self, number: int) -> Agent:
        """An operator logs in: 201 with the password of the directory over TLS, the others as well as they can."""
        how: dict[str, Any] = {}
        if number == 201:
            tls = client_tls(HOST, Path(self.daemon.ca_file))
            how = {"way": "plain", "password": DIRECTORY_PASSWORD, "stls": tls}
        agent = Agent(number, self.daemon.port, **how)
        self.floor.agents[number] = agent
        self.addCleanup(agent.leave)
        await agent.log_in()
        return agent

    def client(self, number: int) -> CTIClient:
        """Somebody's connection."""
        client = self.floor.agents[number].service.client
        assert client is not None
        return client

    async def back(self, *numbers: int) -> None:
        """Return when these are logged in again."""
        for n in numbers:
            await until(lambda n=n: self.floor.agents[n].service.client, BACK_SECONDS, f"{n} again")

    # -- what is seen

    async def members(self, expected: dict[tuple[str, int], str], seconds: float = 15) -> None:
        """Return when the PBX has just these members of ours, with these reasons for their pauses (``-``: not paused),
        and the server believes the same of everything."""
        phones = {self.stage.interface(n): n for n in (201, 202, 203)}
        found: dict[tuple[str, int], str] = {}
        for _ in range(round(seconds / 0.1)):
            there = await self.stage.witness.members()
            found = {
                (q, phones[i]): (m["PausedReason"] if m["Paused"] == "1" else "-")
                for (q, i), m in there.items()
                if q != STATIC and i in phones
            }
            if found == expected:
                break
            await sleep(0.1)
        self.assertEqual(found, expected, self.daemon.last_words())
        await self.stage.compare()

    async def state(self, number: int, seconds: float = 15, **attributes: str) -> None:
        """Return when the operator has been told that they are in this state."""

        def newest() -> bool:
            told = [
                dict(n.attributes)
                for n in self.floor.agents[number].notices
                if isinstance(n, ServerEvent) and n.id == "AgentState"
            ]
            own = [s for s in told if "queue" not in s and s.get("operator") == f"op{number}"]
            return bool(own) and all(own[-1].get(name) == value for name, value in attributes.items())

        await until(newest, seconds, f"{attributes} in {self.floor.agents[number].notices[-6:]}")

    async def paused(self, number: int, reason: str) -> None:
        """A pause, confirmed."""
        notices = self.floor.agents[number].notices
        seen = len(notices)
        self.assertIs(await self.client(number).pause(reason), False)
        await until(lambda: [n for n in notices[seen:] if n == PauseChanged(True)], 15, "confirmation of the pause")

    async def queue_told(self, number: int, queue: str, member: bool, seconds: float = 15) -> None:
        """Return when the operator's newest news of a queue is that."""

        def newest() -> bool:
            told = [n for n in self.floor.agents[number].notices if isinstance(n, QueueChanged) and n.queue == queue]
            return bool(told) and told[-1].member is member

        await until(newest, seconds, f"news of {queue}")

    async def link(self, up: bool) -> None:
        """Return when the server knows how its link is."""
        await until(lambda: self.daemon.ask("status")["pbx"]["up"] is up, BACK_SECONDS, f"link {up}")

    async def configuration(self, state: str) -> None:
        """Return when the server says that of its configuration."""
        await until(
            lambda: self.daemon.ask("status")["configuration"]["state"] == state, BACK_SECONDS,
            f"configuration {state} in {self.daemon.ask('status')['configuration']}",
        )  # fmt: skip

    async def over(self) -> None:
        """Everybody hangs up, and the server agrees with the PBX that nothing is left."""
        for phone in [*self.stage.phones.values(), self.stage.outside]:
            for call in phone.connected():
                await call.bye()
        await self.stage.witness.quiet()
        await sleep(SETTLE_SECONDS)
        await self.stage.compare()
