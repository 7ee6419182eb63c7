"""Real calls, as many as wanted: ``python -m tests.pbx.place_calls 22 --exten 100 --calls 20 --rate 2 --hold 3``.

Runs an Asterisk, plugs in phones and has the outside call; says how many were answered, and what a call costs in AMI
events and in processor time. Each caller has a number (3330000001, ...) and digits (7000001, ...) of their own.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections import Counter
from pathlib import Path

from twisted.internet.defer import Deferred, gatherResults
from twisted.internet.task import react

from tests.pbx.exchange import Exchange
from tests.pbx.instance import Instance
from tests.pbx.waiting import sleep

QUEUES = {"101": "astcti-queue", "111": "astcti-queue", "103": "astcti-ringall"}


def processor_seconds(pid: int) -> float:
    """What a process has used so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def place(exchange: Exchange, options: argparse.Namespace) -> int:
    """Place the calls; how many were answered."""
    answered = 0

    async def one(n: int) -> None:
        nonlocal answered
        call = exchange.outside.dial(options.exten, number=f"333{n:07}", name=f"Caller {n}", digits=f"7{n:06}")
        try:
            await call.established(30)
        except AssertionError:
            return
        answered += 1
        await sleep(options.hold)
        await call.bye()

    calls = []
    for n in range(1, options.calls + 1):
        calls.append(Deferred.fromCoroutine(one(n)))
        await sleep(1 / options.rate)
    await gatherResults(calls, consumeErrors=True)
    return answered


async def run(options: argparse.Namespace) -> None:
    """Set the stage, place the calls, tell."""
    instance = Instance(options.major, options.technology)
    instance.start()
    exchange = Exchange(instance)
    await exchange.open()
    try:
        agents = [int(a) for a in options.agents.split(",")]
        for agent in agents:
            if options.exten in QUEUES:
                await exchange.witness.act("QueueAdd", Queue=QUEUES[options.exten], Interface=exchange.interface(agent))
        heard, bytes_before = len(exchange.witness.events), len(exchange.witness.raw)
        used = processor_seconds(instance.pid)
        answered = await place(exchange, options)
        await exchange.witness.quiet()
        used = processor_seconds(instance.pid) - used
        events = Counter(e["Event"] for e in exchange.witness.events[heard:] if "Event" in e)
        count, size = options.calls, len(exchange.witness.raw) - bytes_before
        print(f"{count} calls to {options.exten}, {answered} answered, {count - answered} not")
        each = f"{events.total() / count:.0f} AMI events, {size / count / 1000:.1f} kB, {1000 * used / count:.1f} ms"
        print(f"each call: {each} of processor time")
        for name, number in events.most_common() if options.events else ():
            print(f"  {name:24} {number / count:8.2f} per call")
    finally:
        await exchange.tidy()
        await exchange.close()
        instance.stop()


def main() -> None:
    """Do what the command line says."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("major", type=int, choices=(16, 22))
    parser.add_argument("--technology", default="PJSIP", choices=("PJSIP", "SIP"))
    parser.add_argument("--exten", default="100")
    parser.add_argument("--calls", type=int, default=10)
    parser.add_argument("--rate", type=float, default=2, help="a second")
    parser.add_argument("--hold", type=float, default=3, help="seconds")
    parser.add_argument("--agents", default="201,202", help="who joins the queue")
    parser.add_argument("--events", action="store_true", help="list the events by name")
    options = parser.parse_args(sys.argv[1:])
    react(lambda reactor: Deferred.fromCoroutine(run(options)))


if __name__ == "__main__":
    main()
