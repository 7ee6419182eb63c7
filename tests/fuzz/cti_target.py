"""Any bytes from clients and servers of the CTI protocol: at worst one connection ends, and no line is added to it."""

from __future__ import annotations

import zlib

from astcti.errors import PeerError
from astcti.model.notices import CallView, Notice
from astcti.protocols.client import ClientSession
from astcti.protocols.limits import INFLATE_STEP, LINE_AFTER_LOGIN, XML_LINE
from astcti.protocols.settings import ProtocolSettings
from astcti.protocols.xmlevents import CallEvent, parse, render
from astcti.protocols.xmlreading import UnreadableEvent
from tests.protocols.fakes import OPER1, FakeDesk, Peer, an_action

SETTINGS = ProtocolSettings(require_tls="no", keepalive_ms=0, login_seconds=1e6)
LATIN = ProtocolSettings(require_tls="no", keepalive_ms=0, login_seconds=1e6, legacy_charset="latin-1")
CUTS = (1, 2, 5, 16, 100, 600)


def cti_lines(data: bytes) -> None:
    """One byte says how far the client has come and how to cut; the rest is what it sends."""
    if not data:
        return
    choice, stream = data[0], data[1:]
    whole, cut = (_client(choice) for _ in range(2))
    whole.sends(stream)
    _send(cut, stream, CUTS[choice % 6])
    for peer in (whole, cut):
        peer.wait(0.5 + stream.count(b"\n") / 50)
    if not cut.handshakes:  # bytes behind STLS are an offence, but those of the next read are the handshake's
        assert whole.hears() == cut.hears()
        assert whole.closed == cut.closed
    _check(whole)
    _check(cut)


def zlib_stream(data: bytes) -> None:
    """One byte says the same; the rest is taken once as a zlib stream and once as what is in a sound one."""
    if not data:
        return
    choice, stream = data[0], data[1:]
    z = zlib.compressobj(choice % 10, zlib.DEFLATED, 9 + choice % 7)
    sound = z.compress(stream) + z.flush(zlib.Z_SYNC_FLUSH)
    for wire in (stream, sound):
        peer = _client(choice)
        peer.says("CMPR")
        peer.hears()
        peer.compress()
        _send(peer, wire, CUTS[choice % 6])
        peer.wait(3)
        _check(peer)


def xml_client(data: bytes) -> None:
    """What a server may send: as a document, as a stream of lines, and as the texts in one of our own."""
    try:
        event = parse(data)
    except UnreadableEvent:
        event = None
    if isinstance(event, CallEvent):
        again = parse(render(Notice(event.id, "", event.call), event.actions))
        assert isinstance(again, CallEvent)
        assert again.call.variables == event.call.variables
    session = ClientSession()
    try:
        session.feed(b"100 WELCOME\n")
        session.ask("QUEUES")
        session.ask("CMPR" if data[:1] < b"\x80" else "SERVICES")
        for at in range(0, len(data), 7):
            session.feed(data[at : at + 7])
    except PeerError:
        pass
    text = data.decode("utf-8", "surrogateescape")
    document = render(Notice("Link", "", CallView(text, text, name=text, variables=((text, text),))), an_action(text))
    assert len(document) < XML_LINE
    assert b"\n" not in document
    assert b"\r" not in document
    read = parse(document)
    assert isinstance(read, CallEvent)
    assert len(read.actions) <= 1


def _client(choice: int) -> Peer:
    peer = Peer(FakeDesk(), LATIN if choice & 128 else SETTINGS, tls=bool(choice & 64))
    if choice & 32:
        peer.asks("USER oper1", f"PASS {OPER1}", *(["MAC 001cbf3753ba"] if choice & 16 else []))
    peer.received = b""
    return peer


def _send(peer: Peer, data: bytes, size: int) -> None:
    for at in range(0, len(data), size):
        peer.sends(data[at : at + size])


def _check(peer: Peer) -> None:
    """A client that is connected holds next to nothing of ours; one that is not holds nothing at all."""
    assert peer.session._intake._lines.size <= INFLATE_STEP + LINE_AFTER_LOGIN or peer.paused or peer.closed
    peer.session.lost()
    assert not peer.desk.clients
    assert len(peer.wheel) == 0
