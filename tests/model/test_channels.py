"""Channel names."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from astcti.model.channels import interface_of, local_pair_of, normalise_interface


class Names(SynchronousTestCase):
    """Whose phone a channel is."""

    def test_interface(self) -> None:
        """The last dash separates the phone from the channel's own part."""
        for channel, interface in (
            ("PJSIP/201-0000002a", "PJSIP/201"),
            ("PJSIP/anna-maria-0000002a", "PJSIP/anna-maria"),
            ("SIP/trunk.example.org-08963918", "SIP/trunk.example.org"),
            ("Local/201@phones-00000004;1", "Local/201@phones"),
            ("Local/201@phones-00000004;2", ""),
            ("Local/201@phones-1a2b,1", "Local/201@phones"),
            ("Local/201@phones-1a2b,2", ""),
            ("DAHDI/i1/5551234-7", "DAHDI/i1/5551234"),
            ("SIP/201-0896f7d0<ZOMBIE>", ""),
            ("SIP/201-0896f7d0<MASQ>", ""),
            ("AsyncGoto/SIP/201-0896f7d0", ""),
            ("none", "none"),
            ("", ""),
        ):
            self.assertEqual(interface_of(channel), interface)

    def test_halves(self) -> None:
        """Two halves of a Local channel share a name; other channels have none."""
        self.assertEqual(local_pair_of("Local/1@x-01;1"), local_pair_of("Local/1@x-01;2"))
        self.assertEqual(local_pair_of("PJSIP/1-01"), "")
        self.assertEqual(local_pair_of("Local/1@x-01"), "")

    def test_normalise(self) -> None:
        """A phone as people write it is the phone as channels show it."""
        for written, shown in (
            ("pjsip/201", "PJSIP/201"),
            (" sip/201 ", "SIP/201"),
            ("Local/201@phones/n", "Local/201@phones"),
            ("local/201@phones", "Local/201@phones"),
            ("DAHDI/i1/5551234", "DAHDI/i1/5551234"),
            ("Odd/Thing", "Odd/Thing"),
        ):
            self.assertEqual(normalise_interface(written), shown)
