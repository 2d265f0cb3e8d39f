"""What the OAuth endpoints refuse, in the words of the standards; `api.oauth` knows their status and form."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from access_service.domain.errors import AccessServiceError
from access_service.domain.reasons import Reason, Refusal
from access_service.domain.text import REASON_TEXT, REFUSAL_TEXT, Text


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
    UNSUPPORTED_RESPONSE_TYPE = "unsupported_response_type"
    ACCESS_DENIED = "access_denied"
    """RFC 6749 section 4.1.2.1."""
    LOGIN_REQUIRED = "login_required"
    INTERACTION_REQUIRED = "interaction_required"
    REQUEST_NOT_SUPPORTED = "request_not_supported"
    REQUEST_URI_NOT_SUPPORTED = "request_uri_not_supported"
    """OpenID Connect Core 1.0 section 3.1.2.6."""
    INVALID_TOKEN = "invalid_token"  # noqa: S105 a code, not a secret
    """RFC 6750 section 3.1."""


OAUTH_TEXT: Mapping[OAuthCode, Text] = MappingProxyType(
    {
        OAuthCode.INVALID_REQUEST: Text(
            "Không đọc được yêu cầu về mã truy cập", "The request about a token cannot be read"
        ),
        OAuthCode.INVALID_CLIENT: Text(
            "Phần mềm gọi đến không được chấp nhận: mã, khoá bí mật hoặc chữ ký không đúng, hoặc đã bị ngừng",
            "The client is not let in: its id, secret or signature is wrong, or it was stopped",
        ),
        OAuthCode.INVALID_GRANT: Text(
            "Phiên hoặc mã đưa đổi không còn hiệu lực, hoặc không dành cho phần mềm này",
            "What was brought for exchange does not hold, or was not meant for this client",
        ),
        OAuthCode.UNAUTHORIZED_CLIENT: Text(
            "Phần mềm không được nhận mã truy cập theo cách này", "The client may not ask for this in this way"
        ),
        OAuthCode.UNSUPPORTED_GRANT_TYPE: Text(
            "Cách cấp mã truy cập này không được hỗ trợ", "This way of asking for a token is not supported"
        ),
        OAuthCode.INVALID_SCOPE: Text(
            "Phạm vi được yêu cầu không thuộc phần mềm này", "The scope that was asked for is not this client's"
        ),
        OAuthCode.INVALID_TARGET: Text(
            "Địa chỉ dịch vụ nêu trong yêu cầu không thuộc phần mềm này hoặc chưa được duyệt",
            "The address that the token was asked for is not this client's, or is not approved",
        ),
        OAuthCode.INVALID_AUTHORIZATION_DETAILS: Text(
            "Phạm vi dữ liệu nêu trong yêu cầu không dùng được", "The authorization details cannot be used"
        ),
        OAuthCode.INVALID_DPOP_PROOF: Text(
            "Bằng chứng về khoá (DPoP) không dùng được", "The proof of the key (DPoP) cannot be used"
        ),
        OAuthCode.UNSUPPORTED_TOKEN_TYPE: Text(
            "Loại mã này không được hỗ trợ", "This kind of token is not supported"
        ),
        OAuthCode.UNSUPPORTED_RESPONSE_TYPE: Text(
            "Cách trả lời này không được hỗ trợ; chỉ trả mã một lần",
            "This response type is not supported; only codes are given",
        ),
        OAuthCode.ACCESS_DENIED: Text(
            "Người dùng không đăng nhập vào dịch vụ này, hoặc không được phép",
            "The person does not sign in to this service, or may not",
        ),
        OAuthCode.LOGIN_REQUIRED: Text("Cần đăng nhập", "Somebody has to sign in"),
        OAuthCode.INTERACTION_REQUIRED: Text(
            "Cần người dùng xem trang đăng nhập vào dịch vụ", "The person has to see the sign-in page"
        ),
        OAuthCode.REQUEST_NOT_SUPPORTED: Text(
            "Tham số request không được hỗ trợ", "The parameter request is not supported"
        ),
        OAuthCode.REQUEST_URI_NOT_SUPPORTED: Text(
            "Tham số request_uri không được hỗ trợ", "The parameter request_uri is not supported"
        ),
        OAuthCode.INVALID_TOKEN: Text(
            "Mã truy cập không còn hiệu lực hoặc không dùng được ở đây",
            "The access token does not hold, or not here",
        ),
    }
)
"""What a person reads for each code; docs/reasons.md repeats these sentences."""


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

    @property
    def text(self) -> Text:
        """The sentence of the rule that said no; of the code where there was none."""
        if isinstance(self.reason, Reason):
            return REASON_TEXT[self.reason]
        return OAUTH_TEXT[self.code] if self.reason is None else REFUSAL_TEXT[self.reason]
