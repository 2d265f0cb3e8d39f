"""A whole office from files: taken whole or not at all, with the evidence that a paper would leave."""

import csv
import hashlib
import os
import subprocess
import sys
import unicodedata
import zipfile
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from xml.sax.saxutils import escape as xml_escape

import pytest

from access_service.domain.accounts import Account, Custody, Suspension, state_of
from access_service.domain.delegation import Authority, Grant
from access_service.domain.documents import Document, Signature
from access_service.domain.errors import ImportRefusedError, NotFoundError, RefusedError
from access_service.domain.names import AccountState, Capacity, DocumentState, Method, Side, SuspendableKind, UnitId
from access_service.domain.org import Assignment, ManagementEdge, Person, SchoolClass, SchoolYear, Unit
from access_service.domain.time import start_of_day
from access_service.engine.packs.load import load_pack
from access_service.rendering.template import guide, lists_of, write_template
from access_service.signing.documents import check_confirmation
from access_service.storage.accounts import credential_of
from access_service.storage.audit import events
from access_service.storage.schema import metadata
from access_service.usecases.identity.accounts import activate
from access_service.usecases.imports import run
from access_service.usecases.imports.csv_files import COLUMNS
from access_service.usecases.imports.run import import_sheets, read_source
from usecases.import_world import (
    NOW,
    PROJECT,
    REGISTER,
    ROOT,
    create_register,
    example,
    faults_of,
    found,
    open_services,
    silent,
    take,
    write,
)

FACTS = (
    *(Unit, ManagementEdge, SchoolYear, SchoolClass, Person, Account, Assignment, Authority, Custody),
    *(Document, Signature, Grant),
)
SCHOOL, DIRECTOR, PRINCIPAL, GRANT = "3111305001", "000000000001", "000000000003", "Q-1"


@pytest.fixture
def services(tmp_path):
    opened = open_services(tmp_path)
    create_register(opened)
    yield opened
    opened.db.close()


def stored(services) -> dict[str, int]:
    with services.db.read(REGISTER) as reader:
        return {kind.__name__: len(reader.find(kind)) for kind in FACTS}


def everything(services) -> dict[str, list[tuple[object, ...]]]:
    """Every row of every table."""
    with services.db.connect() as connection:
        return {
            t.name: sorted(map(tuple, connection.execute(t.select())), key=repr) for t in metadata.sorted_tables
        }


# What a good import leaves behind


def test_the_template_is_itself_a_valid_import(services, tmp_path):
    write_template(tmp_path / "template", xlsx=False)

    report = take(services, tmp_path / "template")

    assert report.counts["grants"] == 1
    assert report.counts["documents"] == 4
    assert report.revision == 2
    assert stored(services) == {
        **dict.fromkeys(("Unit", "Authority", "Custody"), 2),
        **dict.fromkeys(("ManagementEdge", "SchoolYear", "SchoolClass", "Grant"), 1),
        **dict.fromkeys(("Person", "Account", "Assignment"), 3),
        **dict.fromkeys(("Document", "Signature"), 4),
    }


def test_a_workbook_gives_the_same_facts_as_csv_files(services, tmp_path):
    write_template(tmp_path / "template", xlsx=False)
    write_template(tmp_path / "template.xlsx", xlsx=True)

    from_csv, from_xlsx = read_source(tmp_path / "template"), read_source(tmp_path / "template.xlsx")

    assert {n: s.rows for n, s in from_csv.by_name.items()} == {n: s.rows for n, s in from_xlsx.by_name.items()}
    assert take(services, tmp_path / "template.xlsx").counts["grants"] == 1


def test_attested_paper_carries_the_services_confirmation_and_no_name(services, tmp_path):
    take(services, write(tmp_path / "files", example()))

    with services.db.read(REGISTER) as reader:
        minutes, commitment = reader.require(Document, "BB-03"), reader.require(Document, "CK-01")
        given, declared = (reader.find(Signature, document=id_)[0] for id_ in ("BB-03", "CK-01"))
    assert (minutes.method, minutes.state, minutes.version) == (Method.ATTESTED, DocumentState.SIGNED, 1)
    assert minutes.signed_at == start_of_day(date(2024, 8, 20))
    assert minutes.sha256 == hashlib.sha256(b"BB-03").hexdigest(), "the hash of the scan"
    assert '"grant":"Q-1"' in minutes.content
    assert (given.side, given.person, given.capacity) == (Side.GIVER, "000000000001", Capacity.HEAD)
    assert given.capacity_basis == "02/QĐ-UBND (PC-1)"
    assert (declared.side, declared.person, declared.capacity) == (Side.DECLARANT, PRINCIPAL, Capacity.SELF)
    assert commitment.text_version == "1"
    for signature in (given, declared):
        check_confirmation(services.seal.public_hex, REGISTER, signature)
    assert "Mẫu" not in minutes.content + commitment.content


def test_recording_late_never_makes_a_past_decision_allowed(services, tmp_path):
    take(services, write(tmp_path / "files", example()))

    with services.db.read(REGISTER) as reader:
        grant = reader.require(Grant, GRANT)
    assert grant.valid_from == start_of_day(date(2024, 9, 5))
    assert grant.activated_at == NOW


def test_accounts_are_invited_and_opened_by_a_code_that_the_pack_limits(services, tmp_path):
    rows, code = example(), "a-random-code"
    rows["accounts"][2]["activation_code_sha256"] = hashlib.sha256(code.encode()).hexdigest()

    report = take(services, write(tmp_path / "files", rows))

    with services.db.read(REGISTER) as reader:
        account = reader.require(Account, f"TK-{PRINCIPAL}")
        credential = credential_of(reader.connection, REGISTER, account.id)
    assert state_of(account, (), NOW) is AccountState.INVITED
    assert account.valid_from == start_of_day(date(2024, 7, 1))
    assert credential is not None
    assert credential.password is None
    assert credential.activation_until == NOW + timedelta(hours=24)
    assert set(report.activation_codes) == {"QT-31", f"QT-{SCHOOL}"}, "codes are drawn where the files give none"
    assert report.activation_codes["QT-31"] not in repr(report)
    assert activate(services, code, "Mật khẩu đủ dài 000") == account.id
    assert activate(services, report.activation_codes["QT-31"], "Mật khẩu đủ dài 000") == "QT-31"


def test_one_event_says_how_many_rows_from_which_files_and_names_nobody(services, tmp_path):
    path = write(tmp_path / "files", example())

    report = take(services, path)

    with services.db.connect() as connection:
        found = list(events(connection, REGISTER))
    assert [e.happening.action for e in found] == ["register.create", "register.import"]
    event = found[-1]
    assert (event.actor, event.revision, event.recorded_at) == ("import", report.revision, NOW)
    assert event.happening.details["rows"] == dict(report.counts)
    assert (
        event.happening.details["sources"]["grants"]
        == hashlib.sha256((path / "grants.csv").read_bytes()).hexdigest()
    )
    assert "Mẫu" not in event.canonical().decode()


def test_numbers_that_stand_twice_or_are_missing_are_taken_and_told(services, tmp_path):
    rows = example()
    minutes = next(row for row in rows["documents"] if row["code"] == "BB-03")
    for n, number in enumerate(("01/BB-X", "01/BB-X", "05/BB-X", "07/BB-X")):
        rows["documents"].append({**minutes, "code": f"BB-9{n}", "number": number, "unit": minutes["unit"]})
    year = minutes["dated"][-4:]
    path = write(tmp_path / "files", rows)

    assert take(services, path, dry_run=True).numbers == take(services, path).numbers

    with services.db.connect() as connection:
        event = list(events(connection, REGISTER))[-1]
    counts = event.happening.details["numbers"]
    assert counts["number_duplicate"] == 1
    rows["documents"] = [{**minutes, "code": "BB-99", "number": "07/BB-X"}]
    later = take(services, write(tmp_path / "later", {"documents": rows["documents"]}))
    assert later.numbers.lines()[0] == f"{minutes['unit']}: số 07/BB-X năm {year} đứng trên 2 văn bản: BB-93, BB-99"
    assert any(line.endswith("thiếu số 06") for line in later.numbers.lines())


def test_an_import_in_order_tells_nothing_of_numbers(services, tmp_path):
    assert not take(services, write(tmp_path / "files", example())).numbers


def test_progress_reaches_every_row(services, tmp_path):
    last: dict[str, tuple[int, int]] = {}

    sheets = read_source(write(tmp_path / "files", example()))
    report = import_sheets(
        services,
        REGISTER,
        sheets,
        dry_run=False,
        progress=lambda name, done, rows: last.update({name: (done, rows)}),
    )

    assert last == {name: (count, count) for name, count in report.counts.items()}


def test_text_is_composed_and_trimmed_and_codes_keep_their_zeros(services, tmp_path):
    rows = example()
    rows["units"] += [
        {**rows["units"][1], "code": "010888", "name": unicodedata.normalize("NFD", "  Trường Cẩm Giang ")},
        {**rows["units"][1], "code": "10888", "name": "Trường Cẩm Giàng"},
    ]
    rows["edges"] += [{**rows["edges"][0], "unit": code} for code in ("010888", "10888")]
    path = write(tmp_path / "files", rows)
    units = path / "units.csv"
    units.write_bytes(b"\xef\xbb\xbf" + units.read_bytes())

    take(services, path)

    with services.db.read(REGISTER) as reader:
        names = [reader.require(Unit, code).name for code in ("010888", "10888")]
    assert names == ["Trường Cẩm Giang", "Trường Cẩm Giàng"]


def test_a_made_province_is_imported(tmp_path):
    units = tmp_path / "units.csv"
    units.write_text(
        "province_code,province_name,commune_code,commune_name\n"
        "31,Thành phố Hải Phòng,10888,Xã Cẩm Giang\n"
        "31,Thành phố Hải Phòng,10903,Xã Cẩm Giàng\n",
        encoding="utf-8",
    )
    (tmp_path / "upper_secondary_schools.csv").write_text("province_code,school_name\n31,THPT Cẩm Giàng\n", "utf-8")
    made = [PROJECT / "scripts" / "make-province", "--units", units, "--province", "31", "--as-of", "2026-10-15"]
    subprocess.run([sys.executable, *made, "--output", tmp_path / "files"], check=True)
    services = open_services(tmp_path, datetime(2026, 10, 15, 2, tzinfo=UTC))
    with (tmp_path / "files" / "persons.csv").open(encoding="utf-8-sig", newline="") as file:
        [name] = [row["name"] for row in csv.DictReader(file) if row["code"] == DIRECTOR]
    found(services, director=DIRECTOR, decided=date(2020, 1, 1), name=name)

    report = take(services, tmp_path / "files")

    counts = stored(services)
    assert counts["Grant"] == report.counts["grants"] > 100
    assert counts["Document"] == counts["Signature"] > 2 * 100
    assert report.kept["persons"] == 1
    services.db.close()


# All or nothing


def test_a_dry_run_checks_everything_and_changes_nothing(services, tmp_path):
    before = everything(services)

    report = take(services, write(tmp_path / "files", example()), dry_run=True)

    assert report.is_dry_run
    assert report.counts["grants"] == 1
    assert everything(services) == before


def test_one_bad_row_and_nothing_is_imported(services, tmp_path):
    rows = example()
    rows["grants"][0]["role"] = "emperor"
    before = everything(services)

    faults_of(services, write(tmp_path / "files", rows), dry_run=False)

    assert everything(services) == before


def test_the_same_file_again_is_refused_row_by_row(services, tmp_path):
    path = write(tmp_path / "files", example())
    take(services, path)
    before = everything(services)

    places = {f.place for f in faults_of(services, path, dry_run=False) if "in the register" in f.message}

    assert everything(services) == before
    for sheet, rows in example().items():
        for number in range(2, len(rows) + 2):
            is_kept = (sheet, number) in {("units", 2), ("authorities", 2)}
            if sheet != "edges" and not is_kept:
                assert f"{sheet}.csv:{number}" in places


def test_killed_half_way_nothing_is_there_and_a_rerun_works(tmp_path):
    services = open_services(tmp_path)
    create_register(services)
    before = everything(services)
    path = write(tmp_path / "files", example())
    program = [sys.executable, PROJECT / "tests" / "usecases" / "import_world.py", tmp_path, path]

    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}
    with subprocess.Popen(program, stdout=subprocess.PIPE, text=True, env=environment) as importing:
        assert importing.stdout is not None
        assert importing.stdout.readline() == "half way\n"
        importing.kill()

    assert everything(services) == before
    assert take(services, path).revision == 2
    assert stored(services)["Grant"] == 1
    services.db.close()


def test_what_somebody_wrote_meanwhile_is_checked_again(services, tmp_path, monkeypatch):
    path, seal = write(tmp_path / "files", example()), run.seal

    def seal_while_somebody_imports_the_same(index, given, register):
        monkeypatch.setattr(run, "seal", seal)
        take(services, path)
        return seal(index, given, register)

    monkeypatch.setattr(run, "seal", seal_while_somebody_imports_the_same)

    assert any("in the register" in f.message for f in faults_of(services, path, dry_run=False))
    assert stored(services)["Grant"] == 1


def test_an_unknown_register_is_not_found(services, tmp_path):
    sheets = read_source(write(tmp_path / "files", example()))

    with pytest.raises(NotFoundError):
        import_sheets(services, "elsewhere", sheets, dry_run=True, progress=silent)


def test_a_register_without_a_pack_takes_nothing(tmp_path):
    services = open_services(tmp_path)
    with services.db.create_register(REGISTER, ROOT, demo=False) as tx:
        tx.happened("register.create", REGISTER)

    with pytest.raises(RefusedError, match="no policy"):
        take(services, write(tmp_path / "files", example()))
    services.db.close()


# What `init` made stands


def test_rows_about_what_init_made_are_kept_as_the_register_has_them(tmp_path):
    services = open_services(tmp_path)
    founded = found(services, director=DIRECTOR, decided=date(2023, 3, 1))
    rows = example()
    rows["accounts"].append({**rows["accounts"][2], "code": "TK-1", "username": "gd", "person": DIRECTOR})

    report = take(services, write(tmp_path / "files", rows))

    kept = {"units": 1, "persons": 1, "accounts": 2, "assignments": 1, "authorities": 1, "custodies": 1}
    assert report.kept == kept
    assert report.counts == {name: len(lines) - kept.get(name, 0) for name, lines in rows.items()}
    with services.db.read(REGISTER) as reader:
        assert [a.id for a in reader.find(Authority, unit=ROOT)] == [founded.authority]
        assert [c.person for c in reader.find(Custody, unit=ROOT)] == [DIRECTOR]
        assert [a.id for a in reader.find(Account, person=DIRECTOR)] == [founded.director.account.id]
        assert len(reader.find(Assignment, person=DIRECTOR)) == 1
        assert reader.require(Authority, f"TQ-{SCHOOL}").parent == founded.authority
        assert reader.require(Grant, GRANT).authority == founded.authority
    services.db.close()


def test_paper_signed_before_the_directors_appointment_is_refused_whoever_founded_the_register(tmp_path):
    services = open_services(tmp_path)
    found(services, director=DIRECTOR, decided=date(2024, 10, 1))

    found_wrong = faults_of(services, write(tmp_path / "files", example()))

    assert {f.place for f in found_wrong if "leadership" in f.message} == {f"documents.csv:{n}" for n in (2, 3, 4)}
    services.db.close()


# Parts of a register


def test_rows_may_rest_on_what_was_imported_before(services, tmp_path):
    rows = example()
    take(services, write(tmp_path / "first", {k: v for k, v in rows.items() if k != "grants"}))

    report = take(services, write(tmp_path / "second", {"grants": rows["grants"]}))

    assert report.counts == {"grants": 1}
    assert report.revision == 3


def test_a_file_gives_nobody_again_what_an_act_has_suspended(services, tmp_path):
    rows = example()
    take(services, write(tmp_path / "first", rows))
    with services.db.write(REGISTER, "operator") as tx:
        tx.put(Suspension("sus_x", SuspendableKind.GRANT, GRANT, UnitId("00031"), "đang xác minh", tx.now))
        tx.happened("grant.suspend", GRANT, suspension="sus_x")
        tx.touches()
    again = [{**rows["grants"][0], "code": "Q-2"}]

    with pytest.raises(ImportRefusedError) as refused:
        take(services, write(tmp_path / "second", {"grants": again}))

    assert [fault.message for fault in refused.value.faults] == ["whoever suspended that right resumes it first"]


def test_a_class_grant_ends_when_its_school_year_closes(services, tmp_path):
    rows = example()
    rows["assignments"][2]["valid_to"] = ""
    rows["grants"][0].update(school_year="2024-2025", classes="6A1", valid_to="")

    take(services, write(tmp_path / "files", rows))

    with services.db.read(REGISTER) as reader:
        grant = reader.require(Grant, GRANT)
    assert grant.valid_to == start_of_day(date(2025, 8, 15))
    assert grant.scope.classes == {(f"{SCHOOL}:2024-2025:6A1", "")}
    assert grant.scope == replace(grant.scope, grades=frozenset({"6"}), school_year="2024-2025")


@pytest.mark.parametrize("sign", [";", "\t"])
def test_files_as_a_vietnamese_excel_writes_them_say_the_same(services, tmp_path, sign):
    write_template(tmp_path / "template", xlsx=False)
    plain = read_source(tmp_path / "template")
    for file in (tmp_path / "template").glob("*.csv"):
        rows = list(csv.reader(file.read_text("utf-8-sig").splitlines()))
        with file.open("w", encoding="utf-8-sig", newline="") as out:
            # Semicolons or tabs for commas, and three columns that nobody filled in.
            csv.writer(out, delimiter=sign).writerows([*row, "", "", ""] for row in rows)

    found = read_source(tmp_path / "template")

    assert {n: s.rows for n, s in found.by_name.items()} == {n: s.rows for n, s in plain.by_name.items()}
    assert take(services, tmp_path / "template").counts["grants"] == 1


def test_a_cell_behind_the_last_column_is_no_empty_one(services, tmp_path):
    files = write(tmp_path / "files", example())
    persons = files / "persons.csv"
    persons.write_text(persons.read_text("utf-8-sig").rstrip("\n") + ",,x\n", "utf-8")

    with pytest.raises(ImportRefusedError) as refused:
        take(services, files)

    assert "4 cells instead of 2" in refused.value.faults[0].message


def test_the_workbook_explains_each_column_in_vietnamese_and_offers_the_packs_words(tmp_path):
    pack = load_pack(PROJECT / "policy", "base", PROJECT / "models")
    write_template(tmp_path / "mau.xlsx", xlsx=True, pack=pack)

    with zipfile.ZipFile(tmp_path / "mau.xlsx") as index:
        sheets = [index.read(name).decode() for name in sorted(index.namelist()) if "worksheets/sheet" in name]
        shared = index.read("xl/sharedStrings.xml").decode()
    told = "".join(sheets)
    assert all(xml_escape(meaning) in told for _, _, meaning in guide())
    assert told.count('type="list"') == len(lists_of(pack))
    assert all(f">{word}<" in shared for words in lists_of(pack).values() for word in words)
    assert set(read_source(tmp_path / "mau.xlsx").by_name) == set(COLUMNS)
