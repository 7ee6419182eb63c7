"""``python -m tests.chaos``: as long as you like, from the command line."""

from __future__ import annotations

import argparse
import random
import shutil
import sys
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.task import react

from tests.chaos.play import play


async def _run(options: argparse.Namespace) -> None:
    for again in range(options.times):
        seed = options.seed + again
        result = await play(seed, options.minutes * 60, rate=options.rate, mariadb=options.mariadb, say=_say)
        _say(str(result))
        if not result.good:
            raise SystemExit(1)


def _say(text: str) -> None:
    print(text, flush=True)


def main() -> None:
    """Do what the command line says."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--minutes", type=float, default=1.0, help="of trouble (1)")
    parser.add_argument("--seed", type=int, default=random.randrange(10**6), help="the same troubles again")
    parser.add_argument("--times", type=int, default=1, help="so often, with the seeds that follow")
    parser.add_argument("--rate", type=float, default=5.0, help="calls a second (5)")
    parser.add_argument("--sqlite", dest="mariadb", action="store_false", help="files instead of a MariaDB")
    parser.set_defaults(mariadb=shutil.which("mariadbd", path="/usr/sbin:/usr/bin:/usr/local/sbin") is not None)
    options = parser.parse_args(sys.argv[1:])

    def begin(reactor: Any) -> Deferred[None]:
        return Deferred.fromCoroutine(_run(options))

    react(begin)


if __name__ == "__main__":
    main()
