"""Follows calls with pyst2, somebody else's AMI library (threads): prints what it saw as JSON."""

import json
import sys
import time

from asterisk.manager import Manager

host, port, user, secret, seconds = sys.argv[1:]
events = []


def heard(event, manager):
    """Note an event."""
    events.append([event.name, event.get_header("Channel"), event.get_header("CallerIDName")])


manager = Manager()
manager.connect(host, int(port))
manager.login(user, secret)
manager.register_event("*", heard)
answers = {"ping": manager.ping().get_header("Ping")}
pause = {"Action": "QueuePause", "Queue": "astcti-queue", "Interface": "PJSIP/201", "Paused": "true"}
answers["pause"] = manager.send_action(pause).get_header("Message")
# pyst2 hands on a status list in one piece.
status = manager.send_action({"Action": "QueueStatus", "Queue": "astcti-queue"}).response
pairs = [line.strip().partition(": ")[::2] for line in status]
interfaces = [value for name, value in pairs if name == "Location"]
answers["members"] = dict(zip(interfaces, [value for name, value in pairs if name == "Paused"], strict=True))
answers["originate"] = manager.originate(
    "PJSIP/205", "204", context="agents", priority="1", run_async=True
).get_header("Message")  # fmt: skip
answers["command"] = manager.command("core show version").get_header("Response")
time.sleep(float(seconds))
manager.close()  # logs off as well
print(json.dumps({"answers": answers, "events": events}))
