"""The SQLite form of a configuration: today's, older ones, and broken ones."""

from __future__ import annotations

import os
import sqlite3
import stat
import time
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from twisted.trial.unittest import SynchronousTestCase

from astcti.config.model import Action, Configuration
from astcti.config.sqlitesource import read_document, read_sqlite, write_sqlite
from astcti.errors import ConfigError
from tests.config.samples import ARGON2ID, GOOD, configurations

TABLES = """
CREATE TABLE dbversion (VERSION double, LAST_UPDATE int);
INSERT INTO dbversion VALUES (2.0, 1000);
CREATE TABLE services (id_service integer, service_name varchar(100), SERVICE_QUEUE_NAME varchar(100), ENABLED int);
INSERT INTO services VALUES (1, 'sales', 'q', 1);
CREATE TABLE seats (ID_SEAT integer, SEAT_MAC varchar(17), SEAT_EXTEN varchar(50));
INSERT INTO seats VALUES (1, '00-1C-BF-37-53-BA', 'sip/201'), (2, NULL, 'SIP/202');
CREATE TABLE operators (ID_OPERATOR integer, FULL_NAME text, USERNAME text, PASS_WORD text, IS_CALL_CANTER text,
    BEGIN_IN_PAUSE text, LAST_SEAT int);
INSERT INTO operators VALUES (1, 'Ann', 'ann', 'x', 'Y', 'false', 7);
"""


class SqliteCase(SynchronousTestCase):
    """Something with a data base file."""

    def setUp(self) -> None:
        self.path = Path(self.mktemp()).absolute()

    def make(self, *scripts: str) -> Path:
        """A data base made by SQL."""
        self.path.unlink(missing_ok=True)
        with closing(sqlite3.connect(self.path)) as db:
            for script in scripts:
                db.executescript(script)
        return self.path

    def problems(self, *scripts: str) -> tuple[str, ...]:
        """What is said about a data base made by SQL."""
        return self.assertRaises(ConfigError, read_sqlite, self.make(*scripts)).problems


class WritingTests(SqliteCase):
    """What is written is read back the same."""

    @settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(configurations())
    def test_round_trip(self, configuration: Configuration) -> None:
        """Any configuration survives being written and read."""
        path = Path(self.mktemp())
        write_sqlite(configuration, path)
        self.assertEqual(read_sqlite(path), configuration)
        path.unlink()

    def test_odd_names(self) -> None:
        """A file's name may hold what a URL may not."""
        path = Path(f"{self.path} ?#%41.db3")
        write_sqlite(GOOD, path)
        self.assertEqual(read_sqlite(path), GOOD)

    def test_private_and_whole(self) -> None:
        """The file is for its owner only, and nothing is left beside it."""
        write_sqlite(GOOD, self.path)
        self.assertEqual(stat.S_IMODE(self.path.stat().st_mode), 0o600)
        self.assertEqual([n for n in os.listdir(self.path.parent) if n.startswith(self.path.name)], [self.path.name])

    def test_failure_keeps_the_old(self) -> None:
        """A configuration that does not fit leaves what was there."""
        write_sqlite(GOOD, self.path)
        twins = replace(GOOD, seats=(GOOD.seats[0], GOOD.seats[0]))
        self.assertRaises(ConfigError, write_sqlite, twins, self.path)
        self.assertEqual(read_sqlite(self.path), GOOD)
        self.assertRaises(ConfigError, write_sqlite, GOOD, Path("/nowhere/x.db3"))


class ReadingTests(SqliteCase):
    """Data bases of other programs."""

    def test_case_and_spellings(self) -> None:
        """Names count whatever their case; older words, missing columns and NULLs are understood."""
        c = read_sqlite(self.make(TABLES))
        self.assertEqual((c.services[0].name, c.services[0].queue_name, c.timestamp), ("sales", "q", 1000.0))
        self.assertEqual([(s.exten, s.mac) for s in c.seats], [("SIP/201", "00:1c:bf:37:53:ba"), ("SIP/202", "")])
        (ann,) = c.operators
        self.assertEqual((ann.is_call_center, ann.begin_in_pause, ann.can_alter_speeddials), (True, False, True))
        self.assertIs(ann.seat_id, None)

    def test_settings_hold_version(self) -> None:
        """Later data bases keep version and time among the settings; the larger time counts."""
        c = read_sqlite(
            self.make(
                TABLES.replace("2.0, 1000", "2.0, 3000"),
                "CREATE TABLE SERVER_SETTINGS (name text, val text); INSERT INTO SERVER_SETTINGS VALUES "
                "('db_version', '2.1'), ('last_update', '2000'), ('ami_host', 'pbx'), ('ami_port', 5039)",
            )
        )
        self.assertEqual((c.timestamp, dict(c.settings)), (3000.0, {"ami_host": "pbx", "ami_port": "5039"}))

    def test_version(self) -> None:
        """A version that is missing, unreadable or of the future is refused (rule 1)."""
        self.assertIn("schema version is missing", self.problems(TABLES, "DELETE FROM dbversion")[0])
        self.assertIn("3.0 is not supported", self.problems(TABLES, "UPDATE dbversion SET VERSION = 3.0")[0])
        self.assertIn("dbversion", self.problems(TABLES, "UPDATE dbversion SET VERSION = 'new'")[0])

    def test_problems_have_table_id_and_column(self) -> None:
        """Every value that cannot be read is told with its place, all of them at once."""
        found = self.problems(
            TABLES, "UPDATE seats SET ID_SEAT = 'x' WHERE ID_SEAT = 2; UPDATE operators SET IS_CALL_CANTER = '?'"
        )
        self.assertEqual(found, (
            f"{self.path}: seats x, ID_SEAT: 'x' is not a whole number",
            f"{self.path}: operators 1, IS_CALL_CENTER: '?' is neither yes nor no (1/0, Y/N, true/false)",
        ))  # fmt: skip

    def test_missing_tables(self) -> None:
        """A data base of something else is told by the tables it lacks."""
        found = self.problems("CREATE TABLE x (a)")
        self.assertIn(f"{self.path}: there is no table operators", found)

    def test_views_are_not_run(self) -> None:
        """A view that never ends instead of a table is not asked."""
        endless = "WITH RECURSIVE c(ID_SEAT) AS (SELECT 1 UNION ALL SELECT ID_SEAT + 1 FROM c) SELECT ID_SEAT FROM c"
        self.assertIn("no table seats", self.problems(TABLES, "DROP TABLE seats", f"CREATE VIEW seats AS {endless}")[0])

    def test_not_utf8(self) -> None:
        """A text in another encoding is an error, not a guess."""
        self.assertIn("UTF-8", self.problems(TABLES, "UPDATE services SET service_name = CAST(x'ff41' AS TEXT)")[0])
        self.assertIn("UTF-8", self.problems(TABLES, "UPDATE services SET service_name = x'ff41'")[0])

    def test_setting_not_utf8(self) -> None:
        """Of a setting too, by its name; nothing is told of the rest that could be read."""
        settings = (
            "CREATE TABLE server_settings (name text, val); INSERT INTO server_settings VALUES ('ami_host', x'ff')"
        )
        place = f"{self.path}: server_settings ami_host, val"
        self.assertEqual(self.problems(TABLES, settings), (f"{place}: the text is not UTF-8",))


class BrokenTests(SqliteCase):
    """Files that are no data base, or only half of one."""

    def test_rubbish(self) -> None:
        """Nothing, text, and a folder are no data bases."""
        for data in (b"", b"SQLite", b"<xml/>"):
            self.path.write_bytes(data)
            self.assertIn("not a SQLite data base", str(self.assertRaises(ConfigError, read_sqlite, self.path)))
        self.assertIn("directory", str(self.assertRaises(ConfigError, read_sqlite, self.path.parent)))
        self.assertIn("No such file", str(self.assertRaises(ConfigError, read_sqlite, Path("/nowhere/x"))))

    def test_cut_or_damaged(self) -> None:
        """A data base cut anywhere, or with a page overwritten, is refused."""
        write_sqlite(GOOD, self.path)
        data = self.path.read_bytes()
        for size in (100, 1000, 4096, len(data) // 2, len(data) - 1):
            self.path.write_bytes(data[:size])
            self.assertRaises(ConfigError, read_sqlite, self.path)
        self.path.write_bytes(data[:8192] + b"\xa5" * 4096 + data[12288:])
        self.assertRaises(ConfigError, read_sqlite, self.path)

    def test_too_large(self) -> None:
        """A file beyond any configuration's size is not even opened."""
        write_sqlite(GOOD, self.path)
        os.truncate(self.path, 65 * 2**20)
        self.assertIn("larger than 64 MiB", str(self.assertRaises(ConfigError, read_sqlite, self.path)))

    def test_nothing_is_written(self) -> None:
        """Reading needs no right to write and leaves no journal."""
        write_sqlite(GOOD, self.path)
        before = (time.time(), self.path.stat().st_mtime_ns, sorted(os.listdir(self.path.parent)))
        self.path.chmod(0o400)
        read_sqlite(self.path)
        self.assertEqual(before[1:], (self.path.stat().st_mtime_ns, sorted(os.listdir(self.path.parent))))


OLDER = """
CREATE TABLE services (ID_SERVICE integer, SERVICE_NAME text, SERVICE_IS_QUEUE int, SERVICE_QUEUE_NAME text,
    SERVICE_TRIGGER_TYPE text);
INSERT INTO services VALUES (1, 'sales', 1, 'q', 'APPLICATION'), (2, 'help', 0, 'unused', 'Internal Browser'),
    (3, 'none', NULL, NULL, 'NONE'), (4, 'odd', 0, '', 'FAX'), (5, 'page', 0, '', 'BROWSER');
CREATE TABLE Applications (ID_APPLICATION integer, ID_SERVICE integer, APPLICATION_OS_TYPE text, APPLICATION_PATH text,
    APPLICATION_PARAMETERS text);
INSERT INTO Applications VALUES (10, 1, 'LIN', '/usr/bin/crm', '{CALLERID}'), (11, 1, 'WIN', 'crm.exe', NULL),
    (12, 2, 'ALL', 'http://crm/', 'c={CALLERID}'), (13, 3, 'ALL', 'x', ''), (14, 4, 'ALL', 'x', ''),
    (15, 5, 'ALL', 'http://crm/?x=1', 'c={CALLERID}');
CREATE TABLE seats (ID_SEAT integer, SEAT_MAC text, SEAT_EXTEN text);
CREATE TABLE operators (ID_OPERATOR integer, FULL_NAME text, USERNAME text, PASS_WORD text);
"""


class OlderTests(SqliteCase):
    """Data bases of version 1."""

    def test_applications(self) -> None:
        """Each application becomes an action of its service, by the service's trigger."""
        document = read_document(self.make(OLDER))
        c = document.configuration
        self.assertEqual(c.actions, (
            Action(id=1, os_type="LINUX", destination="/usr/bin/crm", parameters="{CALLERID}"),
            Action(id=2, os_type="WINDOWS", destination="crm.exe"),
            Action(id=3, type="INTERNAL_BROWSER", parameters="http://crm/?c={CALLERID}"),
            Action(id=4, type="INTERNAL_BROWSER", parameters="http://crm/?x=1&c={CALLERID}"),
        ))  # fmt: skip
        self.assertEqual([(r.service_id, r.action_id, r.order) for r in c.service_actions],
                         [(1, 1, 1), (1, 2, 2), (2, 3, 1), (5, 4, 1)])  # fmt: skip
        self.assertEqual([s.queue_name for s in c.services], ["q", "", "", "", ""])
        self.assertIn("4 actions were made", document.notes[-1])
        self.assertIn("'FAX' is not known", document.notes[0])

    def test_on_the_service(self) -> None:
        """Application and parameters on the service itself become one action for every system."""
        c = read_sqlite(
            self.make(
                TABLES.replace("ENABLED int", "ENABLED int, application text, param_string text")
                .replace("'q', 1)", "'q', 1, 'crm', '-c {CALLERID}'), (2, 'idle', '', 1, NULL, '')")
                .replace("2.0, 1000", "1.2, 1000")
            )
        )
        self.assertEqual(c.actions, (Action(id=1, destination="crm", parameters="-c {CALLERID}"),))
        self.assertEqual([(r.service_id, r.action_id) for r in c.service_actions], [(1, 1)])

    def test_not_utf8(self) -> None:
        """An application that cannot be read is told by its place."""
        spoilt = "UPDATE Applications SET APPLICATION_PATH = x'ff' WHERE ID_APPLICATION = 12"
        self.assertEqual(self.problems(OLDER, spoilt), (f"{self.path}: services 2: the text is not UTF-8",))

    def test_actions_of_today_win(self) -> None:
        """Where there is a table of actions, what is left of the older form does not count."""
        today = f"CREATE TABLE actions (ID_ACTION int); INSERT INTO operators VALUES (1, 'A', 'a', '{ARGON2ID}');"
        version = "CREATE TABLE dbversion (VERSION double, LAST_UPDATE int); INSERT INTO dbversion VALUES (2, 1);"
        c = read_sqlite(self.make(OLDER, today, version))
        self.assertEqual((c.actions, c.services[0].queue_name), ((), "q"))
