"""The tables of two packs side by side: each entry that only one has, or that they say otherwise."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from datetime import date, datetime
from enum import Enum
from typing import Any

from access_service.domain.policy import Pack, SectionCited
from access_service.domain.time import local

PartRow = tuple[str, tuple[str, ...], str, str, str, str]
"""Part, what, before, after, article, source."""
Entries = Mapping[tuple[str, ...], tuple[str, str, str]]
"""What to (said, article, source)."""
NOT_SAID = ("id", "article", "source")


def said_of(value: Any) -> str:
    """A value of a pack as one line, the same for equal values."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return f"{local(value):%d/%m/%Y %H:%M}"
    if isinstance(value, date):
        return f"{value:%d/%m/%Y}"
    if isinstance(value, Enum):
        return str(value.value)
    if isinstance(value, frozenset | set):
        return ", ".join(sorted(said_of(item) for item in value))
    if isinstance(value, tuple | list):
        return ", ".join(said_of(item) for item in value)
    if isinstance(value, Mapping):
        return "; ".join(f"{said_of(k)}: {said_of(v)}" for k, v in sorted(value.items(), key=lambda kv: str(kv[0])))
    if is_dataclass(value):
        return _said_fields(value)
    return "" if value is None else str(value)


def _said_fields(value: Any) -> str:
    told = ((f.name, said_of(getattr(value, f.name))) for f in fields(value) if f.name not in NOT_SAID)
    return "; ".join(f"{name}: {text}" for name, text in told if text)


def _by_id(values: Any) -> Entries:
    """A table of entries by id, each with its article."""
    found: dict[tuple[str, ...], tuple[str, str, str]] = {}
    for key, value in values.items():
        article, source = getattr(value, "article", ""), getattr(value, "source", "")
        found[(said_of(key),)] = (said_of(value), article, source)
    return found


def _listed(values: Any, name: str = "id") -> Entries:
    return _by_id({getattr(value, name): value for value in values})


def _section(pack: Pack, name: str, values: Mapping[str, Any]) -> Entries:
    """A section that is one table, key by key; it is cited as a whole."""
    cited = pack.sections.get(name, SectionCited("", ""))
    return {(key,): (said_of(value), cited.article, cited.source) for key, value in values.items()}


def _signing(pack: Pack) -> Entries:
    found = dict(_section(pack, "signing", {"capacities": pack.signing_capacities}))
    for kind, capacities in pack.capacities_by_kind.items():
        own = {f"{kind}.capacities": capacities, f"{kind}.by_order": pack.by_order.get(kind, frozenset())}
        found |= _section(pack, f"signing.{kind}", own)
    return found


def _limits(pack: Pack) -> Entries:
    return {(id_,): (said_of(limit.value), limit.article, limit.source) for id_, limit in pack.limits.items()}


def _custody(pack: Pack) -> Entries:
    return _section(pack, "custody", dict.fromkeys(sorted(pack.custody_holders), "holds"))


def _model(pack: Pack) -> Entries:
    return {("model",): (f"{pack.model}\n{pack.model_text}", "", f"models/{pack.model}.conf")}


ELSEWHERE = frozenset({"name", "version", "title", "digest", "sections", "cells", "rules", "delegation"})
"""Fields that name a pack, follow from others, or are compared cell by cell (`engine.proofs.pack_cells`)."""


PARTS: Mapping[str, tuple[tuple[str, ...], Callable[[Pack], Entries]]] = {
    "limits": (("limits",), _limits),
    "locks": (("locks",), lambda pack: _listed(pack.locks)),
    "custody": (("custody_holders",), _custody),
    "signing": (("signing_capacities", "capacities_by_kind", "by_order"), _signing),
    "approvals": (("approvals_by",), lambda pack: _section(pack, "approvals", {"by": pack.approvals_by})),
    "requests": (
        ("function_required",),
        lambda pack: _section(pack, "requests", {"function_required": pack.function_required}),
    ),
    "commitments": (("commitments",), lambda pack: _listed(pack.commitments, "version")),
    "promises": (("promises",), lambda pack: _listed(pack.promises)),
    "separations": (("separations",), lambda pack: _listed(pack.separations)),
    "roles": (("roles",), lambda pack: _by_id(pack.roles)),
    "positions": (("positions",), lambda pack: _by_id(pack.positions)),
    "unit_kinds": (("unit_kinds",), lambda pack: _by_id(pack.unit_kinds)),
    "categories": (("categories",), lambda pack: _by_id(pack.categories)),
    "actions": (("actions",), lambda pack: _by_id(pack.actions)),
    "function_words": (("functions",), lambda pack: _by_id(pack.functions)),
    "grades": (("grades",), lambda pack: _by_id(pack.grades)),
    "homeroom": (("homerooms",), lambda pack: _by_id(pack.homerooms)),
    "templates": (("templates",), lambda pack: _by_id(pack.templates)),
    "signatures": (("strengths",), lambda pack: _by_id(pack.strengths)),
    "letterhead": (("letterhead",), lambda pack: _section(pack, "letterhead", {"words": pack.letterhead})),
    "numbering": (("books",), lambda pack: _section(pack, "numbering", {"books": pack.books})),
    "articles": (("articles",), lambda pack: _by_id(pack.articles)),
    "documents": (("documents",), lambda pack: _by_id(pack.documents)),
    "cites": (("cites",), lambda pack: _by_id(pack.cites)),
    "model": (("model", "model_text"), _model),
}
"""Every table of a pack but the rows of its CSV files: which fields of `Pack` it is read from, and its entries.

A test compares the fields with those of `Pack`, so that no new one can be forgotten."""


def other_parts(old: Pack, new: Pack) -> Iterator[PartRow]:
    """Every entry of a table that is new, gone or otherwise, the article it cites included."""
    for part, (_, read) in PARTS.items():
        before, after = read(old), read(new)
        for what in sorted(before.keys() | after.keys()):
            was, now = before.get(what), after.get(what)
            if was is not None and now is not None and was[:2] == now[:2]:
                continue
            article, source = (now or was or ("", "", ""))[1:]
            yield part, what, _shown(was, now), _shown(now, was), article, source


def _shown(said: tuple[str, str, str] | None, other: tuple[str, str, str] | None) -> str:
    """What is said; the article where that alone differs."""
    if said is None:
        return ""
    return f"article {said[1]}" if other is not None and other[0] == said[0] else said[0] or "–"
