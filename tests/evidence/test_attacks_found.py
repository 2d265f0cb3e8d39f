"""What is done to evidence, and what finds it: a row for each attack or fault, with the tests that carry it out.

A test stands here as `file::name`; the finding is a code that its file expects. What waits for signatures of others
(PAdES, paper, timestamps, witnesses) has no row yet.
"""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
LOG, DOSSIER = "attacks/test_log_rewritten.py", "evidence/test_verify_dossier.py"
ALTERED, PASSKEY = "usecases/test_dossiers_altered.py", "attacks/test_passkey_signatures.py"
PAPERS, ZIPS, NOTES = "usecases/test_paper_pages.py", "evidence/test_dossier_zips.py", "signing/test_notes.py"
MATRIX, SHAPES = "usecases/evidence/test_matrix.py", "usecases/evidence/test_matrix_shapes.py"
NUMBERS, FORKS = "usecases/handover/test_numbers.py", "usecases/log/test_forks.py"
BOTH = f"{ALTERED}::test_both_verifiers_find_what_was_changed"
SIXTY = f"{DOSSIER}::test_what_is_listed_and_sealed_anew_is_found_still"

FOUND: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "a byte of content, words or confirmations": (
        ("document_hash", "print_hash", "confirmation_bad", "manifest_hash"),
        (BOTH, f"{DOSSIER}::test_a_flipped_byte_of_any_member_is_found", SIXTY),
    ),
    "a byte of a signed paper's file; bytes appended; saved anew by another tool": (
        ("pdf_hash",),
        (f"{PAPERS}::test_verify_finds_a_file_that_was_changed_lost_or_named_by_nobody", SIXTY),
    ),
    "signed for another version or document, in another's place, or by the head for themselves": (
        ("STALE_VERSION", "SELF_SERVICE"),
        (
            f"{PASSKEY}::test_a_paper_that_was_revised_after_it_was_asked_is_not_signed",
            "attacks/test_papers.py::test_a_signature_is_not_replayed_on_a_revised_version",
            "attacks/test_papers.py::test_the_hash_of_another_document_signs_nothing",
            "attacks/test_papers.py::test_a_head_receives_nothing_from_their_own_unit_by_a_second_duty",
            "attacks/test_papers.py::test_nobody_signs_in_anothers_place",
        ),
    ),
    "a passkey's answer replayed, late, of another site, without its holder": (
        ("CEREMONY_UNKNOWN", "CEREMONY_EXPIRED", "ORIGIN_WRONG", "USER_NOT_VERIFIED"),
        (
            f"{PASSKEY}::test_an_answer_is_not_replayed",
            f"{PASSKEY}::test_what_waits_too_long_is_asked_anew",
            f"{PASSKEY}::test_a_touch_on_another_site_signs_nothing",
            f"{PASSKEY}::test_an_authenticator_that_did_not_verify_its_holder_signs_nothing",
        ),
    ),
    "a passkey that was never logged, or removed before": (
        ("passkey_not_logged",),
        (
            SIXTY,
            f"{DOSSIER}::test_a_removed_passkey_signs_nothing_any_more",
            f"{PASSKEY}::test_a_key_that_was_removed_meanwhile_signs_nothing",
        ),
    ),
    "a batch with one statement replaced, a path shortened, the tree of another": (
        ("statement_mismatch",),
        (SIXTY, f"{PASSKEY}::test_of_a_batch_no_statement_path_or_place_can_be_another"),
    ),
    "a confirmation by a key that nobody knows, or outside its time": (
        ("key_unknown", "key_interval"),
        (BOTH, SIXTY),
    ),
    "a name in the register changed afterwards": (
        (),
        ("usecases/test_dossiers.py::test_a_name_that_changes_later_changes_no_paper",),
    ),
    "an event changed, deleted, put in, swapped, renumbered; the tail or the last one cut": (
        ("EVENT_HASH", "EVENT_GAP", "CHAIN_BROKEN", "COUNTER_BEHIND", "PIN_AHEAD"),
        (
            f"{LOG}::test_an_event_is_changed",
            f"{LOG}::test_an_event_is_taken_out",
            f"{LOG}::test_an_event_is_put_in_at_the_end",
            f"{LOG}::test_two_events_change_places",
            f"{LOG}::test_events_are_renumbered",
            f"{LOG}::test_the_last_event_is_cut_off",
            f"{LOG}::test_the_whole_tail_is_cut_off_and_the_counters_are_set_back",
        ),
    ),
    "the whole log chained anew, tiles rebuilt": (
        ("CHECKPOINT_INCONSISTENT", "LOG_FORKED", "log_forked"),
        (
            f"{LOG}::test_everything_is_chained_anew_and_the_tiles_are_rebuilt",
            f"{LOG}::test_decisions_go_on_while_the_log_is_forked",
            f"{DOSSIER}::test_a_rewritten_log_contradicts_the_note_of_the_visit_before",
            "api/manage/test_log_files.py::test_a_forked_log_degrades_readiness_and_decisions_go_on",
        ),
    ),
    "a unit's event left out of its dossier": (
        ("UNIT_CHAIN_BROKEN", "unit_chain_broken"),
        (
            f"{LOG}::test_a_units_event_is_left_out_and_the_register_is_chained_anew",
            "usecases/test_dossiers.py::test_the_cover_says_of_the_chain_what_was_looked_at",
            SIXTY,
        ),
    ),
    "a document's row removed, with its events or without": (
        ("EVENT_GAP",),
        (
            f"{LOG}::test_a_papers_row_goes_and_its_events_with_it",
            f"{LOG}::test_a_papers_row_goes_and_its_events_stay",
        ),
    ),
    "a grant or a paper put in by SQL; the instant from which a grant counts moved": (
        ("GRANT_WITHOUT_PAPER", "DOCUMENT_WITHOUT_EVENT"),
        (
            f"{LOG}::test_a_grant_is_put_in_by_sql",
            f"{LOG}::test_a_paper_is_put_in_by_sql",
            f"{LOG}::test_the_instant_from_which_a_grant_counts_is_moved",
        ),
    ),
    "two checkpoints of one size": (
        ("CHECKPOINT_INCONSISTENT", "checkpoint_inconsistent"),
        (
            f"{LOG}::test_two_checkpoints_of_one_size_show_a_split_view",
            f"{DOSSIER}::test_a_note_of_a_longer_log_or_of_the_same_size_with_another_root_is_a_fork",
        ),
    ),
    "a note that is not exactly a checkpoint": (
        (),
        (f"{NOTES}::test_a_note_that_is_not_exactly_a_checkpoint_is_refused",),
    ),
    "a proof too long, too short, of another place, size or leaf": (
        (),
        (
            f"{NOTES}::test_a_file_that_is_not_exactly_a_proof_is_refused",
            f"{NOTES}::test_no_bit_of_a_proof_can_be_turned",
            f"{NOTES}::test_our_trees_are_those_of_the_vectors",
        ),
    ),
    "a clock set back, or ahead and back": (
        ("TIME_BACK",),
        (
            f"{LOG}::test_an_event_is_dated_back_and_all_is_chained_anew",
            f"{DOSSIER}::test_time_that_steps_back_is_found_unless_a_clock_was_mended",
            "attacks/test_wrong_clock.py::test_a_register_that_was_written_under_a_wrong_clock_is_mended_by_a_command",
        ),
    ),
    "a backup restored": (
        (),
        (
            f"{FORKS}::test_a_restored_backup_behind_the_pin_signs_nothing",
            f"{FORKS}::test_a_new_epoch_holds_the_old_note_and_what_was_lost",
        ),
    ),
    "two papers with one number; the number of a declined one used again": (
        ("NUMBER_TAKEN", "number_duplicate"),
        (
            f"{NUMBERS}::test_no_two_papers_of_a_year_have_one_number",
            f"{NUMBERS}::test_the_number_of_a_paper_that_was_never_issued_stays_in_the_book",
            f"{NUMBERS}::test_a_number_on_earlier_paper_is_followed_and_reported_where_it_stands_twice",
        ),
    ),
    "a ZIP with a file missing, too many, twice, climbing, linked, in capitals, a bomb, 4 GB": (
        ("manifest_path", "manifest_link", "manifest_twice", "manifest_zip", "manifest_size"),
        (
            f"{ZIPS}::test_a_zip_that_is_none_of_ours_is_refused_before_it_is_unpacked",
            f"{ZIPS}::test_two_names_that_differ_in_case_are_one",
            f"{DOSSIER}::test_files_beside_the_list_are_found",
            f"{DOSSIER}::test_an_unpacked_dossier_is_checked_as_well_and_a_link_in_it_is_refused",
        ),
    ),
    "a cell that a spreadsheet would run, or with marks that nobody sees": (
        (),
        (
            f"{MATRIX}::test_csv_is_read_by_spreadsheets_and_runs_nothing",
            f"{MATRIX}::test_xlsx_holds_text_only_and_says_what_it_is_about",
            f"{SHAPES}::test_what_a_spreadsheet_would_run_stands_behind_an_apostrophe",
            f"{SHAPES}::test_marks_that_nobody_sees_are_written_out",
            "api/manage/test_management_log.py::test_no_cell_of_the_file_begins_a_formula",
        ),
    ),
    "erased words that somebody puts back otherwise": (
        ("print_hash",),
        (f"{DOSSIER}::test_erased_words_that_somebody_puts_back_otherwise_are_found",),
    ),
    "a process killed between setting a page and keeping it; two that set it at once": (
        (),
        (
            f"{PAPERS}::test_whoever_is_killed_before_a_page_is_kept_leaves_no_event_and_the_next_one_keeps_it",
            f"{PAPERS}::test_of_two_nodes_that_render_at_once_the_first_is_kept",
        ),
    ),
    "a share for checkpoints that cannot be reached": (
        (),
        ("usecases/log/test_checkpoints.py::test_a_folder_that_cannot_be_reached_stops_nothing",),
    ),
    "type that is missing, or another version of it": (
        (),
        (
            f"{PAPERS}::test_a_signed_paper_is_the_same_file_for_everybody_whatever_type_there_is_later",
            f"{PAPERS}::test_a_file_that_is_lost_is_made_anew_only_when_it_is_the_same",
        ),
    ),
}
"""What is done, the codes that say it, the tests that do it; no code where it is refused or changes nothing."""


@cache
def names_in(file: str) -> frozenset[str]:
    """The names of a file's tests."""
    tree = ast.parse((TESTS / file).read_text("utf-8"))
    return frozenset(x.name for x in tree.body if isinstance(x, ast.FunctionDef) and x.name.startswith("test_"))


@pytest.mark.parametrize("attack", FOUND)
def test_each_attack_on_evidence_has_its_tests_and_they_expect_its_finding(attack: str) -> None:
    codes, tests = FOUND[attack]
    assert tests, "somebody has to try it"
    for test in tests:
        file, name = test.split("::")
        assert name in names_in(file), f"{test} is not there"
    said = "\n".join((TESTS / test.split("::")[0]).read_text("utf-8") for test in tests)
    assert [code for code in codes if code not in said] == []
