"""What is told of a unit: like deeds of one day are one line, and there are few lines."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from access_service.domain.org import SchoolYear, days_to_opening
from access_service.domain.recounting import MOST_TOLD, TOLD, Deed, tell_deeds

NOON = datetime(2026, 8, 27, 5, tzinfo=UTC)


def deed(minutes: int, who: str, action: str = "document.sign") -> Deed:
    return Deed(NOON - timedelta(minutes=minutes), who, action, f"doc_{minutes}", str(minutes))


def test_what_one_person_does_in_a_row_on_one_day_is_one_line_that_counts() -> None:
    lines = tell_deeds([deed(0, "An"), deed(1, "An"), deed(2, "Bình"), deed(3, "An"), deed(3 + 24 * 60, "An")])
    assert [(line.newest.who, line.count) for line in lines] == [("An", 2), ("Bình", 1), ("An", 1), ("An", 1)]
    assert lines[0].newest.target == "doc_0"


def test_other_acts_of_the_same_person_are_lines_of_their_own() -> None:
    assert len(tell_deeds([deed(0, "An"), deed(1, "An", "document.prepare")])) == 2


def test_there_are_never_more_lines_than_a_page_has_room_for() -> None:
    assert len(tell_deeds(deed(n, f"Người {n}") for n in range(100))) == MOST_TOLD


def test_nothing_is_told_of_reading_sessions_and_inspections() -> None:
    hidden = ("session.", "log.", "matrix.", "dossier.", "inspection.", "factor.", "explain", "who.read")
    assert [action for action in TOLD if action.startswith(hidden) or action.endswith(".read")] == []


def test_the_days_to_the_first_bell_are_counted_while_it_is_near() -> None:
    year = SchoolYear("2026-2027", datetime(2026, 7, 31, 17, tzinfo=UTC), datetime(2027, 7, 31, 17, tzinfo=UTC))
    assert days_to_opening([year], NOON) == 9
    assert days_to_opening([year], datetime(2026, 9, 4, 18, tzinfo=UTC)) == 0
    assert days_to_opening([year], datetime(2026, 9, 5, 18, tzinfo=UTC)) is None
    assert days_to_opening([year], datetime(2026, 3, 1, tzinfo=UTC)) is None
    assert days_to_opening([], NOON) is None
