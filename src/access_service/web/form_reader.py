"""What a browser sent in a form, read strictly: at most so much, UTF-8, NFC, trimmed, no control characters."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from urllib.parse import parse_qsl

from fastapi import Request
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException

from access_service.domain import words
from access_service.domain.errors import InvalidError

FIELDS = 4_000
"""Most fields of a form: a grid of three hundred people."""
FIELD_CHARACTERS = 20_000
KEPT, KEPT_CHARACTERS = "giu", 60_000
"""The field that carries a whole form over a sign-in."""
MOST_FILES = 2
"""A paper and the agreement that it rests on."""
LONGEST_NUMBER = 10
URLENCODED, MULTIPART = "application/x-www-form-urlencoded", "multipart/form-data"
SECRET = frozenset({"mat_khau", "mat_khau_moi", "nhac_lai", "ma", "ma_kich_hoat", "khoa", "bi_mat", "dia_chi"})
"""Fields that are never shown again, kept, or compared: passwords, one-time codes, answers of a passkey."""
OURS = frozenset({"_ma", "_lan"})
"""The fields that every form carries: the token against forged requests, and the number of this attempt."""


@dataclass(frozen=True, slots=True)
class Uploaded:
    """A file that was chosen."""

    name: str
    """As the browser calls it; never a path."""
    data: bytes


@dataclass(frozen=True, slots=True)
class SentForm:
    """Fields by name, each as often as it was sent, and files."""

    fields: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    files: Mapping[str, Uploaded] = field(default_factory=dict)

    def text(self, name: str, default: str = "") -> str:
        """The one value of a field; where it was sent several times, `InvalidError`."""
        values = self.fields.get(name, ())
        if len(values) > 1:
            raise InvalidError(f"`{name}` is sent twice")
        return values[0] if values else default

    def all(self, name: str) -> tuple[str, ...]:
        """Every value of a field, in order."""
        return self.fields.get(name, ())

    def has(self, name: str) -> bool:
        """Is it there and not empty? A ticked box, a pressed button."""
        return any(self.fields.get(name, ()))

    def file(self, name: str) -> Uploaded | None:
        """The file of a field, if one was chosen."""
        return self.files.get(name)

    def typed(self) -> Iterator[tuple[str, str]]:
        """What may be shown again: everything but secrets and our own fields."""
        for name, values in self.fields.items():
            if name not in SECRET and name not in OURS:
                yield from ((name, value) for value in values)


def is_number(text: str) -> bool:
    """Is it a number of at most nine digits, as a form carries one?"""
    return text.isascii() and text.isdigit() and len(text) < LONGEST_NUMBER


async def read_form(request: Request) -> SentForm:
    """The form of a POST. Raises `InvalidError` for anything else, 413 for a body beyond the route's limit."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == URLENCODED:
        return SentForm(_grouped(_pairs(await request.body())))
    if kind == MULTIPART:
        return await _parts(request)
    raise InvalidError(f"a form comes as {URLENCODED} or {MULTIPART}")


def _pairs(body: bytes) -> list[tuple[str, str]]:
    try:
        # Percent signs of bytes that are no UTF-8 are an error, not a question mark.
        return parse_qsl(
            body.decode("ascii"), keep_blank_values=True, strict_parsing=bool(body), errors="strict",
            max_num_fields=FIELDS,
        )  # fmt: skip
    except ValueError:
        raise InvalidError("the form cannot be read, or has too many fields") from None


async def _parts(request: Request) -> SentForm:
    pairs, files = [], {}
    try:
        sent = await request.form(max_files=MOST_FILES, max_fields=FIELDS, max_part_size=FIELD_CHARACTERS * 4)
    except HTTPException as error:
        if error.status_code == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
            raise
        raise InvalidError("the form cannot be read, or has too many fields") from None
    try:
        for name, value in sent.multi_items():
            if isinstance(value, UploadFile):
                if value.filename:
                    files[name] = Uploaded(_file_name(value.filename), await value.read())
            else:
                pairs.append((name, value))
    finally:
        await sent.close()
    return SentForm(_grouped(pairs), files)


def _file_name(name: str) -> str:
    last = name.replace("\\", "/").rpartition("/")[2]
    shown = "".join(c for c in last if c.isprintable())[:200]
    return words.compose_text(shown or "tep")


def _grouped(pairs: list[tuple[str, str]]) -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    for name, value in pairs:
        found.setdefault(name, []).append(value if name in SECRET else _clean(name, value))
    return {name: tuple(values) for name, values in found.items()}


def _clean(name: str, value: str) -> str:
    most = KEPT_CHARACTERS if name == KEPT else FIELD_CHARACTERS
    if len(value) > most:
        raise InvalidError(f"`{name[:40]}` is too long")
    text = words.normalise_text(value.replace("\r\n", "\n"), most).strip()
    if any(c not in {"\n", "\t"} and not c.isprintable() for c in text):
        raise InvalidError(f"`{name[:40]}` holds characters that cannot be shown")
    return text
