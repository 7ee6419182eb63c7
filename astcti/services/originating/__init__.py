"""Calls that operators begin: what they may dial, how the PBX is asked, what became of it; telecommuters' phones."""

from astcti.services.originating.originating import Originating
from astcti.services.originating.telecommuting import Telecommuting

__all__ = ["Originating", "Telecommuting"]
