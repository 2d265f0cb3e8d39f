"""What was found before packs had promises: red where what mended it is taken away, green on the packs of today.

Each pack is written without one mend, as it stood before, and read again as its author would read it.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from access_service.domain.errors import PolicyError
from access_service.domain.policy import Pack
from access_service.domain.separations import meetings
from access_service.engine.packs.load import load_pack
from access_service.engine.proofs import prover
from access_service.engine.proofs.prover import ProofOutcome, ProofRequest, Sentenced, prove
from access_service.engine.proofs.witness import play

ROOT = Path(__file__).parents[3]
ACCEPTED = {
    "department_level_officer",
    "deputy_academic",
    "deputy_facilities",
    "level_officer",
    "personnel_officer",
    "planning_finance_officer",
}
MENDED_IN = {"base": set[str](), "hai-duong": {"personnel_officer", "planning_finance_officer"}}
"""What a province's own rows take away, so that nothing is left to accept."""
DENIES = "".join(
    f"account_officer,accounts,{category},{action},deny,default\n"
    for category, action in (
        ("STU-ACA", "write"),
        ("STU-ACA", "approve"),
        ("STU-LLD", "write"),
        ("STU-LLD", "approve"),
        ("STU-LLD", "submit"),
    )
)


@pytest.fixture(autouse=True)
def tables_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """The theorems are of every register, and of no pack (`test_proved`)."""
    monkeypatch.setattr(prover, "theorems", lambda _: ())


def read(folder: Path, name: str = "base", *, gone: str = "", more: str = "") -> Pack:
    """A pack of today; `gone` is taken out of base/pack.toml, `more` are rows of base/roles.csv."""
    for part in ("policy", "models"):
        shutil.copytree(ROOT / part, folder / part)
    if gone:
        toml = folder / "policy" / "base" / "pack.toml"
        text, found = re.subn(gone, "", toml.read_text("utf-8"), flags=re.MULTILINE)
        assert found
        toml.write_text(text, "utf-8")
    with (folder / "policy" / "base" / "roles.csv").open("a", encoding="utf-8") as rows:
        rows.write(more)
    return load_pack(folder / "policy", name, folder / "models")


def findings(pack: Pack) -> dict[str, Sentenced]:
    return {finding.id: finding for finding in prove(pack, ProofRequest(decisions=1)).findings}


@pytest.mark.parametrize("name", MENDED_IN)
def test_six_roles_that_write_and_approve_are_refuted_until_a_pack_accepts_them(tmp_path: Path, name: str) -> None:
    """P4; and what a province's own pack inherits is accepted there, too."""
    bare = findings(read(tmp_path / "bare", name, gone=r"^accept = \[[^+\]]+\]\n"))
    red = {line for finding in bare.values() if finding.outcome is ProofOutcome.REFUTED for line in finding.told}
    assert red == {f"one role: {role}" for role in ACCEPTED - MENDED_IN[name]}
    assert all(finding.case for finding in bare.values() if finding.outcome is ProofOutcome.REFUTED)
    today = findings(read(tmp_path / "today", name))
    assert [finding for finding in today.values() if finding.outcome is ProofOutcome.REFUTED] == []


def test_a_pack_without_separations_says_nothing_of_who_manages_accounts_and_writes_marks(tmp_path: Path) -> None:
    """P3, and pairs of two duties (P4): nothing was said; today each is shown, with the pack's own article."""
    both = "homeroom_teacher+it_officer"
    bare = read(tmp_path / "bare", "base", gone=r"^\[\[separations\]\]\n(.+\n)+")
    assert bare.separations == ()
    assert meetings(bare, bare.roles) == ()
    today = findings(read(tmp_path / "today", "hai-duong"))
    shown = today["accounts-and-marks"]
    assert (shown.outcome, shown.basis) == (ProofOutcome.SHOWN, "hd-2024-95")
    assert f"one person: {both}" in shown.told
    assert "one person: deputy_academic+homeroom_teacher" in today["marks-written-and-approved"].told


def test_software_that_exports_health_records_is_an_exception_in_so_many_words(tmp_path: Path) -> None:
    """P5: without its name in the promise the pack does not load."""
    with pytest.raises(PolicyError) as error:
        read(tmp_path / "bare", gone=r', except_roles = \["software"\]')
    assert [fault.message.partition(",")[0] for fault in error.value.faults] == ["`software` may export STU-HEA"]
    assert findings(read(tmp_path / "today"))["health-never-leaves"].outcome is ProofOutcome.PROVED


def test_a_lock_that_stops_reading_does_not_load(tmp_path: Path) -> None:
    """Property 5 of the prototype: a promise of every pack, also where its own says nothing."""
    pack = read(tmp_path)
    assert {lock.id for lock in pack.locks if "read" in lock.actions} == set()
    assert findings(pack)["locks-never-stop-reading"].outcome is ProofOutcome.PROVED


def test_narrowing_a_grant_with_deny_rows_gives_nothing_back(tmp_path: Path) -> None:
    """P2: the rows that were meant as separation denied the whole account, until its grant was narrowed."""
    pack = read(tmp_path, more=DENIES)
    assert ("STU-ACA", "write") not in pack.cells["account_officer"]
    roles = {"account_officer", "homeroom_teacher"}
    assert play(NARROWED, pack, roles) == ["allow", "allow"]
    # What separates the two duties is shown of the person, however the grants are cut.
    shown = [met.separation.id for met in meetings(pack, roles)]
    assert shown == ["accounts-and-marks", "accounts-and-report-cards"]


NARROWED = """\
world:
  since: 2025-08-15
  years:
    2025-2026: {from: 2025-08-01, to: 2026-08-31}
  units:
    th: {kind: school, name: Trường TH và THCS Cẩm Giàng, levels: [primary, lower_secondary]}
  classes:
    "th:2025-2026:6A": {level: lower_secondary, grade: "6"}
  people:
    ca-hai: {unit: th, position: homeroom, classes: "th:2025-2026:6A", grant: homeroom_teacher}
    hep: {unit: th, position: homeroom, classes: "th:2025-2026:6A", grant: homeroom_teacher}
  grants:
    qt-ca-hai: {person: ca-hai, duty: none, role: account_officer, by: th, from: 2025-09-01}
    qt-hep: {person: hep, duty: none, role: account_officer, by: th, from: 2025-09-01, levels: primary}
cases:
  - name: quản trị toàn trường kiêm chủ nhiệm
    at: 2025-10-06T08:00:00+07:00
    ask: {account: ca-hai, action: write, resource: {type: student, class: "th:2025-2026:6A", category: STU-ACA}}
    expect: allow
  - name: quản trị cấp tiểu học kiêm chủ nhiệm lớp 6
    at: 2025-10-06T08:00:00+07:00
    ask: {account: hep, action: write, resource: {type: student, class: "th:2025-2026:6A", category: STU-ACA}}
    expect: allow
"""
