"""What forms a stored credential may have; nothing here can make or check one for a login."""

from __future__ import annotations

import hashlib
import hmac
import re

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

_BARE = re.compile(r"[0-9a-fA-F]{32}")
_ARGON2ID = re.compile(
    r"\$argon2id\$v=19\$m=([0-9]{1,7}),t=([0-9]{1,2}),p=([0-9]{1,2})\$[A-Za-z0-9+/]{11,86}\$[A-Za-z0-9+/]{22,172}"
)
_SCRAM = re.compile(r"\$scram-sha-256\$i=[0-9]{4,7}(\$|,s=)[A-Za-z0-9+/]+=*\$[A-Za-z0-9+/]{43}=\$[A-Za-z0-9+/]{43}=")
_DEFAULTS = {"test": "test", "oper1": "pass"}  # of the demonstration data of older releases

# A login costs this much; a credential that asks for more would let one login stop all others.
MAX_MEMORY_KIB, MAX_PASSES, MAX_LANES = 262_144, 10, 16


def is_bare(credential: str) -> bool:
    """Whether it is the bare MD5 digest of older data bases."""
    return _BARE.fullmatch(credential) is not None


def is_scram(credential: str) -> bool:
    """Whether it is ``$scram-sha-256$i=...$salt$StoredKey$ServerKey``."""
    return _SCRAM.fullmatch(credential) is not None


def credential_fault(credential: str) -> str:
    """Why this is no credential of a known form; empty when it is one. The credential is never quoted."""
    if is_bare(credential):
        return ""
    match = _ARGON2ID.fullmatch(credential)
    if match is None:
        return "neither an argon2id credential nor an MD5 digest"
    memory, passes, lanes = (int(number) for number in match.groups())
    if not (8 * lanes <= memory <= MAX_MEMORY_KIB and 1 <= passes <= MAX_PASSES and 1 <= lanes <= MAX_LANES):
        return f"argon2id with m={memory}, t={passes}, p={lanes} is out of range"
    return ""


def is_default(username: str, credential: str) -> bool:
    """Whether it is that of the demonstration data; takes 20 ms for its few user names, no time for others."""
    password = _DEFAULTS.get(username)
    if password is None or credential_fault(credential):
        return False
    digest = hashlib.md5(password.encode(), usedforsecurity=False).hexdigest()  # the protocol's password equivalent
    if is_bare(credential):
        return hmac.compare_digest(credential.lower(), digest)
    try:
        return PasswordHasher().verify(credential, digest)
    except (VerificationError, InvalidHashError):
        return False
