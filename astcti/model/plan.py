"""What call tracking must know of the configuration: services by context and queue, and the variables to watch."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class ServicePlan:
    """An enabled service, as tracking sees it.

    :ivar id: 0 for one that is not configured (:meth:`Plan.at_large`).
    :ivar name: the dial-plan context.
    :ivar queue: the queue's name, empty for a service without one.
    :ivar variables: watched names, in the order of the configuration.
    """

    id: int
    name: str
    queue: str = ""
    outbound: bool = False
    variables: tuple[str, ...] = ()
    language: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """Look-up tables over the enabled services, built once per configuration.

    :ivar watched: lower-case name of a variable to its spellings in the configuration, over all services.
    :ivar anywhere: without any service, a variable: every context in which a caller has it set is one; else empty.
    """

    by_id: dict[int, ServicePlan] = field(default_factory=dict)
    by_context: dict[str, ServicePlan] = field(default_factory=dict)
    by_context_lower: dict[str, ServicePlan] = field(default_factory=dict)
    by_queue: dict[str, tuple[ServicePlan, ...]] = field(default_factory=dict)
    watched: dict[str, tuple[str, ...]] = field(default_factory=dict)
    anywhere: str = ""

    @classmethod
    def of(cls, services: Iterable[ServicePlan], anywhere: str = "") -> Plan:
        """Index ``services``; where two could match, the lowest id wins.

        :param anywhere: counts where there are none.
        """
        services = list(services)
        if anywhere and not services:
            return cls(watched={anywhere.lower(): (anywhere,)}, anywhere=anywhere)
        plan = cls()
        for service in sorted(services, key=lambda s: s.id):
            plan.by_id[service.id] = service
            plan.by_context.setdefault(service.name, service)
            plan.by_context_lower.setdefault(service.name.lower(), service)
            if service.queue:
                plan.by_queue[service.queue] = (*plan.by_queue.get(service.queue, ()), service)
            for name in service.variables:
                spellings = plan.watched.get(name.lower(), ())
                if name not in spellings:
                    plan.watched[name.lower()] = (*spellings, name)
        return plan

    def at_context(self, context: str) -> ServicePlan | None:
        """The service of a dial-plan context: exact first, then whatever the case."""
        return self.by_context.get(context) or self.by_context_lower.get(context.lower())

    def at_large(self, context: str) -> ServicePlan:
        """A context as a service that nobody has configured; it has no id."""
        return ServicePlan(0, context, variables=(self.anywhere,))

    def at_queue(self, queue: str, context: str) -> ServicePlan | None:
        """The service of a queue; among several, that of ``context``, else the lowest id."""
        services = self.by_queue.get(queue)
        if not services:
            return None
        for service in services:
            if service.name == context:
                return service
        return services[0]
