"""What papers say and how they are signed: `[templates]`, `[signatures]`, `[letterhead]`, `[numbering]` of a pack.

A table with the kind of an inherited one takes its place whole, so that a reader of a pack sees the whole paper.
"""

from access_service.domain.names import DocumentKind, Side
from access_service.domain.policy import BOOKS
from access_service.domain.statements import WAYS
from access_service.domain.templates import (
    FIELDS,
    Extra,
    LetterheadWords,
    Strengths,
    TableKind,
    Template,
    TemplateSection,
    fields_in,
    has_stray_brace,
)
from access_service.engine.packs.draft import Draft, article_of, cite_section
from access_service.engine.toml_reader import TomlTable, guess, quote

DEMANDS = frozenset({"none", "optional", "required"})
KINDS = frozenset(FIELDS)


def read_papers(table: TomlTable, draft: Draft) -> None:
    """Everything about papers in one pack.toml."""
    for id_, template in table.tables("templates"):
        if (kind := _kind(template, id_)) is not None:
            draft.templates[kind] = _template(template, kind, draft)
    for id_, strengths in table.tables("signatures"):
        if (kind := _kind(strengths, id_)) is not None:
            draft.strengths[kind] = _strengths(strengths, draft)
    if (words := table.table("letterhead")) is not None:
        draft.letterhead = LetterheadWords(_optional(words, "parent"), _optional(words, "place"))
        cite_section("letterhead", words, draft)
        words.done()
    if (numbering := table.table("numbering")) is not None:
        draft.books = numbering.word("books", BOOKS, "choice of books")
        cite_section("numbering", numbering, draft)
        numbering.done()


def _kind(table: TomlTable, id_: str) -> DocumentKind | None:
    if id_ in KINDS:
        return DocumentKind(id_)
    table.fault(None, f"unknown kind of paper {quote(id_)}", guess(id_, KINDS))
    return None


def _template(table: TomlTable, kind: DocumentKind, draft: Draft) -> Template:
    found = Template(
        kind=kind,
        version=table.text("version"),
        type_line=_optional(table, "type_line"),
        subject=_lines(table, "subject"),
        bases=_lines(table, "bases"),
        to=_lines(table, "to"),
        authority=_optional(table, "authority"),
        intro=_optional(table, "intro"),
        sections=tuple(_section(section) for section in table.rows("sections")),
        closing=_optional(table, "effect"),
        recipients=_lines(table, "recipients"),
        article=article_of(table, draft),
    )
    _check_fields(table, found)
    table.done()
    return found


def _section(table: TomlTable) -> TemplateSection:
    kinds, extras = frozenset(TableKind), frozenset(Extra)
    shown = table.word("table", kinds, "table of a paper") if table.has("table") else ""
    extra = table.word("extra", extras, "part of a paper") if table.has("extra") else ""
    table.asked.update({"table", "extra"})
    found = TemplateSection(
        _optional(table, "title"),
        _lines(table, "paragraphs"),
        TableKind(shown) if shown in kinds else None,
        Extra(extra) if extra in extras else None,
    )
    table.done()
    return found


def _check_fields(table: TomlTable, template: Template) -> None:
    """A field that no paper of the kind has would stand empty on every page, and nobody would see why."""
    known = FIELDS[template.kind]
    for text in template.texts():
        for field in sorted(fields_in(text) - known):
            table.fault(None, f"unknown field {quote('{' + field + '}')}", guess(field, known))
        if has_stray_brace(text):
            table.fault(None, f"a brace without a field in {quote(text)}", "fields are written `{unit_name}`")


def _strengths(table: TomlTable, draft: Draft) -> Strengths:
    sides = [str(side) for side in Side if table.has(str(side))]
    found = Strengths(
        methods={side: table.words(side, WAYS, "way of signing") & WAYS for side in sides},
        seal=table.word("seal", DEMANDS, "demand") if table.has("seal") else "optional",
        timestamp=table.word("timestamp", DEMANDS, "demand") if table.has("timestamp") else "optional",
        article=article_of(table, draft),
    )
    table.asked.update({*(str(side) for side in Side), "seal", "timestamp"})
    table.done()
    return found


def _optional(table: TomlTable, key: str) -> str:
    table.asked.add(key)
    return table.text(key) if table.has(key) else ""


def _lines(table: TomlTable, key: str) -> tuple[str, ...]:
    """A list of texts, in order; left out it is empty."""
    table.asked.add(key)
    written = table.values.get(key, [])
    if isinstance(written, list) and all(isinstance(text, str) and text.strip() for text in written):
        table.check_seen(key, *written)
        return tuple(written)
    table.fault(key, f"`{key}` must be a list of strings that are not empty")
    return ()
