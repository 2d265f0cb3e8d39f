"""A strategy for every kind of fact, and the shortest ways to write some."""

from __future__ import annotations

import types
from dataclasses import fields, is_dataclass
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Any, Union, get_args, get_origin, get_type_hints

from hypothesis import strategies as st

from access_service.domain.names import PersonId
from access_service.domain.numbering import DocumentNumber, NumberSource
from access_service.domain.org import Person
from access_service.storage.db import Database, Transaction
from access_service.usecases.services import Services

# What PostgreSQL text cannot hold (NUL) and what is no text at all (lone surrogates) is refused at the door.
WORDS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)
INSTANTS = st.datetimes(min_value=datetime(1990, 1, 1), max_value=datetime(2200, 1, 1)).map(  # noqa: DTZ001 made aware below
    lambda t: t.replace(tzinfo=UTC)
)
REVISIONS = st.integers(min_value=0, max_value=2**31 - 1)


def values_of(hint: Any) -> st.SearchStrategy[Any]:
    """A strategy for a type hint, as wide as the hint: `None` where it is allowed, empty and full sets."""
    hint = getattr(hint, "__supertype__", hint)
    origin, args = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        return st.one_of(*(st.none() if a is types.NoneType else values_of(a) for a in args))
    if origin is frozenset:
        return st.frozensets(values_of(args[0]), max_size=3)
    if origin is tuple and args[-1] is ...:
        return st.lists(values_of(args[0]), max_size=3).map(tuple)
    if origin is tuple:
        return st.tuples(*(values_of(a) for a in args))
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        return st.sampled_from(hint)
    if is_dataclass(hint) and isinstance(hint, type):
        hints = get_type_hints(hint)
        strategies = {f.name: values_of(hints[f.name]) for f in fields(hint)}
        if hint is DocumentNumber:
            # Of the service's own there is one of each symbol (`test_numbers`); here every value is tried.
            strategies["source"] = st.just(NumberSource.EXTERNAL)
        return st.builds(hint, **strategies)
    plain = {str: WORDS, int: REVISIONS, bool: st.booleans(), datetime: INSTANTS, date: st.dates()}
    return plain[hint]


def person(id_: str, name: str = "Người Thử") -> Person:
    """The smallest fact there is."""
    return Person(PersonId(id_), name, name.lower())


def open_register(db: Database, name: str) -> None:
    """A register with one person in it, at revision 1."""
    from access_service.domain.names import RegisterId

    with db.create_register(RegisterId(name), "00031", demo=False) as tx:
        put(tx, person("p1"))


def put(tx: Transaction, *people: Person) -> None:
    """Record people, as a use case would: facts and what happened."""
    tx.put(*people)
    for one in people:
        tx.happened("person.put", one.id)


def write(services: Services, register: str, *people: Person, actor: str = "acc_1") -> int:
    """One revision; its number."""
    from access_service.domain.names import RegisterId

    with services.db.write(RegisterId(register), actor) as tx:
        put(tx, *people)
        return tx.revision
