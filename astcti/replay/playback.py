"""Plays a recording as if somebody sat at every seat."""

from __future__ import annotations

from collections.abc import Iterator

from astcti.ami.dialect import translate
from astcti.ami.message import MessageReader
from astcti.config.model import Configuration
from astcti.config.plan import plan_of
from astcti.model import Notice, Tracker
from astcti.replay.explanation import Explanation
from astcti.replay.recording import Recording


class Playback:
    """One recording against one configuration.

    :ivar explanation: what became of every call, filled while the recording plays.
    :ivar events: how many events there were, of any kind.
    """

    def __init__(self, configuration: Configuration) -> None:
        self._configuration = configuration
        self._tracker = Tracker(plan_of(configuration, configuration.settings.get("any_context_variable", "")))
        for seat_id, channels in configuration.channels_of.items():
            for channel in channels:
                self._tracker.listen(channel, str(seat_id))
        self.explanation = Explanation(self._tracker)
        self.events = 0

    def play(self, recording: Recording) -> Iterator[Notice]:
        """What seats are told, in order. Times are those of the events where they carry one (``timestampevents``),
        else seconds since the recording began.

        :raises AMIProtocolError: this is no AMI conversation.
        :raises UserError: it cannot be read.
        """
        reader = MessageReader()
        tracker = self._tracker
        now = 0.0
        for seconds, data in recording.chunks():
            for message in reader.feed(data):
                self.events += bool(message.event)
                stamp = message.get("Timestamp")
                now = float(stamp) if stamp.replace(".", "", 1).isdigit() else max(now, seconds)
                for fact in translate(message):
                    self.explanation.before(fact)
                    yield from tracker.feed(fact, now)
                    self.explanation.after(fact)
        yield from tracker.due(now + 1.0)
        self.explanation.finish()
