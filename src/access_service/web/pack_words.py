"""What a pack says otherwise, in an official's words: roles, data and actions by name in place of ids."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from access_service.domain.policy import Pack
from access_service.web.phrases import t

EVERYTHING = "*"
SIDES = {
    "allow": "được phép",
    "deny": "cấm",
    "holds": "được giữ",
    "own_unit": "trong đơn vị",
    "direct_manager": "từ cơ quan quản lý trực tiếp",
    EVERYTHING: "tất cả",
    "minutes": "biên bản",
    "commitment": "bản cam kết",
    "commitment+minutes": "biên bản và bản cam kết",
    "inspection": "quyết định kiểm tra",
    "true": "có",
    "false": "không",
    "head": "thủ trưởng",
    "officer": "cán bộ được giao",
    "deputy_in_charge": "cấp phó được giao phụ trách",
}
"""Words of a difference that are the product's own."""
ON_ARTICLE, BY_ARTICLE = "article ", "theo {dieu}"
TABLES: Mapping[str, Sequence[str]] = {
    "cells": ("roles", "categories", "actions"),
    "denies": ("roles", "categories", "actions"),
    "functions": ("roles", "categories", "actions", "functions"),
    "delegation": ("roles", "", "unit_kinds", "positions"),
    "shut": ("", "unit_kinds", "categories", "actions"),
    "roles": ("roles",),
    "positions": ("positions",),
    "unit_kinds": ("unit_kinds",),
    "categories": ("categories",),
    "actions": ("actions",),
    "function_words": ("functions",),
}
"""By part, from which table of the pack each word of `what` is; an empty one is the product's own or an id."""


class ChangeInWords(NamedTuple):
    """A change as a page shows it."""

    what: tuple[str, ...]
    before: str
    after: str


def change_in_words(change: Any, packs: Sequence[Pack]) -> ChangeInWords:
    """The words of one change; `packs` are those that may name them, the first one first."""
    tables = _tables_of(change)
    what = tuple(_named(word, table, packs) for word, table in zip(change.what, tables, strict=False))
    return ChangeInWords(what + change.what[len(tables) :], _said(change.before), _said(change.after))


def name_role(id_: str, packs: Sequence[Pack]) -> str:
    """A role by its name."""
    return _word(id_, "roles", packs)


def _tables_of(change: Any) -> Sequence[str]:
    """A basis is that of a cell, or of a row of delegation."""
    if change.part == "bases":
        return TABLES["delegation" if change.what[1:2] in (("own_unit",), ("direct_manager",)) else "cells"]
    return TABLES.get(change.part, ("",) * len(change.what))


def _named(text: str, table: str, packs: Sequence[Pack]) -> str:
    return ", ".join(_word(word, table, packs) for word in text.split(", "))


def _word(id_: str, table: str, packs: Sequence[Pack]) -> str:
    for pack in packs if table else ():
        found = getattr(pack, table).get(id_)
        if found is not None:
            return found if isinstance(found, str) else str(found.vi)
    return _said(id_)


def _said(text: str) -> str:
    if text.startswith(ON_ARTICLE):
        return t(BY_ARTICLE, dieu=text.removeprefix(ON_ARTICLE))
    return t(SIDES[text]) if text in SIDES else text


def list_words() -> list[str]:
    """Every word, for the test that English is complete."""
    return [*SIDES.values(), BY_ARTICLE]
