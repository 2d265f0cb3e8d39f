"""Reads a pack that stands alone strictly: into one checked `StandalonePack`, or every fault at once.

The format is docs/policy-packs.md, "Packs that stand alone".
"""

import keyword
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

from access_service.domain.errors import Fault, PolicyError
from access_service.engine.alone.attribute_rules import Vocabulary, read_rules, wrong_word
from access_service.engine.alone.entities import JOINED, read_entities
from access_service.engine.alone.model import ATTRIBUTE, BUILT_IN, CONTEXT, PARTS, Shape, read_shape
from access_service.engine.alone.pack import DeclaredProperty, Entity, StandalonePack, TypeOf
from access_service.engine.packs.draft import Draft
from access_service.engine.packs.files import (
    ENTITIES_CSV,
    FILE_LIMIT_BYTES,
    MODELS,
    NAME,
    OF_STANDALONE,
    PACK_TOML,
    ROLES_CSV,
    PackFiles,
    collect,
    head_of,
    is_pack_name,
    make_missing_fault,
    sort_faults,
)
from access_service.engine.packs.sections import read_documents, read_words
from access_service.engine.toml_reader import TomlFile, TomlTable, guess, parse_toml, quote, text_of

STANDALONE = "standalone"
"""The `kind` of these packs; the others have none."""
_SAYS_ALONE = re.compile(rb'^\s*kind\s*=\s*["\']standalone', re.MULTILINE)
MOST_PROPERTIES = 16
"""Of subject, action, resource and context each."""
CSV_BYTES = 8 << 20
"""Rows and entities may be many, and are often written by a program: this is what bounds them."""
OF_ANSWERS = ("explain", "at_least")
"""Members of a context that say how to answer; no rule looks at them."""


def is_standalone(folder: Path) -> bool:
    """Is the folder's pack one that stands alone? What is wrong with it, reading will say.

    One that says of itself no `kind` is taken for one by what only these packs have, so that its author is told of
    that and not of every word that a register does not know.
    """
    start = _start_of(folder / PACK_TOML)
    head = head_of(start)
    if "kind" in head:
        return bool(head["kind"] == STANDALONE)
    if head:
        return _looks_alone(head) or ("extends" not in head and (folder / ENTITIES_CSV).is_file())
    return (folder / ENTITIES_CSV).is_file() or _SAYS_ALONE.search(start) is not None


def _looks_alone(head: Mapping[str, Any]) -> bool:
    return any(isinstance(head.get(key), Mapping) for key in ("subjects", "trusted_properties"))


def models_for(folder: Path, otherwise: Path) -> Path:
    """Where the pack's model is: `models` beside the folder of packs where it is there, else `otherwise`."""
    model = head_of(_start_of(folder / PACK_TOML)).get("model")
    beside = folder.parent.parent / MODELS
    is_there = isinstance(model, str) and NAME.fullmatch(model) and (beside / f"{model}.conf").is_file()
    return beside if is_there else otherwise


def _start_of(path: Path) -> bytes:
    try:
        with path.open("rb") as stream:
            return stream.read(FILE_LIMIT_BYTES)
    except OSError:
        return b""


def load_standalone(folder: Path, models_dir: Path) -> StandalonePack:
    """The pack of a folder. Raises `PolicyError` with every fault, sorted by file and line."""
    limits = {ROLES_CSV: CSV_BYTES, ENTITIES_CSV: CSV_BYTES}
    collected = collect(folder.parent, folder.name, models_dir, OF_STANDALONE, limits)
    return _parse(collected.files, list(collected.faults), collected.unread)


def parse_standalone(files: PackFiles) -> StandalonePack:
    """The pack these files make. Raises `PolicyError` with every fault."""
    return _parse(files, [], frozenset())


def _parse(files: PackFiles, faults: list[Fault], unread: frozenset[str]) -> StandalonePack:
    pack = _Reader(files, faults, unread).pack()
    if faults or pack is None:
        raise PolicyError(sort_faults(faults))
    return pack


@dataclass(slots=True)
class _Tables:
    """What pack.toml says."""

    version: str = ""
    title: str = ""
    model: str = ""
    sources: Draft = field(default_factory=Draft)
    """Documents, articles and actions, read as in every pack."""
    subjects: dict[str, TypeOf] = field(default_factory=dict)
    resources: dict[str, TypeOf] = field(default_factory=dict)
    groups: dict[str, TypeOf] = field(default_factory=dict)
    properties: dict[str, dict[str, DeclaredProperty]] = field(default_factory=lambda: {part: {} for part in PARTS})
    trusted: dict[str, frozenset[str]] = field(default_factory=lambda: dict.fromkeys(PARTS, frozenset()))

    @property
    def is_whole(self) -> bool:
        """Is there some vocabulary of each? Without one every word of the other files would look unknown."""
        return bool(self.subjects and self.resources and self.sources.actions)


class _Reader:
    """One reading of one set of files; collects the faults of all of them."""

    def __init__(self, files: PackFiles, faults: list[Fault], unread: frozenset[str]) -> None:
        self._files = files
        self._faults = faults
        self._unread = unread

    def pack(self) -> StandalonePack | None:
        """The pack, or None when there are faults."""
        name = self._files.name
        if not is_pack_name(name):
            self._faults.append(Fault(name, f"{quote(name)} is no name of a pack"))
            return None
        path = f"{name}/{PACK_TOML}"
        text = self._text(path, required=True)
        file = None if text is None else parse_toml(path, text, self._faults)
        if file is None:
            self._say_only(path)
            return None
        if file.root.get("kind") != STANDALONE:
            self._faults.append(_wrong_kind(file))
            self._say_only(path)
            return None
        tables = self._tables(file)
        if not tables.is_whole:
            return None
        model_path = f"{MODELS}/{tables.model}.conf"
        model = self._text(model_path, required=True) if NAME.fullmatch(tables.model) else None
        shape = None if model is None else self._shape(model_path, model, tables)
        entities: dict[tuple[str, str], Entity] = {}
        words = Vocabulary(
            tables.sources.articles,
            tables.sources.actions,
            tables.subjects,
            tables.resources,
            tables.groups,
            tables.properties,
            entities,
        )
        path = f"{name}/{ENTITIES_CSV}"
        if (text := self._text(path, required=False)) is not None:
            read_entities(path, text, words, self._faults)
        path = f"{name}/{ROLES_CSV}"
        text = self._text(path, required=True)
        if text is None or shape is None or model is None:
            return None
        rules = read_rules(path, text, shape, words, self._faults)
        if self._faults:
            return None
        return StandalonePack(
            name=name,
            version=tables.version,
            title=tables.title,
            model=tables.model,
            model_text=model,
            digest=self._files.digest,
            articles=MappingProxyType(tables.sources.articles),
            subjects=MappingProxyType(tables.subjects),
            resources=MappingProxyType(tables.resources),
            groups=MappingProxyType(tables.groups),
            actions=MappingProxyType(tables.sources.actions),
            properties=MappingProxyType({part: MappingProxyType(tables.properties[part]) for part in PARTS}),
            trusted=MappingProxyType(tables.trusted),
            shape=shape,
            rules=tuple(rules),
            entities=MappingProxyType(entities),
        )

    def _say_only(self, path: str) -> None:
        """Leave out what rests on a file that cannot be read, such as a model that nobody looked for."""
        self._faults[:] = [fault for fault in self._faults if fault.place.rpartition(":")[0] == path]

    def _shape(self, path: str, text: str, tables: _Tables) -> Shape | None:
        held = {part: {name: p.is_held for name, p in tables.properties[part].items()} for part in PARTS}
        return read_shape(path, text, held, self._faults)

    def _text(self, path: str, *, required: bool) -> str | None:
        content = self._files.files.get(path)
        if content is not None:
            return text_of(path, content, self._faults)
        if required and path not in self._unread:
            self._faults.append(make_missing_fault(path))
        return None

    def _tables(self, file: TomlFile) -> _Tables:
        found, table = _Tables(), TomlTable.root(file, self._faults)
        if (written := table.text("name")) != self._files.name and written:
            table.fault("name", f"the pack calls itself {quote(written)}, its folder `{self._files.name}`")
        table.word("kind", {STANDALONE}, "kind")
        found.version, found.title, found.model = table.text("version"), table.text("title"), table.text("model")
        if found.model and NAME.fullmatch(found.model) is None:
            table.fault("model", f"{quote(found.model)} is no name of a model")
        read_documents(table, found.sources)
        _types(table, "subjects", found.subjects)
        _types(table, "resources", found.resources)
        _groups(table, found)
        read_words(table, "actions", found.sources.actions)
        _properties(table, found)
        table.done()
        for key, read in (
            ("subjects", found.subjects),
            ("resources", found.resources),
            ("actions", found.sources.actions),
        ):
            _check_some(table, key, read)
        return found


def _wrong_kind(file: TomlFile) -> Fault:
    """A pack of another kind, or of none: everything else in it would be read by the wrong rules."""
    hint = f'write `kind = "{STANDALONE}"`; without it a pack is one of the register'
    if "kind" in file.root:
        return Fault(file.place(("kind",)), f"unknown kind {quote(file.root['kind'])}", hint)
    return Fault(file.place(()), "`kind` is missing", hint)


def _check_some(table: TomlTable, key: str, read: Mapping[str, object]) -> None:
    """One that is written under a similar name is told at its line, and not missing as well."""
    if not read and (table.has(key) or not any(guess(other, [key]) for other in table.values.keys() - table.asked)):
        table.fault(key if table.has(key) else None, f"`{key}` is missing or empty")


def _types(table: TomlTable, key: str, into: dict[str, TypeOf]) -> None:
    for id_, type_ in table.tables(key):
        into[id_] = TypeOf(id_, type_.text("vi"), type_.text("en"), listed=type_.flag("listed"))
        type_.done()


def _groups(table: TomlTable, found: _Tables) -> None:
    for id_, group in table.tables("groups"):
        if id_ in found.subjects or id_ in found.resources:
            group.fault(None, f"`{id_}` is a type of subjects or resources already", "which may have parents, too")
        found.groups[id_] = TypeOf(id_, group.text("vi"), group.text("en"), listed=True)
        group.done()


def _properties(table: TomlTable, found: _Tables) -> None:
    """`[properties.<part>]`: name = the words it may be; `[trusted_properties]`: lists of names."""
    declared = table.table("properties")
    for part in PARTS:
        section = None if declared is None else declared.table(part)
        if section is None:
            continue
        for name in section.values:
            _check_name(section, part, name)
            found.properties[part][name] = _property(section, name, found)
        if len(section.values) > MOST_PROPERTIES:
            section.fault(None, f"more than {MOST_PROPERTIES} properties")
    if declared is not None:
        declared.done()
    trusted = table.table("trusted_properties")
    for part in PARTS:
        if trusted is not None and trusted.has(part):
            found.trusted[part] = trusted.words(part, found.properties[part], f"property of the {part}")
    if trusted is not None:
        trusted.asked.update(PARTS)
        trusted.done()
    for name in sorted(found.properties[CONTEXT].keys() - found.trusted[CONTEXT]):
        table.fault("properties", f"nobody can say `{name}` of the context", "name it in [trusted_properties]")


def _check_name(section: TomlTable, part: str, name: str) -> None:
    if ATTRIBUTE.fullmatch(name) is None or keyword.iskeyword(name):
        hint = "letters without accents, digits and `_`, at most 32, and no word of Python"
        section.fault(name, f"{quote(name)} is no name of a property", hint)
    elif name in BUILT_IN[part]:
        section.fault(name, f"`{name}` is what every {part} has", "choose another name")
    elif part == CONTEXT and name in OF_ANSWERS:
        section.fault(name, f"`{name}` of a context says how to answer", "choose another name")
    elif twin := next((other for other in section.values if other < name and other.lower() == name.lower()), None):
        section.fault(name, f"`{name}` and `{twin}` differ in capitals alone", "one of the two is a slip")


def _property(section: TomlTable, name: str, found: _Tables) -> DeclaredProperty:
    """A list of words, or a table: `{ several = true, words = [...] }`, `{ of = "folder" }`."""
    if not isinstance(section.values[name], Mapping):
        return DeclaredProperty(_words(section, name, name))
    inner = section.table(name)
    if inner is None:
        return DeclaredProperty()
    several = inner.flag("several") if inner.has("several") else False
    of = inner.word("of", [*found.subjects, *found.resources, *found.groups], "type") if inner.has("of") else None
    words = _words(inner, "words", name) if inner.has("words") else frozenset()
    if of is not None and inner.has("words"):
        inner.fault("words", f"the words of `{name}` are the ids of `{of}`")
    if of is None and not several:
        inner.fault(None, f"`{name}` says neither `several = true` nor `of`", "a list of words is enough")
    inner.asked.update(("several", "of", "words"))
    inner.done()
    return DeclaredProperty(words, several, of)


def _words(section: TomlTable, key: str, name: str) -> frozenset[str]:
    words = section.words(key, None, "word", may_be_empty=True)
    for word in sorted(words):
        if message := wrong_word(word):
            section.fault(key, f"{quote(word)} {message}")
        elif JOINED in word and key == "words":
            section.fault(key, f"{quote(word)} of `{name}` has a `{JOINED}`", "which joins words in entities.csv")
    return words


__all__ = [
    "STANDALONE",
    "is_standalone",
    "load_standalone",
    "models_for",
    "parse_standalone",
]
