"""The table of checks, in the order in which they are made: what others need comes first."""

from __future__ import annotations

from astcti.doctor.certificates import examine_certificates
from astcti.doctor.check import Check
from astcti.doctor.configuration import examine_bootstrap, examine_configuration
from astcti.doctor.contexts import examine_contexts
from astcti.doctor.database import examine_database
from astcti.doctor.descriptors import examine_descriptors
from astcti.doctor.directories import examine_sources
from astcti.doctor.events import examine_events, examine_variables
from astcti.doctor.folders import examine_folders
from astcti.doctor.machine import examine_clock, examine_user
from astcti.doctor.phones import examine_phones
from astcti.doctor.ports import examine_ports
from astcti.doctor.queues import examine_queues
from astcti.doctor.reaching import examine_pbx
from astcti.doctor.rights import examine_rights
from astcti.doctor.server import examine_server
from astcti.doctor.version import examine_pbx_clock, examine_version

_FILE = ("bootstrap",)
_ALL = ("bootstrap", "configuration")

CHECKS: tuple[Check, ...] = (
    Check("bootstrap", "the bootstrap file can be read, and by nobody else", examine_bootstrap, gives="bootstrap"),
    Check("user", "this is the user the server runs as", examine_user, _FILE),
    Check("clock", "this machine knows what time it is", examine_clock),
    Check("database", "the data base answers, has the tables, and rows that can be read", examine_database, _FILE),
    Check("configuration", "the server would take the configuration", examine_configuration, _FILE, gives="loaded"),
    Check("server", "the server that runs is well", examine_server, _FILE, gives="running"),
    Check("folders", "state and logs can be written, and there is room", examine_folders, _FILE),
    Check("ports", "clients' ports are free, or our server's", examine_ports, (*_ALL, "server")),
    Check("files", "as many files may be open as operators connect", examine_descriptors, (*_ALL, "server")),
    Check("certificates", "certificates can be read, fit their key, and last", examine_certificates, _ALL),
    Check("authentication", "the sources of authentication answer", examine_sources, _ALL),
    Check("pbx", "the PBX is found, answers, and lets us in", examine_pbx, _FILE, gives="link"),
    Check("version", "it is an Asterisk that astcti knows", examine_version, ("pbx",)),
    Check("pbx-clock", "the PBX's clock agrees with ours", examine_pbx_clock, ("pbx",)),
    Check("rights", "the manager user may do what is needed, and no more", examine_rights, (*_ALL, "pbx"),
          gives="allowed"),
    Check("queues", "the PBX has the queues, and no seats in them for good", examine_queues, (*_ALL, "pbx"),
          gives="queues"),
    Check("events", "the manager user is told what is needed", examine_events, (*_ALL, "pbx", "rights", "queues"),
          gives="provoked"),
    Check("variables", "it is told when watched variables are set", examine_variables, (*_ALL, "events")),
    Check("contexts", "the PBX has the dial-plan contexts", examine_contexts, (*_ALL, "pbx", "rights")),
    Check("phones", "the PBX has the phones of the seats", examine_phones, (*_ALL, "pbx", "rights")),
)  # fmt: skip


def check_names() -> tuple[str, ...]:
    """What ``--only`` takes."""
    return tuple(check.name for check in CHECKS)
