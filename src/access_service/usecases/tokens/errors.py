"""What the OAuth endpoints refuse, in the words of the standards; `api.oauth` knows their status and form."""

from enum import StrEnum

from access_service.domain.errors import AccessServiceError
from access_service.domain.reasons import Reason, Refusal


class OAuthCode(StrEnum):
    """`error` of an answer (RFC 6749 section 5.2, and the extensions named)."""

    INVALID_REQUEST = "invalid_request"
    INVALID_CLIENT = "invalid_client"
    INVALID_GRANT = "invalid_grant"
    UNAUTHORIZED_CLIENT = "unauthorized_client"
    UNSUPPORTED_GRANT_TYPE = "unsupported_grant_type"
    INVALID_SCOPE = "invalid_scope"
    INVALID_TARGET = "invalid_target"
    """RFC 8707 section 2."""
    INVALID_AUTHORIZATION_DETAILS = "invalid_authorization_details"
    """RFC 9396 section 5."""
    INVALID_DPOP_PROOF = "invalid_dpop_proof"
    """RFC 9449 section 5."""
    UNSUPPORTED_TOKEN_TYPE = "unsupported_token_type"  # noqa: S105 a code, not a secret
    """RFC 7009 section 2.2.1."""


class OAuthError(AccessServiceError):
    """A request to an OAuth endpoint that is refused; nothing was issued and nothing changed.

    `message` is printable ASCII without quotes (RFC 6749 section 5.2) and never repeats a secret. `reason` is the
    code of the rule that said no, from `docs/reasons.md`, where it was a rule.
    """

    def __init__(self, code: OAuthCode, message: str, reason: Reason | Refusal | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.reason = reason
