"""Reads a pack that stands alone strictly: into one checked `StandalonePack`, or every fault at once.

The format is docs/policy-packs.md, "Packs that stand alone".
"""

import keyword
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from access_service.domain.errors import Fault, PolicyError
from access_service.engine.alone.decisions import Entity, StandalonePack, TypeOf
from access_service.engine.alone.model import ATTRIBUTE, BUILT_IN, REQUEST, read_shape
from access_service.engine.alone.rows import (
    Vocabulary,
    read_entities,
    read_rules,
    wrong_word,
)
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
    missing,
    sort_faults,
)
from access_service.engine.packs.sections import read_documents, read_words
from access_service.engine.toml_tables import Table, TomlFile, parse_toml, shown, text_of

STANDALONE = "standalone"
"""The `kind` of these packs; the others have none."""
MOST_WORDS = 256
"""Words of one vocabulary: types, actions, values of a property."""
MOST_PROPERTIES = 16
"""Of subject, action and resource each."""


def is_standalone(folder: Path) -> bool:
    """Does the folder's pack.toml say that the pack stands alone? What is wrong with it, reading will say."""
    return head_of(_start_of(folder / PACK_TOML)).get("kind") == STANDALONE


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
    collected = collect(folder.parent, folder.name, models_dir, OF_STANDALONE)
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
    properties: dict[str, dict[str, frozenset[str]]] = field(default_factory=lambda: {part: {} for part in REQUEST})
    trusted: dict[str, frozenset[str]] = field(default_factory=lambda: dict.fromkeys(REQUEST, frozenset()))


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
            self._faults.append(Fault(name, f"{shown(name)} is no name of a pack"))
            return None
        path = f"{name}/{PACK_TOML}"
        text = self._text(path, required=True)
        file = None if text is None else parse_toml(path, text, self._faults)
        if file is None:
            # Without the vocabularies every word of the other files would look unknown.
            return None
        tables = self._tables(file)
        model_path = f"{MODELS}/{tables.model}.conf"
        model = self._text(model_path, required=True) if NAME.fullmatch(tables.model) else None
        shape = None if model is None else read_shape(model_path, model, tables.properties, self._faults)
        entities: dict[tuple[str, str], Entity] = {}
        words = Vocabulary(
            tables.sources.articles,
            tables.sources.actions,
            tables.subjects,
            tables.resources,
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
            actions=MappingProxyType(tables.sources.actions),
            properties=MappingProxyType({part: MappingProxyType(tables.properties[part]) for part in REQUEST}),
            trusted=MappingProxyType(tables.trusted),
            shape=shape,
            rules=tuple(rules),
            entities=MappingProxyType(entities),
        )

    def _text(self, path: str, *, required: bool) -> str | None:
        content = self._files.files.get(path)
        if content is not None:
            return text_of(path, content, self._faults)
        if required and path not in self._unread:
            self._faults.append(missing(path))
        return None

    def _tables(self, file: TomlFile) -> _Tables:
        found, table = _Tables(), Table.root(file, self._faults)
        if (written := table.text("name")) != self._files.name and written:
            table.fault("name", f"the pack calls itself {shown(written)}, its folder `{self._files.name}`")
        table.word("kind", {STANDALONE}, "kind")
        found.version, found.title, found.model = table.text("version"), table.text("title"), table.text("model")
        if found.model and NAME.fullmatch(found.model) is None:
            table.fault("model", f"{shown(found.model)} is no name of a model")
        read_documents(table, found.sources)
        _types(table, "subjects", found.subjects)
        _types(table, "resources", found.resources)
        read_words(table, "actions", found.sources.actions)
        _count(table, "actions", len(found.sources.actions))
        _properties(table, found)
        table.done()
        return found


def _count(table: Table, key: str, count: int, most: int = MOST_WORDS) -> None:
    if count > most:
        table.fault(key, f"`{key}` has {count} entries, at most {most} are read")
    elif not count:
        table.fault(key if table.has(key) else None, f"`{key}` is missing or empty")


def _types(table: Table, key: str, into: dict[str, TypeOf]) -> None:
    for id_, type_ in table.tables(key):
        into[id_] = TypeOf(id_, type_.text("vi"), type_.text("en"), listed=type_.flag("listed"))
        type_.done()
    _count(table, key, len(into))


def _properties(table: Table, found: _Tables) -> None:
    """`[properties.<part>]`: name = the words it may be; `[trusted_properties]`: lists of names."""
    declared = table.table("properties")
    for part in REQUEST:
        section = None if declared is None else declared.table(part)
        for name in [] if section is None else list(section.values):
            _check_name(section, part, name)
            found.properties[part][name] = _values(section, name)
        if section is not None and len(section.values) > MOST_PROPERTIES:
            section.fault(None, f"more than {MOST_PROPERTIES} properties")
    if declared is not None:
        declared.done()
    trusted = table.table("trusted_properties")
    for part in REQUEST:
        if trusted is not None and trusted.has(part):
            found.trusted[part] = trusted.words(part, found.properties[part], f"property of the {part}")
    if trusted is not None:
        trusted.asked.update(REQUEST)
        trusted.done()


def _check_name(section: Table | None, part: str, name: str) -> None:
    if section is None:
        return
    if ATTRIBUTE.fullmatch(name) is None or keyword.iskeyword(name):
        hint = "lower-case letters, digits and `_`, at most 32, and no word of Python"
        section.fault(name, f"{shown(name)} is no name of a property", hint)
    elif name in BUILT_IN[part]:
        section.fault(name, f"`{name}` is what every {part} has", "choose another name")


def _values(section: Table | None, name: str) -> frozenset[str]:
    if section is None:
        return frozenset()
    words = section.words(name, None, "word", may_be_empty=True)
    for word in sorted(words):
        if message := wrong_word(word):
            section.fault(name, f"{shown(word)} {message}")
    if len(words) > MOST_WORDS:
        section.fault(name, f"`{name}` has {len(words)} words, at most {MOST_WORDS} are read")
    return words


__all__ = [
    "STANDALONE",
    "is_standalone",
    "load_standalone",
    "models_for",
    "parse_standalone",
]
