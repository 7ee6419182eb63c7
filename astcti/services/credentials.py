"""Stored credentials: making and checking them. Slow on purpose; call it off the reactor's thread.

What is stored is a hash of the digest that clients send (32 lower-case hexadecimal digits), which plays the part
of the password. Older data bases hold that digest itself; it still verifies, and is worth upgrading.
"""

from __future__ import annotations

import hmac
import os
import re

from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError

from astcti.protocols.scram import Verifier

# 19 MiB and two passes: about 20 ms on one core, the OWASP minimum for argon2id.
_HASHER = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1, hash_len=32, salt_len=16, type=Type.ID)
_BARE = re.compile(r"[0-9a-fA-F]{32}")

EMPTY_DIGEST = "d41d8cd98f00b204e9800998ecf8427e"  # MD5 of nothing: the digest of the empty password

# Of a random digest nobody knows: what an unknown user's password is compared with, so that it takes as long.
DUMMY = "$argon2id$v=19$m=19456,t=2,p=1$XP3w/7vcyVXM2E/79T28ng$BDFhSp3F1aVagkpzg9Tc+JW7QN1ZccYevlkp9k5lCOw"


def is_bare(stored: str) -> bool:
    """Whether a stored credential is a bare MD5 digest, as old data bases have them."""
    return _BARE.fullmatch(stored) is not None


def protect(digest: str) -> str:
    """The form in which a digest is stored: ``$argon2id$...``. Takes about 20 ms."""
    return _HASHER.hash(digest)


def verifier_of(digest: str) -> str:
    """The form in which SCRAM needs a digest: ``$scram-sha-256$...``. Takes about 5 ms."""
    return str(Verifier.derive(digest.encode("ascii"), os.urandom(16)))


def verify(stored: str, digest: str) -> bool:
    """Whether a digest belongs to a stored credential; false too for one of no known form.

    Takes about 20 ms whatever the outcome, but for the right digest of a bare MD5 credential.
    """
    bare = is_bare(stored)
    if bare and hmac.compare_digest(stored.lower(), digest):
        return True
    try:
        return _HASHER.verify(DUMMY if bare else stored, digest) and not bare
    except (VerificationError, InvalidHashError):
        return False


def verify_any(stored: tuple[str, ...], digest: str, least: int = 1) -> bool:
    """Whether a digest belongs to any of the credentials; empty ones do not count.

    :param least: with how many it is compared before it is wrong, so that who has more of them, or none, costs the same
        time; with :data:`DUMMY`, where there are fewer.
    """
    known = [s for s in stored if s]
    known += [DUMMY] * (least - len(known))
    return any(verify(s, digest) for s in known)
