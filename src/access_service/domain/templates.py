"""The text of papers as a pack writes it: paragraphs with `{name}` fields from a fixed list.

A paragraph that names a field which is empty on a paper is left out there: so one template serves minutes with an
absent holder and those without. What a field holds is worked out in `domain.wording`.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from access_service.domain.names import DocumentKind

FIELD = re.compile(r"\{([a-z_]+)\}")
_BRACE = re.compile(r"[{}]")
COMMON = frozenset(
    {
        "department_name",
        "giver_name",
        "head_of_unit",
        "head_title",
        "long_date",
        "manager_name",
        "number",
        "receiver_name",
        "school_year",
        "unit_code",
        "unit_name",
        "venue",
    }
)
"""Fields that every paper has."""
FIELDS: Mapping[DocumentKind, frozenset[str]] = {
    DocumentKind.HANDOVER_MINUTES: COMMON,
    DocumentKind.SUPPLEMENTARY_MINUTES: COMMON | {"old_number", "old_date"},
    DocumentKind.CUSTODY_MINUTES: COMMON | {"account_unit", "as_officer", "as_head"},
    DocumentKind.RETURN_MINUTES: COMMON
    | {"absent_because", "end", "files_left", "holder_name", "reason", "state_of_work", "witness_name"},
    DocumentKind.COMMITMENT: COMMON | {"text_version"},
    DocumentKind.ASSIGNMENT_DECISION: COMMON
    | {
        "assigns",
        "decision_date",
        "decision_number",
        "release_number",
        "released_from",
        "releases",
        "replaced_name",
    },
    DocumentKind.APPROVAL_LETTER: COMMON
    | {"agreement_date", "agreement_number", "begin", "categories", "contracting_unit", "deletion", "end", "fields"}
    | {"frequency", "method", "no_request", "purpose", "receiver_role", "request_date", "request_number"}
    | {"retention", "scope", "software", "supplier"},
    DocumentKind.SOFTWARE_REPORT: COMMON | {"nil"},
    DocumentKind.INSPECTION_DECISION: COMMON | {"begin", "content", "end", "period_begin", "units"},
}
"""Which fields the text of each kind may name."""


class TableKind(StrEnum):
    """A table that a section may hold; the rows come from the paper."""

    REPLACED = "replaced"
    """TT | Quyền cũ | Quyền mới | Lý do."""
    MEMBERS = "members"
    """TT | Họ và tên | Chức vụ, đơn vị."""
    DUTIES = "duties"
    """TT | Họ và tên | Chức vụ, nhiệm vụ | Đơn vị | Thời hạn."""
    SOFTWARE = "software"
    """The eight columns of the report form."""


class Extra(StrEnum):
    """Paragraphs that the paper itself brings, after the section's own."""

    ITEMS = "items"
    """What is promised, numbered."""
    ARTICLES = "articles"
    """On which articles the rights of each line rest."""


@dataclass(frozen=True, slots=True)
class TemplateSection:
    """One part of a paper under its heading; without one it goes on under the heading before."""

    title: str
    paragraphs: tuple[str, ...]
    table: TableKind | None = None
    extra: Extra | None = None


@dataclass(frozen=True, slots=True)
class Template:
    """The text of one kind of paper."""

    kind: DocumentKind
    version: str
    type_line: str
    """`BIÊN BẢN`; empty for a letter."""
    subject: tuple[str, ...]
    """Trích yếu, line by line: never broken inside a term."""
    bases: tuple[str, ...]
    """Legal bases without “Căn cứ”; those of the pack's own documents come after them."""
    to: tuple[str, ...]
    authority: str
    intro: str
    sections: tuple[TemplateSection, ...]
    closing: str
    recipients: tuple[str, ...]
    article: str

    @property
    def id(self) -> str:
        """As content names it: `handover_minutes/1`."""
        return f"{self.kind}/{self.version}"

    def texts(self) -> Iterable[str]:
        """Every text in which fields may stand."""
        yield from (self.type_line, self.authority, self.intro, self.closing)
        for group in (self.subject, self.bases, self.to, self.recipients):
            yield from group
        for section in self.sections:
            yield section.title
            yield from section.paragraphs


@dataclass(frozen=True, slots=True)
class Strengths:
    """How a kind of paper may be signed, by side; what a pack does not name is open (evidence 3.1)."""

    methods: Mapping[str, frozenset[str]]
    """By side."""
    seal: str
    timestamp: str
    article: str


@dataclass(frozen=True, slots=True)
class LetterheadWords:
    """What the head of a paper says where the register does not: the body above the department, and the place."""

    parent: str
    place: str


NO_WORDS = LetterheadWords("", "")
"""Of a pack that says nothing of them."""


def fields_in(text: str) -> frozenset[str]:
    """The fields that a text names."""
    return frozenset(FIELD.findall(text))


def has_stray_brace(text: str) -> bool:
    """Is there a brace that belongs to no field?"""
    return _BRACE.search(FIELD.sub("", text)) is not None


def fill(text: str, values: Mapping[str, str]) -> str:
    """The text with its fields filled; empty where a field that it names is empty."""
    if any(not values[name] for name in fields_in(text)):
        return ""
    return FIELD.sub(lambda found: values[found[1]], text)


def fill_all(texts: Iterable[str], values: Mapping[str, str]) -> tuple[str, ...]:
    """Every text that says something on this paper."""
    return tuple(filled for text in texts if (filled := fill(text, values)))
