"""A revision as callers see it: opaque, and without a number that they could count with."""

import re

from access_service.domain.errors import InvalidError, NotFoundError
from access_service.domain.names import RegisterId

DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
REVISION = re.compile(r"r(0|[1-9a-z][0-9a-z]{0,11})")


def revision_text(revision: int) -> str:
    """A revision as it stands on the wire: opaque to callers, and without a number they could count with."""
    digits = ""
    while revision or not digits:
        revision, digit = divmod(revision, len(DIGITS))
        digits = DIGITS[digit] + digits
    return f"r{digits}"


def parse_revision(text: str) -> int:
    """The revision that `revision_text` wrote; `InvalidError` for everything else."""
    if REVISION.fullmatch(text) is None:
        raise InvalidError(f"`{text[:32]}` is no revision")
    return int(text[1:], len(DIGITS))


def check_known(register: RegisterId, newest: int, known_at: int | None) -> None:
    """Raise unless the register exists and has seen the revision asked for."""
    if newest == 0:
        raise NotFoundError("register", register)
    if known_at is not None and not 0 < known_at <= newest:
        raise InvalidError(f"no revision `{known_at}`", newest=newest)
