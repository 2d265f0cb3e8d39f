"""What two operators do at the command line: appoint, release, bind a pack, let the next operator in."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from cli.test_commands import init, run, url

__all__ = ["run", "url"]


def entered(tmp_path: Path, key: Any) -> list[str]:
    """What every command of an operator names."""
    paper, secret = tmp_path / "quyet-dinh.pdf", tmp_path / f"{key['name']}.secret"
    paper.write_bytes(b"%PDF")
    secret.write_text(key["secret"] + "\n", "utf-8")
    return [
        *("--decision-number", "000/QĐ-UBND", "--decision-date", "02/01/2024"),
        *("--issuer", "UBND tỉnh thử", "--decision-file", str(paper)),
        *("--operator", key["name"], "--secret-file", str(secret)),
    ]


def two_operators(run: Any, tmp_path: Path) -> tuple[list[str], list[str]]:
    first = run("operator", "add", "mot", "--json").json
    said = entered(tmp_path, first)
    second = run("operator", "add", "hai", "--by", "mot", *said[-2:], "--json").json
    return said, entered(tmp_path, second)


def test_policy_bind_waits_for_a_second_operator_and_names_the_binding_it_replaces(
    run: Any, tmp_path: Path
) -> None:
    assert init() == 0
    first, second = two_operators(run, tmp_path)
    ran = run("policy", "bind", "00031", "hai-phong", *first)
    assert ran.status == 1
    assert "name the binding it replaces" in ran.err
    assert run("policy", "bind", "00031", "khong-co", *first).status == 1
    assert run("policy", "bind", "00031", "hai-phong", "--on", "x", *first).status == 2
    held = re.findall(r"bnd_\w+", run("policy", "bind", "00031", "hai-phong", *first, "--json").err)[0]
    shown = run("policy", "bind", "00031", "hai-phong", "--replaces", held, *first, "--dry-run")
    assert shown.out.startswith("base 1.0 → hai-phong ")
    assert "on this register, revision" in shown.out.splitlines()[-1]
    assert run("waiting", "--json").json == []
    waits = run("policy", "bind", "00031", "hai-phong", "--replaces", held, *first, "--json").json
    assert waits["difference"]["allowed"] == 3
    assert [a["id"] for a in run("waiting", "--json").json] == [waits["id"]]
    assert run("confirm", waits["id"], *first[-4:]).status == 1
    assert run("confirm", waits["id"], *second[-4:], "--json").json["result"].startswith("bnd_")
    assert run("waiting", "--json").json == []


def test_a_director_is_appointed_and_released_by_two_operators(run: Any, tmp_path: Path) -> None:
    assert init() == 0
    first, second = two_operators(run, tmp_path)
    waits = run("appoint", "--position", "director", "--name", "Người Thử Mới", *first, "--json").json
    assert run("confirm", waits["id"], "--links", *second[-4:]).status == 1
    told = run("confirm", waits["id"], *second[-4:], "--json").json
    assert len([a for a in told["accounts"] if "#code=" in a["activation_url"]]) == 2
    again = run("confirm", waits["id"], "--links", *second[-4:])
    assert (again.status, again.out.count("#code=")) == (0, 2)
    released = run("release", "--position", "director", *first)
    assert (released.status, "release" in released.out) == (0, True)
    assert run("appoint", "--position", "it_officer", "--name", "Người Thử", *first).status == 1
    assert run("operator", "add", "ba").out.count("wai_") == 1
