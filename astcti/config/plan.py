"""What call tracking needs of a configuration."""

from __future__ import annotations

from astcti.config.model import Configuration
from astcti.model.plan import Plan, ServicePlan


def plan_of(configuration: Configuration, anywhere: str = "") -> Plan:
    """The enabled services and the variables they watch, indexed.

    :param anywhere: the variable by which a context is a service where none is configured.
    """
    return Plan.of(
        (
            ServicePlan(
                id=service.id,
                name=service.name,
                queue=service.queue_name,
                outbound=service.context_type == "OUTBOUND",
                variables=configuration.variables_of.get(service.id, ()),
                language=service.language,
            )
            for service in configuration.services
            if service.enabled
        ),
        anywhere=anywhere,
    )
