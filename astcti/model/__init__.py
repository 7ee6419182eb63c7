"""Calls, queues and what seats are told of them: values and pure functions. Knows neither bytes nor Twisted."""

from astcti.model.calls import Tracker
from astcti.model.channels import interface_of, normalise_interface
from astcti.model.notices import CallView, Notice
from astcti.model.plan import Plan, ServicePlan
from astcti.model.roster import Member, Roster

__all__ = [
    "CallView", "Member", "Notice", "Plan", "Roster", "ServicePlan", "Tracker", "interface_of", "normalise_interface",
]  # fmt: skip
