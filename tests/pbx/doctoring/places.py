"""A PBX that cannot be reached or lets nobody in, and one that lacks what the configuration names."""

from __future__ import annotations

import socket

import trustme

from astcti.doctor import Level
from tests.pbx.doctoring.clinic import SECRET, ClinicTestCase
from tests.pbx.instance import free_port


class PlacesTests(ClinicTestCase):
    """What is said of a PBX that is not as it should be."""

    async def fault(self, *only: str) -> tuple[str, str]:
        """What is at fault, and what to do."""
        found = self.one(await self.examine(*only), Level.FAULT)
        return found.seen, "\n".join(found.remedy)

    async def test_not_let_in(self) -> None:
        """A wrong secret, an unknown user and an address that is not permitted look the same; what to write is said."""
        for name, secret in (("fit", "wrong"), ("nobody", SECRET), ("elsewhere", SECRET)):
            self.install(name, secret=secret)
            seen, remedy = await self.fault("pbx")
            self.assertIn(f"does not let {name} in: Authentication failed", seen)
            self.assertIn(f"    [{name}]\n", remedy)
            self.assertIn("    permit = 127.0.0.1/255.255.255.255", remedy)

    async def test_only_once(self) -> None:
        """Where a manager user may be logged in once only, and the server is, that is what is said."""
        self.install("lonely")
        with socket.create_connection(("127.0.0.1", self.instance.ports.ami), 5) as other:
            other.sendall(f"Action: Login\r\nUsername: lonely\r\nSecret: {SECRET}\r\n\r\n".encode())
            answer = b""
            while b"accepted" not in answer:
                answer += other.recv(1000)
            seen, remedy = await self.fault("pbx")
        self.assertIn("once only", seen)
        self.assertIn("    allowmultiplelogin = yes", remedy)

    async def test_nobody_there(self) -> None:
        """Nothing listens, and what has to be in manager.conf is said."""
        self.install("fit", port=free_port(socket.SOCK_STREAM))
        seen, remedy = await self.fault("pbx")
        self.assertIn("refuses connections", seen)
        self.assertIn("    enabled = yes", remedy)

    async def test_unknown_name(self) -> None:
        """A host that no name server knows is said to be unknown."""
        self.install("fit", host="no-such-pbx.invalid")
        seen, _ = await self.fault("pbx")
        self.assertIn("no-such-pbx.invalid", seen)

    async def test_encrypted(self) -> None:
        """In TLS with the right authority all is well, and until when the certificate is good is said."""
        self.install("fit", port=self.instance.ports.ami_tls, tls="yes", cafile=str(self.instance.work / "ca.pem"))
        findings = await self.examine("pbx")
        self.assertNoFault(findings)
        self.assertIn("in TLS", self.one(findings, Level.OK).seen)
        self.assertIn("ends in 1 day, on ", self.one(findings, Level.WARNING).seen)

    async def test_strange_authority(self) -> None:
        """A certificate that nobody vouches for is not accepted, and what to name is said."""
        stranger = self.folder / "stranger.pem"
        trustme.CA().cert_pem.write_to_path(str(stranger))
        self.install("fit", port=self.instance.ports.ami_tls, tls="yes", cafile=str(stranger))
        seen, remedy = await self.fault("pbx")
        self.assertIn("the certificate is not accepted", seen)
        self.assertIn("<cafile>", remedy)

    async def test_wrong_port(self) -> None:
        """TLS on the port without, and the other way round, is told apart from other troubles."""
        ca_file = str(self.instance.work / "ca.pem")
        self.install("fit", tls="yes", cafile=ca_file)
        seen, remedy = await self.fault("pbx")
        self.assertIn("TLS", seen)
        self.assertIn("    <port>5039</port>", remedy)
        self.install("fit", port=self.instance.ports.ami_tls, more="<ami_response_timeout>1</ami_response_timeout>")
        seen, remedy = await self.fault("pbx")
        self.assertIn("    <tls>yes</tls>", remedy)

    async def test_queue(self) -> None:
        """A queue that the PBX does not have is named, also when only a capital is wrong."""
        self.install("fit", runtime=self.runtime(("queue='astcti-queue'", "queue='sales'")))
        seen, remedy = await self.fault("queues")
        self.assertIn("no queue sales (service demo-queue)", seen)
        self.assertIn("    [sales]", remedy)
        self.install("fit", runtime=self.runtime(("queue='astcti-queue'", "queue='Astcti-Queue'")))
        seen, remedy = await self.fault("queues")
        self.assertIn("but it has astcti-queue", seen)

    async def test_fixed_members(self) -> None:
        """Phones of seats that queues.conf puts into a queue for good are named."""
        runtime = self.runtime(("queue='astcti-queue'", "queue='astcti-static'"))
        self.install("fit", runtime=runtime)
        found = self.one(await self.examine("queues"), Level.WARNING)
        self.assertIn("PJSIP/201, PJSIP/202", found.seen)
        self.assertIn("    member => PJSIP/201", found.remedy)

    async def test_context(self) -> None:
        """A context that the dial plan does not have is named."""
        self.install("fit", runtime=self.runtime(('name="otherdemo"', 'name="nowhere"')))
        seen, remedy = await self.fault("contexts")
        self.assertIn("no context nowhere (service 5)", seen)
        self.assertIn("    [nowhere]", remedy)

    async def test_phone(self) -> None:
        """A phone that the PBX does not have is named, and where it is instead, if it is."""
        self.install("fit", runtime=self.runtime(('exten="PJSIP/203"', 'exten="PJSIP/999"')))
        self.assertIn("no phone PJSIP/999", (await self.fault("phones"))[0])
        self.install("fit", runtime=self.runtime(('exten="PJSIP/203"', 'exten="SIP/203x"')))
        self.assertIn("no phone SIP/203x", (await self.fault("phones"))[0])
        self.install("fit", runtime=self.runtime(('exten="PJSIP/203"', 'exten="IAX2/203"')))
        self.assertIn("no phone IAX2/203", (await self.fault("phones"))[0])

    async def test_configuration_of_the_data(self) -> None:
        """The PBX's address may be a setting of the configuration instead of the bootstrap file."""
        port = str(free_port(socket.SOCK_STREAM))
        setting = f'<settings><setting name="ami_port">{port}</setting></settings>'
        self.install("fit", runtime=self.runtime(("<settings/>", setting)))
        self.assertIn(f"127.0.0.1:{port} refuses", (await self.fault("pbx", "configuration"))[0])
