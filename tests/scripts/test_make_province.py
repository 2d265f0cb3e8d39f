"""`scripts/make-province`: a small province of each kind of local government, held against the rules row by row."""

import csv
import os
import re
import shlex
import subprocess
import sys
import tomllib
import unicodedata
from collections import Counter, defaultdict
from datetime import date, datetime
from functools import cached_property
from itertools import pairwise
from pathlib import Path

import pytest
from python_calamine import CalamineWorkbook

ROOT = Path(__file__).parents[2]
SHARED = ROOT.parent / "shared" / "data"
NEVER = date.max

DISTRICTS = """province_code,province_name,district_code,district_name,commune_code,commune_name
31,Thành phố Hải Phòng,303,Quận Hồng Bàng,11296,Phường Quán Toan
31,Thành phố Hải Phòng,303,Quận Hồng Bàng,11299,Phường Hùng Vương
31,Thành phố Hải Phòng,303,Quận Hồng Bàng,11302,Phường Sở Dầu
31,Thành phố Hải Phòng,304,Quận Ngô Quyền,11329,Phường Máy Chai
31,Thành phố Hải Phòng,304,Quận Ngô Quyền,11335,Phường Vạn Mỹ
31,Thành phố Hải Phòng,304,Quận Ngô Quyền,11338,Phường Cầu Tre
31,Thành phố Hải Phòng,318,Huyện Bạch Long Vĩ,,
01,Thành phố Hà Nội,001,Quận Ba Đình,00001,Phường Phúc Xá
"""
COMMUNES = """province_code,province_name,commune_code,commune_name
31,Thành phố Hải Phòng,11311,Phường Hồng Bàng
31,Thành phố Hải Phòng,11329,Phường Ngô Quyền
31,Thành phố Hải Phòng,11914,Đặc khu Cát Hải
"""
UPPER = "province_code,school_name\n31,Trường THPT Thái Phiên\n30,Trường THPT Hồng Quang\n79,Trường THPT Gia Định\n"


def run(units: Path, output: Path, *options: str, province: str = "31") -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, str(ROOT / "scripts" / "make-province"), "--units", str(units)]
    command += ["--province", province, "--output", str(output), *options]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def make(units: Path, output: Path, *options: str) -> "Files":
    done = run(units, output, *options)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    return Files(output)


def day(text: str) -> date:
    assert re.fullmatch(r"\d\d/\d\d/\d{4}", text), text
    return datetime.strptime(text, "%d/%m/%Y").date()  # noqa: DTZ007 -- a day, not an instant


def until(text: str) -> date:
    return day(text) if text else NEVER


def values(text: str) -> set[str]:
    parts = text.split(";") if text else []
    assert len(parts) == len(set(parts)), text
    return set(parts)


Row = dict[str, str]


class Files:
    """One directory of import files, and the few look-ups the rules need."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.sheets: dict[str, list[Row]] = {}
        self.headers: dict[str, list[str]] = {}
        for path in sorted(directory.glob("*.csv")):
            with path.open(encoding="utf-8", newline="") as file:
                reader = csv.DictReader(file, strict=True)
                self.sheets[path.stem] = list(reader)
                self.headers[path.stem] = list(reader.fieldnames or ())

    def by_code(self, sheet: str) -> dict[str, Row]:
        rows = self.sheets[sheet]
        found = {row["code"]: row for row in rows}
        assert len(found) == len(rows), f"{sheet}: a code occurs twice"
        return found

    @cached_property
    def units(self) -> dict[str, Row]:
        return self.by_code("units")

    @cached_property
    def manager(self) -> dict[str, str]:
        found = {row["unit"]: row["manager"] for row in self.sheets["edges"]}
        assert len(found) == len(self.sheets["edges"])
        return found

    @cached_property
    def duties(self) -> dict[str, Row]:
        return self.by_code("assignments")

    @cached_property
    def documents(self) -> dict[str, Row]:
        return self.by_code("documents")

    @cached_property
    def accounts(self) -> dict[str, Row]:
        return self.by_code("accounts")

    @cached_property
    def authorities(self) -> dict[str, Row]:
        return self.by_code("authorities")

    @cached_property
    def classes(self) -> dict[tuple[str, str, str], Row]:
        return {(row["school"], row["school_year"], row["code"]): row for row in self.sheets["classes"]}

    def is_below(self, unit: str, root: str) -> bool:
        while unit != root and unit in self.manager:
            unit = self.manager[unit]
        return unit == root

    @cached_property
    def duties_of(self) -> dict[tuple[str, str], list[Row]]:
        found = defaultdict(list)
        for duty in self.duties.values():
            found[duty["person"], duty["unit"]].append(duty)
        return found

    def ranks(self, person: str, unit: str, on: date) -> set[str]:
        """The person's ranks in the unit on that day, as the pack ranks positions."""
        return {
            PACK["positions"][duty["position"]]["rank"]
            for duty in self.duties_of[person, unit]
            if day(duty["valid_from"]) <= on < until(duty["valid_to"])
        }


PACK = tomllib.loads((ROOT / "policy" / "base" / "pack.toml").read_text(encoding="utf-8"))
with (ROOT / "policy" / "base" / "delegation.csv").open(encoding="utf-8", newline="") as delegation:
    DELEGATION = {(r["role"], r["position"], r["unit_kind"], r["issuer"]) for r in csv.DictReader(delegation)}
HEADS = {"head", "acting_head"}
CAPACITY_OF = {"head": "head", "Q.": "acting_head", "KT.": "deputy"}


@pytest.fixture(scope="module")
def lists(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("lists")
    (directory / "districts.csv").write_text(DISTRICTS, encoding="utf-8-sig")
    (directory / "communes.csv").write_text(COMMUNES, encoding="utf-8")
    (directory / "upper_secondary_schools.csv").write_text(UPPER, encoding="utf-8")
    return directory


ERAS = {"districts": "2024-10-15", "communes": "2026-10-15"}


@pytest.fixture(scope="module", params=ERAS)
def files(request: pytest.FixtureRequest, lists: Path, tmp_path_factory: pytest.TempPathFactory) -> Files:
    units = lists / f"{request.param}.csv"
    return make(units, tmp_path_factory.mktemp("files") / "new", "--as-of", ERAS[request.param])


@pytest.fixture(scope="module")
def old(lists: Path, tmp_path_factory: pytest.TempPathFactory) -> Files:
    return make(lists / "districts.csv", tmp_path_factory.mktemp("old"), "--as-of", "15/10/2024")


REFERENCES = {
    "edges": {"unit": "units", "manager": "units"},
    "classes": {"school": "units", "school_year": "school_years"},
    "accounts": {"person": "persons", "unit": "units"},
    "assignments": {"person": "persons", "unit": "units", "school_year": "school_years"},
    "authorities": {"unit": "units", "parent": "authorities"},
    "documents": {"unit": "units", "receiver": "persons", "giver_signer": "persons"},
    "custodies": {"unit": "units", "person": "persons", "document": "documents"},
    "grants": {
        "account": "accounts",
        "unit": "units",
        "scope_unit": "units",
        "authority": "authorities",
        "assignment": "assignments",
        "document": "documents",
        "school_year": "school_years",
    },
}


def check_references(files: Files) -> None:
    for sheet, columns in REFERENCES.items():
        for column, target in columns.items():
            known = set(files.by_code(target)) | {""}
            assert {row[column] for row in files.sheets[sheet]} <= known, (sheet, column)


def check_grant(files: Files, grant: Row) -> None:
    """Everything section 3 of the architecture asks of one grant, in its order."""
    duty, minutes = files.duties[grant["assignment"]], files.documents[grant["document"]]
    account, authority = files.accounts[grant["account"]], files.authorities[grant["authority"]]
    person, issuer, scope_unit = account["person"], grant["unit"], grant["scope_unit"] or grant["unit"]
    start, end = day(grant["valid_from"]), day(grant["valid_to"])

    # Only the direct manager issues: heads from above, everybody else from their own unit.
    is_head = PACK["positions"][duty["position"]]["rank"] in HEADS
    assert issuer == (files.manager[duty["unit"]] if is_head else duty["unit"])
    rule = "direct_manager" if is_head else "own_unit"
    assert (grant["role"], duty["position"], files.units[issuer]["kind"], rule) in DELEGATION

    # Within the issuing unit's authority on every axis, and narrowed as the role demands.
    assert authority["unit"] == issuer
    assert files.is_below(scope_unit, issuer)
    classes = values(grant["classes"])
    taught = {files.classes[scope_unit, grant["school_year"], pair.split(":")[0]]["level"] for pair in classes}
    levels = taught or values(grant["levels"])
    assert not authority["levels"] or (levels and levels <= values(authority["levels"]))
    assert not any(authority[axis] for axis in ("grades", "subjects", "categories", "actions"))
    assert all(grant[axis] for axis in PACK["roles"][grant["role"]]["narrows_by"])

    # The duty covers the grant, in time and in classes.
    assert duty["person"] == person
    assert day(duty["valid_from"]) <= start < end <= until(duty["valid_to"])
    assert day(authority["valid_from"]) <= start < end <= until(authority["valid_to"])
    assert duty["classes"] == grant["classes"]
    assert (end - start).days <= PACK["limits"]["grant_days_max"]["value"]

    # Paper first: after the decision, before the start, one giver and one receiver, who differ.
    assert (minutes["kind"], minutes["unit"], minutes["receiver"]) == ("handover_minutes", issuer, person)
    assert day(duty["decision_date"]) < day(minutes["dated"]) <= day(minutes["giver_signed_on"])
    assert day(minutes["giver_signed_on"]) <= day(minutes["receiver_signed_on"]) < start
    assert day(account["issued_on"]) <= day(minutes["dated"])
    assert minutes["giver_signer"] != person
    assert minutes["giver_capacity"] in PACK["signing"]["capacities"]
    ranks = files.ranks(minutes["giver_signer"], issuer, day(minutes["giver_signed_on"]))
    assert CAPACITY_OF[minutes["giver_capacity"]] in ranks

    # Class grants end with their school year.
    if classes:
        year = files.by_code("school_years")[grant["school_year"]]
        assert day(year["starts_on"]) <= start
        assert end <= day(year["closes_on"])


def check_rules(files: Files) -> None:
    check_references(files)
    commitments = defaultdict(list)
    for document in files.documents.values():
        if document["kind"] == "commitment":
            assert (document["giver_signer"], document["giver_capacity"], document["giver_signed_on"]) == (
                "",
                "",
                "",
            )
            assert document["text_version"] in {text["version"] for text in PACK["commitments"]}
            commitments[document["receiver"], document["unit"]].append(day(document["receiver_signed_on"]))
    assert files.sheets["grants"]
    for grant in files.sheets["grants"]:
        check_grant(files, grant)
        person = files.accounts[grant["account"]]["person"]
        assert min(commitments[person, grant["unit"]]) < day(grant["valid_from"])


def check_custody(files: Files) -> None:
    """Every admin account has one custodian after another without overlap, each by minutes, before grants start."""
    held = defaultdict(list)
    for custody in files.sheets["custodies"]:
        minutes, unit = files.documents[custody["document"]], custody["unit"]
        signed, start = day(minutes["receiver_signed_on"]), day(custody["valid_from"])
        assert minutes["kind"] == "custody_minutes"
        assert minutes["receiver"] == custody["person"] != minutes["giver_signer"]
        assert day(minutes["giver_signed_on"]) <= signed < start
        assert files.ranks(minutes["giver_signer"], minutes["unit"], signed) <= HEADS
        assert files.ranks(minutes["giver_signer"], minutes["unit"], signed)
        ranks = files.ranks(custody["person"], unit, signed)
        assert ranks
        assert minutes["unit"] == (files.manager[unit] if ranks & HEADS else unit)
        held[unit].append((start, until(custody["valid_to"])))
    admins = {row["unit"]: row for row in files.accounts.values() if row["kind"] == "admin"}
    assert set(admins) == set(held) == set(files.units) == {row["unit"] for row in files.sheets["authorities"]}
    first_grant = min(day(grant["valid_from"]) for grant in files.sheets["grants"])
    for unit, intervals in held.items():
        intervals.sort()
        assert day(admins[unit]["issued_on"]) <= intervals[0][0] < first_grant
        assert intervals[-1][1] == NEVER
        assert all(before[1] == after[0] for before, after in pairwise(intervals))


def test_the_sheets_are_those_of_the_documentation(files: Files) -> None:
    text = (ROOT / "docs" / "import.md").read_text(encoding="utf-8")
    block = text.split("## Sheets")[1].split("```")[1].strip().splitlines()
    documented = {line.split(": ")[0]: line.split(": ")[1].split(",") for line in block}
    assert files.headers == documented


def test_every_word_is_one_of_the_pack(files: Files) -> None:
    assert {row["role"] for row in files.sheets["grants"]} <= set(PACK["roles"])
    assert {row["position"] for row in files.duties.values()} <= set(PACK["positions"])
    assert {row["kind"] for row in files.units.values()} <= set(PACK["unit_kinds"])
    for duty in files.duties.values():
        assert files.units[duty["unit"]]["kind"] in PACK["positions"][duty["position"]]["unit_kinds"]
    for unit in files.units.values():
        assert bool(unit["levels"]) == PACK["unit_kinds"][unit["kind"]]["has_levels"]


def test_grants_obey_the_rules_of_delegation(files: Files) -> None:
    check_rules(files)


def test_every_admin_account_has_one_custodian_in_writing(files: Files) -> None:
    check_custody(files)


def test_an_authority_is_within_its_managers(files: Files) -> None:
    for authority in files.authorities.values():
        manager = files.manager.get(authority["unit"])
        if manager is None:
            assert authority["parent"] == ""
            continue
        parent = files.authorities[authority["parent"]]
        assert parent["unit"] == manager
        assert day(parent["valid_from"]) <= day(authority["valid_from"])
        assert not parent["levels"] or values(authority["levels"]) <= values(parent["levels"])
        own = values(files.units[authority["unit"]]["levels"])
        assert not own or own == values(authority["levels"])


def test_a_manager_is_there_while_it_manages(files: Files) -> None:
    root = {code for code, unit in files.units.items() if unit["kind"] == "department"}
    assert set(files.units) - set(files.manager) == root
    for edge in files.sheets["edges"]:
        assert edge["basis"]
        for code in (edge["unit"], edge["manager"]):
            assert day(files.units[code]["valid_from"]) <= day(edge["valid_from"])
    for unit, manager in files.manager.items():
        direct = {"upper_secondary", "continuing"} & values(files.units[unit]["levels"])
        is_school = files.units[unit]["kind"] in {"school", "centre"}
        assert (manager in root) == (bool(direct) or not is_school)


def test_every_class_has_its_homeroom_and_one_teacher_a_subject(files: Files) -> None:
    homerooms, teachers = Counter(), Counter()
    for grant in files.sheets["grants"]:
        school = grant["scope_unit"] or grant["unit"]
        if grant["role"] == "homeroom_teacher":
            homerooms.update((school, grant["school_year"], code) for code in values(grant["classes"]))
        elif grant["role"] == "subject_teacher":
            teachers.update((school, pair) for pair in values(grant["classes"]))
            assert all(":" in pair for pair in values(grant["classes"]))
    assert set(homerooms) == set(files.classes)
    assert set(homerooms.values()) == {1}
    assert set(teachers.values()) == {1}
    assert {(school, pair.split(":")[0]) for school, pair in teachers} == {(s, c) for s, _, c in files.classes}
    sizes = Counter(school for school, _, _ in files.classes)
    assert set(sizes) == {code for code, unit in files.units.items() if unit["kind"] in {"school", "centre"}}
    assert 20 <= min(sizes.values()) <= max(sizes.values()) <= 40


def test_codes_and_texts_are_well_formed(files: Files) -> None:
    text = "".join(path.read_text(encoding="utf-8") for path in sorted(files.directory.glob("*.csv")))
    assert unicodedata.is_normalized("NFC", text)
    assert all(re.fullmatch(r"000\d{9}", row["code"]) for row in files.sheets["persons"])
    for code, unit in files.units.items():
        assert ":" not in code
        if unit["kind"] in {"school", "centre"}:
            assert re.fullmatch(r"31\d{5}\d{3}", code)
    holders = [row["person"] for row in files.accounts.values() if row["kind"] == "use"]
    assert sorted(holders) == sorted(row["code"] for row in files.sheets["persons"])
    assert len({row["username"] for row in files.accounts.values()}) == len(files.accounts)
    assert all(
        re.fullmatch(r"[0-9a-f]{64}", row["sha256"]) and row["reference"] for row in files.documents.values()
    )


def test_districts_have_offices_and_merged_schools_are_one(old: Files) -> None:
    kinds = Counter(unit["kind"] for unit in old.units.values())
    # Seven places (an island without communes is one), one merger, one upper secondary school, three centres.
    assert (kinds["district_office"], kinds["commune"]) == (3, 0)
    assert (kinds["school"], kinds["centre"]) == (7 * 3 - 1 + 1, 3)
    merged = [unit["name"] for unit in old.units.values() if unit["levels"] == "primary;lower_secondary"]
    assert merged == ["Trường TH và THCS Sở Dầu"]
    upper = [unit["name"] for unit in old.units.values() if "upper_secondary" in unit["levels"]]
    assert upper == ["Trường THCS và THPT Cầu Tre", "Trường THPT Thái Phiên"]
    assert old.sheets["school_years"] == [
        {"code": "2024-2025", "starts_on": "05/09/2024", "closes_on": "15/08/2025"}
    ]


def test_communes_are_offices_and_the_merged_province_has_all_upper_secondary_schools(
    lists: Path, tmp_path: Path
) -> None:
    files = make(lists / "communes.csv", tmp_path, "--as-of", "2025-07-01")
    kinds = Counter(unit["kind"] for unit in files.units.values())
    assert (kinds["district_office"], kinds["commune"]) == (0, 3)
    names = {unit["name"] for unit in files.units.values()}
    assert {"UBND Đặc khu Cát Hải", "Trường THPT Thái Phiên", "Trường THPT Hồng Quang"} <= names
    # What a commune hands down begins with the school year 2025-2026, never before it existed.
    assert [row["code"] for row in files.sheets["school_years"]] == ["2025-2026"]
    check_rules(files)
    check_custody(files)


def test_the_same_seed_gives_the_same_bytes(lists: Path, old: Files, tmp_path: Path) -> None:
    again = make(lists / "districts.csv", tmp_path / "again", "--as-of", "2024-10-15")
    other = make(lists / "districts.csv", tmp_path / "other", "--as-of", "2024-10-15", "--seed", "7")
    for sheet in old.sheets:
        first, second = (each.directory / f"{sheet}.csv" for each in (old, again))
        assert first.read_bytes() == second.read_bytes()
    assert old.sheets["persons"] != other.sheets["persons"]
    check_rules(other)


def test_scale_copies_the_schools_and_nothing_else(lists: Path, old: Files, tmp_path: Path) -> None:
    double = make(lists / "districts.csv", tmp_path, "--as-of", "2024-10-15", "--scale", "2")
    one, two = (Counter(unit["kind"] for unit in each.units.values()) for each in (old, double))
    schools = {"school", "centre"}
    assert {kind: two[kind] for kind in two} == {kind: one[kind] * (1 + (kind in schools)) for kind in one}
    names = [unit["name"] for unit in double.units.values() if unit["kind"] in schools]
    assert len(set(names)) == len(names)
    check_rules(double)
    check_custody(double)


def test_a_workbook_has_the_same_rows(lists: Path, old: Files, tmp_path: Path) -> None:
    options = ("--as-of", "2024-10-15", "--communes", "1", "--format")
    plain = make(lists / "districts.csv", tmp_path / "csv", *options, "csv")
    make(lists / "districts.csv", tmp_path / "xlsx", *options, "xlsx")
    book = CalamineWorkbook.from_path(tmp_path / "xlsx" / "province.xlsx")
    assert set(book.sheet_names) == set(plain.sheets)
    for sheet, rows in plain.sheets.items():
        header, *cells = book.get_sheet_by_name(sheet).to_python()
        width = len(header)
        assert header == plain.headers[sheet]
        assert [[*row, *[""] * (width - len(row))] for row in cells] == [list(row.values()) for row in rows]
    assert len(plain.units) < len(old.units)


@pytest.mark.parametrize(
    ("units", "province", "as_of", "status", "message"),
    [
        ("districts.csv", "31", "2025-07-01", 1, "`districts.csv` lists districts"),
        ("communes.csv", "31", "2025-06-30", 1, "`communes.csv` lists no districts"),
        ("communes.csv", "99", "2026-10-15", 1, "has no province `99`"),
        ("upper_secondary_schools.csv", "31", "2026-10-15", 1, "is no list of administrative units"),
        ("missing.csv", "31", "2026-10-15", 1, "`missing.csv` cannot be read"),
        ("communes.csv", "31", "31/02/2026", 2, "`31/02/2026` is no day"),
    ],
)
def test_what_cannot_be_given_is_refused(
    lists: Path, tmp_path: Path, units: str, province: str, as_of: str, status: int, message: str
) -> None:
    done = run(lists / units, tmp_path / "out", "--as-of", as_of, province=province)
    assert done.returncode == status
    assert message in done.stderr
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("units", "as_of"),
    [("administrative_units_2025-03.csv", "2024-10-15"), ("administrative_units_2026-07.csv", "2026-10-15")],
)
def test_the_lists_of_the_project_give_a_province(units: str, as_of: str, tmp_path: Path) -> None:
    if not (SHARED / units).exists():
        pytest.skip(f"{SHARED / units} is not here: the real lists of administrative units were NOT tried")
    files = make(SHARED / units, tmp_path, "--as-of", as_of, "--communes", "3")
    assert len(files.units) > 3 * 3
    check_rules(files)
    check_custody(files)


def test_the_commands_of_the_page_give_a_province_of_this_year_and_name_what_they_keep(tmp_path: Path) -> None:
    if not (SHARED / "administrative_units_2026-07.csv").exists():
        pytest.skip(f"{SHARED} is not here: the commands of docs/import.md were NOT tried")
    page = (ROOT / "docs" / "import.md").read_text(encoding="utf-8")
    block = page.split("## A synthetic province\n")[1].split("```")[1].replace("\\\n", " ")
    made, begun, taken = [shlex.split(line) for line in block.strip().splitlines()]
    env = {
        **os.environ,
        "PYTHONPATH": str(ROOT / "src"),
        "ACCESS_SERVICE_DATABASE_URL": f"sqlite:///{tmp_path}/province.db",
        "ACCESS_SERVICE_KEYS_DIR": str(tmp_path / "keys"),
    }
    made[made.index("--units") + 1] = str(SHARED / Path(made[made.index("--units") + 1]).name)
    # One commune of it: the whole is measured by the benchmarks.
    province = [sys.executable, str(ROOT / made[0]), *made[1:], "--communes", "1"]
    subprocess.run(province, cwd=tmp_path, env=env, check=True)
    assert "2026-2027" in (tmp_path / "build/hai-phong/school_years.csv").read_text(encoding="utf-8")
    for command in (begun, taken):
        program = [sys.executable, "-m", "access_service", *command[1:]]
        done = subprocess.run(program, cwd=tmp_path, env=env, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
    kept = next(line for line in done.stdout.splitlines() if line.startswith("Giữ nguyên"))
    assert {"units 1", "persons 2"} <= set(kept.partition(": ")[2].split(", "))
