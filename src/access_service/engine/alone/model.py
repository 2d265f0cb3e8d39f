"""What the Casbin model of a pack that stands alone may say: a conjunction of terms, and nothing else.

A term compares one column of a row with the request. There are five:

    p.action == r.action.name                                     the cell is the attribute's value
    (p.role == "*" || p.role == r.subject.role)                   or `*`, any value
    (p.role == "*" || p.role in r.subject.roles)                  or one of the words that it holds
    (p.owner == "*" || r.resource.owner == r.subject.id)          `*`, or `same`: two attributes are equal
    (p.team == "*" || r.resource.team in r.subject.teams)         or one holds the other

Where neither of two attributes is an id, both may be missing, and nothing equals nothing: an equality of them also
says that one of them is not empty (`&& r.subject.team != ""`). No functions, no `eval`, no role manager, so that an
answer depends on nothing but these comparisons.
"""

import keyword
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from access_service.domain.errors import Fault
from access_service.engine.casbin_engine import EFFECT, attribute_model_refused, definitions
from access_service.engine.toml_reader import guess, quote

REQUEST = ("subject", "action", "resource")
CONTEXT = "context"
PARTS = (*REQUEST, CONTEXT)
"""What a request may say; a model names the context only where it looks at it."""
WITHIN = "within"
BUILT_IN: Mapping[str, tuple[str, ...]] = {
    "subject": ("type", "id", WITHIN),
    "action": ("name",),
    "resource": ("type", "id", WITHIN),
    CONTEXT: (),
}
"""Attributes that every request has; a property may not be called so. `within` holds the entity's own id and those
of everything it lies in."""
_VERB = ("action", "name")
ENDING = ("eft", "article")
SAME = "same"
"""The cell of a relation that must hold."""
ATTRIBUTE = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,31}")
"""Names of properties and columns. A leading underscore would reach into Python."""

Attribute = tuple[str, str]
"""`("subject", "role")`."""

_NAME = ATTRIBUTE.pattern
_COLUMN = rf"p\.(?P<column>{_NAME})"
_ONE = rf"r\.(?P<entity>{_NAME})\.(?P<name>{_NAME})"
_TWO = rf"r\.(?P<other_entity>{_NAME})\.(?P<other_name>{_NAME})"
_ANY = rf'p\.(?P<any_column>{_NAME}) == "\*"'
_GUARD = rf'(?P<guard> && r\.(?P<guard_entity>{_NAME})\.(?P<guard_name>{_NAME}) != "")?'
_HOW = r"(?P<how>==|in)"
_FORMS = tuple(
    re.compile(form)
    for form in (
        rf"{_COLUMN} {_HOW} {_ONE}",
        rf"\({_ANY} \|\| {_COLUMN} {_HOW} {_ONE}\)",
        rf"\({_COLUMN} {_HOW} {_ONE} \|\| {_ANY}\)",
        rf"\({_ANY} \|\| {_ONE} {_HOW} {_TWO}{_GUARD}\)",
    )
)
_HINT = "docs/policy-packs.md shows the forms"
_INSTEAD = (
    (r"[<>]", "nothing is compared by order: let who asks say a word for it (`size=large`) as a trusted property"),
    (r"(?i)match", "no patterns: give what they match a property or a parent, and compare that"),
    (r"(?i)\b(now|time|date)\b", "no time: let who asks say a word for it (`hours=open`) as a trusted property"),
    (r"\bg\d*\(", "roles are a property: `p.role in r.subject.roles`"),
    (r"!", "what must not be is a row that denies"),
    (r"\|\|", "`or` is another row"),
    (r"\(", "no functions; docs/policy-packs.md shows the forms"),
)
"""What was probably meant by a term that is none, and what to do instead."""


@dataclass(frozen=True, slots=True)
class Term:
    """One comparison of the matcher."""

    column: str
    attribute: Attribute
    other: Attribute | None
    """Of a relation: the attribute that must be equal to the first, or hold it; the cell is `*` or `same`."""
    takes_any: bool
    """May the cell be `*`?"""
    is_held: bool = False
    """Is it `in`, not `==`?"""

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
    parts: tuple[str, ...] = REQUEST
    """What the model names of the request: without or with its context."""

    @property
    def columns(self) -> tuple[str, ...]:
        """The header of roles.csv without effect and article."""
        return tuple(term.column for term in self.terms)

    def binds(self, attribute: Attribute) -> bool:
        """Is a cell compared with this attribute?"""
        return any(term.other is None and term.attribute == attribute for term in self.terms)


def read_shape(
    path: str, text: str, properties: Mapping[str, Mapping[str, bool]], faults: list[Fault]
) -> Shape | None:
    """The model's terms, or None and faults.

    `properties` are those the pack declares, by part of the request: does the property hold several words?
    """
    before = len(faults)
    found, wrong = definitions(path, text)
    faults.extend(wrong)
    line, value = found.get("r", (1, ""))
    parts = next((parts for parts in (REQUEST, PARTS) if "".join(value.split()) == ",".join(parts)), None)
    if parts is None:
        hint = f"with `, {CONTEXT}` where a term looks at it"
        faults.append(Fault(f"{path}:{line}", f"`r` must be `{', '.join(REQUEST)}`", hint))
    line, value = found.get("e", (1, ""))
    if "".join(value.split()) != "".join(EFFECT.split()):
        faults.append(Fault(f"{path}:{line}", f"`e` must be `{EFFECT}`"))
    line, value = found.get("p", (1, ""))
    columns = _columns(f"{path}:{line}", value, faults)
    line, value = found.get("m", (1, ""))
    terms = _terms(f"{path}:{line}", value, columns, properties, parts or PARTS, faults)
    if len(faults) > before or parts is None:
        return None
    equal = [
        {name: ("x",) if _is_held((part, name), properties) else "x" for name in _names(part, properties)}
        for part in parts
    ]
    if cause := attribute_model_refused(text, len(columns), equal):
        faults.append(Fault(f"{path}:{line}", f"Casbin cannot ask it: {cause}"))
        return None
    return Shape(tuple(terms[column] for column in columns), parts)


def _names(part: str, properties: Mapping[str, Collection[str]]) -> list[str]:
    return [*BUILT_IN[part], *sorted(properties[part])]


def _is_held(attribute: Attribute, properties: Mapping[str, Mapping[str, bool]]) -> bool:
    part, name = attribute
    return name == WITHIN or properties[part].get(name, False)


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
            faults.append(Fault(place, f"{quote(name)} is no name of a column"))
        elif columns.count(name) > 1:
            faults.append(Fault(place, f"column `{name}` stands twice"))
    return columns


def _terms(
    place: str,
    matcher: str,
    columns: tuple[str, ...],
    properties: Mapping[str, Mapping[str, bool]],
    parts: tuple[str, ...],
    faults: list[Fault],
) -> dict[str, Term]:
    found: dict[str, Term] = {}
    for text in _conjuncts(" ".join(matcher.split())):
        term = _term(place, text, properties, parts, faults)
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


def _term(
    place: str,
    text: str,
    properties: Mapping[str, Mapping[str, bool]],
    parts: tuple[str, ...],
    faults: list[Fault],
) -> Term | None:
    found = next((match for form in _FORMS if (match := form.fullmatch(text))), None)
    said: dict[str, str] = {} if found is None else {k: v for k, v in found.groupdict().items() if v is not None}
    names = {said[key] for key in ("any_column", "column") if key in said}
    # In the forms that mention a column twice, it must be the same one.
    if found is None or len(names) != 1:
        hint = next((instead for pattern, instead in _INSTEAD if re.search(pattern, text)), _HINT)
        faults.append(Fault(place, f"{quote(text)} is not allowed in the matcher", hint))
        return None
    one = (said["entity"], said["name"])
    two = (said["other_entity"], said["other_name"]) if "other_entity" in said else None
    term = Term(names.pop(), one, two, takes_any="any_column" in said, is_held=said["how"] == "in")
    unknown = [_unknown(attribute, properties, parts) for attribute in (one, two) if attribute is not None]
    wrong = [fault for fault in unknown if fault is not None]
    if two is not None and (message := _no_relation(one, two, said)):
        wrong.append((f"{quote(text)}: {message}", ""))
    if not wrong:
        wrong += [(f"{quote(text)}: {message}", "") for message in _wrong_comparison(term, properties)]
    faults.extend(Fault(place, *fault) for fault in wrong)
    return term


def _unknown(
    attribute: Attribute, properties: Mapping[str, Collection[str]], parts: tuple[str, ...]
) -> tuple[str, str] | None:
    part, name = attribute
    if part not in parts:
        hint = f"write `r = {', '.join(PARTS)}`" if part == CONTEXT else guess(part, parts)
        return f"`r.{part}` is no part of the request", hint
    if name in BUILT_IN[part] or name in properties[part]:
        return None
    return (
        f"`r.{part}.{name}` is no declared property",
        guess(name, _names(part, properties)) or f"declare it in [properties.{part}]",
    )


def _wrong_comparison(term: Term, properties: Mapping[str, Mapping[str, bool]]) -> list[str]:
    """`==` is between words, `in` between a word and what holds several."""
    holder = term.attribute if term.other is None else term.other
    found = []
    for attribute in (term.attribute, term.other):
        if attribute is None:
            continue
        is_held, may_be = _is_held(attribute, properties), term.is_held and attribute == holder
        name = f"`r.{attribute[0]}.{attribute[1]}`"
        if is_held and not may_be:
            found.append(f"{name} holds several words; ask whether it holds one with `in {name[1:]}")
        elif may_be and not is_held:
            found.append(f"{name} is one word; compare it with `==`")
    return found


def _no_relation(one: Attribute, two: Attribute, said: Mapping[str, str]) -> str:
    """Why two attributes cannot be compared with each other, or nothing."""
    if one[0] == two[0]:
        return "a relation is between two of subject, action, resource, context"
    if {one, two} & {("subject", "type"), ("resource", "type"), _VERB}:
        return "a relation is between ids and properties"
    guard = (said["guard_entity"], said["guard_name"]) if "guard" in said else None
    if said["how"] == "in":
        return "nothing is never held; leave out what must not be empty" if guard is not None else ""
    if guard is None and "id" not in (one[1], two[1]):
        return f'both may be missing; add `&& r.{one[0]}.{one[1]} != ""`'
    if guard is not None and guard not in (one, two):
        return "what must not be empty is none of the two"
    return ""
