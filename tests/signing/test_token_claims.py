"""Access tokens say exactly what was claimed, and nothing is issued that no verifier would take."""

import ast
import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from access_service.domain.names import UnitId
from access_service.domain.tokens import AccessDetail, Actor, Claims, TokenError, TokenFault
from access_service.signing.keyring import Keyring
from access_service.signing.token_claims import (
    MOST_ACTORS,
    MOST_DETAILS,
    actor_to_wire,
    claims_from_wire,
    claims_to_wire,
    details_from_wire,
    scope_from_wire,
    scope_to_wire,
)
from access_service.signing.tokens import TokenSigner, TokenVerifier

START = 1_790_000_000
NOW = datetime.fromtimestamp(START, UTC)
ISSUER, AUDIENCE = "https://phanquyen.example.vn", "https://sodiem.example.vn"

words = st.text(st.characters(categories=("L", "N"), max_codepoint=0x1EF9), min_size=1, max_size=12)
ids = st.from_regex(r"[a-z]{3}_[0-9a-f]{4,20}", fullmatch=True)
sets = st.frozensets(words, min_size=1, max_size=3)
details = st.builds(
    AccessDetail,
    unit=words.map(UnitId),
    levels=st.none() | sets,
    classes=st.none() | sets,
    subjects=st.none() | sets,
    categories=sets,
    actions=sets,
    school_year=st.none() | st.just("2026-2027"),
    grant=st.none() | ids,
    grades=st.none() | sets,
)
actors = st.recursive(st.builds(Actor, ids), lambda inner: st.builds(Actor, ids, inner), max_leaves=3)
claims = st.builds(
    Claims,
    iss=st.just(ISSUER),
    sub=ids,
    aud=st.just((AUDIENCE,)),
    client_id=ids,
    iat=st.just(START),
    exp=st.integers(START + 1, START + 3600),
    jti=words,
    scope=st.frozensets(st.sampled_from(["evaluate", "search", "student:read"])),
    details=st.lists(details, max_size=3).map(tuple),
    register=words,
    revision=st.just("r1z"),
    policy=st.lists(st.just("ab" * 32), max_size=2).map(tuple),
    grants=st.lists(ids, max_size=3).map(tuple),
    documents=st.lists(ids, max_size=3).map(tuple),
    act=st.none() | actors,
    jkt=st.none() | st.just("A" * 43),
)
PLAIN = Claims(
    *(ISSUER, "acc_a", (AUDIENCE,), "cli_a", START, START + 300, "one", frozenset({"evaluate"}), ()),
    *("thu", "r1z", ("ab" * 32,), (), ()),
)
DETAIL = AccessDetail(
    *(UnitId("0003101"), None, None, None, frozenset({"STU-ACA"}), frozenset({"read"}), None, None)
)


@pytest.fixture(scope="module", params=["ES256", "EdDSA"])
def keyring(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Keyring:
    folder: Path = tmp_path_factory.mktemp("keys") / "tokens"
    return Keyring(folder, algorithm=request.param, overlap_s=3600, now=NOW)


@given(claims)
def test_what_is_written_is_read_back(said: Claims) -> None:
    assert claims_from_wire(json.loads(json.dumps(claims_to_wire(said)))) == said


@given(said=claims)
def test_what_was_issued_verifies_as_it_was_claimed(keyring: Keyring, said: Claims) -> None:
    token = TokenSigner(keyring).issue(said)
    verifier = TokenVerifier(keyring.public_keys, ISSUER)
    assert verifier.verify(token, AUDIENCE, NOW) == verifier.verify(token, AUDIENCE, NOW) == said


def test_a_token_stands_on_the_wire_as_the_standards_say(keyring: Keyring) -> None:
    """RFC 9068 section 2.2, RFC 9396 section 9.1, RFC 8693 section 4.1, RFC 9449 section 6.1."""
    detail = replace(DETAIL, classes=frozenset({"b", "a"}), school_year="2026-2027", grant="grt_a")
    said = replace(
        PLAIN,
        scope=frozenset({"search", "evaluate"}),
        details=(detail,),
        act=Actor("acc_b", Actor("acc_c")),
        jkt="A" * 43,
    )
    token = TokenSigner(keyring).issue(said)
    key = keyring.signing_key(NOW)
    assert jwt.get_unverified_header(token) == {"alg": key.algorithm, "kid": key.kid, "typ": "at+jwt"}
    assert json.loads(
        jwt.api_jws.PyJWS().decode_complete(token, options={"verify_signature": False})["payload"]
    ) == {
        "iss": ISSUER,
        "sub": "acc_a",
        "aud": AUDIENCE,
        "client_id": "cli_a",
        "iat": START,
        "exp": START + 300,
        "jti": "one",
        "scope": "evaluate search",
        "authorization_details": [
            {
                "type": "education_data",
                "unit": "0003101",
                "classes": ["a", "b"],
                "categories": ["STU-ACA"],
                "actions": ["read"],
                "school_year": "2026-2027",
                "grant": "grt_a",
            }
        ],
        "register": "thu",
        "revision": "r1z",
        "policy": ["ab" * 32],
        "grants": [],
        "documents": [],
        "act": {"sub": "acc_b", "act": {"sub": "acc_c"}},
        "cnf": {"jkt": "A" * 43},
    }


def test_a_plain_token_has_no_empty_members() -> None:
    assert (
        not {"scope", "authorization_details", "act", "cnf"}
        & claims_to_wire(replace(PLAIN, scope=frozenset())).keys()
    )


def chain(length: int) -> Actor:
    actor = Actor("acc_0")
    for number in range(1, length):
        actor = Actor(f"acc_{number}", actor)
    return actor


@pytest.mark.parametrize(
    ("claims", "code"),
    [
        (replace(PLAIN, aud=()), TokenFault.INVALID_CLAIMS),
        (replace(PLAIN, aud=(AUDIENCE, ISSUER)), TokenFault.INVALID_CLAIMS),
        (replace(PLAIN, exp=START), TokenFault.INVALID_CLAIMS),
        (replace(PLAIN, exp=START + 3601), TokenFault.INVALID_CLAIMS),
        (replace(PLAIN, details=(DETAIL,) * (MOST_DETAILS + 1)), TokenFault.INVALID_CLAIMS),
        (replace(PLAIN, act=chain(MOST_ACTORS + 1)), TokenFault.INVALID_CLAIMS),
        (replace(PLAIN, grants=tuple(f"grt_{n:020}" for n in range(511))), TokenFault.TOO_LONG),
    ],
)
def test_what_no_verifier_would_take_is_not_issued(keyring: Keyring, claims: Claims, code: TokenFault) -> None:
    with pytest.raises(TokenError) as caught:
        TokenSigner(keyring).issue(claims)
    assert caught.value.code is code


def test_a_chain_as_long_as_is_allowed_is_read_back() -> None:
    said = replace(PLAIN, act=chain(MOST_ACTORS))
    assert claims_from_wire(claims_to_wire(said)) == said
    with pytest.raises(TokenError):
        claims_from_wire(claims_to_wire(PLAIN) | {"act": {"sub": "x", "act": actor_to_wire(chain(MOST_ACTORS))}})


def test_a_request_may_leave_out_what_it_does_not_narrow() -> None:
    asked = [{"type": "education_data", "unit": "0003101", "categories": ["STU-ACA"], "actions": ["read"]}]
    assert details_from_wire(asked) == (DETAIL,)


@pytest.mark.parametrize("scope", [{"a"}, {"student:read", "evaluate", "x" * 100}])
def test_a_scope_is_words_in_order(scope: set[str]) -> None:
    assert scope_from_wire(scope_to_wire(frozenset(scope))) == scope


@pytest.mark.parametrize("value", ["a a", "a  b", " ", "a\x7f", 'a "b"', "x" * 1025, b"a", None])
def test_anything_else_is_no_scope(value: Any) -> None:
    with pytest.raises(TokenError):
        scope_from_wire(value)


def test_nothing_of_pyjwt_is_used_that_it_does_not_document() -> None:
    """Its private members change with any minor version, and a verifier that rests on them breaks open or shut."""
    for path in (Path(__file__).parents[2] / "src").rglob("*.py"):
        tree = ast.parse(path.read_text("utf-8"))
        imported = {
            name.asname or name.name.split(".")[0]
            for node in ast.walk(tree)
            if (isinstance(node, ast.Import) and any(n.name.split(".")[0] == "jwt" for n in node.names))
            or (isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "jwt")
            for name in node.names
        }
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "jwt":
                assert not any(name.name.startswith("_") for name in node.names), path
            if isinstance(node, ast.ClassDef):
                roots = {ast.unparse(base).split(".")[0] for base in node.bases}
                assert not roots & (imported - {"PyJWTError"}), (path, node.name)
            if isinstance(node, ast.Attribute) and ast.unparse(node.value).split(".")[0] in imported:
                assert not node.attr.startswith("_"), (path, ast.unparse(node))
