"""Where a password comes from."""

from __future__ import annotations

import getpass
import os
import sys
from collections.abc import Mapping
from pathlib import Path

from astcti.errors import UserError

VARIABLE = "ASTCTI_PASSWORD"
MAX_PASSWORD = 1024  # characters; a file given by mistake is longer


def find_password(given: str | None, file: str | None, environment: Mapping[str, str] = os.environ) -> str:
    """The password from the command line, a file (its first line), the environment, or the person.

    :raises UserError: there is none to be had.
    """
    if given is not None:
        return given
    if file is not None:
        return _from_file(file)
    if VARIABLE in environment:
        return environment[VARIABLE]
    if not sys.stdin.isatty():
        raise UserError(f"no password: use --password-file, or the environment's {VARIABLE}")
    try:
        return getpass.getpass()
    except (EOFError, OSError) as e:
        raise UserError("no password was typed") from e


def _from_file(file: str) -> str:
    try:
        lines = (sys.stdin.read() if file == "-" else Path(file).read_text(encoding="utf-8")).splitlines()
    except (OSError, ValueError) as e:
        raise UserError(f"the password file {file} cannot be read: {getattr(e, 'strerror', None) or e}") from e
    if not lines or len(lines[0]) > MAX_PASSWORD:
        raise UserError(f"the first line of the password file {file} is no password")
    return lines[0]
