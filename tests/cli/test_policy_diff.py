"""`policy diff`: two folders, a folder and a revision, today's people; each bad input its line and its status."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from access_service.cli import policy_diff
from access_service.engine.proofs.witness import replay
from cli.test_commands import ROOT, run, school, url
from world import SCHOOL, World

__all__ = ["run", "school", "url"]
SECOND, FIRST = str(ROOT / "policy" / "hai-phong"), str(ROOT / "policy" / "hai-phong-2023")
NEW_ROW = "homeroom_teacher,data-security,ACC,read,allow,default\n"
GONE_ROW = "homeroom_teacher,marks,STU-ACA,write,allow,default\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The packs and models of the project in a folder of their own, `policy` and `models`."""
    for name in ("policy", "models"):
        shutil.copytree(ROOT / name, tmp_path / name)
    return tmp_path


def edit(folder: Path, pack: str, *, gone: str = "", more: str = "") -> None:
    rows = folder / "policy" / pack / "roles.csv"
    text = rows.read_text("utf-8")
    assert gone in text
    rows.write_text(text.replace(gone, "") + more, "utf-8")


def git(folder: Path, *arguments: str) -> str:
    if shutil.which("git") is None:
        pytest.skip("git is not installed here")
    who = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
    who |= {
        f"GIT_{part}_{what}": "thu@example.test" for part in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")
    }
    command = ["git", "-C", str(folder), *arguments]
    return subprocess.run(command, env=os.environ | who, capture_output=True, text=True, check=True).stdout


@pytest.fixture
def committed(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The same folder in a repository, in which `base` was changed since."""
    monkeypatch.setenv("ACCESS_SERVICE_POLICY_DIR", str(folder / "policy"))
    monkeypatch.setenv("ACCESS_SERVICE_MODELS_DIR", str(folder / "models"))
    for name in ("authzen", "authzen-todo", "hai-phong", "hai-phong-2023"):
        shutil.rmtree(folder / "policy" / name)
    git(folder, "init", "-q")
    git(folder, "add", ".")
    git(folder, "commit", "-qm", "Gói ban đầu")
    edit(folder, "base", more=NEW_ROW)
    return folder


def test_every_changed_cell_is_said_with_its_row_and_article_and_played(run: Any) -> None:
    ran = run("policy", "diff", FIRST, SECOND)
    assert ran.status == 0
    lines = ran.out.splitlines()
    assert lines[0] == "hai-phong-2023 2023.1 → hai-phong 2024.1"
    assert lines[1] == "newly allowed (3)"
    assert lines[4].split() == ["clerk", "ACC", "read", "hai-phong/roles.csv:4", "hp-2024-60"]
    assert "no longer allowed (0)" in lines
    assert "custody (3)" in lines
    assert lines[-1] == "played on the engine under both: 8 of 8 as said"
    told = run("policy", "diff", FIRST, SECOND, "--json").json[0]
    assert (told["allowed"], told["no_longer"]) == (3, 0)
    assert all(played["as_said"] for played in told["played"])
    assert len(told["changes"]) > 60
    assert run("policy", "diff", FIRST, SECOND, "--exit-code").status == 1
    # The way back: its locks are gone, so that what they shut is open.
    assert run("policy", "diff", SECOND, FIRST, "--exit-code").status == 1
    assert run("policy", "diff", SECOND, SECOND, "--exit-code").status == 0


def test_a_hand_down_that_is_new_or_asks_for_fewer_papers_counts_as_more(run: Any, folder: Path) -> None:
    """A row of delegation.csv opens no cell, and yet somebody receives what nobody could give them."""
    base = folder / "policy" / "base"
    shutil.copytree(base, folder / "now" / "base")
    rows = base / "delegation.csv"
    told = rows.read_text("utf-8")
    for old, new in (
        ("cashier,cashier,school,own_unit,minutes+commitment", "cashier,cashier,school,own_unit,minutes"),
        ("role,position,", "role,position,"),
    ):
        more = "" if new != old else "cashier,librarian,school,own_unit,minutes+commitment,default\n"
        assert old in told
        rows.write_text(told.replace(old, new) + more, "utf-8")
        there, back = (str(folder / "now" / "base"), str(base)), (str(base), str(folder / "now" / "base"))
        assert run("policy", "diff", *there, "--exit-code").status == 1
        assert run("policy", "diff", *there).status == 0
        assert run("policy", "diff", *back, "--exit-code").status == 0
    assert run("policy", "diff", SECOND, SECOND).out == "hai-phong 2024.1 → hai-phong 2024.1\n  the same\n"


def test_the_cases_are_a_file_that_the_new_pack_passes(run: Any, folder: Path) -> None:
    ran = run("policy", "diff", SECOND, FIRST, "--cases")
    assert "expect: {deny: " in ran.out
    for pack, is_passed in (("hai-phong-2023", True), ("hai-phong", False)):
        kept = folder / "policy" / pack / "witness_test.yaml"
        kept.write_text(ran.out, "utf-8")
        assert (run("policy", "test", str(kept.parent)).status == 0) is is_passed


def test_a_cell_that_does_not_answer_as_said_is_status_3(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A fault of the difference or of the engine is no finding about the pack."""

    def lying(difference: Any) -> Any:
        return replay(replace(difference, changes=(replace(difference.changes[0], before="allow", after=""),)))

    monkeypatch.setattr(policy_diff, "replay", lying)
    ran = run("policy", "diff", FIRST, SECOND)
    assert ran.status == 3
    assert "deny outside_category → allow, not as said" in ran.out


def test_a_revision_is_read_out_of_the_repository(run: Any, committed: Path) -> None:
    ran = run("policy", "diff", "HEAD")
    assert ran.status == 0
    assert "  homeroom_teacher  ACC  read  base/roles.csv:" in ran.out
    # The packs that extend it allow it too.
    assert ran.out.count("newly allowed (1)") == 3
    assert "todo 1 → todo 1\n  the same" in ran.out
    one = run("policy", "diff", "HEAD", str(committed / "policy" / "base"), "--json").json
    assert [(c["new"]["name"], c["allowed"]) for c in one] == [("base", 1)]
    assert git(committed, "status", "--porcelain").strip() == "M policy/base/roles.csv"


def test_what_is_new_or_gone_since_a_revision_is_said(run: Any, committed: Path) -> None:
    moi = committed / "policy" / "moi"
    shutil.copytree(committed / "policy" / "todo", moi)
    shutil.rmtree(committed / "policy" / "ho-chi-minh")
    lines = run("policy", "diff", "HEAD").out.splitlines()
    assert lines[:2] == ["ho-chi-minh: gone since HEAD", "moi: new since HEAD"]


def test_nothing_that_a_revision_brings_along_is_executed(run: Any, committed: Path) -> None:
    """Filters, links and attributes of the revision change nothing and start nothing."""
    started = committed / "started"
    git(committed, "checkout", "-q", "--", ".")
    git(committed, "config", "filter.run.smudge", f"touch {started}; cat")
    (committed / ".gitattributes").write_text("*.csv filter=run export-ignore\n", "utf-8")
    (committed / "policy" / "base" / "delegation.csv").unlink()
    (committed / "policy" / "base" / "delegation.csv").symlink_to("/etc/hostname")
    git(committed, "add", ".")
    git(committed, "commit", "-qm", "Một liên kết")
    git(committed, "checkout", "-q", "HEAD~1", "--", "policy")
    started.unlink(missing_ok=True)
    ran = run("policy", "diff", "HEAD", str(committed / "policy" / "base"), "--json")
    # The link is no file of the pack, so every hand-down is new.
    assert {c["part"] for c in ran.json[0]["changes"]} == {"delegation"}
    assert not started.exists()


@pytest.mark.parametrize("revision", ["no-such", "--output=x", "HEAD:policy"])
def test_a_revision_that_is_none_is_bad_usage(run: Any, committed: Path, revision: str) -> None:
    ran = run("policy", "diff", "--", revision)
    assert ran.status == 2
    assert "has no revision" in ran.err


def test_bad_input_has_its_line_and_status(run: Any, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    base = folder / "policy" / "base"
    assert run("policy", "diff", str(base)).status == 2
    assert run("policy", "diff", str(base), str(folder / "no")).status == 2
    assert "two kinds" in run("policy", "diff", str(base), str(folder / "policy" / "todo")).err
    monkeypatch.setenv("ACCESS_SERVICE_POLICY_DIR", str(folder / "policy"))
    outside = run("policy", "diff", "HEAD")
    assert (outside.status, "is in no git repository" in outside.err) == (2, True)
    edit(folder, "base", more="homeroom_teacher,marks,STU-ACA,wipe,allow,default\n")
    ran = run("policy", "diff", str(ROOT / "policy" / "base"), str(base))
    assert ran.status == 1
    assert "unknown action `wipe`" in ran.err


def test_packs_that_stand_alone_are_asked_about_everybody_listed(run: Any, folder: Path) -> None:
    todo = folder / "policy" / "todo"
    edit(folder, "todo", gone="editor,create,*,*,allow,default\n")
    ran = run("policy", "diff", str(ROOT / "policy" / "todo"), str(todo))
    assert "no longer allowed (6)" in ran.out
    assert "cases of the folder answered otherwise (1)" in ran.out
    told = run("policy", "diff", str(ROOT / "policy" / "todo"), str(todo), "--json").json[0]
    assert [c["what"] for c in told["changes"] if c["part"] == "rules"] == [["editor", "create", "*", "*"]]
    entities = todo / "entities.csv"
    entities.write_text(
        entities.read_text("utf-8").replace("user,dung,role=reader", "user,dung,role=admin"), "utf-8"
    )
    told = run("policy", "diff", str(ROOT / "policy" / "todo"), str(todo), "--json").json[0]
    assert ["user", "dung"] in [c["what"] for c in told["changes"] if c["part"] == "entities"]
    assert ["user dung", "edit", "task buy-paper"] in [c["what"] for c in told["changes"] if c["part"] == "answers"]


@pytest.fixture
def changed(folder: Path) -> Path:
    edit(folder, "base", gone=GONE_ROW, more="homeroom_teacher,student-policy,STU-POL,write,allow,default\n")
    return folder / "policy"


def test_todays_people_are_asked_under_both_packs(run: Any, school: World, url: str, changed: Path) -> None:
    """The teacher of 6A no longer writes marks of the class, and comes to write who is exempted."""
    packs = [str(ROOT / "policy" / "base"), str(changed / "base")]
    ran = run("policy", "diff", *packs, "--database", url)
    assert ran.status == 0
    assert "1 accounts gain, 1 lose" in ran.out
    told = run("policy", "diff", *packs, "--database", url, "--json").json[0]["touched"]
    (group,) = told["groups"]
    assert (group["unit"], group["role"]) == (SCHOOL, "homeroom_teacher")
    # One teacher, named by account for whoever has the database anyway; all at one revision.
    assert group["gain"] == group["lose"] != []
    assert told["revision"] == school.revision
    # Packs that are nowhere in force touch nobody.
    ran = run(
        "policy", "diff", str(ROOT / "policy" / "ho-chi-minh"), str(changed / "ho-chi-minh"), "--database", url
    )
    assert "0 accounts gain, 0 lose (0 rights asked under both)" in ran.out
    assert run("policy", "diff", SECOND, FIRST, "--database", "sqlite:////no/such.db").status == 1
