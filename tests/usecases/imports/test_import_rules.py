"""What a file brings in stands as an act would have left it: duties, accounts, whose they are, ends, packs."""

import json
from dataclasses import replace
from datetime import date

import pytest

from access_service.cli.explanation import write_explanation
from access_service.domain.access import AccessRequest
from access_service.domain.accounts import Account, Home, answers_for, home_of, responsible_units
from access_service.domain.delegation import LEADERS, Grant
from access_service.domain.documents import Document
from access_service.domain.names import AccountId, HomeHow, UnitId
from access_service.domain.org import Assignment
from access_service.domain.policy import PackBinding
from access_service.domain.time import start_of_day
from access_service.engine.packs.load import read_pack_files
from access_service.live.decision_point import DecisionPoint
from access_service.rendering.matrix_columns import PERSON_COLUMNS
from access_service.storage.policy import store_pack
from access_service.usecases.evidence.explain import explain
from access_service.usecases.evidence.matrix import read_matrix
from access_service.usecases.services import ReadView
from usecases.import_world import (
    LONG_AGO,
    PROJECT,
    REGISTER,
    ROOT,
    Rows,
    create_register,
    example,
    faults_of,
    found,
    open_services,
    take,
    write,
)

SCHOOL, NURSERY, PRINCIPAL = "3111305001", "3111305002", "000000000003"
GROUP = "mẫu giáo 5-6 tuổi"


@pytest.fixture
def services(tmp_path):
    opened = open_services(tmp_path)
    create_register(opened)
    yield opened
    opened.db.close()


def view(services, reader) -> ReadView:
    return ReadView(reader, None, services.db.now_in(reader.connection, REGISTER))


def nursery(*leads: str) -> Rows:
    """A preschool with one group, and a teacher of that group for each word of the column `leads`."""
    rows = example()
    rows["units"].append({**rows["units"][1], "code": NURSERY, "name": "Trường Mầm non Mẫu", "levels": "preschool"})
    rows["edges"].append({**rows["edges"][0], "unit": NURSERY})
    group = {"school": NURSERY, "code": "L1", "name": "Lá 1", "level": "preschool", "grade": GROUP}
    rows["classes"].append({**rows["classes"][0], **group})
    for number, word in enumerate(leads, start=7):
        person = f"00000000000{number}"
        rows["persons"].append({"code": person, "name": f"Người Mẫu {number}"})
        duty = {"code": f"PC-{number}", "person": person, "unit": NURSERY, "position": "homeroom", "leads": word}
        about = {"school_year": "2024-2025", "classes": "L1", "valid_from": "05/09/2024"}
        rows["assignments"].append({**rows["assignments"][2], **duty, **about})
    return rows


# -- J: several teachers of a preschool group


def test_a_preschool_group_comes_with_several_teachers_of_whom_one_leads(services, tmp_path):
    take(services, write(tmp_path / "files", nursery("yes", "", "no")))
    with services.db.read(REGISTER) as reader:
        assert [d.leads for d in reader.find(Assignment, unit=NURSERY)] == [True, None, False]


def test_two_of_a_file_never_lead_one_group(services, tmp_path):
    found_ = faults_of(services, write(tmp_path / "files", nursery("yes", "yes")))
    place = "assignments.csv:6"
    assert [(f.place, "somebody holds that duty then" in f.message) for f in found_] == [(place, True)]


def test_nobody_leads_a_class_of_a_level_with_one_teacher(services, tmp_path):
    rows = nursery()
    about = {"code": "PC-9", "person": "000000000002", "position": "homeroom", "leads": "yes"}
    when = {"school_year": "2024-2025", "classes": "6A1", "valid_from": "05/09/2024"}
    rows["assignments"].append({**rows["assignments"][2], **about, **when})
    found_ = faults_of(services, write(tmp_path / "files", rows))
    assert [(f.place, "nobody leads such a class" in f.message) for f in found_] == [("assignments.csv:5", True)]


def test_whether_somebody_leads_is_said_by_yes_or_not_at_all(services, tmp_path):
    found_ = faults_of(services, write(tmp_path / "files", nursery("x")))
    assert [(f.place, f.message, f.hint) for f in found_] == [
        ("assignments.csv:5", "unknown leads `x`", "write `yes`, or leave it empty")
    ]


def test_the_sheet_and_the_explanation_call_them_as_their_level_does(services, tmp_path):
    rows = nursery("yes")
    teacher, account = "000000000007", "TK-7"
    rows["persons"].append({"code": "000000000009", "name": "Người Mẫu 9"})
    head = {"code": "PC-9", "person": "000000000009", "unit": NURSERY}
    rows["assignments"].append({**rows["assignments"][2], **head})
    rows["accounts"] += [
        {**rows["accounts"][1], "code": "QT-N", "username": "qt.n", "unit": NURSERY},
        {**rows["accounts"][2], "code": account, "username": "gv.7", "person": teacher, "unit": NURSERY},
    ]
    mine = {"code": "TQ-N", "unit": NURSERY, "levels": "preschool"}
    rows["authorities"].append({**rows["authorities"][1], **mine})
    papers = rows["documents"]
    papers.append({**papers[1], "code": "BB-N", "receiver": "000000000009"})
    given = {"unit": NURSERY, "receiver": teacher, "giver_signer": "000000000009"}
    signed = {"dated": "06/09/2024", "giver_signed_on": "06/09/2024", "receiver_signed_on": "06/09/2024"}
    papers.append({**papers[2], **given, **signed, "code": "BB-7"})
    papers.append({**papers[3], "code": "CK-7", "unit": NURSERY, "receiver": teacher})
    rows["custodies"].append(
        {**rows["custodies"][1], "code": "QL-N", "unit": NURSERY, "person": "000000000009", "document": "BB-N"}
    )
    grant = {"code": "Q-7", "account": account, "role": "homeroom_teacher", "unit": NURSERY, "scope_unit": ""}
    about = {"authority": "TQ-N", "assignment": "PC-7", "document": "BB-7", "levels": "", "valid_to": ""}
    when = {"school_year": "2024-2025", "classes": "L1", "valid_from": "06/09/2024"}
    rows["grants"].append({**rows["grants"][0], **grant, **about, **when})
    take(services, write(tmp_path / "files", rows))

    called = "Giáo viên phụ trách nhóm, lớp"
    with services.db.write(REGISTER, "operator") as tx:
        tx.put(replace(tx.require(Account, account), activated_at=tx.now))
        tx.happened("account.activate", account)
    with read_matrix(services.db, REGISTER, UnitId(NURSERY)) as matrix:
        [row] = [row for row in matrix.rows if row.grant == "Q-7"]
    assert {c.heading: c.text(row) for c in PERSON_COLUMNS}["Chức vụ, nhiệm vụ"] == called
    asked = AccessRequest(AccountId(account), "read", "class", f"{NURSERY}:2024-2025:L1", category="STU-ID")
    text = "\n".join(write_explanation(explain(DecisionPoint(services.db), REGISTER, asked)))
    assert f"Căn cứ phân công: {called}, quyết định 04/QĐ-SGDĐT" in text


# -- B: accounts and persons


def test_two_persons_of_a_file_never_have_one_number(services, tmp_path):
    rows = example()
    rows["persons"].append({"code": PRINCIPAL, "name": "Người Khác"})
    found_ = faults_of(services, write(tmp_path / "files", rows))
    assert [(f.place, f.message) for f in found_] == [("persons.csv:5", f"`{PRINCIPAL}` stands in row 4 too")]


def test_the_number_of_somebody_whom_init_entered_is_nobody_elses(tmp_path):
    services = open_services(tmp_path)
    found(services, director="000000000001", decided=date(2023, 3, 1))
    rows = {"persons": [{"code": "000000000001", "name": "Người Khác"}]}
    found_ = faults_of(services, write(tmp_path / "files", rows))
    assert [(f.place, "is somebody else's number" in f.message) for f in found_] == [("persons.csv:2", True)]
    services.db.close()


def test_a_person_with_an_account_in_the_register_gets_no_second_one_from_a_file(services, tmp_path):
    rows = example()
    take(services, write(tmp_path / "first", rows))
    second = {**rows["accounts"][2], "code": "x", "username": "x"}
    found_ = faults_of(services, write(tmp_path / "second", {"accounts": [second]}))
    assert [(f.place, f.message) for f in found_] == [("accounts.csv:2", "the person has an account")]


def test_a_unit_with_an_admin_account_in_the_register_gets_no_second_one_from_a_file(services, tmp_path):
    rows = example()
    take(services, write(tmp_path / "first", rows))
    second = {**rows["accounts"][1], "code": "x", "username": "x"}
    found_ = faults_of(services, write(tmp_path / "second", {"accounts": [second]}))
    assert [(f.place, f.message) for f in found_] == [("accounts.csv:2", f"`{SCHOOL}` has its admin account")]


def test_a_site_of_a_school_has_no_admin_account_by_a_file_either(services, tmp_path):
    rows = example()
    rows["units"].append({**rows["units"][1], "code": "s1", "kind": "site"})
    rows["edges"].append({**rows["edges"][0], "unit": "s1", "manager": SCHOOL})
    rows["accounts"].append({**rows["accounts"][0], "code": "x", "username": "x", "unit": "s1"})
    found_ = faults_of(services, write(tmp_path / "files", rows))
    assert [(f.place, "has no admin account" in f.message) for f in found_] == [("accounts.csv:5", True)]


def test_whose_an_imported_account_is_stands_written_as_an_act_writes_it(services, tmp_path):
    """(A2) The head's is the school's that they lead, though the manager issued it; who still answers too."""
    rows = example()
    teacher = "000000000007"
    rows["persons"].append({"code": teacher, "name": "Người Mẫu"})
    rows["assignments"].append({**rows["assignments"][2], "code": "PC-7", "person": teacher, "position": "clerk"})
    own = {"code": "TK-7", "username": "nv.7", "person": teacher, "unit": SCHOOL}
    rows["accounts"].append({**rows["accounts"][2], **own})
    take(services, write(tmp_path / "files", rows))
    with services.db.read(REGISTER) as reader:
        ground = view(services, reader).ground
        homes = reader.find(Home)
        assert {(h.account, h.unit, h.how) for h in homes} == {
            (f"TK-{PRINCIPAL}", SCHOOL, HomeHow.ISSUE),
            ("TK-7", SCHOOL, HomeHow.ISSUE),
        }
        for home in homes:
            account = reader.require(Account, home.account)
            assert home.valid_from == account.valid_from
            assert (home_of(ground, account), answers_for(ground, account)) == (SCHOOL, SCHOOL)
        head = reader.require(Account, f"TK-{PRINCIPAL}")
        assert responsible_units(ground, head, LEADERS) == (SCHOOL, ROOT)


# -- B: ends


def test_an_imported_grant_without_an_end_gets_the_latest_that_is_allowed_and_its_paper_says_so(services, tmp_path):
    rows = example()
    rows["grants"][0]["valid_to"] = ""
    take(services, write(tmp_path / "files", rows))
    end = start_of_day(date(2025, 9, 6))  # 366 days: the pack's `grant_days_max`
    with services.db.read(REGISTER) as reader:
        [grant] = reader.find(Grant)
        [line] = json.loads(reader.require(Document, grant.document).content)["lines"]
    assert (grant.valid_to, line["valid_to"]) == (end, f"{end:%Y-%m-%dT%H:%M:%S.%fZ}")


@pytest.mark.parametrize("sheet", ["assignments", "authorities"])
def test_the_latest_end_lies_within_the_duty_and_the_authority(services, tmp_path, sheet):
    rows = example()
    rows["grants"][0]["valid_to"] = ""
    rows[sheet][2 if sheet == "assignments" else 0]["valid_to"] = "01/06/2025"
    rows["authorities"][1]["valid_to"] = "01/06/2025"
    take(services, write(tmp_path / "files", rows))
    with services.db.read(REGISTER) as reader:
        assert [g.valid_to for g in reader.find(Grant)] == [start_of_day(date(2025, 6, 1))]


# -- each unit's own pack


def test_a_row_is_judged_by_the_pack_of_its_own_unit_and_not_by_the_roots(services, tmp_path):
    rows = example()
    division = {"kind": "division", "levels": "", "name": "Phòng Mẫu"}
    rows["units"] += [{**rows["units"][1], **division, "code": code} for code in ("P1", "P2")]
    rows["edges"] += [{**rows["edges"][0], "unit": code} for code in ("P1", "P2")]
    take(services, write(tmp_path / "first", rows))
    with services.db.write(REGISTER, "operator") as tx:
        tables = store_pack(tx.connection, read_pack_files(PROJECT / "policy", "hai-duong", PROJECT / "models"))
        tx.put(PackBinding("b2", "P1", "hai-duong", tables.pack.digest, LONG_AGO))
        tx.happened("policy.bind", "P1")
    duty = {**rows["assignments"][1], "position": "data_approver"}
    later = {
        # What lies below it in the files follows it too.
        "units": [{**rows["units"][1], **division, "code": "P3"}],
        "edges": [{**rows["edges"][0], "unit": "P3", "manager": "P1"}],
        "assignments": [{**duty, "code": f"PC-{unit}", "unit": unit} for unit in ("P1", "P2", "P3")],
    }
    found_ = faults_of(services, write(tmp_path / "second", later))
    assert [(f.place, f.message) for f in found_] == [("assignments.csv:3", "unknown position `data_approver`")]
