"""Which screens must pop in each recording: read off the ``NAME.md`` beside it, not off our own output.

A pop is ``(phone, caller's number, digits, queue)``. Phones are numbers here; recordings named ``sip-`` have them on
chan_sip, ``local-`` on Local channels, all others on PJSIP.
"""

from __future__ import annotations

from pathlib import Path

HERE = Path(__file__).parent

MARIO = "3331234567"
ANNA = "3479998877"

Pop = tuple[int, str, str, str]


def _direct(phone: int, digits: str, number: str = MARIO) -> Pop:
    return (phone, number, digits, "")


def _queue(phone: int, digits: str, number: str = MARIO, queue: str = "astcti-queue") -> Pop:
    return (phone, number, digits, queue)


#: The caller of 100 with digits 12345 is answered by 201, once, whatever happens later.
_ONE = [_direct(201, "12345")]
#: ... and is connected with another phone afterwards, where the screen pops as well.
_THEN_203 = [_direct(201, "12345"), _direct(203, "12345")]

EXPECTED: dict[str, list[Pop]] = {
    "agent-calls-agent": [],
    "agent-pool-login": [_direct(201, "18")],
    "ami-command": [],
    "ami-login-actions-before": [],
    "ami-login-events-off": [],
    "ami-login-failures": [],
    "ami-login-forbidden-address": [],
    "ami-login-md5": [],
    "ami-login-md5-wrong": [],
    "ami-login-unknown-user": [],
    "ami-login-wrong-secret": [],
    "ami-permissions": [],
    "ami-permissions-nothing": [],
    "ami-permissions-onlycall": [],
    "ami-tls": [],
    "ami-users-see": [_queue(201, "67890")],
    "ami-users-see-filtered": [_queue(201, "67890")],
    "ami-users-see-min": [_queue(201, "67890")],
    "ami-users-see-nothing": [],
    # Without the read class "dialplan" nothing says which service was called.
    "ami-users-see-onlycall": [],
    "cel-queue-answered": [_queue(201, "67890")],
    "cel-service-answered": _ONE,
    "conference": [],
    "dtmf-in-call": _ONE,
    "hold-unhold": _ONE,
    "lists": [_queue(201, "67890")],
    "local-queue-answered": [_queue(201, "67890")],
    "local-read-digits": [_direct(201, "24680")],
    "local-service-answered": _ONE,
    "mixmonitor-ami": _ONE,
    "mixmonitor-dialplan": [_direct(201, "140")],
    "odd-characters": [(201, "+390551234", "", "")],
    "originate-application": [],
    "originate-async-bad": [],
    "originate-async-busy": [],
    "originate-async-congestion": [],
    "originate-async-no-answer": [],
    "originate-async-success": [],
    "originate-async-world": [],
    "originate-not-async": [],
    "outgoing-busy-and-unknown": [],
    "outgoing-from-agent": [],
    "park-abandoned": _ONE,
    "park-ami-timeout": _ONE,
    "park-and-retrieve": [_direct(201, "12345"), _direct(202, "12345")],
    "queue-abandon": [],
    "queue-abandon-while-ringing": [],
    "queue-agent-hangs-up": [_queue(202, "67")],
    "queue-agent-rejects": [_queue(201, "44")],
    "queue-answered": [_queue(201, "67890")],
    "queue-membership": [],
    "queue-no-answer-then-next": [_queue(202, "43")],
    "queue-ringall": [_queue(203, "45", queue="astcti-ringall")],
    "queue-second-caller-waits": [_queue(201, "51"), _queue(201, "52", ANNA)],
    "queue-static-members": [_queue(201, "46", queue="astcti-static")],
    "redirect-ami": _THEN_203,
    "reload-modules": [],
    "server-shutdown": _ONE,
    "service-answered": _ONE,
    "service-both-busy": [],
    "service-caller-gives-up": [],
    "service-nobody-answers": [],
    "service-one-after-the-other": [_direct(202, "31")],
    "service-one-busy": [_direct(202, "1001")],
    "service-read-digits": [_direct(201, "24680")],
    "service-read-timeout": [_direct(201, "")],
    "service-rejected-unreachable": [],
    "service-second-answers": [_direct(202, "54321", ANNA)],
    "service-two-callers": [_direct(201, "111"), _direct(202, "222", ANNA)],
    "transfer-attended-ami": _THEN_203,
    "transfer-attended-cancelled": _ONE,
    "transfer-attended-feature": _THEN_203,
    "transfer-attended-refer": _THEN_203,
    "transfer-blind-ami": _THEN_203,
    "transfer-blind-feature": _THEN_203,
    "transfer-blind-refer": _THEN_203,
    "transfer-blind-refer-queue": [_queue(201, "6501"), _queue(204, "6501")],
    "transfer-blind-to-nowhere": _ONE,
    "voicemail-left": [],
}

#: With the agents' own context configured as an outbound service, calls out pop at the phone that makes them.
OUTBOUND: dict[str, list[Pop]] = {
    "outgoing-from-agent": [(201, "201", "0551234567", "")],
    "outgoing-busy-and-unknown": [],
}


def recordings() -> list[Path]:
    """All recordings of real PBXs, sorted."""
    return sorted(HERE.glob("[12]?/*.ami"))


def expected_pops(recording: Path, table: dict[str, list[Pop]] = EXPECTED) -> list[tuple[str, str, str, str]]:
    """``(interface, number, digits, queue)`` of every pop in that recording, in order."""
    name = recording.stem
    shape = "PJSIP/{}"
    for prefix, form in (("sip-", "SIP/{}"), ("local-", "Local/{}@phones")):
        if name.startswith(prefix):
            shape = form
            name = name if name in table else name.removeprefix(prefix)
    return [(shape.format(phone), *rest) for phone, *rest in table[name]]


#: The conversations of Asterisk 1.4: services are ``astctidemo`` and one with the queue ``astcti``.
EXPECTED_1_4: dict[str, list[tuple[str, str, str, str]]] = {
    "direct": [("SIP/201", "200", "12345", "")],
    "direct-dtmf": [("SIP/201", "200", "12345", "")],
    "queue": [("SIP/201", "200", "67890", "astcti")],
    "queue-no-operators": [],
    "queue-two-operators": [("SIP/202", "200", "555", "astcti")],
    "two-calls-one-number": [("SIP/202", "200", "222", ""), ("SIP/201", "200", "111", "")],
    "transfer-attended": [("SIP/201", "200", "12345", ""), ("SIP/203", "200", "12345", "")],
    "transfer-blind": [("SIP/201", "200", "12345", ""), ("SIP/203", "200", "12345", "")],
    "pickup": [("SIP/202", "200", "12345", "")],
}
