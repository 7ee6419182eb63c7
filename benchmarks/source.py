"""A PBX that logs anybody in and says the same to everybody: ``python -m benchmarks.source EVENTS``.

A process of its own, so that its CPU time is nobody else's. Prints its port and how many events it will send.
"""

from __future__ import annotations

import re
import socket
import sys

from benchmarks.peers import FIRST, LAST
from benchmarks.traffic import stream

BANNER = b"Asterisk Call Manager/11.0.0\r\n"
_ACTION = re.compile(rb"^action:\s*(\S+)", re.I | re.M)
_ACTION_ID = re.compile(rb"^actionid:\s*(\S+)", re.I | re.M)


def serve(events: int) -> None:
    """One client after the other, until nobody needs us any more."""
    data, count = stream(events)
    listener = socket.create_server(("127.0.0.1", 0))
    print(listener.getsockname()[1], count, flush=True)
    while True:
        client, _ = listener.accept()
        with client:
            try:
                _log_in(client)
                client.sendall(b"Event: %s\r\nPrivilege: user,all\r\n\r\n" % FIRST.encode())
                client.sendall(data)
                client.sendall(b"Event: %s\r\nPrivilege: user,all\r\n\r\n" % LAST.encode())
                while client.recv(65536):
                    pass
            except OSError:
                pass


def _log_in(client: socket.socket) -> None:
    client.sendall(BANNER)
    received = b""
    while True:
        received += client.recv(65536)
        while b"\r\n\r\n" in received:
            action, _, received = received.partition(b"\r\n\r\n")
            name, action_id = _ACTION.search(action), _ACTION_ID.search(action)
            assert name and action_id, action
            extra = b"Challenge: 1\r\n" if name[1].lower() == b"challenge" else b"Message: Authentication accepted\r\n"
            client.sendall(b"Response: Success\r\nActionID: %s\r\n%s\r\n" % (action_id[1], extra))
            if name[1].lower() == b"login":
                client.sendall(b"Event: FullyBooted\r\nPrivilege: system,all\r\nStatus: Fully Booted\r\n\r\n")
                return


if __name__ == "__main__":
    serve(int(sys.argv[1]))
