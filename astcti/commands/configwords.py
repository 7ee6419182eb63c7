"""The words that ``astcti config`` understands."""

from __future__ import annotations

from typing import Any, ClassVar

from twisted.python import usage

from astcti.commands import configchanges
from astcti.commands.options import Options as BaseOptions

SQLITE_ENDINGS = (".db3", ".db", ".sqlite", ".sqlite3")


class Check(BaseOptions):
    """Options of ``astcti config check``."""

    synopsis = "[options] FILE..."
    longdesc = (
        "Says what is wrong with a bootstrap file, a runtime configuration in XML, or one in SQLite; they are told "
        "apart by what is in them. Of a bootstrap file, the runtime configuration it leads to is checked as well. "
        "Instead of a file it may be a data base, such as mysql://user@host/database (its password is asked, or taken "
        "from ASTCTI_DATABASE_PASSWORD). Nothing is changed. Exit code 0 when the server would take it, else 1."
    )
    optFlags = [["strict", "s", "warnings count as errors"], ["quiet", "q", "print errors and warnings only"]]

    def parseArgs(self, *files: str) -> None:
        """What to check."""
        if not files:
            raise usage.UsageError("name the file to check")
        self["files"] = files


class Convert(BaseOptions):
    """Options of ``astcti config convert``."""

    synopsis = "[options] FROM TO"
    longdesc = (
        "Reads a runtime configuration (XML or SQLite, older data bases too) and writes it as XML or SQLite, by the "
        f"ending of TO: .xml or {' '.join(SQLITE_ENDINGS)}. If TO is a directory, the configuration is dropped into "
        "it as a server with source sqlite expects it. Either may also be a data base, such as "
        "mysql://user@host/database (its password is asked, or taken from ASTCTI_DATABASE_PASSWORD); what is in its "
        "tables is then replaced, with --force. FROM may also be a server's bootstrap file, which stands for what the "
        "server would load now, with the passwords that operators have changed; and a table of the first generation, "
        "as in mysql://user@host/database?table=cti."
    )
    optFlags = [["force", "f", "overwrite TO"]]

    def parseArgs(self, *files: str) -> None:
        """From where to where."""
        if len(files) != 2:
            raise usage.UsageError("name two files: from where, and to where")
        self["from"], self["to"] = files


class Init(BaseOptions):
    """Options of ``astcti config init``."""

    synopsis = "WHERE"
    longdesc = (
        "Makes the tables of a data base, or brings those of an older release up to date; nothing is ever removed, and "
        "doing it again does nothing. WHERE is the bootstrap file of a server that reads it, or its address, such as "
        "mysql://user@host/database or sqlite:////path/to/file (the password is asked, or taken from "
        "ASTCTI_DATABASE_PASSWORD)."
    )

    def parseArgs(self, *words: str) -> None:
        """Which data base."""
        if len(words) != 1:
            raise usage.UsageError("name one bootstrap file, or one data base")
        self["where"] = words[0]


class Password(BaseOptions):
    """Options of ``astcti config password``."""

    synopsis = ""
    longdesc = (
        "Asks for a password (or reads one line of standard input) and prints the credential to put into an "
        "operator's password attribute, or PASS_WORD column."
    )
    optFlags = [["scram", "s", "print on a second line what belongs into the scram attribute, or SCRAM column"]]


class Options(BaseOptions):
    """Options of ``astcti config``."""

    subCommands: ClassVar[list[list[Any]]] = [
        ["check", None, Check, "say what is wrong with a configuration"],
        ["convert", None, Convert, "bring a runtime configuration into another form"],
        ["diff", None, configchanges.Diff, "say how two configurations differ"],
        ["init", None, Init, "make the tables of a data base, or bring them up to date"],
        ["password", None, Password, "make an operator's credential"],
        ["rollback", None, configchanges.Rollback, "bring back a configuration that was replaced"],
    ]

    def getSynopsis(self) -> str:
        """The first line of the help; that of a command begins with it."""
        return "Usage: astcti config" if self.subCommand else "Usage: astcti config COMMAND [options]"

    def postOptions(self) -> None:
        """See that a command was given."""
        if not self.subCommand:
            raise usage.UsageError(f"say what: {', '.join(str(c[0]) for c in Options.subCommands)}")
