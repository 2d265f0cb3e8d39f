"""Two packs that stand alone, side by side: rows, entities, words, and every listed question with another answer.

Whoever is listed in entities.csv can be asked about one by one; of records that nobody lists the rows are all there
is to say, and the cases of the pack's folder play what its author thought of.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from access_service.domain.policy import ANY
from access_service.engine.alone.decisions import (
    NOTHING,
    Named,
    NamedAction,
    PackDecision,
    Permitted,
    StandaloneEngine,
)
from access_service.engine.alone.pack import AttributeRule, StandalonePack
from access_service.engine.proofs.pack_cells import PackChange
from access_service.engine.proofs.parts import said_of

ANSWER, ROW, MODEL = "answers", "rules", "model"
ALLOW, DENY = "allow", "deny"
MOST_ASKED = 200_000
"""Questions that are asked one by one; a pack with more listed pairs is compared by its rows alone."""


def compare_alone(old: StandalonePack, new: StandalonePack) -> tuple[PackChange, ...]:
    """Everything that `new` says otherwise than `old`."""
    return (*_answers(old, new), *_rows(old, new), *_tables(old, new))


def allows_more(changes: Iterable[PackChange]) -> bool:
    """Is an answer newly allow, or may one be: of records that nobody lists, the rows and the model decide."""
    return any(
        (c.part == ANSWER and not c.before)
        or (c.part == ROW and (c.after == ALLOW or (c.before == DENY and not c.after)))
        or c.part == MODEL
        for c in changes
    )


def are_all_asked(old: StandalonePack, new: StandalonePack) -> bool:
    """Are there few enough listed subjects and resources to ask about every one?"""
    return _size(old, new) <= MOST_ASKED


def _size(old: StandalonePack, new: StandalonePack) -> int:
    return (
        len(_listed(old, new, "subject")) * len(_listed(old, new, "resource")) * len({*old.actions, *new.actions})
    )


def _listed(old: StandalonePack, new: StandalonePack, part: str) -> list[tuple[str, str]]:
    both = {*old.entities, *new.entities}
    return sorted(key for key in both if key[0] in {*old.types(part), *new.types(part)})


def _answers(old: StandalonePack, new: StandalonePack) -> Iterator[PackChange]:
    if not are_all_asked(old, new):
        return
    before, after = StandaloneEngine(old), StandaloneEngine(new)
    resources = [Named(*key, NOTHING) for key in _listed(old, new, "resource")]
    actions = [NamedAction(name, NOTHING) for name in sorted({*old.actions, *new.actions})]
    for subject in (Named(*key, NOTHING) for key in _listed(old, new, "subject")):
        for resource in resources:
            for action in actions:
                was, now = before.decide(subject, action, resource), after.decide(subject, action, resource)
                if bool(was) != bool(now):
                    rule = now.rule or was.rule
                    what = f"{subject.type} {subject.id}", action.name, f"{resource.type} {resource.id}"
                    said = ("", "") if rule is None else (rule.article, rule.source)
                    yield PackChange(ANSWER, what, _said(was), _said(now), *said)


def _said(answer: PackDecision) -> str:
    return ALLOW if isinstance(answer, Permitted) else ""


def _rows(old: StandalonePack, new: StandalonePack) -> Iterator[PackChange]:
    """Each row by its cells: what they are compared with stands in the model."""
    before, after = ({(rule.cells, rule.allow): rule for rule in pack.rules} for pack in (old, new))
    for key in sorted(before.keys() | after.keys()):
        was, now = before.get(key), after.get(key)
        row = now or was
        if row is not None and (was is None or now is None or was.article != now.article):
            is_same = was is not None and now is not None
            yield PackChange(
                ROW,
                tuple(cell or ANY for cell in row.cells),
                _effect(was, with_article=is_same),
                _effect(now, with_article=is_same),
                row.article,
                row.source,
            )


def _effect(rule: AttributeRule | None, *, with_article: bool) -> str:
    if rule is None:
        return ""
    effect = ALLOW if rule.allow else DENY
    return f"{effect} ({rule.article})" if with_article else effect


def _tables(old: StandalonePack, new: StandalonePack) -> Iterator[PackChange]:
    tables: dict[str, tuple[Mapping[Any, Any], Mapping[Any, Any]]] = {
        "entities": (old.entities, new.entities),
        "subjects": (old.subjects, new.subjects),
        "resources": (old.resources, new.resources),
        "groups": (old.groups, new.groups),
        "actions": (old.actions, new.actions),
        "properties": (old.properties, new.properties),
        "trusted": (old.trusted, new.trusted),
        "articles": (old.articles, new.articles),
        MODEL: ({"model": old.model_text}, {"model": new.model_text}),
    }
    for part, (before, after) in tables.items():
        for key in sorted(before.keys() | after.keys()):
            was, now = before.get(key), after.get(key)
            told = _shown(was), _shown(now)
            if told[0] != told[1]:
                source = getattr(now if now is not None else was, "source", "")
                yield PackChange(part, tuple(key) if isinstance(key, tuple) else (str(key),), *told, "", source)


def _shown(value: Any) -> str:
    return "" if value is None else said_of(value) or "–"
