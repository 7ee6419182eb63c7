"""``astcti config``, and the samples in etc that it must find fine."""

from __future__ import annotations

import io
import os
import shutil
import sys
import tempfile
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from astcti.actions.registry import action_types
from astcti.commands.config import main
from astcti.config.bootstrap import read_bootstrap
from astcti.config.load import load
from astcti.config.overrides import OverrideStore
from astcti.config.plan import plan_of
from astcti.config.sqlitesource import read_sqlite, write_sqlite
from astcti.config.validation import Report, validate
from astcti.config.xmlsource import read_xml, write_xml
from astcti.services.credentials import verify
from tests.config.samples import GOOD, MD5, changed

ETC = Path(__file__).resolve().parents[2] / "etc"


class CommandCase(SynchronousTestCase):
    """Runs the command in a folder of its own."""

    def setUp(self) -> None:
        self.folder = Path(tempfile.mkdtemp())  # short: a control socket's path has a limit
        self.addCleanup(shutil.rmtree, self.folder)
        self.file = self.folder / "runtime.xml"
        self.file.write_bytes(write_xml(GOOD))

    def run_it(self, *words: object, stdin: str = "") -> tuple[int, str, str]:
        """Exit code, output and errors."""
        out, err = io.StringIO(), io.StringIO()
        self.patch(sys, "stdout", out)
        self.patch(sys, "stderr", err)
        self.patch(sys, "stdin", io.StringIO(stdin))
        code = main([str(word) for word in words])
        return code, out.getvalue(), err.getvalue()

    def bootstrap(self) -> Path:
        """A bootstrap file that leads to the runtime configuration."""
        path = self.folder / "astcti.xml"
        path.write_text(
            "<configuration><database><source>xml</source><file>runtime.xml</file></database></configuration>"
        )
        path.chmod(0o600)
        return path


class CheckTests(CommandCase):
    """``astcti config check``."""

    def test_fine(self) -> None:
        """What the server would take is fine, in each form."""
        write_sqlite(GOOD, self.folder / "runtime.db3")
        for path in (self.file, self.folder / "runtime.db3", self.bootstrap()):
            self.assertEqual(self.run_it("check", path), (0, f"{path}: fine, with no warnings\n", ""))
        self.assertEqual(self.run_it("check", "-q", self.file), (0, "", ""))

    def test_errors(self) -> None:
        """Each error is a line with file and line, table, id and column; the exit code is 1."""
        self.file.write_bytes(write_xml(changed("seats", exten="201")))
        for path in (self.file, self.bootstrap()):
            code, out, err = self.run_it("check", path)
            self.assertEqual((code, out), (1, ""))
            self.assertRegex(err, rf"^error: {self.file}:\d+: seats 1, SEAT_EXTEN: [^\n]+\n$")
        code, out, err = self.run_it("check", "/nowhere", self.folder / "astcti.xml")
        self.assertEqual((code, err.count("\n")), (1, 2))

    def test_warnings(self) -> None:
        """Warnings are told and do no harm, unless they count as errors."""
        self.file.write_bytes(write_xml(changed("operators", password=MD5)))
        code, out, err = self.run_it("check", self.file)
        self.assertEqual((code, out), (0, f"{self.file}: fine, with 1 warning\n"))
        self.assertRegex(err, r"^warning: .*: operators 1, PASS_WORD: bare MD5")
        self.assertEqual(self.run_it("check", "--strict", self.file)[0], 1)
        path = self.bootstrap()
        path.chmod(0o644)
        self.assertEqual(self.run_it("check", "--strict", path)[2].count("warning: "), 2)

    def test_control_characters(self) -> None:
        """What a file's author wrote cannot draw on the administrator's terminal."""
        self.file.write_text('<astcti version="2"><seats>&#x9b;31m\u202e</seats></astcti>')
        err = self.run_it("check", self.file)[2]
        self.assertTrue(all(c.isprintable() for c in err.rstrip("\n")), err)

    def test_files_of_connections(self) -> None:
        """Certificates that cannot be used are errors of the bootstrap file that leads to them, as for the server."""
        path = self.bootstrap()
        for settings, said in (
            ("<tls_cert>nowhere.pem</tls_cert>", "tls_cert"),
            ("<ami_tls>yes</ami_tls><ami_ca_file>nowhere.pem</ami_ca_file>", "ami_ca_file"),
            ("<ami_tls>yes</ami_tls><ami_host>a..b</ami_host>", "ami_host"),
        ):
            path.write_text("<configuration><database><source>xml</source><file>runtime.xml</file></database>"
                            f"<manager>{settings}</manager></configuration>")  # fmt: skip
            code, _, err = self.run_it("check", path)
            self.assertEqual((code, len(err.splitlines())), (1, 1), err)
            self.assertIn(f"error: server_settings {said}: ", err)

    def test_nothing_is_changed(self) -> None:
        """Checking writes nothing."""
        self.bootstrap()
        before = sorted(os.listdir(self.folder))
        self.run_it("check", self.folder / "astcti.xml")
        self.assertEqual(sorted(os.listdir(self.folder)), before)


class ConvertTests(CommandCase):
    """``astcti config convert``."""

    def test_there_and_back(self) -> None:
        """XML to SQLite and back is what it was; what was written is said."""
        base, back = self.folder / "out.db3", self.folder / "back.xml"
        code, out, err = self.run_it("convert", self.file, base)
        self.assertEqual((code, err), (0, ""))
        self.assertIn(f"{base}: written (1 actions, 2 services, ", out)
        self.assertEqual(self.run_it("convert", base, back)[0], 0)
        self.assertEqual(read_xml(back), GOOD)
        self.assertEqual(read_sqlite(base), GOOD)

    def test_does_not_overwrite(self) -> None:
        """A file that is there stays, unless told otherwise."""
        target = self.folder / "there.xml"
        target.write_text("precious")
        code, _, err = self.run_it("convert", self.file, target)
        self.assertEqual((code, target.read_text()), (1, "precious"))
        self.assertIn("--force", err)
        self.assertEqual(self.run_it("convert", "--force", self.file, target)[0], 0)
        self.assertEqual(read_xml(target), GOOD)

    def test_into_a_folder(self) -> None:
        """Into a folder it is dropped as the server takes it; nothing broken ever is."""
        drop = self.folder / "drop"
        drop.mkdir()
        self.assertEqual(self.run_it("convert", self.file, drop)[0], 0)
        self.assertEqual(len(list(drop.glob("astcti-*.db3"))), 1)
        self.file.write_bytes(write_xml(changed("seats", exten="201")))
        self.assertEqual(self.run_it("convert", self.file, drop)[0], 1)
        self.assertEqual(len(list(drop.glob("*.db3"))), 1)

    def test_broken_ones_can_be_mended(self) -> None:
        """What breaks a rule can be converted to be mended, with a word about it and exit code 1."""
        self.file.write_bytes(write_xml(changed("seats", exten="201")))
        code, out, err = self.run_it("convert", self.file, self.folder / "out.db3")
        self.assertEqual(code, 1)
        self.assertIn("written", out)
        self.assertIn("would reject it", err)

    def test_refused(self) -> None:
        """An ending that says nothing."""
        self.assertIn("ending", self.run_it("convert", self.file, self.folder / "out.txt")[2])

    def test_bootstrap(self) -> None:
        """A bootstrap file stands for what the server would load: with the passwords that operators have changed."""
        bootstrap, target = self.bootstrap(), self.folder / "o.xml"
        better = GOOD.operators[0].password.replace("OOGv", "OOGw")
        store = OverrideStore(self.folder / "var" / "overrides.db3")
        store.put("ann", "PASS_WORD", GOOD.operators[0].password, better, 0.0)
        self.assertEqual(self.run_it("convert", bootstrap, target)[0], 0)
        self.assertEqual(read_xml(target), changed("operators", password=better))
        self.file.write_text("<astcti")
        self.assertEqual(self.run_it("convert", "--force", bootstrap, target)[0], 1)
        self.assertEqual(read_xml(target), changed("operators", password=better))


class OtherTests(CommandCase):
    """Help, mistakes, passwords."""

    def test_help(self) -> None:
        """Every command explains itself."""
        for words in ((), ("check",), ("convert",), ("password",)):
            code, out, err = self.run_it(*words, "--help")
            self.assertEqual((code, err), (0, ""))
            self.assertTrue(out.startswith("Usage: astcti config"), out)

    def test_mistakes(self) -> None:
        """A mistake on the command line is told, with exit code 2."""
        for words in ((), ("check",), ("convert", "a"), ("nonsense",), ("check", "--what", "x"), ("check", ""),
                      ("convert", "a", ""), ("diff", "", "b"), ("rollback", "a", "0")):  # fmt: skip
            code, out, err = self.run_it(*words)
            self.assertEqual((code, out), (2, ""))
            self.assertRegex(
                err, r"\Aastcti config( check| convert| diff| rollback)?: .+\nTry astcti config.* --help\.\n\Z"
            )

    def test_password_in_other_bytes(self) -> None:
        """A password that is not UTF-8 would never be that of a client: it is refused in a sentence."""
        code, out, err = self.run_it("password", stdin="gr\udcfcn\n")
        self.assertEqual((code, out, err), (1, "", "error: the password is not in UTF-8, as clients take it\n"))

    def test_password(self) -> None:
        """A password becomes a credential that fits the digest clients send."""
        code, out, _ = self.run_it("password", stdin="abc\n")
        self.assertEqual(code, 0)
        self.assertTrue(verify(out.strip(), MD5))
        self.assertEqual(self.run_it("password", stdin="\n")[0], 1)


class SampleTests(CommandCase):
    """The files in etc."""

    def test_runtime(self) -> None:
        """The demo configuration has neither errors nor warnings, and fits the demo dial plan."""
        configuration = read_xml(ETC / "runtime.xml")
        self.assertEqual(validate(configuration, action_types()), Report())
        plan = plan_of(configuration)
        for queue in ("astcti-queue", "astcti-ringall", "astcti-static", "astcti-load"):
            service = plan.at_queue(queue, "astctidemo")
            self.assertEqual(service and service.variables, ("calldata",))
        direct = plan.at_context("astctidemo")
        self.assertEqual(direct and (direct.queue, direct.variables[0]), ("", "calldata"))
        self.assertEqual(set(configuration.seat_by_channel), {f"PJSIP/{n}" for n in range(200, 206)})
        self.assertTrue(all(configuration.actions_of[s.id] for s in configuration.services))

    def test_passwords(self) -> None:
        """The demo passwords are those that the file tells."""
        from hashlib import md5

        for operator in read_xml(ETC / "runtime.xml").operators:
            self.assertTrue(verify(operator.password, md5(f"demo-{operator.id}".encode()).hexdigest()))

    def test_bootstrap(self) -> None:
        """The bootstrap file is fine once it is private, and leads to the demo configuration."""
        for name in ("astcti.xml", "runtime.xml"):
            shutil.copy(ETC / name, self.folder / name)
        path = self.folder / "astcti.xml"
        path.chmod(0o600)
        self.assertEqual(self.run_it("check", "--strict", path), (0, f"{path}: fine, with no warnings\n", ""))
        self.assertEqual(load(read_bootstrap(path), action_types()), read_xml(ETC / "runtime.xml"))
