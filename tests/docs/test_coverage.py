"""`docs/coverage.md`, the packs and the list of requirements agree. TOML and CSV are read plainly here."""

import csv
import re
import tomllib
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
import typer
from fastapi.routing import iter_route_contexts

from access_service.app import create_app
from access_service.cli.commands import app as command_line
from access_service.domain.accounts import Account, Custody
from access_service.domain.documents import Document
from access_service.domain.names import AccountKind, DrawMethod
from access_service.domain.org import Assignment, Unit
from access_service.domain.reasons import Reason, Refusal
from access_service.domain.software import Approval, Software
from access_service.engine.packs.sections import join_items
from access_service.rendering.sheets import HOLDERS
from access_service.settings import Settings

ROOT = Path(__file__).parents[2]
POLICY = ROOT / "policy"
REQUIREMENTS = ROOT.parent / "shared" / "docs" / "domain.md"
PACKS = ("base", "hai-phong-2023", "hai-phong", "hai-duong", "ho-chi-minh")
PROVINCES = PACKS[1:]
CITED = re.compile(r"`([a-z0-9-]+):([a-z0-9-]+)`")
LATER = {
    "later: the year and the registers",
    "later: tokens and software",
    "later: documents and dossiers",
    "later: web",
}


def toml_of(pack: str) -> dict[str, Any]:
    return tomllib.loads((POLICY / pack / "pack.toml").read_text(encoding="utf-8"))


def rows_of(pack: str, name: str) -> list[dict[str, str]]:
    path = POLICY / pack / name
    if not path.exists():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def coverage() -> dict[int, tuple[str, frozenset[str], str]]:
    """Number to (requirement, tags, answer); a number listed twice fails here."""
    found: dict[int, tuple[str, frozenset[str], str]] = {}
    for line in (ROOT / "docs" / "coverage.md").read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if not cells[0].isdecimal():
            continue
        number = int(cells[0])
        assert len(cells) == 4, line
        assert number not in found, f"{number} stands twice"
        found[number] = (cells[1], frozenset(cells[2].split("+")), cells[3])
    return found


def required_tags() -> dict[int, frozenset[str]]:
    """Number to tags in the list of requirements. Notes in brackets are no tags, except one such as `(+E …)`."""
    found = {}
    for line in REQUIREMENTS.read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) == 5 and cells[0].isdecimal():
            tag = re.sub(r"\((?!\+)[^)]*\)", "", cells[4])
            found[int(cells[0])] = frozenset(re.findall(r"\b[ERC]\b", tag))
    return found


def cited_articles(pack: str) -> set[str]:
    """Every article that something in the pack rests on; the articles' own tables do not count."""

    def walk(value: Any) -> set[str]:
        if isinstance(value, dict):
            here = {value["article"]} if isinstance(value.get("article"), str) else set()
            return here.union(*(walk(inner) for inner in value.values()))
        return set().union(*(walk(inner) for inner in value)) if isinstance(value, list) else set()

    toml = {key: value for key, value in toml_of(pack).items() if key != "articles"}
    rows = rows_of(pack, "roles.csv") + rows_of(pack, "delegation.csv")
    return walk(toml) | {article for row in rows for article in row["article"].split("+")}


def test_every_requirement_is_listed_once_and_answered() -> None:
    listed = coverage()
    assert sorted(listed) == list(range(1, 129))
    for number, (name, tags, answer) in listed.items():
        assert name, number
        assert tags, number
        assert tags <= {"E", "R", "C"}, number
        assert answer, number


def test_tags_are_those_of_the_list_of_requirements() -> None:
    if not REQUIREMENTS.exists():
        pytest.skip(f"no list of requirements at {REQUIREMENTS}: tags are not compared")
    required = required_tags()
    assert sorted(required) == list(range(1, 129))
    listed = {number: tags for number, (_, tags, _) in coverage().items()}
    assert {n: t for n, t in listed.items() if t != required[n]} == {}


def test_what_must_be_enforced_or_recorded_is_more_than_context() -> None:
    for number, (_, tags, answer) in coverage().items():
        assert ("context" in answer) <= ("C" in tags), number
        assert tags == {"C"} or answer != "context", number
        assert {found.strip() for found in re.findall(r"later: [a-z ]+", answer)} <= LATER, number


def test_every_article_cited_stands_in_its_pack_under_that_number() -> None:
    for number, (_, _, answer) in coverage().items():
        for pack, article in CITED.findall(answer):
            assert toml_of(pack)["articles"][article]["item"] == number, (number, article)


def test_every_article_with_an_item_is_mentioned() -> None:
    mentioned = {(pack, article) for _, _, answer in coverage().values() for pack, article in CITED.findall(answer)}
    written = {
        (pack, id_)
        for pack in PACKS
        for id_, article in toml_of(pack).get("articles", {}).items()
        if "item" in article
    }
    assert written == mentioned


def test_what_must_be_enforced_rests_on_an_article_or_on_later_work() -> None:
    for number, (_, tags, answer) in coverage().items():
        assert "E" not in tags or CITED.search(answer) or "later: " in answer, number


def test_an_article_that_nothing_cites_says_where_it_is_answered() -> None:
    """Otherwise a requirement would look answered because its text was typed in."""
    answers = {number: answer for number, (_, _, answer) in coverage().items()}
    for pack in PROVINCES:
        toml = toml_of(pack)
        for id_ in toml["articles"].keys() - cited_articles(pack):
            answer = answers[toml["articles"][id_]["item"]]
            # What a paper says (a scope, a frequency) is no row of a pack: it is enforced paper by paper.
            answered = ("later: ", "undertaking of the commitment", "of an approval")
            assert any(words in answer for words in answered), (pack, id_)


def test_base_cites_nothing_but_the_product_itself() -> None:
    assert cited_articles("base") == {"default"}
    assert "articles" not in toml_of("base")


def test_a_number_in_an_article_id_is_its_item() -> None:
    for pack in PROVINCES:
        for id_, article in toml_of(pack)["articles"].items():
            assert id_ == f"{article['document']}-{article['item']}", (pack, id_)


def words_of(commitment: Any) -> str:
    """What is promised, written as one text or promise by promise."""
    return commitment["vi"] if "vi" in commitment else join_items(commitment["items"])


def test_one_version_of_the_commitment_is_one_text_everywhere() -> None:
    """A register may move from one pack to another; a signed version must stay the words that were signed."""
    texts: dict[str, set[str]] = {}
    for pack in PACKS:
        for commitment in toml_of(pack).get("commitments", []):
            texts.setdefault(commitment["version"], set()).add(words_of(commitment))
    assert texts
    assert all(len(words) == 1 for words in texts.values())


def test_what_a_province_rewrites_differs_in_its_article_only() -> None:
    """A table is replaced whole: a role that loses its axes on the way would widen every grant of it."""
    base = toml_of("base")
    for pack in PROVINCES:
        for section in ("roles", "positions", "categories", "unit_kinds"):
            for id_, table in toml_of(pack).get(section, {}).items():
                own = base[section].get(id_, table)
                assert {**table, "article": ""} == {**own, "article": ""}, (pack, section, id_)


def test_each_pack_names_its_own_words_of_the_second_commitment() -> None:
    """Hồ Chí Minh allows no exception, Hải Dương tells department and unit; the first text stays as signed."""
    texts = {
        pack: {c["version"]: c for c in toml_of(pack).get("commitments", [])}
        for pack in PACKS
        if pack != "hai-phong-2023"
    }
    exception = "trừ trường hợp có văn bản đồng ý của Sở GDĐT"
    assert exception in words_of(texts["base"]["2"])
    assert words_of(texts["hai-phong"]["2"]) == words_of(texts["base"]["2"])
    assert exception not in words_of(texts["ho-chi-minh"]["2-ho-chi-minh"])
    assert "kịp thời thông báo cho Sở GDĐT và đơn vị" in words_of(texts["hai-duong"]["2-hai-duong"])
    assert {texts[p][f"2-{p}"]["replaces"] for p in ("ho-chi-minh", "hai-duong")} == {"2"}
    seconds = [c for pack in texts.values() for version, c in pack.items() if version.startswith("2")]
    assert {c["resign_within_days"] for c in seconds} == {60}


def test_who_approves_software_is_said_with_its_source() -> None:
    found = {pack: toml_of(pack).get("approvals") for pack in PACKS}
    assert found["hai-phong"] == {"by": "department", "article": "hp-2023-7"}
    assert found["hai-duong"] == {"by": "managing_unit", "article": "hd-2024-109"}
    assert found["ho-chi-minh"] == found["base"] == {"by": "department", "article": "default"}


def test_no_pack_lets_anybody_take_raw_files() -> None:
    rows = [row for pack in PACKS for row in rows_of(pack, "roles.csv") if row["action"] == "export_raw"]
    assert rows
    assert {row["effect"] for row in rows} == {"deny"}


def test_whoever_manages_accounts_edits_no_marks_by_that() -> None:
    """And loses none of another duty by it: no role is denied anything that only a person could mix up."""
    rows = [row for pack in PACKS for row in rows_of(pack, "roles.csv") if row["role"] == "account_officer"]
    assert {row["effect"] for row in rows} == {"allow"}
    assert {row["category"] for row in rows} == {"CLS", "EMP-BAS", "ACC"}
    separated = {s["id"]: s for s in toml_of("base")["separations"]}
    assert separated["accounts-and-marks"]["pair"] == [["ACC", "write"], ["STU-ACA", "write"]]
    assert not any(s.get("refuse") for pack in PACKS for s in toml_of(pack).get("separations", []))


def test_deadlines_are_strict_where_an_hour_is_given_and_whole_days_where_none_is() -> None:
    locks = [lock for pack in PROVINCES for lock in toml_of(pack).get("locks", [])]
    assert {lock["id"]: f"{lock['start']:%Y-%m-%dT%H:%M%z}" for lock in locks if "start" in lock} == {
        "hp-2024-start-school": "2024-10-07T17:00+0700",
        "hp-2024-end-school": "2025-06-07T17:00+0700",
        "hp-2024-start-office": "2024-10-15T17:00+0700",
        "hp-2024-end-office": "2025-06-15T17:00+0700",
    }
    assert {lock["id"]: str(lock["before"]) for lock in locks if "before" in lock} == {
        "hcm-2024-software-report": "2024-09-27",
        "hcm-2024-roll-over": "2024-09-13",
        "hcm-2024-master-data": "2024-09-20",
    }
    assert toml_of("ho-chi-minh")["limits"]["deadline_without_hour"]["value"] == "through_day"


def test_custody_in_hai_phong_was_the_heads_alone_until_the_second_letter() -> None:
    assert toml_of("hai-phong-2023")["custody"]["holders"] == ["head"]
    assert "officer" in toml_of("hai-phong")["custody"]["holders"]


# What the page names exists.

NAMED = re.compile(r"`([^`]+)`")
RECORDED = re.compile(r"(?:record|document): ([a-z]+(?: [a-z]+)?)")
RECORDS: dict[str, type[Any]] = {
    "software": Software,
    "the unit": Unit,
    "approval": Approval,
    "account": Account,
    "custody minutes": Document,
    "handover minutes": Document,
    "commitment": Document,
    "return minutes": Document,
}
"""What the page calls a record, and where it is kept."""


def vocabulary() -> set[str]:
    """Every word that code, packs and command line know."""
    words = {str(code) for code in (*Reason, *Refusal, *AccountKind, *DrawMethod)}
    words |= {f.name for kind in {*RECORDS.values(), Assignment, Custody} for f in fields(kind)}
    words |= set(PACKS) | {"below=true", "scripts/walkthrough", "init", "*", *HOLDERS}
    for pack in PACKS:
        toml = toml_of(pack)
        words |= {key for table in toml.values() if isinstance(table, dict) for key in table}
        words |= {f"[{key}]" for key in toml}
        words |= {row["function"] for row in rows_of(pack, "roles.csv")}
    return words


def named_commands(group: Any, before: str = "") -> Iterator[str]:
    """Every command as it is typed: `check`, `software confirm`."""
    for name, command in group.commands.items():
        yield before + name
        if hasattr(command, "commands"):
            yield from named_commands(command, f"{before}{name} ")


EXACT = {
    6: "record: software, one line of the form each; the report (frozen, also of nothing, and who is late)",
    20: "an approval is bounded by categories, not by fields",
    43: "later: the year and the registers (statement and indicators)",
    64: "assignment: every grant names one; the date 10/9 later: the year and the registers",
    65: "context; kept as directives later: the year and the registers",
    66: "context; kept as directives later: the year and the registers",
    75: "later: the year and the registers",
    101: "action `submit` on STA is decided, not recorded; submissions later: the year and the registers",
    109: "register of requests later: the year and the registers",
    110: "later: the year and the registers",
    122: "a permission gives no right; its record later: the year and the registers",
}
"""What was claimed although nothing did it. 33, 34 and 63 were built meanwhile and name what exists."""


def test_the_page_claims_nothing_that_only_a_later_issue_builds() -> None:
    answers = {number: answer for number, (_, _, answer) in coverage().items()}
    assert {number: words for number, words in EXACT.items() if words not in answers[number]} == {}
    assert all("`access-service software confirm`" in answers[number] for number in (33, 34))


def test_each_command_record_and_word_that_the_page_names_exists() -> None:
    """The page once claimed an event that nothing wrote and a command that nobody could call."""
    known = vocabulary()
    app: Any = create_app(Settings())
    routes = {
        (method, re.sub(r"{[^}]+}", "{}", route.path or ""))
        for route in iter_route_contexts(app.routes)
        for method in route.methods or ()
    }
    commands = set(named_commands(typer.main.get_group(command_line)))
    for number, (_, _, answer) in coverage().items():
        for name in NAMED.findall(answer):
            if CITED.fullmatch(f"`{name}`") or name in known:
                continue
            if name.startswith(("GET ", "POST ")):
                method, path = name.split(" ")
                assert (method, re.sub(r"{[^}]+}", "{}", path.split("?")[0])) in routes, (number, name)
            else:
                assert name.startswith("access-service "), (number, name)
                assert name.removeprefix("access-service ") in commands, (number, name)
        for noun in RECORDED.findall(answer):
            assert noun in RECORDS or noun.split()[0] in RECORDS, (number, noun)
