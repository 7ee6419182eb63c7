"""The runtime configuration as one frozen value: operators, seats, services, variables, actions, settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType

from astcti.config.addresses import Network, is_anywhere, is_host_name, network_of
from astcti.model.channels import normalise_interface


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """A telephone service; ``name`` is the dial-plan context. ``queue_name`` is empty for a service without queue.

    ``context_type`` is ``INBOUND`` or ``OUTBOUND``.
    """

    id: int
    name: str
    context_type: str = "INBOUND"
    queue_name: str = ""
    enabled: bool = True
    display_name: str = ""
    language: str = ""
    allowed_extensions: str = ""
    is_default: bool = False
    wrapup_seconds: int = 0

    @property
    def kind(self) -> str:
        """``queue-inbound``, ``inbound`` or ``outbound``."""
        if self.context_type == "OUTBOUND":
            return "outbound"
        return "queue-inbound" if self.queue_name else "inbound"


@dataclass(frozen=True, slots=True, kw_only=True)
class Variable:
    """A dial-plan variable watched for a service."""

    id: int
    service_id: int
    name: str
    enabled: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """What happens at the agent. ``os_type``: ``ALL LINUX MACINTOSH WINDOWS``; ``type``: an action plug-in's name;
    ``execute_on``: ``CLIENT SERVER``; ``trigger``: ``LINK RINGING HANGUP``."""

    id: int
    os_type: str = "ALL"
    type: str = "APPLICATION"
    destination: str = ""
    parameters: str = ""
    encoding: str = ""
    enabled: bool = True
    execute_on: str = "CLIENT"
    trigger: str = "LINK"


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceAction:
    """An action of a service, in its place of the order."""

    service_id: int
    action_id: int
    order: int = 0
    enabled: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Extension:
    """A further phone of a seat."""

    seat_id: int
    exten: str
    description: str = ""
    can_auto_answer: bool = False
    mailbox: str = ""
    enabled: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Seat:
    """A workplace: a PC (``mac``, ``host``; empty if not known) and the phone next to it (``exten``: ``PJSIP/201``)."""

    id: int
    exten: str
    mac: str = ""
    description: str = ""
    enabled: bool = True
    host: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Operator:
    """A person. ``password`` is a stored credential (argon2id string or bare MD5 digest), never shown; ``login_host``
    is where the client has to be: an address, a network, a host name, or empty for anywhere."""

    id: int
    username: str
    full_name: str
    password: str = field(default="", repr=False)
    begin_in_pause: bool = False
    is_call_center: bool = False
    enabled: bool = True
    seat_id: int | None = None
    can_monitor: bool = False
    can_alter_speeddials: bool = True
    can_record: bool = False
    is_supervisor: bool = False
    languages: tuple[str, ...] = ()
    password_alt: str = field(default="", repr=False)
    scram: str = field(default="", repr=False)
    ldap_dn: str = ""
    login_host: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceOperator:
    """An operator is active on a service."""

    service_id: int
    operator_id: int
    penalty: int = 0
    enabled: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeedDial:
    """A speed dial of an operator."""

    operator_id: int
    group: str
    order: int
    name: str
    number: str
    blf: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountCode:
    """A code that calls can be accounted by."""

    id: int
    code: str
    description: str = ""
    enabled: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountCodeOperator:
    """An operator may use an account code; one that nobody has of their own is everybody's."""

    account_code_id: int
    operator_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PauseReason:
    """A reason that operators can give for a pause; ``code`` is what the PBX and the agent log have."""

    code: str
    description: str = ""
    enabled: bool = True


@dataclass(frozen=True, kw_only=True)
class Configuration:
    """Everything the server runs by, replaced as a whole. Disabled rows are kept and not used.

    Rows are as configured; the look-ups below see enabled rows only and are made once, at first use or by
    :meth:`complete`.

    :ivar resolved: host name to the addresses it had when this was loaded, of the names in ``login_host``; no source
        has it, and no form of a configuration.
    """

    timestamp: float = 0.0
    settings: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}), repr=False)
    services: tuple[Service, ...] = ()
    variables: tuple[Variable, ...] = ()
    actions: tuple[Action, ...] = ()
    service_actions: tuple[ServiceAction, ...] = ()
    seats: tuple[Seat, ...] = ()
    extensions: tuple[Extension, ...] = ()
    operators: tuple[Operator, ...] = ()
    service_operators: tuple[ServiceOperator, ...] = ()
    speed_dials: tuple[SpeedDial, ...] = ()
    account_codes: tuple[AccountCode, ...] = ()
    account_code_operators: tuple[AccountCodeOperator, ...] = ()
    pause_reasons: tuple[PauseReason, ...] = ()
    resolved: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: MappingProxyType({}))

    def complete(self) -> None:
        """Make all look-ups now, so that nobody has to wait for one later."""
        for name, value in vars(Configuration).items():
            if isinstance(value, cached_property):
                getattr(self, name)

    @cached_property
    def service_by_id(self) -> Mapping[int, Service]:
        """Enabled services by id."""
        return MappingProxyType({s.id: s for s in self.services if s.enabled})

    @cached_property
    def variables_of(self) -> Mapping[int, tuple[str, ...]]:
        """Service id to the names it watches."""
        found: dict[int, tuple[str, ...]] = {}
        for v in self.variables:
            if v.enabled:
                found[v.service_id] = (*found.get(v.service_id, ()), v.name)
        return MappingProxyType(found)

    @cached_property
    def actions_of(self) -> Mapping[int, tuple[Action, ...]]:
        """Service id to its enabled actions, in order (ties by action id)."""
        actions = {a.id: a for a in self.actions if a.enabled}
        found: dict[int, tuple[Action, ...]] = {}
        for ref in sorted(self.service_actions, key=lambda r: (r.service_id, r.order, r.action_id)):
            if ref.enabled and ref.action_id in actions:
                found[ref.service_id] = (*found.get(ref.service_id, ()), actions[ref.action_id])
        return MappingProxyType(found)

    @cached_property
    def operator_by_username(self) -> Mapping[str, Operator]:
        """Enabled operators by user name."""
        return MappingProxyType({o.username: o for o in self.operators if o.enabled})

    @cached_property
    def operator_by_id(self) -> Mapping[int, Operator]:
        """Enabled operators by id."""
        return MappingProxyType({o.id: o for o in self.operators if o.enabled})

    @cached_property
    def has_alternatives(self) -> bool:
        """Whether any enabled operator has a second credential."""
        return any(o.password_alt for o in self.operators if o.enabled)

    @cached_property
    def host_names(self) -> frozenset[str]:
        """Names of hosts that operators have to come from."""
        return frozenset(o.login_host for o in self.operators if o.enabled and is_host_name(o.login_host))

    @cached_property
    def origins_of(self) -> Mapping[int, tuple[Network, ...]]:
        """Operator id to where they have to come from, of those who may not come from anywhere; a host name without an
        address is nowhere."""
        found = {}
        for o in self.operators:
            if o.enabled and not is_anywhere(o.login_host):
                network = network_of(o.login_host)
                of_name = map(network_of, self.resolved.get(o.login_host, ()))
                found[o.id] = (network,) if network is not None else tuple(n for n in of_name if n is not None)
        return MappingProxyType(found)

    @cached_property
    def operators_of(self) -> Mapping[int, frozenset[int]]:
        """Service id to the ids of the enabled operators active on it."""
        enabled = {o.id for o in self.operators if o.enabled}
        found: dict[int, set[int]] = {}
        for ref in self.service_operators:
            if ref.enabled and ref.operator_id in enabled:
                found.setdefault(ref.service_id, set()).add(ref.operator_id)
        return MappingProxyType({service: frozenset(operators) for service, operators in found.items()})

    @cached_property
    def services_of(self) -> Mapping[int, tuple[ServiceOperator, ...]]:
        """Operator id to their enabled assignments, in order of service id."""
        found: dict[int, tuple[ServiceOperator, ...]] = {}
        for ref in sorted(self.service_operators, key=lambda r: r.service_id):
            if ref.enabled and ref.service_id in self.service_by_id:
                found[ref.operator_id] = (*found.get(ref.operator_id, ()), ref)
        return MappingProxyType(found)

    def account_codes_of(self, operator_id: int) -> tuple[AccountCode, ...]:
        """The enabled account codes that an operator may use, in order of their ids."""
        of_all, own = self._account_codes
        mine = own.get(operator_id)
        return tuple(sorted((*of_all, *mine), key=lambda code: code.id)) if mine else of_all

    @cached_property
    def _account_codes(self) -> tuple[tuple[AccountCode, ...], Mapping[int, tuple[AccountCode, ...]]]:
        """The enabled codes of everybody, and by operator id those that are only some people's."""
        taken = {ref.account_code_id for ref in self.account_code_operators}
        codes = {code.id: code for code in self.account_codes if code.enabled}
        own: dict[int, list[AccountCode]] = {}
        for ref in self.account_code_operators:
            if ref.account_code_id in codes:
                own.setdefault(ref.operator_id, []).append(codes[ref.account_code_id])
        return tuple(c for i, c in sorted(codes.items()) if i not in taken), {i: tuple(c) for i, c in own.items()}

    @cached_property
    def pause_reason_by_code(self) -> Mapping[str, PauseReason]:
        """The enabled reasons of pauses by their codes in lower case, in order; empty where any reason will do."""
        return MappingProxyType({reason.code.lower(): reason for reason in self.pause_reasons if reason.enabled})

    @cached_property
    def seat_by_id(self) -> Mapping[int, Seat]:
        """Enabled seats by id; one without any enabled phone is skipped."""
        return MappingProxyType({s.id: s for s in self.seats if s.enabled and s.id in self.channels_of})

    @cached_property
    def seat_by_mac(self) -> Mapping[str, Seat]:
        """Enabled seats by MAC (lower case, colons)."""
        return MappingProxyType({s.mac: s for s in self.seat_by_id.values() if s.mac})

    @cached_property
    def channels_of(self) -> Mapping[int, tuple[str, ...]]:
        """Seat id to its phones as configured, the main one first; seats without any are absent."""
        found = {s.id: (s.exten,) if s.exten else () for s in self.seats if s.enabled}
        for e in self.extensions:
            if e.enabled and e.exten and e.exten not in found.get(e.seat_id, (e.exten,)):
                found[e.seat_id] = (*found[e.seat_id], e.exten)
        return MappingProxyType({seat: phones for seat, phones in found.items() if phones})

    @cached_property
    def seat_by_channel(self) -> Mapping[str, Seat]:
        """Phone as channels show it (``PJSIP/201``, ``Local/201@phones``) to its seat."""
        return MappingProxyType(
            {normalise_interface(c): self.seat_by_id[i] for i, cs in self.channels_of.items() for c in cs}
        )
