"""Every rule of validation: what breaks it, and what is said with table, id and column."""

from __future__ import annotations

import hashlib
import time
from dataclasses import replace
from typing import Any

from hypothesis import HealthCheck, given, settings
from twisted.trial.unittest import SynchronousTestCase

from astcti.actions import render
from astcti.actions.registry import action_types
from astcti.config.credentials import credential_fault, is_scram
from astcti.config.model import (
    AccountCodeOperator,
    Action,
    Configuration,
    Extension,
    Operator,
    PauseReason,
    Seat,
    Service,
    ServiceAction,
    ServiceOperator,
    SpeedDial,
    Variable,
)
from astcti.config.validation import RULES, Report, validate
from astcti.config.validation.actions import BUILT_INS
from astcti.config.xmlsource import parse_xml, write_xml
from astcti.services.credentials import protect
from tests.config.samples import ARGON2ID, GOOD, MD5, TYPES, added, changed, configurations


class RuleCase(SynchronousTestCase):
    """Asks what is said about a configuration."""

    def report(self, configuration: Configuration) -> Report:
        """The whole report."""
        return validate(configuration, TYPES)

    def assertErrors(self, configuration: Configuration, rule: int, *places: str) -> None:
        """There are errors of one rule at these places and no others."""
        found = self.report(configuration).errors
        self.assertEqual([f"{p.table} {p.id}, {p.column}" for p in found], list(places), [str(p) for p in found])
        self.assertEqual({p.rule for p in found}, {rule})
        for problem in found:
            self.assertTrue(str(problem).startswith(f"{problem.table} {problem.id}, {problem.column}: "))

    def assertWarnings(self, configuration: Configuration, rule: int, *places: str) -> None:
        """There are no errors, and warnings of one rule at these places and no others."""
        report = self.report(configuration)
        self.assertEqual(report.errors, ())
        found = [p for p in report.warnings if p.rule == rule]
        self.assertEqual([f"{p.table} {p.id}, {p.column}" for p in found], list(places), report.warnings)

    def assertFine(self, configuration: Configuration) -> None:
        """There are no errors."""
        self.assertEqual(self.report(configuration).errors, ())


class ErrorRuleTests(RuleCase):
    """What rejects a configuration."""

    def test_good(self) -> None:
        """A good configuration has neither errors nor warnings."""
        self.assertEqual(self.report(GOOD), Report())

    def test_rule_2_references(self) -> None:
        """Every reference names a row that is there, disabled rows included."""
        self.assertErrors(
            added("variables", Variable(id=9, service_id=7, name="x")), 2, "services_variables 9, ID_SERVICE"
        )
        self.assertErrors(
            added("service_actions", ServiceAction(service_id=1, action_id=7)), 2, "services_actions 1/7, ID_ACTION"
        )
        self.assertErrors(
            added("service_actions", ServiceAction(service_id=7, action_id=1)), 2, "services_actions 7/1, ID_SERVICE"
        )
        self.assertErrors(
            added("extensions", Extension(seat_id=7, exten="SIP/1", enabled=False)), 2, "extensions 7/SIP/1, ID_SEAT"
        )
        self.assertErrors(changed("operators", seat_id=7), 2, "operators 1, ID_SEAT")
        self.assertErrors(added("service_operators", ServiceOperator(service_id=7, operator_id=8)), 2,
                          "services_operators 7/8, ID_SERVICE", "services_operators 7/8, ID_OPERATOR")  # fmt: skip
        self.assertErrors(added("speed_dials", SpeedDial(operator_id=7, group="", order=1, name="", number="")), 2,
                          "speeddials 7//1, ID_OPERATOR")  # fmt: skip
        self.assertErrors(added("account_code_operators", AccountCodeOperator(account_code_id=7, operator_id=8)), 2,
                          "account_codes_operators 7/8, ID_ACCOUNT_CODE",
                          "account_codes_operators 7/8, ID_OPERATOR")  # fmt: skip

    def test_rule_3_uniqueness(self) -> None:
        """No two rows share what identifies them."""
        self.assertErrors(changed("operators", username="bob"), 3, "operators 2, USERNAME")
        self.assertErrors(changed("account_codes", code="4712"), 3, "account_codes 2, CODE")
        self.assertErrors(changed("services", name="outgoing"), 3, "services 2, SERVICE_NAME")
        self.assertErrors(
            added("variables", Variable(id=2, service_id=1, name="calldata")), 3, "services_variables 2, VARNAME"
        )
        self.assertErrors(
            added("variables", Variable(id=1, service_id=2, name="other")), 3, "services_variables 1, ID_VARIABLE"
        )
        self.assertErrors(
            added("service_actions", ServiceAction(service_id=1, action_id=1)), 3, "services_actions 1/1, ID_ACTION"
        )
        self.assertErrors(added("service_operators", ServiceOperator(service_id=1, operator_id=1, penalty=1)), 3,
                          "services_operators 1/1, ID_OPERATOR")  # fmt: skip

    def test_rule_3_phones(self) -> None:
        """A phone and a MAC belong to one enabled seat only, however the phone is written."""
        self.assertErrors(added("seats", Seat(id=3, exten="SIP/1", mac="00:1c:bf:37:53:ba")), 3, "seats 3, SEAT_MAC")
        self.assertErrors(added("seats", Seat(id=3, exten="pjsip/201")), 3, "seats 3, SEAT_EXTEN")
        self.assertErrors(
            added("extensions", Extension(seat_id=2, exten="PJSIP/201")), 3, "extensions 2/PJSIP/201, EXTEN"
        )
        self.assertErrors(
            added("extensions", Extension(seat_id=2, exten="PJSIP/251")), 3, "extensions 2/PJSIP/251, EXTEN"
        )
        local = changed("seats", exten="Local/1@phones/n")
        self.assertErrors(
            replace(local, extensions=(Extension(seat_id=2, exten="Local/1@phones"),)),
            3,
            "extensions 2/Local/1@phones, EXTEN",
        )
        self.assertFine(added("seats", Seat(id=3, exten="PJSIP/201", mac="00:1c:bf:37:53:ba", enabled=False)))
        self.assertFine(added("extensions", Extension(seat_id=2, exten="PJSIP/201", enabled=False)))
        self.assertFine(added("extensions", Extension(seat_id=1, exten="PJSIP/201")))

    def test_rule_4_names(self) -> None:
        """Names of contexts and queues have 1 to 100 characters, none of them blank or control."""
        for name in ("", "a b", "a\tb", "a\x7f", "a\u00a0b", "x" * 101):
            self.assertErrors(changed("services", name=name), 4, "services 1, SERVICE_NAME")
        for name in ("a b", "q" * 101, "a\nb"):
            self.assertErrors(changed("services", queue_name=name), 4, "services 1, SERVICE_QUEUE_NAME")
        self.assertFine(changed("services", name="x" * 100, queue_name="Größe-1.2"))

    def test_rule_4_pause_reasons(self) -> None:
        """A code can be seen and typed, and the PBX keeps the whole of it; that of another reason it is in no case."""
        for code in ("", " lunch", "lunch ", "a\tb", "a\u200bb", "x" * 80, "\u00e9" * 40):
            self.assertErrors(replace(GOOD, pause_reasons=(PauseReason(code=code),)), 4, f"pause_reasons {code}, CODE")
        self.assertFine(added("pause_reasons", PauseReason(code="coffee break"), PauseReason(code="\u00e9" * 39)))
        self.assertErrors(
            added("pause_reasons", PauseReason(code="LUNCH", enabled=False)), 3, "pause_reasons LUNCH, CODE"
        )
        self.assertErrors(added("pause_reasons", PauseReason(code="Lunch")), 3, "pause_reasons Lunch, CODE")

    def test_rule_4_characters(self) -> None:
        """A text that no backup could hold is refused, wherever it stands."""
        self.assertErrors(changed("seats", description="a\x0bb"), 4, "seats 1, DESCRIPTION")
        self.assertErrors(changed("actions", parameters="\ud800"), 4, "actions 1, PARAMETERS")
        self.assertErrors(replace(GOOD, settings={"record_dir\uffff": ""}), 4, "server_settings record_dir\uffff, val")

    def test_rule_5_kinds(self) -> None:
        """An outbound service has no queue, an inbound one no allowed extensions, and those are readable."""
        self.assertErrors(changed("services", context_type="OUTBOUND"), 5, "services 1, SERVICE_QUEUE_NAME")
        self.assertErrors(changed("services", allowed_extensions="200"), 5, "services 1, ALLOWED_EXTENSIONS")
        outbound = replace(GOOD.services[1], allowed_extensions="299-200")
        self.assertErrors(replace(GOOD, services=(GOOD.services[0], outbound)), 5, "services 2, ALLOWED_EXTENSIONS")

    def test_rule_6_words(self) -> None:
        """Words of a fixed set are known; an action's type is that of a plug-in."""
        self.assertErrors(changed("services", context_type="SIDEWAYS"), 6, "services 1, SERVICE_CONTEXT_TYPE")
        self.assertErrors(changed("actions", os_type="BEOS"), 6, "actions 1, ACTION_OS_TYPE")
        self.assertErrors(changed("actions", execute_on="MOON"), 6, "actions 1, EXECUTE_ON")
        self.assertErrors(changed("actions", trigger="LATER"), 6, "actions 1, TRIGGER_EVENT")
        self.assertErrors(changed("actions", type="FAX"), 6, "actions 1, ACTION_TYPE")
        self.assertFine(changed("actions", type="FAX", enabled=False))

    def test_rule_7_syntax(self) -> None:
        """MACs, phones and addresses are well written."""
        self.assertErrors(changed("seats", mac="00:1c:bf:37:53"), 7, "seats 1, SEAT_MAC")
        self.assertErrors(changed("seats", exten="201"), 7, "seats 1, SEAT_EXTEN")
        self.assertErrors(changed("seats", exten="PJSIP/201-0000002a"), 7, "seats 1, SEAT_EXTEN")
        self.assertErrors(changed("extensions", exten="251"), 7, "extensions 1/251, EXTEN")
        self.assertErrors(changed("seats", host="crm.example.com"), 7, "seats 1, SEAT_HOST")
        self.assertFine(changed("seats", host="10.1.0.0/16", exten="Local/201@phones/n", mac=""))

    def test_rule_8_numbers(self) -> None:
        """Numbers are in range."""
        self.assertErrors(changed("service_operators", penalty=-1), 8, "services_operators 1/1, PENALTY")
        self.assertErrors(changed("service_actions", order=32768), 8, "services_actions 1/1, ACTION_ORDER")
        self.assertErrors(changed("services", wrapup_seconds=-1), 8, "services 1, WRAPUP_SECONDS")
        self.assertErrors(changed("speed_dials", order=-32769), 8, "speeddials 1/Default/-32769, ORDER_NUM")
        self.assertErrors(replace(GOOD, settings={"zlib_window_bits": "9"}), 8, "server_settings zlib_window_bits, val")
        self.assertFine(changed("service_actions", order=-32768))

    def test_rule_8_unknown_setting(self) -> None:
        """A setting nobody knows is a warning, as is a pause that is too short."""
        self.assertWarnings(replace(GOOD, settings={"ami_hots": "x"}), 8, "server_settings ami_hots, val")
        retry = replace(GOOD, settings={"ami_connect_retry_after": "1"})
        self.assertWarnings(retry, 8, "server_settings ami_connect_retry_after, val")

    def test_rule_9_forms(self) -> None:
        """What a plug-in says about its action is an error at the action."""
        self.assertErrors(changed("actions", parameters="broken"), 9, "actions 1, PARAMETERS")
        self.assertFine(changed("actions", parameters="broken", enabled=False))
        self.assertErrors(changed("actions", encoding="TSCII"), 9, "actions 1, ENCODING")
        self.assertErrors(changed("actions", execute_on="SERVER"), 9, "actions 1, EXECUTE_ON")
        self.assertFine(changed("actions", execute_on="SERVER", type="UDP_MESSAGE", destination="crm.example.com:1"))

    def test_rule_9_real_plugins(self) -> None:
        """The plug-ins that come with astcti refuse what their types cannot do."""

        def errors(**action: Any) -> list[str]:
            found = validate(changed("actions", **action), action_types()).errors
            self.assertEqual({p.rule for p in found} - {9}, set())
            return [p.text for p in found]

        self.assertEqual(errors(type="BROWSER"), [])
        self.assertEqual(errors(type="TCP_MESSAGE", destination="[::1]:99", parameters="{CALLERID}\\n"), [])
        for action in (
            {"type": "APPLICATION", "destination": "", "parameters": ""},
            {"type": "BROWSER", "parameters": "javascript:alert(1)"},
            {"type": "INTERNAL_BROWSER", "parameters": "{calldata}/page"},
            {"type": "TCP_MESSAGE", "destination": "host:70000", "parameters": "x"},
            {"type": "UDP_MESSAGE", "destination": "host:99", "parameters": "x" * 1401},
        ):
            self.assertTrue(errors(**action), action)
        allowed = replace(changed("actions", parameters="tel:{CALLERID}"), settings={"url_schemes": "http tel"})
        self.assertNotIn("scheme", " ".join(p.text for p in validate(allowed, action_types()).errors))

    def test_rule_10_credentials(self) -> None:
        """A stored credential is argon2id or an MD5 digest, and cheap enough to check."""
        for password in ("", "secret", MD5[:-1], ARGON2ID[:-30], ARGON2ID.replace("19456", "9999999"), "*",
                         ARGON2ID.replace("t=2", "t=99"), ARGON2ID.replace("2id", "2i"), MD5 + "\n"):  # fmt: skip
            self.assertErrors(changed("operators", password=password), 10, "operators 1, PASS_WORD")
            self.assertFine(changed("operators", password=password, enabled=False, username="x"))
        self.assertErrors(changed("operators", password_alt="secret"), 10, "operators 1, PASS_ALT")
        self.assertErrors(changed("operators", scram="$scram-sha-256$"), 10, "operators 1, SCRAM")
        self.assertFine(changed("operators", password=MD5.upper()))
        self.assertFine(changed("operators", password="", ldap_dn="cn=ann"))
        self.assertNotIn("secret", str(self.report(changed("operators", password="secret")).errors[0]))

    def test_rule_10_names(self) -> None:
        """A user name has nothing invisible in or around it."""
        for name in ("", " ann", "ann ", "a\x00b"[:1] + "\x1b", "a\u2028b", "x" * 101):
            report = self.report(changed("operators", username=name))
            self.assertIn(("operators", "1", "USERNAME"), [(p.table, p.id, p.column) for p in report.errors])
        self.assertFine(changed("operators", username="Ann van de Berg"))
        self.assertErrors(changed("operators", full_name="a\nb"), 10, "operators 1, FULL_NAME")

    def test_rule_11_variables(self) -> None:
        """A variable is a name, or a dial-plan function."""
        for name in ("", "1a", "a-b", "a b", "a(b", "a(b)c", "${a}", "a({b})"):
            self.assertErrors(changed("variables", name=name), 11, "services_variables 1, VARNAME")
        for name in ("_a1", "CALLERID(num)", "CDR(x,y)"):
            self.assertFine(changed("variables", name=name))


class WarningRuleTests(RuleCase):
    """What somebody should look at."""

    def test_rule_12_without_services(self) -> None:
        """An operator who is active on no enabled service."""
        self.assertWarnings(added("operators", Operator(id=3, username="eve", full_name="", password=ARGON2ID)), 12,
                            "operators 3, ID_OPERATOR")  # fmt: skip
        self.assertWarnings(
            changed("services", enabled=False), 12, "operators 1, ID_OPERATOR", "operators 2, ID_OPERATOR"
        )

    def test_rule_13_without_mac(self) -> None:
        """A call-centre operator where no seat has a MAC."""
        configuration = changed("operators", is_call_center=True)
        self.assertWarnings(configuration, 13)
        seats = (replace(GOOD.seats[0], mac=""), GOOD.seats[1])
        self.assertWarnings(replace(configuration, seats=seats), 13, "operators 1, IS_CALL_CENTER")

    def test_rule_14_without_phone(self) -> None:
        """A seat without an enabled phone is skipped, and said so."""
        configuration = replace(added("seats", Seat(id=3, exten="", mac="00:00:00:00:00:01")))
        self.assertWarnings(configuration, 14, "seats 3, SEAT_EXTEN")
        self.assertNotIn(3, configuration.seat_by_id)
        self.assertNotIn("00:00:00:00:00:01", configuration.seat_by_mac)
        further = replace(configuration, extensions=(*configuration.extensions, Extension(seat_id=3, exten="SIP/9")))
        self.assertWarnings(further, 14)
        self.assertEqual(further.seat_by_channel["SIP/9"].id, 3)

    def test_rule_15_without_actions(self) -> None:
        """A service whose calls make nothing happen."""
        self.assertWarnings(changed("service_actions", enabled=False), 15, "services 1, ID_SERVICE")

    def test_rule_15_unknown_variables(self) -> None:
        """A template that names what is neither built in nor a variable of its service."""
        self.assertWarnings(changed("actions", parameters="http://c/?{calldta}&{CallData}&{{x}}&{ x }&{UNIQUEID}"), 15,
                            "actions 1, PARAMETERS", "actions 1, PARAMETERS")  # fmt: skip
        messages = [p.text for p in self.report(changed("actions", parameters="http://c/?{calldta}")).warnings]
        self.assertEqual(
            messages,
            [f"{{calldta}} is no variable of service '{name}' and will be empty" for name in ("sales", "outgoing")],
        )

    def test_rule_15_built_ins(self) -> None:
        """Every built-in name is known, and they are those that the actions fill in."""
        self.assertEqual(BUILT_INS, set(render.BUILT_INS))
        parameters = "".join(f"{{{name}}}" for name in BUILT_INS)
        self.assertWarnings(changed("actions", parameters=f"http://c/?{parameters}"), 15)

    def test_rule_16_local_targets(self) -> None:
        """A message that the server sends to itself, unless that is allowed."""
        here: dict[str, Any] = {"type": "UDP_MESSAGE", "execute_on": "SERVER", "destination": "127.0.0.1:99"}
        self.assertWarnings(changed("actions", **here), 16, "actions 1, ACTION_DESTINATION")
        self.assertWarnings(
            changed("actions", **here | {"destination": "[fe80::1]:99"}), 16, "actions 1, ACTION_DESTINATION"
        )
        self.assertWarnings(changed("actions", **here | {"destination": "crm.example.com:99"}), 16)
        self.assertWarnings(changed("actions", **here | {"execute_on": "CLIENT"}), 16)
        allowed = replace(changed("actions", **here), settings={"allow_local_server_actions": "yes"})
        self.assertWarnings(allowed, 16)

    def test_rule_17_md5(self) -> None:
        """Bare MD5 digests are told once, with the first few operators' ids."""
        self.assertWarnings(changed("operators", password=MD5), 17, "operators 1, PASS_WORD")
        crowd = tuple(replace(GOOD.operators[0], id=n, username=f"u{n}", password=MD5) for n in range(1, 9))
        self.assertWarnings(replace(GOOD, operators=crowd), 17, "operators 1, 2, 3, 4, 5 and 3 more, PASS_WORD")

    def test_rule_17_defaults(self) -> None:
        """The demonstration data's passwords are recognised in either form."""
        for username, word in (("test", "test"), ("oper1", "pass")):
            digest = hashlib.md5(word.encode()).hexdigest()
            for password in (digest, protect(digest)):
                report = self.report(changed("operators", username=username, password=password))
                self.assertTrue([p for p in report.warnings if "everybody knows" in p.text])
        self.assertWarnings(changed("operators", username="test", password=protect(MD5)), 17)

    def test_rule_18_two_penalties(self) -> None:
        """One queue by two services with different penalties for one operator; the lower one is used."""
        both = replace(added("services", Service(id=3, name="vip", queue_name="sales-queue")))
        both = replace(both, service_actions=(*both.service_actions, ServiceAction(service_id=3, action_id=1)))

        def with_penalty(penalty: int) -> Configuration:
            more = ServiceOperator(service_id=3, operator_id=1, penalty=penalty)
            return replace(both, service_operators=(*both.service_operators, more))

        self.assertWarnings(with_penalty(1), 18)
        self.assertWarnings(with_penalty(5), 18, "services_operators 3/1, PENALTY")
        self.assertIn("(1) is used", self.report(with_penalty(5)).warnings[0].text)

    def test_too_long_for_mysql(self) -> None:
        """A text longer than a data base's column is a warning."""
        self.assertWarnings(changed("seats", description="x" * 256), 4, "seats 1, DESCRIPTION")


class WholeTests(RuleCase):
    """The rules together."""

    def test_numbers(self) -> None:
        """Rules 2 to 18 are all there; 1 is the sources', 19 the running server's."""
        self.assertEqual({number for number, _ in RULES}, set(range(2, 19)))

    def test_disabled_rows(self) -> None:
        """Nothing in a disabled row but its references and its identity can reject a configuration."""
        configuration = replace(
            GOOD,
            services=(*GOOD.services, Service(id=8, name="", context_type="X", wrapup_seconds=-1, enabled=False)),
            actions=(*GOOD.actions, Action(id=8, type="X", os_type="X", encoding="X", enabled=False)),
            seats=(*GOOD.seats, Seat(id=8, exten="x", mac="x", host="x", enabled=False)),
            operators=(*GOOD.operators, Operator(id=8, username=" ", full_name="", password="x", enabled=False)),
            variables=(*GOOD.variables, Variable(id=8, service_id=1, name="?", enabled=False)),
            pause_reasons=(*GOOD.pause_reasons, PauseReason(code="", enabled=False)),
        )
        self.assertEqual(self.report(configuration), Report())

    def test_scram(self) -> None:
        """A SCRAM verifier is recognised."""
        part = "A" * 43 + "="
        self.assertTrue(is_scram(f"$scram-sha-256$i=15000$c2FsdA==${part}${part}"))
        self.assertEqual(credential_fault(ARGON2ID), "")

    @settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(configurations())
    def test_any(self, configuration: Configuration) -> None:
        """Any configuration gets a report, and one without errors can be backed up."""
        report = validate(configuration, action_types())
        if report.ok:
            self.assertEqual(parse_xml(write_xml(configuration), "f").configuration, configuration)

    def test_large(self) -> None:
        """Ten thousand operators are validated in seconds."""
        operators = tuple(
            Operator(id=n, username=f"u{n}", full_name=f"User {n}", password=ARGON2ID) for n in range(1, 10001)
        )
        refs = tuple(ServiceOperator(service_id=1, operator_id=n) for n in range(1, 10001))
        began = time.process_time()
        self.assertFine(replace(GOOD, operators=operators, service_operators=refs, speed_dials=()))
        self.assertLess(time.process_time() - began, 5)
