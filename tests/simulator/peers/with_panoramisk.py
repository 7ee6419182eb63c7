"""Follows calls with panoramisk, somebody else's AMI library (asyncio): prints what it saw as JSON."""

import asyncio
import json
import sys

from panoramisk import Manager


async def follow(host, port, user, secret, seconds):
    """Log in, ask, order, listen."""
    manager = Manager(host=host, port=int(port), username=user, secret=secret)
    events = []
    manager.register_event("*", lambda _, event: events.append([event.event, event.Channel, event.CallerIDName]))
    await manager.connect()
    answers = {}
    answers["ping"] = (await manager.send_action({"Action": "Ping"})).ping
    pause = {"Action": "QueuePause", "Queue": "astcti-queue", "Interface": "PJSIP/201", "Paused": "true"}
    answers["pause"] = (await manager.send_action(pause)).message
    members = await manager.send_action({"Action": "QueueStatus", "Queue": "astcti-queue"}, as_list=True)
    answers["members"] = {m.location: m.paused for m in members if m.event == "QueueMember"}
    order = {"Action": "Originate", "Channel": "PJSIP/205", "Context": "agents", "Exten": "204", "Priority": 1}
    answers["originate"] = (await manager.send_action({**order, "Async": "true"}))[0].message
    answers["command"] = (await manager.send_command("core show version")).response
    await asyncio.sleep(float(seconds))
    manager.close()
    return {"answers": answers, "events": events}


print(json.dumps(asyncio.run(follow(*sys.argv[1:]))))
