"""Brings a complete Asterisk 16 or 22 into a folder of ours: ``python -m tests.pbx.fetch 16 22``.

Nothing is installed on the machine and root is not needed. The packages are Debian's own, from the mirror this
machine's apt already uses (16 from *bullseye*, 22 from *sid*); they are unpacked below one folder and run with the C
library that comes with them. Takes about ten seconds each; a folder that is complete is left alone.

Knobs: ``ASTCTI_CACHE`` (where, default ``.cache`` of the checkout), ``PBX_MIRROR`` (another mirror), ``PBX_SUITE``.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.pbx.debian import Apt, FetchError, mirrors, unpack

PROJECT = Path(__file__).resolve().parents[2]
SUITES = {16: "bullseye", 22: "sid"}
ATTEMPTS = 5


def home(major: int) -> Path:
    """The folder of one Asterisk, whether it is there or not."""
    cache = Path(os.environ.get("ASTCTI_CACHE") or PROJECT / ".cache")
    return cache.absolute() / f"asterisk-{major}"


def is_complete(folder: Path) -> bool:
    """Whether a fetch into ``folder`` was finished."""
    return (folder / "COMPLETE").exists()


def persistently(what: str, attempt: Callable[[], None]) -> None:
    """Try something that uses the network until it works, a few times."""
    for n in range(1, ATTEMPTS + 1):
        try:
            return attempt()
        except FetchError as e:
            if n == ATTEMPTS:
                raise FetchError(f"{what}: {e}") from e
            time.sleep(2 * n)
    return None


def link_sounds(root: Path) -> None:
    """Give the English prompts the name Asterisk looks for; without it no prompt plays, and DTMF transfers fail."""
    sounds = root / "usr/share/asterisk/sounds"
    for voice in sorted(sounds.glob("en_*"))[:1]:
        if not (sounds / "en").exists():
            (sounds / "en").symlink_to(voice.name)


def write_starter(folder: Path) -> Path:
    """Write ``bin/asterisk``, which runs the program with the loader and the libraries of its own folder."""
    root = folder / "root"
    loader = next((p for p in sorted(root.glob("usr/lib/*/ld-*.so*")) if not p.is_symlink()), None)
    if loader is None:
        raise FetchError("no dynamic loader among the packages")
    path = ":".join(
        f"$here/{p.relative_to(folder)}" for p in (loader.parent, loader.parent / "pulseaudio", root / "usr/lib")
    )
    starter = folder / "bin" / "asterisk"
    starter.parent.mkdir(exist_ok=True)
    starter.write_text(
        '#!/bin/sh\nhere=$(CDPATH= cd -- "$(dirname -- "$0")/.." && pwd)\n'
        f'exec "$here/{loader.relative_to(folder)}" --library-path "{path}" "$here/root/usr/sbin/asterisk" "$@"\n'
    )
    starter.chmod(0o755)
    return starter


def fetch(major: int, say: Callable[[str], None] = lambda text: None) -> Path:
    """Have Asterisk ``major`` in :func:`home`; return that folder.

    :raises FetchError: with the reason.
    """
    folder = home(major)
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if is_complete(folder):
            return folder
        if shutil.which("apt-get") is None or shutil.which("dpkg-deb") is None:
            raise FetchError("this needs Debian, or a relative of it that uses a Debian mirror")
        started = time.monotonic()
        for part in ("apt", "root"):
            shutil.rmtree(folder / part, ignore_errors=True)
        apt = Apt(folder / "apt")
        suite = os.environ.get("PBX_SUITE", SUITES[major])

        def choose_mirror() -> None:
            problems = []
            for mirror in mirrors():
                try:
                    return apt.use(mirror, suite, major)
                except FetchError as e:
                    problems.append(str(e))
            raise FetchError("; ".join(problems) or "apt on this machine knows no mirror (set PBX_MIRROR)")

        persistently(f"package lists of {suite}", choose_mirror)
        packages = apt.closure()
        debs: list[Path] = []
        persistently("download", lambda: debs.extend(apt.download(packages)))
        say(f"Asterisk {major}: {len(debs)} packages here after {time.monotonic() - started:.1f} s; unpacking")
        unpack(debs, folder / "root")
        link_sounds(folder / "root")
        starter = write_starter(folder)
        shutil.rmtree(folder / "apt")
        version = subprocess.run([starter, "-V"], capture_output=True, text=True, check=False)
        if not version.stdout.startswith(f"Asterisk {major}."):
            raise FetchError(f"expected Asterisk {major}, got: {version.stdout or version.stderr}")
        (folder / "COMPLETE").write_text(version.stdout)
        say(f"{version.stdout.strip()}: ready after {time.monotonic() - started:.1f} s")
    return folder


def main(argv: list[str]) -> int:
    """Fetch the versions named on the command line, two at a time."""
    majors = [int(a) for a in argv if a.isdigit() and int(a) in SUITES]
    if not majors or len(majors) != len(argv):
        print(__doc__, file=sys.stderr)
        return 64
    with ThreadPoolExecutor(2) as pool:
        tasks = [pool.submit(fetch, m, lambda text: print(f"fetch: {text}", file=sys.stderr)) for m in majors]
    failures = [e for t in tasks if (e := t.exception())]
    for e in failures:
        print(f"fetch: {e}", file=sys.stderr)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
