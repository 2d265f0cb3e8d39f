"""Tokens, in one process: what issuing and verifying cost beside the signature check that nobody can leave out.

    PYTHONPATH=src python benchmarks/tokens.py [--json]

Every figure is the median of rounds that take turns, so that a machine that is slow for a moment is slow for all.
`bare` is `cryptography` alone over the same bytes, hash included: the DER signature is there, the key is loaded.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from secrets import token_urlsafe
from typing import Any

import jwt
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from access_service.domain.names import UnitId
from access_service.domain.tokens import AccessDetail, Actor, Claims
from access_service.signing.jose import decode
from access_service.signing.keyring import Keyring
from access_service.signing.tokens import TokenSigner, TokenVerifier
from access_service.usecases.services import system_clock

ISSUER, AUDIENCE = "https://phanquyen.example.vn", "https://sodiem.example.vn"
ROUNDS, CALLS = 41, 50
WIDE = 20
"""Boxes in the token of a busy teacher; one in the other's."""


def claims(boxes: int) -> Claims:
    """What a service holds that acts for a teacher."""
    now = int(system_clock().timestamp())
    details = tuple(
        AccessDetail(
            unit=UnitId("0003101"),
            levels=None,
            classes=frozenset({f"0003101:2026-2027:{6 + n % 4}{chr(65 + n // 4)}"}),
            subjects=frozenset({"toan"}) if n else None,
            categories=frozenset({"STU-ACA", "STU-PRO"}),
            actions=frozenset({"read", "write"}),
            school_year="2026-2027",
            grant=f"grt_{n:020x}",
        )
        for n in range(boxes)
    )
    return Claims(
        iss=ISSUER,
        sub="acc_" + "a" * 20,
        aud=(AUDIENCE,),
        client_id="cli_" + "c" * 20,
        iat=now,
        exp=now + 300,
        jti=token_urlsafe(16),
        scope=frozenset({"student:read", "student:write"}),
        details=details,
        register="hai-phong",
        revision="r1z",
        policy=("ab" * 32,),
        grants=tuple(str(detail.grant) for detail in details),
        documents=("doc_" + "d" * 20, "doc_" + "e" * 20),
        act=Actor("acc_" + "b" * 20),
    )


def bare_check(token: str, key: Any) -> Callable[[], object]:
    """The signature check alone."""
    said, _, last = token.rpartition(".")
    message, raw = said.encode(), decode(last)
    if isinstance(key, Ed25519PublicKey):
        return lambda: key.verify(raw, message)
    if not isinstance(key, EllipticCurvePublicKey):
        raise TypeError
    der = encode_dss_signature(int.from_bytes(raw[:32]), int.from_bytes(raw[32:]))
    algorithm = ECDSA(hashes.SHA256())
    return lambda: key.verify(der, message, algorithm)


def timed(calls: dict[str, Callable[[], object]]) -> dict[str, float]:
    """The median microseconds of each call, the rounds taking turns."""
    rounds: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(ROUNDS):
        for name, call in calls.items():
            start = time.perf_counter_ns()
            for _ in range(CALLS):
                call()
            rounds[name].append((time.perf_counter_ns() - start) / CALLS / 1000)
    return {name: statistics.median(found) for name, found in rounds.items()}


def measured(algorithm: str, boxes: int, folder: Path) -> dict[str, Any]:
    """One token of one algorithm."""
    now = system_clock()
    keyring = Keyring(folder / algorithm, algorithm=algorithm, overlap_s=3600, now=now)
    said, signer = claims(boxes), TokenSigner(keyring)
    token = signer.issue(said)
    key = next(iter(keyring.public_keys(now).values()))
    denied = {token_urlsafe(16) for _ in range(1000)}
    verifier = TokenVerifier(keyring.public_keys, ISSUER, is_revoked=lambda claims, _: claims.jti in denied)

    def first_sight() -> None:
        TokenVerifier(keyring.public_keys, ISSUER).verify(token, AUDIENCE, now)

    def plain() -> None:
        # The library as its documentation shows it: less is checked.
        jwt.decode(token, key, algorithms=[algorithm], audience=AUDIENCE, issuer=ISSUER)  # type: ignore[arg-type]  # noqa: TID251

    found = timed(
        {
            "bare": bare_check(token, key),
            "first": first_sight,
            "pyjwt": plain,
            "again": lambda: verifier.verify(token, AUDIENCE, now),
            "issue": lambda: signer.issue(replace(said, jti=token_urlsafe(16))),
        }
    )
    return {
        "algorithm": algorithm,
        "boxes": boxes,
        "characters": len(token),
        "bare_us": round(found["bare"], 1),
        "pyjwt_us": round(found["pyjwt"], 1),
        "first_us": round(found["first"], 1),
        "first_over_bare": round(found["first"] / found["bare"], 2),
        "again_us": round(found["again"], 2),
        "issued_per_second": round(1e6 / found["issue"]),
    }


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Tokens beside the bare signature check.")
    parser.add_argument("--json", action="store_true", help="print JSON")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        rows = [measured(a, boxes, Path(folder)) for a in ("ES256", "EdDSA") for boxes in (1, WIDE)]
    if arguments.json:
        json.dump(rows, sys.stdout, indent=2)
        print()
        return 0
    print("| algorithm | boxes | characters | signature check | PyJWT | first | ratio | again | issued a second |")
    print("|---|---:|---:|---:|---:|---:|---:|---:|---:|")
    for row in rows:
        print(
            f"| {row['algorithm']} | {row['boxes']} | {row['characters']:,} | {row['bare_us']} µs "
            f"| {row['pyjwt_us']} µs | {row['first_us']} µs | {row['first_over_bare']} | {row['again_us']} µs "
            f"| {row['issued_per_second']:,} |"
        )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
