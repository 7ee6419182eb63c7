"""Writing files so that nobody ever sees half of one, nor anybody else the credentials in it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from errno import EPERM
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


def write_file(path: Path, data: bytes, *, keep_rights: bool = False) -> None:
    """Write a file, whole or not at all.

    :param keep_rights: whether it belongs, as far as we may say so, to whom the one before belonged, and can be read by
        the same people.
    """
    with replace_file(path) as unfinished, _the_very(unfinished, os.O_WRONLY) as file:
        with open(file, "wb", closefd=False) as f:
            f.write(data)
        if keep_rights:
            _give_rights(file, path)


@contextmanager
def _the_very(path: Path, flags: int) -> Iterator[int]:
    """A file that we have just made in a folder of somebody else, open: not what they have put in its place since.

    :raises OSError: it is a link, or has another name as well.
    """
    file = os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK)
    try:
        if os.fstat(file).st_nlink != 1:
            raise PermissionError(EPERM, "another file was put in its place")
        yield file
    finally:
        os.close(file)


def _give_rights(file: int, like: Path) -> None:
    try:
        before = like.stat()
    except FileNotFoundError:
        return
    try:
        os.fchown(file, before.st_uid, before.st_gid)
    except PermissionError:
        if os.fstat(file).st_gid != before.st_gid:
            return  # its rights were for another group
    os.fchmod(file, before.st_mode & 0o777)


def give_to_owner_of(folder: Path, path: Path) -> None:
    """Let a file belong to whom the folder belongs, as far as we may say so: what root puts there is for that one.

    :raises OSError: it is another file by now.
    """
    owner = folder.stat()
    with _the_very(path, os.O_RDONLY) as file, suppress(PermissionError):
        os.fchown(file, owner.st_uid, owner.st_gid)


def make_folder(path: Path) -> Path:
    """A folder for us alone, with whatever is above it.

    :raises ConfigError: it cannot be made.
    """
    try:
        path.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)
    except OSError as e:
        raise ConfigError(f"{path}: {e.strerror or e}") from e
    return path
