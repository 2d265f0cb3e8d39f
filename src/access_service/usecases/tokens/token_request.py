"""What a client asks for in the words of the standards, read as strictly as what a token says."""

from access_service.domain.tokens import AccessDetail, TokenError, TokenFault
from access_service.signing.token_claims import details_from_wire, scope_from_wire
from access_service.usecases.tokens.oauth_errors import OAuthCode, OAuthError


def read_scope(text: str) -> frozenset[str]:
    """`scope` (RFC 6749 section 3.3) as words; `invalid_scope` for everything else."""
    try:
        return scope_from_wire(text)
    except TokenError:
        raise OAuthError(
            OAuthCode.INVALID_SCOPE, "the scope is no list of words with one space between two"
        ) from None


def read_details(value: object) -> tuple[AccessDetail, ...]:
    """`authorization_details` (RFC 9396 section 2) as boxes.

    Raises `TokenError`, for a detail that names the grant it rests on, too: a token says that; asked for, it would
    be passed over.
    """
    details = details_from_wire(value)
    if any(detail.grant is not None for detail in details):
        raise TokenError(
            TokenFault.INVALID_CLAIMS, "`grant` cannot be asked for: leave it out of authorization_details"
        )
    return details
