"""`docs/for-operators.md` lists every metric that `/metrics` shows, with its labels, and none that it does not."""

import re
from pathlib import Path

import pytest
from prometheus_client import Metric

from access_service.api.http.metrics import Metrics

PAGE = Path(__file__).parents[2] / "docs" / "for-operators.md"
ROW = re.compile(r"^\| `(\w+)\{([\w,]*)\}` \| (.+) \|$", re.MULTILINE)


def written_name(family: Metric) -> str:
    """As a counter is asked for: Prometheus adds `_total` to its samples."""
    return f"{family.name}_total" if family.type == "counter" else family.name


def test_every_metric_is_described_with_its_labels() -> None:
    metrics = Metrics()
    metrics.requests["POST", "/x", "200"] += 1
    metrics.decisions["deny", "no_grant"] += 1
    metrics.decided["memory"].observe(1e-5)
    metrics.searched["resource"].observe(1e-5)
    metrics.issued["client_credentials"].observe(1e-5)
    metrics.refused["invalid_client"] += 1
    metrics.checkpoints["made"] += 1
    metrics.count_job("matrix", "done", 3.0)
    metrics.observed["agreed"] += 1
    metrics.watching["told", "moved"] += 1
    metrics.watching["ended", "left"] += 1
    metrics.open_jobs = {"waiting": 1, "running": 2}
    shown = {written_name(family): samples_of(family) for family in metrics.registry.collect()}
    listed = {
        name: set(filter(None, names.split(",")))
        for name, names, _ in ROW.findall(PAGE.read_text(encoding="utf-8"))
    }
    assert listed == shown


def test_a_time_is_in_every_bucket_that_it_does_not_exceed() -> None:
    metrics = Metrics()
    for seconds in (1e-9, 1e-5, 1.1e-5, 0.3, 60.0):
        metrics.decided["memory"].observe(seconds)
    value = metrics.registry.get_sample_value

    def at_most(bound: str) -> float | None:
        return value("access_service_decision_seconds_bucket", {"source": "memory", "le": bound})

    assert [at_most(bound) for bound in ("5e-06", "1e-05", "2.5e-05", "0.1", "0.5", "2.0", "+Inf")] == [
        *(1, 2, 3, 3, 4, 4, 5)
    ]
    assert value("access_service_decision_seconds_count", {"source": "memory"}) == 5
    assert value("access_service_decision_seconds_sum", {"source": "memory"}) == pytest.approx(60.3, abs=0.001)


def samples_of(family: Metric) -> set[str]:
    """The labels of the family's samples; `le` is a histogram's own."""
    return {label for sample in family.samples for label in sample.labels} - {"le"}
