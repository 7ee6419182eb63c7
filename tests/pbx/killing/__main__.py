"""``python -m tests.pbx.killing``: real calls on a real Asterisk, and everything breaks, as long as you like."""

from __future__ import annotations

import argparse
import random
import sys
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.task import react

from tests.pbx.killing.play import play


async def _run(options: argparse.Namespace) -> None:
    for again in range(options.times):
        result = await play(
            options.seed + again, options.minutes * 60, asterisk=options.asterisk, rate=options.rate,
            each=options.each, say=_say,
        )  # fmt: skip
        _say(str(result))
        if not result.good:
            raise SystemExit(1)


def _say(text: str) -> None:
    print(text, flush=True)


def main() -> None:
    """Do what the command line says."""
    parser = argparse.ArgumentParser(prog="python -m tests.pbx.killing", description=__doc__)
    parser.add_argument("--minutes", type=float, default=1.0, help="of trouble (1)")
    parser.add_argument("--seed", type=int, default=random.randrange(10**6), help="the same troubles again")
    parser.add_argument("--times", type=int, default=1, help="so often, with the seeds that follow")
    parser.add_argument("--rate", type=float, default=0.6, help="calls a second (0.6)")
    parser.add_argument("--asterisk", type=int, choices=(16, 22), default=22)
    parser.add_argument("--each", action="store_true", help="everything at every moment, once; about ten minutes")
    options = parser.parse_args(sys.argv[1:])

    def begin(reactor: Any) -> Deferred[None]:
        return Deferred.fromCoroutine(_run(options))

    react(begin)


if __name__ == "__main__":
    main()
