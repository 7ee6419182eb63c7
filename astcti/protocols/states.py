"""The states of a connection, and which commands are heard in which."""

from __future__ import annotations

from enum import IntEnum


class State(IntEnum):
    """How far a client has come.

    An enumeration rather than a machine object: there are twenty thousand of them, a state is all a session keeps,
    and the whole table is the ``states`` column of :data:`astcti.protocols.commandtable.COMMANDS`.
    """

    GREETED = 0
    USER_SET = 1
    AUTHENTICATED = 2
    OPERATIONAL = 3
    CLOSED = 4


ANY = frozenset({State.GREETED, State.USER_SET, State.AUTHENTICATED, State.OPERATIONAL})
UNKNOWN = frozenset({State.GREETED, State.USER_SET})
LOGGED_IN = frozenset({State.AUTHENTICATED, State.OPERATIONAL})
UNSEATED = frozenset({State.AUTHENTICATED})
SEATED = frozenset({State.OPERATIONAL})
