"""`docs/tokens.md` says what the code does: codes, claims, members of a box, limits."""

import re
from dataclasses import fields
from pathlib import Path

from access_service.domain.tokens import CLIENT_ALGORITHMS, AccessDetail, Claims, TokenFault
from access_service.signing import client_keys, dpop, keyring, token_claims, tokens

PAGE = (Path(__file__).parents[2] / "docs" / "tokens.md").read_text(encoding="utf-8")


def section(title: str) -> str:
    return re.split(r"^#+ ", PAGE.split(f"# {title}\n", 1)[1], maxsplit=1, flags=re.MULTILINE)[0]


def first_cells(title: str) -> set[str]:
    """The words in backticks in the first column of a section's table."""
    rows = [line.split("|")[1] for line in section(title).splitlines() if line.startswith("| `")]
    return {word for row in rows for word in re.findall(r"`([^`]+)`", row)}


def test_every_code_is_listed_in_order_with_what_it_means() -> None:
    listed = re.findall(r"^\| `(\w+)` \| [A-Z].+\. \|$", section("Checking a token"), re.MULTILINE)
    assert listed == sorted(TokenFault)


def test_every_claim_is_listed() -> None:
    on_the_wire = {"details": "authorization_details", "jkt": "cnf"}
    assert first_cells("An access token") == {on_the_wire.get(f.name, f.name) for f in fields(Claims)}


def test_every_member_of_a_box_is_listed() -> None:
    assert first_cells("One box of data") == {"type"} | {f.name for f in fields(AccessDetail)}


def test_every_state_of_a_key_is_listed() -> None:
    assert first_cells("Keys") == set(keyring.KeyState)


def test_the_limits_are_those_of_the_code() -> None:
    flat = " ".join(PAGE.split())
    for said in (
        f"at most {tokens.LONGEST_TOKEN:,} characters",
        f'`typ: "{tokens.ACCESS_TOKEN}"`',
        f"At most {token_claims.MOST_DETAILS} boxes, {token_claims.MOST_VALUES} values on an axis",
        f"at most {token_claims.MOST_ACTORS} |",
        f"a JWK set of 1 to {client_keys.MOST_KEYS} public keys",
        f"RSA of {client_keys.RSA_BITS.start:,} to {client_keys.NEW_RSA_BITS:,} bits",
        f"a set at most {client_keys.NEW_SET_BITS:,} together",
        f"those registered earlier count up to {client_keys.RSA_BITS.stop - 1:,} each",
        f"the exponent {client_keys.RSA_EXPONENT}",
        f"a JWT of the type `{dpop.DPOP_PROOF}`",
        f"for {dpop.PROOF_S} seconds after `iat`",
    ):
        assert said in flat
    assert (*(300, 30, 30, 3600),) == (
        client_keys.ASSERTION_S,
        client_keys.AHEAD_S,
        dpop.AHEAD_S,
        token_claims.LONGEST_TOKEN_S,
    )
    named = {"ES256", "EdDSA", "Ed25519", "PS256", "RS256"}
    assert set(CLIENT_ALGORITHMS) == named <= first_words(section("What clients bring"))


def first_words(text: str) -> set[str]:
    return set(re.findall(r"`([^`]+)`", text))
