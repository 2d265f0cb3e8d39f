"""The words that questions and answers are made of, with what people call them in Vietnamese and English.

Most are a pack's and change with it; types of records, subjects and reasons are the same everywhere. A word without
an English name of its own in the pack is named by its id, which is English.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from access_service.domain.access import RESOURCE_TYPES
from access_service.domain.names import EducationLevel, UnitId
from access_service.domain.policy import Pack
from access_service.domain.reasons import Reason
from access_service.domain.text import REASON_TEXT, Text

LEVEL_TEXT: Mapping[EducationLevel, Text] = {
    EducationLevel.PRESCHOOL: Text("Mầm non", "Preschool"),
    EducationLevel.PRIMARY: Text("Tiểu học", "Primary"),
    EducationLevel.LOWER_SECONDARY: Text("Trung học cơ sở", "Lower secondary"),
    EducationLevel.UPPER_SECONDARY: Text("Trung học phổ thông", "Upper secondary"),
    EducationLevel.CONTINUING: Text("Giáo dục thường xuyên", "Continuing education"),
}
TYPE_TEXT: Mapping[str, Text] = {
    "class": Text("Lớp học", "A whole class; its id is `<school code>:<school year>:<class code>`"),
    "staff": Text("Cán bộ, giáo viên, nhân viên", "One member of staff; `unit` says of which unit"),
    "student": Text("Học sinh", "One pupil; `class` says of which class"),
    "unit": Text("Đơn vị", "A school, an office, the department; its id is the unit's code"),
}
SUBJECT_TEXT: Mapping[str, Text] = {
    "AMNHAC": Text("Âm nhạc", "Music"),
    "CONGNGHE": Text("Công nghệ", "Technology"),
    "DAODUC": Text("Đạo đức", "Ethics"),
    "DIALI": Text("Địa lí", "Geography"),
    "GDCD": Text("Giáo dục công dân", "Civic education"),
    "GDKTPL": Text("Giáo dục kinh tế và pháp luật", "Economic and legal education"),
    "GDQPAN": Text("Giáo dục quốc phòng và an ninh", "Defence and security education"),
    "GDTC": Text("Giáo dục thể chất", "Physical education"),
    "HDTN": Text("Hoạt động trải nghiệm", "Experiential activities"),
    "HOAHOC": Text("Hoá học", "Chemistry"),
    "KHOAHOC": Text("Khoa học", "Science (primary)"),
    "KHTN": Text("Khoa học tự nhiên", "Natural science"),
    "LICHSU": Text("Lịch sử", "History"),
    "LSDL": Text("Lịch sử và Địa lí", "History and geography"),
    "MITHUAT": Text("Mĩ thuật", "Fine arts"),
    "NGOAINGU": Text("Ngoại ngữ", "Foreign language"),
    "NGUVAN": Text("Ngữ văn", "Literature"),
    "SINHHOC": Text("Sinh học", "Biology"),
    "TIENGVIET": Text("Tiếng Việt", "Vietnamese"),
    "TINHOC": Text("Tin học", "Informatics"),
    "TNXH": Text("Tự nhiên và Xã hội", "Nature and society"),
    "TOAN": Text("Toán", "Mathematics"),
    "VATLI": Text("Vật lí", "Physics"),
}
"""Codes that this service proposes for the subjects of the general curriculum; a register may hold others."""


@dataclass(frozen=True, slots=True)
class PlainWord:
    """A word as it stands on the wire, and what people call it."""

    id: str
    vi: str
    en: str


@dataclass(frozen=True, slots=True)
class CategoryWord:
    """A category of data."""

    id: str
    vi: str
    en: str
    resource_types: tuple[str, ...]
    sensitive: bool


@dataclass(frozen=True, slots=True)
class RoleWord:
    """A role, and the axes that a right in it is narrowed by."""

    id: str
    vi: str
    en: str
    narrows_by: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PositionWord:
    """A position or duty."""

    id: str
    vi: str
    en: str
    rank: str
    unit_kinds: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LevelWord:
    """An education level with its grades, as classes write them."""

    id: str
    vi: str
    en: str
    grades: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PackWords:
    """The words of one pack."""

    name: str
    version: str
    title: str
    digest: str
    units: tuple[str, ...]
    """Codes of the units that it is bound to; it is in force there and below, as far as no nearer one is."""
    function_required: bool
    """Must a question say `context.function`?"""
    actions: tuple[PlainWord, ...]
    functions: tuple[PlainWord, ...]
    categories: tuple[CategoryWord, ...]
    roles: tuple[RoleWord, ...]
    positions: tuple[PositionWord, ...]
    unit_kinds: tuple[PlainWord, ...]
    levels: tuple[LevelWord, ...]


@dataclass(frozen=True, slots=True)
class AllWords:
    """Every word, by pack in force."""

    packs: tuple[PackWords, ...]
    resource_types: tuple[PlainWord, ...]
    subjects: tuple[PlainWord, ...]
    """Codes proposed for school subjects; a register may hold others."""
    reasons: tuple[PlainWord, ...]
    """Why a decision denies: code and sentence."""


def pack_words(pack: Pack, units: tuple[UnitId, ...] = ()) -> PackWords:
    """The words of a pack, each list in the pack's own order but for sets."""
    return PackWords(
        name=pack.name,
        version=pack.version,
        title=pack.title,
        digest=pack.digest,
        units=tuple(sorted(units)),
        function_required=pack.function_required,
        actions=tuple(PlainWord(id_, vi, _english(id_)) for id_, vi in pack.actions.items()),
        functions=tuple(PlainWord(id_, vi, _english(id_)) for id_, vi in pack.functions.items()),
        categories=tuple(
            CategoryWord(c.id, c.vi, c.en, tuple(sorted(c.resource_types)), c.sensitive)
            for c in pack.categories.values()
        ),
        roles=tuple(RoleWord(r.id, r.vi, r.en, tuple(sorted(r.narrows_by))) for r in pack.roles.values()),
        positions=tuple(
            PositionWord(p.id, p.vi, p.en, str(p.rank), tuple(sorted(p.unit_kinds)))
            for p in pack.positions.values()
        ),
        unit_kinds=tuple(PlainWord(k.id, k.vi, k.en) for k in pack.unit_kinds.values()),
        levels=tuple(
            LevelWord(str(level), text.vi, text.en, pack.grades.get(level, ()))
            for level, text in LEVEL_TEXT.items()
        ),
    )


def vocabulary(packs: tuple[PackWords, ...]) -> AllWords:
    """These packs' words, and those that are the same everywhere."""
    return AllWords(
        packs=packs,
        resource_types=tuple(_words({type_: TYPE_TEXT[type_] for type_ in sorted(RESOURCE_TYPES)})),
        subjects=tuple(_words(SUBJECT_TEXT)),
        reasons=tuple(PlainWord(reason.value, REASON_TEXT[reason].vi, REASON_TEXT[reason].en) for reason in Reason),
    )


def _words(texts: Mapping[str, Text]) -> list[PlainWord]:
    return [PlainWord(id_, text.vi, text.en) for id_, text in texts.items()]


def _english(id_: str) -> str:
    return id_.replace("_", " ").replace("-", " ")
