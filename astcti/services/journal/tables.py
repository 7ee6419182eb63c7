"""The journal's tables. A script that was released never changes; another is added."""

from __future__ import annotations

SCHEMA: tuple[str, ...] = (
    """
    CREATE TABLE memberships (
        queue TEXT NOT NULL, interface TEXT NOT NULL, username TEXT NOT NULL, penalty INTEGER NOT NULL,
        "foreign" INTEGER NOT NULL, since REAL NOT NULL, PRIMARY KEY (queue, interface)
    ) WITHOUT ROWID;
    CREATE TABLE operators (
        username TEXT PRIMARY KEY, paused INTEGER NOT NULL, reason TEXT NOT NULL, since REAL NOT NULL,
        queue_pauses TEXT NOT NULL, wrapup_until REAL NOT NULL, stopped TEXT NOT NULL, telecommute TEXT NOT NULL,
        seat TEXT NOT NULL
    ) WITHOUT ROWID;
    CREATE TABLE agent_log (
        id INTEGER PRIMARY KEY, time REAL NOT NULL, username TEXT NOT NULL, event TEXT NOT NULL, queue TEXT NOT NULL,
        seat TEXT NOT NULL, detail TEXT NOT NULL
    );
    CREATE INDEX agent_log_by_username ON agent_log (username, time);
    CREATE INDEX agent_log_by_time ON agent_log (time);
    CREATE TABLE pops (
        uniqueid TEXT NOT NULL, seat TEXT NOT NULL, time REAL NOT NULL, reported INTEGER NOT NULL,
        PRIMARY KEY (uniqueid, seat)
    ) WITHOUT ROWID;
    CREATE TABLE seats (seat TEXT PRIMARY KEY, username TEXT NOT NULL, left REAL NOT NULL) WITHOUT ROWID;
    CREATE TABLE stories (
        uniqueid TEXT PRIMARY KEY, service INTEGER NOT NULL, queue TEXT NOT NULL, number TEXT NOT NULL,
        name TEXT NOT NULL, variables TEXT NOT NULL
    ) WITHOUT ROWID
    """,
    # Who paused was not written down before; it counts as the operator's own will.
    """
    ALTER TABLE operators ADD COLUMN paused_by TEXT NOT NULL DEFAULT 'self';
    ALTER TABLE operators ADD COLUMN queue_pausers TEXT NOT NULL DEFAULT '{}'
    """,
    "ALTER TABLE operators ADD COLUMN paused_who TEXT NOT NULL DEFAULT ''",
)
