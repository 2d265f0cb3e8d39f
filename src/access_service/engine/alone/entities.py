"""`entities.csv` of a pack that stands alone: who and what there is, what is known of it, and in what it lies."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from access_service.domain.errors import Fault
from access_service.engine.alone.attribute_rules import Vocabulary, wrong_word
from access_service.engine.alone.pack import MOST_DEEP, MOST_HELD, DeclaredProperty, Entity, Value
from access_service.engine.packs.csv_rows import CsvRow, rows_of
from access_service.engine.toml_reader import guess, quote

COLUMNS = ("type", "id", "properties")
WITH_PARENT = ("type", "id", "parent", "properties")
JOINED = "|"
"""Between the words that one property holds."""
PARTS = ("resource", "subject")


def read_entities(path: str, text: str, words: Vocabulary, faults: list[Fault]) -> None:
    """Add the rows of entities.csv to the vocabulary."""
    has_parents = "parent" in text.partition("\n")[0]
    columns = WITH_PARENT if has_parents else COLUMNS
    # Properties and parents name entities that may stand further down.
    rows = [(CsvRow(place, faults), place, cells) for place, cells in rows_of(path, text, columns, faults)]
    for _, _, (type_, id_, *_) in rows:
        words.ids.setdefault(type_, set()).add(id_)
    types = [*words.subjects, *words.resources, *words.groups]
    for row, place, (type_, id_, *parent, properties) in rows:
        row.check("type", type_, types)
        if message := wrong_word(id_):
            row.fault(f"id {quote(id_)} {message}")
        if (other := words.entities.get((type_, id_))) is not None:
            row.fault(f"{other.source} is the same entity")
        found = _Properties(row, type_, words).read(properties)
        # Even a faulty one: rows that name it are not to blame.
        words.entities.setdefault((type_, id_), Entity(type_, id_, found, place, "".join(parent)))
    if has_parents:
        _follow(rows, words)


class _Properties:
    """Reads the properties of one entity: `role=admin; team=blue`, several words of one joined by `|`.

    A type that is both subject and resource has the properties of both, each in its own vocabulary; one that both
    declare is of both, unless it is written `subject.role=admin`.
    """

    def __init__(self, row: CsvRow, type_: str, words: Vocabulary) -> None:
        self._row = row
        self._words = words
        self._declared: Mapping[str, Mapping[str, DeclaredProperty]] = {
            part: words.properties[part] if type_ in words.types(part) else {} for part in PARTS
        }
        self._found: dict[str, dict[str, Value]] = {part: {} for part in PARTS}

    def read(self, cell: str) -> Mapping[str, Mapping[str, Value]]:
        """What is known of the entity, by part."""
        for said in cell.split(";") if cell else []:
            name, equals, value = (word.strip() for word in said.partition("="))
            if equals:
                self._add(name, value)
            else:
                self._row.fault(f"{quote(said)} is no `name=value`", "several are joined by `;`")
        return self._found

    def _add(self, written: str, value: str) -> None:
        prefix, dot, rest = written.partition(".")
        parts, name = ((prefix,), rest) if dot and prefix in PARTS else (PARTS, written)
        declaring = [part for part in parts if name in self._declared[part]]
        if not declaring:
            known = [*self._declared["resource"], *self._declared["subject"]]
            self._row.fault(f"unknown property {quote(written)}", guess(written, known))
        elif any(name in self._found[part] for part in declaring):
            self._row.fault(f"property `{name}` stands twice")
        else:
            faults = {part: self._wrong(self._declared[part][name], name, value) for part in declaring}
            if len(set(faults.values())) > 1:
                part = next(part for part in declaring if faults[part][0])
                message = f"{faults[part][0]} of the {part}"
                other = next(other for other in declaring if other != part)
                self._row.fault(message, f"write `{other}.{name}={value}` where it is meant of the {other} alone")
            elif (fault := faults[declaring[0]])[0]:
                self._row.fault(*fault)
            for part in declaring:
                is_held = self._declared[part][name].is_held
                words = _split(self._declared[part][name], value)
                self._found[part][name] = frozenset(words) if is_held else value

    def _wrong(self, declared: DeclaredProperty, name: str, value: str) -> tuple[str, str]:
        """What is wrong with the words of a property, and what was meant; twice nothing where they may be."""
        words = _split(declared, value)
        known = declared.words if declared.of is None else self._words.ids.get(declared.of, set())
        if len(words) > MOST_HELD:
            return f"`{name}` holds more than {MOST_HELD} words", "let it lie in a group"
        for word in words:
            if message := wrong_word(word):
                return f"`{name}`: {quote(word)} {message}", ""
            if (known or declared.of is not None) and word not in known:
                return f"unknown `{name}` {quote(word)}", guess(word, known)
            if words.count(word) > 1:
                return f"`{name}`: {quote(word)} stands twice", ""
        return "", ""


def _split(declared: DeclaredProperty, value: str) -> list[str]:
    return [word.strip() for word in value.split(JOINED)] if declared.several else [value]


def _follow(rows: Iterable[tuple[CsvRow, str, Sequence[str]]], words: Vocabulary) -> None:
    """Let each entity know all that it lies in: parents are of its own type, and no chain ends in itself."""
    for row, place, (type_, id_, parent, _) in rows:
        entity = words.entities[type_, id_]
        if not parent or entity.source != place:
            continue
        if parent not in words.ids.get(type_, ()):
            row.fault(f"unknown parent {quote(parent)}", guess(parent, words.ids.get(type_, ())))
            continue
        chain: list[str] = []
        above = parent
        while above and above not in (id_, *chain) and len(chain) <= MOST_DEEP:
            chain.append(above)
            above = words.entities[type_, above].parent if (type_, above) in words.entities else ""
        if above == id_:
            row.fault(f"lies in itself, by {' → '.join([id_, *chain, id_])}", "one of them has no parent")
        elif len(chain) > MOST_DEEP:
            row.fault(f"lies deeper than {MOST_DEEP} parents")
        words.entities[type_, id_] = replace(entity, ancestors=tuple(chain))
