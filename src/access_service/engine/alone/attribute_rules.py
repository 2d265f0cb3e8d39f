"""`roles.csv` of a pack that stands alone. Casbin and the index see only rows that passed here."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from access_service.domain.errors import Fault
from access_service.domain.policy import ANY, Article
from access_service.engine.alone.model import SAME, WITHIN, Shape, Term
from access_service.engine.alone.pack import WORD_BYTES, AttributeRule, DeclaredProperty, Entity, TypeOf
from access_service.engine.packs.csv_rows import EFFECTS, CsvRow, rows_of
from access_service.engine.toml_reader import quote


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The words that rows may use; entities are added as they are read."""

    articles: Mapping[str, Article]
    actions: Mapping[str, str]
    subjects: Mapping[str, TypeOf]
    resources: Mapping[str, TypeOf]
    groups: Mapping[str, TypeOf]
    properties: Mapping[str, Mapping[str, DeclaredProperty]]
    entities: dict[tuple[str, str], Entity]
    ids: dict[str, set[str]] = field(default_factory=dict)
    """Of the entities, by type."""

    def types(self, part: str) -> Mapping[str, TypeOf]:
        """Types of `subject` or `resource`."""
        return self.subjects if part == "subject" else self.resources


def wrong_word(word: str) -> str:
    """Why a word of a pack could not be compared as it looks, or nothing."""
    if not word or word != word.strip():
        return "is empty or has spaces around it"
    if word == ANY:
        return "means any word and is none itself"
    if not word.isprintable():
        return "is not printable"
    return f"is longer than {WORD_BYTES} bytes" if len(word.encode()) > WORD_BYTES else ""


def read_rules(path: str, text: str, shape: Shape, words: Vocabulary, faults: list[Fault]) -> list[AttributeRule]:
    """The rows of roles.csv, each checked cell by cell."""
    seen: dict[tuple[str, ...], AttributeRule] = {}
    columns = (*shape.columns, "effect", "article")
    for part, types in (("subject", words.subjects), ("resource", words.resources)):
        if len(types) > 1 and not shape.binds((part, "type")):
            faults.append(
                Fault(f"{path}:1", f"the pack has {len(types)} types of {part}s and no column for `r.{part}.type`")
            )
    known = [_known(*term.attribute, words) for term in shape.terms]
    for place, cells in rows_of(path, text, columns, faults):
        row = CsvRow(place, faults)
        *compared, effect, article = cells
        for term, cell, may_be in zip(shape.terms, compared, known, strict=True):
            _check_cell(row, term, cell, may_be)
        row.check("effect", effect, EFFECTS)
        row.check("article", article, words.articles)
        rule = AttributeRule(tuple(compared), effect == "allow", article, place)
        if row.good:
            _check_ids(row, rule, shape, words)
            _check_everybody(row, rule, shape, words)
        if (other := seen.get(rule.cells)) is not None and effect in EFFECTS:
            _say_repeated(row, rule, other)
        seen.setdefault(rule.cells, rule)
    return list(seen.values())


def _check_cell(row: CsvRow, term: Term, cell: str, known: Collection[str] | None) -> None:
    if cell == ANY:
        if not term.takes_any:
            row.fault(f"column `{term.column}` takes no `{ANY}`", "the model compares it with one word")
        return
    if term.other is not None:
        row.check(f"cell of relation `{term.column}`", cell, (SAME, ANY))
        return
    part, name = term.attribute
    noun = f"{part} {name}"
    row.check("action" if noun == "action name" else noun, cell, known)
    if known is None and row.good and (message := wrong_word(cell)):
        row.fault(f"{quote(cell)} {message}")


def _known(part: str, name: str, words: Vocabulary) -> Collection[str] | None:
    """The words that a cell compared with this attribute may be; None for any text."""
    if (part, name) == ("action", "name"):
        return words.actions
    if part in ("subject", "resource"):
        if name == "type":
            return words.types(part)
        if name in ("id", WITHIN):
            return set().union(*(words.ids.get(type_, ()) for type_ in words.types(part)))
    declared = words.properties[part][name]
    return words.ids.get(declared.of, set()) if declared.of is not None else declared.words or None


def _check_ids(row: CsvRow, rule: AttributeRule, shape: Shape, words: Vocabulary) -> None:
    """An id belongs to a type: where there are several, a row that compares ids names the type, too."""
    for part in ("subject", "resource"):
        if len(words.types(part)) > 1 and _types_of(part, rule, shape, words) == words.types(part).keys():
            for term, cell in zip(shape.terms, rule.cells, strict=True):
                if cell != ANY and (term.looks_at((part, "id")) or term.looks_at((part, WITHIN))):
                    row.fault(f"column `{term.column}` compares ids of any type of {part}", "name the type")


def _check_everybody(row: CsvRow, rule: AttributeRule, shape: Shape, words: Vocabulary) -> None:
    """Where a type of subjects has others than those listed, a row must say what of them it goes by."""
    if not rule.allow:
        return
    unlisted = [t for t in _types_of("subject", rule, shape, words) if not words.subjects[t].listed]
    is_bound = any(
        cell != ANY and term.is_about("subject") for term, cell in zip(shape.terms, rule.cells, strict=True)
    )
    if unlisted and not is_bound:
        row.fault(f"allows every `{unlisted[0]}`, listed or not", "name an id or a property of the subject")


def _types_of(part: str, rule: AttributeRule, shape: Shape, words: Vocabulary) -> Collection[str]:
    """The types that a row is about."""
    for term, cell in zip(shape.terms, rule.cells, strict=True):
        if term.other is None and term.attribute == (part, "type") and cell != ANY:
            return {cell}
    return words.types(part).keys()


def _say_repeated(row: CsvRow, rule: AttributeRule, other: AttributeRule) -> None:
    if rule.allow != other.allow:
        row.fault(f"contradicts {other.source}: allow and deny of the same", "deny wins; keep one of the two")
    elif rule.article != other.article:
        row.fault(f"repeats {other.source} under another article", "one row cites one article")
    else:
        row.fault(f"repeats {other.source}")
