"""Answers of the OAuth endpoints, and how `/openapi.json` describes them."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from access_service.api.http.described import components_of
from access_service.api.http.errors import PROBLEM_JSON, Problem
from access_service.api.http.openapi import reference
from access_service.domain.tokens import CLIENT_ALGORITHMS

Struct = msgspec.Struct


class TokenAnswer(Struct, omit_defaults=True):
    """RFC 6749 section 5.1, with the members of RFC 9396 section 7 and RFC 8693 section 2.2."""

    access_token: str
    token_type: str
    expires_in: int
    scope: str
    authorization_details: list[dict[str, Any]] | None = None
    issued_token_type: str | None = None
    id_token: str | None = None
    """Where a person signed in with the scope `openid` (OpenID Connect Core 1.0 section 3.1.3.3)."""
    refresh_token: str | None = None
    """Good once."""


class PositionOut(Struct):
    """One duty of a person."""

    unit: str
    unit_name: str
    position: str
    title: str


class UserInfo(Struct, omit_defaults=True):
    """OpenID Connect Core 1.0 section 5.3.2; name and user name with the scope `profile`."""

    sub: str
    positions: list[PositionOut]
    unit: str | None = None
    unit_name: str | None = None
    name: str | None = None
    preferred_username: str | None = None


class OAuthProblem(Struct, omit_defaults=True):
    """RFC 6749 section 5.2; `reason` is the rule's own code, where a rule said no.

    `vi` and `en` are a sentence for people: the reason's, or the error's where there is no reason.
    """

    error: str
    error_description: str
    reason: str | None = None
    vi: str | None = None
    en: str | None = None


class Introspected(Struct, omit_defaults=True):
    """RFC 7662 section 2.2: with `active` true, every claim of the token beside it."""

    active: bool
    token_type: str | None = None
    iss: str | None = None
    sub: str | None = None
    aud: str | None = None
    client_id: str | None = None
    iat: int | None = None
    exp: int | None = None
    jti: str | None = None
    scope: str | None = None
    authorization_details: list[dict[str, Any]] | None = None
    act: dict[str, Any] | None = None
    cnf: dict[str, str] | None = None
    register: str | None = None
    revision: str | None = None
    policy: list[str] | None = None
    grants: list[str] | None = None
    documents: list[str] | None = None


class ServerMetadata(Struct):
    """RFC 8414 section 2, and OpenID Connect Discovery 1.0 section 3: one document at both addresses."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    userinfo_endpoint: str
    end_session_endpoint: str
    jwks_uri: str
    introspection_endpoint: str
    revocation_endpoint: str
    revocation_list_endpoint: str
    """Ours: see docs/tokens.md."""
    grant_types_supported: Sequence[str]
    token_endpoint_auth_methods_supported: Sequence[str]
    introspection_endpoint_auth_methods_supported: Sequence[str]
    revocation_endpoint_auth_methods_supported: Sequence[str]
    authorization_details_types_supported: Sequence[str]
    id_token_signing_alg_values_supported: Sequence[str]
    acr_values_supported: Sequence[str]
    claims_supported: Sequence[str]
    scopes_supported: Sequence[str] = (
        *("openid", "profile"),
        *("evaluate", "search", "explain", "introspect", "read", "export"),
    )
    response_types_supported: Sequence[str] = ("code",)
    response_modes_supported: Sequence[str] = ("query",)
    subject_types_supported: Sequence[str] = ("public",)
    code_challenge_methods_supported: Sequence[str] = ("S256",)
    prompt_values_supported: Sequence[str] = ("none", "login", "consent", "select_account")
    authorization_response_iss_parameter_supported: bool = True
    claims_parameter_supported: bool = False
    request_parameter_supported: bool = False
    request_uri_parameter_supported: bool = False
    ui_locales_supported: Sequence[str] = ("vi", "en")
    token_endpoint_auth_signing_alg_values_supported: Sequence[str] = CLIENT_ALGORITHMS
    introspection_endpoint_auth_signing_alg_values_supported: Sequence[str] = CLIENT_ALGORITHMS
    revocation_endpoint_auth_signing_alg_values_supported: Sequence[str] = CLIENT_ALGORITHMS
    dpop_signing_alg_values_supported: Sequence[str] = CLIENT_ALGORITHMS


class KeySet(Struct):
    """RFC 7517 section 5."""

    keys: list[dict[str, str]]


class RevocationsOut(Struct):
    """What was taken back.

    A token is over when its `jti` is listed, or begins with one that is listed and a full stop; when it was issued
    before the instant of its subject or of an actor; or before `all_before`.
    """

    as_of: float
    poll_s: int
    tokens: Sequence[str]
    subjects: Mapping[str, float]
    all_before: float | None
    register: str
    """Whose list it is; of a token of another register it says nothing."""


def answer(description: str, type_: type[Struct]) -> dict[str, Any]:
    """A JSON response of that type."""
    return {"description": description, "content": {"application/json": {"schema": reference(type_)}}}


DESCRIBED: dict[int | str, dict[str, Any]] = {
    400: answer("Refused; `error` says why.", OAuthProblem),
    401: answer("The client was not authenticated.", OAuthProblem),
    503: answer("The service cannot answer now.", OAuthProblem),
}
UNAVAILABLE: dict[int | str, dict[str, Any]] = {
    503: {
        "description": "The service cannot answer now.",
        "content": {PROBLEM_JSON: {"schema": reference(Problem)}},
    }
}
COMPONENTS = components_of(
    (TokenAnswer, PositionOut, UserInfo, OAuthProblem, Introspected, ServerMetadata, KeySet, RevocationsOut)
)
_CLIENT = ("client_id", "client_secret", "client_assertion_type", "client_assertion")


def form_body(required: str, *others: str) -> dict[str, Any]:
    """How a form is described: its first parameter is required, the client's own stand in every one."""
    names = (required, *others, *_CLIENT)
    schema = {"type": "object", "required": [required], "properties": {n: {"type": "string"} for n in names}}
    return {
        "requestBody": {"required": True, "content": {"application/x-www-form-urlencoded": {"schema": schema}}},
        "security": [{"client": []}, {}],
    }
