"""The folders the server writes to, and the room on their disks."""

from __future__ import annotations

import os
import tempfile
from functools import partial
from pathlib import Path

from astcti.doctor.case import Case
from astcti.doctor.finding import Notes, some

LITTLE, NOTHING = 500 * 2**20, 20 * 2**20  # bytes; a day of a busy floor writes some tens of MB
FEW_FILES = 1000


async def examine_folders(case: Case, notes: Notes) -> None:
    """Every folder that the server writes to."""
    bootstrap = case.bootstrap
    assert bootstrap is not None
    rotated = bootstrap.logging.rotate * (bootstrap.logging.keep + 1)
    folders = {
        bootstrap.ctiserver.state: ("state", LITTLE),
        bootstrap.logging.directory: ("logging directory", max(LITTLE, rotated)),
    }
    folders.setdefault(bootstrap.ctiserver.control.parent, ("folder of control", NOTHING))
    if bootstrap.database.folder is not None:
        folders.setdefault(bootstrap.database.folder, ("folder of configurations", NOTHING))
    for path, (what, wanted) in folders.items():
        await case.aside(partial(_look, notes, what, path, wanted))


def _look(notes: Notes, what: str, path: Path, wanted: int) -> None:
    if not path.exists():
        _look_above(notes, what, path)
        return
    if not path.is_dir():
        notes.fault(f"{path} ({what}) is no folder", "Move it away, or name another folder in the bootstrap file.")
        return
    try:
        with tempfile.TemporaryFile(dir=path, prefix=".astcti-doctor-") as probe:
            probe.write(b"room?")
            probe.flush()
    except OSError as e:
        notes.fault(f"{path} ({what}) cannot be written to: {e.strerror or e}", *_give(path))
        return
    strange = sorted(p.name for p in path.iterdir() if p.is_file() and not os.access(p, os.R_OK | os.W_OK))
    if strange:
        notes.fault(f"{path}: {some(strange)} cannot be written to; perhaps root has once run the server", *_give(path))
        return
    _look_for_room(notes, what, path, wanted)


def _look_above(notes: Notes, what: str, path: Path) -> None:
    above = next(p for p in path.parents if p.exists())
    if os.access(above, os.W_OK | os.X_OK):
        notes.fine(f"{path} ({what}) is not there yet; the server will make it")
    else:
        notes.fault(f"{path} ({what}) is not there and cannot be made", *_give(path, make=True))


def _look_for_room(notes: Notes, what: str, path: Path, wanted: int) -> None:
    disk = os.statvfs(path)
    room = disk.f_bavail * disk.f_frsize
    remedy = f"Make room: df -h {path}"
    if room < NOTHING:
        notes.fault(f"{path} ({what}): the disk is full, {_size(room)} are left", remedy)
    elif disk.f_files and disk.f_favail < FEW_FILES:
        notes.warn(f"{path} ({what}): only {disk.f_favail:,} more files can be made", f"Make room: df -i {path}")
    elif room < wanted:
        notes.warn(f"{path} ({what}): {_size(room)} are left; {_size(wanted)} may be needed", remedy)
    else:
        notes.fine(f"{path} ({what}): writable, {_size(room)} free")


def _give(path: Path, *, make: bool = False) -> tuple[str, ...]:
    commands = [f"    mkdir -p {path}"] if make else []
    return ("Give it to the user the server runs as:", *commands, f"    chown -R astcti: {path}")


def _size(number: int) -> str:
    for unit in ("bytes", "KiB", "MiB", "GiB"):
        if number < 1024 or unit == "GiB":
            return f"{number:,.0f} {unit}"
        number //= 1024
    raise AssertionError
