"""What the Casbin model of a pack that stands alone may say: a conjunction of terms, and nothing else.

A term compares one column of a row with the request. There are three:

    p.action == r.action.name                                     the cell is the attribute's value
    (p.role == "*" || p.role == r.subject.role)                   or `*`, any value
    (p.owner == "*" || r.resource.owner == r.subject.id)          `*`, or `same`: two attributes are equal

Where neither of two attributes is an id, both may be missing, and nothing equals nothing: such a relation also says
that one of them is not empty (`&& r.subject.team != ""`). No functions, no `eval`, no role manager, so that an
answer depends on nothing but these comparisons.
"""

import keyword
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from access_service.domain.errors import Fault
from access_service.engine.casbin_engine import EFFECT, attribute_model_refused, definitions
from access_service.engine.toml_tables import guess, shown

REQUEST = ("subject", "action", "resource")
BUILT_IN: Mapping[str, tuple[str, ...]] = {
    "subject": ("type", "id"),
    "action": ("name",),
    "resource": ("type", "id"),
}
"""Attributes that every request has; a property may not be called so."""
ENDING = ("eft", "article")
SAME = "same"
"""The cell of a relation that must hold."""
ATTRIBUTE = re.compile(r"[a-z][a-z0-9_]{0,31}")
"""Names of properties and columns. A leading underscore would reach into Python."""

Attribute = tuple[str, str]
"""`("subject", "role")`."""

_NAME = r"[a-z][a-z0-9_]{0,31}"
_COLUMN = rf"p\.(?P<column>{_NAME})"
_ONE = rf"r\.(?P<entity>{_NAME})\.(?P<name>{_NAME})"
_TWO = rf"r\.(?P<other_entity>{_NAME})\.(?P<other_name>{_NAME})"
_ANY = rf'p\.(?P<any_column>{_NAME}) == "\*"'
_GUARD = rf'(?P<guard> && r\.(?P<guard_entity>{_NAME})\.(?P<guard_name>{_NAME}) != "")?'
_FORMS = tuple(
    re.compile(form)
    for form in (
        rf"{_COLUMN} == {_ONE}",
        rf"\({_ANY} \|\| {_COLUMN} == {_ONE}\)",
        rf"\({_COLUMN} == {_ONE} \|\| {_ANY}\)",
        rf"\({_ANY} \|\| {_ONE} == {_TWO}{_GUARD}\)",
    )
)
_HINT = "no functions; docs/policy-packs.md shows the three forms"


@dataclass(frozen=True, slots=True)
class Term:
    """One comparison of the matcher."""

    column: str
    attribute: Attribute
    other: Attribute | None
    """Of a relation: the attribute that must be equal to the first; the cell is `*` or `same`."""
    takes_any: bool
    """May the cell be `*`?"""

    def looks_at(self, attribute: Attribute) -> bool:
        """Does the term compare this attribute?"""
        return attribute in (self.attribute, self.other)

    def is_about(self, entity: str) -> bool:
        """Does the term say which subject, action or resource, beyond its type?"""
        return any(a is not None and a[0] == entity and a[1] != "type" for a in (self.attribute, self.other))


@dataclass(frozen=True, slots=True)
class Shape:
    """What a model makes of a row: one term for each column, in the order of the columns."""

    terms: tuple[Term, ...]

    @property
    def columns(self) -> tuple[str, ...]:
        """The header of roles.csv without effect and article."""
        return tuple(term.column for term in self.terms)

    def binds(self, attribute: Attribute) -> bool:
        """Is a cell compared with this attribute?"""
        return any(term.other is None and term.attribute == attribute for term in self.terms)


def read_shape(
    path: str, text: str, properties: Mapping[str, Collection[str]], faults: list[Fault]
) -> Shape | None:
    """The model's terms, or None and faults. `properties` are those the pack declares, by part of the request."""
    before = len(faults)
    found, wrong = definitions(path, text)
    faults.extend(wrong)
    for key, want in {"r": ", ".join(REQUEST), "e": EFFECT}.items():
        line, value = found.get(key, (1, ""))
        if "".join(value.split()) != "".join(want.split()):
            faults.append(Fault(f"{path}:{line}", f"`{key}` must be `{want}`"))
    line, value = found.get("p", (1, ""))
    columns = _columns(f"{path}:{line}", value, faults)
    line, value = found.get("m", (1, ""))
    terms = _terms(f"{path}:{line}", value, columns, properties, faults)
    if len(faults) > before:
        return None
    attributes = [(*BUILT_IN[part], *sorted(properties[part])) for part in REQUEST]
    if cause := attribute_model_refused(text, len(columns), attributes):
        faults.append(Fault(f"{path}:{line}", f"Casbin cannot ask it: {cause}"))
        return None
    return Shape(tuple(terms[column] for column in columns))


def _columns(place: str, value: str, faults: list[Fault]) -> tuple[str, ...]:
    names = tuple(name.strip() for name in value.split(","))
    if names[-2:] != ENDING:
        faults.append(Fault(place, f"`p` must end with `{', '.join(ENDING)}`"))
        return ()
    columns = names[:-2]
    if not columns:
        faults.append(Fault(place, "`p` has no columns to compare"))
    for name in columns:
        if ATTRIBUTE.fullmatch(name) is None or keyword.iskeyword(name) or name in (*ENDING, "effect"):
            faults.append(Fault(place, f"{shown(name)} is no name of a column"))
        elif columns.count(name) > 1:
            faults.append(Fault(place, f"column `{name}` stands twice"))
    return columns


def _terms(
    place: str,
    matcher: str,
    columns: tuple[str, ...],
    properties: Mapping[str, Collection[str]],
    faults: list[Fault],
) -> dict[str, Term]:
    found: dict[str, Term] = {}
    for text in _conjuncts(" ".join(matcher.split())):
        term = _term(place, text, properties, faults)
        if term is None:
            continue
        if term.column not in columns:
            faults.append(Fault(place, f"`p.{term.column}` is no column", guess(term.column, columns)))
        if term.column in found:
            faults.append(Fault(place, f"column `{term.column}` is compared twice"))
        found[term.column] = term
    faults.extend(Fault(place, f"no term compares column `{name}`") for name in columns if name not in found)
    if columns and not any(t.other is None and t.attribute == ("action", "name") for t in found.values()):
        faults.append(Fault(place, "no column is compared with `r.action.name`"))
    for entity, names in properties.items():
        faults.extend(
            Fault(place, f"no term looks at `r.{entity}.{name}`", "or do not declare the property")
            for name in sorted(names)
            if not any(term.looks_at((entity, name)) for term in found.values())
        )
    return found


def _conjuncts(matcher: str) -> list[str]:
    """The matcher cut at each `&&` outside parentheses."""
    parts, depth, start = [], 0, 0
    for at, letter in enumerate(matcher):
        depth += (letter == "(") - (letter == ")")
        if depth == 0 and matcher.startswith("&&", at):
            parts.append(matcher[start:at].strip())
            start = at + 2
    return [*parts, matcher[start:].strip()]


def _term(place: str, text: str, properties: Mapping[str, Collection[str]], faults: list[Fault]) -> Term | None:
    found = next((match for form in _FORMS if (match := form.fullmatch(text))), None)
    said: dict[str, str] = {} if found is None else {k: v for k, v in found.groupdict().items() if v is not None}
    names = {said[key] for key in ("any_column", "column") if key in said}
    # In the forms that mention a column twice, it must be the same one.
    if found is None or len(names) != 1:
        faults.append(Fault(place, f"{shown(text)} is not allowed in the matcher", _HINT))
        return None
    one = (said["entity"], said["name"])
    two = (said["other_entity"], said["other_name"]) if "other_entity" in said else None
    unknown = (_unknown(attribute, properties) for attribute in (one, two) if attribute is not None)
    faults.extend(Fault(place, *fault) for fault in unknown if fault is not None)
    if two is not None and (message := _no_relation(one, two, said)):
        faults.append(Fault(place, f"{shown(text)}: {message}"))
    return Term(names.pop(), one, two, takes_any="any_column" in said)


def _unknown(attribute: Attribute, properties: Mapping[str, Collection[str]]) -> tuple[str, str] | None:
    entity, name = attribute
    if entity not in BUILT_IN:
        return f"`r.{entity}` is no part of the request", guess(entity, REQUEST)
    if name in BUILT_IN[entity] or name in properties[entity]:
        return None
    return (
        f"`r.{entity}.{name}` is no declared property",
        guess(name, [*properties[entity], *BUILT_IN[entity]]) or f"declare it in [properties.{entity}]",
    )


def _no_relation(one: Attribute, two: Attribute, said: Mapping[str, str]) -> str:
    """Why two attributes cannot be compared with each other, or nothing."""
    if one[0] == two[0]:
        return "a relation is between two of subject, action, resource"
    if {one[1], two[1]} & {"type", "name"}:
        return "a relation is between ids and properties"
    guard = (said["guard_entity"], said["guard_name"]) if "guard" in said else None
    if guard is None and "id" not in (one[1], two[1]):
        return f'both may be missing; add `&& r.{one[0]}.{one[1]} != ""`'
    if guard is not None and guard not in (one, two):
        return "what must not be empty is none of the two"
    return ""
