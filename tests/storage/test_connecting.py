"""Whose files a database is, over what it is spoken to, and what bounds each wait."""

import os
import stat
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from access_service.domain.errors import UnavailableError
from access_service.storage import connecting
from access_service.storage.connecting import make_engine
from access_service.storage.db import Database
from access_service.usecases.services import Services
from remembered import DURABLE
from world import Clock


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture
def open_umask() -> Any:
    before = os.umask(0)
    yield
    os.umask(before)


@pytest.mark.usefixtures("open_umask")
def test_a_database_is_made_for_its_owner_alone_with_its_log_and_its_folders(tmp_path: Path) -> None:
    path = tmp_path / "var" / "lib" / "access.db"
    engine = make_engine(f"sqlite:///{path}")
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE t (x)"))
        made = {p.name: mode(p) for p in path.parent.iterdir()}
    engine.dispose()
    assert made == {"access.db": 0o600, "access.db-wal": 0o600, "access.db-shm": 0o600}
    assert [mode(p) for p in (path.parent, path.parent.parent)] == [0o700, 0o700]


@pytest.mark.usefixtures("open_umask")
def test_a_database_that_everybody_could_read_is_mended_and_one_for_a_group_stays(tmp_path: Path) -> None:
    for name, before, after in (("old.db", 0o644, 0o600), ("group.db", 0o640, 0o640)):
        path = tmp_path / name
        path.touch()
        path.chmod(before)
        engine = make_engine(f"sqlite:///{path}")
        with engine.begin() as connection:
            connection.execute(text("CREATE TABLE t (x)"))
            assert {mode(p) for p in tmp_path.glob(f"{name}*")} == {after}
        engine.dispose()


@pytest.mark.usefixtures("open_umask")
def test_a_file_named_as_a_uri_is_made_for_its_owner_too(tmp_path: Path) -> None:
    path = tmp_path / "a b.db"
    engine = make_engine(f"sqlite:///file:{str(path).replace(' ', '%20')}?uri=true")
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE t (x)"))
    engine.dispose()
    assert mode(path) == 0o600


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://db.example.edu.vn/access",
        "postgresql+psycopg://ban@10.0.0.7:5432/access",
        "postgresql://db.example.edu.vn/access?sslmode=prefer",
        "postgresql://db.example.edu.vn/access?sslmode=disable",
        "postgresql:///access?host=db.example.edu.vn",
        "postgresql:///access?host=localhost&host=db.example.edu.vn",
        "postgresql://localhost/access?hostaddr=10.0.0.7",
        "postgresql://localhost.example.edu.vn/access",
        "postgresql://0.0.0.0/access",
        "postgresql:///access?service=access&sslmode=require",
    ],
)
def test_a_database_on_another_machine_is_not_spoken_to_in_the_clear(url: str) -> None:
    with pytest.raises(UnavailableError, match=r"sslmode=verify-full|service"):
        make_engine(url)
    with pytest.raises(UnavailableError):
        make_engine(url, is_patient=True)


@pytest.mark.parametrize(
    "url",
    [
        "postgresql:///access",
        "postgresql://localhost/access",
        "postgresql://127.0.0.1:5433/access",
        "postgresql://[::1]/access",
        "postgresql:///access?host=/run/postgresql",
        "postgresql://db.example.edu.vn/access?sslmode=require",
        "postgresql://db.example.edu.vn/access?sslmode=verify-full&sslrootcert=system",
        "postgresql://db.example.edu.vn/access?hostaddr=127.0.0.1",
    ],
)
def test_on_this_machine_or_encrypted_it_is(url: str) -> None:
    make_engine(url).dispose()


def test_what_the_environment_says_of_host_and_encryption_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGHOST", "db.example.edu.vn")
    with pytest.raises(UnavailableError, match="another machine"):
        make_engine("postgresql:///access")
    monkeypatch.setenv("PGSSLMODE", "verify-full")
    make_engine("postgresql:///access").dispose()
    monkeypatch.setenv("PGHOSTADDR", "10.0.0.7")
    with pytest.raises(UnavailableError, match="another machine"):
        make_engine("postgresql://localhost/access?sslmode=allow")


@pytest.mark.backends("postgresql")
def test_every_connection_is_bounded_on_both_sides_and_the_url_may_say_otherwise(
    database_url: str, services: Services
) -> None:
    def said(url: str) -> dict[str, str]:
        engine = make_engine(url)
        with engine.connect() as connection:
            names = ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout")
            found = {name: str(connection.execute(text(f"SHOW {name}")).scalar()) for name in names}
            raw: Any = connection.connection.dbapi_connection
            found |= {
                k: v for k, v in raw.info.get_parameters().items() if k in ("connect_timeout", *connecting.TCP)
            }
            assert raw.patience_s == connecting.PATIENCE_S
        engine.dispose()
        return found

    assert said(database_url) == {
        "statement_timeout": "20s",
        "lock_timeout": "10s",
        "idle_in_transaction_session_timeout": "1min",
        "connect_timeout": "5",
        "keepalives": "1",
        "keepalives_idle": "5",
        "keepalives_interval": "2",
        "keepalives_count": "3",
    }
    own = f"{database_url}&connect_timeout=9&options=-c%20lock_timeout%3D3s"
    assert {"connect_timeout": "9", "lock_timeout": "3s", "statement_timeout": "20s"}.items() <= said(own).items()


@pytest.mark.backends("postgresql")
def test_an_answer_that_does_not_come_closes_its_connection_and_the_next_one_is_fresh(
    database_url: str, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connecting, "PATIENCE_S", 0.3)
    db = Database(database_url, clock)
    with pytest.raises(UnavailableError, match="cannot be reached"), db.connect() as connection:
        connection.execute(text("SELECT pg_sleep(60)"))
    db.ping()
    db.close()


def test_a_commit_on_sqlite_waits_until_the_disk_has_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the tests do without (`conftest`)."""
    monkeypatch.setattr(connecting, "SYNCHRONOUS", DURABLE)
    engine = make_engine(f"sqlite:///{tmp_path / 'a.db'}")
    with engine.connect() as connection:
        assert connection.execute(text("PRAGMA synchronous")).scalar_one() == 2, "FULL"
    engine.dispose()
