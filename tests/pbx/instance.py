"""A private Asterisk on loopback: its configuration, its process, its end.

``python -m tests.pbx.instance 22`` runs one in the foreground until it is interrupted, and says where it listens.
"""

from __future__ import annotations

import atexit
import datetime
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import trustme

from tests.pbx.fetch import PROJECT, fetch

CONF = Path(__file__).parent / "conf"
SHIPPED = PROJECT / "etc" / "asterisk"
PHONES = range(200, 206)
LOOPBACK = "127.0.0.1"
OUTSIDE_HOST = "127.0.0.2"  # another address of the same loopback, so that the outside is told from the phones
SHIPPED_OUTSIDE = "192.0.2.10"  # what the shipped files call the outside
BOOT_SECONDS = 60
MAX_SOCKET_NAME = 85  # of the 107 bytes a Unix socket's name may have, what leaves room for asterisk.ctl
NEEDED_BUT_EMPTY = ("acl", "ccss", "udptl", "pjproject", "pjsip_wizard", "websocket_client", "cel")
#: Has the kernel stop a process when the one that started it is gone, however it went.
END_WITH_PARENT = ("setpriv", "--pdeathsig", "TERM")


def free_port(kind: socket.SocketKind, host: str = LOOPBACK) -> int:
    """A port of ``host`` nobody uses at this moment."""
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])


@dataclass(frozen=True)
class Ports:
    """Where an instance listens, and where the outside line is expected."""

    ami: int
    ami_tls: int
    pjsip: int
    chan_sip: int
    outside: int

    @classmethod
    def free(cls) -> Ports:
        """Ports nobody uses at this moment."""
        tcp, udp = socket.SOCK_STREAM, socket.SOCK_DGRAM
        return cls(free_port(tcp), free_port(tcp), free_port(udp), free_port(udp), free_port(udp, OUTSIDE_HOST))


class Instance:
    """One Asterisk; ``technology`` says what the agents' phones are: ``PJSIP``, ``SIP`` or ``Local``.

    :ivar ports: where it listens.
    :ivar work: its scratch folder: configuration, logs, certificate of the test authority (``ca.pem``).
    """

    def __init__(self, major: int, technology: str = "PJSIP", *, system: str = "") -> None:
        self.major = major
        self.technology = technology
        self.ports = Ports.free()
        self.work = Path(tempfile.mkdtemp(prefix=f"asterisk-{major}-"))
        self._home = fetch(major)
        self._run = self.work / "run"
        if len(str(self._run)) > MAX_SOCKET_NAME:
            self._run = Path(tempfile.mkdtemp(prefix="asterisk-run-", dir="/tmp"))
        self._system = system
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def sip_port(self) -> int:
        """Where the phones send their SIP."""
        return self.ports.chan_sip if self.technology == "SIP" else self.ports.pjsip

    def interface(self, number: int) -> str:
        """What queues and dial plan call the phone ``number``."""
        return f"Local/{number}@phones/n" if self.technology == "Local" else f"{self.technology}/{number}"

    # -- configuration

    def prepare(self) -> None:
        """Write everything below :attr:`work`."""
        for part in ("etc", "lib/keys", "cache", "spool/tmp", "spool/monitor", "log", "agi-bin", "moh", "run"):
            (self.work / part).mkdir(parents=True, exist_ok=True)
        (self.work / "moh/silence.ulaw").write_bytes(b"\xff" * 80000)
        root = self._home / "root"
        modules = next(p for p in root.glob("usr/lib/**/modules") if p.parent.name == "asterisk")
        values = {
            "WORK": self.work, "RUN": self._run, "DATA": root / "usr/share/asterisk", "MODULES": modules,
            "ETC": SHIPPED, "SYSTEM": self._system, "AMI_PORT": self.ports.ami, "AMI_TLS_PORT": self.ports.ami_tls,
            "SIP_PORT": self.ports.pjsip, "CHANSIP_PORT": self.ports.chan_sip,
            "OUTSIDE": "SIP" if self.technology == "SIP" else "PJSIP",
            **{f"AGENT{n}": self.interface(n) for n in PHONES},
        }  # fmt: skip
        for template in CONF.glob("*.conf"):
            text = re.sub("@([A-Z_0-9]+)@", lambda m: str(values[m[1]]), template.read_text())
            (self.work / "etc" / template.name).write_text(text)
        for name in ("pjsip_astcti.conf", "sip_astcti.conf"):
            text = (
                (SHIPPED / name).read_text().replace(f"{SHIPPED_OUTSIDE}:5060", f"{OUTSIDE_HOST}:{self.ports.outside}")
            )
            text = text.replace("port = 5060", f"port = {self.ports.outside}").replace(SHIPPED_OUTSIDE, OUTSIDE_HOST)
            (self.work / "etc" / name).write_text(text)
        for name in NEEDED_BUT_EMPTY:
            (self.work / "etc" / f"{name}.conf").touch()
        self._write_certificate()

    def _write_certificate(self) -> None:
        authority = trustme.CA()
        expires = datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=2)
        certificate = authority.issue_cert("localhost", LOOPBACK, not_after=expires)
        certificate.private_key_and_cert_chain_pem.write_to_path(str(self.work / "etc/ami.pem"))
        authority.cert_pem.write_to_path(str(self.work / "ca.pem"))

    # -- process

    def console(self, command: str) -> str:
        """What Asterisk's own console answers."""
        return self._console(command).stdout

    def _console(self, command: str) -> subprocess.CompletedProcess[str]:
        remote = [self._home / "bin/asterisk", "-C", self.work / "etc/asterisk.conf", "-rx", command]
        return subprocess.run(remote, capture_output=True, text=True, check=False, timeout=30)

    def start(self) -> None:
        """Run it and wait, blocking, until it is ready for calls; it ends with this process at the latest.

        :raises RuntimeError: it does not start; with its last words.
        """
        if not (self.work / "etc").exists():
            self.prepare()
        with open(self.work / "log/console", "wb") as output:
            self._process = subprocess.Popen(
                [*END_WITH_PARENT, self._home / "bin/asterisk", "-f", "-C", self.work / "etc/asterisk.conf"],
                cwd=self.work, stdin=subprocess.DEVNULL, stdout=output, stderr=output,
            )  # fmt: skip
        atexit.register(self.stop)
        give_up = time.monotonic() + BOOT_SECONDS
        while self._console("core waitfullybooted").returncode:
            if self._process.poll() is not None or time.monotonic() > give_up:
                self.stop(keep=True)
                raise RuntimeError(f"Asterisk {self.major} does not start: {self.last_words()}")
            time.sleep(0.1)

    def last_words(self) -> str:
        """The end of its console output."""
        return (self.work / "log/console").read_text(errors="replace")[-2000:]

    @property
    def pid(self) -> int:
        """Its process."""
        assert self._process is not None
        return self._process.pid

    def stop(self, keep: bool = False) -> None:
        """End it and remove its folder; harmless when it has ended already."""
        atexit.unregister(self.stop)
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(10)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        if not keep and "ASTCTI_KEEP" not in os.environ:
            shutil.rmtree(self.work, ignore_errors=True)
            shutil.rmtree(self._run, ignore_errors=True)


def main(argv: list[str]) -> int:
    """Run an instance in the foreground: ``16`` or ``22``, then optionally a technology."""
    if not argv or argv[0] not in ("16", "22"):
        print(__doc__, file=sys.stderr)
        return 64
    instance = Instance(int(argv[0]), *argv[1:2])
    instance.start()
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
    print(f"AMI 127.0.0.1:{instance.ports.ami}  SIP 127.0.0.1:{instance.sip_port}  {instance.ports}")
    print(f"console: {instance._home}/bin/asterisk -C {instance.work}/etc/asterisk.conf -r", flush=True)
    signal.sigwait({signal.SIGINT, signal.SIGTERM})
    instance.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
