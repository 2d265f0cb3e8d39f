"""Rows about certificates, and papers that come back signed from another program."""

from __future__ import annotations

from managing import ADMIN

from doors.cells import ATTESTED, NO_SHEET, Tried, post, row
from world import PASSWORD, SCHOOL

_TEST = "tests/api/manage/test_signed_files.py::"
_RULES = "tests/domain/test_signed_files_rules.py::"

CERTIFICATE_ROWS = [
    row(
        "certificates.check_registers_own",
        "a person registers a certificate in their own session",
        post(ADMIN, "certificate-pages", {"password": PASSWORD}),
        NO_SHEET,
    ),
    row(
        "certificates.read_basis",
        "name the paper by which the unit has this certificate",
        post(ADMIN, "certificate-pages", {"password": PASSWORD, "unit": SCHOOL}),
        NO_SHEET,
    ),
    row(
        "certificates.check_not_taken",
        "this certificate is registered already",
        Tried(f"{_TEST}test_a_certificate_is_one_holders"),
        NO_SHEET,
    ),
    row(
        "certificates.check_ends",
        "no certificate `…`",
        Tried(f"{_TEST}test_a_certificate_is_one_holders"),
        NO_SHEET,
    ),
    row(
        "certificates.find_holder",
        "nobody has registered the certificate of this signature",
        Tried(f"{_TEST}test_whose_certificate_nobody_registered_is_nobody"),
        ATTESTED,
    ),
    row(
        "certificates.check_signs_for_unit",
        "the organisation's place is signed with a certificate of that unit",
        Tried(f"{_TEST}test_who_signs_in_the_place_or_turn_of_another_signs_nothing"),
        ATTESTED,
    ),
    row(
        "certificates.check_signs_side",
        "this place waits for somebody else's signature",
        Tried(f"{_TEST}test_who_signs_in_the_place_or_turn_of_another_signs_nothing"),
        ATTESTED,
    ),
    row(
        "certificates.check_signer_account",
        "the signer has no account that stands",
        Tried(f"{_RULES}test_whose_account_was_closed_signs_nothing_elsewhere"),
        ATTESTED,
    ),
    row(
        "signed_files.check_brings",
        "a decision is signed with the act that it confirms",
        Tried(f"{_RULES}test_a_decision_is_confirmed_with_its_act_and_comes_back_in_no_file"),
        ATTESTED,
    ),
    row(
        "signed_files.check_brings",
        "whoever receives the admin account brings this file",
        Tried(f"{_RULES}test_the_code_of_an_admin_account_comes_back_to_its_receiver_alone"),
        ATTESTED,
    ),
    row(
        "signed_files.check_brings",
        "a party of the paper or its office brings this file",
        Tried(f"{_RULES}test_a_file_is_brought_by_a_party_or_the_office"),
        ATTESTED,
    ),
    row(
        "signed_files.check_goes_on",
        "it was signed meanwhile: sign the file that came back last",
        Tried(f"{_TEST}test_who_signs_in_the_place_or_turn_of_another_signs_nothing"),
        ATTESTED,
    ),
    row(
        "signed_files.check_took_turn",
        "this side has signed already",
        Tried(f"{_TEST}test_a_side_that_signed_with_the_password_is_not_signed_again_by_a_certificate"),
        ATTESTED,
    ),
]
