"""Where log lines go: a rotated file of sentences for people, or of JSON objects for machines."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

from twisted.application.service import Service
from twisted.logger import (
    FilteringLogObserver,
    ILogFilterPredicate,
    ILogObserver,
    LogEvent,
    LogLevel,
    LogLevelFilterPredicate,
    LogPublisher,
    formatEvent,
    globalLogPublisher,
)
from twisted.python.logfile import LogFile
from zope.interface import implementer

FILE_NAME = "astcti.log"
LEVELS = ("debug", "info", "warn", "error", "critical")
MAX_TEXT = 4000  # characters of one sentence: caller names and the like are somebody else's

# What ends a line, drives a terminal, turns the direction of writing, or cannot be written at all.
_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
_CLASS = re.compile(r"\.[A-Z]\w*$")  # a class that logs is named after its module
_PLAIN = (str, int, float, bool, type(None))


def tidy(text: str) -> str:
    """One line of printable text, whatever a caller is called."""
    return _CONTROLS.sub(_visible, text[:MAX_TEXT])


def _visible(match: re.Match[str]) -> str:
    code = ord(match[0])
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"


def sentence(event: LogEvent) -> str:
    """A log event as one line for people; a traceback follows on lines of its own, indented."""
    moment = datetime.fromtimestamp(event.get("log_time", 0.0)).astimezone()
    level = event.get("log_level")
    source = _CLASS.sub("", str(event.get("log_namespace", "-")).removeprefix("astcti."))
    head = f"{moment:%Y-%m-%d %H:%M:%S}.{moment.microsecond // 1000:03d}"
    line = f"{head} {level.name if level else 'info':8} {source}: {tidy(formatEvent(event))}\n"
    failure = event.get("log_failure")
    if failure is None:
        return line
    trace = failure.getTraceback(detail="brief")
    return line + "".join(f"    {tidy(part)}\n" for part in trace.splitlines())


def document(event: LogEvent) -> str:
    """A log event as one JSON object with its fields, on one line."""
    level = event.get("log_level")
    shown: dict[str, Any] = {
        "time": datetime.fromtimestamp(event.get("log_time", 0.0), UTC).isoformat(timespec="milliseconds"),
        "level": level.name if level else "info",
        "source": str(event.get("log_namespace", "")),
        "text": tidy(formatEvent(event)),
    }
    for key, value in event.items():
        if not key.startswith("log_") and key not in shown:
            shown[key] = _field(value)
    failure = event.get("log_failure")
    if failure is not None:
        shown["failure"] = failure.getTraceback(detail="brief")
    # As JSON says them, what is left of controls means the same.
    return _CONTROLS.sub(lambda m: f"\\u{ord(m[0]):04x}", json.dumps(shown, ensure_ascii=False)) + "\n"


def _field(value: Any) -> Any:
    return value[:MAX_TEXT] if isinstance(value, str) else value if isinstance(value, _PLAIN) else tidy(str(value))


@implementer(ILogObserver)
class LineObserver:
    """Writes each event to a file as soon as it happens."""

    def __init__(self, file: IO[str] | LogFile, line: Callable[[LogEvent], str] = sentence) -> None:
        self._file = file
        self._line = line

    def __call__(self, event: LogEvent) -> None:
        """Write one event."""
        self._file.write(self._line(event))
        self._file.flush()


def predicate_of(level: str) -> LogLevelFilterPredicate:
    """What matters at a level; Twisted's own chatter below ``warn`` does not, unless debugging."""
    predicate = LogLevelFilterPredicate(defaultLogLevel=LogLevel.levelWithName(level))
    if level != "debug":
        lowest = max(LEVELS.index(level), LEVELS.index("warn"))
        predicate.setLogLevelForNamespace("twisted", LogLevel.levelWithName(LEVELS[lowest]))
        predicate.setLogLevelForNamespace("log_legacy", LogLevel.levelWithName(LEVELS[lowest]))
    return predicate


@implementer(ILogFilterPredicate)
class Relevance:
    """What matters at this moment."""

    def __init__(self, level: str) -> None:
        self.predicate = predicate_of(level)

    def __call__(self, event: LogEvent) -> Any:
        """Whether an event matters, as Twisted says it."""
        return self.predicate(event)


class Logs(Service):
    """Keeps the log while the server runs.

    :param directory: where :data:`FILE_NAME` is; made if it is missing. Without one, lines go to ``stream``.
    :param rotate: bytes after which a new file is begun, ``keep`` old ones staying.
    """

    name = "logs"

    def __init__(
        self,
        directory: Path | None,
        *,
        level: str = "info",
        rotate: int = 10 * 1024 * 1024,
        keep: int = 5,
        json_lines: bool = False,
        stream: IO[str] | None = None,
        publisher: LogPublisher = globalLogPublisher,
    ) -> None:
        self._directory = directory
        self._rotate = rotate
        self._keep = keep
        self._line = document if json_lines else sentence
        self._stream = stream
        self._publisher = publisher
        self._file: LogFile | None = None
        self._relevance = Relevance(level)
        self._observers: list[ILogObserver] = []

    def startService(self) -> None:
        """Open the file and begin to write."""
        Service.startService(self)
        targets: list[IO[str] | LogFile] = []
        if self._directory is not None:
            self._directory.mkdir(parents=True, exist_ok=True)
            self._file = LogFile(
                FILE_NAME, str(self._directory), rotateLength=self._rotate, maxRotatedFiles=self._keep,
                defaultMode=0o640,
            )  # fmt: skip
            targets.append(self._file)
        if self._stream is not None:
            targets.append(self._stream)
        self._observers = [FilteringLogObserver(LineObserver(t, self._line), [self._relevance]) for t in targets]
        for observer in self._observers:
            self._publisher.addObserver(observer)

    def set_level(self, level: str, namespace: str = "") -> None:
        """Log what matters at another level from here on; of one namespace (``astcti.services.link``), or of all.

        For all, what was said of single ones before is forgotten.

        :param level: one of :data:`LEVELS`.
        """
        if namespace:
            self._relevance.predicate.setLogLevelForNamespace(namespace, LogLevel.levelWithName(level))
        else:
            self._relevance.predicate = predicate_of(level)

    def stopService(self) -> None:
        """Close the file."""
        for observer in self._observers:
            self._publisher.removeObserver(observer)
        self._observers = []
        if self._file is not None:
            self._file.close()
            self._file = None
        Service.stopService(self)
