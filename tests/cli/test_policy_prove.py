"""`policy prove`: what it says, and a status of its own for each thing that can go wrong."""

from __future__ import annotations

import errno
import io
import json
import os
import re
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest

from access_service.cli import policy_prove
from access_service.cli.commands import main
from access_service.engine.proofs import prover, solving
from access_service.engine.proofs.prover import PackProof, ProofOutcome, ProofRequest
from cli.test_commands import ROOT, run

__all__ = ["run"]
BASE = str(ROOT / "policy" / "base")
FEW = ("--compare", "50", "--limit", "60")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("policy", "models"):
        shutil.copytree(ROOT / name, tmp_path / name)
    return tmp_path / "policy"


def test_what_is_proved_is_said_line_by_line_with_its_rule(run: Any) -> None:
    ran = run("policy", "prove", BASE, *FEW)
    assert ran.status == 0, ran.err
    assert "no delegate exceeds its giver, over 6 steps (rule 3)" in ran.out
    assert "one person: account_officer+homeroom_teacher" in ran.out
    assert ", 0 differences" in ran.out


def test_json_has_every_finding(run: Any) -> None:
    ran = run("policy", "prove", BASE, *FEW, "--json")
    (said,) = json.loads(ran.out)
    assert (ran.status, said["name"], said["outcome"]) == (0, "base", "proved")
    assert {f["outcome"] for f in said["findings"]} == {"proved", "shown"}
    assert said["compared"]["differences"] == []


@pytest.mark.parametrize("hidden", ["x\\nproved (99)\\n  all good", "x\\u202e", "x\\u001b[2J", "x\\u0000"])
def test_an_author_writes_no_line_of_the_provers(run: Any, folder: Path, tmp_path: Path, hidden: str) -> None:
    """Whoever reads the proof of a pack has not read the pack: a reason is one line, and all of it is seen."""
    toml = folder / "base" / "pack.toml"
    told = toml.read_text("utf-8")
    because = re.compile(r'^because = ".*"$', re.MULTILINE)
    toml.write_text(because.sub(lambda _: f'because = "{hidden}"', told, count=1), "utf-8")
    models = ("--models", str(tmp_path / "models"))
    for command in ("prove", "check"):
        ran = run("policy", command, str(folder / "base"), *models)
        assert ran.status == 1, command
        assert "`because` holds a line break, or a character that cannot be seen" in ran.out + ran.err
        assert "proved (99)" not in ran.out


def test_a_promise_that_is_unsaid_counts_as_more(run: Any, folder: Path, tmp_path: Path) -> None:
    shutil.copytree(folder / "base", tmp_path / "before" / "base")
    toml = folder / "base" / "pack.toml"
    told = toml.read_text("utf-8")
    first = re.search(r"^\[\[separations\]\]\nid = \"([a-z-]+)\".*?(?=^\[)", told, re.MULTILINE | re.DOTALL)
    assert first is not None
    toml.write_text(told.replace(first[0], ""), "utf-8")
    since = ("--models", str(tmp_path / "models"), "--since", str(tmp_path / "before" / "base"))
    ran = run("policy", "prove", str(folder / "base"), *FEW, *since)
    assert (ran.status, f"separations:{first[1]}" in ran.out) == (1, True)
    ran = run("policy", "prove", str(folder / "base"), *FEW, *since, "--except", f"separations:{first[1]}")
    assert ran.status == 0, ran.out


def test_a_role_that_writes_and_approves_is_status_1_with_a_case_that_plays(
    run: Any, folder: Path, tmp_path: Path
) -> None:
    toml = folder / "base" / "pack.toml"
    toml.write_text(toml.read_text("utf-8").replace('accept = ["deputy_facilities"]\n', ""), "utf-8")
    models = ("--models", str(tmp_path / "models"))
    ran = run("policy", "prove", str(folder / "base"), *FEW, *models)
    assert ran.status == 1
    assert "one role: deputy_facilities" in ran.out
    printed = run("policy", "prove", str(folder / "base"), *FEW, *models, "--cases")
    (folder / "base" / "witness_test.yaml").write_text(printed.out, "utf-8")
    assert run("policy", "test", str(folder / "base"), *models).status == 0


def test_more_than_an_older_pack_is_status_1_unless_it_is_named(run: Any) -> None:
    old, new = (str(ROOT / "policy" / name) for name in ("hai-phong-2023", "hai-phong"))
    ran = run("policy", "prove", new, "--since", old, "--except", "clerk:ACC:read", *FEW)
    assert ran.status == 1
    assert "academic_registrar:EMP-BAS:submit" in ran.out
    assert "clerk:ACC:read" not in ran.out
    more = ("academic_registrar", "inspector:ACC:read", "office_leader", "principal")
    named = [part for name in ("clerk:ACC:read", *more) for part in ("--except", name)]
    assert run("policy", "prove", new, "--since", old, *named, *FEW).status == 0


def test_a_pack_that_does_not_load_is_status_1_and_keeps_its_lines(run: Any, folder: Path) -> None:
    (folder / "base" / "roles.csv").write_text("role\n", "utf-8")
    ran = run("policy", "prove", str(folder / "base"), *FEW)
    assert (ran.status, "base/roles.csv:1" in ran.err) == (1, True)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("nowhere",), "nowhere is no folder here"),
        ((str(ROOT / "policy" / "todo"),), "todo stands alone"),
        ((BASE, "--except", "clerk:ACC:read"), "name that with `--since`"),
        ((BASE, "--compare", "0"), "greater than or equal to 1"),
        ((BASE, "--compare", "9" * 21), "less than or equal to"),
        ((BASE, "--limit", "inf"), "less than or equal to"),
        ((BASE, "--limit", "nan"), "invalid value for `--limit`"),
    ],
)
def test_bad_usage_is_status_2(run: Any, arguments: tuple[str, ...], said: str) -> None:
    ran = run("policy", "prove", *arguments)
    assert (ran.status, said in ran.err) == (2, True), ran.err


def test_without_z3_it_says_what_to_install(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(_: str) -> None:
        raise ImportError

    monkeypatch.setattr(solving.importlib, "import_module", missing)
    ran = run("policy", "prove", BASE, *FEW)
    assert ran.status == 2
    assert "access-service[proofs]" in ran.err


@pytest.mark.parametrize("outcome", [ProofOutcome.UNKNOWN, ProofOutcome.FAULT])
def test_what_nobody_knows_or_the_engine_does_not_play_is_status_3(
    run: Any, monkeypatch: pytest.MonkeyPatch, outcome: ProofOutcome
) -> None:
    def other(pack: object, asked: ProofRequest) -> PackProof:
        found = prover.Sentenced("chain-1", "no delegate exceeds its giver", "rule 3", outcome, 0.0, ("timeout",))
        return PackProof(pack, (found,), prover.Compared(1, 1, 1, ()))  # type: ignore[arg-type]

    monkeypatch.setattr(policy_prove, "prove", other)
    ran = run("policy", "prove", BASE, *FEW)
    assert ran.status == 3
    assert f"{outcome} (1)" in ran.out


def test_a_model_that_differs_from_the_engine_is_status_3(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prover, "compare", lambda *_: prover.Compared(1, 1, 1, ("model True, code False: …",)))
    ran = run("policy", "prove", BASE, *FEW)
    assert ran.status == 3
    assert "1 differences" in ran.out


def test_a_reader_who_goes_away_is_told_neither_proved_nor_refuted(monkeypatch: pytest.MonkeyPatch) -> None:
    """`policy prove … | head -1`: a closed pipe once read as a refutation."""

    class Gone(io.TextIOWrapper):
        def write(self, _: str) -> int:
            raise BrokenPipeError(errno.EPIPE, "gone")

    with (Path(os.devnull)).open("wb") as sink, monkeypatch.context() as closed:
        closed.setattr(sys, "stdout", Gone(sink))
        closed.setattr(os, "dup2", lambda *_: None)
        status = main(["policy", "check", BASE])
    assert status == 141
