"""What the tests that need more than Python say when it is not there.

``make test`` sets one variable for each of these kinds; without it they skip themselves, so that
``python -m twisted.trial tests`` alone is a matter of seconds.
"""

from __future__ import annotations

import os

#: Variable of the environment to what it promises.
PROMISES = {
    "ASTCTI_TEST_PBX": "real Asterisks",
    "ASTCTI_TEST_MARIADB": "a MariaDB to start",
    "ASTCTI_TEST_POSTGRESQL": "a PostgreSQL to start",
    "ASTCTI_TEST_PACKAGING": "fresh virtual environments",
    "ASTCTI_TEST_LDAP": "OpenLDAP's slapd",
    "ASTCTI_TEST_PEERS": "AMI clients of others",
    "ASTCTI_TEST_CHECKS": "lint, types, documents",
    "ASTCTI_TEST_WHOLE": "whole programs and two minutes for them",
    "ASTCTI_TEST_CHAOS": "two hundred clients, and minutes for their troubles",
    "ASTCTI_TEST_EVERY": "minutes for every case instead of some",
    "ASTCTI_TEST_FUZZ": "a fuzzer and time for it",
}


def skip_without(variable: str) -> str | None:
    """The value for ``skip`` of a test case: ``None`` when ``variable`` is set (and not empty), else the reason."""
    if os.environ.get(variable):
        return None
    return f"wants {PROMISES[variable]}: `make test`, or {variable}=1"
