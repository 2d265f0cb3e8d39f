"""A pack that stands alone: decisions and searches over it.

There is no register behind such a pack: what it knows of subjects and resources stands in its entities, and in the
request where the pack trusts it. Casbin is the definition of an answer (`casbin_engine.AttributeEngine`); questions
are answered from an index over its rows (`index`), which tests compare with it.
"""

import threading
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from operator import itemgetter
from types import MappingProxyType
from typing import Literal

from access_service.domain.reasons import Reason
from access_service.engine.alone.index import Index, Listed, Values, slots_of
from access_service.engine.alone.model import CONTEXT, WITHIN
from access_service.engine.alone.pack import (
    AttributeRule,
    DeclaredProperty,
    Entity,
    StandalonePack,
    Value,
    held_words,
    preference,
    says_nothing,
    word_of,
)
from access_service.engine.casbin_engine import AttributeEngine

NOTHING: Mapping[str, object] = MappingProxyType({})
"""A context that says nothing."""


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
    field: str = ""
    """The member of the question that is missing, not known or no word: `resource.properties.state`."""

    def __bool__(self) -> Literal[False]:
        return False


PackDecision = Permitted | Forbidden

_UNKNOWN = {
    ("resource", "type"): Forbidden(Reason.RESOURCE_CONTRADICTORY, field="resource.type"),
    ("resource", "id"): Forbidden(Reason.RESOURCE_CONTRADICTORY, field="resource.id"),
    ("subject", "type"): Forbidden(Reason.ACCOUNT_UNKNOWN, field="subject.type"),
    ("subject", "id"): Forbidden(Reason.ACCOUNT_UNKNOWN, field="subject.id"),
}
_UNKNOWN_ACTION = Forbidden(Reason.UNKNOWN_ACTION, field="action.name")
_NO_GRANT = Forbidden(Reason.NO_GRANT)


class StandaloneEngine:
    """Decides by one pack. Immutable; safe from several threads."""

    def __init__(self, pack: StandalonePack) -> None:
        self.pack = pack
        ordered = sorted(pack.rules, key=preference)
        rules = [rule for rule in ordered if not rule.allow] + [rule for rule in ordered if rule.allow]
        self._first_allow = sum(not rule.allow for rule in rules)
        self._decisions: tuple[PackDecision, ...] = (
            *(Permitted(rule) if rule.allow else Forbidden(Reason.DENIED_BY_RULE, rule) for rule in rules),
            _NO_GRANT,
        )
        self._rules = tuple(rules)
        self._slots = slots_of(pack.shape)
        self._index = Index(pack.shape, [rule.cells for rule in rules], self._slots)
        self._trusted = {
            part: tuple(
                (name, self._slots.names[part].index(name), pack.properties[part][name])
                for name in sorted(pack.trusted[part])
            )
            for part in pack.shape.parts
        }
        self._profiles = {part: self._profiles_of(part) for part in ("subject", "resource")}
        self._subjects, self._resources = self._profiles["subject"], self._profiles["resource"]
        self._listed = {part: self._listed_of(part) for part in ("subject", "resource")}
        self._actions = {name: self._profile("action", {"name": name}) for name in sorted(pack.actions)}
        self._verbs = tuple(self._actions)
        self._context = self._profile(CONTEXT, {}) if CONTEXT in pack.shape.parts else ()
        self._casbin: AttributeEngine | None = None
        self._lock = threading.Lock()

    def decide(
        self, subject: Named, action: NamedAction, resource: Named, context: Mapping[str, object] = NOTHING
    ) -> PackDecision:
        """The answer to one question. Whatever is odd in it is a reason to deny, and never an error."""
        of_subject = self._subjects.get((subject.type, subject.id))
        of_action = self._actions.get(action.name)
        of_resource = self._resources.get((resource.type, resource.id))
        if of_subject is None or of_action is None or of_resource is None:
            if not (subject.type and subject.id and action.name and resource.type and resource.id):
                return Forbidden(Reason.RESOURCE_INCOMPLETE, field=_missing(subject, action, resource))
            if of_resource is None and (of_resource := self._new("resource", resource)) is None:
                return self._unknown("resource", resource)
            if of_action is None:
                return _UNKNOWN_ACTION
            if of_subject is None and (of_subject := self._new("subject", subject)) is None:
                return self._unknown("subject", subject)
        values = of_subject + of_action + of_resource + self._context
        if subject.properties or action.properties or resource.properties or context:
            said = {
                "subject": subject.properties,
                "action": action.properties,
                "resource": resource.properties,
                CONTEXT: context,
            }
            read = self._said(said)
            if isinstance(read, Forbidden):
                return read
            values = _with(values, read)
        return self._decisions[self._index.find(values)]

    def subjects(
        self,
        subject: Named,
        action: NamedAction,
        resource: Named,
        after: str | None = None,
        context: Mapping[str, object] = NOTHING,
    ) -> Iterator[str]:
        """Ids after `after`, in order, of the listed subjects of a type who may; `subject.id` is ignored."""
        if self._is_listed("resource", resource):
            yield from self._search("subject", subject, action, resource, after, context)

    def resources(
        self,
        subject: Named,
        action: NamedAction,
        resource: Named,
        after: str | None = None,
        context: Mapping[str, object] = NOTHING,
    ) -> Iterator[str]:
        """Ids after `after`, in order, of the listed resources of a type; `resource.id` is ignored."""
        if self._is_listed("subject", subject):
            yield from self._search("resource", resource, action, subject, after, context)

    def actions(
        self,
        subject: Named,
        action: NamedAction,
        resource: Named,
        after: str | None = None,
        context: Mapping[str, object] = NOTHING,
    ) -> Iterator[str]:
        """Names after `after`, in order, of what the subject may do to the resource; `action.name` is ignored."""
        if self._is_listed("subject", subject) and self._is_listed("resource", resource):
            for name in self._verbs[_first(self._verbs, after) :]:
                if self.decide(subject, NamedAction(name, action.properties), resource, context):
                    yield name

    def _search(
        self,
        part: Literal["subject", "resource"],
        wanted: Named,
        action: NamedAction,
        other: Named,
        after: str | None,
        context: Mapping[str, object],
    ) -> Iterator[str]:
        """The ids of one part that are allowed: what is known of the other parts leaves few rows."""
        entities, of_action = self._listed[part].get(wanted.type), self._actions.get(action.name)
        if entities is None or of_action is None:
            return
        other_part = "resource" if part == "subject" else "subject"
        known = self._profiles[other_part][other.type, other.id]
        near = self._slots.range_of(part)
        anybody: Values = ("",) * len(near)
        subject, resource = (anybody, known) if part == "subject" else (known, anybody)
        read = self._said(
            {
                part: wanted.properties,
                other_part: other.properties,
                "action": action.properties,
                CONTEXT: context,
            }
        )
        if isinstance(read, Forbidden):
            return
        narrow = self._index.narrow(part, _with(subject + of_action + resource + self._context, read))
        start = _first(entities.ids, after)
        about_all = {at - near.start: value for at, value in read.items() if at in near}
        if not about_all:
            yield from narrow.listed(entities, start, self._first_allow)
            return
        # What the request says of whom it searches is said of each of them.
        candidates = zip(entities.ids[start:], entities.profiles[start:], strict=True)
        yield from narrow.each(((id_, _with(profile, about_all)) for id_, profile in candidates), self._first_allow)

    def _unknown(self, part: str, named: Named) -> Forbidden:
        return _UNKNOWN[part, "id" if named.type in self.pack.types(part) else "type"]

    def _is_listed(self, part: str, named: Named) -> bool:
        """Is the id known? A search about an unknown one finds nothing, whatever the rules say of everybody."""
        return (named.type, named.id) in self._profiles[part]

    def _new(self, part: str, named: Named) -> Values | None:
        """The values of an id that is not listed; None where its type does not exist or has listed ids only."""
        of_type = self.pack.types(part).get(named.type)
        if of_type is None or of_type.listed:
            return None
        return self._profile(part, {"type": named.type, "id": named.id, WITHIN: frozenset((named.id,))})

    def _profiles_of(self, part: str) -> dict[tuple[str, str], Values]:
        types = self.pack.types(part)
        return {key: self._of_entity(part, e) for key, e in self.pack.entities.items() if e.type in types}

    def _of_entity(self, part: str, entity: Entity) -> Values:
        known: dict[str, Value] = {"type": entity.type, "id": entity.id}
        if WITHIN in self._slots.names[part]:
            known[WITHIN] = entity.within
        for name, value in entity.properties[part].items():
            known[name] = self._closed(self.pack.properties[part][name], value)
        return self._profile(part, known)

    def _listed_of(self, part: str) -> dict[str, Listed]:
        """By type, the ids by code points, which is also the order of their UTF-8 bytes, with what is known."""
        by_type: dict[str, list[tuple[str, Values]]] = {}
        for (type_, id_), profile in self._profiles[part].items():
            by_type.setdefault(type_, []).append((id_, profile))
        listed = {}
        for type_, found in by_type.items():
            found.sort(key=itemgetter(0))
            ids, profiles = zip(*found, strict=True)
            listed[type_] = Listed(ids, profiles, self._index.keys_of(part))
        return listed

    def _profile(self, part: str, known: Mapping[str, Value]) -> Values:
        """Every attribute of a part that a term looks at; what nobody says is the empty word, or holds none."""
        declared = self.pack.properties[part]
        return tuple(
            known.get(name, frozenset() if name in declared and declared[name].is_held else "")
            for name in self._slots.names[part]
        )

    def _said(self, said: Mapping[str, Mapping[str, object]]) -> dict[int, Value] | Forbidden:
        """What the request says for itself where that is trusted, by slot.

        A trusted property that is no word, or none of those it may be: as little is known of it as of one that is
        missing, and a rule that would deny by it must not be passed by.
        """
        found: dict[int, Value] = {}
        for part, trusted in self._trusted.items():
            if not (properties := said[part]):
                continue
            for name, slot, declared in trusted:
                if says_nothing(sent := properties.get(name)):
                    continue
                value = self._read(declared, sent)
                if value is None:
                    prefix = part if part == CONTEXT else f"{part}.properties"
                    return Forbidden(Reason.RESOURCE_INCOMPLETE, field=f"{prefix}.{name}")
                found[self._slots.starts[part] + slot] = value
        return found

    def _read(self, declared: DeclaredProperty, sent: object) -> Value | None:
        """A property of a request as its value, or None where it cannot be one."""
        words = held_words(sent) if declared.several else None if (word := word_of(sent)) is None else {word}
        if words is None or (declared.words and not declared.words >= words):
            return None
        if declared.of is not None and not all((declared.of, word) in self.pack.entities for word in words):
            return None
        return self._closed(declared, frozenset(words)) if declared.is_held else next(iter(words))

    def _closed(self, declared: DeclaredProperty, value: Value) -> Value:
        """The words and, where they are ids, everything that those lie in."""
        if declared.of is None:
            return value
        return frozenset(chain.from_iterable(self.pack.entities[declared.of, word].within for word in value))

    def rule_for(self, asked: Mapping[str, Mapping[str, Value]]) -> AttributeRule | None:
        """The rule that decides when every attribute of the request is this; by the index."""
        values = tuple(asked[part][name] for part in self.pack.shape.parts for name in self._slots.names[part])
        rank = self._index.find(values)
        return None if rank == len(self._rules) else self._rules[rank]

    def ask_casbin(self, asked: Mapping[str, Mapping[str, Value]]) -> AttributeRule | None:
        """The same by Casbin itself, which takes microseconds a row: the definition that the index must meet."""
        with self._lock:
            if self._casbin is None:
                self._casbin = AttributeEngine(self.pack.model_text, [rule.row for rule in self._rules])
        row = self._casbin.ask(*(asked[part] for part in self.pack.shape.parts))
        return None if row is None else next(rule for rule in self._rules if rule.row == row)


def _first(sorted_ids: tuple[str, ...], after: str | None) -> int:
    return 0 if after is None else bisect_right(sorted_ids, after)


def _with(values: Values, said: Mapping[int, Value]) -> Values:
    if not said:
        return values
    changed = list(values)
    for at, value in said.items():
        changed[at] = value
    return tuple(changed)


def _missing(subject: Named, action: NamedAction, resource: Named) -> str:
    """The first member of a question that says nothing."""
    said = {
        "subject.type": subject.type,
        "subject.id": subject.id,
        "action.name": action.name,
        "resource.type": resource.type,
        "resource.id": resource.id,
    }
    return next(name for name, word in said.items() if not word)
