"""The words that questions are made of: told to whoever may ask, of the packs in force, and true to them."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from managing import TEACHER, Managed, managing
from serving import AUTHORIZATION

from access_service.domain.access import RESOURCE_TYPES
from access_service.domain.reasons import Reason
from access_service.domain.vocabulary import SUBJECT_TEXT, TYPE_TEXT
from access_service.domain.words import subject
from world import DEPARTMENT

ROOT = Path(__file__).parents[3]
PATH = "/v1/vocabulary"


@pytest.fixture(scope="module")
def managed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Managed]:
    with managing(tmp_path_factory.mktemp("vocabulary")) as found:
        yield found


def test_every_word_of_the_pack_in_force_is_told_in_both_languages(managed: Managed) -> None:
    found = managed.served.client.get(PATH, headers=AUTHORIZATION).json()
    (pack,) = found["packs"]
    assert (pack["name"], pack["units"]) == ("base", [DEPARTMENT])
    words = [
        word
        for name in ("actions", "categories", "roles", "positions", "unit_kinds", "levels")
        for word in pack[name]
    ]
    words += [word for name in ("resource_types", "subjects", "reasons") for word in found[name]]
    assert all(word["id"] and word["vi"] and word["en"] for word in words)
    sensitive = {c["id"] for c in pack["categories"] if c["sensitive"]}
    assert {"STU-HEA", "STU-ETH"} <= sensitive
    assert "STU-ACA" not in sensitive
    assert {"read", "write", "approve"} <= {a["id"] for a in pack["actions"]}
    grades = {level["id"]: level["grades"] for level in pack["levels"]}
    assert grades["lower_secondary"] == ["6", "7", "8", "9"]
    assert [r["id"] for r in found["reasons"]] == [r.value for r in Reason]
    assert {t["id"] for t in found["resource_types"]} == RESOURCE_TYPES == set(TYPE_TEXT)


def test_a_question_made_of_its_words_is_understood(managed: Managed) -> None:
    """No category with one of its types, and no action, is unknown to the decision point."""
    served = managed.served
    (pack,) = served.client.get(PATH, headers=AUTHORIZATION).json()["packs"]
    items = []
    for category in pack["categories"]:
        for type_ in category["resource_types"]:
            for action in pack["actions"]:
                question = served.question(action={"name": action["id"]}, context={"explain": "code"})
                said = {**question["resource"]["properties"], "category": category["id"], "unit": "0003101"}
                id_ = {"unit": "0003101", "class": said["class"]}.get(type_, "1")
                items.append({**question, "resource": {"type": type_, "id": id_, "properties": said}})
    answers = served.ask({"evaluations": items}, "evaluations").json()["evaluations"]
    codes = {a["context"]["reason"]["code"] for a in answers if not a["decision"]}
    assert not codes & {"unknown_action", "resource_contradictory", "resource_incomplete"}
    assert len(answers) == len(items) > 100


def test_whoever_has_signed_in_reads_it_too(managed: Managed) -> None:
    with_key = managed.served.client.get(PATH, headers=AUTHORIZATION).json()
    assert managed.get(TEACHER, "vocabulary").json() == with_key


@pytest.mark.parametrize("header", [None, "", "Bearer x", "Bearer a.b.c", "Basic eDp5", "DPoP a.b.c"])
def test_nobody_else_does(managed: Managed, header: str | None) -> None:
    headers = {} if header is None else {"Authorization": header}
    answer = managed.served.client.get(PATH, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (401, "not_authenticated")


def test_the_proposed_subjects_are_codes_that_a_duty_may_name() -> None:
    assert [subject(code) for code in SUBJECT_TEXT] == list(SUBJECT_TEXT)


def test_the_page_is_what_the_packs_say() -> None:
    checked = subprocess.run(
        [sys.executable, ROOT / "scripts" / "vocabulary", "--check"],
        env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr
