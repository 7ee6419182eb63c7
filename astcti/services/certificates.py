"""A certificate that was renewed is used for the next connection, without a restart or another configuration."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from twisted.application.service import Service
from twisted.internet.defer import Deferred
from twisted.internet.task import LoopingCall
from twisted.internet.threads import deferToThread
from twisted.logger import Logger

from astcti.config.settings import Settings
from astcti.errors import ConfigError
from astcti.protocols.transport.tls import ServerTLS
from astcti.services.door import read_tls

LOOK_SECONDS: Final = 60.0

#: Of each file: inode, size and time of change; ``None`` for one that is not there.
Marks = tuple[tuple[int, int, int] | None, ...]


class Certificates(Service):
    """Looks at the files of ``tls_cert`` and ``tls_key`` from time to time.

    :param settings: gives those in force.
    :param use: is handed the new certificate.
    :param in_thread: runs what touches files.
    """

    name = "certificates"
    _log = Logger()

    def __init__(
        self,
        clock: Any,
        settings: Callable[[], Settings],
        use: Callable[[ServerTLS], None],
        in_thread: Callable[..., Deferred[Any]] = deferToThread,
    ) -> None:
        self._settings = settings
        self._use = use
        self._in_thread = in_thread
        self._seen: tuple[tuple[Path, ...], Marks] | None = None
        self._looking = LoopingCall(self.look)
        self._looking.clock = clock

    def startService(self) -> None:
        """Look now, then every minute."""
        Service.startService(self)
        self._looking.start(LOOK_SECONDS).addErrback(lambda f: self._log.failure("Nobody looks at certificates", f))

    def stopService(self) -> None:
        """Look no more."""
        Service.stopService(self)
        if self._looking.running:
            self._looking.stop()

    async def _look(self) -> None:
        settings = self._settings()
        paths = tuple(Path(name) for name in (settings.tls_cert, settings.tls_key) if name)
        if not settings.tls_cert:
            self._seen = None
            return
        seen = (paths, await self._in_thread(_marks, paths))
        before, self._seen = self._seen, seen
        if before is None or before[0] != paths or before == seen:
            return  # another place is another configuration's affair, which has read it
        try:
            tls = await self._in_thread(read_tls, settings)
        except ConfigError as e:
            self._log.error("{reason}; the certificate in use stays", reason=str(e))
            return
        if tls is not None and self.running and self._settings().tls_cert == settings.tls_cert:
            self._use(tls)
            self._log.info("The certificate {path} was renewed; new connections get it", path=str(paths[0]))

    def look(self) -> Deferred[None]:
        """Look now; never fails."""
        looked: Deferred[None] = Deferred.fromCoroutine(self._look())
        return looked.addErrback(lambda failure: self._log.failure("Looking at the certificate", failure))


def _marks(paths: tuple[Path, ...]) -> Marks:
    return tuple(map(_mark, paths))


def _mark(path: Path) -> tuple[int, int, int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_ino, status.st_size, status.st_mtime_ns
