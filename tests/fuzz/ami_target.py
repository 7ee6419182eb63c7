"""Any bytes from whatever answers at the PBX's address: at worst the link ends."""

from __future__ import annotations

from astcti.ami import actions
from astcti.ami.message import BadMessage, Interest, Message, MessageReader
from astcti.ami.session import Credentials, Outlet, Session, SessionSettings
from astcti.errors import AMILost

INTEREST = Interest(
    frozenset({b"Newchannel", b"VarSet", b"Newexten", b"Hangup", b"QueueMemberRemoved"}),
    variables=frozenset({b"calldata"}),
    applications=frozenset({b"answer"}),
    contexts=frozenset({b"support"}),
)
CEILINGS = {"max_line": 2048, "max_headers": 64, "max_message": 8192}


def one_input(data: bytes) -> None:
    """The first byte says how to cut and filter; the rest is the stream."""
    if not data:
        return
    choice, stream = data[0], data[1:]
    size = (1, 3, 7, 64, 1460, len(stream) + 1)[choice % 6]
    interest = INTEREST if choice & 64 else None
    whole = _read(MessageReader(interest, banner=bool(choice & 128), **CEILINGS), [stream])
    pieces = [stream[at : at + size] for at in range(0, len(stream), size)]
    cut = _read(MessageReader(interest, banner=bool(choice & 128), **CEILINGS), pieces)
    assert cut == whole or cut[: len(whole)] == whole or whole[: len(cut)] == cut, (whole, cut)
    _converse(pieces, interest)


def _read(reader: MessageReader, pieces: list[bytes]) -> list[bytes]:
    found: list[Message] = []
    try:
        for piece in pieces:
            found += reader.feed(piece)
    except BadMessage as e:
        found += e.messages
    for message in found:
        headers = message.headers
        assert len(headers) <= CEILINGS["max_headers"], len(headers)
        for name, value in headers:
            assert value in message.get_all(name)
            assert not name or message.get(name) == message.get_all(name)[0], name  # without a name: no header
        assert all("\n" not in line for line in message.output if message.response == "Follows")
    return [message.raw for message in found]


def _converse(pieces: list[bytes], interest: Interest | None) -> None:
    """A link that gets this on its way up and, logged in, as answers to two actions."""
    ends: list[object] = []
    answers: list[object] = []
    for opening in (b"", b"Asterisk Call Manager/1\r\nResponse: Success\r\nActionID: t1\r\nChallenge: 1\r\n\r\n"
                    b"Response: Success\r\nActionID: t2\r\n\r\nEvent: FullyBooted\r\n\r\n"):  # fmt: skip
        ends.clear()
        answers.clear()
        outlet = Outlet(lambda data: None, lambda: None, str, _trouble, ends.append)
        settings = SessionSettings(max_message=CEILINGS["max_message"])
        session = Session(Credentials("u", "s"), outlet, id_prefix="t", settings=settings, interest=interest)
        session.connected(0.0)
        asked = 0
        if opening:
            session.feed(opening, 0.0)
            session.send(actions.Ping(), answers.append, 0.0)
            session.send(actions.QueueStatus(), answers.append, 0.0, listing=True)
            asked = 2
        for piece in pieces:
            session.feed(piece, 1.0)
        session.tick(20.0)
        session.lost(AMILost("over"))
        assert len(ends) == 1, ends
        assert len(answers) == asked, answers


def _trouble(message: Message) -> None:
    raise AssertionError(f"{message} cannot be shown")
