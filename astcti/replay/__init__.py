"""Recorded AMI conversations played through the pure core: why did it pop, or why not?"""

from astcti.replay.playback import Playback
from astcti.replay.recording import Recording

__all__ = ["Playback", "Recording"]
