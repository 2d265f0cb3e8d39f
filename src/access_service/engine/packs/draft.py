"""What has been read of a chain of packs so far, from the root to the leaf."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import date

from access_service.domain.names import Capacity, DocumentKind, EducationLevel
from access_service.domain.policy import (
    BY_TYPE,
    DEFAULT,
    DEPARTMENT,
    Article,
    Category,
    CommitmentText,
    DelegationRule,
    Homeroom,
    Limit,
    PeriodLock,
    Position,
    Promise,
    Role,
    RoleRule,
    SectionCited,
    Separation,
    UnitKind,
)
from access_service.domain.templates import NO_WORDS, LetterheadWords, Strengths, Template
from access_service.engine.toml_reader import TomlTable

"""The article of the product's own choices; it needs no writing and cannot be written."""


def _built_in() -> dict[str, Article]:
    return {
        DEFAULT: Article(DEFAULT, DEFAULT, "", None, "Mặc định của sản phẩm", "The product's own choice"),
    }


@dataclass(slots=True)
class Draft:
    """What has been read so far."""

    complete: bool = True
    """False once an inherited file could not be read: names it may have defined are then not held against rows."""
    version: str = ""
    title: str = ""
    model: str = ""
    documents: dict[str, str] = field(default_factory=dict)
    articles: dict[str, Article] = field(default_factory=_built_in)
    actions: dict[str, str] = field(default_factory=dict)
    functions: dict[str, str] = field(default_factory=dict)
    categories: dict[str, Category] = field(default_factory=dict)
    roles: dict[str, Role] = field(default_factory=dict)
    positions: dict[str, Position] = field(default_factory=dict)
    unit_kinds: dict[str, UnitKind] = field(default_factory=dict)
    limits: dict[str, Limit] = field(default_factory=dict)
    locks: dict[str, tuple[PeriodLock, date | None]] = field(default_factory=dict)
    """Each with the day, where no hour is written: `load` lets it begin as the limits of the whole pack say."""
    commitments: dict[str, CommitmentText] = field(default_factory=dict)
    separations: dict[str, Separation] = field(default_factory=dict)
    promises: dict[str, Promise] = field(default_factory=dict)
    sections: dict[str, SectionCited] = field(default_factory=dict)
    grades: dict[EducationLevel, tuple[str, ...]] = field(default_factory=dict)
    homerooms: dict[EducationLevel, Homeroom] = field(default_factory=dict)
    capacities_by_kind: dict[str, frozenset[Capacity]] = field(default_factory=dict)
    by_order: dict[str, frozenset[str]] = field(default_factory=dict)
    approvals_by: str = DEPARTMENT
    cites: dict[str, str] = field(default_factory=dict)
    templates: dict[DocumentKind, Template] = field(default_factory=dict)
    strengths: dict[DocumentKind, Strengths] = field(default_factory=dict)
    letterhead: LetterheadWords = NO_WORDS
    books: str = BY_TYPE
    capacities: frozenset[Capacity] | None = None
    holders: frozenset[str] | None = None
    function_required: bool | None = None
    rules: list[RoleRule] = field(default_factory=list)
    delegation: dict[tuple[str, str, str, str], DelegationRule] = field(default_factory=dict)
    """By role, position, unit kind and issuer: an inner row about the same takes the inherited one's place."""

    def known(self, names: Collection[str]) -> Collection[str] | None:
        """A vocabulary to compare with, or None while it may be incomplete."""
        return names if self.complete else None


def article_of(table: TomlTable, draft: Draft) -> str:
    """The article that a table cites."""
    return table.word("article", draft.known(draft.articles), "article")


def cite_section(name: str, table: TomlTable, draft: Draft) -> None:
    """Keep what a section that is one table rests on, and where it is written."""
    draft.sections[name] = SectionCited(article_of(table, draft), table.place())
