"""The README's commands are the demonstration's: what it promises stands in the example."""

import re
from pathlib import Path

from access_service.demonstration import data

ROOT = Path(__file__).parents[2]


def _questions_in_order() -> list[data.Question]:
    """The order in which the example is built: the main school, then the office."""
    office = [q for q in data.QUESTIONS if q.who == "primary_officer"]
    return [q for q in data.QUESTIONS if q not in office] + office


def test_the_first_curl_is_allowed_and_the_second_denied_outside_class() -> None:
    text = (ROOT / "README.md").read_text("utf-8")
    first, second = (int(n) for n in re.findall(r'\["decisions"\]\[(\d+)\]', text))
    questions = _questions_in_order()
    assert questions[first].reason is None
    assert questions[second].reason == "outside_class"


def test_half_of_the_questions_are_denied_each_for_another_reason() -> None:
    reasons = [q.reason for q in data.QUESTIONS if q.reason is not None]
    assert len(reasons) == len(set(reasons))
    assert len(reasons) * 2 == len(data.QUESTIONS)
    assert "twenty-four questions" in (ROOT / "README.md").read_text("utf-8")
    assert len(data.QUESTIONS) == 24


def test_the_readme_names_only_pages_that_exist() -> None:
    text = (ROOT / "README.md").read_text("utf-8")
    for page in re.findall(r"\]\((docs/[^)]+)\)", text):
        assert (ROOT / page).exists(), page
