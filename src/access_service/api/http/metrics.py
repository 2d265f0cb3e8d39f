"""What one application has done, for Prometheus. Ids never become labels.

Counted in plain dictionaries on the event loop, which costs a tenth of what a lock for each number does, and made
into Prometheus' form when somebody asks.
"""

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any, NamedTuple

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

BOUNDS_S = (5e-6, 1e-5, 2.5e-5, 1e-4, 1e-3, 5e-3, 2.5e-2, 0.1, 0.5, 2.0)
"""Upper bounds of the histograms' buckets, in seconds."""
JOB_BOUNDS_S = (0.1, 0.5, 2.0, 10.0, 30.0, 60.0, 300.0, 1800.0)
"""The same for long work."""


class Times:
    """How long something took, in buckets."""

    def __init__(self, bounds: tuple[float, ...] = BOUNDS_S) -> None:
        self.bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        self.total_s = 0.0

    def observe(self, seconds: float) -> None:
        """Count one more duration."""
        self.counts[bisect_left(self.bounds, seconds)] += 1
        self.total_s += seconds

    def buckets(self) -> list[tuple[str, float]]:
        """Upper bound and how many took at most so long."""
        found, so_far = [], 0
        for bound, count in zip((*map(str, self.bounds), "+Inf"), self.counts, strict=True):
            so_far += count
            found.append((bound, float(so_far)))
        return found


class Numbers(NamedTuple):
    """What one process has counted: the counters, and the times by their label."""

    counters: list[dict[Any, int]]
    times: list[dict[str, tuple[list[int], float]]]


class Metrics(Collector):
    """The numbers. Changed on the event loop only."""

    def __init__(self) -> None:
        self.requests: Counter[tuple[str, str, str]] = Counter()
        """By method, route template and status."""
        self.decisions: Counter[tuple[str, str]] = Counter()
        """By outcome (`allow`, `deny`) and reason; empty where nobody asked for the reason."""
        self.decided: defaultdict[str, Times] = defaultdict(Times)
        """Time to decide, by source (`memory`, `database`)."""
        self.searched: defaultdict[str, Times] = defaultdict(Times)
        """Time to search, by what was searched for."""
        self.issued: defaultdict[str, Times] = defaultdict(Times)
        """Time to issue a token, by grant type."""
        self.refused: Counter[str] = Counter()
        """Refusals of the OAuth endpoints, by `error`."""
        self.checkpoints: Counter[str] = Counter()
        """Rounds in which the log was to be signed, by how they ended; the thread that signs counts them."""
        self.jobs: Counter[tuple[str, str]] = Counter()
        """Jobs that are over, by kind and state."""
        self.worked: defaultdict[str, Times] = defaultdict(partial(Times, JOB_BOUNDS_S))
        """Time of a job, by kind."""
        self.observed: Counter[str] = Counter()
        """Answers that were not enforced, by how the old answer and ours stand to each other."""
        self.watching: Counter[tuple[str, str]] = Counter()
        """Watchers that `began`; events that were `told`, by kind; watchers that `ended`, by reason."""
        self.observed_units = 0
        """At how many units some client observes, as the database had it when somebody asked."""
        self.open_jobs: Mapping[str, int] = {}
        """Jobs that wait and run, in all processes, as the database had them when somebody asked."""
        self.registry = CollectorRegistry()
        self.registry.register(self)

    def numbers(self) -> Numbers:
        """Everything counted, as plain values."""
        return Numbers(
            [{**found} for found in self._counters()],
            [{name: (list(t.counts), t.total_s) for name, t in found.items()} for found in self._times()],
        )

    def add(self, more: Numbers) -> None:
        """Add what another process counted."""
        for found, counts in zip(self._counters(), more.counters, strict=True):
            found.update(counts)
        for kept, times in zip(self._times(), more.times, strict=True):
            for name, (counted, total_s) in times.items():
                kept[name].counts = [a + b for a, b in zip(kept[name].counts, counted, strict=True)]
                kept[name].total_s += total_s

    def count_job(self, kind: str, state: str, seconds: float) -> None:
        """One more that is over."""
        self.jobs[kind, state] += 1
        self.worked[kind].observe(seconds)

    def _counters(self) -> tuple[Counter[Any], ...]:
        more = self.checkpoints, self.jobs, self.observed, self.watching
        return self.requests, self.decisions, self.refused, *more

    def _times(self) -> tuple[defaultdict[str, Times], ...]:
        return self.decided, self.searched, self.issued, self.worked

    def collect(self) -> Iterator[Metric]:
        """As Prometheus reads them."""
        yield _counter(
            "access_service_requests", "Requests by route and status.", ("method", "route", "status"), self.requests
        )
        yield _counter(
            "access_service_decisions", "Decisions by outcome and reason.", ("outcome", "reason"), self.decisions
        )
        yield _histogram(
            "access_service_decision_seconds", "Time to decide, reading included.", "source", self.decided
        )
        yield _histogram("access_service_search_seconds", "Time of a page of a search.", "wanted", self.searched)
        yield _histogram("access_service_token_seconds", "Time to issue a token.", "grant_type", self.issued)
        refused = {(error,): count for error, count in self.refused.items()}
        yield _counter("access_service_token_refusals", "Refusals of the OAuth endpoints.", ("error",), refused)
        rounds = {(outcome,): count for outcome, count in self.checkpoints.items()}
        yield _counter("access_service_checkpoints", "Rounds of signing the log.", ("outcome",), rounds)
        yield _counter("access_service_jobs", "Jobs that are over.", ("kind", "state"), self.jobs)
        yield _histogram("access_service_job_seconds", "Time of a job.", "kind", self.worked)
        observed = {(difference,): count for difference, count in self.observed.items()}
        yield _counter(
            "access_service_observed_answers",
            "Answers that were not enforced, beside what the old system answered.",
            ("difference",),
            observed,
        )
        told = {(kind,): n for (what, kind), n in self.watching.items() if what == "told"}
        ended = {(code,): n for (what, code), n in self.watching.items() if what == "ended"}
        yield _counter("access_service_watch_events", "Events told to watchers.", ("kind",), told)
        yield _counter("access_service_watchers_ended", "Watchers whose stream ended.", ("reason",), ended)
        watchers = GaugeMetricFamily("access_service_watchers", "Connections that watch for changes.")
        watchers.add_metric((), self.watching["began", ""] - sum(ended.values()))
        yield watchers
        units = GaugeMetricFamily("access_service_observed_units", "Units at which some client observes.")
        units.add_metric((), self.observed_units)
        yield units
        open_ = GaugeMetricFamily("access_service_open_jobs", "Jobs that wait or run.", labels=("state",))
        for state, number in sorted(self.open_jobs.items()):
            open_.add_metric((state,), number)
        yield open_


def _counter(name: str, what: str, labels: tuple[str, ...], counts: Mapping[Any, int]) -> Metric:
    family = CounterMetricFamily(name, what, labels=labels)
    for values, count in sorted(counts.items()):
        family.add_metric(values, count)
    return family


def _histogram(name: str, what: str, label: str, found: defaultdict[str, Times]) -> Metric:
    family = HistogramMetricFamily(name, what, labels=(label,))
    for value, times in sorted(found.items()):
        family.add_metric((value,), times.buckets(), times.total_s)
    return family
