"""The process's limit of open files, which is one of connections."""

from __future__ import annotations

import resource

from twisted.logger import Logger

_log = Logger()


def raise_file_limit(wanted: int) -> int:
    """Have at least ``wanted`` files open at once, as far as the system lets us; say so if it does not.

    :returns: the limit now.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return soft
    for limit in ((wanted, max(hard, wanted)), (wanted if hard == resource.RLIM_INFINITY else min(wanted, hard), hard)):
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, limit)
            break
        except (ValueError, OSError):
            continue  # only root may raise the hard limit
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < wanted:
        _log.warn("only {limit} files may be open, {wanted} were wanted: raise LimitNOFILE", limit=soft, wanted=wanted)
    return soft
