"""A pack that stands alone: its values, and decisions and searches over them.

There is no register behind such a pack: what it knows of subjects and resources stands in its entities, and in the
request where the pack trusts it. Casbin decides (`casbin_engine.AttributeEngine`); here is what it is asked.
"""

import json
import math
import threading
from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from access_service.domain import words
from access_service.domain.errors import InvalidError
from access_service.domain.policy import ANY, DEFAULT, Article
from access_service.domain.reasons import Reason
from access_service.engine.alone.model import Attribute, Shape, Term
from access_service.engine.casbin_engine import AttributeEngine

WORD_BYTES = 256
"""Longest id, and longest value of a property that is compared."""
KEPT = 4096
"""Answers of Casbin kept; the oldest go first."""


@dataclass(frozen=True, slots=True)
class TypeOf:
    """A type of subjects or of resources."""

    id: str
    vi: str
    en: str
    listed: bool
    """Are there no others of this type than those in entities.csv?"""


@dataclass(frozen=True, slots=True)
class Entity:
    """One row of entities.csv."""

    type: str
    id: str
    properties: Mapping[str, str]
    source: str


@dataclass(frozen=True, slots=True)
class AttributeRule:
    """One row of roles.csv: a Casbin p-rule whose cells are compared with the request."""

    cells: tuple[str, ...]
    """In the order of the model's columns."""
    allow: bool
    article: str
    source: str
    """`todo/roles.csv:7`, for explanations."""

    @property
    def row(self) -> tuple[str, ...]:
        """The rule as Casbin has it."""
        return (*self.cells, "allow" if self.allow else "deny", self.article)


@dataclass(frozen=True, slots=True)
class StandalonePack:
    """A checked pack. `properties` and `trusted` are by `subject`, `action`, `resource`."""

    name: str
    version: str
    title: str
    model: str
    model_text: str
    digest: str
    """SHA-256 over every byte read, the model included."""
    articles: Mapping[str, Article]
    subjects: Mapping[str, TypeOf]
    resources: Mapping[str, TypeOf]
    actions: Mapping[str, str]
    properties: Mapping[str, Mapping[str, frozenset[str]]]
    """Each with the words it may be; an empty set is any text."""
    trusted: Mapping[str, frozenset[str]]
    """Properties that a request may say for itself."""
    shape: Shape
    rules: tuple[AttributeRule, ...]
    entities: Mapping[tuple[str, str], Entity]
    """By type and id."""

    def types(self, part: str) -> Mapping[str, TypeOf]:
        """Types of `subject` or `resource`."""
        return self.subjects if part == "subject" else self.resources


@dataclass(frozen=True, slots=True)
class Named:
    """A subject or resource as a request names it; what it asserts is any JSON."""

    type: str
    id: str
    properties: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class NamedAction:
    """An action as a request names it."""

    name: str
    properties: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Permitted:
    """The answer is yes, by this rule."""

    rule: AttributeRule

    def __bool__(self) -> Literal[True]:
        return True


@dataclass(frozen=True, slots=True)
class Forbidden:
    """The answer is no; `rule` only where one denies explicitly."""

    reason: Reason
    rule: AttributeRule | None = None

    def __bool__(self) -> Literal[False]:
        return False


PackDecision = Permitted | Forbidden


def word_of(value: object) -> str | None:
    """A property's value as the word that is compared: text in NFC, the rest as JSON writes it.

    None where it is no word: a list, an object, longer than 256 bytes, not printable.
    """
    if isinstance(value, bool) or (isinstance(value, float) and math.isfinite(value)):
        return json.dumps(value)
    if isinstance(value, int):
        # Python converts no integer of thousands of digits, and nobody compares one.
        return str(value) if value.bit_length() < WORD_BYTES else None
    if isinstance(value, str) and len(value) <= WORD_BYTES and value.isprintable():
        # What is printable has no half of a surrogate pair, so that it can be encoded.
        with suppress(InvalidError):
            normal = words.normal(value, WORD_BYTES)
            return normal if len(normal.encode()) <= WORD_BYTES else None
    return None


class StandaloneEngine:
    """Decides by one pack. Immutable but for the answers it keeps; safe from several threads."""

    def __init__(self, pack: StandalonePack) -> None:
        self.pack = pack
        ordered = sorted(pack.rules, key=_preference)
        self._rules = {rule.row: rule for rule in ordered}
        self._casbin = AttributeEngine(pack.model_text, list(self._rules))
        self._words = tuple(frozenset(rule.cells[at] for rule in pack.rules) for at in range(len(pack.shape.terms)))
        ids: dict[str, list[str]] = {}
        for type_, id_ in sorted(pack.entities):
            ids.setdefault(type_, []).append(id_)
        # By code points, which is also the order of their UTF-8 bytes.
        self._ids = MappingProxyType({type_: tuple(found) for type_, found in ids.items()})
        self._actions = tuple(sorted(pack.actions))
        self._kept: OrderedDict[tuple[str | bool, ...], AttributeRule | None] = OrderedDict()
        self._lock = threading.Lock()

    def decide(self, subject: Named, action: NamedAction, resource: Named) -> PackDecision:
        """The answer to one question. Whatever is odd in it is a reason to deny, and never an error."""
        if not all((subject.type, subject.id, action.name, resource.type, resource.id)):
            return Forbidden(Reason.RESOURCE_INCOMPLETE)
        if not self._knows("resource", resource):
            return Forbidden(Reason.RESOURCE_CONTRADICTORY)
        if action.name not in self.pack.actions:
            return Forbidden(Reason.UNKNOWN_ACTION)
        if not self._knows("subject", subject):
            return Forbidden(Reason.ACCOUNT_UNKNOWN)
        asked: dict[str, Mapping[str, str]] = {}
        for part, built_in, named in (
            ("subject", {"type": subject.type, "id": subject.id}, subject),
            ("action", {"name": action.name}, action),
            ("resource", {"type": resource.type, "id": resource.id}, resource),
        ):
            found = self._attributes(part, built_in, named)
            if found is None:
                # A trusted property that is no word: as little is known of it as of one that is missing, and a
                # rule that would deny by it must not be passed by.
                return Forbidden(Reason.RESOURCE_INCOMPLETE)
            asked[part] = found
        rule = self._ask(asked)
        if rule is None:
            return Forbidden(Reason.NO_GRANT)
        return Permitted(rule) if rule.allow else Forbidden(Reason.DENIED_BY_RULE, rule)

    def subjects(
        self, subject: Named, action: NamedAction, resource: Named, after: str | None = None
    ) -> Iterator[str]:
        """Ids after `after`, in order, of the listed subjects of a type who may; `subject.id` is ignored."""
        if self._is_listed("resource", resource):
            for id_ in self._listed("subject", subject.type, after):
                if self.decide(Named(subject.type, id_, subject.properties), action, resource):
                    yield id_

    def resources(
        self, subject: Named, action: NamedAction, resource: Named, after: str | None = None
    ) -> Iterator[str]:
        """Ids after `after`, in order, of the listed resources of a type; `resource.id` is ignored."""
        if self._is_listed("subject", subject):
            for id_ in self._listed("resource", resource.type, after):
                if self.decide(subject, action, Named(resource.type, id_, resource.properties)):
                    yield id_

    def actions(
        self, subject: Named, action: NamedAction, resource: Named, after: str | None = None
    ) -> Iterator[str]:
        """Names after `after`, in order, of what the subject may do to the resource; `action.name` is ignored."""
        if self._is_listed("subject", subject) and self._is_listed("resource", resource):
            for name in self._actions[_first(self._actions, after) :]:
                if self.decide(subject, NamedAction(name, action.properties), resource):
                    yield name

    def _knows(self, part: str, named: Named) -> bool:
        of_type = self.pack.types(part).get(named.type)
        return of_type is not None and (not of_type.listed or (named.type, named.id) in self.pack.entities)

    def _is_listed(self, part: str, named: Named) -> bool:
        """A search about somebody nobody has heard of finds nothing, whatever the rules say of everybody."""
        return named.type in self.pack.types(part) and (named.type, named.id) in self.pack.entities

    def _listed(self, part: str, type_: str, after: str | None) -> tuple[str, ...]:
        ids = self._ids.get(type_, ()) if type_ in self.pack.types(part) else ()
        return ids[_first(ids, after) :]

    def _attributes(self, part: str, built_in: dict[str, str], named: Named | NamedAction) -> dict[str, str] | None:
        """Every declared attribute: of the entity, else of the request where it is trusted, else empty."""
        entity = self.pack.entities.get((named.type, named.id)) if isinstance(named, Named) else None
        known = {} if entity is None else entity.properties
        found = {name: known.get(name, "") for name in self.pack.properties[part]}
        for name in self.pack.trusted[part]:
            # JSON's null says nothing, as if the member were left out.
            if (value := named.properties.get(name)) is not None:
                word = word_of(value)
                if word is None:
                    return None
                found[name] = word
        return found | built_in

    def _ask(self, asked: Mapping[str, Mapping[str, str]]) -> AttributeRule | None:
        """Casbin's answer, kept. The matcher is a conjunction of comparisons: their outcomes are its whole input.

        A word that no row has in a column is as good as any other such word; it stands in the key as nothing.
        """
        key = tuple(
            _outcome(term, words, asked) for term, words in zip(self.pack.shape.terms, self._words, strict=True)
        )
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        rule = self.ask_casbin(asked)
        with self._lock:
            self._kept[key] = rule
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        return rule

    def ask_casbin(self, asked: Mapping[str, Mapping[str, str]]) -> AttributeRule | None:
        """The rule by which Casbin decides; nothing kept is looked at."""
        row = self._casbin.ask(asked["subject"], asked["action"], asked["resource"])
        return None if row is None else self._rules[row]


def _first(sorted_ids: tuple[str, ...], after: str | None) -> int:
    return 0 if after is None else bisect_right(sorted_ids, after)


def _outcome(term: Term, words: frozenset[str], asked: Mapping[str, Mapping[str, str]]) -> str | bool:
    value = _value(term.attribute, asked)
    if term.other is not None:
        return value != "" and value == _value(term.other, asked)
    return value if value in words and value != ANY else ""


def _value(attribute: Attribute, asked: Mapping[str, Mapping[str, str]]) -> str:
    part, name = attribute
    return asked[part][name]


def _preference(rule: AttributeRule) -> tuple[object, ...]:
    """Which of several matching rows an explanation names: the most specific, whatever the order of lines.

    Then one that cites a regulation before the product's or the author's default, then by text.
    """
    return sum(cell == ANY for cell in rule.cells), rule.article == DEFAULT, rule.row
