"""Attacks by what a token says, under a signature that is right."""

import json
from collections.abc import Iterator
from typing import Any

from attacks.jose_scene import Scene, attack, attackers_jwk, compact_json

# -- time


WRONG_INSTANTS: tuple[object, ...] = (
    *(None, "", "0", "9999999999", True, False, [], {}, [9999999999], -1, -(10**18), 0.5, 1e300, -1e300),
    *(10**12, 2**63, 10**400),
)


@attack("time")
def the_end_is_missing_or_no_whole_second(scene: Scene) -> Iterator[object]:
    end = scene.claims["exp"]
    for value in (..., *WRONG_INSTANTS, float(end), end + 0.5, str(end)):
        yield scene.forged(exp=value)
    for text in ("NaN", "Infinity", "-Infinity", "1e400", "1e9999999", "9" * 5000):
        yield scene.signed_raw(
            compact_json(scene.header), compact_json(scene.claims | {"exp": "@"}).replace('"@"', text)
        )


@attack("time")
def the_beginning_is_missing_or_no_whole_second(scene: Scene) -> Iterator[object]:
    start = scene.claims["iat"]
    for value in (..., *WRONG_INSTANTS, float(start), start + 0.5, str(start)):
        yield scene.forged(iat=value)


@attack("time")
def not_before_is_later_or_no_whole_second(scene: Scene) -> Iterator[object]:
    for value in (*WRONG_INSTANTS, scene.now + 0.5, str(scene.now), scene.now + 3600):
        yield scene.forged(nbf=value)


@attack("time")
def the_token_is_over_or_of_the_future(scene: Scene) -> Iterator[object]:
    yield scene.forged(iat=scene.now - 300, exp=scene.now - 1)
    yield scene.forged(iat=scene.now - 300, exp=scene.now)
    yield scene.forged(iat=scene.now + 3600, exp=scene.now + 3700)
    yield scene.forged(exp=scene.claims["iat"])
    yield scene.forged(exp=scene.claims["iat"] - 1)


@attack("time")
def the_token_lives_for_ever(scene: Scene) -> Iterator[object]:
    yield scene.forged(exp=scene.now + 10 * 365 * 86400)
    yield scene.forged(iat=0, exp=scene.now + 60)


# -- for whom and by whom


@attack("audience")
def the_audience_is_missing_or_another(scene: Scene) -> Iterator[object]:
    aud = scene.claims["aud"]
    for value in (..., None, "", " ", [], [""], {}, {aud: 1}, 0, True, "https://other.example.vn", [None], [[aud]]):
        yield scene.forged(aud=value)


@attack("audience")
def the_audience_is_ours_and_anothers(scene: Scene) -> Iterator[object]:
    aud = scene.claims["aud"]
    for value in (
        [aud, "https://other.example.vn"],
        ["https://other.example.vn", aud],
        [aud, aud],
        [aud, 1],
        [aud, ""],
    ):
        yield scene.forged(aud=value)


@attack("audience")
def the_audience_is_nearly_ours(scene: Scene) -> Iterator[object]:
    aud = scene.claims["aud"]
    for value in (
        aud[:-1],
        aud[1:],
        aud + "/",
        aud + "x",
        aud.upper(),
        f" {aud}",
        f"{aud} ",
        aud + "\0",
        f"{aud},x",
        f"{aud} {aud}",
    ):
        yield scene.forged(aud=value)


@attack("issuer")
def the_issuer_is_missing_or_nearly_ours(scene: Scene) -> Iterator[object]:
    iss = scene.claims["iss"]
    near = (
        iss + "/",
        iss.upper(),
        iss.title(),
        iss[:-1],
        iss + "x",
        f" {iss}",
        iss + "\0",
        iss + "?",
        iss + ".evil.example",
    )
    for value in (..., None, "", [], [iss], [iss, "x"], {}, 0, True, "https://other.example.vn", *near):
        yield scene.forged(iss=value)


@attack("kind")
def a_token_of_another_kind(scene: Scene) -> Iterator[object]:
    """Signed by the same issuer for another purpose (RFC 8725 section 3.11)."""
    kinds = ("at+jwt", "JWT", "jwt", "dpop+jwt", "logout+jwt", "secevent+jwt", "client-authentication+jwt", "JOSE")
    near = (f"{scene.typ}2", f"x{scene.typ}", f" {scene.typ}", f"{scene.typ} ", [scene.typ], {scene.typ: 1})
    for typ in (..., None, "", *kinds, *near, "id_token", 0, True):
        if typ != scene.typ:
            yield scene.forged({"typ": typ})


@attack("scope")
def the_scope_is_no_list_of_words(scene: Scene) -> Iterator[object]:
    texts = (
        '"evaluate"',
        "evaluate\\",
        "evaluate,search",
        "a\nb",
        "a\tb",
        " a",
        "a ",
        "a  b",
        "a\u00a0b",
        "\u0000",
        "é",
    )
    for value in (None, [], ["evaluate"], {}, {"evaluate": True}, 0, True, "", *(t for t in texts if "," not in t)):
        yield scene.signed_raw(compact_json(scene.header), json.dumps(scene.claims | {"scope": value}))


@attack("claims")
def a_claim_that_is_required_is_missing_or_no_text(scene: Scene) -> Iterator[object]:
    for name in ("sub", "client_id", "jti", "register", "revision"):
        for value in (..., None, "", 0, True, [], ["x"], {}, {"x": 1}, "x" * 5000):
            yield scene.forged(**{name: value})
    for name in ("policy", "grants", "documents"):
        for value in (..., None, "x", 0, True, {}, [0], [None], [["x"]], [""]):
            yield scene.forged(**{name: value})


@attack("claims")
def the_details_are_not_what_they_must_be(scene: Scene) -> Iterator[object]:
    """A right that was narrowed by a member that is passed over would be a wider right."""
    good = scene.claims["authorization_details"][0]
    for value in (None, {}, good, "x", 0, True, [], [None], ["x"], [[good]], [good] * 1000):
        yield scene.forged(authorization_details=value)
    changes: tuple[dict[str, Any], ...] = (
        *({"type": t} for t in (..., None, "", "other", ["education_data"], 1)),
        *({"unit": u} for u in (..., None, "", 1, [], ["00031"], {})),
        *(
            {axis: v}
            for axis in ("classes", "levels", "subjects", "grades")
            for v in (None, [], "x", {}, [1], [""])
        ),
        *({axis: v} for axis in ("categories", "actions") for v in (..., None, [], "x", "*", {}, [1], [None])),
        *({"school_year": y} for y in (None, "", 1, [], ["2026-2027"])),
        *({"grant": g} for g in (None, "", 1, [])),
        *({name: "x"} for name in ("except", "not_after", "Unit", "")),
    )
    for change in changes:
        item = {k: v for k, v in (good | change).items() if v is not ...}
        yield scene.forged(authorization_details=[item])
        yield scene.forged(authorization_details=[good, item])


@attack("claims")
def who_acts_is_no_chain(scene: Scene) -> Iterator[object]:
    deep: dict[str, Any] = {"sub": "acc_x"}
    for _ in range(50):
        deep = {"sub": "acc_x", "act": deep}
    for value in (
        None,
        "acc_x",
        [],
        {},
        {"sub": None},
        {"sub": ""},
        {"sub": 1},
        {"act": {"sub": "x"}},
        {"sub": "x", "act": None},
        deep,
    ):
        yield scene.forged(act=value)


@attack("claims")
def the_confirmation_is_one_that_nobody_checks(scene: Scene) -> Iterator[object]:
    """A bound token whose binding is passed over would be a bearer token."""
    for value in (
        None,
        "x",
        [],
        {},
        {"jkt": None},
        {"jkt": ""},
        {"jkt": 1},
        {"jkt": ["x"]},
        {"x5t#S256": "x"},
        {"jwk": attackers_jwk(scene)},
        {"jkt": "x", "kid": "y"},
    ):
        yield scene.forged(cnf=value)
