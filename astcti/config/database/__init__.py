"""A data base server as the place of the configuration: MariaDB, MySQL, PostgreSQL, or one SQLite file.

SQLAlchemy and the driver are imported where they are used, so that a server with another source does without them.
Everything here may block for as long as the time-outs of :mod:`astcti.config.database.engine` allow: it runs in
threads of its own.
"""
