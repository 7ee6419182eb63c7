"""What a monitoring system asks over HTTP: metrics for Prometheus, whether the server lives and whether it is ready."""

from astcti.services.monitoring.collector import Collector
from astcti.services.monitoring.heartbeat import Heartbeat
from astcti.services.monitoring.readiness import not_ready
from astcti.services.monitoring.service import Monitoring

__all__ = ["Collector", "Heartbeat", "Monitoring", "not_ready"]
