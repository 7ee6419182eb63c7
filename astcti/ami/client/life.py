"""When to connect, when to wait, when to give up, as a table of states."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from automat import TypeMachineBuilder


class LifeInputs(Protocol):
    """What can happen to a client that wants to stay connected."""

    def start(self) -> None:
        """Begin."""

    def stop(self) -> None:
        """Let go of everything."""

    def connected(self) -> None:
        """There is a transport; the session begins."""

    def failed(self) -> None:
        """No connection, no login, or the link was lost, and there are tries left."""

    def failed_for_good(self) -> None:
        """The same, and there are none."""

    def waited(self) -> None:
        """The pause is over."""

    def retry(self) -> None:
        """Somebody wants it tried now."""


@dataclass(slots=True)
class LifeCore:
    """What is done about it.

    :ivar connect: begin to connect.
    :ivar wait: see to it that ``waited`` is told after the pause.
    :ivar stop_waiting: do not.
    :ivar close: end an attempt, or the link.
    :ivar give_up: tell that nothing more is tried.
    :ivar state: where it stands, in a word; ``linked`` for all that the session knows better.
    """

    connect: Callable[[], None]
    wait: Callable[[], None]
    stop_waiting: Callable[[], None]
    close: Callable[[], None]
    give_up: Callable[[], None]
    state: str = "idle"


builder = TypeMachineBuilder(LifeInputs, LifeCore)
idle, connecting, linked, waiting, given_up = (
    builder.state(name) for name in ("idle", "connecting", "linked", "waiting", "failed")
)


@idle.upon(LifeInputs.start).to(connecting)
@waiting.upon(LifeInputs.waited).to(connecting)
@given_up.upon(LifeInputs.retry).to(connecting)
def connect(inputs: LifeInputs, core: LifeCore) -> None:
    core.state = connecting.name
    core.connect()


@waiting.upon(LifeInputs.retry).to(connecting)
def connect_now(inputs: LifeInputs, core: LifeCore) -> None:
    core.state = connecting.name
    core.stop_waiting()
    core.connect()


@connecting.upon(LifeInputs.connected).to(linked)
def leave_it_to_the_session(inputs: LifeInputs, core: LifeCore) -> None:
    core.state = linked.name


@connecting.upon(LifeInputs.failed).to(waiting)
@linked.upon(LifeInputs.failed).to(waiting)
def wait(inputs: LifeInputs, core: LifeCore) -> None:
    core.state = waiting.name
    core.wait()


@connecting.upon(LifeInputs.failed_for_good).to(given_up)
@linked.upon(LifeInputs.failed_for_good).to(given_up)
def give_up(inputs: LifeInputs, core: LifeCore) -> None:
    core.state = given_up.name
    core.give_up()


@connecting.upon(LifeInputs.stop).to(idle)
@linked.upon(LifeInputs.stop).to(idle)
def close(inputs: LifeInputs, core: LifeCore) -> None:
    core.state = idle.name
    core.close()


@waiting.upon(LifeInputs.stop).to(idle)
@given_up.upon(LifeInputs.stop).to(idle)
def forget_pause(inputs: LifeInputs, core: LifeCore) -> None:
    core.state = idle.name
    core.stop_waiting()


# What we ended ourselves ends a little later, and nobody need know what is going on before wanting something.
for _input in (LifeInputs.stop, LifeInputs.failed, LifeInputs.failed_for_good, LifeInputs.connected, LifeInputs.retry):
    idle.upon(_input).loop().returns(None)
for _state in (connecting, linked):
    _state.upon(LifeInputs.retry).loop().returns(None)
for _state in (connecting, linked, waiting, given_up):
    _state.upon(LifeInputs.start).loop().returns(None)

new_life = builder.build()
