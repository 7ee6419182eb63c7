"""The errors of astcti, by owner: ours (a bug), the peer's (close that peer), the user's (say it in their words)."""

from __future__ import annotations


class AstctiError(Exception):
    """Anything astcti raises on purpose."""


class PeerError(AstctiError):
    """The other end broke the rules of its protocol: that one connection ends."""


class UserError(AstctiError):
    """Somebody asked for what cannot be done; the text is for them."""


class Refused(UserError):
    """A command is refused.

    :ivar number: the error number of the CTI protocol (``docs/protocol.rst``), e.g. 911.
    :ivar reason: free English text, one line, no trailing dot.
    """

    def __init__(self, number: int, reason: str) -> None:
        super().__init__(reason)
        self.number = number
        self.reason = reason


class SourceUnavailable(AstctiError):
    """A source of authentication cannot say now whether a password is right; the text is for the administrator."""


class ConfigError(UserError):
    """A configuration cannot be used.

    :ivar problems: one text per fault; each names file and line, or table, id and column.
    """

    def __init__(self, *problems: str) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class AMIError(AstctiError):
    """Something about the link to the PBX."""


class AMIRefused(AMIError):
    """The PBX answered ``Response: Error``; the text is its ``Message``."""


class AMILost(AMIError):
    """The link went down before the answer came."""


class AMITimeout(AMIError):
    """No answer within the action's time."""


class AMIUnsendable(AMIError, UserError):
    """An action cannot be sent as it is: a value with a line break in it, or what Asterisk would not read."""


class LineTooLong(AMIUnsendable):
    """A header of an action is over 1024 bytes, which Asterisk refuses (``inbuf``, its ``main/manager.c``)."""


class AMIProtocolError(AMIError, PeerError):
    """The PBX (or whatever answers there) sent what cannot be AMI."""
