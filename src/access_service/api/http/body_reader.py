"""Reading a body as one of our types: strictly (`limits.read_object`), and quickly where that is the same.

A body is first read by msgspec alone, which is ten times faster and drops a member it does not know, and the first
of two of one name. Whatever is dropped takes its quotation marks with it: when what was read, written again, has as
many as the body, nothing was dropped, nothing was named twice, and the strict reading would have said the same.
Anything else is read again, strictly.
"""

import re
from collections.abc import Container, Iterator
from functools import lru_cache

import msgspec

from access_service.api.http.limits import BATCH_ITEMS, ID_BYTES, read_object
from access_service.domain.errors import InvalidError, RefusedError
from access_service.domain.members import MOST_NAMED
from access_service.domain.reasons import Refusal

DETAIL = 200
"""Characters of a message that may quote what was sent."""
_LONG = re.compile(rb'"[^"]{%d}' % (ID_BYTES + 1))
"""A word that is too long, or much white space: the strict reading will tell."""
_encode = msgspec.json.Encoder().encode


class BodyReader:
    """Reads bodies of one type."""

    def __init__(self, type_: type[msgspec.Struct], *, is_closed: bool) -> None:
        """`is_closed`: every member has a type of its own, so that nothing is nested deeper than the types are."""
        self._type = type_
        self._decode = msgspec.json.Decoder(type_).decode if is_closed else None

    def quickly(self, body: bytes) -> msgspec.Struct | None:
        """The body, or None where that takes the strict reading. Its words are clean (`limits.clean`)."""
        if self._decode is None:
            return None
        # In ASCII without escapes no word holds half a surrogate pair, a control character or another spelling.
        is_plain = body.isascii() and b"\\" not in body and b"\x7f" not in body
        if not is_plain or (len(body) > ID_BYTES and _LONG.search(body)):
            return None
        try:
            found: msgspec.Struct = self._decode(body)
        except (msgspec.MsgspecError, RecursionError):
            # What is wrong, the strict reading says. For deep nesting msgspec has no error of its own.
            return None
        return found if _encode(found).count(b'"') == body.count(b'"') else None

    def strictly(self, body: bytes) -> msgspec.Struct:
        """The body; `InvalidError` names the member that is wrong, never its value."""
        found = read_object(body)
        items = found.get("evaluations") if "evaluations" in self._type.__struct_fields__ else None
        if isinstance(items, list) and len(items) > BATCH_ITEMS:
            raise RefusedError(
                Refusal.BATCH_TOO_LARGE, f"a batch has at most {BATCH_ITEMS} items", limit=BATCH_ITEMS
            )
        return convert(found, self._type)


def convert(found: dict[str, object], type_: type[msgspec.Struct]) -> msgspec.Struct:
    """An object as one of our types."""
    try:
        made: msgspec.Struct = msgspec.convert(found, type_)
    except msgspec.ValidationError as error:
        text = str(error)[:DETAIL]
        raise InvalidError(text[:1].lower() + text[1:]) from None
    except UnicodeEncodeError:
        # Half a surrogate pair, escaped: valid JSON, and no text.
        raise InvalidError("the body holds half a surrogate pair") from None
    _note(found, made)
    return made


def list_unused(entity: object) -> tuple[str, ...]:
    """The members that were sent with an entity and are not known; those of free properties as `properties.x`."""
    found: tuple[str, ...] = getattr(entity, _UNUSED, ())
    return found


def note_unused(entity: msgspec.Struct, names: tuple[str, ...]) -> None:
    """Keep with an entity what was sent and is not known."""
    setattr(entity, _UNUSED, names)


_UNUSED = "_unused"


@lru_cache
def _known(type_: type[msgspec.Struct]) -> dict[str, str]:
    """The members of a type as they are sent, to their attributes."""
    return dict(zip(type_.__struct_encode_fields__, type_.__struct_fields__, strict=True))


def _note(sent: dict[str, object], made: msgspec.Struct) -> None:
    known = _known(type(made))
    if not sent.keys() <= known.keys() and hasattr(made, "__dict__"):
        note_unused(made, tuple(_unknown(sent, known))[:MOST_NAMED])
    for name, value in sent.items():
        found = getattr(made, known[name]) if name in known and value is not None else None
        if isinstance(value, dict) and isinstance(found, msgspec.Struct):
            _note(value, found)
        elif isinstance(value, list) and isinstance(found, list):
            for part, one in zip(value, found, strict=True):
                if isinstance(part, dict) and isinstance(one, msgspec.Struct):
                    _note(part, one)


def _unknown(sent: dict[str, object], known: Container[str]) -> Iterator[str]:
    for name, value in sent.items():
        if name in known:
            continue
        if name == "properties" and isinstance(value, dict):
            yield from (f"properties.{inner}" for inner in value)
        else:
            yield name
