"""What clients are told of a pause."""

from twisted.trial.unittest import SynchronousTestCase

from astcti.services.pausing.agentstate import in_queue
from astcti.services.pausing.values import SUPERVISOR, Cause


class SinceTests(SynchronousTestCase):
    """Since when somebody is paused."""

    def told(self, cause: Cause) -> dict[str, str]:
        """Attributes of a pause in one queue."""
        return dict(in_queue("anna", "SIP/1", "sales", cause).attributes)

    def test_known(self) -> None:
        """It is said where it is known."""
        self.assertEqual(self.told(Cause(by=SUPERVISOR, since=1.5))["since"], "1970-01-01T00:00:01.500Z")

    def test_unknown(self) -> None:
        """Of a pause that was there before the server nothing is made up."""
        self.assertNotIn("since", self.told(Cause(by=SUPERVISOR)))
