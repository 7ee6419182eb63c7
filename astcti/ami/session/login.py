"""From the greeting to an open link, as a table of states."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from hashlib import md5
from typing import Protocol

from automat import TypeMachineBuilder

from astcti.ami.actions import Action, Challenge, KeyLogin, SecretLogin
from astcti.ami.session.settings import Credentials
from astcti.errors import AMIError


class LoginInputs(Protocol):
    """What can happen to a link on its way up."""

    def greeted(self) -> None:
        """The greeting line is there."""

    def challenged(self, text: str) -> None:
        """The PBX gave something to prove the secret with."""

    def unsupported(self) -> None:
        """It knows no challenges, and the secret may be said plainly."""

    def accepted(self) -> None:
        """The credentials are good."""

    def booted(self) -> None:
        """``FullyBooted``: the PBX is ready; before login, on login, or long after."""

    def waited(self) -> None:
        """``FullyBooted`` did not come: an old PBX, a user without class ``system``, or a slow start."""

    def broken(self, error: AMIError) -> None:
        """It cannot go on, whoever's fault."""


@dataclass
class LoginCore:
    """What a login needs of the rest of the session.

    :ivar ask: sends one of the actions of a login.
    :ivar up: told once, when the link is open.
    :ivar down: told once, when it cannot be any more.
    :ivar state: where it stands, in a word. (Asked as an input, it could not be answered during a transition.)
    """

    credentials: Credentials
    ask: Callable[[Action], None]
    up: Callable[[], None]
    down: Callable[[AMIError], None]
    early_boot: bool = False
    state: str = "banner"


builder = TypeMachineBuilder(LoginInputs, LoginCore)
banner, challenge, login, syncing, up, failed = (
    builder.state(name) for name in ("banner", "challenge", "login", "syncing", "up", "failed")
)


@banner.upon(LoginInputs.greeted).to(challenge)
def ask_for_challenge(inputs: LoginInputs, core: LoginCore) -> None:
    core.state = challenge.name
    core.ask(Challenge())


@challenge.upon(LoginInputs.challenged).to(login)
def prove_secret(inputs: LoginInputs, core: LoginCore, text: str) -> None:
    core.state = login.name
    key = md5((text + core.credentials.secret).encode(), usedforsecurity=False).hexdigest()
    core.ask(KeyLogin(core.credentials.username, key))


@challenge.upon(LoginInputs.unsupported).to(login)
def say_secret(inputs: LoginInputs, core: LoginCore) -> None:
    core.state = login.name
    core.ask(SecretLogin(core.credentials.username, core.credentials.secret))


@login.upon(LoginInputs.accepted).to(syncing)
def look_whether_booted(inputs: LoginInputs, core: LoginCore) -> None:
    core.state = syncing.name
    if core.early_boot:
        inputs.booted()


@challenge.upon(LoginInputs.booted).loop()
@login.upon(LoginInputs.booted).loop()
def remember_boot(inputs: LoginInputs, core: LoginCore) -> None:
    core.early_boot = True


@syncing.upon(LoginInputs.booted).to(up)
@syncing.upon(LoginInputs.waited).to(up)
def open_link(inputs: LoginInputs, core: LoginCore) -> None:
    core.state = up.name
    core.up()


up.upon(LoginInputs.booted).loop().returns(None)

for _state in (banner, challenge, login, syncing, up):

    @_state.upon(LoginInputs.broken).to(failed)
    def give_up(inputs: LoginInputs, core: LoginCore, error: AMIError) -> None:
        core.state = failed.name
        core.down(error)


# What comes too late changes nothing.
for _late in (
    LoginInputs.unsupported,
    LoginInputs.accepted,
    LoginInputs.booted,
    LoginInputs.waited,
):
    failed.upon(_late).loop().returns(None)
failed.upon(LoginInputs.challenged).loop().returns(None)
failed.upon(LoginInputs.broken).loop().returns(None)

new_login = builder.build()
