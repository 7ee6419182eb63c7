"""Debian packages without Debian's package manager: read lists, choose, download, unpack below a folder of ours."""

from __future__ import annotations

import os
import re
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

KEYRINGS = ("debian-archive-keyring.gpg", "debian-archive-keyring.pgp")

#: Packages that only the install scripts of other packages want; none of those is run here.
NOT_WANTED = re.compile(
    "(perl|libperl|gnupg|gpg|dirmngr|pinentry|dpkg$|passwd|python|libpython|tar$|adduser|login|debconf|mount|systemd|"
    "init|libsnmp-base|gcc-|base-|sysv|util-linux|sed$|coreutils|dash|bash|libdpkg|mawk|media-types|openssl$|sensible|"
    "lsb-|libfile-|liblocale|libtext-|libdebian|readline-|tzdata|ucf|lksctp)"
)
#: Not needed to run, and half of the size.
LEFT_OUT = ("doc", "man", "locale", "lintian", "bug")

APT_CONF = """\
Dir::State "{0}";
Dir::State::Lists "{0}/lists";
Dir::State::status "{0}/status";
Dir::Cache "{0}/cache";
Dir::Etc::sourcelist "{0}/sources.list";
Dir::Etc::sourceparts "/dev/null";
Dir::Etc::preferences "/dev/null";
Dir::Etc::preferencesparts "/dev/null";
APT::Default-Release "";
APT::Sandbox::User "{1}";
APT::Install-Recommends "false";
Acquire::Retries "3";
Acquire::Languages "none";
Acquire::http::Timeout "30";
Acquire::IndexTargets::deb::DEP-11 {{ DefaultEnabled "false"; }};
"""


class FetchError(Exception):
    """Asterisk cannot be had here; the text says why."""


def mirrors() -> list[str]:
    """The mirrors that apt on this machine is told to use, without those of security updates."""
    if chosen := os.environ.get("PBX_MIRROR"):
        return [chosen]
    found = subprocess.run(
        ["apt-get", "indextargets", "--format", "$(REPO_URI)", "Created-By: Packages"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    return [m for m in dict.fromkeys(found.stdout.split()) if "security" not in m]


class Apt:
    """An apt of its own: its own lists, cache and idea of what is installed (nothing), all below ``folder``."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        for part in ("lists/partial", "cache/archives/partial", "debs"):
            (folder / part).mkdir(parents=True)
        (folder / "status").touch()
        user = subprocess.run(["id", "-un"], capture_output=True, text=True, check=True).stdout.strip()
        (folder / "apt.conf").write_text(APT_CONF.format(folder, user))
        self._environment = {**os.environ, "APT_CONFIG": str(folder / "apt.conf"), "LC_ALL": "C"}

    def run(self, *command: str, where: Path | None = None) -> str:
        """Run one of apt's programs; what it printed.

        :raises FetchError: it failed; carries its last words.
        """
        done = subprocess.run(command, env=self._environment, cwd=where, capture_output=True, text=True, check=False)
        if done.returncode:
            raise FetchError("\n".join((done.stdout + done.stderr).splitlines()[-5:]))
        return done.stdout + done.stderr

    def use(self, mirror: str, suite: str, major: int) -> None:
        """Read the package lists of ``mirror``.

        :raises FetchError: it has no Asterisk of that version.
        """
        signed = next((f"signed-by={k}" for n in KEYRINGS if (k := Path("/usr/share/keyrings", n)).exists()), "")
        (self._folder / "sources.list").write_text(f"deb [{signed}] {mirror} {suite} main\n")
        if re.search("^(E:|W: Failed)", said := self.run("apt-get", "-q", "update"), re.MULTILINE):
            raise FetchError(said)
        candidate = re.search(r"Candidate: (?:\d+:)?(\S+)", self.run("apt-cache", "policy", "asterisk"))
        if candidate is None or not candidate[1].startswith(f"{major}."):
            raise FetchError(f"suite {suite} of {mirror} has Asterisk {candidate and candidate[1]}, not {major}")

    def closure(self) -> list[str]:
        """The names of the packages to unpack."""
        wanted = ["asterisk"]
        if re.search(r"Candidate: \d", self.run("apt-cache", "policy", "asterisk-voicemail")):
            wanted.append("asterisk-voicemail")  # a package of its own in the older suite
        plan = self.run("apt-get", "-q", "install", "-y", "--print-uris", *wanted)
        names = re.findall(r"^'[^']*' ([^_ ]+)_", plan, re.MULTILINE)
        return sorted({n for n in names if not NOT_WANTED.match(n)})

    def download(self, packages: list[str]) -> list[Path]:
        """Fetch ``packages``; apt checks their sums."""
        debs = self._folder / "debs"
        self.run("apt-get", "-q", "-o", "Debug::NoLocking=1", "download", *packages, where=debs)
        return sorted(debs.iterdir())


def unpack(debs: list[Path], root: Path) -> None:
    """Unpack packages below ``root``, laid out as Debian is today: ``/lib`` and its like are links into ``/usr``."""
    for name in ("lib", "lib64", "bin", "sbin"):
        (root / "usr" / name).mkdir(parents=True)
        (root / name).symlink_to(f"usr/{name}")
    leave = [f"--exclude=./usr/share/{n}" for n in LEFT_OUT] + ["--exclude=./usr/lib/*/perl*"]
    into = ["tar", "-C", str(root), "-x", "-k", "--keep-directory-symlink", "--no-same-owner", *leave]

    def one(deb: Path) -> None:
        with subprocess.Popen(["dpkg-deb", "--fsys-tarfile", str(deb)], stdout=subprocess.PIPE) as source:
            subprocess.run(into, stdin=source.stdout, check=True, capture_output=True)
        if source.returncode:
            raise FetchError(f"{deb.name} cannot be unpacked")

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(one, debs))
