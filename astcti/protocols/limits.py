"""Every ceiling of the protocol, named, with its reason. The ones an administrator may move are in ``settings``."""

from __future__ import annotations

from typing import Final

LINE_BEFORE_LOGIN: Final = 512  # bytes with LF; the longest line needed is USER with 100 characters of 4 bytes
LINE_AFTER_LOGIN: Final = 4096  # bytes with LF
NUMERIC_LINE: Final = 1024  # bytes with LF that the server writes at most; free text is cut
XML_LINE: Final = 65_536  # bytes with LF of one XML document; optional parts are left out

USER_NAME: Final = 100  # characters, the width of the data base column
WRONG_PASSWORDS: Final = 3  # on one connection; the third closes it
MALFORMED_LINES: Final = 10  # unreadable or unknown lines that are forgiven ...
MALFORMED_SECONDS: Final = 60.0  # ... in this time
QUEUED_COMMANDS: Final = 16  # lines waiting behind one that is being worked on; then reading pauses
COMMANDS_PER_SECOND: Final = 50.0  # sustained; faster clients are read more slowly, nothing is lost
COMMAND_BURST: Final = 100

INFLATE_STEP: Final = 16 * 1024  # bytes out of one step; more is inflated when their lines are done with
INFLATE_BEFORE_LOGIN: Final = 16 * 1024  # bytes inflated in all before the login
GUARD_WINDOW: Final = 64 * 1024  # inflated bytes over which the ratio guard looks
GUARD_RATIO: Final = 100  # inflated / compressed; short commands never get there

DROP_ABOVE: Final = 256 * 1024  # bytes waiting for a slow client: from here on it misses Newstate and Newexten
ABORT_ABOVE: Final = 1024 * 1024  # bytes waiting: the connection is aborted
DAWDLE_SECONDS: Final = 5.0  # of silence before the login, when others wait for a place at the gate
DRAIN_SECONDS: Final = 30.0  # a send buffer must be empty once in this time
LINGER_SECONDS: Final = 2.0  # from our last line to the end of the connection, for the peer to read it

PARAMETERS_BYTES: Final = 8 * 1024  # an action's parameters above this go first when a document is too long
VALUE_BYTES: Final = 4 * 1024  # then variables' values above this
