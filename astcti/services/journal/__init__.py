"""What the PBX cannot tell and a restart must not forget: memberships of ours, pauses, who worked when, what popped."""

from astcti.services.journal.agentlog import AgentLog
from astcti.services.journal.journal import IStore, Journal
from astcti.services.journal.records import Membership, OperatorRecord, Pauser, Pop, Sitter
from astcti.services.journal.tables import SCHEMA

__all__ = ["SCHEMA", "AgentLog", "IStore", "Journal", "Membership", "OperatorRecord", "Pauser", "Pop", "Sitter"]
