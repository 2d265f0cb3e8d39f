"""What a client asks for when it sends a browser to `/oauth2/authorize`, and how the browser goes back.

Until client and address are known to belong together nobody is sent anywhere: the error is a page (RFC 6749 section
4.1.2.1). After that every answer goes to the registered address, with `state` as it came and `iss` (RFC 9207).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal
from urllib.parse import urlencode, urlsplit

from access_service.domain.errors import NotFoundError
from access_service.domain.org import Unit
from access_service.domain.powers import powerless
from access_service.domain.service_sign_in import OPENID, SCOPES, is_challenge
from access_service.domain.software import ACTIONS_BY_METHOD, Client, Software
from access_service.storage import accounts as stored
from access_service.storage import service_sign_ins as kept
from access_service.storage.facts import Reader
from access_service.storage.org import StoredOrg
from access_service.storage.software import client_by_id
from access_service.usecases.services import Caller, Services, look
from access_service.usecases.tokens.authorizing import CodeRequest, end_sign_in
from access_service.usecases.tokens.client_auth import CLIENT_ID
from access_service.usecases.tokens.oauth_errors import OAuthCode, OAuthError
from access_service.usecases.tokens.openid import HintedSignIn
from access_service.usecases.tokens.token_request import read_scope

KNOWN = frozenset(
    {
        *("response_type", "response_mode", "client_id", "redirect_uri", "scope", "state", "nonce", "prompt"),
        *("code_challenge", "code_challenge_method", "max_age", "resource", "id_token_hint"),
    }
)
"""What is read of a request; any other parameter is ignored (RFC 6749 section 3.1)."""
PROMPTS = frozenset({"none", "login", "consent", "select_account"})
LONGEST_STATE, LONGEST_NONCE = 2_048, 512
LONGEST_AGE_DIGITS = 9
DATA_SCOPES = frozenset[str]().union(*ACTIONS_BY_METHOD.values())
FRESH_FOR = timedelta(minutes=15)
"""How long somebody may take over signing in anew before they are asked again."""
NextStep = Literal["sign_in", "tell", "go"]


@dataclass(frozen=True, slots=True)
class SignInRequest:
    """A request whose client and address belong together."""

    client: str
    software: str
    """Its name."""
    unit: str
    """Name of the unit whose software it is."""
    redirect_uri: str
    state: str | None
    scope: frozenset[str] = frozenset()
    resources: tuple[str, ...] = ()
    nonce: str | None = None
    challenge: str = ""
    prompts: frozenset[str] = frozenset()
    max_age: int | None = None
    hint: str | None = None

    @property
    def place(self) -> str:
        """Whose page the person goes to, as a browser shows it."""
        return urlsplit(self.redirect_uri).netloc

    @property
    def wanted(self) -> CodeRequest:
        """What a code is asked for with."""
        return CodeRequest(self.client, self.redirect_uri, self.challenge, self.scope, self.resources, self.nonce)


class SentBackError(OAuthError):
    """A request that is refused at the client's own address."""

    def __init__(self, asked: SignInRequest, code: OAuthCode, message: str) -> None:
        super().__init__(code, message)
        self.asked = asked


def read_request(services: Services, pairs: Sequence[tuple[str, str]]) -> SignInRequest:
    """The request that these parameters make.

    Raises `OAuthError` where nobody may be sent back, `SentBackError` where the client hears it.
    """
    one: dict[str, str] = {}
    twice: set[str] = set()
    for name, value in pairs:
        if name in one:
            twice.add(name)
        one[name] = value
    given = {name: value for name, value in one.items() if value and (name in KNOWN or name.startswith("request"))}
    if twice & {"client_id", "redirect_uri"}:
        raise OAuthError(OAuthCode.INVALID_REQUEST, "client_id or redirect_uri stands twice")
    found = _known(services, given.get("client_id", ""), given.get("redirect_uri", ""))
    client, software, unit = found
    state = given.get("state")
    asked = SignInRequest(client.id, software.name, unit, given["redirect_uri"], state)
    if state is not None and ("state" in twice or len(state) > LONGEST_STATE or not _is_plain(state)):
        raise SentBackError(replace(asked, state=None), OAuthCode.INVALID_REQUEST, "state cannot be given back")
    # Each place of RFC 8707 would need a token of its own.
    if twice & (KNOWN | {"request", "request_uri"}):
        raise SentBackError(asked, OAuthCode.INVALID_REQUEST, "a parameter stands twice")
    return _read(asked, client, given)


def _known(services: Services, client_id: str, redirect_uri: str) -> tuple[Client, Software, str]:
    """The client with its software and unit, if it is in use and the address is exactly one of its own."""
    refused = OAuthError(OAuthCode.INVALID_REQUEST, "the client is unknown, or the address is not one of its own")
    if CLIENT_ID.fullmatch(client_id) is None:
        raise refused
    with services.db.connect() as connection:
        client = client_by_id(connection, client_id)
        if client is None or redirect_uri not in client.redirect_uris:
            raise refused
        now = services.db.now_in(connection, client.register)
        reader = Reader(connection, client.register)
        software = reader.get(Software, client.software)
        if software is None or not client.is_enabled(now) or now not in software.interval:
            raise refused
        unit: Unit | None = StoredOrg(reader).unit(software.unit)
    return client, software, "" if unit is None else unit.name


def _read(asked: SignInRequest, client: Client, given: Mapping[str, str]) -> SignInRequest:
    fault = next((found for found in _faults(client, given) if found is not None), None)
    if fault is not None:
        raise SentBackError(asked, *fault)
    resource, age = given.get("resource"), given.get("max_age")
    try:
        words = read_scope(given["scope"]) if "scope" in given else frozenset[str]()
    except OAuthError as error:
        raise SentBackError(asked, error.code, error.message) from error
    # What is not known is left out (OpenID Connect Core 1.0 section 3.1.2.1); the answer says what is left.
    scope = words & (frozenset(SCOPES) | (DATA_SCOPES if resource else frozenset()))
    if OPENID not in scope:
        scope -= frozenset(SCOPES)
    if OPENID not in scope and resource is None:
        raise SentBackError(asked, OAuthCode.INVALID_SCOPE, "the scope names openid, or there is a resource")
    return replace(
        asked,
        scope=scope,
        resources=() if resource is None else (resource,),
        nonce=given.get("nonce"),
        challenge=given["code_challenge"],
        prompts=frozenset(given.get("prompt", "").split()),
        max_age=None if age is None else int(age),
        hint=given.get("id_token_hint"),
    )


def _faults(client: Client, given: Mapping[str, str]) -> Iterator[tuple[OAuthCode, str] | None]:
    """What is wrong with a request, in the order in which it is said."""

    def fault(
        is_wrong: bool, message: str, code: OAuthCode = OAuthCode.INVALID_REQUEST
    ) -> tuple[OAuthCode, str] | None:
        return (code, message) if is_wrong else None

    for name, code in (
        ("request", OAuthCode.REQUEST_NOT_SUPPORTED),
        ("request_uri", OAuthCode.REQUEST_URI_NOT_SUPPORTED),
    ):
        yield fault(name in given, f"the parameter {name} is not supported", code)
    kind = given.get("response_type")
    yield fault(kind != "code", "response_type is code", OAuthCode.UNSUPPORTED_RESPONSE_TYPE)
    yield fault(given.get("response_mode", "query") != "query", "response_mode is query")
    is_bound = given.get("code_challenge_method") == "S256" and is_challenge(given.get("code_challenge", ""))
    yield fault(not is_bound, "code_challenge with code_challenge_method S256 is demanded")
    nonce, prompts = given.get("nonce", ""), frozenset(given.get("prompt", "").split())
    yield fault(len(nonce) > LONGEST_NONCE or not _is_plain(nonce), "nonce is too long, or no plain text")
    is_odd = not prompts <= PROMPTS or ("none" in prompts and len(prompts) > 1)
    yield fault(is_odd, "prompt is none, login, consent or select_account")
    age = given.get("max_age", "0")
    is_number = age.isascii() and age.isdigit() and len(age) <= LONGEST_AGE_DIGITS
    yield fault(not is_number, "max_age is a number of seconds")
    is_own = given.get("resource") in (None, client.resource)
    yield fault(not is_own, "the client is not registered for that resource", OAuthCode.INVALID_TARGET)


def _is_plain(text: str) -> bool:
    return text.isascii() and text.isprintable()


def next_step(services: Services, caller: Caller, asked: SignInRequest, *, since: datetime | None) -> NextStep:
    """What is to be done first for a person who has a session: sign in anew, be told, or nothing.

    `since` is when the request came here first, where the person was sent to sign in for it.
    """
    with look(services, caller) as seen:
        connection = seen.reader.connection
        session = stored.session_by_token(connection, caller.session)
        told = kept.told_scope(connection, caller.register, caller.account, asked.client)
    if session is None:
        return "sign_in"
    began, now = session.created_at, seen.now
    was_asked = since is not None and now - FRESH_FOR <= since <= now and began >= since
    is_old = asked.max_age is not None and now - began > timedelta(seconds=asked.max_age)
    if (asked.prompts & {"login", "select_account"} or is_old) and not was_asked:
        return "sign_in"
    is_told = _learned(asked) <= told
    return "go" if is_told and "consent" not in asked.prompts else "tell"


def _learned(asked: SignInRequest) -> frozenset[str]:
    """What the person is told: scopes, where they go, and that data is read in their name."""
    return asked.scope | {f"at:{asked.place}"} | {f"resource:{place}" for place in asked.resources}


@powerless("it remembers what the caller was told of a service")
def agree_to_service(services: Services, caller: Caller, asked: SignInRequest) -> None:
    """The person was told what the service learns, and goes on; they are not asked again for the same."""
    with services.db.aside() as connection:
        now = services.db.now_in(connection, caller.register)
        kept.keep_told(connection, caller.register, caller.account, asked.client, _learned(asked), now)


def answer_address(asked: SignInRequest, issuer: str, **answer: str) -> str:
    """Where the browser goes: the registered address with the answer, `state` and `iss`."""
    said = {**answer, **({} if asked.state is None else {"state": asked.state}), "iss": issuer}
    mark = "&" if "?" in asked.redirect_uri else "?"
    return f"{asked.redirect_uri}{mark}{urlencode(said)}"


def refusal_address(error: SentBackError, issuer: str) -> str:
    """The same for an error."""
    return answer_address(error.asked, issuer, error=str(error.code), error_description=error.message)


@dataclass(frozen=True, slots=True)
class SignOutRequest:
    """Who signs out where, as far as it is known."""

    software: str | None
    """Name of the software that asks for it."""
    back: str | None
    """Where to go afterwards: a registered address, with `state`."""
    is_own: bool
    """The ID token that came along is of the session that the browser has, or there is none to end."""


def read_sign_out(
    services: Services,
    caller: Caller | None,
    hint: HintedSignIn | None,
    client_id: str | None,
    back: str | None,
    state: str | None,
) -> SignOutRequest:
    """What a client asks for that sends somebody to sign out (OpenID Connect RP-Initiated Logout 1.0).

    Nobody is sent anywhere but to an address that is registered for whoever the hint or `client_id` names.
    """
    named = client_id if hint is None else hint.client
    if named is None or (client_id is not None and client_id != named) or CLIENT_ID.fullmatch(named) is None:
        return SignOutRequest(None, None, is_own=caller is None)
    with services.db.connect() as connection:
        client = client_by_id(connection, named)
        software = None if client is None else Reader(connection, client.register).get(Software, client.software)
        sign_in = None if hint is None else kept.sign_in_by_id(connection, hint.sign_in)
    if client is None or client.disabled_at is not None:
        return SignOutRequest(None, None, is_own=caller is None)
    is_own = sign_in is not None and sign_in.audience == client.id
    is_own = caller is None or (is_own and sign_in is not None and sign_in.parent == caller.session)
    goes = back if back is not None and back in client.post_logout_uris else None
    if goes is not None and state is not None and len(state) <= LONGEST_STATE and _is_plain(state):
        goes += ("&" if "?" in goes else "?") + urlencode({"state": state})
    return SignOutRequest(None if software is None else software.name, goes, is_own=is_own)


def end_hinted(services: Services, hint: HintedSignIn) -> None:
    """End what a client was given, at its own word: it holds the ID token of it."""
    with services.db.connect() as connection:
        found = kept.sign_in_by_id(connection, hint.sign_in)
    if found is not None and found.audience == hint.client:
        end_sign_in(services, found.id, because="logout")


def service_named(services: Services, pairs: Sequence[tuple[str, str]]) -> SignInRequest | None:
    """For which service somebody is to sign in, if these parameters ask for one."""
    try:
        return read_request(services, pairs)
    except (OAuthError, NotFoundError):
        return None
