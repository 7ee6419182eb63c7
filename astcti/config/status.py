"""What an administrator sees of the configuration in use, and of the last one that was not taken."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from astcti.config.load import Loaded
from astcti.config.schema import TABLES

ACTIVE, REJECTED, STALE = "active", "rejected", "stale"


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """The state of the configuration.

    :ivar state: ``active``; ``rejected`` when the newest one was not taken; ``stale`` while the source cannot be seen.
    :ivar source: for people.
    :ivar path: what is in use.
    :ivar timestamp: its own, seconds since 1970.
    :ivar loaded_at: when it came into use, seconds since 1970.
    :ivar load_seconds: how long reading and validating it took.
    :ivar counts: rows by table, disabled ones included.
    :ivar rejected_path: the one that was not taken; ``errors`` says why.
    :ivar trouble: why the source cannot be seen.
    :ivar complaint: what could not be tidied or backed up when the one in use was taken.
    :ivar reloads: configurations taken since the start.
    """

    state: str
    source: str
    path: str
    timestamp: float
    loaded_at: float
    load_seconds: float = 0.0
    counts: Mapping[str, int] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    errors: tuple[str, ...] = ()
    rejected_path: str = ""
    rejected_at: float = 0.0
    trouble: str = ""
    complaint: str = ""
    reloads: int = 0
    rejections: int = 0

    @classmethod
    def of(cls, loaded: Loaded, source: str, now: float) -> Status:
        """The state right after the start."""
        return cls(
            state=ACTIVE,
            source=source,
            path=str(loaded.path),
            timestamp=loaded.configuration.timestamp,
            loaded_at=now,
            counts=counts_of(loaded),
            warnings=loaded.warnings,
        )

    def seen(self, trouble: str) -> Status:
        """After a look that showed nothing new, or only trouble."""
        quiet = REJECTED if self.errors else ACTIVE
        return replace(self, state=STALE if trouble else quiet, trouble=trouble)

    def complaining(self, complaint: str) -> Status:
        """After something could not be tidied."""
        return replace(self, complaint=complaint)

    def taken(self, loaded: Loaded, now: float, seconds: float) -> Status:
        """After a new configuration came into use."""
        fresh = Status.of(loaded, self.source, now)
        return replace(
            fresh,
            load_seconds=seconds,
            complaint=self.complaint,
            reloads=self.reloads + 1,
            rejections=self.rejections,
        )

    def turned_down(self, path: str, problems: tuple[str, ...], now: float) -> Status:
        """After a new configuration was rejected."""
        return replace(
            self,
            state=REJECTED,
            errors=problems,
            rejected_path=path,
            rejected_at=now,
            rejections=self.rejections + 1,
        )


def counts_of(loaded: Loaded) -> dict[str, int]:
    """Rows by table."""
    return {table.name: len(getattr(loaded.configuration, table.rows)) for table in TABLES}
