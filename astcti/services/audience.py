"""Who may hear of which service's calls, and which actions go along: tables over one configuration."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from astcti.config.model import Action, Configuration, Operator, Service

_NOBODY: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Sends:
    """The actions of one service, for one moment of a call and one operating system, by where they run."""

    client: tuple[Action, ...] = ()
    server: tuple[Action, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.client or self.server)


NOTHING = Sends()


@dataclass(slots=True)
class Audience:
    """Look-ups per event in constant time, whatever the number of services and operators."""

    services: dict[int, Service]
    operators: dict[int, frozenset[int]]
    actions: dict[int, tuple[Action, ...]]
    active: dict[int, tuple[Service, ...]]
    before: dict[int, frozenset[int]] = field(default_factory=dict)
    _sends: dict[tuple[int, str, str], Sends] = field(default_factory=dict)
    _adopted: set[int] = field(default_factory=set)

    @classmethod
    def of(cls, configuration: Configuration) -> Audience:
        """Index a configuration. Operators belong to the queue services of their languages as well."""
        services = dict(configuration.service_by_id)
        active: dict[int, dict[int, Service]] = {
            operator_id: {ref.service_id: services[ref.service_id] for ref in refs}
            for operator_id, refs in configuration.services_of.items()
        }
        spoken: dict[str, list[Service]] = {}
        for service in services.values():
            if service.kind == "queue-inbound" and service.language:
                spoken.setdefault(service.language.lower(), []).append(service)
        for operator in configuration.operators:
            for language in operator.languages if operator.enabled else ():
                for service in spoken.get(language.lower(), ()):
                    active.setdefault(operator.id, {})[service.id] = service
        enabled = {o.id for o in configuration.operators if o.enabled}
        operators: dict[int, set[int]] = {}
        for operator_id in active.keys() & enabled:
            for service_id in active[operator_id]:
                operators.setdefault(service_id, set()).add(operator_id)
        return cls(
            services=services,
            operators={i: frozenset(o) for i, o in operators.items()},
            actions=dict(configuration.actions_of),
            active={i: tuple(s for _, s in sorted(found.items())) for i, found in active.items()},
        )

    def adopt(self, earlier: Audience) -> frozenset[int]:
        """Let running calls end undisturbed: services that are gone stay as they were, and whoever heard of a service
        goes on hearing of it, though no new pop comes.

        :returns: ids of these services; see :meth:`release`.
        """
        adopted = set()
        for service_id, service in earlier.services.items():
            before = earlier.before.get(service_id, _NOBODY) | earlier.operators.get(service_id, _NOBODY)
            is_gone = service_id not in self.services
            if is_gone or not before <= self.operators.get(service_id, _NOBODY):
                adopted.add(service_id)
                self.before[service_id] = before
            if is_gone:
                self.services[service_id] = service
                self.operators[service_id] = earlier.operators.get(service_id, _NOBODY)
                self.actions[service_id] = earlier.actions.get(service_id, ())
                self._adopted.add(service_id)
        return frozenset(adopted)

    def release(self, service_ids: Iterable[int]) -> None:
        """No call runs on these by an earlier configuration: forget what was adopted of them."""
        for service_id in service_ids:
            self.before.pop(service_id, None)
            if service_id in self._adopted:
                self._adopted.discard(service_id)
                for table in (self.services, self.operators, self.actions):
                    table.pop(service_id, None)

    def is_active(self, operator: Operator, service_id: int) -> bool:
        """Whether actions of this service go to this operator: they work on it, or nobody in particular does."""
        operators = self.operators.get(service_id)
        return service_id in self.services and (not operators or operator.id in operators)

    def may_hear(self, operator: Operator, service_id: int) -> bool:
        """Whether calls of this service are told to this operator at all; 0 is a call without service.

        Calls through a queue are told to those who work on it; others to whoever's phone they reach.
        """
        if not service_id:
            return True
        service = self.services.get(service_id)
        if service is None:
            return False
        if not service.queue_name or self.is_active(operator, service_id):
            return True
        return operator.id in self.before.get(service_id, _NOBODY)

    def sends(self, service_id: int, trigger: str, system: str) -> Sends:
        """What a service sends at a moment of a call (``LINK RINGING HANGUP``) to a client.

        :param system: the client's operating system; with an empty one only actions for all systems are sent.
        """
        key = (service_id, trigger, system)
        found = self._sends.get(key)
        if found is None:
            wanted = [
                a
                for a in self.actions.get(service_id, ())
                if a.trigger == trigger and a.os_type in {"ALL", system or "ALL"}
            ]
            found = self._sends[key] = Sends(
                tuple(a for a in wanted if a.execute_on != "SERVER"),
                tuple(a for a in wanted if a.execute_on == "SERVER"),
            )
        return found

    def services_of(self, operator: Operator) -> tuple[Service, ...]:
        """The enabled services an operator works on, by id."""
        return self.active.get(operator.id, ())

    def queues_of(self, operator: Operator) -> tuple[str, ...]:
        """The queues an operator works on, each once."""
        return tuple(dict.fromkeys(s.queue_name for s in self.services_of(operator) if s.kind == "queue-inbound"))
