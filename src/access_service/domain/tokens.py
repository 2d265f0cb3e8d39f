"""What a token says, and how it narrows: the values and rules of scoped tokens (rules 1, 3, 10).

A detail is a box, like a `Scope`: None on an axis is the whole axis, boxes never combine. Handing on a token only
ever intersects boxes, so that what comes out lies within everything that went in. `signing.token_claims` knows how
these values stand in a JWT.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from enum import StrEnum

from access_service.domain.errors import AccessServiceError
from access_service.domain.names import UnitId
from access_service.domain.scope import Scope

DETAIL_TYPE = "education_data"
"""The one type of element in `authorization_details` (RFC 9396 section 2) that is issued here."""
CLIENT_ALGORITHMS = ("ES256", "EdDSA", "Ed25519", "PS256", "RS256")
"""What clients may sign with; `Ed25519` is RFC 9864's name for EdDSA with that curve."""

IsBelow = Callable[[UnitId, UnitId], bool]
"""`is_below(unit, root)` along the management edges of the day, which form a tree; a unit is below itself."""


class TokenFault(StrEnum):
    """Why a token, an assertion or a proof is refused; `docs/tokens.md` lists them."""

    BAD_SIGNATURE = "bad_signature"
    EXPIRED = "expired"
    INVALID_CLAIMS = "invalid_claims"
    MALFORMED = "malformed"
    NONCE_MISMATCH = "nonce_mismatch"
    NOT_YET_VALID = "not_yet_valid"
    PROOF_MISMATCH = "proof_mismatch"
    REPLAYED = "replayed"
    REVOKED = "revoked"
    TOO_LONG = "too_long"
    UNKNOWN_KEY = "unknown_key"
    WRONG_ALGORITHM = "wrong_algorithm"
    WRONG_AUDIENCE = "wrong_audience"
    WRONG_ISSUER = "wrong_issuer"
    WRONG_TYPE = "wrong_type"


class TokenError(AccessServiceError):
    """A token, client assertion or proof that is not accepted. The message quotes nothing of it."""

    def __init__(self, code: TokenFault, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


@dataclass(frozen=True, slots=True)
class AccessDetail:
    """One element of `authorization_details` (RFC 9396): one box of data and what may be done with it."""

    unit: UnitId
    """Everything in this unit and below it."""
    levels: frozenset[str] | None
    classes: frozenset[str] | None
    """Class ids, `<school code>:<school year>:<class code>`."""
    subjects: frozenset[str] | None
    categories: frozenset[str]
    actions: frozenset[str]
    school_year: str | None
    grant: str | None
    """The grant or approval that it rests on: where it comes from, not an axis. None in a request."""
    grades: frozenset[str] | None = None
    """Khối. Grants are bounded by grade, and a token without this axis would be wider than its grant."""


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts for the subject (RFC 8693 section 4.1), and who acted before that."""

    sub: str
    """Account id."""
    act: "Actor | None" = None

    def chain(self) -> tuple[str, ...]:
        """The account ids, the one that acts now first."""
        return (self.sub, *(self.act.chain() if self.act else ()))


@dataclass(frozen=True, slots=True)
class Claims:
    """What an access token says (RFC 9068), without its signature. Instants are whole seconds since 1970."""

    iss: str
    sub: str
    """Account id."""
    aud: tuple[str, ...]
    """Exactly one resource server: a token that two of them accept could be used by one at the other."""
    client_id: str
    iat: int
    exp: int
    jti: str
    scope: frozenset[str]
    details: tuple[AccessDetail, ...]
    register: str
    revision: str
    policy: tuple[str, ...]
    """SHA-256 of the packs in force."""
    grants: tuple[str, ...]
    """Every grant and approval it rests on: when one of them stops, the token does."""
    documents: tuple[str, ...]
    act: Actor | None = None
    jkt: str | None = None
    """RFC 7638 thumbprint of the key that its holder proves to have (RFC 9449); None for a plain bearer token."""

    def accounts(self) -> tuple[str, ...]:
        """The subject and every actor: the suspension of any of them stops the token."""
        return (self.sub, *(self.act.chain() if self.act else ()))


_Axis = frozenset[str] | None


def _axis_within(inner: _Axis, outer: _Axis) -> bool:
    return outer is None or (inner is not None and inner <= outer)


def _axis_common(one: _Axis, other: _Axis) -> _Axis:
    """What both hold; None when both are the whole axis."""
    if one is None or other is None:
        return other if one is None else one
    return one & other


def is_within(inner: AccessDetail, outer: AccessDetail, is_below: IsBelow) -> bool:
    """Does `inner` lie in `outer` on every axis (rule 3)? The grants that they rest on are not compared."""
    return (
        is_below(inner.unit, outer.unit)
        and _axis_within(inner.levels, outer.levels)
        and _axis_within(inner.grades, outer.grades)
        and _axis_within(inner.classes, outer.classes)
        and _axis_within(inner.subjects, outer.subjects)
        and (outer.school_year is None or inner.school_year == outer.school_year)
        and inner.categories <= outer.categories
        and inner.actions <= outer.actions
    )


def intersect(one: AccessDetail, other: AccessDetail, is_below: IsBelow) -> AccessDetail | None:
    """The largest box within both, resting on the grant of `one` (of `other` where `one` has none).

    None when they have nothing in common: an axis on which they do not meet leaves nothing, whatever the others.
    """
    if is_below(one.unit, other.unit):
        unit = one.unit
    elif is_below(other.unit, one.unit):
        unit = other.unit
    else:
        return None
    if None not in (one.school_year, other.school_year) and one.school_year != other.school_year:
        return None
    common = AccessDetail(
        unit=unit,
        levels=_axis_common(one.levels, other.levels),
        classes=_axis_common(one.classes, other.classes),
        subjects=_axis_common(one.subjects, other.subjects),
        categories=one.categories & other.categories,
        actions=one.actions & other.actions,
        school_year=one.school_year or other.school_year,
        grant=one.grant or other.grant,
        grades=_axis_common(one.grades, other.grades),
    )
    axes = (common.levels, common.grades, common.classes, common.subjects, common.categories, common.actions)
    return None if any(axis is not None and not axis for axis in axes) else common


def narrow(
    held: Iterable[AccessDetail], asked: Iterable[AccessDetail], is_below: IsBelow
) -> tuple[AccessDetail, ...]:
    """Everything that lies in a box of `held` and in a box of `asked`, each box resting on the grant held.

    Boxes that lie within another are left out. Empty when nothing is left: the caller refuses, it never falls back.
    """
    wanted = tuple(asked)
    found = [common for one in held for other in wanted if (common := intersect(one, other, is_below)) is not None]
    kept: list[AccessDetail] = []
    for at, box in enumerate(found):
        covered = any(is_within(box, other, is_below) for other in kept)
        # Of two equal boxes the first stays; a wider one that comes later takes the place of this one.
        if not covered and not any(
            is_within(box, later, is_below) and not is_within(later, box, is_below) for later in found[at + 1 :]
        ):
            kept.append(box)
    return tuple(kept)


def covers(outer: Iterable[AccessDetail], inner: Iterable[AccessDetail], is_below: IsBelow) -> bool:
    """Does every box of `inner` lie in one box of `outer`? Boxes never combine."""
    boxes = tuple(outer)
    return all(any(is_within(box, wider, is_below) for wider in boxes) for box in inner)


def details_of(
    scope: Scope, grant: str | None, categories: frozenset[str], actions: frozenset[str]
) -> tuple[AccessDetail, ...]:
    """A scope as boxes, restricted to the categories and actions that the holder's role gives in it.

    Classes taken with a subject become one box for each subject: 6A in mathematics and 6B in literature must not
    come out as 6A in literature. Empty when the scope leaves no category or no action.
    """
    plain = AccessDetail(
        unit=scope.unit,
        levels=None if scope.levels is None else frozenset(str(level) for level in scope.levels),
        classes=None,
        subjects=scope.subjects,
        categories=categories if scope.categories is None else categories & scope.categories,
        actions=actions if scope.actions is None else actions & scope.actions,
        school_year=scope.school_year,
        grant=grant,
        grades=scope.grades,
    )
    if not plain.categories or not plain.actions:
        return ()
    if scope.classes is None:
        return (plain,)
    boxes = []
    for subject in sorted({subject for _, subject in scope.classes}):
        if subject and scope.subjects is not None and subject not in scope.subjects:
            continue
        classes = frozenset(str(class_id) for class_id, named in scope.classes if named == subject)
        boxes.append(replace(plain, classes=classes, subjects=frozenset({subject}) if subject else scope.subjects))
    return tuple(boxes)
