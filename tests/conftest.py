"""Fixtures of every test: a clock, a database of each kind, the services over it, a world in it.

A test that asks for `services`, `world` or `school_world` runs once on SQLite and once on PostgreSQL;
`@pytest.mark.backends("sqlite")` limits it to one. `sqlite_services` is for tests that do not care.
"""

from __future__ import annotations

# Before anything of the product is imported.
import measuring  # isort: split

import os
import shutil
from collections.abc import Callable, Iterator
from copy import copy
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from passlib.context import CryptContext
from sqlalchemy import insert, select

from access_service.signing import passwords
from access_service.signing.keys import load_or_create
from access_service.signing.vault import FactorKey
from access_service.storage.db import Database
from access_service.storage.migrate import upgrade
from access_service.storage.schema import metadata
from access_service.usecases.services import Services
from databases import NoServerError, administrator, database, empty, server, template
from remembered import forget_the_disk, share, share_statements
from world import Clock, World, found, with_school

share()
share_statements()

# As for PostgreSQL (`databases`): nothing here has to survive a power cut, and each commit waited for the disk.
forget_the_disk()

# Servers that tests stop have nobody to warn.
os.environ.setdefault("ACCESS_SERVICE_DRAIN_SECONDS", "0")
# A second process for each of them would only cost; `cli/test_acts_apart` has one.
os.environ.setdefault("ACCESS_SERVICE_ACTS_APART", "no")
BACKENDS = ("sqlite", "postgresql")

# A shared machine is slow now and then; how long an example takes is no finding.
settings.register_profile("project", deadline=None)
settings.load_profile("project")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "backends(*names): run on these databases only: `sqlite`, `postgresql`")


def pytest_sessionfinish() -> None:
    measuring.leave_result()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "backend" in metafunc.fixturenames:
        marker = metafunc.definition.get_closest_marker("backends")
        names = marker.args if marker else BACKENDS
        if not names or not set(names) <= set(BACKENDS):
            raise pytest.UsageError(f"the marker `backends` takes some of {BACKENDS}")
        metafunc.parametrize("backend", names, indirect=True)


@pytest.fixture(scope="session", autouse=True)
def cheap_passwords() -> Iterator[None]:
    """Argon2id at its least: the real costs have a test of their own, hundreds of sign-ins need not pay them."""
    cheap = CryptContext(
        schemes=["argon2"],
        argon2__type="ID",
        argon2__memory_cost=8,
        argon2__time_cost=1,
        argon2__parallelism=1,
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "_context", cheap)
        yield


@pytest.fixture(scope="session")
def sqlite_template() -> Path:
    """A migrated, empty SQLite database, to be copied."""
    return template()


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[str]:
    """The URL of a PostgreSQL server, one for each worker; skips, saying why, where there is none."""
    try:
        with server() as url:
            yield url
    except NoServerError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def postgresql_url(postgresql_server: str) -> Iterator[str]:
    """A migrated database of this worker's own, which `database_url` empties before each test."""
    name = f"access_service_{os.environ.get('PYTEST_XDIST_WORKER', 'main')}_{os.getpid()}"
    with database(postgresql_server, name) as url:
        upgrade(url)
        yield url


@pytest.fixture
def backend(request: pytest.FixtureRequest) -> str:
    """`sqlite` or `postgresql`."""
    name: str = request.param
    return name


@pytest.fixture
def blank_url(backend: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[str]:
    """A database without any schema."""
    if backend == "sqlite":
        yield f"sqlite:///{tmp_path / 'blank.db'}"
        return
    name = f"access_service_blank_{os.environ.get('PYTEST_XDIST_WORKER', 'main')}_{os.getpid()}"
    with database(request.getfixturevalue("postgresql_server"), name) as url:
        yield url


@pytest.fixture
def database_url(backend: str, tmp_path: Path, request: pytest.FixtureRequest) -> str:
    """A database with the current schema and nothing in it."""
    if backend == "sqlite":
        path = tmp_path / "access.db"
        shutil.copyfile(request.getfixturevalue("sqlite_template"), path)
        return f"sqlite:///{path}"
    url: str = request.getfixturevalue("postgresql_url")
    with administrator(url) as connection:
        empty(connection)
    return url


@pytest.fixture
def clock() -> Clock:
    """A clock that stands still until the test moves it."""
    return Clock()


@pytest.fixture(scope="session")
def seal_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One seal key for all: what one database confirmed, verifies in a copy of it."""
    return tmp_path_factory.mktemp("keys") / "seal.key"


@pytest.fixture
def services(database_url: str, seal_file: Path, clock: Clock) -> Iterator[Services]:
    """What use cases are given, over an empty database of each kind in turn."""
    db = Database(database_url, clock)
    yield Services(db, load_or_create(seal_file), factors=FactorKey.load(seal_file.parent))
    db.close()


@pytest.fixture
def sqlite_services(sqlite_template: Path, tmp_path: Path, seal_file: Path, clock: Clock) -> Iterator[Services]:
    """As `services`, on SQLite alone."""
    path = tmp_path / "access-sqlite.db"
    shutil.copyfile(sqlite_template, path)
    db = Database(f"sqlite:///{path}", clock)
    yield Services(db, load_or_create(seal_file), factors=FactorKey.load(seal_file.parent))
    db.close()


@dataclass(frozen=True)
class Made:
    """A world that was made once: every row of its database, and who is in it."""

    world: World
    rows: dict[str, list[dict[str, Any]]]

    def again(self, services: Services, clock: Clock) -> World:
        """The same world in an empty database: its acts took place in another, and need no second performance."""
        clock.now = self.world.clock.now
        with services.db.engine.begin() as connection:
            for name, rows in self.rows.items():
                connection.execute(insert(metadata.tables[name]), rows)
        return replace(
            self.world,
            services=services,
            clock=clock,
            admins=dict(self.world.admins),
            people={key: copy(someone) for key, someone in self.world.people.items()},
            authenticators={},
            keys=[],
        )


def _make(template: Path, folder: Path, seal_file: Path, build: Callable[[Services, Clock], World]) -> Made:
    path = folder / "made.db"
    shutil.copyfile(template, path)
    clock = Clock()
    db = Database(f"sqlite:///{path}", clock)
    world = build(Services(db, load_or_create(seal_file), factors=FactorKey.load(seal_file.parent)), clock)
    with db.connect() as connection:
        found = {
            t.name: [dict(r) for r in connection.execute(select(t)).mappings()] for t in metadata.sorted_tables
        }
    db.close()
    return Made(world, {name: rows for name, rows in found.items() if rows})


@pytest.fixture(scope="session")
def made_world(
    sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory, seal_file: Path, cheap_passwords: None
) -> Made:
    return _make(sqlite_template, tmp_path_factory.mktemp("world"), seal_file, found)


@pytest.fixture(scope="session")
def made_school_world(
    sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory, seal_file: Path, cheap_passwords: None
) -> Made:
    return _make(
        sqlite_template,
        tmp_path_factory.mktemp("school-world"),
        seal_file,
        lambda services, clock: with_school(found(services, clock)),
    )


@pytest.fixture
def world(services: Services, clock: Clock, made_world: Made) -> World:
    """A register with its department, director and focal point."""
    return made_world.again(services, clock)


@pytest.fixture
def school_world(services: Services, clock: Clock, made_school_world: Made) -> World:
    """The same with a commune office, a school, and two classes."""
    return made_school_world.again(services, clock)
