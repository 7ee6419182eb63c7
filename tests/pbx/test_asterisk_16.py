"""Every scenario on Asterisk 16."""

from __future__ import annotations

from tests.pbx import server
from tests.pbx.live import LiveTestCase, scenes


@scenes
class PhonesTests(LiveTestCase):
    """SIP phones."""

    major, technology = 16, "PJSIP"


@scenes
class LocalTests(LiveTestCase):
    """Local channels only; a PBX that gives itself a name, and AMI over TLS with the certificate checked."""

    major, technology = 16, "Local"


@scenes
class ChanSipTests(LiveTestCase):
    """SIP phones of the older channel driver."""

    major, technology = 16, "SIP"


class ServerTests(server.ServerTests):
    """The server and its surroundings."""

    major = 16
