"""A school's own notation: `Ngữ văn 6A1, 6A2; GDĐP 6A1` are subjects and classes, `Tổ trưởng Toán` is a duty.

Everything is compared folded: small letters without marks and signs. Nothing is guessed: what is no known word is
handed back as it stood, so that whoever wrote it is asked.
"""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from access_service.domain.policy import Pack
from access_service.domain.vietnamese import without_marks
from access_service.domain.vocabulary import SUBJECT_TEXT

MOST_CELL = 1_000
"""Characters of a cell that is read."""
GROUP_LEADERS = ("subject_group_leader", "subject_group_deputy")
"""Positions that are about subjects."""

_SIGNS = re.compile(r"[^0-9a-z]+")
_PERIODS = re.compile(
    r"\(\s*\d+(?:[.,]\d+)?\s*(?:t|tiết|tiet)?\s*\)|\b\d+(?:[.,]\d+)?\s*(?:t|tiết|tiet)\b", re.IGNORECASE
)
"""How many periods a week: `(4)`, `4t`, `4 tiết`."""
_CLASS = re.compile(
    r"(1[0-2]|[1-9])[^\W\d_]{1,3}[0-9]{0,2}|(1[0-2]|[1-9])[/.][0-9]{1,2}|(1[0-2]|[1-9])[^\W\d_]{1,3}[./][0-9]{1,2}"
)
_DIGITS = re.compile(r"[0-9]{1,2}")
_STEM = re.compile(r"(.*?)[0-9]{1,2}")
_RANGE = re.compile(r"(.{1,8}?)([0-9]{1,2})[-–→](.{0,8}?)([0-9]{1,2})")
"""`6A1–6A4`, `6A1-4`."""
_SPLIT = re.compile(r"[,;:()\[\]\n+&|]|\s-\s|\s–\s")
_PARTS = re.compile(r"[,;\n+|]")

_SUBJECT_SYNONYMS: Mapping[str, tuple[str, ...]] = {
    "AMNHAC": ("nhac", "am nhac", "an"),
    "CONGNGHE": ("cn", "cong nghe", "c nghe"),
    "DAODUC": ("dao duc", "dd"),
    "DIALI": ("dia", "dia li", "dia ly"),
    "GDCD": ("gdcd", "cd", "cong dan"),
    "GDDP": ("gddp", "giao duc dia phuong", "noi dung giao duc dia phuong", "dia phuong"),
    "GDKTPL": ("gdktpl", "ktpl", "gdkt pl", "kinh te phap luat", "kinh te va phap luat"),
    "GDQPAN": ("gdqpan", "gdqp", "qpan", "quoc phong", "gdqp an", "giao duc quoc phong"),
    "GDTC": ("gdtc", "td", "the duc", "the chat", "giao duc the chat"),
    "HDTN": ("hdtn", "hdtnhn", "hdtn hn", "trai nghiem", "hoat dong trai nghiem huong nghiep"),
    "HOAHOC": ("hoa", "hoa hoc"),
    "KHOAHOC": ("khoa hoc", "kh"),
    "KHTN": ("khtn", "khoa hoc tu nhien"),
    "LICHSU": ("su", "lich su", "ls"),
    "LSDL": (
        "lsdl",
        "ls dl",
        "ls va dl",
        "su dia",
        "lich su dia li",
        "lich su dia ly",
        "lich su va dia ly",
        "lsdia",
    ),
    "MITHUAT": ("mt", "mi thuat", "my thuat", "hoa si"),
    "NGOAINGU": ("anh", "tieng anh", "ngoai ngu", "nn", "nn1", "ngoai ngu 1", "av", "anh van", "t anh", "ta"),
    "NGUVAN": ("van", "ngu van", "nv", "n van"),
    "SINHHOC": ("sinh", "sinh hoc"),
    "TIENGVIET": ("tieng viet", "tv"),
    "TINHOC": ("tin", "tin hoc"),
    "TNXH": ("tnxh", "tn xh", "tu nhien xa hoi", "tu nhien va xa hoi"),
    "TOAN": ("toan", "toan hoc", "t"),
    "VATLI": ("li", "ly", "vat li", "vat ly"),
}
_POSITION_SYNONYMS: Mapping[str, tuple[str, ...]] = {
    "academic_registrar": ("giao vu", "hoc vu"),
    "accountant": ("ke toan", "nhan vien ke toan", "kt"),
    "boarding_carer": ("ban tru", "cap duong", "nuoi duong", "nhan vien nuoi duong"),
    "cashier": ("thu quy",),
    "clerk": ("van thu", "nhan vien van thu", "vt"),
    "counsellor": ("tu van", "tu van hoc duong", "tam ly hoc duong", "giao vien tu van"),
    "equipment_officer": ("thiet bi", "thi nghiem", "nhan vien thiet bi", "thiet bi thi nghiem", "tb"),
    "librarian": ("thu vien", "nhan vien thu vien", "can bo thu vien", "tv"),
    "school_health": ("y te", "nhan vien y te", "can bo y te", "y te hoc duong", "yt"),
    "school_it_officer": ("cntt", "nhan vien cntt", "cong nghe thong tin", "quan tri mang"),
    "subject_group_deputy": ("to pho", "tpcm", "to pho chuyen mon", "tp"),
    "subject_group_leader": ("to truong", "ttcm", "to truong chuyen mon", "tt"),
    "vice_principal": ("pht", "pho hieu truong", "p hieu truong", "hieu pho"),
    "youth_secretary": ("bi thu doan", "bi thu doan truong", "btd"),
    "youth_union_leader": ("tong phu trach", "tpt", "tpt doi", "tong phu trach doi", "gv tpt doi"),
    "statistics_officer": ("thong ke",),
    "universal_education_officer": ("pho cap", "phu trach pho cap"),
    "disability_support": ("ho tro khuyet tat", "giao duc hoa nhap"),
    "principal": ("ht", "hieu truong"),
    "centre_director": ("giam doc",),
    "officer_in_charge_of_admin_account": ("phu trach tai khoan", "quan ly tai khoan", "can bo tai khoan"),
}
_NOTHING = frozenset(
    {
        *("giao vien", "gv", "giao vien bo mon", "gvbm", "nhan vien", "nv", "vien chuc", "bien che", "hop dong"),
        *("bao ve", "tap vu", "phuc vu", "lao cong", "khong", "0", "giao vien chu nhiem", "gvcn", "can bo"),
        *("giao vien thcs", "giao vien tieu hoc", "giao vien thpt", "giao vien mam non", "x", "can bo quan ly"),
    }
)
"""What stands in such a cell and is no duty with rights to data."""


@lru_cache(maxsize=4096)
def fold(text: str) -> str:
    """Small letters without marks, words parted by one blank: `  LS & ĐL ` is `ls dl`."""
    return _SIGNS.sub(" ", without_marks(text[:MOST_CELL])).strip()


_SUBJECT_OF = {
    **{fold(text.vi): code for code, text in SUBJECT_TEXT.items()},
    **{code.lower(): code for code in SUBJECT_TEXT},
    **{synonym: code for code, synonyms in _SUBJECT_SYNONYMS.items() for synonym in synonyms},
}


def subject_of(folded: str) -> str | None:
    """The code of a subject, from its folded name or what schools call it in short."""
    return _SUBJECT_OF.get(folded.removeprefix("mon ").strip())


def looks_like_class(word: str) -> bool:
    """`6A1`, `10A12`, `6/1`, `1.2`: what class codes look like."""
    return _CLASS.fullmatch(word.strip()) is not None


def class_key(code: str) -> str:
    """By which codes of classes are compared: `6a1`, ` 6A1 ` and `6A 1` are one class, `6/1` and `61` are not."""
    return without_marks(code[:MOST_CELL]).replace(" ", "")


def grade_of(code: str) -> str:
    """The grade that a class code begins with; empty where it begins with none."""
    found = re.match(r"(1[0-2]|[1-9])", code.strip())
    return "" if found is None else found[1]


def spread(word: str) -> tuple[str, ...]:
    """The classes of `6A1–6A4` or `6A1-4`; any other word as it is."""
    found = _RANGE.fullmatch(word)
    if found is None or found[3].upper() not in ("", found[1].upper()) or not int(found[2]) < int(found[4]):
        return (word,)
    if not looks_like_class(f"{found[1]}{found[2]}"):
        return (word,)
    return tuple(f"{found[1]}{number}" for number in range(int(found[2]), int(found[4]) + 1))


@dataclass(frozen=True, slots=True)
class Taught:
    """One subject and the classes in which it is taught, as written."""

    text: str
    subject: str | None
    """Its code; None where nobody knows the subject."""
    classes: tuple[str, ...]


def split_classes(text: str, known: Collection[str] = ()) -> tuple[str, ...]:
    """The classes of a cell that holds nothing else: `7A1, 7A2`, `7A1,2`, `Lá 1; Chồi`."""
    keys = {class_key(code): code for code in known}
    found: list[str] = []
    for piece in _SPLIT.split(text[:MOST_CELL]):
        part = piece.strip()
        if not part:
            continue
        if class_key(part) in keys:
            found.append(keys[class_key(part)])
            continue
        for word in (one for written in part.split() for one in spread(written)):
            found.append(_continued(found, word))
    return tuple(dict.fromkeys(found))


def _continued(found: Sequence[str], word: str) -> str:
    """`7A1, 2` goes on with `7A2`."""
    stem = _STEM.fullmatch(found[-1]) if found and _DIGITS.fullmatch(word) else None
    return word.upper() if looks_like_class(word) else f"{stem[1]}{word}" if stem is not None and stem[1] else word


def read_teaching(text: str, known: Collection[str] = ()) -> tuple[Taught, ...]:
    """What a cell says is taught where, in its order. A subject goes on until another is named.

    A word is a class where the school has one of that code, or where it looks like one; the words before are the
    subject. Periods a week are left out.
    """
    keys = {class_key(code): code for code in known}
    subject: list[str] = []
    classes: list[str] = []
    found: list[Taught] = []

    def close() -> None:
        if subject or classes:
            name = " ".join(subject)
            found.append(Taught(name, subject_of(fold(name)), tuple(dict.fromkeys(classes))))
        subject.clear()
        classes.clear()

    for part in _SPLIT.split(_PERIODS.sub(" ", text[:MOST_CELL])):
        for word in (one for written in part.split() for one in spread(written)):
            bare = word.strip(".-–/")
            is_class = class_key(bare) in keys or looks_like_class(bare)
            goes_on = bool(classes) and _DIGITS.fullmatch(bare) is not None
            if is_class or goes_on:
                classes.append(keys.get(class_key(bare)) or _continued(classes, bare))
            elif bare and fold(bare) not in {"lop", "cac", "khoi"}:
                if classes:
                    close()
                subject.append(bare)
    close()
    return tuple(found)


@dataclass(frozen=True, slots=True)
class NamedDuty:
    """One duty that is not about teaching, as written."""

    text: str
    position: str | None
    """None where nobody knows it."""
    role: str | None = None
    """Where the words name one of several roles that rest on the position."""
    subjects: tuple[str, ...] = ()
    unknown: str = ""
    """A subject that nobody knows."""


def read_duties(text: str, pack: Pack, kind: str) -> tuple[NamedDuty, ...]:
    """The duties of a cell: positions and roles of the pack by their names, or as schools call them in short."""
    words = _words_of_positions(pack, kind)
    roles = {fold(role.vi): role.id for role in pack.roles.values()}
    found: list[NamedDuty] = []
    for piece in _PARTS.split(text[:MOST_CELL]):
        part = piece.strip()
        folded = fold(part)
        if not folded or folded in _NOTHING:
            continue
        found.append(_duty(part, folded, words, roles, pack, kind))
    return tuple(found)


def _words_of_positions(pack: Pack, kind: str) -> dict[str, str]:
    here = {id_: p for id_, p in pack.positions.items() if kind in p.unit_kinds}
    synonyms = {s: id_ for id_, all_ in _POSITION_SYNONYMS.items() if id_ in here for s in all_}
    return {**synonyms, **{fold(position.vi): id_ for id_, position in here.items()}}


def _duty(
    part: str, folded: str, words: Mapping[str, str], roles: Mapping[str, str], pack: Pack, kind: str
) -> NamedDuty:
    if folded in words and words[folded] not in ("homeroom", "subject_teaching"):
        return NamedDuty(part, words[folded])
    if folded in roles:
        rules = [r for r in pack.delegation if r.role == roles[folded] and r.unit_kind == kind]
        if rules:
            return NamedDuty(part, rules[0].position, rules[0].role)
    for word in sorted((w for w, id_ in words.items() if id_ in GROUP_LEADERS), key=len, reverse=True):
        if folded.startswith(f"{word} "):
            codes, unknown = _subjects(folded[len(word) :])
            return NamedDuty(part, words[word], None, codes, unknown)
    return NamedDuty(part, None)


def _subjects(folded: str) -> tuple[tuple[str, ...], str]:
    """`to toan tin` names two subjects; the longest name that fits comes first."""
    words = [w for w in folded.split() if w not in {"to", "mon", "nhom", "va", "chuyen"}]
    codes: list[str] = []
    while words:
        for length in range(min(len(words), 6), 0, -1):
            code = subject_of(" ".join(words[:length]))
            if code is not None:
                codes.append(code)
                words = words[length:]
                break
        else:
            return tuple(codes), " ".join(words)
    return tuple(dict.fromkeys(codes)), ""


def distance(a: str, b: str, most: int = 4) -> int:
    """How many letters part two folded names (Levenshtein); more than `most` counts as one more than that."""
    if abs(len(a) - len(b)) > most:
        return most + 1
    before = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        row = [i]
        for j, y in enumerate(b, 1):
            row.append(min(before[j] + 1, row[-1] + 1, before[j - 1] + (x != y)))
        if min(row) > most:
            return most + 1
        before = row
    return min(before[-1], most + 1)


def nearest(name: str, among: Iterable[tuple[str, str]], count: int = 3, most: int = 4) -> list[str]:
    """Ids of the nearest names, the nearest first. Shortened words (`Ng. Thị Hạnh`) count as what they begin."""
    folded = fold(name)[:120]
    measured = sorted((_apart(folded, fold(other)[:120], most), other, id_) for id_, other in among)
    return [id_ for far, _, id_ in measured if far <= most][:count]


def _apart(a: str, b: str, most: int) -> int:
    x, y = a.split(), b.split()
    if (
        len(x) == len(y)
        and len(x) > 1
        and all(p.startswith(q) or q.startswith(p) for p, q in zip(x, y, strict=True))
    ):
        return 0 if a == b else 1
    if x and y and x[-1] == y[-1] and x[0] == y[0]:
        return min(distance(a, b, most), 2 if len(x) != len(y) else most)
    return distance(a, b, most)
