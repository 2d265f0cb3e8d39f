"""What people write, read once: a line, a code, a username, a class, a subject, a school year, a day, an instant.

API bodies, the command line and import files read with these functions, so that no door takes what another cannot
reach or show. Each returns the text as it is kept (composed, NFC, without blanks around it) or raises
`InvalidError` with a message that never quotes what was sent: the door adds where it stood.
"""

import re
import unicodedata
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Literal

from access_service.domain import legacy
from access_service.domain.errors import InvalidError
from access_service.domain.time import VIETNAM, start_of_day

WordReader = Callable[[str], str]
"""Reads one kind of word."""

LINE, PROSE = 256, 4000
"""Most characters of a name, title or number, and of a reason or content."""
ID_BYTES = 256
"""Longest id, as UTF-8 (architecture section 7)."""
CODE, USERNAME, CLASS_CODE, SUBJECT = 64, 128, 64, 32
"""Most characters of what is given newly."""
MARKS_IN_A_ROW = 30
"""Most marks on one letter (Unicode's Stream-Safe Text Format, UAX 15); Vietnamese has two."""
FIRST_YEAR, LAST_YEAR = 1945, 2199
"""Days outside are typing errors, and far enough outside no instant at all."""

CODE_PATTERN = r"^[0-9A-Za-z](?:[0-9A-Za-z._\-]{0,62}[0-9A-Za-z])?$"
"""A new code stands in addresses, class ids and cells: no slash, colon, semicolon or blank, and only ASCII."""
YEAR_PATTERN = r"^[0-9]{4}-[0-9]{4}$"
SUBJECT_PATTERN = r"^[A-Z][A-Z0-9]*(?:[_\-][A-Z0-9]+)*$"

VIETNAMESE = (
    "àảãáạăằẳẵắặâầẩẫấậèẻẽéẹêềểễếệìỉĩíịòỏõóọôồổỗốộơờởỡớợùủũúụưừửữứựỳỷỹýỵđ"
    "ÀẢÃÁẠĂẰẲẴẮẶÂẦẨẪẤẬÈẺẼÉẸÊỀỂỄẾỆÌỈĨÍỊÒỎÕÓỌÔỒỔỖỐỘƠỜỞỠỚỢÙỦŨÚỤƯỪỬỮỨỰỲỶỸÝỴĐ"
)
"""The letters of Vietnamese that ASCII lacks, composed."""

_CODE = re.compile(CODE_PATTERN)
_LETTER = f"0-9A-Za-z{VIETNAMESE}"
_USERNAME = re.compile(f"[{_LETTER}](?: ?[{_LETTER}._@:+\\-])*(?<![._@:+\\-])")
_IDENTIFIER = re.compile(f"[ -~{VIETNAMESE}]*")
_UNSEEN = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
)
"""Letters and marks that show nothing, although Unicode counts them among what is printed."""
_YEAR = re.compile(YEAR_PATTERN)
_SUBJECT = re.compile(SUBJECT_PATTERN)
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
"""Control characters end up in logs and terminals; half a surrogate pair has no UTF-8."""
BLANKS = " \t\r\n\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000"
"""What is seen as nothing at the ends of a text and is taken off. `str.strip` also takes off what no keyboard
makes (U+001F, U+0085, U+2028): a cell that holds only such is not empty, it cannot be read."""
_SEPARATORS = re.compile("[:;]")
_BREAKS = re.compile("[\t\n]")
_ISO_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_DAY = re.compile(r"([0-9]{1,2})/([0-9]{1,2})/([0-9]{4})(?:[ T]([0-9]{1,2}):([0-9]{2}))?")
_RFC3339 = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?([Zz]|[+-][0-9]{2}:[0-9]{2})"
)


def normalise_text(text: str, most: int, form: Literal["NFC", "NFD", "NFKC"] = "NFC") -> str:
    """The text in a normal form; it has at most `most` characters before anything else is done with it.

    The only place that normalises what was sent. Putting marks in order takes the square of how many follow each
    other, so more than any writing has are refused as well: the rest is linear.
    """
    if len(text) > most:
        raise InvalidError(f"is longer than {most} characters")
    if text.isascii():
        return text
    if len(text) > MARKS_IN_A_ROW and _is_piled(text):
        raise InvalidError("holds more marks on one letter than any writing has")
    return unicodedata.normalize(form, text)


def _is_piled(text: str) -> bool:
    marks = 0
    for weight in map(unicodedata.combining, text):
        marks = marks + 1 if weight else 0
        if marks > MARKS_IN_A_ROW:
            return True
    return False


def compose_text(text: str, most: int = LINE) -> str:
    """The text in NFC without blanks around it: what two people see alike is alike, `Cẩm Giang` not `Cẩm Giàng`.

    Decomposed, a Vietnamese letter has up to three characters, so that four times `most` are read.
    """
    return normalise_text(text.strip(BLANKS), 4 * most)


def id_word(text: str) -> str:
    """An id or word that refers to something, in NFC: at most 256 bytes, no control characters."""
    # No character has less than one byte.
    if len(text) <= ID_BYTES and _CONTROL.search(text) is not None:
        raise InvalidError("holds control characters")
    if len(text) > ID_BYTES or len(text.encode()) > ID_BYTES:
        raise InvalidError(f"is longer than {ID_BYTES} bytes")
    found = normalise_text(text, ID_BYTES)
    if len(found.encode()) > ID_BYTES:
        raise InvalidError(f"is longer than {ID_BYTES} bytes")
    return found


def is_seen(text: str) -> bool:
    """Can every character be seen? No control, format (U+200B, U+202E) or private one, no blank but U+0020.

    Nor a letter or mark that shows nothing (U+3164, U+FE0F).
    """
    return text.isprintable() and (text.isascii() or _UNSEEN.search(text) is None)


def line(text: str, most: int = LINE) -> str:
    """One line of text that is not empty."""
    text = compose_text(text, most)
    if not is_seen(text):
        raise InvalidError("holds control characters or others that cannot be seen")
    if not text:
        raise InvalidError("is empty")
    if len(text) > most:
        raise InvalidError(f"is longer than {most} characters")
    encoding = legacy.encoding_of(text)
    if encoding is not None:
        raise InvalidError(f"holds {encoding}: write it in Unicode")
    if unicodedata.combining(text[0]):
        raise InvalidError("begins with a mark that has no letter")
    return text


def prose(text: str) -> str:
    """A reason or content, which may have several lines."""
    text = compose_text(text, PROSE)
    if not is_seen(_BREAKS.sub(" ", text)):
        raise InvalidError("holds control characters or others that cannot be seen")
    if not text:
        raise InvalidError("is empty")
    if len(text) > PROSE:
        raise InvalidError(f"is longer than {PROSE} characters")
    return text


def code(text: str) -> str:
    """A code that is newly given. What was given before under looser rules is still found by `api` and imports."""
    text = compose_text(text)
    if not text:
        raise InvalidError("is empty")
    if not _CODE.fullmatch(text):
        raise InvalidError(
            f"is no code: at most {CODE} of the letters A to Z, digits, dot, hyphen and underscore, "
            "beginning and ending with a letter or digit"
        )
    return text


def username(text: str) -> str:
    """A new name to sign in with, in small letters: every keyboard here can type it, and it looks like itself.

    Stricter than the profile UsernameCaseMapped of RFC 8265: Vietnamese letters, digits, `. _ - @ : +` and single
    blanks only.
    """
    text = line(text, USERNAME)
    if not _USERNAME.fullmatch(text):
        raise InvalidError(
            "is no username: Vietnamese letters, digits and . _ - @ : + and single blanks, "
            "beginning and ending with a letter or digit"
        )
    return text.lower()


def is_identifier(text: str) -> bool:
    """Is it made of Vietnamese letters and ASCII only?"""
    return _IDENTIFIER.fullmatch(text) is not None


def identifier(text: str, most: int = LINE) -> str:
    """A line that names something, such as the number of a document: Vietnamese letters and ASCII only.

    `QĐ` with a Cyrillic or full-width letter, or with the Icelandic eth in place of Đ, would be another number.
    """
    text = line(text, most)
    if not is_identifier(text):
        raise InvalidError("holds letters or signs other than Vietnamese and ASCII")
    return text


def class_code(text: str) -> str:
    """A class's code in its school and year. Schools write `6/1`; a colon or semicolon would part the class id."""
    text = identifier(text, CLASS_CODE)
    if _SEPARATORS.search(text):
        raise InvalidError("holds a colon or a semicolon")
    return text


def subject(text: str) -> str:
    """A subject's code: `TOAN`, so that `Toán`, `toan` and `TOÁN` are not three subjects."""
    text = compose_text(text)
    if len(text) > SUBJECT or not _SUBJECT.fullmatch(text):
        raise InvalidError("is no subject code: capital letters A to Z and digits, as in TOAN")
    return text


def school_year(text: str) -> str:
    """`2026-2027`: two years that follow each other."""
    text = compose_text(text)
    if not _YEAR.fullmatch(text) or int(text[5:]) != int(text[:4]) + 1:
        raise InvalidError("is no school year: two years that follow each other, as in 2026-2027")
    if not FIRST_YEAR <= int(text[:4]) < LAST_YEAR:
        raise InvalidError(f"lies outside {FIRST_YEAR} to {LAST_YEAR}")
    return text


def iso_day(text: str) -> date:
    """`2026-10-07`."""
    try:
        if _ISO_DAY.fullmatch(text):
            return _within_years(date.fromisoformat(text))
    except ValueError:
        pass
    raise InvalidError("is no day of the form YYYY-MM-DD")


def vietnamese_day(text: str) -> date:
    """`07/10/2026`."""
    try:
        found = _DAY.fullmatch(text)
        if found is not None and found[4] is None:
            return _within_years(date(int(found[3]), int(found[2]), int(found[1])))
    except ValueError:
        pass
    raise InvalidError("is no day of the form dd/mm/yyyy")


def day(text: str) -> date:
    """A day in either form, as at the command line, whose refusal quotes what was typed."""
    text = text.strip(BLANKS)
    try:
        return iso_day(text) if _ISO_DAY.fullmatch(text) else vietnamese_day(text)
    except InvalidError:
        raise InvalidError(f"`{text[:40]}` is no day: write dd/mm/yyyy") from None


def iso_instant(text: str) -> datetime:
    """An instant of RFC 3339 with its offset, kept in UTC."""
    try:
        if _RFC3339.fullmatch(text):
            found = datetime.fromisoformat(text.upper())
            _within_years(found.date())
            return found.astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise InvalidError("is no instant of RFC 3339 with an offset")


def instant(text: str) -> datetime:
    """RFC 3339, or `07/10/2026 17:00` and `07/10/2026` (its 00:00) on a Vietnamese clock."""
    text = text.strip(BLANKS)
    try:
        found = _DAY.fullmatch(text)
        if found is None:
            return iso_instant(text.replace(" ", "T"))
        begins = start_of_day(vietnamese_day(text.replace("T", " ").partition(" ")[0]))
        hour, minute = int(found[4] or 0), int(found[5] or 0)
        return begins.astimezone(VIETNAM).replace(hour=hour, minute=minute).astimezone(UTC)
    except (ValueError, InvalidError):
        raise InvalidError(
            f"`{text[:40]}` is no instant: write RFC 3339 with its offset, or dd/mm/yyyy HH:MM"
        ) from None


def _within_years(found: date) -> date:
    if not FIRST_YEAR <= found.year <= LAST_YEAR:
        raise InvalidError(f"lies outside {FIRST_YEAR} to {LAST_YEAR}")
    return found
