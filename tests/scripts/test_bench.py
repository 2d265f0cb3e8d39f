"""`scripts/bench` on a tiny province: the shape of what it prints, equal answers, the report; no time."""

import ast
import importlib.util
import json
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
BENCHMARKS = ROOT / "benchmarks"
GRANTS, ANCHOR = 400, 1_795_305_600
ENGINES = {"ours", "floor", "pycasbin", "fast_enforcer", "cedar", "oso", "spicedb", "sqlite", "postgres"}


@pytest.fixture(scope="module")
def found() -> dict[str, Any]:
    """One run with what needs no network: SQLite for a peer, a small register over HTTP."""
    command = [sys.executable, str(ROOT / "scripts" / "bench"), "--json", "--no-write", "--sizes", str(GRANTS)]
    command += ["--engines", "sqlite", "--http-grants", "300", "--rounds", "1", "--seconds", "0.1"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))


@pytest.fixture
def benchmarks(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The benchmarks' modules can be imported."""
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    before = set(sys.modules)
    yield
    for name in set(sys.modules) - before:
        if (BENCHMARKS / f"{name}.py").is_file():
            del sys.modules[name]


def test_one_object_has_every_engine_or_says_why_not(found: dict[str, Any]) -> None:
    engines = found["in_process"][str(GRANTS)]
    assert set(engines) == ENGINES
    for name in ("ours", "floor", "sqlite"):
        assert {"median_us", "p99_us", "bytes_per_grant", "load_s"} <= set(engines[name])
        assert engines[name]["equal"] is True
        assert "asked" not in engines[name]
    for name in ENGINES - {"ours", "floor", "sqlite"}:
        assert engines[name] == {"absent": "only with --full"}


def test_one_object_has_what_is_measured_over_http(found: dict[str, Any]) -> None:
    for server in ("echo", "ours", "ours_no_log"):
        assert {"rps", "p50_ms", "p99_ms"} <= set(found["http"][server])
    assert found["batch"]["decisions_per_s"] > 0
    assert {"code_us", "full_ms"} <= set(found["explain"])
    assert {"first_page_ms", "all_pages_ms"} <= set(found["search"]) or found["search"].keys() == {"absent"}


def test_one_object_says_equal_memory_and_versions(found: dict[str, Any]) -> None:
    assert found["equal"] is True
    assert {"cap_mib", "peak_mib"} <= set(found["memory"])
    assert {"python", "sqlite", "uvicorn"} <= set(found["versions"])


@pytest.mark.usefixtures("benchmarks")
def test_the_report_says_every_target_and_keeps_the_hand_written_parts(
    found: dict[str, Any], tmp_path: Path
) -> None:
    import report

    report.write(found, tmp_path)
    text = (tmp_path / "benchmarks.md").read_text(encoding="utf-8")
    for target in report.targets(found):
        assert f"| {target.what} | {target.must} |" in text
    for kept in report.KEPT:
        assert kept.read_text(encoding="utf-8").strip() in text
    assert "absent: only with --full" in text
    assert f"]({report.PLOT})" in text
    labels = {e.text for e in ET.parse(tmp_path / report.PLOT).iter("{http://www.w3.org/2000/svg}text")}  # noqa: S314
    assert {"ours", "floor", "SQLite", "400"} <= labels


@pytest.mark.usefixtures("benchmarks")
def test_what_is_not_reached_is_said(found: dict[str, Any]) -> None:
    import report

    slow = json.loads(json.dumps(found))
    slow["interleaved"][str(GRANTS)]["ours_over_floor"] = 7.5
    slow["ratios"]["http_against_echo"]["ours"] = {"rps_share": 0.95, "p99_times": 1.0, "valid": False}
    slow["search"] = {"absent": "search answered 404"}
    behind = report.body(slow).partition("## Where we are behind")[2]
    assert "7.5 ×, asked ≤ 1.5 ×" in behind
    assert "not measured: search answered 404" in behind
    # An echo that was not kept busy would flatter us.
    assert "not measured: the load did not fill the server's core (95% as it was)" in behind


@pytest.mark.usefixtures("benchmarks")
def test_the_same_numbers_give_the_same_province() -> None:
    from dataset import Province

    first, second = Province(GRANTS, ANCHOR), Province(GRANTS, ANCHOR)
    assert list(first.accounts()) == list(second.accounts())
    grants = [g for a in first.accounts() for g in a.grants]
    assert len(grants) == len({g.id for g in grants}) == GRANTS
    assert len({c.id for c in first.classes()}) == sum(1 for _ in first.classes())
    assert {g.unit for g in grants} <= {u.id for u in first.units()}


@pytest.mark.usefixtures("benchmarks")
def test_the_questions_have_both_answers_and_every_kind_of_deny() -> None:
    import ours
    from dataset import NOBODY, Province
    from floor import Floor

    province, rules = Province(GRANTS, ANCHOR), ours.rules()
    floor = Floor()
    floor.organisation(province.units(), province.classes(), rules)
    floor.accounts(province.accounts())
    requests = province.requests(rules)
    allowed = sum(map(floor.decider(), requests))
    assert 0.3 < allowed / len(requests) < 0.6
    classes = {c.id for c in province.classes()}
    assert any(r.account == NOBODY for r in requests)
    assert any(r.class_id not in classes for r in requests)
    assert any(r.action == "fly" for r in requests)


@pytest.mark.usefixtures("benchmarks")
def test_pycasbin_is_asked_so_that_it_answers_as_the_floor() -> None:
    import ours
    from dataset import Province
    from engine_casbin import FastCasbin, PlainCasbin
    from floor import Floor

    province, rules = Province(GRANTS, ANCHOR), ours.rules()
    requests = province.requests(rules)[:150]
    answers = []
    for engine in (Floor(), PlainCasbin(province), FastCasbin(province)):
        engine.organisation(province.units(), province.classes(), rules)
        engine.accounts(province.accounts())
        answers.append([bool(engine.decider()(asked)) for asked in engine.prepare(requests)])
    assert answers[0] == answers[1] == answers[2]


def test_benchmarks_and_scripts_import_only_what_there_is() -> None:
    """Most of them are run by hand, long after somebody has given a function another name."""
    programs = [*BENCHMARKS.glob("*.py"), *(p for p in (ROOT / "scripts").rglob("*") if p.is_file())]
    texts = [(p, p.read_text("utf-8")) for p in programs if p.suffix in ("", ".py")]
    missing = set()
    for path, text in texts:
        if path.suffix == "" and not text.startswith("#!/usr/bin/env python3"):
            continue
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("access_service"):
                module = importlib.import_module(str(node.module))
                for name in node.names:
                    if not hasattr(module, name.name) and not _is_module(f"{node.module}.{name.name}"):
                        missing.add(f"{path.relative_to(ROOT)}: {node.module}.{name.name}")
    assert missing == set()


def _is_module(name: str) -> bool:
    return importlib.util.find_spec(name) is not None
