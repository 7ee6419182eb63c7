"""Writing files so that nobody ever sees half of one, nor anybody else the credentials in it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from astcti.errors import ConfigError

PRIVATE_FILE, PRIVATE_FOLDER = 0o600, 0o700


@contextmanager
def replace_file(path: Path) -> Iterator[Path]:
    """Give an empty file beside ``path`` to fill; afterwards it takes the place of ``path``, or is gone.

    :raises ConfigError: it cannot be made.
    """
    unfinished = path.with_name(path.name + ".tmp")
    try:
        with suppress(FileNotFoundError):
            unfinished.unlink()
        os.close(os.open(unfinished, os.O_CREAT | os.O_EXCL | os.O_WRONLY, PRIVATE_FILE))
        yield unfinished
        with unfinished.open("rb") as f:
            os.fsync(f.fileno())
        unfinished.replace(path)
    except OSError as e:
        raise ConfigError(f"{path}: {e.strerror or e}") from e
    finally:
        with suppress(OSError):
            unfinished.unlink()


def write_file(path: Path, data: bytes) -> None:
    """Write a file, whole or not at all."""
    with replace_file(path) as unfinished:
        unfinished.write_bytes(data)


def make_folder(path: Path) -> Path:
    """A folder for us alone, with whatever is above it.

    :raises ConfigError: it cannot be made.
    """
    try:
        path.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)
    except OSError as e:
        raise ConfigError(f"{path}: {e.strerror or e}") from e
    return path
