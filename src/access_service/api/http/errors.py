"""The one table from our errors to HTTP (RFC 9457 problem documents); the only file that knows both.

A problem carries a stable `code`, a sentence in both languages for people, and a `detail` that says what was wrong
with this request. What we did not foresee says nothing at all; the log says the rest.
"""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import msgspec
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from access_service.domain.errors import (
    AccessServiceError,
    ImportRefusedError,
    PageTokenError,
    PolicyError,
    RefusedError,
    RestartError,
    StaleRevisionError,
    UnavailableError,
)
from access_service.domain.reasons import Refusal
from access_service.domain.remedies import REFUSAL_REMEDY
from access_service.domain.sentences import sentence
from access_service.domain.text import REFUSAL_TEXT, Text

PROBLEM_JSON = "application/problem+json"
AUTHZEN = "/access/v1/"
"""Below this path what cannot be read is 400 (AuthZEN 1.0), elsewhere 422."""
PROOF_CHALLENGE = 'DPoP error="invalid_token", algs="ES256 EdDSA Ed25519 PS256 RS256"'
"""For whoever came with a token that is bound to a key (RFC 9449 section 7.1)."""
INVALID_TOKEN = 'Bearer error="invalid_token"'  # noqa: S105 words of the interface
"""For whoever came with something that is good no more, or elsewhere (RFC 6750 section 3.1)."""
_GOOD_NO_MORE = (Refusal.TOKEN_REVOKED, Refusal.WRONG_AUDIENCE)
RETRY_AFTER_S = "1"
KINDS = 4
"""Most kinds of errors below a 503 that the log names."""
FIELDS = 50
"""Most members that one problem names: the answer must not outgrow what was sent."""

STATUS: Mapping[Refusal, int] = {
    Refusal.ACCOUNT_NOT_ACTIVE: 403,
    Refusal.ALGORITHM_WEAK: 422,
    Refusal.APPROVAL_MISSING: 403,
    Refusal.ASSIGNMENT_MISSING: 409,
    Refusal.BATCH_TOO_LARGE: 413,
    Refusal.BYTE_RANGE: 422,
    Refusal.CEREMONY_EXPIRED: 409,
    Refusal.CEREMONY_UNKNOWN: 409,
    Refusal.CERTIFICATE_REVOKED: 422,
    Refusal.CERTIFICATE_TAKEN: 409,
    Refusal.CERTIFICATE_TIME: 422,
    Refusal.CERTIFICATE_UNTRUSTED: 422,
    Refusal.CHANGED_BESIDE_SIGNING: 422,
    Refusal.CLOSED_YEAR: 409,
    Refusal.CONSEQUENCES_CHANGED: 409,
    Refusal.CONTENT_MISSING: 422,
    Refusal.CREDENTIALS_WRONG: 401,
    Refusal.CREDENTIAL_UNKNOWN: 403,
    Refusal.CUSTODY_TAKEN: 409,
    Refusal.CUSTODY_VACANT: 409,
    Refusal.CYCLE: 409,
    Refusal.DEPTH_EXCEEDED: 409,
    Refusal.DOCUMENT_CHANGED: 409,
    Refusal.DOCUMENT_STATE: 409,
    Refusal.DUPLICATE: 409,
    Refusal.DUTIES_SEPARATED: 409,
    Refusal.EXTERNAL_ID_AMBIGUOUS: 409,
    Refusal.EXTERNAL_ID_TAKEN: 409,
    Refusal.FORBIDDEN: 403,
    Refusal.FREQUENCY_EXCEEDED: 403,
    Refusal.GRANT_ENDED: 409,
    Refusal.GRANT_SUSPENDED: 409,
    Refusal.HAND_BACK_DUE: 403,
    Refusal.IDEMPOTENCY_MISMATCH: 422,
    Refusal.INSUFFICIENT_SCOPE: 403,
    Refusal.INVALID: 422,
    Refusal.JOB_NOT_DONE: 409,
    Refusal.KEY_USAGE: 422,
    Refusal.LEVEL_REQUIRED: 422,
    Refusal.LOCKED_OUT: 429,
    Refusal.METHOD_FORBIDDEN: 409,
    Refusal.NOT_AUTHENTICATED: 401,
    Refusal.NOT_CUSTODIAN: 403,
    Refusal.NOT_DIRECT_MANAGER: 403,
    Refusal.NOT_FOUND: 404,
    Refusal.NOT_PDF: 422,
    Refusal.NOT_SHOWN: 409,
    Refusal.NOT_WHOLE_FILE: 422,
    Refusal.NO_POLICY: 409,
    Refusal.NO_SIGNATURE: 422,
    Refusal.NUMBER_OUT_OF_ORDER: 409,
    Refusal.NUMBER_TAKEN: 409,
    Refusal.OPERATOR_ONLY: 403,
    Refusal.ORIGIN_WRONG: 403,
    Refusal.PADDING: 422,
    Refusal.PASSWORD_DUE: 403,
    Refusal.PDF_NOT_OURS: 422,
    Refusal.PRECONDITION_MISSING: 409,
    Refusal.RECOVERY_WAITING: 409,
    Refusal.REDELEGATION_FORBIDDEN: 403,
    Refusal.REVOCATION_UNKNOWN: 422,
    Refusal.ROLE_NOT_ALLOWED: 403,
    Refusal.SECOND_FACTOR_DUE: 403,
    Refusal.SECOND_FACTOR_REQUIRED: 401,
    Refusal.SECOND_FACTOR_WRONG: 401,
    Refusal.SELF_SERVICE: 403,
    Refusal.SHEET_FORMULA: 422,
    Refusal.SHEET_LOCKED: 422,
    Refusal.SHEET_NO_HEADING: 422,
    Refusal.SHEET_OLD_FORMAT: 422,
    Refusal.SHEET_TOO_LARGE: 413,
    Refusal.SHEET_UNREADABLE: 422,
    Refusal.SIGNATURE_BAD: 403,
    Refusal.SIGNATURE_BROKEN: 422,
    Refusal.SIGNATURE_TOO_WEAK: 403,
    Refusal.SIGNED_ALREADY: 409,
    Refusal.SIGNER_NOT_LEADER: 403,
    Refusal.SIGNER_NOT_NAMED: 409,
    Refusal.SIGNER_NO_CAPACITY: 403,
    Refusal.SIGNER_UNKNOWN: 409,
    Refusal.SIGNER_WRONG_SIDE: 409,
    Refusal.STALE_VERSION: 409,
    Refusal.STATEMENT_CHANGED: 409,
    Refusal.SUCCESSOR_MISSING: 409,
    Refusal.SUSPENDED: 409,
    Refusal.TOKEN_REVOKED: 401,
    Refusal.TOO_MANY_JOBS: 429,
    Refusal.TOO_MANY_WATCHERS: 429,
    Refusal.USER_NOT_VERIFIED: 403,
    Refusal.WIDER_THAN_AUTHORITY: 403,
    Refusal.WRONG_AUDIENCE: 401,
}
"""Every refusal's status; a test keeps it whole."""

UNAVAILABLE, STALE, INTERNAL, METHOD = "unavailable", "stale_revision", "internal", "method_not_allowed"
RESTART, PAGE_TOKEN = "restart", "page_token"
EDGE_TEXT: Mapping[str, Text] = {
    UNAVAILABLE: Text("Dịch vụ tạm thời không trả lời được", "The service cannot answer now"),
    STALE: Text("Dữ liệu tại máy chủ này chưa cập nhật kịp", "This node has not caught up yet"),
    INTERNAL: Text("Lỗi hệ thống", "Internal error"),
    PAGE_TOKEN: Text("Mã trang không hợp lệ hoặc đã hết hạn", "The page token is not valid here, or has expired"),
    RESTART: Text(
        "Quyền truy cập đã thay đổi trong khi đọc danh sách, cần đọc lại từ đầu",
        "What the list rests on has changed; begin it again",
    ),
    METHOD: Text("Phương thức không được hỗ trợ", "The method is not supported here"),
}
"""Codes that no rule gives: they exist only on the wire."""


class Problem(msgspec.Struct, omit_defaults=True):
    """An RFC 9457 problem document; its `type` is `about:blank` and therefore left out."""

    status: int
    title: str
    """The status in words."""
    code: str
    """Stable; docs/reasons.md lists them."""
    vi: str
    en: str
    detail: str | None = None
    """What was wrong with this very request."""
    remedy: dict[str, str] | None = None
    """Who can do what about it, `vi` and `en`."""
    details: dict[str, Any] | None = None
    """Ids and limits, never names."""
    fields: list[dict[str, str]] | None = None
    """Which members of the body or query cannot be used."""
    faults: list[dict[str, str]] | None = None
    """Every fault of an uploaded file: place, message, hint."""


def problem(
    code: Refusal | str,
    *,
    status: int,
    detail: str | None = None,
    details: Mapping[str, object] | None = None,
    fields: list[dict[str, str]] | None = None,
    faults: list[dict[str, str]] | None = None,
    said: str | None = None,
    remedy: Text | None = None,
) -> Response:
    """A problem as a response; `said` takes the place of the code's Vietnamese sentence."""
    text = REFUSAL_TEXT[code] if isinstance(code, Refusal) else EDGE_TEXT[code]
    shown = {key: value for key, value in (details or {}).items() if isinstance(value, str | int | list)}
    body = Problem(
        status=status,
        title=HTTPStatus(status).phrase,
        code=str(code),
        vi=said or text.vi,
        en=text.en,
        detail=detail,
        remedy=None if remedy is None else {"vi": remedy.vi, "en": remedy.en},
        details=shown or None,
        fields=fields,
        faults=faults,
    )
    headers = {"Cache-Control": "no-store"}
    if status == HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = INVALID_TOKEN if code in _GOOD_NO_MORE else "Bearer"
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        headers["Retry-After"] = RETRY_AFTER_S
    return Response(_encoded(body), status, headers, PROBLEM_JSON)


def _encoded(body: Problem) -> bytes:
    try:
        return msgspec.json.encode(body)
    except UnicodeEncodeError:
        # The detail quotes what was sent, and half of a surrogate pair has no UTF-8.
        body.detail = None
        body.details = None
        return msgspec.json.encode(body)


def problem_of(error: AccessServiceError, path: str) -> Response:
    """The problem that one of our errors is, on this path."""
    if isinstance(error, StaleRevisionError):
        return problem(STALE, status=503, detail=str(error))
    if isinstance(error, UnavailableError):
        return problem(UNAVAILABLE, status=503, detail=str(error))
    if isinstance(error, RestartError):
        return problem(RESTART, status=409, detail=str(error))
    if isinstance(error, PageTokenError):
        return problem(PAGE_TOKEN, status=400, detail=str(error))
    unreadable = 400 if path.startswith(AUTHZEN) else 422
    if isinstance(error, RefusedError):
        status = STATUS[error.code]
        response = problem(
            error.code,
            status=unreadable if status == HTTPStatus.UNPROCESSABLE_ENTITY else status,
            detail=error.message,
            details=error.details,
            said=sentence(error, REFUSAL_TEXT[error.code].vi),
            # Whoever asks for a decision is a program: people act below /v1.
            remedy=None if path.startswith(AUTHZEN) else REFUSAL_REMEDY[error.code],
        )
        if error.details.get("scheme") == "DPoP":
            response.headers["WWW-Authenticate"] = PROOF_CHALLENGE
        elif error.code is Refusal.INSUFFICIENT_SCOPE:
            response.headers["WWW-Authenticate"] = 'Bearer error="insufficient_scope"'
        return response
    if isinstance(error, PolicyError | ImportRefusedError):
        faults = [{"place": f.place, "message": f.message, "hint": f.hint} for f in error.faults]
        return problem(Refusal.INVALID, status=unreadable, faults=faults)
    return problem(INTERNAL, status=500)


async def _ours(request: Request, error: Exception) -> Response:
    if not isinstance(error, AccessServiceError):
        raise error
    if isinstance(error, UnavailableError):
        # Whoever observes the request writes the cause into the log; the caller hears no more than the sentence.
        request.scope.setdefault("state", {})["cause"] = cause_of(error)
    return problem_of(error, request.url.path)


def cause_of(error: BaseException) -> str:
    """Why the service could not answer, for the log: our sentence, and the kinds of what lay below it.

    Kinds and not messages: a message of the database quotes what was asked of it.
    """
    said, below = str(error), error.__cause__ or error.__context__
    kinds: list[str] = []
    while below is not None and len(kinds) < KINDS:
        kinds.append(type(below).__name__)
        original = getattr(below, "orig", None)
        below = original if isinstance(original, BaseException) else below.__cause__ or below.__context__
    return f"{said} ({' < '.join(kinds)})" if kinds else said


async def _unreadable(request: Request, error: Exception) -> Response:
    """What FastAPI could not read into a route's parameters: which members, and why; never their values."""
    found = error.errors() if isinstance(error, RequestValidationError) else []
    fields = [{"field": ".".join(map(str, e["loc"])), "message": str(e["msg"])} for e in found[:FIELDS]]
    status = 400 if request.url.path.startswith(AUTHZEN) else 422
    return problem(Refusal.INVALID, status=status, fields=fields)


async def _by_framework(_request: Request, error: Exception) -> Response:
    """404, 405 and the like, which the framework raises before any route of ours runs."""
    status = error.status_code if isinstance(error, HTTPException) else 500
    code: Refusal | str = INTERNAL
    if status == HTTPStatus.NOT_FOUND:
        code = Refusal.NOT_FOUND
    elif status == HTTPStatus.METHOD_NOT_ALLOWED:
        code = METHOD
    elif status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
        code = Refusal.BATCH_TOO_LARGE
    elif status < HTTPStatus.INTERNAL_SERVER_ERROR:
        code = Refusal.INVALID
    detail = error.detail if isinstance(error, HTTPException) and code is Refusal.BATCH_TOO_LARGE else None
    response = problem(code, status=status, detail=detail)
    response.headers.update(getattr(error, "headers", None) or {})
    return response


def install(app: FastAPI) -> None:
    """Let the application answer every error by this table."""
    app.add_exception_handler(AccessServiceError, _ours)
    app.add_exception_handler(RequestValidationError, _unreadable)
    app.add_exception_handler(HTTPException, _by_framework)
