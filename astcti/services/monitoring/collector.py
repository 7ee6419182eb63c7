"""The figures of ``astcti ctl status`` as metrics. They are read when they are asked for, and cost nothing before.

No metric has a label that callers, operators or services could make more of: all labels are words of ours or the error
numbers of the protocol, so there are about a hundred series, whatever the size of the call centre.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector as BaseCollector

CONFIGURATION_STATES = ("active", "rejected", "stale")


class Collector(BaseCollector):
    """Makes metrics of a status.

    :param status: gives it, as :meth:`.StatusBoard.status`.
    """

    def __init__(self, status: Callable[[], Mapping[str, Any]]) -> None:
        self._status = status

    def describe(self) -> list[Metric]:
        """Nothing in advance: names are known when there are figures."""
        return []

    def collect(self) -> Iterator[Metric]:
        """All metrics, as they are now."""
        status = self._status()
        counters = status["counters"]
        yield _gauge("info", "Always 1; the version is the label", {str(status["version"]): 1}, "version")
        yield _gauge("uptime_seconds", "Since the start of the server", status["uptime"])
        yield from _pbx(status)
        yield from _clients(status, counters)
        yield from _configuration(status["configuration"])
        yield from _actions(status, counters)
        yield from _stores(status["stores"])
        yield _counter("faults", "Errors of the server itself; each has its traceback in the log", counters["faults"])
        yield _counter("protocol", "What happened in clients' connections", _numbers(counters["protocol"]), "what")


def _pbx(status: Mapping[str, Any]) -> Iterator[Metric]:
    pbx, events = status["pbx"], status["counters"]["events"]
    yield _gauge("pbx_up", "Whether the link to the PBX is up and its state known", int(bool(pbx["up"])))
    yield _counter("pbx_reconnections", "How often the link came back", pbx["reconnections"])
    yield _counter("pbx_events", "Events of the PBX, by what became of them", _numbers(events), "fate")
    for name, count in _numbers(status["calls"]).items():
        yield _gauge(f"calls_{name}", f"What is followed at this moment: {name}", count)


def _clients(status: Mapping[str, Any], counters: Mapping[str, Any]) -> Iterator[Metric]:
    clients = _numbers(status["clients"])
    yield _gauge("clients", "Clients at this moment; each state contains the one before it", clients, "state")
    yield _counter("logins", "Successful logins", counters["logins"])
    yield _counter("refusals", "What clients asked and were refused, by error number", counters["refused"], "number")
    yield _counter("notices", "Call events handed to clients", counters["notices"])
    yield _counter("notices_withheld", "Call events whose operator may not hear of them", counters["withheld"])
    yield _counter("pops", "Call events with actions", counters["pops"])


def _configuration(configuration: Mapping[str, Any]) -> Iterator[Metric]:
    state = str(configuration["state"])
    states = {name: int(name == state) for name in CONFIGURATION_STATES}
    yield _gauge("configuration_state", "1 for the state it is in", states, "state")
    yield _gauge("configuration_timestamp_seconds", "Timestamp of the one in use", configuration["timestamp"])
    sizes = {name: configuration[name] for name in ("operators", "seats", "services", "actions")}
    yield _gauge("configuration_objects", "Enabled ones in use", sizes, "kind")


def _actions(status: Mapping[str, Any], counters: Mapping[str, Any]) -> Iterator[Metric]:
    ended = status["actions"].get("ended", {})
    yield _counter("actions_ended", "Actions by how they ended", ended, "outcome")
    yield _counter("server_actions", "Actions that the server performs itself", counters["actions"], "outcome")


def _stores(stores: Mapping[str, Mapping[str, Any]]) -> Iterator[Metric]:
    for name, text in (("waiting", "Changes that are not in the file yet"),):
        yield _gauge(f"store_{name}", text, {key: store[name] for key, store in stores.items()}, "store")
    for name, text in (("written", "Changes written"), ("dropped", "Changes lost because the file could not keep up")):
        yield _counter(f"store_{name}", text, {key: store[name] for key, store in stores.items()}, "store")
    failing = {key: int(bool(store["failing"])) for key, store in stores.items()}
    yield _gauge("store_failing", "Whether it cannot be written at the moment", failing, "store")


def _numbers(values: Mapping[str, Any]) -> dict[str, float]:
    return {name: value for name, value in values.items() if isinstance(value, int | float)}


def _gauge(name: str, text: str, value: Any, label: str = "") -> Metric:
    return _filled(GaugeMetricFamily(f"astcti_{name}", text, labels=[label] if label else None), value, label)


def _counter(name: str, text: str, value: Any, label: str = "") -> Metric:
    return _filled(CounterMetricFamily(f"astcti_{name}", text, labels=[label] if label else None), value, label)


def _filled(family: Any, value: Any, label: str) -> Metric:
    for key, number in value.items() if label else (("", value),):
        family.add_metric([str(key)] if label else [], float(number or 0))
    return family  # type: ignore[no-any-return]
