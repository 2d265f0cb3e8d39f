"""Every bad row is named, with its place and what to do about it; the rules are those of every other door."""

import pytest

from access_service.domain.accounts import Suspension
from usecases.import_world import (
    LONG_AGO,
    REGISTER,
    ROOT,
    Rows,
    create_register,
    example,
    faults_of,
    open_services,
    take,
    write,
)

SCHOOL, PRINCIPAL = "3111305001", "000000000003"


@pytest.fixture
def services(tmp_path):
    opened = open_services(tmp_path)
    create_register(opened)
    yield opened
    opened.db.close()


def change(sheet: str, row: int, **cells: str):
    def bend(rows: Rows) -> None:
        assert cells.keys() <= rows[sheet][row].keys()
        rows[sheet][row].update(cells)

    return bend


def again(sheet: str, row: int, **cells: str):
    def bend(rows: Rows) -> None:
        rows[sheet].append({**rows[sheet][row], **cells})

    return bend


def drop(sheet: str, row: int):
    def bend(rows: Rows) -> None:
        del rows[sheet][row]

    return bend


CLASS_GRANT = {"school_year": "2024-2025", "classes": "6A1"}

BAD_ROWS = {
    "unknown kind": (change("units", 1, kind="palace"), "units.csv:3", "unknown kind `palace`"),
    "unknown level": (change("units", 1, levels="tertiary"), "units.csv:3", "unknown levels `tertiary`"),
    "levels of a department": (change("units", 0, levels="primary"), "units.csv:2", "no education levels"),
    "unit without a name": (change("units", 1, name=" "), "units.csv:3", "`name` is empty"),
    "unit without a manager": (drop("edges", 0), "units.csv:3", "nobody manages"),
    "colon in a unit": (again("units", 1, code="a:b"), "units.csv:4", "is no code"),
    "unreadable day": (change("units", 1, valid_from="2016-01-01"), "units.csv:3", "is no day"),
    "a day that is none": (change("units", 1, valid_from="30/02/2016"), "units.csv:3", "is no day"),
    "no day": (change("units", 1, valid_from=""), "units.csv:3", "`valid_from` is empty"),
    "days reversed": (change("units", 1, valid_to="01/01/2015"), "units.csv:3", "is not after"),
    "the same unit twice": (again("units", 1), "units.csv:4", "stands in row 3 too"),
    "unknown manager": (change("edges", 0, manager="99"), "edges.csv:2", "no unit `99`"),
    "own manager": (change("edges", 0, manager=SCHOOL), "edges.csv:2", "cannot manage itself"),
    "two managers": (again("edges", 0), "edges.csv:3", "already has a direct manager"),
    "a manager of the root": (
        again("edges", 0, unit=ROOT, manager=SCHOOL),
        "edges.csv:3",
        "nobody manages the root",
    ),
    "year reversed": (
        change("school_years", 0, closes_on="01/09/2024"),
        "school_years.csv:2",
        "after it starts",
    ),
    "unknown year": (change("classes", 0, school_year="2030"), "classes.csv:2", "no school year `2030`"),
    "the same class twice": (again("classes", 0), "classes.csv:3", "stands in row 2 too"),
    "colon in a class": (change("classes", 0, code="6:A"), "classes.csv:2", "colon"),
    "a level not taught": (change("classes", 0, level="primary"), "classes.csv:2", "does not teach"),
    "the same person twice": (again("persons", 0), "persons.csv:5", "stands in row 2 too"),
    "an invisible character": (change("persons", 0, name="Mẫu\u200b"), "persons.csv:2", "invisible"),
    "a service account": (change("accounts", 2, kind="service"), "accounts.csv:4", "unknown kind `service`"),
    "username taken": (change("accounts", 2, username="qt.31"), "accounts.csv:4", "is taken"),
    "two admin accounts": (again("accounts", 0, code="x", username="x"), "accounts.csv:5", "has its admin account"),
    "two use accounts": (
        again("accounts", 2, code="x", username="x"),
        "accounts.csv:5",
        "the person has an account",
    ),
    "an admin account's person": (change("accounts", 0, person=PRINCIPAL), "accounts.csv:2", "not a person's"),
    "issued tomorrow": (change("accounts", 2, issued_on="16/10/2024"), "accounts.csv:4", "lies in the future"),
    "no hash": (change("accounts", 2, activation_code_sha256="ab"), "accounts.csv:4", "is no SHA-256"),
    "issued elsewhere": (
        again("accounts", 2, code="x", username="x", person="000000000001", unit=SCHOOL),
        "accounts.csv:5",
        "has no duty in",
    ),
    "unknown position": (change("assignments", 2, position="king"), "assignments.csv:4", "unknown position `king`"),
    "position elsewhere": (change("assignments", 2, position="director"), "assignments.csv:4", "no position"),
    "unknown class": (
        change("assignments", 2, school_year="2024-2025", classes="9Z"),
        "assignments.csv:4",
        "no class `9Z`",
    ),
    "classes without a year": (
        change("assignments", 2, classes="6A1"),
        "assignments.csv:4",
        "without `school_year`",
    ),
    "colon without a subject": (
        change("assignments", 2, school_year="2024-2025", classes="6A1:"),
        "assignments.csv:4",
        "is no class and subject",
    ),
    "substitute for nobody": (change("assignments", 2, substitutes="PC-9"), "assignments.csv:4", "no assignment"),
    "substitute for oneself": (change("assignments", 2, substitutes="PC-3"), "assignments.csv:4", "no assignment"),
    "two heads": (
        again("assignments", 2, code="x", person="000000000002"),
        "assignments.csv:5",
        "that duty then",
    ),
    "authority without a parent": (change("authorities", 1, parent=""), "authorities.csv:3", "`parent` is empty"),
    "authorities in a circle": (
        change("authorities", 1, parent=f"TQ-{SCHOOL}"),
        "authorities.csv:3",
        "do not end at the root's",
    ),
    "unknown category": (change("authorities", 1, categories="X"), "authorities.csv:3", "unknown categories `X`"),
    "wider than its parent": (change("authorities", 0, levels="primary"), "authorities.csv:3", "in its levels"),
    "no such kind of paper": (change("documents", 2, kind="letter"), "documents.csv:4", "unknown kind `letter`"),
    "giver is receiver": (
        change("documents", 2, giver_signer=PRINCIPAL),
        "documents.csv:4",
        "giver and receiver are the same",
    ),
    "signed by nobody's leader": (
        change("documents", 2, giver_signer="000000000002"),
        "documents.csv:4",
        "only the unit's leadership signs",
    ),
    "signed before the appointment": (
        change("assignments", 0, valid_from="21/08/2024"),
        "documents.csv:4",
        "only the unit's leadership signs",
    ),
    "capacity not held": (change("documents", 2, giver_capacity="KT."), "documents.csv:4", "no such capacity"),
    "capacity not allowed": (
        change("documents", 2, giver_capacity="TL."),
        "documents.csv:4",
        "unknown giver_capacity",
    ),
    "signed tomorrow": (change("documents", 2, giver_signed_on="16/10/2024"), "documents.csv:4", "in the future"),
    "commitment with a giver": (change("documents", 3, giver_signer=PRINCIPAL), "documents.csv:5", "has no giver"),
    "unknown text": (change("documents", 3, text_version="7"), "documents.csv:5", "unknown text_version `7`"),
    "text not yet in force": (
        change("documents", 3, receiver_signed_on="01/01/2022"),
        "documents.csv:5",
        "in force",
    ),
    "no scan": (change("documents", 3, sha256=""), "documents.csv:5", "is no SHA-256"),
    "custody by other paper": (change("custodies", 1, document="BB-03"), "custodies.csv:3", "not custody_minutes"),
    "custody before it was signed": (
        change("custodies", 1, valid_from="09/07/2024"),
        "custodies.csv:3",
        "before its",
    ),
    "custody of a stranger": (change("custodies", 1, person="000000000002"), "custodies.csv:3", "no duty in"),
    "custody from the unit itself": (change("documents", 1, unit=SCHOOL), "documents.csv:3", "leadership"),
    "two custodians": (again("custodies", 1, code="x"), "custodies.csv:4", "at the same time"),
    "no custodian": (drop("custodies", 0), "grants.csv:2", "nobody operates the admin account of `31`"),
    "unknown role": (change("grants", 0, role="emperor"), "grants.csv:2", "unknown role `emperor`"),
    "a role for others": (change("grants", 0, role="clerk"), "grants.csv:2", "does not hand `clerk`"),
    "an admin account's grant": (change("grants", 0, account="QT-31"), "grants.csv:2", "is no use account"),
    "another's authority": (
        change("grants", 0, authority=f"TQ-{SCHOOL}"),
        "grants.csv:2",
        "is not the authority of",
    ),
    "a head by their own office": (
        change("grants", 0, unit=SCHOOL, authority=f"TQ-{SCHOOL}"),
        "grants.csv:2",
        "receives from its direct manager",
    ),
    "wider than the authority": (change("authorities", 0, categories="STA"), "grants.csv:2", "in its categories"),
    "beyond the duty": (change("assignments", 2, valid_to="01/08/2025"), "grants.csv:2", "assignment's dates"),
    "a whole department's data": (
        change("grants", 0, scope_unit=""),
        "grants.csv:2",
        "does not cover the grant's unit",
    ),
    "too long": (change("grants", 0, valid_to="15/08/2027"), "grants.csv:2", "lasts at most 366 days"),
    "past the school year": (
        change("grants", 0, valid_to="16/08/2025", **CLASS_GRANT),
        "grants.csv:2",
        "closes first",
    ),
    "without minutes": (change("grants", 0, document=""), "grants.csv:2", "`document` is empty"),
    "by other paper": (change("grants", 0, document="BB-02"), "grants.csv:2", "not handover_minutes"),
    "by somebody else's paper": (
        change("documents", 2, receiver="000000000002"),
        "grants.csv:2",
        "another receiver",
    ),
    "without a commitment": (drop("documents", 3), "grants.csv:2", "has made no commitment to `31`"),
    "paper before the decision": (
        change("assignments", 2, decision_date="21/08/2024", valid_from="21/08/2024"),
        "grants.csv:2",
        "before the decision on the duty",
    ),
}


@pytest.mark.parametrize("name", BAD_ROWS)
def test_a_bad_row_is_named(services, tmp_path, name):
    bend, place, message = BAD_ROWS[name]
    rows = example()
    bend(rows)
    found = faults_of(services, write(tmp_path / "files", rows))

    assert [f for f in found if f.place == place and message in f.message], list(map(str, found))
    assert all(f.hint for f in found), found


def test_all_bad_rows_are_named_at_once_in_order_and_no_row_twice_for_another(services, tmp_path):
    rows = example()
    rows["grants"][0]["role"] = "emperor"
    rows["persons"][2]["code"] = ""
    rows["units"][1]["kind"] = "palace"

    found = faults_of(services, write(tmp_path / "files", rows))

    assert [f.place for f in found][:2] == ["units.csv:3", "persons.csv:4"]
    assert "grants.csv:2" in [f.place for f in found]
    assert not [f for f in found if f"no unit `{SCHOOL}`" in f.message], "it is there, and wrong"


def test_a_thousand_faults_are_listed_and_the_rest_counted_aloud(services, tmp_path):
    rows = example()
    rows["persons"] += [{"code": f"000{n:09}", "name": ""} for n in range(100, 1_700)]

    found = faults_of(services, write(tmp_path / "files", rows))

    assert len(found) == 1_001
    assert found[-1].message == "600 more faults are not listed"


def test_a_circle_of_managers_is_named_and_checking_goes_on(services, tmp_path):
    rows = example()
    rows["units"] += [{**rows["units"][1], "code": code} for code in ("a", "b")]
    rows["edges"] += [
        {**rows["edges"][0], "unit": "a", "manager": "b"},
        {**rows["edges"][0], "unit": "b", "manager": "a"},
    ]
    rows["grants"][0]["role"] = "emperor"

    found = faults_of(services, write(tmp_path / "files", rows))

    assert {f.place for f in found} == {"edges.csv:3", "edges.csv:4", "grants.csv:2"}


def test_a_suspended_office_hands_nothing_down(services, tmp_path):
    with services.db.write(REGISTER, "operator") as tx:
        tx.put(Suspension("s1", "unit", ROOT, ROOT, "sự cố", LONG_AGO))
        tx.happened("unit.suspend", ROOT)

    found = faults_of(services, write(tmp_path / "files", example()))

    assert "grants.csv:2" in {f.place for f in found if "suspended" in f.message}


def test_a_custody_in_the_register_stands_in_the_way(services, tmp_path):
    rows = example()
    take(services, write(tmp_path / "first", rows))
    later = {**rows["custodies"][1], "code": "x", "valid_from": "01/09/2024"}

    found = faults_of(services, write(tmp_path / "second", {"custodies": [later]}))

    assert [(f.place, "at the same time" in f.message) for f in found] == [("custodies.csv:2", True)]


PRINCIPALS_ACCOUNT = 2


def second_teacher(rows: Rows) -> None:
    """Two classes, their homeroom teacher of the first, and a deputy of the school."""
    rows["classes"].append({**rows["classes"][0], "code": "6A2", "name": "Lớp 6A2"})
    rows["persons"] += [{"code": f"00000000000{n}", "name": f"Người Mẫu {n}"} for n in (7, 8)]
    duty = {**rows["assignments"][2], "person": "000000000007", "code": "PC-7", "position": "homeroom"}
    rows["assignments"].append({**duty, "school_year": "2024-2025", "classes": "6A1", "valid_from": "05/09/2024"})


def substitute(rows: Rows, **cells: str) -> None:
    second_teacher(rows)
    duty = rows["assignments"][3]
    stands_in = {"code": "PC-8", "person": "000000000008", "substitutes": "PC-7", "valid_from": "01/10/2024"}
    rows["assignments"].append({**duty, **stands_in, "valid_to": "01/11/2024", **cells})


B_OF_IMPORTS = {
    "a substitute takes another class until 2030": (
        lambda rows: substitute(rows, classes="6A2"),
        "assignments.csv:6",
        "takes the duty it cites, and no more",
    ),
    "a substitute who becomes second principal": (
        lambda rows: substitute(rows, position="principal", classes="", school_year="", substitutes="PC-7"),
        "assignments.csv:6",
        "takes the duty it cites, and no more",
    ),
    "a substitution without an end": (
        lambda rows: substitute(rows, valid_to=""),
        "assignments.csv:6",
        "has an end",
    ),
    "a principal's account issued by the own school": (
        change("accounts", PRINCIPALS_ACCOUNT, unit=SCHOOL),
        "accounts.csv:4",
        "`31` issues the account",
    ),
    "a code with a slash": (change("documents", 2, code="03/BB-SGDĐT"), "documents.csv:4", "is no code"),
    "a username of 300 characters": (
        change("accounts", 2, username="x" * 300),
        "accounts.csv:4",
        "is longer than 128 characters",
    ),
    "a username with a Cyrillic letter": (
        change("accounts", 2, username="сbql.11"),
        "accounts.csv:4",
        "`username` is no username",
    ),
    "a username in full width": (change("accounts", 2, username="ｃｂｑｌ"), "accounts.csv:4", "is no username"),
    "a username with a soft hyphen": (change("accounts", 2, username="cb\u00adql"), "accounts.csv:4", "invisible"),
    "a username that is another's in capitals": (
        lambda rows: rows["accounts"][2].update(username=rows["accounts"][1]["username"].upper()),
        "accounts.csv:4",
        "is taken",
    ),
    "a username that looks like another's": (
        lambda rows: (rows["accounts"][1].update(username="qt.01"), rows["accounts"][2].update(username="qt.0l")),
        "accounts.csv:4",
        "looks like one that is taken",
    ),
    "a decision number with an Icelandic letter": (
        change("assignments", 0, decision_number="12/QÐ"),
        "assignments.csv:2",
        "`decision_number` holds letters or signs other than Vietnamese and ASCII",
    ),
    "a paper's number with an en dash": (
        change("documents", 0, number="12–QĐ"),
        "documents.csv:2",
        "`number` holds",
    ),
    "a class that differs in capitals alone": (
        again("classes", 0, code="6a1"),
        "classes.csv:3",
        "but for capital letters",
    ),
    "a name that turns the writing round": (change("persons", 0, name="Mẫu\u202e"), "persons.csv:2", "invisible"),
    "a class code with a semicolon": (change("classes", 0, code="6;A"), "classes.csv:2", "colon or a semicolon"),
    "a decision younger than its duty": (
        change("assignments", 2, decision_date="02/03/2023"),
        "assignments.csv:4",
        "younger than the duty",
    ),
    "a school year that runs backwards": (
        change("school_years", 0, code="2025-2024"),
        "school_years.csv:2",
        "two years that follow each other",
    ),
    "a school year that closes in another year": (
        change("school_years", 0, closes_on="15/08/2030"),
        "school_years.csv:2",
        "closes in 2025",
    ),
    "overlapping school years": (
        again("school_years", 0, code="2025-2026", starts_on="01/08/2025", closes_on="15/08/2026"),
        "school_years.csv:3",
        "overlaps the school year 2024-2025",
    ),
    "a subject in words": (
        change("assignments", 2, subjects="Toán"),
        "assignments.csv:4",
        "is no subject code",
    ),
    **{
        f"grade {grade} in a lower secondary school": (
            change("classes", 0, grade=grade),
            "classes.csv:2",
            f"no grade `{grade}`",
        )
        for grade in ("6.0", "06", "six", "Khối 6", "10")
    },
}


@pytest.mark.parametrize("name", B_OF_IMPORTS)
def test_an_import_refuses_what_an_act_refuses(services, tmp_path, name):
    bend, place, message = B_OF_IMPORTS[name]
    rows = example()
    bend(rows)
    found = faults_of(services, write(tmp_path / "files", rows))

    assert [f for f in found if f.place == place and message in f.message], list(map(str, found))


def test_a_substitute_for_the_same_class_within_the_absence_is_taken(services, tmp_path):
    rows = example()
    substitute(rows)
    assert take(services, write(tmp_path / "files", rows), dry_run=True).counts["assignments"] == 5


def test_the_heads_right_is_never_the_own_schools_though_the_deputy_signs(services, tmp_path):
    """Under another duty of the head in that school, signed KT. by the deputy."""
    rows = example()
    deputy = "000000000008"
    rows["persons"].append({"code": deputy, "name": "Người Mẫu"})
    duties = rows["assignments"]
    duties.append({**duties[2], "code": "PC-4", "person": deputy, "position": "vice_principal"})
    duties.append({**duties[2], "code": "PC-5", "position": "clerk"})
    rows["documents"].append(
        {
            **rows["documents"][2],
            "code": "BB-04",
            "unit": SCHOOL,
            "giver_signer": deputy,
            "giver_capacity": "KT.",
        }
    )
    rows["documents"].append({**rows["documents"][3], "code": "CK-02", "unit": SCHOOL})
    rows["grants"].append(
        {
            **rows["grants"][0],
            "code": "Q-2",
            "role": "clerk",
            "unit": SCHOOL,
            "scope_unit": "",
            "authority": f"TQ-{SCHOOL}",
            "assignment": "PC-5",
            "document": "BB-04",
        }
    )
    found = faults_of(services, write(tmp_path / "files", rows))
    assert [(f.place, "receives from its direct manager" in f.message) for f in found] == [("grants.csv:3", True)]


def test_an_account_issued_before_its_holder_became_head_stays_the_schools(services, tmp_path):
    rows = example()
    duties = rows["assignments"]
    duties.append(
        {
            **duties[2],
            "code": "PC-0",
            "position": "clerk",
            "decision_date": "01/03/2020",
            "valid_from": "01/03/2020",
            "valid_to": "01/03/2023",
        }
    )
    rows["accounts"][PRINCIPALS_ACCOUNT] |= {"unit": SCHOOL, "issued_on": "01/04/2020"}
    take(services, write(tmp_path / "files", rows), dry_run=True)
