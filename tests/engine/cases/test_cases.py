"""The runner of policy cases: what it reads, what it refuses, and that a wrong expectation is told apart."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from access_service.domain.errors import Fault, PolicyError
from access_service.domain.policy import Pack
from access_service.domain.time import Interval
from access_service.engine.cases.case_files import CaseFile, CaseResult, parse_case_file, run_case, run_cases
from access_service.engine.cases.yaml_reader import instant_of
from access_service.engine.packs.load import load_pack
from engine.small_packs import REPOSITORY
from remembered import compile_pack

POLICY, MODELS = REPOSITORY / "policy", REPOSITORY / "models"

WORLD = """\
world:
  since: 2025-08-15
  years:
    2025-2026: {from: 2025-08-01, to: 2026-08-31}
  units:
    so: {kind: department, name: Sở Giáo dục và Đào tạo}
    truong: {kind: school, name: Trường THCS Thử, levels: lower_secondary, manager: so}
  classes:
    truong:2025-2026:6A: {level: lower_secondary, grade: "6"}
    truong:2025-2026:6B: {level: lower_secondary, grade: "6"}
  people:
    gvcn: {unit: truong, position: homeroom, classes: "truong:2025-2026:6A", grant: homeroom_teacher}
    van-thu:
      {unit: truong, position: clerk, from: 2025-09-01, to: 2026-01-01, grant: {role: clerk, minutes: 2025-09-03}}
"""
ASK = """\
cases:
  - name: A homeroom teacher reads the class
    items: [56]
    at: 2025-09-15
    ask: {account: gvcn, action: read, resource: {type: class, class: "truong:2025-2026:6A", category: STU-ID}}
    expect: allow
"""
ACT = """\
  - name: A clerk receives the rights of a clerk
    at: 2025-09-15
    act: {propose: {account: van-thu, role: clerk, to: 2026-01-01}}
    expect: done
"""


@pytest.fixture(scope="module")
def pack() -> Pack:
    return load_pack(POLICY, "base", MODELS)


def faults_of(pack: Pack, text: str) -> list[str]:
    faults: list[Fault] = []
    parse_case_file("base/x_test.yaml", text.encode(), pack, faults)
    return [str(fault) for fault in faults]


def parsed(pack: Pack, text: str) -> CaseFile:
    faults: list[Fault] = []
    found = parse_case_file("base/x_test.yaml", text.encode(), pack, faults)
    assert faults == []
    assert found is not None
    return found


def results(pack: Pack, text: str) -> list[CaseResult]:
    file = parsed(pack, text)
    return [run_case(case, file.world, compile_pack(pack)) for case in file.cases]


def changed(text: str, old: str, new: str) -> str:
    assert text.count(old) == 1, old
    return text.replace(old, new)


def test_a_case_that_is_right_and_where_it_stands(pack: Pack) -> None:
    [ask, act] = results(pack, WORLD + ASK + ACT)
    assert ask == CaseResult("A homeroom teacher reads the class", True, "allow", "allow", "base/x_test.yaml:16")
    assert act.ok
    assert act.place == "base/x_test.yaml:21"


@pytest.mark.parametrize(
    ("old", "new", "expected", "got"),
    [
        ("expect: allow", "expect: {deny: outside_class}", "deny outside_class", "allow"),
        ("expect: allow", "expect: allow\n    grant: khac", "allow, grant khac", "allow, grant gvcn"),
        ('6A", category', '6B", category', "allow", "deny outside_class"),
        ("expect: done", "expect: {refused: self_service}", "refused self_service", "done"),
        ("role: clerk, to: 2026-01-01}}", "role: clerk, to: 2026-01-02}}", "done", "refused assignment_missing"),
        (
            "expect: done",
            "expect: done\n    documents: minutes",
            "done, documents minutes",
            "done, documents commitment+minutes",
        ),
    ],
)
def test_a_case_that_is_wrong_says_what_was_expected_and_what_came(
    pack: Pack, old: str, new: str, expected: str, got: str
) -> None:
    wrong = [r for r in results(pack, changed(WORLD + ASK + ACT, old, new)) if not r.ok]
    assert [(r.expected, r.got) for r in wrong] == [(expected, got)]


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("    items: [56]", "    item: [56]", "17: unknown key `item` in `cases` (did you mean `items`)"),
        (
            "name: A homeroom",
            'name: "ok\\n5 passed"\n    x: A homeroom',
            "16: `name` holds a line break, or a character",
        ),
        ("items: [56]", "items: [129]", "17: `items` must be whole numbers from 1 to 128"),
        ("at: 2025-09-15\n    ask", "at: 2025-09-15T17:00:00\n    ask", "18: `2025-09-15T17:00:00` is no instant"),
        ("expect: allow", "expect: yes", "20: unknown answer `yes`"),
        ("expect: allow", "expect: done", "20: unknown answer `done`"),
        ("expect: allow", "expect: {deny: outside_clas}", "unknown code `outside_clas`"),
        ("expect: allow", "expect: allow\n    article: hp-1", "21: unknown article `hp-1`"),
        ("ask: {account: gvcn, action", "ask: {account: gvcn, akction", "19: `action` is missing in `ask`"),
        ("kind: department", "kind: so", "6: unknown kind of unit `so`"),
        ("manager: so}", "manager: khong}", "7: unknown unit `khong`"),
        ("manager: so}", "manager: truong}", "7: `truong` cannot manage itself"),
        ("levels: lower_secondary, manager", "level: lower_secondary, manager", "7: unknown key `level`"),
        ("truong:2025-2026:6B:", "truong:2024-2025:6B:", "10: `truong:2024-2025:6B` is no class"),
        ("position: homeroom", "position: homerom", "12: unknown position `homerom`"),
        ("grant: homeroom_teacher}", "grant: giao-vien}", "12: unknown role `giao-vien`"),
        ("to: 2026-01-01, grant", "to: 2025-09-01, grant", "14: it ends before it begins"),
        ("minutes: 2025-09-03", "minute: 2025-09-03", "14: unknown key `minute` in `grant`"),
        ("since: 2025-08-15", "from: 2025-08-15", "2: `since` is missing"),
        ("  people:", "  people: &x", "anchors, aliases and tags are not used here"),
        ("    gvcn: {", "    van-thu: {", "13: key `van-thu` stands twice"),
        ("cases:", "case:", "1: `cases` is missing"),
        ("world:", "worlds:", "1: `world` is missing"),
        ("  - name: A homeroom", "  - name A homeroom", "not YAML"),
    ],
)
def test_what_cannot_be_understood_is_a_fault_with_its_line(pack: Pack, old: str, new: str, fault: str) -> None:
    found = faults_of(pack, changed(WORLD + ASK, old, new))
    assert any(fault in text.removeprefix("base/x_test.yaml:") for text in found), found


def test_every_fault_is_told_at_once(pack: Pack) -> None:
    text = changed(WORLD + ASK + ACT, "expect: allow", "expect: maybe")
    text = changed(text, "expect: done", "expect: {deny: no_grant}")
    text = changed(text, "items: [56]", "items: [0]")
    found = faults_of(pack, text)
    assert [fault.split(":")[1] for fault in sorted(found)] == ["17", "20", "24", "24"]


def test_an_act_is_one_act(pack: Pack) -> None:
    text = changed(WORLD + ASK + ACT, "act: {propose", "act: {give: {unit: truong}, propose")
    assert any("an act is one of propose, give, sign, custody" in fault for fault in faults_of(pack, text))


def test_two_cases_have_two_names(pack: Pack) -> None:
    again = ASK + ASK.removeprefix("cases:\n")
    assert any("two cases have this name" in fault for fault in faults_of(pack, WORLD + again))


def test_hostile_yaml_is_a_fault_and_nothing_else(pack: Pack) -> None:
    bomb = "a: &a [x]\nb: *a\n"
    for text in (bomb, "!!python/object:os.system x", "[" * 5000, "world: {}\n---\nworld: {}\n", "- a", "\x00"):
        assert faults_of(pack, text), text


def test_what_is_left_out_follows_from_the_rest(pack: Pack) -> None:
    world = parsed(pack, WORLD + ASK).world
    [teacher], [clerk] = world.grants["gvcn"], world.grants["van-thu"]
    start = datetime(2025, 8, 14, 17, tzinfo=UTC)
    assert teacher.grant.scope.classes == {("truong:2025-2026:6A", "")}
    assert teacher.grant.interval == Interval(start, datetime(2026, 8, 30, 17, tzinfo=UTC))
    assert teacher.grant.activated_at == teacher.document.signed_at == start
    assert teacher.required == {"minutes", "commitment"}
    assert [c.text_version for c in teacher.commitments] == ["1"]
    # Effective from the last signature, not from the start written on the paper.
    assert clerk.grant.valid_from == datetime(2025, 8, 31, 17, tzinfo=UTC)
    assert clerk.grant.activated_at == datetime(2025, 9, 2, 17, tzinfo=UTC)
    assert world.authorities["truong"].parent == "so"
    assert world.custody("truong", start) is not None
    assert world.bound == {"so"}


def test_the_example_of_the_documentation_runs() -> None:
    text = (REPOSITORY / "docs" / "policy-packs.md").read_text(encoding="utf-8")
    example = text.split("## Tests of a pack")[1].split("```yaml\n")[1].split("```")[0]
    found = results(load_pack(POLICY, "hai-phong", MODELS), example)
    assert len(found) == 2
    assert [r for r in found if not r.ok] == []


def test_instants() -> None:
    assert instant_of("2024-09-13") == datetime(2024, 9, 12, 17, tzinfo=UTC)
    assert instant_of("2024-10-07T16:59:59.999999+07:00") == datetime(2024, 10, 7, 9, 59, 59, 999999, tzinfo=UTC)
    for text in ("2024-10-07T17:00:00", "2024-02-30", "13/9/2024", "0001-01-01", "9999-12-31T23:59:59-12:00", "x"):
        assert instant_of(text) is None, text


def test_a_pack_without_cases_has_none_and_a_bad_file_stops_all(tmp_path: Path) -> None:
    for name in ("base",):
        folder = tmp_path / name
        folder.mkdir()
        for file in (POLICY / name).iterdir():
            if not file.name.endswith("_test.yaml"):
                (folder / file.name).write_bytes(file.read_bytes())
    assert run_cases(tmp_path / "base", MODELS) == []
    (tmp_path / "base" / "a_test.yaml").write_text(WORLD + ASK, encoding="utf-8")
    assert [r.ok for r in run_cases(tmp_path / "base", MODELS)] == [True]
    (tmp_path / "base" / "b_test.yaml").write_text("", encoding="utf-8")
    (tmp_path / "base" / "c_test.yaml").write_text("cases: []\n", encoding="utf-8")
    with pytest.raises(PolicyError) as raised:
        run_cases(tmp_path / "base", MODELS)
    assert [f.place for f in raised.value.faults] == [
        "base/b_test.yaml:1",
        "base/c_test.yaml:1",
        "base/c_test.yaml:1",
    ]
