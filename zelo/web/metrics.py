"""What is counted and timed, for Prometheus; several processes share one folder of counts."""

from __future__ import annotations

import os

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest, multiprocess

REQUESTS = Counter("zelo_requests_total", "Answers, by route and status.", ["method", "route", "status"])
SECONDS = Histogram(
    "zelo_request_seconds",
    "How long answers took.",
    ["method", "route"],
    buckets=(0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10),
)
ACCEPTED = Counter("zelo_events_accepted_total", "Events accepted into the log.")
DUPLICATES = Counter("zelo_events_duplicate_total", "Events that were already known.")
DEAD = Counter("zelo_events_dead_total", "Events that became dead letters.", ["code"])
SHED = Counter("zelo_calls_shed_total", "Calls turned away.", ["why"])


def observe_request(method: str, route: str, status: int, seconds: float) -> None:
    """Count one answer."""
    REQUESTS.labels(method, route, str(status)).inc()
    SECONDS.labels(method, route).observe(seconds)


def exposition() -> bytes:
    """Return all metrics in the text format of Prometheus."""
    if os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        registry = CollectorRegistry()
        multiprocess.MultiProcessCollector(registry)
        return generate_latest(registry)
    return generate_latest()
