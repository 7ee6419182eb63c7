"""Who calls: names, numbers and digits, the odd ones included."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from random import Random

NAMES = (
    "Mario Rossi", "Anna Bianchi", "Jürgen Groß", "Zoë Łukasz", "Siân O'Connor", "José Núñez", "Øystein Åsen",
    "Nguyễn Văn An", "Мария Иванова", "Γιώργος Παπαδόπουλος", "山田 太郎", "김민지", "ليلى حداد",
    "דנה כהן", "अनिता शर्मा", "Emma Smith", "Luca Ferrari", "Chloé Dubois", "Lars Jensen", "Ivana Horvat", "Ana Sousa",
    "Piet de Vries",
)  # fmt: skip
#: Names somebody may send to see what breaks. No line ends: no telephone network lets those through in a name.
HOSTILE_NAMES = (
    "<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "Robert'); DROP TABLE calls;--", "--version",
    "-oProxyCommand=touch /tmp/x", "$(touch /tmp/x)", "`touch /tmp/x`", "a & b | c ; d", "%0d%0aEvent: Hangup",
    "\\r\\nAction: Hangup", "{calldata}", "{0.__class__}", "%s%n%x", "../../etc/passwd", "javascript:alert(1)",
    "https://evil.example/", "]]>&lt;!--", "Variable: calldata=forged", "\u202egnp.exe", "\u0000nul", "\x1b[2J",
    "\udcff\udcfe not UTF-8", "\U0001f4a9" * 20, "x" * 400, "<unknown>", "&quot;&#0;", "\u2028line\u2029",
)  # fmt: skip


class Somebody(NamedTuple):
    """A caller: number, name, and the digits they key."""

    number: str
    name: str
    digits: str


def somebody(chance: Random, hostile: float = 0.0) -> Somebody:
    """Anybody.

    :param hostile: how many of all have a hostile name, from 0 to 1.
    """
    name = chance.choice(HOSTILE_NAMES if chance.random() < hostile else NAMES)
    return Somebody(f"33{chance.randrange(10**8):08d}", name, f"{chance.randrange(10**5):05d}")
