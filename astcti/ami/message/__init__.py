"""AMI framing: bytes in, :class:`Message` out. No transport, no clock.

:class:`MessageReader` cuts the stream, drops what its :class:`Interest` does not name before anything is
parsed, and hands on :class:`Message` values that decode themselves when first asked.
"""

from astcti.ami.message.ceilings import MAX_HEADERS, MAX_LINE, MAX_MESSAGE, BadMessage
from astcti.ami.message.headers import Headers
from astcti.ami.message.interest import Interest
from astcti.ami.message.reader import MessageReader
from astcti.ami.message.value import Message

__all__ = ["MAX_HEADERS", "MAX_LINE", "MAX_MESSAGE", "BadMessage", "Headers", "Interest", "Message", "MessageReader"]
