"""Migrations: they agree with the tables, on both databases, and an old schema is not served."""

import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Date, DateTime, Engine, column, insert, inspect, table, text

from access_service.domain.errors import UnavailableError
from access_service.domain.names import AccountId, RegisterId
from access_service.domain.vietnamese import natural_key
from access_service.storage import migrate, schema
from access_service.storage.accounts import credential_by_username, credential_of, session_by_token, usernames_like
from access_service.storage.connecting import make_engine
from access_service.storage.schema import metadata


def _scripts() -> ScriptDirectory:
    config = Config()
    config.set_main_option("script_location", str(migrate.FOLDER))
    return ScriptDirectory.from_config(config)


def _set_version(engine: Engine, version: str) -> None:
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = :v"), {"v": version})


def test_the_newest_migration_is_the_one_the_program_asks_for() -> None:
    assert _scripts().get_heads() == [migrate.HEAD]
    assert migrate.known_versions() == {script.revision for script in _scripts().walk_revisions()}


def test_migrations_and_tables_agree(database_url: str) -> None:
    engine = make_engine(database_url)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_server_default": True})
        assert compare_metadata(context, metadata) == []
        # What Alembic does not compare: the keys.
        inspector = inspect(connection)
        for table in metadata.sorted_tables:
            key = inspector.get_pk_constraint(table.name)
            assert key["constrained_columns"] == [c.name for c in table.primary_key.columns]
            assert key["name"] == table.primary_key.name
    engine.dispose()


def test_a_difference_between_migrations_and_tables_would_be_seen(database_url: str) -> None:
    engine = make_engine(database_url)
    with engine.connect() as connection:
        transaction = connection.begin()
        connection.execute(text("CREATE TABLE strange (id INTEGER)"))
        connection.execute(text("DROP INDEX ix_grants_account"))
        context = MigrationContext.configure(connection)
        found = {difference[0] for difference in compare_metadata(context, metadata)}
        transaction.rollback()
    engine.dispose()
    assert found == {"remove_table", "add_index"}


def test_upgrading_twice_changes_nothing(blank_url: str) -> None:
    migrate.upgrade(blank_url)
    engine = make_engine(blank_url)
    migrate.require_current(engine)
    migrate.upgrade(blank_url)
    migrate.require_current(engine)
    engine.dispose()


def test_grants_of_the_first_schema_are_found_by_their_unit(
    blank_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Schema 0002: a grant that lost its unit on the way would be missing from every search, without a word."""
    newest = migrate.HEAD
    monkeypatch.setattr(migrate, "HEAD", "0001")
    migrate.upgrade(blank_url)
    row = {
        "register_id": "thu",
        "from_rev": 1,
        "valid_from": datetime(2026, 9, 1, tzinfo=UTC),
        "account": "000-tk",
        "role": "x",
        "unit": "00031",
        "authority": "a",
    }
    scopes = {"g1": '{"unit":"0003101"}', "g2": '{"unit":"Tr\u01b0\u1eddng \\"th\u1eed\\"","levels":["primary"]}'}
    engine = make_engine(blank_url)
    grants = table("grants", *(column(name) for name in (*row, "id", "scope") if name != "valid_from"))
    grants.append_column(column("valid_from", DateTime(timezone=True)))
    with engine.begin() as connection:
        connection.execute(insert(grants), [{**row, "id": id_, "scope": scope} for id_, scope in scopes.items()])
    monkeypatch.setattr(migrate, "HEAD", newest)
    migrate.upgrade(blank_url)
    with engine.connect() as connection:
        units = {
            found.id: found.scope_unit for found in connection.execute(text("SELECT id, scope_unit FROM grants"))
        }
    engine.dispose()
    assert units == {"g1": "0003101", "g2": 'Trường "thử"'}


def test_accounts_of_the_second_schema_sign_in_under_the_third(
    blank_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Schema 0003: nobody is shut out because nothing is known of when they were here; open sessions end."""
    newest = migrate.HEAD
    monkeypatch.setattr(migrate, "HEAD", "0002")
    migrate.upgrade(blank_url)
    engine = make_engine(blank_url)
    with engine.begin() as connection:
        for account, password in (("a", "hash"), ("b", None)):
            row = {"account": account, "password": password}
            connection.execute(
                text(
                    "INSERT INTO credentials (register_id, account, username, password, failed) "
                    "VALUES ('thu', :account, :account, :password, 0)"
                ),
                row,
            )
        connection.execute(
            text(
                "INSERT INTO sessions (token_sha256, register_id, account, person, created_at, expires_at) "
                "VALUES ('0', 'thu', 'a', 'p', '2026-08-20 00:00:00', '2026-08-20 00:15:00')"
            )
        )
    monkeypatch.setattr(migrate, "HEAD", newest)
    migrate.upgrade(blank_url)
    with engine.connect() as connection:
        signed_up, invited = (
            credential_of(connection, RegisterId("thu"), AccountId(account)) for account in ("a", "b")
        )
        assert session_by_token(connection, "0") is None
    engine.dispose()
    assert signed_up is not None
    assert invited is not None
    assert signed_up.seen_at == signed_up.password_set_at is not None
    assert (invited.seen_at, invited.password_set_at) == (None, None)


def test_todays_answer_to_whose_account_it_is_is_written_once_with_an_event(
    blank_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Schema 0006: where a duty is left at the issuing unit that stays the answer, else the longest held one's."""
    newest = migrate.HEAD
    monkeypatch.setattr(migrate, "HEAD", "0005")
    migrate.upgrade(blank_url)
    engine = make_engine(blank_url)
    when = datetime(2026, 9, 1, tzinfo=UTC)
    counters = table("counters", *map(column, ("register_id", "n", "seq", "head")))
    names = ("register_id", "id", "from_rev", "kind", "unit", "person", "username")
    accounts = table("accounts", *map(column, names))
    names = ("register_id", "id", "from_rev", "person", "unit", "position", "decision_number")
    duties = table("assignments", *map(column, names), column("decision_date", Date()))
    for one in (counters, accounts, duties):
        name = "recorded_at" if one is counters else "valid_from"
        one.append_column(column(name, DateTime(timezone=True)))
    held = {"a": [("p", "A", 1), ("p", "B", 2)], "b": [("q", "B", 2), ("q", "C", 3)], "c": []}
    with engine.begin() as connection:
        connection.execute(insert(counters).values(register_id="thu", n=7, seq=9, head="0" * 64, recorded_at=when))
        for id_, of in held.items():
            person = of[0][0] if of else "r"
            connection.execute(
                insert(accounts).values(
                    register_id="thu",
                    id=id_,
                    from_rev=1,
                    kind="use",
                    unit="A",
                    person=person,
                    username=id_,
                    valid_from=when,
                )
            )
            for number, (who, unit, day) in enumerate(of):
                connection.execute(
                    insert(duties).values(
                        register_id="thu",
                        id=f"{id_}{number}",
                        from_rev=1,
                        person=who,
                        unit=unit,
                        position="x",
                        decision_number="000",
                        decision_date=when.date(),
                        valid_from=when.replace(day=day),
                    )
                )
    monkeypatch.setattr(migrate, "HEAD", newest)
    migrate.upgrade(blank_url)
    with engine.connect() as connection:
        homes = {h.account: h.unit for h in connection.execute(text("SELECT account, unit FROM homes"))}
        [event] = connection.execute(text("SELECT seq, revision, action, details FROM events")).all()
        [counter] = connection.execute(text("SELECT n, seq FROM counters")).all()
    engine.dispose()
    assert homes == {"a": "A", "b": "B", "c": "A"}
    assert tuple(event) == (10, 8, "home.upgrade", '{"homes":3}')
    assert tuple(counter) == (8, 10)


def test_usernames_of_before_are_folded_and_those_that_fold_alike_stop_no_upgrade(
    blank_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Schema 0019: each still means its own account, as it was given; whoever stands alone is found in any case."""
    newest = migrate.HEAD
    monkeypatch.setattr(migrate, "HEAD", "0017")
    migrate.upgrade(blank_url)
    engine = make_engine(blank_url)
    given = {"a": "CBQL.0000011", "b": "cbql.0000011", "c": "GV.Đông", "d": "\u0441bql.0000012"}
    with engine.begin() as connection:
        for account, username in given.items():
            row = {"register_id": "thu", "account": account, "username": username, "failed": 0}
            _insert(connection, "credentials", row)
    monkeypatch.setattr(migrate, "HEAD", newest)
    migrate.upgrade(blank_url)
    with engine.connect() as connection:

        def whose(typed: str) -> str | None:
            found = credential_by_username(connection, RegisterId("thu"), typed)
            return None if found is None else found.account

        assert {typed: whose(typed) for typed in given.values()} == {name: id_ for id_, name in given.items()}
        assert whose("Cbql.0000011") is None
        assert whose("gv.đông") == "c"
        assert whose("cbql.0000012") is None
        assert usernames_like(connection, RegisterId("thu"), ["cbql.0000012"]) == [given["d"]]
    engine.dispose()


def test_every_approval_of_before_leaves_the_duty_to_delete_and_no_level_is_confirmed(
    blank_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Schema 0016: it opens when the approval ended or will end: taken back, with the software, or by its term."""
    newest = migrate.HEAD
    monkeypatch.setattr(migrate, "HEAD", "0015")
    migrate.upgrade(blank_url)
    engine = make_engine(blank_url)
    with engine.begin() as connection:
        for id_, over in (("s1", None), ("s2", "2026-10-01 00:00:00+00:00")):
            words = dict.fromkeys(
                ("name", "supplier", "data_fields", "data_scope", "frequency", "method", "cost", "legal_standing"),
                "",
            )
            row = {"register_id": "thu", "id": id_, "from_rev": 3, "unit": "0003101", "account": id_, **words}
            row |= {"valid_from": "2026-09-01 00:00:00+00:00", "valid_to": over, "security_level": 3}
            _insert(connection, "software", {**row, "on_axis": True, "is_enforcement_point": False})
        for id_, software, back in (
            ("a1", "s1", None),
            ("a2", "s1", "2026-09-20 00:00:00+00:00"),
            ("a3", "s2", None),
        ):
            row = {"register_id": "thu", "id": id_, "from_rev": 4, "software": software, "number": "", "sha256": ""}
            row |= {"scope_unit": "0003101", "scope": "{}", "frequency": "unlimited", "method": "api"}
            row |= {"valid_from": "2026-09-01 00:00:00+00:00", "valid_to": "2026-12-01 00:00:00+00:00"}
            row |= {"recorded_at": "2026-09-01 00:00:00+00:00", "withdrawn_at": back, "dated": "2026-09-01"}
            _insert(connection, "approvals", row)
    monkeypatch.setattr(migrate, "HEAD", newest)
    migrate.upgrade(blank_url)
    with engine.connect() as connection:
        owed = {o.approval: o for o in connection.execute(text("SELECT * FROM obligations"))}
        assert connection.execute(text("SELECT * FROM software_confirmations")).all() == []
    engine.dispose()
    assert {id_: str(o.valid_from)[:10] for id_, o in owed.items()} == {
        "a1": "2026-12-01",
        "a2": "2026-09-20",
        "a3": "2026-10-01",
    }
    assert {(o.unit, o.from_rev, o.valid_to) for o in owed.values()} == {("0003101", 4, None)}


def _insert(connection: Connection, name: str, row: dict[str, object]) -> None:
    columns, values = ", ".join(row), ", ".join(f":{column}" for column in row)
    connection.execute(text(f"INSERT INTO {name} ({columns}) VALUES ({values})"), row)  # noqa: S608 names of ours


def test_nodes_that_start_together_migrate_once(blank_url: str) -> None:
    failed: list[Exception] = []

    def start() -> None:
        try:
            migrate.upgrade(blank_url)
        except Exception as error:  # noqa: BLE001 whatever it was, the test shows it
            failed.append(error)

    # Alembic's own state is one per process, so the lock is tried from beside it: a node that holds it.
    engine = make_engine(blank_url)
    with engine.begin() as connection:
        migrate.wait_for_others(connection)
        second = threading.Thread(target=start)
        second.start()
        second.join(0.5)
        assert second.is_alive()
    second.join(120)
    assert failed == []
    migrate.require_current(engine)
    engine.dispose()


def test_a_blank_database_is_not_served(blank_url: str) -> None:
    engine = make_engine(blank_url)
    with pytest.raises(UnavailableError, match=r"^the database has no schema yet; run `access-service migrate`$"):
        migrate.require_current(engine)
    engine.dispose()


def test_an_old_schema_is_not_served(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = make_engine(database_url)
    newest = migrate.HEAD
    monkeypatch.setattr(migrate, "HEAD", "9998")
    with pytest.raises(
        UnavailableError,
        match=rf"^the database has schema `{newest}` and this version needs `9998`; run `access-service migrate`$",
    ):
        migrate.require_current(engine)
    engine.dispose()


def test_a_newer_schema_is_neither_served_nor_touched(blank_url: str) -> None:
    migrate.upgrade(blank_url)
    engine = make_engine(blank_url)
    _set_version(engine, "9999")
    with pytest.raises(UnavailableError, match="made by a newer version"):
        migrate.require_current(engine)
    with pytest.raises(UnavailableError, match="made by a newer version"):
        migrate.upgrade(blank_url)
    with engine.connect() as connection:
        assert migrate.version_of(connection) == "9999"
    engine.dispose()


def test_tables_without_a_version_are_left_alone(blank_url: str) -> None:
    engine = make_engine(blank_url)
    metadata.create_all(engine)
    with pytest.raises(UnavailableError, match="tables but no schema version"):
        migrate.upgrade(blank_url)
    engine.dispose()


def test_a_migration_that_fails_leaves_nothing(blank_url: str) -> None:
    engine = make_engine(blank_url)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE packs (id INTEGER)"))
    with pytest.raises(UnavailableError, match=r"cannot be migrated: .*packs.* already exists"):
        migrate.upgrade(blank_url)
    with engine.connect() as connection:
        assert inspect(connection).get_table_names() == ["packs"]
    engine.dispose()


@pytest.mark.backends("sqlite")
def test_a_folder_with_a_percent_sign_is_no_reference(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / '100%s.db'}"
    migrate.upgrade(url)
    engine = make_engine(url)
    migrate.require_current(engine)
    engine.dispose()


def test_what_cannot_be_reached_says_so(tmp_path: Path) -> None:
    folder = tmp_path / "folder.db"
    folder.mkdir()
    with pytest.raises(UnavailableError, match="cannot be migrated: unable to open"):
        migrate.upgrade(f"sqlite:///{folder}")
    engine = make_engine(f"sqlite:///{folder}")
    with pytest.raises(UnavailableError, match="cannot be reached"):
        migrate.require_current(engine)
    engine.dispose()


def test_every_file_of_tables_is_part_of_the_schema() -> None:
    """A table that only one use case imports was in no backup."""
    files = {path.stem for path in Path(schema.__file__).parent.glob("tables*.py")}
    assert {module.__name__.rpartition(".")[2] for module in schema.MODULES} == files


def test_names_of_an_older_schema_are_found_and_sorted_as_new_ones(
    blank_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Schema 0029: whoever was entered before would be missing from every search, without a word."""
    newest = migrate.HEAD
    monkeypatch.setattr(migrate, "HEAD", "0028")
    migrate.upgrade(blank_url)
    engine = make_engine(blank_url)
    with engine.begin() as connection:
        for id_, name in (("p1", "Nguyễn Thị Hoà"), ("p2", "Nguyễn Thị Hoà"), ("p3", "Đỗ Ơn")):
            connection.execute(
                text(
                    "INSERT INTO persons (register_id, id, from_rev, valid_from, name, sort_key) "
                    "VALUES ('thu', :id, 1, '2026-08-20 00:00:00', :name, 'x')"
                ),
                {"id": id_, "name": name},
            )
        connection.execute(
            text(
                "INSERT INTO school_classes "
                "(register_id, id, from_rev, valid_from, school, school_year, name, level, grade) VALUES "
                "('thu', 'c', 1, '2026-08-20 00:00:00', 's', '2026-2027', '6A10', 'primary', '6')"
            )
        )
    monkeypatch.setattr(migrate, "HEAD", newest)
    migrate.upgrade(blank_url)
    with engine.connect() as connection:
        found = {row[0]: row[1] for row in connection.execute(text("SELECT id, folded FROM persons"))}
        key = connection.execute(text("SELECT sort_key FROM school_classes")).scalar_one()
    engine.dispose()
    assert found == {"p1": " nguyen thi hoa", "p2": " nguyen thi hoa", "p3": " do on"}
    assert key == natural_key("6A10")
