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

    def state(self) -> str:
        """Where it stands, in a word; ``linked`` for all that the session knows better."""


@dataclass(frozen=True, slots=True)
class LifeCore:
    """What is done about it.

    :ivar connect: begin to connect.
    :ivar wait: see to it that ``waited`` is told after the pause.
    :ivar stop_waiting: do not.
    :ivar close: end an attempt, or the link.
    :ivar give_up: tell that nothing more is tried.
    """

    connect: Callable[[], None]
    wait: Callable[[], None]
    stop_waiting: Callable[[], None]
    close: Callable[[], None]
    give_up: Callable[[], None]


builder = TypeMachineBuilder(LifeInputs, LifeCore)
idle, connecting, linked, waiting, given_up = (
    builder.state(name) for name in ("idle", "connecting", "linked", "waiting", "given up")
)


@idle.upon(LifeInputs.start).to(connecting)
@waiting.upon(LifeInputs.waited).to(connecting)
@given_up.upon(LifeInputs.retry).to(connecting)
def connect(inputs: LifeInputs, core: LifeCore) -> None:
    core.connect()


@waiting.upon(LifeInputs.retry).to(connecting)
def connect_now(inputs: LifeInputs, core: LifeCore) -> None:
    core.stop_waiting()
    core.connect()


connecting.upon(LifeInputs.connected).to(linked).returns(None)


@connecting.upon(LifeInputs.failed).to(waiting)
@linked.upon(LifeInputs.failed).to(waiting)
def wait(inputs: LifeInputs, core: LifeCore) -> None:
    core.wait()


@connecting.upon(LifeInputs.failed_for_good).to(given_up)
@linked.upon(LifeInputs.failed_for_good).to(given_up)
def give_up(inputs: LifeInputs, core: LifeCore) -> None:
    core.give_up()


@connecting.upon(LifeInputs.stop).to(idle)
@linked.upon(LifeInputs.stop).to(idle)
def close(inputs: LifeInputs, core: LifeCore) -> None:
    core.close()


@waiting.upon(LifeInputs.stop).to(idle)
def forget_pause(inputs: LifeInputs, core: LifeCore) -> None:
    core.stop_waiting()


given_up.upon(LifeInputs.stop).to(idle).returns(None)
idle.upon(LifeInputs.stop).loop().returns(None)

# An attempt or a link that we ended ourselves ends a little later.
idle.upon(LifeInputs.failed).loop().returns(None)
idle.upon(LifeInputs.failed_for_good).loop().returns(None)

for _state in (idle, connecting, linked):
    _state.upon(LifeInputs.retry).loop().returns(None)
for _state in (connecting, linked, waiting, given_up):
    _state.upon(LifeInputs.start).loop().returns(None)

for _name, _state in (
    ("idle", idle),
    ("connecting", connecting),
    ("linked", linked),
    ("waiting", waiting),
    ("failed", given_up),
):
    _state.upon(LifeInputs.state).loop().returns(_name)

new_life = builder.build()
