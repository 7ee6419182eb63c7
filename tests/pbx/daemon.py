"""The real server, as a process of its own, pointed at a real Asterisk."""

from __future__ import annotations

import atexit
import hashlib
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from astcti.config.bootstrap import read_bootstrap
from astcti.services.control import ask
from tests.pbx.fetch import PROJECT
from tests.pbx.instance import END_WITH_PARENT, PHONES, Instance, free_port

START_SECONDS = 60
PAGE = "http://crm.example/?number={CALLERID}&name={CALLERIDNAME}&data={CALLDATA}&queue={QUEUE}&by={OPERATOR}"

#: Services of the demo dial plan: context, type, queue.
SERVICES = (
    ("astctidemo", "INBOUND", ""),
    ("demo-queue", "INBOUND", "astcti-queue"),
    ("demo-ringall", "INBOUND", "astcti-ringall"),
    ("demo-static", "INBOUND", "astcti-static"),
    ("otherdemo", "INBOUND", ""),
    ("outgoing", "OUTBOUND", ""),
)


def password_of(username: str) -> str:
    """Everybody's password."""
    return f"secret of {username}"


def runtime_xml(instance: Instance) -> str:
    """Six seats with an operator each, who work on everything."""
    services = "".join(
        f'<service id="{n}" name="{name}" type="{kind}"{f" queue={queue!r}" if queue else ""}>'
        f'<variable name="calldata"/><actionref id="1" order="1"/></service>'
        for n, (name, kind, queue) in enumerate(SERVICES, 1)
    )
    seats = "".join(f'<seat id="{n}" exten="{instance.interface(n).removesuffix("/n")}"/>' for n in PHONES)
    references = "".join(f'<serviceref id="{n}"/>' for n in range(1, len(SERVICES) + 1))
    operators = "".join(
        f'<operator id="{n}" username="op{n}" fullname="Operator {n}" seat="{n}" '
        f'password="{hashlib.md5(password_of(f"op{n}").encode()).hexdigest()}">{references}</operator>'
        for n in PHONES
    )
    return (
        '<astcti version="2" timestamp="1"><settings/>'
        f'<actions><action id="1" os="ALL" type="BROWSER"><parameters>{escape(PAGE)}</parameters></action></actions>'
        f"<services>{services}</services><seats>{seats}</seats><operators>{operators}</operators></astcti>"
    )


def bootstrap_xml(instance: Instance, port: int, *, tls: bool) -> str:
    """Where everything is; the manager user may not change queues, which scenarios do themselves."""
    link = f"<port>{instance.ports.ami}</port>"
    if tls:
        link = f"<port>{instance.ports.ami_tls}</port><tls>yes</tls><cafile>{instance.work / 'ca.pem'}</cafile>"
    return (
        "<configuration><database><source>xml</source><file>runtime.xml</file></database>"
        "<logging><directory>logs</directory><level>debug</level></logging>"
        f"<manager><host>localhost</host>{link}<username>onlooker</username><secret>change-me</secret><pause>5</pause></manager>"
        f"<ctiserver><address>127.0.0.1</address><port>{port}</port></ctiserver></configuration>"
    )


def shipped_xml(instance: Instance, port: int) -> tuple[str, str]:
    """The samples of ``etc``, with nothing changed but the ports."""
    bootstrap = (PROJECT / "etc" / "astcti.xml").read_text()
    for old, new in (("<port>5038<", f"<port>{instance.ports.ami}<"), ("<port>5000<", f"<port>{port}<")):
        assert bootstrap.count(old) == 1, f"etc/astcti.xml has no {old}"
        bootstrap = bootstrap.replace(old, new)
    return bootstrap, (PROJECT / "etc" / "runtime.xml").read_text()


class Daemon:
    """The server, with the tests' configuration or the ``shipped`` one; ``how`` is ``serve`` or ``twistd``.

    :ivar port: where clients connect.
    """

    def __init__(
        self, instance: Instance, how: str = "serve", *, tls: bool = False, name: str = "astcti", shipped: bool = False
    ) -> None:
        self.folder = instance.work / name
        self.folder.mkdir()
        self.port = free_port(socket.SOCK_STREAM)
        self.bootstrap = self.folder / "astcti.xml"
        if shipped:
            bootstrap, runtime = shipped_xml(instance, self.port)
        else:
            bootstrap, runtime = bootstrap_xml(instance, self.port, tls=tls), runtime_xml(instance)
        self.bootstrap.write_text(bootstrap)
        (self.folder / "runtime.xml").write_text(runtime)
        for path in (self.bootstrap, self.folder / "runtime.xml"):
            path.chmod(0o600)
        program = [sys.executable, "-m", "astcti", "serve"]
        if how == "twistd":
            run = "import sys; from twisted.scripts.twistd import run; sys.argv[0] = 'twistd'; run()"
            program = [sys.executable, "-c", run, "--nodaemon", "--pidfile=", "astcti"]
        self._program = [*END_WITH_PARENT, *program, "--config", str(self.bootstrap)]
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def output(self) -> Path:
        """What it prints."""
        return self.folder / "output"

    def start(self) -> None:
        """Run it and wait, blocking, until clients can connect.

        :raises RuntimeError: they cannot; with what it printed.
        """
        with open(self.output, "wb") as output:
            self._process = subprocess.Popen(
                self._program, cwd=self.folder, stdin=subprocess.DEVNULL, stdout=output, stderr=output
            )
        atexit.register(self.stop)
        give_up = time.monotonic() + START_SECONDS
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                if self._process.poll() is not None or time.monotonic() > give_up:
                    self.stop()
                    raise RuntimeError(f"astcti does not start: {self.last_words()}") from None
            time.sleep(0.05)

    def stop(self) -> int | None:
        """End it as a system would; its status."""
        atexit.unregister(self.stop)
        if self._process is None:
            return None
        self._process.terminate()
        try:
            return self._process.wait(15)
        except subprocess.TimeoutExpired:
            self._process.kill()
            return self._process.wait()

    def kill(self) -> None:
        """End it without a word."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def last_words(self) -> str:
        """The end of what it printed and logged."""
        texts = [self.output, *sorted((self.folder / "logs").glob("*"))]
        return "\n".join(p.read_text(errors="replace")[-3000:] for p in texts if p.exists())

    def ask(self, command: str) -> Any:
        """What it answers on its control socket."""
        return ask(read_bootstrap(self.bootstrap).ctiserver.control, {"command": command})

    def ctl(self, *command: str) -> str:
        """What ``astcti ctl`` prints."""
        ctl = [sys.executable, "-m", "astcti", "ctl", "--config", str(self.bootstrap), *command]
        return subprocess.run(ctl, capture_output=True, text=True, check=True, cwd=self.folder).stdout
