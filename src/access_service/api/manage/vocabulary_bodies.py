"""What `GET /v1/vocabulary` answers."""

from access_service.api.manage.bodies import Out


class WordOut(Out):
    """A word as it stands on the wire, and what people call it."""

    id: str
    vi: str
    en: str


class CategoryWordOut(WordOut):
    """A category of data (nhóm dữ liệu)."""

    resource_types: list[str]
    sensitive: bool
    """Is it sensitive? Who searches for those who may see it is always logged."""


class RoleWordOut(WordOut):
    """A role (vai trò)."""

    narrows_by: list[str]
    """Axes that every right in it is narrowed by: questions have to say them."""


class PositionWordOut(WordOut):
    """A position or duty (vị trí, nhiệm vụ)."""

    rank: str
    """What it may do for its office."""
    unit_kinds: list[str]
    """Kinds of units that have it."""


class LevelWordOut(WordOut):
    """An education level (cấp học)."""

    grades: list[str]
    """Its grades, written so and not otherwise."""


class PackWordsOut(Out):
    """The words of one pack in force."""

    name: str
    """The pack's name."""
    version: str
    """The pack's version."""
    title: str
    """What the pack is called."""
    digest: str
    units: list[str]
    """Codes of the units that it is bound to; it is in force there and below, as far as no nearer one is."""
    function_required: bool
    """Must a question say `context.function`?"""
    actions: list[WordOut]
    """Verbs (thao tác): `action.name`."""
    functions: list[WordOut]
    """Functions of the software (chức năng): `context.function`."""
    categories: list[CategoryWordOut]
    """Categories of data: `resource.properties.category`."""
    roles: list[RoleWordOut]
    """Roles."""
    positions: list[PositionWordOut]
    """Positions and duties."""
    unit_kinds: list[WordOut]
    """Kinds of units (loại đơn vị)."""
    levels: list[LevelWordOut]
    """Education levels: `resource.properties.level`, with `grade`."""


class VocabularyOut(Out):
    """Every word, by pack in force."""

    packs: list[PackWordsOut]
    """The packs in force."""
    resource_types: list[WordOut]
    """Types of records: `resource.type`."""
    subjects: list[WordOut]
    """Codes proposed for school subjects, `resource.properties.subject`; a register may hold others."""
    reasons: list[WordOut]
    """Why a decision denies: `context.reason.code`."""
