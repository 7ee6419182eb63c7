"""An AMI link without its transport: login, ActionIDs, lists, time-outs and pings."""

from astcti.ami.session.machine import Session
from astcti.ami.session.outlet import Counters, Outlet
from astcti.ami.session.pending import Answer
from astcti.ami.session.settings import Credentials, SessionSettings

__all__ = ["Answer", "Counters", "Credentials", "Outlet", "Session", "SessionSettings"]
