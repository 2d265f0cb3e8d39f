"""Several processes of one service are scraped as one, and no counter goes back when one of them ends."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from serving import Served, serving

from access_service.api.http.metrics import Metrics
from access_service.api.http.shared_metrics import SUFFIX, SharedMetrics


def counted(requests: int, seconds: float) -> Metrics:
    metrics = Metrics()
    metrics.requests["GET", "/readyz", "200"] += requests
    metrics.refused["invalid_client"] += requests
    metrics.decided["memory"].observe(seconds)
    return metrics


def ended() -> int:
    """The number of a process that is no more."""
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()
    return process.pid


def test_a_scrape_adds_up_what_every_process_counted(tmp_path: Path) -> None:
    ours, theirs = SharedMetrics(tmp_path, counted(2, 0.001)), SharedMetrics(tmp_path, counted(3, 0.5))
    theirs.write()
    found = ours.summed()
    assert found.requests["GET", "/readyz", "200"] == 5
    assert found.refused["invalid_client"] == 5
    assert (sum(found.decided["memory"].counts), found.decided["memory"].total_s) == (2, 0.501)
    assert ours.summed().requests == found.requests


def test_what_a_process_counted_that_has_ended_is_counted_on(tmp_path: Path) -> None:
    SharedMetrics(tmp_path, counted(7, 0.1)).write()
    (written,) = tmp_path.glob(f"*{SUFFIX}")
    written.rename(tmp_path / f"{ended()}-00{SUFFIX}")
    metrics = counted(1, 0.1)
    next_one = SharedMetrics(tmp_path, metrics)
    next_one.take_over()
    assert metrics.requests["GET", "/readyz", "200"] == 8
    assert [path.name.partition("-")[0] for path in tmp_path.iterdir()] == [str(os.getpid())]
    assert SharedMetrics(tmp_path, Metrics()).summed().requests["GET", "/readyz", "200"] == 8


@pytest.mark.parametrize("bytes_", [b"", b"\x93", b"\x92\x90\x90", b"{}"])
def test_a_file_that_cannot_be_read_stops_no_scrape(tmp_path: Path, bytes_: bytes) -> None:
    (tmp_path / f"{os.getpid()}-broken{SUFFIX}").write_bytes(bytes_)
    assert SharedMetrics(tmp_path, counted(1, 0.1)).summed().requests["GET", "/readyz", "200"] == 1


def test_an_application_is_scraped_for_all(tmp_path: Path) -> None:
    folder = tmp_path / "metrics"
    folder.mkdir()
    SharedMetrics(folder, counted(40, 0.1)).write()
    with serving(tmp_path, metrics_dir=folder) as served:
        assert scraped(served) == 41.0
    assert len(list(folder.glob(f"*{SUFFIX}"))) == 2


def scraped(served: Served) -> float:
    served.client.get("/readyz")
    line = 'access_service_requests_total{method="GET",route="/readyz",status="200"} '
    text = served.client.get("/metrics").text
    return float(next(found for found in text.splitlines() if found.startswith(line)).removeprefix(line))
