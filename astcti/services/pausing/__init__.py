"""Pauses and after-call work: asked for, confirmed by the PBX, noticed when others do it, remembered."""

from astcti.services.pausing.duty import Pausing
from astcti.services.pausing.records import IRecords, JournalRecords, MemoryRecords
from astcti.services.pausing.values import Cause, LogEntry, Stance

__all__ = ["Cause", "IRecords", "JournalRecords", "LogEntry", "MemoryRecords", "Pausing", "Stance"]
