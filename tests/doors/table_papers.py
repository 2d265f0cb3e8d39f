"""Rows about authority, grants, papers, signatures, inspections and what takes them back."""

from __future__ import annotations

from typing import Any

from managing import ADMIN, NOW, OFFICE_ADMIN, OUTSIDER, PRINCIPAL, ROOT_ADMIN, TEACHER, Managed

from doors.cells import (
    ATTESTED,
    ENTERS,
    MOVED,
    NO_SHEET,
    NOBODY_ACTS,
    OWN_WORDS,
    Api,
    File,
    Tried,
    again,
    asked,
    both,
    change,
    deep,
    drop,
    line,
    post,
    row,
)
from doors.stories import (
    ANOTHER_DUTY,
    CLOSED_CASE,
    HEAD_AS_WITNESS,
    HEAD_OF_ANOTHERS_SCHOOL,
    NO_ADMIN_ACCOUNT,
    REVOKED_REPLACED,
    SUSPENDED_GIVER,
    SUSPENDED_PARENT,
    WITNESS_WITHOUT_ACCOUNT,
)
from world import OFFICE, PASSWORD, SCHOOL


def clerk(**changes: Any) -> Api:
    """Minutes with one function line for the school's clerk."""
    return line("van-thu", role="clerk", classes=None, valid_to=LATER, **changes)


def waiting(m: Managed) -> dict[str, Any]:
    """Minutes for the new homeroom teacher that wait for the head; made once."""
    found = [d for d in m.seen(ADMIN, f"units/{SCHOOL}/documents")["documents"] if d["number"] == "77/BB"]
    if not found:
        m.made(ADMIN, "handovers", m.handover("moi", "6B") | {"number": "77/BB"})
        found = [d for d in m.seen(ADMIN, f"units/{SCHOOL}/documents")["documents"] if d["number"] == "77/BB"]
    return m.seen(ADMIN, f"documents/{found[0]['id']}")


def signature(who: str, paper: Any = waiting, **changes: Any) -> Api:
    """One paper put before somebody, bent."""

    def send(m: Managed) -> Any:
        shown = paper(m)
        item = {"document": shown["id"], "version": shown["version"], "sha256": shown["sha256"], **changes}
        return m.post(who, "signatures", {"password": PASSWORD, "documents": [item]})

    return Api(send)


def signed(m: Managed) -> dict[str, Any]:
    """The homeroom teacher's minutes, signed by both."""
    found = [d for d in m.seen(ADMIN, f"units/{SCHOOL}/documents")["documents"] if d["state"] == "signed"]
    mine = m.person("gvcn").person
    minutes = next(d for d in found if d["kind"] == "handover_minutes" and d["receiver"] == mine)
    return m.seen(ADMIN, f"documents/{minutes['id']}")


def _closed(m: Managed) -> Any:
    m.post(ROOT_ADMIN, "school-years", {"id": "2025-2026", "starts_on": "2025-08-01", "closes_on": "2026-08-01"})
    return clerk(school_year="2025-2026").send(m)


def _without_account(m: Managed) -> Any:
    person = m.made(ADMIN, "persons", {"name": "Người Thử Chưa Tài Khoản"})["id"]
    body = m.handover("moi", "6B")
    body["receiver"] = person
    return m.post(ADMIN, "handovers", body)


def _custody(m: Managed, key: str) -> dict[str, Any]:
    return {"receiver": m.person(key).person, "dated": "2026-08-20"}


LATER = "2026-12-01T00:00:00+07:00"


AUTHORITY = {"unit": SCHOOL, "basis": "01/QĐ"}

GRANTS = [
    row(
        "delegation.check_office",
        "nobody operates the admin account of `…`",
        "an act is done with that account, or asks for it first (`acting.check_operates`)",
        drop("custodies", 0),
    ),
    row(
        "delegation.check_office",
        "`…` or its authority is suspended",
        SUSPENDED_GIVER,
        "a file suspends nothing; into a register where the unit is stopped: test_import_faults",
    ),
    row(
        "delegation.check_office",
        "… authorities from the root, … allowed",
        "an authority deeper than the bound is not given (`check_authority`); only a stricter pack meets it later",
        "the row of an authority deeper than the bound is refused (`check_authority`)",
    ),
    row(
        "delegation.issuer_relation",
        "the head of `…` receives from its direct manager",
        HEAD_OF_ANOTHERS_SCHOOL,
        MOVED,
    ),
    row(
        "delegation.issuer_relation",
        "the people of `…` receive from their own unit",
        line(receiver=lambda m: m.person("ngoai").person, assignment=lambda m: m.person("ngoai").duty),
        both(
            again("accounts", 2, code="TK-2", username="u2", person="000000000002"),
            again(
                "grants",
                0,
                code="Q-2",
                account="TK-2",
                unit="3111305001",
                authority="TQ-3111305001",
                assignment="PC-2",
                document="BB-03",
            ),
        ),
    ),
    row(
        "delegation.check_own_head",
        "the head of `…` receives from its direct manager",
        Tried("tests/attacks/test_papers.py::test_a_head_receives_nothing_from_their_own_unit_by_a_second_duty"),
        change("grants", 0, unit="3111305001", authority="TQ-3111305001"),
    ),
    row(
        "delegation.check_grant",
        "a grant goes to a person's use account",
        "the act looks for the receiver's use account itself",
        "the sheet says that the account is no use account (test_import_faults)",
    ),
    row(
        "delegation.check_grant",
        "the holder has no such duty",
        line(assignment=lambda m: m.person("gvcn").duty),
        change("grants", 0, assignment="PC-2"),
    ),
    row(
        "delegation.check_grant",
        "the policy knows no position `…`",
        "a duty was entered by a pack that has the position; only a later pack without it meets this",
        "a duty is entered by the pack that judges the grant",
    ),
    row(
        "delegation._rule_for",
        "a … does not hand `…` to the position `…`",
        line(role="clerk"),
        change("grants", 0, role="clerk"),
    ),
    row(
        "delegation.check_words",
        "the policy knows no … `…`",
        line(categories=["X"]),
        OWN_WORDS,
    ),
    row(
        "delegation._check_narrowing",
        "a grant of `…` names its …",
        line(classes=None, valid_to=LATER),
        both(
            again("assignments", 1, code="PC-4", position="level_officer"),
            again("accounts", 2, code="TK-2", username="u2", person="000000000002"),
            again("documents", 2, code="BB-04", receiver="000000000002"),
            again("documents", 3, code="CK-02", receiver="000000000002"),
            again(
                "grants",
                0,
                code="Q-2",
                account="TK-2",
                role="department_level_officer",
                assignment="PC-4",
                document="BB-04",
                levels="",
                scope_unit="",
            ),
        ),
    ),
    row(
        "delegation._check_assignment",
        "the grant reaches beyond the assignment's dates",
        line(valid_from="2026-08-19T08:00:00+07:00"),
        change("assignments", 2, valid_to="01/08/2025"),
    ),
    row(
        "delegation._check_assignment",
        "the duty does not cover the grant's …",
        line("moi", "6A"),
        change("grants", 0, scope_unit=""),
    ),
    row(
        "delegation._check_year",
        "no school year `…`",
        clerk(school_year="2030-2031"),
        OWN_WORDS,
    ),
    row(
        "delegation._check_year",
        "the school year `…` is closed",
        Api(_closed),
        "a file may bring rights of years that are over: they are facts of their time",
    ),
    row(
        "delegation._check_year",
        "the grant ends before it begins",
        line(valid_to="2026-08-20T08:00:00+07:00"),
        "the sheet says of both dates of a row at once that one is not after the other (test_import_faults)",
    ),
    row(
        "delegation._check_year",
        "the school year `…` closes first",
        line(valid_to="2027-09-01T00:00:00+07:00"),
        change("grants", 0, valid_to="16/08/2025", school_year="2024-2025", classes="6A1"),
    ),
    row(
        "delegation._check_year",
        "a grant lasts at most … days",
        line("van-thu", role="clerk", classes=None, valid_to="2028-12-01T00:00:00+07:00"),
        change("grants", 0, valid_to="15/08/2027"),
    ),
    row(
        "delegation.check_within",
        "the authority is not in force",
        "an act takes only what is in force (`taking.own_authority`)",
        change("authorities", 0, valid_to="01/08/2024"),
    ),
    row(
        "delegation.check_within",
        "wider than the authority of `…` in its …",
        clerk(levels=["primary"]),
        change("authorities", 0, categories="STA"),
    ),
    row("delegation.check_authority", "`…` is suspended", SUSPENDED_PARENT, "a file suspends nothing"),
    row(
        "delegation.check_authority",
        "`…` does not manage `…`",
        "an act asks `acting.check_manages` first",
        MOVED,
    ),
    row(
        "delegation.check_authority",
        "an authority is about the unit itself and what is below it",
        post(OFFICE_ADMIN, "authorities", AUTHORITY | {"scope": {"unit": OFFICE}}),
        "a sheet's authority is about its unit: there is no column for another",
    ),
    row(
        "delegation.check_authority",
        "already … authorities from the root",
        Tried("tests/properties/test_rule_06_to_08_office.py::test_depth_is_bounded"),
        File(deep),
    ),
    row(
        "delegation.signing_capacity",
        "only the unit's leadership signs for it",
        signature("000.van-thu"),
        change("documents", 2, giver_signer="000000000002"),
    ),
    row(
        "delegation.signing_capacity",
        "the signer holds no such capacity",
        signature(PRINCIPAL, capacity="KT."),
        change("documents", 2, giver_capacity="KT."),
    ),
    row(
        "delegation.check_parties",
        "giver and receiver are the same person",
        signature("000.moi"),
        change("documents", 2, giver_signer="000000000003"),
    ),
    row(
        "separations.check_separated",
        "`…` may not meet in one person",
        "no pack of the product refuses such a meeting; one that does is played in tests/domain/test_separations",
        "no pack of the product refuses such a meeting; one that does is played in tests/domain/test_separations",
    ),
]


PAPERS = [
    row(
        "documents.move",
        "a document in state `…` cannot be moved by `…`",
        asked(ADMIN, lambda m: f"documents/{signed(m)['id']}/cancel", {"reason": "thử"}),
        ATTESTED,
    ),
    row(
        "documents.check_waiting",
        "a document in state `…` waits for no signature",
        Tried("tests/api/manage/test_management_hostile.py::test_a_wrong_signer_is_refused_in_their_place"),
        ATTESTED,
    ),
    row(
        "documents.check_waits",
        "the document waits for no signature",
        Tried("tests/api/manage/test_served_papers.py::test_a_signed_paper_is_its_own_file_and_no_form"),
        ATTESTED,
    ),
    row("documents.check_presented", "version … is the newest", signature(PRINCIPAL, version=9), ATTESTED),
    row(
        "documents.check_presented",
        "the hash is not that of the document",
        signature(PRINCIPAL, sha256="0" * 64),
        ATTESTED,
    ),
    row(
        "statements.check_shown",
        "open the page or the PDF of this version first",
        signature(PRINCIPAL),
        ATTESTED,
    ),
    row(
        "preparing.receiving_account",
        "the receiver has no use account yet",
        Api(_without_account),
        "a row names the account that it grants to",
    ),
    row(
        "preparing.check_lines",
        "minutes have at least one line",
        "the body has at least one line: refused before there is an act, with the same code",
        ATTESTED,
    ),
    row("preparing.check_role", "the policy knows no role `…`", line(role="emperor"), OWN_WORDS),
    row(
        "preparing.check_replaces",
        "no grant `…`",
        line(replaces="grn_0"),
        NO_SHEET,
    ),
    row("preparing.check_replaces", "the grant to be replaced is over", REVOKED_REPLACED, NO_SHEET),
    row(
        "preparing.check_replaced_stand",
        "the grant to be replaced is over",
        Tried("tests/attacks/test_papers.py::test_a_line_that_replaces_a_revoked_grant_brings_nothing_back"),
        NO_SHEET,
    ),
    row(
        "preparing.check_not_paused",
        "whoever suspended that right resumes it first",
        Tried(
            "tests/attacks/test_given_once_more.py::"
            "test_a_school_does_not_give_again_on_new_minutes_what_the_office_has_suspended"
        ),
        Tried("tests/usecases/imports/test_imports.py::test_a_file_gives_nobody_again_what_an_act_has_suspended"),
    ),
    row(
        "preparing.check_none_waits",
        "minutes for `…` on that duty wait already",
        Api(lambda m: (waiting(m), line().send(m))[1]),
        ATTESTED,
    ),
    row(
        "preparing.text_in_force",
        "the policy has no commitment text in force",
        "every pack of the product has a text in force; a pack without one is played in tests/domain",
        OWN_WORDS,
    ),
    row("preparing.check_promising", "no duty in `…`", post(TEACHER, "commitments", {"unit": OFFICE}), NOBODY_ACTS),
    row(
        "preparing.check_promising",
        "a commitment with the text in force stands or waits",
        post(TEACHER, "commitments", {"unit": SCHOOL}),
        NOBODY_ACTS,
    ),
    row(
        "preparing.custody_terms",
        "the receiver has no duty in `…`",
        asked(ADMIN, f"units/{SCHOOL}/custody", lambda m: _custody(m, "ngoai")),
        OWN_WORDS,
    ),
    row("preparing.check_terms_again", "the receiver's duty is another one by now", ANOTHER_DUTY, ATTESTED),
    row("preparing.admin_account_of", "`…` has no admin account yet", NO_ADMIN_ACCOUNT, OWN_WORDS),
    row(
        "preparing.check_handing_back",
        "the rights end after this moment, or at the declaration",
        post(TEACHER, "returns", {"unit": SCHOOL, "ends_at": NOW}),
        ENTERS,
    ),
    row(
        "preparing.check_handing_back",
        "no grant from unit `…`",
        post(OUTSIDER, "returns", {"unit": SCHOOL}),
        ENTERS,
    ),
    row(
        "preparing.check_no_return_waits",
        "return minutes wait already",
        Tried(
            "tests/api/manage/test_management_documents.py::test_handing_back_ends_the_grants_at_the_declaration"
        ),
        ENTERS,
    ),
    row("preparing.check_case_open", "the case is closed", CLOSED_CASE, ENTERS),
    row("preparing.check_witness", "the witness is a third person of the unit", HEAD_AS_WITNESS, ENTERS),
    row(
        "preparing.check_witness",
        "the witness signs in a session of their own and has no account that is open",
        WITNESS_WITHOUT_ACCOUNT,
        ENTERS,
    ),
    row(
        "turns.check_batch",
        "nothing to sign",
        "the body has at least one document: refused before there is an act, with the same code",
        ATTESTED,
    ),
    row(
        "turns.check_batch",
        "at most … documents at once",
        "the body has at most as many: refused before there is an act",
        ATTESTED,
    ),
    row(
        "turns.check_turn",
        "it waits for somebody else",
        Tried("tests/api/manage/test_management_documents.py::test_a_declined_document_is_final"),
        ATTESTED,
    ),
    row(
        "turns.check_sends_back",
        "only the giver's leadership returns it",
        asked("000.moi", lambda m: f"documents/{waiting(m)['id']}/return", {"reason": "thử"}),
        ATTESTED,
    ),
    row(
        "turns.check_left_signs",
        "only return minutes are signed now",
        Tried("tests/usecases/handover/test_handing_back.py::test_whoever_left_signs_no_other_paper"),
        ATTESTED,
    ),
    row("turns.check_not_signed", "you signed this version", signature(TEACHER, signed), ATTESTED),
    row(
        "turns.check_not_sent",
        "nobody sends themselves to inspect",
        Tried("tests/attacks/test_papers.py::test_nobody_sends_themselves_to_inspect"),
        NO_SHEET,
    ),
    row(
        "turns.check_lines_are_theirs",
        "its rights passed to another unit",
        Tried("tests/usecases/organisation/test_succession.py::test_a_divided_office_names_who_keeps_the_archive"),
        ATTESTED,
    ),
    row(
        "turns.check_version",
        "version … is the newest",
        asked(
            ADMIN,
            lambda m: f"documents/{waiting(m)['id']}/revise",
            {"dated": "2026-08-20", "version": 9},
        ),
        ATTESTED,
    ),
]
