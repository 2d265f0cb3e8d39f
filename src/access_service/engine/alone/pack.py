"""What a pack that stands alone holds once it is read: types, properties, entities, rows."""

import json
import math
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass

from access_service.domain import words
from access_service.domain.errors import InvalidError
from access_service.domain.policy import ANY, DEFAULT, Article
from access_service.engine.alone.model import Shape

WORD_BYTES = 256
"""Longest id, and longest value of a property that is compared."""
MOST_HELD = 64
"""Most words that one property of one entity, or of one request, may hold."""
MOST_DEEP = 16
"""Longest chain of parents."""

Value = str | frozenset[str]
"""What a property is: one word ("" where nothing is known), or the words it holds."""


@dataclass(frozen=True, slots=True)
class TypeOf:
    """A type of subjects, of resources, or of groups."""

    id: str
    vi: str
    en: str
    listed: bool
    """Are there no others of this type than those in entities.csv?"""


@dataclass(frozen=True, slots=True)
class DeclaredProperty:
    """A property that rules may look at."""

    words: frozenset[str] = frozenset()
    """What it may be; an empty set is any text."""
    several: bool = False
    """May it hold several words?"""
    of: str | None = None
    """Its words are ids of this type, and it also holds everything that these lie in."""

    @property
    def is_held(self) -> bool:
        """Is its value a set of words, which a term asks whether it holds one?"""
        return self.several or self.of is not None


@dataclass(frozen=True, slots=True)
class Entity:
    """One row of entities.csv."""

    type: str
    id: str
    properties: Mapping[str, Mapping[str, Value]]
    """By `subject` and `resource`: a type that is both has the properties of both, each with its own vocabulary."""
    source: str
    parent: str = ""
    """The id of the entity of the same type in which it lies; empty where it lies in none."""
    ancestors: tuple[str, ...] = ()
    """Its parent, the parent's parent and so on."""

    @property
    def within(self) -> frozenset[str]:
        """Its own id and those of everything it lies in."""
        return frozenset((self.id, *self.ancestors))


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


def preference(rule: AttributeRule) -> tuple[object, ...]:
    """Which of several matching rows an explanation names: the most specific, whatever the order of lines.

    Then one that cites a regulation before the product's or the author's default, then by text.
    """
    return sum(cell == ANY for cell in rule.cells), rule.article == DEFAULT, rule.row


@dataclass(frozen=True, slots=True)
class StandalonePack:
    """A checked pack. `properties` and `trusted` are by `subject`, `action`, `resource`, `context`."""

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
    groups: Mapping[str, TypeOf]
    """What subjects and resources may lie in."""
    actions: Mapping[str, str]
    properties: Mapping[str, Mapping[str, DeclaredProperty]]
    trusted: Mapping[str, frozenset[str]]
    """Properties that a request may say for itself."""
    shape: Shape
    rules: tuple[AttributeRule, ...]
    entities: Mapping[tuple[str, str], Entity]
    """By type and id."""

    def types(self, part: str) -> Mapping[str, TypeOf]:
        """Types of `subject` or `resource`."""
        return self.subjects if part == "subject" else self.resources


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
            normal = words.normalise_text(value, WORD_BYTES)
            return normal if len(normal.encode()) <= WORD_BYTES else None
    return None


def says_nothing(value: object) -> bool:
    """Is a property of a request as good as left out? JSON's null, an empty text and an empty list say nothing."""
    return value is None or value in ("", [])


def held_words(value: object) -> frozenset[str] | None:
    """The words of a list, or of one word alone; None where one is no word, or empty, or they are too many."""
    listed = value if isinstance(value, list) else [value]
    if len(listed) > MOST_HELD:
        return None
    found = frozenset(word or "" for word in map(word_of, listed))
    return None if "" in found else found
