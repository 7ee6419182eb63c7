"""What a client can ask, as methods: each sends one command and gives its answer as a Deferred."""

from __future__ import annotations

from hashlib import md5
from typing import Any, Final
from urllib.parse import quote

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IOpenSSLClientConnectionCreator
from twisted.python.failure import Failure

from astcti.errors import Refused
from astcti.protocols.client.requests import Line, QueueEntry, QueueFigures, ServiceEntry

DEFAULT_KEEPALIVE_MS: Final = 15_000  # assumed of servers that do not know KEEP

MAX_REPORT: Final = 300  # characters, which may become twelve bytes each of a line's 4 KiB


def digest_of(password: str) -> str:
    """Give the form in which a password travels: its MD5, in 32 lower-case hexadecimal digits."""
    return md5(password.encode(), usedforsecurity=False).hexdigest()


def _pause_line(direction: str, reason: str, queue: str) -> str:
    details = {"queue": queue, "reason": reason}
    return " ".join(["PAUSE", direction, *(f"{name}={quote(text, safe='')}" for name, text in details.items() if text)])


class Commands:
    """The base of :class:`.CTIClient`."""

    transport: Any

    def command(self, line: str) -> Deferred[Any]:
        """Send any command; one that this library does not know is answered with a :class:`.Line`."""
        raise NotImplementedError

    def compress(self, most: int = 9) -> Deferred[int]:
        """``CMPR``: compress both directions with zlib; gives the level, 0 for none."""
        return self.command(f"CMPR {most}")

    def start_tls(self, options: IOpenSSLClientConnectionCreator) -> Deferred[None]:
        """``STLS``: encrypt; wait for it before logging in, because a server that cannot do it refuses.

        What the certificate must be is up to ``options`` (see :func:`.client_tls`).
        """
        return self.command("STLS").addCallback(lambda _: self.transport.startTLS(options))

    def log_in(self, username: str, digest: str) -> Deferred[None]:
        """``USER`` and ``PASS``; ``digest`` is :func:`digest_of` the password."""
        return self.command(f"USER {username}").addCallback(lambda _: self.command(f"PASS {digest}"))

    def mechanisms(self) -> Deferred[tuple[str, ...]]:
        """``AUTH ?``: gives the other ways to log in, the best first; servers of the first generation know none."""
        return self.command("AUTH ?").addCallback(lambda line: tuple(line.text.split()))

    def authenticate(self, data: str) -> Deferred[Line]:
        """``AUTH``: one step of a login; gives the server's answer, 105 or 102."""
        return self.command(f"AUTH {data}")

    def capabilities(self, *names: str) -> Deferred[frozenset[str]]:
        """``CAPS``: ask for capabilities; gives those in force."""
        return self.command(" ".join(("CAPS", *names)))

    def keep_alive(self) -> Deferred[int]:
        """``KEEP``: gives the longest silence allowed, in milliseconds (0: any), and keeps it from here on.

        Of a server that does not know the command, :data:`DEFAULT_KEEPALIVE_MS` is assumed.
        """

        def assume(failure: Failure) -> int:
            failure.trap(Refused)
            return DEFAULT_KEEPALIVE_MS

        return self.command("KEEP").addErrback(assume).addCallback(self.keep_alive_every)

    def claim_mac(self, mac: str) -> Deferred[tuple[str, ...]]:
        """``MAC``: take the seat of this computer; gives its channels, the main one first."""
        return self.command(f"MAC {mac}")

    def claim_extension(self, extension: str) -> Deferred[tuple[str, ...]]:
        """``EXTEN``: take the seat of a phone; gives its channels, the main one first."""
        return self.command(f"EXTEN {extension}")

    def identify(self) -> Deferred[tuple[str, ...]]:
        """``IDEN``: gives the channels of the seat taken."""
        return self.command("IDEN")

    def set_system(self, system: str) -> Deferred[None]:
        """``OSTYPE``: ``LINUX``, ``WINDOWS`` or ``MACINTOSH``, whose actions this client can perform."""
        return self.command(f"OSTYPE {system}")

    def services(self) -> Deferred[tuple[ServiceEntry, ...]]:
        """``SERVICES``: gives the services on which the operator is active."""
        return self.command("SERVICES")

    def queues(self) -> Deferred[tuple[QueueEntry, ...]]:
        """``QUEUES``: gives the operator's queues."""
        return self.command("QUEUES")

    def change_password(self, old: str, new: str) -> Deferred[None]:
        """``CHPW``: both as :func:`digest_of` them."""
        return self.command(f"CHPW {old} {new}")

    def pause(self, reason: str = "", queue: str = "") -> Deferred[bool]:
        """``PAUSE IN``: of all queues or of one. Gives False: it is pending, and :class:`.PauseChanged` follows."""
        return self.command(_pause_line("IN", reason, queue))

    def unpause(self, queue: str = "") -> Deferred[bool]:
        """``PAUSE OUT``: gives True when the PBX has confirmed it."""
        return self.command(_pause_line("OUT", "", queue))

    def ready(self) -> Deferred[None]:
        """``REDY``: after-call work is done."""
        return self.command("REDY")

    def wrap_up(self, on: bool = True) -> Deferred[None]:
        """``WRAP``: begin after-call work that lasts until it is ended, or end it."""
        return self.command(f"WRAP {'ON' if on else 'OFF'}")

    def originate(self, number: str, service: str = "", channel: str = "") -> Deferred[None]:
        """``ORIG``: call a number, through a service and from a phone of the seat if they are named; the call event
        ``OriginateResponse`` tells what became of it."""
        return self.command(" ".join(["ORIG", *filter(None, (channel, number, service))]))

    def telecommute(self, number: str = "") -> Deferred[None]:
        """``TELE``: have calls come to another number, or to the seat's phones again."""
        return self.command(f"TELE {number or 'OFF'}")

    def report(self, action: str, ok: bool, text: str = "") -> Deferred[None]:
        """``ACTR``: say what became of an action, by its id; the beginning of the text is sent."""
        said = f" {quote(text[:MAX_REPORT], safe='', errors='replace')}" if text else ""
        return self.command(f"ACTR {action} {'OK' if ok else 'KO'}{said}")

    def send_text(self, username: str, text: str) -> Deferred[None]:
        """``TEXT``: show a message to another operator; for supervisors."""
        return self.command(f"TEXT {quote(username, safe='')} {quote(text, safe='')}")

    def join_queue(self, queue: str) -> Deferred[None]:
        """``STRT``: become a member of a queue again; :class:`.QueueChanged` follows when the PBX has confirmed it."""
        return self.command(f"STRT {quote(queue, safe='')}")

    def leave_queue(self, queue: str) -> Deferred[None]:
        """``STOP``: stay out of a queue; :class:`.QueueChanged` follows when the PBX has confirmed it."""
        return self.command(f"STOP {quote(queue, safe='')}")

    def queue_figures(self, queue: str = "") -> Deferred[tuple[QueueFigures, ...]]:
        """``QSTAT``: gives how many wait and work in a queue, or in each of the operator's."""
        return self.command(f"QSTAT {quote(queue, safe='')}".rstrip())

    def noop(self) -> Deferred[None]:
        """``NOOP``: see that the server is there."""
        return self.command("NOOP")

    def quit(self) -> Deferred[None]:
        """``QUIT``: leave; the server closes the connection."""
        return self.command("QUIT")

    def keep_alive_every(self, milliseconds: int) -> int:
        """See that the server, which bears a silence of so long, always hears something; 0: it bears any."""
        raise NotImplementedError
