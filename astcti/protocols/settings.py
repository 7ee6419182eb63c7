"""What an administrator may decide about the protocol."""

from __future__ import annotations

from dataclasses import dataclass

DIALECTS = ("auto", "v1", "v2")
_ASCII = "\n" + "".join(map(chr, range(0x20, 0x7F)))  # what commands and lines are made of
TLS_RULES = ("no", "warn", "yes")


@dataclass(frozen=True, slots=True, kw_only=True)
class ProtocolSettings:
    """The protocol's side of the runtime settings (``cti_*``, ``zlib_*``, ...).

    :ivar compression_level: the highest zlib level used, 0 to 9; 0 switches compression off.
    :ivar zlib_history: bytes of what a client was sent that are kept to compress the next message against;
        0 keeps a whole zlib stream per client instead (about 64 KiB each at the defaults).
    :ivar window_bits: of such a stream, 10 to 15.
    :ivar mem_level: zlib's, 1 to 9.
    :ivar keepalive_ms: longest silence of a client, 5000 to 3600000; 0 is for ever.
    :ivar login_seconds: from connect to a successful login.
    :ivar dialect: ``auto``, or ``v1`` or ``v2`` to pin it.
    :ivar legacy_charset: codec for lines that are not UTF-8; empty refuses such lines.
    :ivar require_tls: ``no``, ``warn`` (allowed, logged once per client) or ``yes``: credentials over plain TCP.
    :ivar max_clients: connections in all.
    :ivar max_unauthenticated: connections at once that have not logged in; the others wait unanswered.
    :ivar max_unauthenticated_per_address: the same, of one address.
    """

    compression_level: int = 7
    zlib_history: int = 4096
    window_bits: int = 13
    mem_level: int = 6
    keepalive_ms: int = 15_000
    login_seconds: float = 30.0
    dialect: str = "auto"
    legacy_charset: str = ""
    require_tls: str = "warn"
    max_clients: int = 20_000
    max_unauthenticated: int = 32
    max_unauthenticated_per_address: int = 64

    def __post_init__(self) -> None:
        """Refuse what cannot work; the configuration has said the same to the administrator in better words.

        :raises ValueError: naming the field.
        """
        for name, low, high in (
            ("compression_level", 0, 9),
            ("zlib_history", 0, 32_768),
            ("window_bits", 10, 15),
            ("mem_level", 1, 9),
            ("max_clients", 1, 1_000_000),
            ("max_unauthenticated", 1, 1_000_000),
            ("max_unauthenticated_per_address", 1, 1_000_000),
        ):
            if not low <= getattr(self, name) <= high:
                raise ValueError(f"{name} must be {low} to {high}, not {getattr(self, name)}")
        if self.keepalive_ms and not 5_000 <= self.keepalive_ms <= 3_600_000:
            raise ValueError(f"keepalive_ms must be 0 or 5000 to 3600000, not {self.keepalive_ms}")
        if self.login_seconds <= 0:
            raise ValueError(f"login_seconds must be positive, not {self.login_seconds}")
        if self.dialect not in DIALECTS:
            raise ValueError(f"dialect must be one of {', '.join(DIALECTS)}, not {self.dialect!r}")
        if self.require_tls not in TLS_RULES:
            raise ValueError(f"require_tls must be one of {', '.join(TLS_RULES)}, not {self.require_tls!r}")
        if self.legacy_charset:
            try:
                keeps_ascii = _ASCII.encode(self.legacy_charset) == _ASCII.encode("ascii")
            except (LookupError, UnicodeError) as e:
                raise ValueError(f"legacy_charset: {e}") from e
            if not keeps_ascii:
                raise ValueError(f"legacy_charset must write ASCII as it is, {self.legacy_charset!r} does not")
