"""A PBX that cannot be reached, as far as no real one is wanted for it."""

from __future__ import annotations

import datetime
import socket
import ssl
import threading

import trustme
from twisted.internet.defer import Deferred

from astcti.config.settings import Settings
from astcti.doctor import Level, reaching
from astcti.doctor.reaching import examine_pbx
from tests.doctor.patient import DoctorTestCase
from tests.doctor.scripted import Scripted, refusal

DAY = datetime.timedelta(days=1)


class ReachingTests(DoctorTestCase):
    """Every way in which it can go wrong is told apart."""

    async def fault(self, **settings: object) -> tuple[str, str]:
        """What is said, and what to do."""
        self.know(**settings)
        found = await self.only(examine_pbx, Level.FAULT)
        return found.seen, "\n".join(found.remedy)

    def serve(self, said: bytes, context: ssl.SSLContext | None = None) -> int:
        """Something that says that to everybody (in TLS) and hangs up, or listens when it has nothing to say."""
        listener = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(listener.close)

        def work() -> None:
            while True:
                try:
                    link, _ = listener.accept()
                except OSError:
                    return
                threading.Thread(target=talk, args=(link,), daemon=True).start()

        def talk(link: socket.socket) -> None:
            try:
                if context is not None:
                    link = context.wrap_socket(link, server_side=True)
                with link:
                    if said:
                        link.sendall(said)
                    else:
                        link.recv(1000)
                        link.recv(1000)
            except OSError:
                pass

        threading.Thread(target=work, daemon=True).start()
        return int(listener.getsockname()[1])

    async def test_no_user(self) -> None:
        """Without a manager user nothing is tried."""
        self.assertIn("no manager user", (await self.fault(ami_user=""))[0])

    async def test_not_a_pbx(self) -> None:
        """Something else that listens there."""
        port = self.serve(b"SSH-2.0-OpenSSH_9.2\r\n")
        self.assertIn("SSH-2.0", (await self.fault(ami_port=port))[0])

    async def test_silence(self) -> None:
        """Somebody who takes the connection and says nothing is perhaps waiting for TLS."""
        seen, remedy = await self.fault(ami_port=self.serve(b""), ami_response_timeout=1)
        self.assertIn("says nothing", seen)
        self.assertIn("<tls>yes</tls>", remedy)

    async def test_no_answer(self) -> None:
        """Packets that are dropped on the way."""
        full = socket.socket()
        self.addCleanup(full.close)
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        port = int(full.getsockname()[1])
        fillers = []  # a queue that is full answers nobody
        for _ in range(3):
            filler = socket.socket()
            filler.setblocking(False)
            filler.connect_ex(("127.0.0.1", port))
            fillers.append(filler)
            self.addCleanup(filler.close)
        seen, remedy = await self.fault(ami_port=port, ami_connect_timeout=300)
        self.assertIn("does not answer within 300 ms", seen)
        self.assertIn("iptables", remedy)

    async def test_slow_name(self) -> None:
        """A name server that says nothing."""
        self.patch(self.case.threads, "run", lambda work: Deferred())
        self.patch(reaching, "NAME_SECONDS", 0.05)
        self.assertIn("no name server", (await self.fault())[0])

    async def test_refused(self) -> None:
        """What the PBX says is repeated, also where it knows no challenge."""
        pbx = Scripted()
        self.addCleanup(pbx.close)
        port = await pbx.listen()
        pbx.answers["challenge"] = lambda headers: refusal("Invalid/unknown command")
        self.assertIn("ami_plaintext_login", (await self.fault(ami_port=port))[1])
        pbx.answers["challenge"] = lambda headers: ""
        self.assertIn("Challenge", (await self.fault(ami_port=port, ami_response_timeout=1))[0])

    async def test_certificates(self) -> None:
        """Made out to another name, out of date, and not from whom we trust: each with its own advice."""
        authority = trustme.CA()
        authority.cert_pem.write_to_path(str(self.folder / "ca.pem"))
        now = datetime.datetime.now(datetime.UTC)
        old = {"not_before": now - 9 * DAY, "not_after": now - DAY}
        for issued, words, advice in (
            (authority.issue_cert("pbx.example"), "mismatch", "as <host> the name"),
            (authority.issue_cert("127.0.0.1", **old), "expired", "Renew it"),
            (trustme.CA().issue_cert("127.0.0.1"), "not accepted", "<cafile>"),
        ):
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            issued.configure_cert(context)
            port = self.serve(b"Asterisk Call Manager/11.0.0\r\n", context)
            seen, remedy = await self.fault(ami_port=port, ami_tls=True, ami_ca_file=str(self.folder / "ca.pem"))
            self.assertIn(words, seen)
            self.assertIn(advice, remedy)

    async def test_no_authorities(self) -> None:
        """A file of authorities that is not there."""
        self.assertIn("gone.pem", (await self.fault(ami_tls=True, ami_ca_file="/gone.pem"))[0])

    async def test_far_and_readable(self) -> None:
        """A link through the network without TLS is warned of."""
        pbx = Scripted()
        self.addCleanup(pbx.close)
        self.patch(reaching, "is_loopback", lambda host: False)
        self.know(ami_port=await pbx.listen())
        said = await self.look(examine_pbx)
        assert self.case.link is not None
        self.addCleanup(self.case.link.logoff)
        self.assertEqual([f.level for f in said], [Level.OK, Level.WARNING])
        self.assertIn("readable through the network", said[1].seen)
        self.assertIsInstance(self.case.settings, Settings)
