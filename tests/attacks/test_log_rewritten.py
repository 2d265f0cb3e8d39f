"""Whoever can write the database rewrites the log, or a part of it; each story ends with the finding that tells."""
# ruff: noqa: S608

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import inspect, text

from access_service.domain.access import Allow
from access_service.domain.findings import EvidenceFinding
from access_service.domain.findings import FindingCode as Code
from access_service.signing.keys import temporary
from access_service.signing.notes import sign_note
from access_service.storage.tables import EventRow, table
from access_service.usecases.log.checkpoints import LogForkedError, check_log, make_checkpoint
from access_service.usecases.upkeep.verifying import verify_register
from access_service.usecases.upkeep.verifying_log import Outside
from logged import grow, logged
from rewriting import rechain, run
from usecases.deciding import ask, deciding
from world import CLASS_6B, REGISTER, SCHOOL, World, hire_homeroom, homeroom_line

pytestmark = pytest.mark.backends("sqlite")


@pytest.fixture
def papers(school_world: World, tmp_path: Path) -> World:
    """A school with papers, whose log was signed; its services sign logs."""
    teacher = hire_homeroom(school_world)
    school_world.hand_over(SCHOOL, teacher, homeroom_line(school_world, teacher))
    school_world.services = logged(school_world.services, tmp_path)
    make_checkpoint(school_world.services, REGISTER)
    return school_world


def found(world: World, **notes: str) -> tuple[EvidenceFinding, ...]:
    outside = Outside(world.services.keys_dir, world.services.checkpoint_dirs, notes)
    return verify_register(world.services.db, REGISTER, outside=outside).findings


def codes(world: World, **notes: str) -> set[Code]:
    return {finding.code for finding in found(world, **notes)}


def column(world: World, sql: str) -> str:
    with world.services.db.engine.connect() as connection:
        return str(connection.execute(text(sql)).scalar_one())


def last(world: World) -> int:
    return world.services.db.counter(REGISTER).seq


def test_nothing_is_found_where_nobody_did_anything(papers: World) -> None:
    assert found(papers) == ()


def test_an_event_is_changed(papers: World) -> None:
    run(papers.services.db, "UPDATE events SET actor = 'acc_x' WHERE seq = 7")
    finding = found(papers)[0]
    assert (finding.code, finding.place) == (Code.EVENT_HASH, "event 7")
    assert finding.expected == column(papers, "SELECT leaf FROM events WHERE seq = 7") != finding.found


def test_the_last_event_is_changed(papers: World) -> None:
    run(papers.services.db, f"UPDATE events SET actor = 'acc_x' WHERE seq = {last(papers)}")
    assert {Code.EVENT_HASH, Code.COUNTER_BEHIND} <= codes(papers)


def test_only_the_stored_leaf_is_changed(papers: World) -> None:
    other = column(papers, "SELECT leaf FROM events WHERE seq = 6")
    run(papers.services.db, f"UPDATE events SET leaf = '{other}' WHERE seq = 7")
    told = {finding.code: finding.place for finding in found(papers)}
    assert told[Code.LEAF_MISMATCH] == "event 7"
    assert told[Code.CHECKPOINT_INCONSISTENT] == f"checkpoint 1/{last(papers)}"
    assert Code.EVENT_HASH not in told


def test_an_event_is_taken_out(papers: World) -> None:
    run(papers.services.db, "DELETE FROM events WHERE seq = 7")
    assert Code.EVENT_GAP in codes(papers)


def test_an_event_is_put_in_at_the_end(papers: World) -> None:
    columns = ", ".join(c.name for c in table(EventRow).columns if c.name not in ("seq", "unit_seq"))
    run(
        papers.services.db,
        f"INSERT INTO events (seq, unit_seq, {columns}) "
        f"SELECT {last(papers) + 1}, 999, {columns} FROM events WHERE seq = 7",
    )
    assert {Code.CHAIN_BROKEN, Code.COUNTER_BEHIND} <= codes(papers)


def test_two_events_change_places(papers: World) -> None:
    run(
        papers.services.db,
        "UPDATE events SET seq = -7 WHERE seq = 7",
        "UPDATE events SET seq = 7 WHERE seq = 8",
        "UPDATE events SET seq = 8 WHERE seq = -7",
    )
    assert {Code.EVENT_HASH, Code.CHECKPOINT_INCONSISTENT} <= codes(papers)


def test_events_are_renumbered(papers: World) -> None:
    run(papers.services.db, "UPDATE events SET seq = seq + 100000 WHERE seq > 7")
    assert Code.EVENT_GAP in codes(papers)


def test_the_last_event_is_cut_off(papers: World) -> None:
    run(papers.services.db, f"DELETE FROM events WHERE seq = {last(papers)}")
    assert {Code.COUNTER_BEHIND, Code.PIN_AHEAD} <= codes(papers)


def test_the_whole_tail_is_cut_off_and_the_counters_are_set_back(papers: World) -> None:
    """All that stands in the database fits again: the pin and the signed checkpoints are what is left."""
    run(papers.services.db, "DELETE FROM events WHERE seq > 7", "DELETE FROM checkpoints")
    rechain(papers.services.db)
    told = codes(papers)
    assert Code.PIN_AHEAD in told
    with pytest.raises(LogForkedError):
        make_checkpoint(papers.services, REGISTER)


def test_a_log_cut_at_its_end_is_found_by_a_checkpoint_that_somebody_kept(papers: World) -> None:
    kept = make_checkpoint(papers.services, REGISTER).note
    run(papers.services.db, "DELETE FROM events WHERE seq > 7", "DELETE FROM checkpoints")
    rechain(papers.services.db)
    told = [f for f in found(papers, **{"2026-09-30.note": kept}) if f.place == "2026-09-30.note"]
    assert [f.code for f in told] == [Code.CHECKPOINT_INCONSISTENT]


def test_everything_is_chained_anew_and_the_tiles_are_rebuilt(papers: World) -> None:
    """No hash of the database is wrong any more. Any older note contradicts it, and the signer signs no more."""
    kept = make_checkpoint(papers.services, REGISTER).note
    run(
        papers.services.db,
        "UPDATE events SET actor = 'acc_x' WHERE seq = 7",
        "DELETE FROM checkpoints",
    )
    rechain(papers.services.db)
    assert verify_register(papers.services.db, REGISTER).findings == ()
    assert codes(papers, kept=kept) == {Code.CHECKPOINT_INCONSISTENT, Code.LOG_FORKED}
    with pytest.raises(LogForkedError, match="does not go on from the pin"):
        make_checkpoint(papers.services, REGISTER)
    grow(papers.services, 3)
    with pytest.raises(LogForkedError):
        make_checkpoint(papers.services, REGISTER)


def test_decisions_go_on_while_the_log_is_forked(tmp_path: Path) -> None:
    with deciding(tmp_path) as (world, teacher, point):
        services = logged(world.services, tmp_path / "keys")
        make_checkpoint(services, REGISTER)
        run(services.db, "UPDATE events SET actor = 'acc_x' WHERE seq = 7")
        rechain(services.db)
        with pytest.raises(LogForkedError):
            make_checkpoint(services, REGISTER)
        assert isinstance(point.decide(REGISTER, ask(teacher)).decision, Allow)


def test_the_pin_is_taken_away_with_it(papers: World) -> None:
    """The database still knows a checkpoint: without the pin nothing is signed."""
    for pin in (papers.services.keys_dir / "log.pin").iterdir():
        pin.unlink()
    with pytest.raises(LogForkedError, match="pin of the log is missing"):
        make_checkpoint(papers.services, REGISTER)
    with pytest.raises(LogForkedError):
        check_log(papers.services, REGISTER)
    assert codes(papers) == {Code.PIN_MISSING}


def test_pin_and_checkpoints_are_taken_away_and_a_folder_elsewhere_remembers(
    school_world: World, tmp_path: Path
) -> None:
    services = logged(school_world.services, tmp_path, tmp_path / "share")
    make_checkpoint(services, REGISTER)
    for pin in (services.keys_dir / "log.pin").iterdir():
        pin.unlink()
    run(services.db, "DELETE FROM checkpoints", "UPDATE events SET actor = 'acc_x' WHERE seq = 7")
    rechain(services.db)
    with pytest.raises(LogForkedError, match="share"):
        make_checkpoint(services, REGISTER)
    outside = Outside(services.keys_dir, services.checkpoint_dirs)
    told = verify_register(services.db, REGISTER, outside=outside).findings
    assert {finding.code for finding in told} == {Code.CHECKPOINT_INCONSISTENT}


def test_latest_in_the_folder_is_set_back_and_the_older_notes_still_stand(papers: World, tmp_path: Path) -> None:
    services = logged(papers.services, tmp_path, tmp_path / "share")
    older = make_checkpoint(services, REGISTER)
    grow(services, 1)
    make_checkpoint(services, REGISTER)
    (tmp_path / "share" / REGISTER / "1" / "latest").write_text(older.note, "utf-8")
    for pin in (services.keys_dir / "log.pin").iterdir():
        pin.write_text(older.note, "utf-8")
    run(services.db, f"DELETE FROM events WHERE seq > {older.checkpoint.size}", "DELETE FROM checkpoints")
    rechain(services.db)
    with pytest.raises(LogForkedError, match="share"):
        check_log(services, REGISTER)


def test_a_tile_is_changed(papers: World) -> None:
    grow(papers.services, 300)
    make_checkpoint(papers.services, REGISTER)
    run(papers.services.db, "UPDATE log_tiles SET hashes = zeroblob(length(hashes))")
    assert codes(papers) == {Code.TILE_MISMATCH}
    with pytest.raises(LogForkedError):
        make_checkpoint(papers.services, REGISTER)


def test_a_checkpoint_is_put_in_that_nobody_signed(papers: World) -> None:
    note = sign_note(
        column(papers, "SELECT note FROM checkpoints").partition("\n\n")[0] + "\n",
        f"127.0.0.1:8000/log/{REGISTER}/1",
        temporary(),
    )
    with papers.services.db.engine.begin() as connection:
        connection.execute(text("UPDATE checkpoints SET note = :note"), {"note": note})
    assert codes(papers) == {Code.KEY_UNKNOWN}


def test_the_text_of_a_checkpoint_is_changed(papers: World) -> None:
    size = last(papers)
    run(papers.services.db, f"UPDATE checkpoints SET note = replace(note, char(10) || '{size}', char(10) || '7')")
    assert codes(papers) == {Code.CHECKPOINT_SIGNATURE}


def test_the_row_of_a_checkpoint_says_another_root(papers: World) -> None:
    run(papers.services.db, "UPDATE checkpoints SET root = '00'")
    assert codes(papers) == {Code.CHECKPOINT_INCONSISTENT}


def test_two_checkpoints_of_one_size_show_a_split_view(papers: World, tmp_path: Path) -> None:
    """Somebody with the key signs another log of the same size for somebody else."""
    shown = make_checkpoint(papers.services, REGISTER)
    other = logged(papers.services, tmp_path / "other")
    (tmp_path / "other").mkdir()
    (papers.services.keys_dir).rename(other.keys_dir)
    for pin in (other.keys_dir / "log.pin").iterdir():
        pin.unlink()
    run(other.db, "UPDATE events SET actor = 'acc_x' WHERE seq = 7", "DELETE FROM checkpoints")
    rechain(other.db)
    second = make_checkpoint(other, REGISTER)
    assert second.checkpoint.size == shown.checkpoint.size
    papers.services = other
    told = found(papers, shown=shown.note, second=second.note)
    assert [(f.code, f.place) for f in told] == [(Code.CHECKPOINT_INCONSISTENT, "shown")]


def test_a_units_event_is_left_out_and_the_register_is_chained_anew(papers: World) -> None:
    seq = column(papers, f"SELECT max(seq) - 1 FROM events WHERE unit = '{SCHOOL}'")
    seq = column(papers, f"SELECT max(seq) FROM events WHERE unit = '{SCHOOL}' AND seq < {seq}")
    run(papers.services.db, f"DELETE FROM events WHERE seq = {seq}")
    rechain(papers.services.db, units=False)
    assert Code.UNIT_CHAIN_BROKEN in codes(papers)


def test_a_papers_row_goes_and_its_events_with_it(papers: World) -> None:
    document = column(papers, "SELECT id FROM documents WHERE kind = 'commitment' LIMIT 1")
    run(
        papers.services.db,
        f"DELETE FROM documents WHERE id = '{document}'",
        f"DELETE FROM events WHERE target = '{document}'",
    )
    assert Code.EVENT_GAP in codes(papers)
    rechain(papers.services.db)
    assert {Code.VERSION_MISSING, Code.CHECKPOINT_INCONSISTENT} & codes(papers)


def test_a_papers_row_goes_and_its_events_stay(papers: World) -> None:
    run(papers.services.db, "DELETE FROM documents WHERE kind = 'commitment'")
    assert {Code.EVENT_WITHOUT_DOCUMENT, Code.VERSION_MISSING} <= codes(papers)


def test_a_paper_is_put_in_by_sql(papers: World) -> None:
    db = papers.services.db
    with db.engine.begin() as connection:
        names = [c["name"] for c in inspect(connection).get_columns("documents")]
        rest = ", ".join(n for n in names if n != "id")
        connection.execute(
            text(f"INSERT INTO documents (id, {rest}) SELECT 'doc_x', {rest} FROM documents LIMIT 1")
        )
    assert Code.DOCUMENT_WITHOUT_EVENT in codes(papers)


def test_a_grant_is_put_in_by_sql(papers: World) -> None:
    db = papers.services.db
    with db.engine.begin() as connection:
        names = [c["name"] for c in inspect(connection).get_columns("grants")]
        rest = ", ".join(n for n in names if n != "id")
        connection.execute(
            text(f"INSERT INTO grants (id, {rest}) SELECT 'gra_x', {rest} FROM grants WHERE to_rev IS NULL LIMIT 1")
        )
    assert Code.GRANT_WITHOUT_EVENT in codes(papers)


def test_the_instant_from_which_a_grant_counts_is_moved(papers: World) -> None:
    run(
        papers.services.db,
        "UPDATE grants SET activated_at = '2020-01-01 00:00:00.000000' WHERE activated_at IS NOT NULL",
    )
    assert codes(papers) == {Code.GRANT_WITHOUT_EVENT}


def test_a_right_that_waits_is_made_to_count(school_world: World) -> None:
    teacher = hire_homeroom(school_world)
    school_world.propose(SCHOOL, teacher, homeroom_line(school_world, teacher))
    run(
        school_world.services.db,
        "UPDATE grants SET activated_at = '2026-09-01 00:00:00.000000' WHERE activated_at IS NULL",
    )
    told = verify_register(school_world.services.db, REGISTER).findings
    assert Code.GRANT_WITHOUT_PAPER in {finding.code for finding in told}


def test_the_text_of_a_paper_is_changed_in_its_newest_row_alone(papers: World) -> None:
    """The row before it, of the same version, still has the bytes that were signed."""
    newest = "SELECT max(from_rev) FROM documents WHERE kind = 'commitment'"
    run(papers.services.db, f"UPDATE documents SET content = '{{}}' WHERE from_rev = ({newest})")
    assert Code.DOCUMENT_HASH in codes(papers)


def test_the_words_of_a_paper_are_changed(papers: World) -> None:
    run(papers.services.db, "UPDATE document_prints SET body = replace(body, 'format', 'formats')")
    assert codes(papers) == {Code.PRINT_HASH}


def test_the_words_of_a_paper_are_changed_with_their_hash(papers: World) -> None:
    run(papers.services.db, "UPDATE document_prints SET body = NULL, sha256 = 'x'")
    assert codes(papers) == {Code.PRINT_HASH}


def test_an_event_is_dated_back_and_all_is_chained_anew(papers: World) -> None:
    run(
        papers.services.db,
        "UPDATE events SET recorded_at = '2020-01-01 00:00:00.000000' WHERE seq = 7",
        "DELETE FROM checkpoints",
    )
    rechain(papers.services.db)
    assert {Code.TIME_BACK, Code.LOG_FORKED} <= codes(papers)


def test_what_was_changed_since_a_checkpoint_is_found_by_the_daily_run(papers: World) -> None:
    since = last(papers)
    teacher = hire_homeroom(papers, "moi", CLASS_6B)
    papers.hand_over(SCHOOL, teacher, homeroom_line(papers, teacher, CLASS_6B))
    grow(papers.services, 300)
    db = papers.services.db

    def daily() -> set[Code]:
        verified = verify_register(db, REGISTER, since=since, outside=Outside(papers.services.keys_dir))
        assert verified.since == since
        return {finding.code for finding in verified.findings}

    assert daily() == set()
    make_checkpoint(papers.services, REGISTER)
    assert daily() == set()
    for statement, code in (
        (f"UPDATE events SET actor = 'acc_x' WHERE seq = {since + 3}", Code.EVENT_HASH),
        (f"DELETE FROM events WHERE seq = {since + 3}", Code.EVENT_GAP),
        (
            "UPDATE documents SET content = '{}' WHERE from_rev = (SELECT max(from_rev) FROM documents)",
            Code.DOCUMENT_HASH,
        ),
        (
            "DELETE FROM signatures WHERE from_rev = (SELECT max(from_rev) FROM signatures)",
            Code.EVENT_WITHOUT_DOCUMENT,
        ),
        (
            "UPDATE grants SET document = 'doc_x' WHERE from_rev = (SELECT max(from_rev) FROM grants)",
            Code.GRANT_WITHOUT_PAPER,
        ),
        (
            "UPDATE events SET leaf = (SELECT leaf FROM events WHERE seq = 1) WHERE seq = 2",
            Code.CHECKPOINT_INCONSISTENT,
        ),
        (f"UPDATE events SET actor = 'acc_x' WHERE seq = {since}", Code.EVENT_HASH),
        ("UPDATE log_tiles SET hashes = zeroblob(length(hashes))", Code.TILE_MISMATCH),
        ("UPDATE revisions SET head = 'x' WHERE n = (SELECT max(n) FROM revisions)", Code.REVISION_BROKEN),
    ):
        with db.engine.connect() as connection, connection.begin() as undone:
            connection.execute(text(statement))
            told = _daily_within(papers, since, connection)
            assert code in told, statement
            undone.rollback()
    assert daily() == set()


def _daily_within(world: World, since: int, connection: object) -> set[Code]:
    from access_service.storage.restoring import Within

    db = Within(str(world.services.db.url), world.services.db.now, connection)  # type: ignore[arg-type]
    told = verify_register(db, REGISTER, since=since, outside=Outside(world.services.keys_dir)).findings
    return {finding.code for finding in told}
