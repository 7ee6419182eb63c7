"""Every scenario on Asterisk 22."""

from __future__ import annotations

from tests.pbx import server
from tests.pbx.live import LiveTestCase, scenes


@scenes
class PhonesTests(LiveTestCase):
    """SIP phones."""

    major, technology = 22, "PJSIP"


@scenes
class LocalTests(LiveTestCase):
    """Local channels only; a PBX that gives itself a name, and AMI over TLS with the certificate checked."""

    major, technology = 22, "Local"


class ServerTests(server.ServerTests):
    """The server and its surroundings."""

    major = 22
