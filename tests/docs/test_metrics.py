"""`docs/for-operators.md` lists every metric that `/metrics` shows, with its labels, and none that it does not."""

import re
from pathlib import Path

from prometheus_client import Metric

from access_service.api.edge import Metrics

PAGE = Path(__file__).parents[2] / "docs" / "for-operators.md"
ROW = re.compile(r"^\| `(\w+)\{([\w,]*)\}` \| (.+) \|$", re.MULTILINE)


def written_name(family: Metric) -> str:
    """As a counter is asked for: Prometheus adds `_total` to its samples."""
    return f"{family.name}_total" if family.type == "counter" else family.name


def test_every_metric_is_described_with_its_labels() -> None:
    metrics = Metrics()
    labels = {
        metrics.requests: ("method", "route", "status"),
        metrics.decisions: ("outcome", "reason"),
        metrics.latency: ("source",),
    }
    for metric, names in labels.items():
        # Refuses any other number of labels; naming them checks the names.
        metric.labels(**dict.fromkeys(names, "x"))
    shown = {written_name(family): samples_of(family) for family in metrics.registry.collect()}
    listed = {name: set(names.split(",")) for name, names, _ in ROW.findall(PAGE.read_text(encoding="utf-8"))}
    assert len(shown) == len(labels)
    assert listed == shown


def samples_of(family: Metric) -> set[str]:
    """The labels of the family's samples; `le` is a histogram's own."""
    return {label for sample in family.samples for label in sample.labels} - {"le"}
