"""What the operating system allows this process: open files, above all, of which every client needs one."""

from __future__ import annotations

import resource

from twisted.logger import Logger

OTHERS = 64  # open files beside the clients': log, data base, PBX, libraries

_log = Logger()


def raise_file_limit(clients: int) -> int:
    """Allow as many open files as so many clients need, as far as that can be allowed.

    :returns: how many are allowed now. If they are too few, the log says so.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = clients + OTHERS
    if soft != resource.RLIM_INFINITY and soft < wanted:
        target = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (target, hard))
            soft = target
        except (OSError, ValueError):
            pass
    if soft != resource.RLIM_INFINITY and soft < wanted:
        _log.warn(
            "Only {limit} files may be open, which is too few for {clients} clients; raise LimitNOFILE or ulimit -n",
            limit=soft,
            clients=clients,
        )
    return wanted if soft == resource.RLIM_INFINITY else soft
