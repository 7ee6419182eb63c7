"""Programs are started without a shell, and it is known what became of them."""

from __future__ import annotations

import io
import os
import stat
import sys
from pathlib import Path

from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.task import deferLater
from twisted.trial.unittest import SynchronousTestCase, TestCase
from zope.interface.verify import verifyObject

from astcti.actions.application import application
from astcti.actions.browsers import browser
from astcti.actions.performer import Performer
from astcti.client import place
from astcti.client.passwords import find_password
from astcti.client.place import ClientPlace, system_browser
from astcti.client.programs import Programs
from astcti.errors import UserError
from astcti.interfaces import IPlace
from astcti.model.actions import Outcome, RenderedAction
from tests.actions.hostile_names import HOSTILE_NAMES

RECORDER = """#!{python}
import os, sys
with open(sys.argv[0] + ".tmp", "w", errors="surrogateescape", newline="") as f:
    f.write("\\0".join(sys.argv[1:] + [os.environ.get("ASTCTI_PASSWORD", "no password")]))
os.rename(sys.argv[0] + ".tmp", sys.argv[0] + ".said")
"""


class ProgramTestCase(TestCase):
    """Has a folder for programs."""

    def setUp(self) -> None:
        self.folder = Path(self.mktemp()).absolute()
        self.folder.mkdir()
        self.programs = Programs(reactor, grace=20, environment={**os.environ, "ASTCTI_PASSWORD": "s3cret"})

    def program(self, name: str, text: str, mode: int = 0o755) -> str:
        """Write a program; its path."""
        path = self.folder / name
        path.write_text(text)
        path.chmod(mode)
        return str(path)

    def recorder(self, name: str = "recorder") -> str:
        """A program that records its arguments and ends well."""
        return self.program(name, RECORDER.format(python=sys.executable))

    def said(self, path: str) -> list[str]:
        """What such a program was handed, and the password it found."""
        with open(f"{path}.said", errors="surrogateescape", newline="") as f:
            return f.read().split("\0")


class ProgramsTests(ProgramTestCase):
    """Starting programs."""

    async def test_arguments_arrive_as_they_are(self) -> None:
        """No shell has a look at them, and our password stays ours."""
        path = self.recorder()
        await self.programs.start([path, "a b", "$HOME; touch x", "'\"`\\", "", "é☎"])
        self.assertEqual(self.said(path), ["a b", "$HOME; touch x", "'\"`\\", "", "é☎", "no password"])

    async def test_hostile_names_are_one_argument(self) -> None:
        """All hostile names together arrive as one argument each, none of them an option."""
        path = self.recorder()
        template = " ".join(f"{{N{i}}}" for i in range(len(HOSTILE_NAMES)))
        values = {f"N{i}": name for i, name in enumerate(HOSTILE_NAMES.values())}
        rendered = application.render("1", path, template, "", values)
        await self.programs.start([rendered.destination, *rendered.arguments])
        *said, _ = self.said(path)
        self.assertEqual(tuple(said), rendered.arguments)
        self.assertEqual(len(said), len(HOSTILE_NAMES))
        self.assertEqual([word for word in said if word.startswith("-")], [])

    async def test_what_cannot_be_started(self) -> None:
        """Each reason is said in a sentence."""
        for path, reason in (
            (str(self.folder / "none"), "there is no program"),
            ("astcti-no-such-program", "there is no program astcti-no-such-program"),
            (str(self.folder), "is a folder"),
            (self.program("plain", "x", 0o644), "may not be executed"),
            (self.program("rubbish", "\x7fELF rubbish"), "cannot be started: Exec format error"),
            (self.program("orphan", "#!/no/such/interpreter\n"), "cannot be started: No such file"),
            (self.program("x.bat", "#!/bin/sh\n"), "batch files"),
            ("", "no program"),
        ):
            with self.assertRaises(UserError) as caught:
                await self.programs.start([path, "x"])
            self.assertIn(reason, str(caught.exception))
        with self.assertRaises(UserError):
            await self.programs.start([self.recorder(), "a\0b"])

    async def test_early_end(self) -> None:
        """A program that ends with an error at once has failed; one that goes on, or ends well, has not."""
        failing = self.program("failing", "#!/bin/sh\nexit 3\n")
        with self.assertRaises(UserError) as caught:
            await self.programs.start([failing])
        self.assertIn("ended with status 3", str(caught.exception))
        killed = self.program("killed", "#!/bin/sh\nkill -9 $$\n")
        with self.assertRaises(UserError) as caught:
            await self.programs.start([killed])
        self.assertIn("ended by signal 9", str(caught.exception))

    async def test_programs_that_stay(self) -> None:
        """A program that goes on is fine, is remembered, and can be asked to end."""
        programs = Programs(reactor, grace=0.05)
        await programs.start(["sleep", "600"])
        self.assertEqual(list(programs.running.values()), ["sleep"])
        programs.close_all()
        for _ in range(200):
            if not programs.running:
                break
            await deferLater(reactor, 0.02)  # type: ignore[arg-type]
        self.assertEqual(programs.running, {})

    async def test_allowed_programs(self) -> None:
        """With a list of allowed programs nothing else is started, also not of the same name elsewhere."""
        allowed, other = self.recorder("crm"), self.recorder("other")
        programs = Programs(reactor, [allowed, "sleep", "astcti-no-such-program"], grace=20)
        await programs.start([allowed])
        await programs.start(["sleep", "0"])
        for path in (other, str(self.folder / "sleep"), "sh"):
            if path.endswith("sleep"):
                self.recorder("sleep")
            with self.assertRaises(UserError) as caught:
                await programs.start([path])
            self.assertIn("not among the programs allowed", str(caught.exception))
        await programs.start([other], ours=True)

    async def test_nothing_is_left_open(self) -> None:
        """Starting programs again and again uses no descriptors up."""
        path = self.program("quick", "#!/bin/sh\n")
        await self.programs.start([path])
        before = len(os.listdir("/dev/fd"))
        for _ in range(20):
            await self.programs.start([path])
        self.assertLess(len(os.listdir("/dev/fd")), before + 10)


class ClientPlaceTests(ProgramTestCase):
    """The agent's machine."""

    def place(self, **more: object) -> ClientPlace:
        """A place with these programs."""
        return ClientPlace(reactor, self.programs, **more)  # type: ignore[arg-type]

    def test_is_a_place(self) -> None:
        """It offers what plug-ins may ask for."""
        self.assertTrue(verifyObject(IPlace, self.place()))

    async def test_configured_browser(self) -> None:
        """A browser's command is split, and gets the URL as its last argument."""
        path = self.recorder()
        await self.place().open_url("http://h/?a=b", f"{path} --new-window 'x y'", False)
        self.assertEqual(self.said(path)[:-1], ["--new-window", "x y", "http://h/?a=b"])

    async def test_default_browser(self) -> None:
        """Internal pages, names of windows and no name at all open in the default browser."""
        path = self.recorder()
        for window, internal in (("", False), ("crm", True), ("_blank", False)):
            await self.place(browser=(path,)).open_url("http://h/", window, internal)
            self.assertEqual(self.said(path)[:-1], ["http://h/"])
            os.remove(f"{path}.said")

    async def test_system_browser(self) -> None:
        """The system's own way to open a page is found on the path, or its absence is said."""
        self.patch(os, "environ", {**os.environ, "PATH": str(self.folder)})
        with self.assertRaises(UserError) as caught:
            await self.place().open_url("http://h/", "", False)
        self.assertIn("xdg-open", str(caught.exception))
        path = self.recorder("xdg-open")
        self.assertEqual(system_browser("linux"), ("xdg-open",))
        await self.place().open_url("http://h/", "", False)
        self.assertEqual(self.said(path)[:-1], ["http://h/"])

    async def test_only_pages(self) -> None:
        """A server cannot have anything but a page opened."""
        path = self.recorder()
        for url in ("javascript:alert(1)", "file:///etc/passwd", "--help", "http://h\\@evil/"):
            with self.assertRaises(UserError):
                await self.place(browser=(path,)).open_url(url, "", False)
        self.assertFalse(os.path.exists(f"{path}.said"))

    async def test_senseless_commands(self) -> None:
        """A command that is none is a sentence, not a crash."""
        for window in ("'", "x.bat", "a\x1bb"):
            with self.assertRaises(UserError):
                await self.place().open_url("http://h/", window, False)
        with self.assertRaises(UserError):
            await self.place().start_program(["x.cmd"])

    async def test_performed(self) -> None:
        """A call's actions are performed here, in order, and each has an outcome."""
        path = self.recorder()
        performed = await Performer(self.place(browser=(path,))).perform_all(
            [
                RenderedAction("1", "APPLICATION", path, arguments=("a", "b c")),
                RenderedAction("2", "APPLICATION", "astcti-no-such-program"),
                RenderedAction("3", "BROWSER", "", "http://h/"),
                RenderedAction("4", "BROWSER", "", "gopher://h/"),
            ]
        )
        outcomes = [(action.id, outcome.status, outcome.reason) for action, outcome in performed]
        self.assertEqual(outcomes, [
            ("1", "ok", ""),
            ("2", "failed", "there is no program astcti-no-such-program"),
            ("3", "ok", ""),
            ("4", "failed", "gopher: URLs are not opened here"),
        ])  # fmt: skip
        self.assertTrue(all(outcome.milliseconds > 0 for _, outcome in performed))
        self.assertEqual(self.said(path)[:-1], ["http://h/"])

    def test_windows_and_macintosh(self) -> None:
        """Other systems have other ways to open a page."""
        self.patch(place.shutil, "which", lambda name: f"/bin/{name}")
        self.assertEqual(system_browser("darwin"), ("open",))
        self.assertEqual(system_browser("win32")[0], "rundll32")

    def test_browser_plugin_uses_the_place(self) -> None:
        """The plug-in says whether the internal browser is meant, and whose command."""
        asked: list[tuple[str, str, bool]] = []

        class Place:
            seconds = 1.0

            def open_url(self, *what: object) -> Deferred[None]:
                asked.append(what)  # type: ignore[arg-type]
                done: Deferred[None] = Deferred()
                done.callback(None)
                return done

        done = browser.perform(RenderedAction("1", "BROWSER", "firefox", "http://h/"), Place())  # type: ignore[arg-type]
        self.assertEqual(self.successResultOf(done), Outcome("ok"))
        self.assertEqual(asked, [("http://h/", "firefox", False)])


class PasswordTests(SynchronousTestCase):
    """Where the password comes from."""

    def test_order(self) -> None:
        """The command line beats the file, and the file the environment."""
        file = Path(self.mktemp())
        file.write_text("from file \nsecond line\n", encoding="utf-8")
        environment = {"ASTCTI_PASSWORD": "from environment"}
        self.assertEqual(find_password("given", str(file), environment), "given")
        self.assertEqual(find_password(None, str(file), environment), "from file ")
        self.assertEqual(find_password(None, None, environment), "from environment")

    def test_no_password(self) -> None:
        """Without one, and without a person to ask, it is said what to do."""
        self.patch(sys, "stdin", io.StringIO())
        self.assertIn("--password-file", str(self.assertRaises(UserError, find_password, None, None, {})))

    def test_unreadable_files(self) -> None:
        """A file that is missing, empty, or certainly something else is refused with its name."""
        empty, binary, long = (Path(self.mktemp()) for _ in range(3))
        empty.touch()
        binary.write_bytes(b"\xff\xfe\x00")
        long.write_text("x" * 5000)
        for file in (empty, binary, long, Path("/no/such/file")):
            self.assertIn(str(file), str(self.assertRaises(UserError, find_password, None, str(file), {})))
        self.assertTrue(stat.S_ISREG(empty.stat().st_mode))
