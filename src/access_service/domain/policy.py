"""A policy pack as values: what the strict reader (`engine.packs.load`) makes of `policy/<pack>/`.

Every rule and every limit carries the id of the article it rests on; the product's own choices cite `default`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from access_service.domain.names import Capacity, DocumentKind, EducationLevel, Rank, UnitId
from access_service.domain.templates import NO_WORDS, LetterheadWords, Strengths, Template

DEFAULT = "default"
"""The article that stands for the product's own choices."""
ANY = "*"
"""In a rule's role: every role. In a delegation rule's position or unit kind: any."""
DEPARTMENT = "department"
MANAGING_UNIT = "managing_unit"
JOINED = "+"
"""Between the two articles that one row may cite."""
ONE_BOOK, BY_TYPE = "one", "by_type"
BOOKS = frozenset({ONE_BOOK, BY_TYPE})
"""One series of numbers for all papers of a year, or one for each type (NĐ 30/2020 Đ15)."""
NEVER, NEVER_LOCKED = "never", "never_locked"
"""Kinds of promises: what no role may do, and what no period's lock may stop."""
ONE_ROLE = "one_role"
ONE_PERSON = "one_person"


@dataclass(frozen=True, slots=True)
class Article:
    """A place in a regulation, or `default`."""

    id: str
    document: str
    """Short name of the document, as in the pack's `[documents]`."""
    place: str
    """`mục 1, gạch đầu dòng 2`; empty for `default`."""
    item: int | None
    """Number of the requirement in the coverage list (1 to 128), if it is one of them."""
    vi: str
    en: str


@dataclass(frozen=True, slots=True)
class RoleRule:
    """One Casbin p-rule of `roles.csv`."""

    role: str
    function: str
    """Chức năng, phân hệ: which part of the software the rule is about."""
    category: str
    action: str
    allow: bool
    article: str
    source: str
    """`roles.csv:17` of the pack it was written in, for explanations."""


@dataclass(frozen=True, slots=True)
class Role:
    """A role as the pack names it, and what a grant of it must narrow by."""

    id: str
    vi: str
    en: str
    narrows_by: frozenset[str]
    """Axes of `Scope` that a grant in this role must name: `classes`, `levels`, `subjects`, `school_year`."""
    article: str


@dataclass(frozen=True, slots=True)
class Position:
    """Vị trí, nhiệm vụ an assignment names."""

    id: str
    vi: str
    en: str
    rank: Rank
    unit_kinds: frozenset[str]
    article: str
    sign_as: str = ""
    """What stands over the name of whoever signs in it; empty: the position's name in capitals."""

    @property
    def over_name(self) -> str:
        """`PHÓ HIỆU TRƯỞNG`."""
        return self.sign_as or self.vi.upper()


@dataclass(frozen=True, slots=True)
class UnitKind:
    """Loại đơn vị."""

    id: str
    vi: str
    en: str
    has_head: bool
    has_admin_account: bool
    has_levels: bool
    part_of_manager: bool
    """A division, campus or site: its people work on the data of the unit that manages it."""
    article: str


@dataclass(frozen=True, slots=True)
class Category:
    """Nhóm dữ liệu."""

    id: str
    vi: str
    en: str
    resource_types: frozenset[str]
    """`unit`, `class`, `student`, `staff`."""
    sensitive: bool
    article: str


@dataclass(frozen=True, slots=True)
class DelegationRule:
    """One row of `delegation.csv`: who may hand which role to whom, on which paper."""

    role: str
    position: str
    """The duty the grant must rest on, or `*` for any assignment in the unit."""
    unit_kind: str
    """Kind of the issuing unit."""
    issuer: str
    """`own_unit` (to its own people) or `direct_manager` (to the head of a unit it manages)."""
    documents: frozenset[str]
    """`minutes`, `commitment`, `inspection`."""
    article: str
    source: str


@dataclass(frozen=True, slots=True)
class PeriodLock:
    """Khoá kỳ báo cáo: from `start` until `end` the named actions are denied; reading never is."""

    id: str
    unit_kinds: frozenset[str]
    categories: frozenset[str]
    actions: frozenset[str]
    start: datetime
    end: datetime
    vi: str
    article: str
    source: str = field(default="", compare=False)
    """`hai-phong/pack.toml:120`: where it is written."""


@dataclass(frozen=True, slots=True)
class CommitmentText:
    """A numbered version of the commitment's text."""

    version: str
    effective_from: datetime
    resign_within: timedelta
    """Grants made earlier stay good this long after `effective_from`, then need the new text signed."""
    vi: str
    article: str
    items: tuple[str, ...] = ()
    """The same text promise by promise, as a paper numbers them; empty where the pack writes one text."""


ONE, SEVERAL = "one", "several"
"""How many hold a class as a whole at one time."""


@dataclass(frozen=True, slots=True)
class Homeroom:
    """Who has charge of a class of one level: one teacher, or several of whom one may lead."""

    holders: str
    lead: bool
    """Does one of several lead?"""
    vi: str
    """What they are called at that level."""
    article: str


_ONE_TEACHER = Homeroom(ONE, lead=False, vi="Giáo viên chủ nhiệm", article="default")


@dataclass(frozen=True, slots=True)
class Limit:
    """A number or a choice with its source. Durations are in the unit the name ends with."""

    value: int | str | bool
    article: str
    source: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class SectionCited:
    """What a section of a pack that is one table (`[custody]`, `[signing]`) rests on, and where it is written."""

    article: str
    source: str


@dataclass(frozen=True, slots=True)
class Promise:
    """What the pack says will never be so (`domain.promises`): a change that breaks it does not load."""

    id: str
    kind: str
    """`never`: no role may do it. `never_locked`: no period's lock stops it."""
    categories: frozenset[str]
    """Empty: every category."""
    actions: frozenset[str]
    except_roles: frozenset[str]
    """Roles that may all the same; none in `never_locked`."""
    because: str
    """Why, in Vietnamese, for whoever reviews."""
    article: str
    source: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Separation:
    """Two duties that should not meet in one role, or in one person (`domain.separations`)."""

    id: str
    pair: tuple[tuple[str, str], tuple[str, str]]
    """Two of (category, action)."""
    within: str
    """`one_role` or `one_person`."""
    refuse: bool
    """Is it refused? Otherwise it is shown."""
    accept: frozenset[str]
    """Roles, or `role+role`, in which the pack lets them meet and says nothing."""
    because: str
    """Why they should not meet, or why they may: in Vietnamese, for whoever reviews."""
    article: str
    source: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Pack:
    """One pack with everything it inherits, checked and complete."""

    name: str
    version: str
    title: str
    model: str
    """Name of the Casbin model, `models/<model>.conf`."""
    model_text: str
    digest: str
    """SHA-256 over every byte read, inherited packs and the model included."""
    articles: Mapping[str, Article]
    actions: Mapping[str, str]
    """Verb to its Vietnamese word."""
    functions: Mapping[str, str]
    categories: Mapping[str, Category]
    roles: Mapping[str, Role]
    positions: Mapping[str, Position]
    unit_kinds: Mapping[str, UnitKind]
    rules: tuple[RoleRule, ...]
    delegation: tuple[DelegationRule, ...]
    locks: tuple[PeriodLock, ...]
    commitments: tuple[CommitmentText, ...]
    limits: Mapping[str, Limit]
    signing_capacities: frozenset[Capacity]
    """Capacities in which a giver may sign."""
    custody_holders: frozenset[str]
    """Who may operate the unit's admin account: `head`, `officer`, `deputy_in_charge`."""
    function_required: bool
    """Must a request say `context.function`?"""
    separations: tuple[Separation, ...] = ()
    promises: tuple[Promise, ...] = ()
    sections: Mapping[str, SectionCited] = field(default_factory=dict, compare=False)
    """Each section that is one table, to what it rests on; `signing.school` for a table inside it."""
    grades: Mapping[EducationLevel, tuple[str, ...]] = field(default_factory=dict)
    """Khối lớp of each level, in order; empty where a pack names none."""
    capacities_by_kind: Mapping[str, frozenset[Capacity]] = field(default_factory=dict)
    """In place of `signing_capacities` for units of that kind."""
    by_order: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Positions whose holders may sign TL. for a unit of that kind, by a working regulation on file."""
    documents: Mapping[str, str] = field(default_factory=dict)
    """Short names of the regulations to their titles."""
    approvals_by: str = DEPARTMENT
    """Who agrees that software may draw data: `department` or `managing_unit`."""
    cells: Mapping[str, frozenset[tuple[str, str]]] = field(init=False, repr=False, compare=False)
    """What each role opens, category and action: a narrowing asks it for every grant below."""

    def __post_init__(self) -> None:
        opened: dict[str, set[tuple[str, str]]] = {ANY: set()}
        closed: dict[str, set[tuple[str, str]]] = {ANY: set()}
        for rule in self.rules:
            (opened if rule.allow else closed).setdefault(rule.role, set()).add((rule.category, rule.action))
        roles = {*opened, *closed}
        cells = {
            role: frozenset((opened.get(role, set()) | opened[ANY]) - closed.get(role, set()) - closed[ANY])
            for role in roles
        }
        object.__setattr__(self, "cells", cells)

    homerooms: Mapping[EducationLevel, Homeroom] = field(default_factory=dict)
    cites: Mapping[str, str] = field(default_factory=dict)
    """Short names of the regulations to how a paper cites them; those without are not cited."""
    templates: Mapping[DocumentKind, Template] = field(default_factory=dict)
    """The text of papers; a pack that was stored before there were any has none."""
    strengths: Mapping[DocumentKind, Strengths] = field(default_factory=dict)
    letterhead: LetterheadWords = NO_WORDS
    books: str = BY_TYPE
    """One series of numbers a year, or one for each type of paper."""

    def homeroom(self, level: EducationLevel) -> Homeroom:
        """Who has charge of a class of that level: one teacher where the pack says nothing."""
        return self.homerooms.get(level, _ONE_TEACHER)

    def cited(self, articles: str) -> tuple[Article, ...]:
        """The articles that a row names: one, or two as `a+b`; those that the pack lacks are left out."""
        return tuple(self.articles[id_] for id_ in articles.split(JOINED) if id_ in self.articles)

    def capacities_of(self, kind: str) -> frozenset[Capacity]:
        """Capacities in which a giver may sign for a unit of that kind."""
        return self.capacities_by_kind.get(kind, self.signing_capacities)

    def number(self, limit: str) -> int:
        """A limit that is a number."""
        value = self.limits[limit].value
        if not isinstance(value, int) or isinstance(value, bool):
            raise RuntimeError(f"limit `{limit}` is not a number")
        return value

    def flag(self, limit: str) -> bool:
        """A limit that is yes or no."""
        value = self.limits[limit].value
        if not isinstance(value, bool):
            raise RuntimeError(f"limit `{limit}` is not yes or no")
        return value

    def choice(self, limit: str) -> str:
        """A limit that is one of several words."""
        value = self.limits[limit].value
        if not isinstance(value, str):
            raise RuntimeError(f"limit `{limit}` is not a choice")
        return value

    def delegation_rule(self, role: str, position: str, unit_kind: str, issuer: str) -> DelegationRule | None:
        """The row that lets `issuer` hand `role` to a holder in `position`; the most specific one wins."""
        found = [
            rule
            for rule in self.delegation
            if rule.role == role
            and rule.position in (position, ANY)
            and rule.unit_kind in (unit_kind, ANY)
            and rule.issuer == issuer
        ]
        return max(found, key=lambda r: (r.position != ANY, r.unit_kind != ANY), default=None)

    def commitment_in_force(self, t: datetime) -> CommitmentText | None:
        """The newest text that binds at `t`."""
        return max(
            (text for text in self.commitments if text.effective_from <= t),
            key=lambda text: text.effective_from,
            default=None,
        )


TESTED = "policy.test"
"""The event that says what the tests of a pack came to."""


@dataclass(frozen=True, slots=True)
class PackCase:
    """What came of one test of a pack, as the log keeps it."""

    name: str
    place: str
    """`file:line`."""
    expected: str
    got: str
    is_good: bool


@dataclass(frozen=True, slots=True)
class PackBinding:
    """A pack in force for a unit and what is below it, unless a nearer binding holds (architecture section 4)."""

    id: str
    unit: UnitId
    pack: str
    digest: str
    valid_from: datetime
    valid_to: datetime | None = None
