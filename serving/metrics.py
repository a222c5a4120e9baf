"""What the service counts, in Prometheus's form, beside BentoML's own at /metrics: requests by route, scores by model.
No label ever holds a person, a stay or a caller.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from prometheus_client import Counter, Gauge, Histogram

SECONDS = (0.002, 0.005, 0.01, 0.02, 0.04, 0.06, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0, 60.0)
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class Metrics(NamedTuple):
    """The metrics of this process."""

    requests: Counter
    seconds: Histogram
    scores: Counter
    champion: Gauge


@lru_cache(maxsize=1)
def _metrics() -> Metrics:
    # imported late: BentoML sets where the metrics of its processes are joined after it has imported the service
    from prometheus_client import Counter, Gauge, Histogram

    return Metrics(
        Counter("afterward_requests", "Requests answered", ["method", "route", "status"]),
        Histogram("afterward_request_seconds", "Time to an answer", ["route"], buckets=SECONDS),
        Counter("afterward_scores", "Scores given", ["model", "version", "channel"]),
        Gauge("afterward_champion_version", "The version that answers", ["model"], multiprocess_mode="max"),
    )


def answered(method: str, route: str, status: int, seconds: float) -> None:
    """A request was answered. `route` is the pattern of the path."""
    ours = _metrics()
    ours.requests.labels(method if method in METHODS else "other", route, str(status)).inc()
    ours.seconds.labels(route).observe(seconds)


def scored(model: str, version: int, channel: str, count: int) -> None:
    """Scores were given."""
    ours = _metrics()
    ours.scores.labels(model, str(version), channel).inc(count)
    ours.champion.labels(model).set(version)
