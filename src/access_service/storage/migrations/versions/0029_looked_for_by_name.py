"""Names of people, units and classes as they are looked for and sorted.

Revision ID: 0029
"""

from collections.abc import Callable

import sqlalchemy as sa
from alembic import op

from access_service.domain.vietnamese import natural_key, search_key

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None

_AT_ONCE = 5_000


def upgrade() -> None:
    _add("persons", {"folded": search_key})
    _add("units", {"folded": search_key, "sort_key": natural_key})
    _add("school_classes", {"folded": search_key, "sort_key": natural_key})


def _add(table: str, keys: dict[str, Callable[[str], str]]) -> None:
    here = op.get_bind()
    for column in keys:
        op.add_column(table, sa.Column(column, sa.Text(), nullable=True))
    names = here.execute(sa.text(f"SELECT DISTINCT name FROM {table}")).scalars().all()  # noqa: S608 our tables
    # By a table beside it: no index finds a row by its name, and a province has sixty thousand.
    columns = [sa.Column(column, sa.Text()) for column in keys]
    beside = sa.Table(
        f"keys_of_{table}",
        sa.MetaData(),
        sa.Column("name", sa.Text(), primary_key=True),
        *columns,
        prefixes=["TEMPORARY"],
    )
    beside.create(here)
    rows = [{"name": name, **{column: make(name) for column, make in keys.items()}} for name in names]
    for start in range(0, len(rows), _AT_ONCE):
        here.execute(sa.insert(beside), rows[start : start + _AT_ONCE])
    for column in keys:
        found = f"SELECT k.{column} FROM {beside.name} k WHERE k.name = {table}.name"  # noqa: S608 our tables
        here.execute(sa.text(f"UPDATE {table} SET {column} = ({found})"))  # noqa: S608 our tables
    beside.drop(here)


def downgrade() -> None:
    raise RuntimeError("there is no way back from this schema; restore a backup")
