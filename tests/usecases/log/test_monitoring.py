"""Whoever watches a log from outside sees that it was cut or rewritten, with its published keys alone."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from access_service.domain.errors import InvalidError
from access_service.usecases.log.monitoring import watch_log
from evidence import log_vectors as vectors
from merkle_reference import proof, root

POLICY = (Path(vectors.__file__).parent / "vectors" / "log-policy.txt").read_text("utf-8")


def serving(note: str, hashes: list[bytes] | None = None) -> Callable[[str], bytes]:
    """A log's address that answers so."""

    def fetch(path: str) -> bytes:
        if path == "checkpoint":
            return note.encode()
        assert path.startswith("consistency?from=")
        return json.dumps({"size": 0, "hashes": [vectors.b64(h) for h in hashes or []]}).encode()

    return fetch


def note(size: int, **more: str) -> str:
    return vectors.note(vectors.checkpoint(size, **more))


def test_the_first_look_keeps_what_it_sees() -> None:
    seen = watch_log(serving(note(7)), POLICY, None)
    assert (seen.size, seen.before, seen.fault, seen.note) == (7, None, None, note(7))


def test_a_log_that_grew_goes_on_from_what_was_seen() -> None:
    seen = watch_log(serving(note(130), proof(7, vectors.LEAVES)), POLICY, note(7))
    assert (seen.size, seen.before, seen.fault) == (130, 7, None)
    assert watch_log(serving(note(7)), POLICY, note(7)).fault is None


def forged(size: int) -> str:
    leaves = [*vectors.LEAVES[: size - 1], vectors.reference.leaf(b"another")]
    return vectors.note(f"{vectors.ORIGIN}\n{size}\n{vectors.b64(root(leaves))}\n")


@pytest.mark.parametrize(
    ("seen", "served", "hashes", "fault"),
    [
        (note(130), note(7), None, "had 130"),
        (note(7), forged(7), None, "two roots"),
        (note(7), forged(130), proof(7, vectors.LEAVES), "does not begin"),
        (forged(7), note(130), proof(7, vectors.LEAVES), "does not begin"),
        (note(7), note(130), [], "too short"),
        (note(7), note(7).replace("\n7\n", "\n8\n"), None, "does not verify"),
        (note(7), "nothing", None, "ends with its signatures"),
    ],
    ids=["shorter", "split view", "rewritten", "rewritten before", "no proof", "another size", "no note"],
)
def test_a_log_that_does_not_go_on_is_told(seen: str, served: str, hashes: list[bytes] | None, fault: str) -> None:
    watched = watch_log(serving(served, hashes), POLICY, seen)
    assert watched.fault is not None
    assert fault in watched.fault


def test_an_answer_that_is_no_proof_is_a_fault() -> None:
    for answer in (b"", b"[]", b"{}", b'{"hashes": 1}', b'{"hashes": ["x"]}'):
        watched = watch_log(
            lambda path, a=answer: note(130).encode() if path == "checkpoint" else a, POLICY, note(7)
        )  # type: ignore[misc]
        assert watched.fault is not None


def test_another_log_is_not_the_one_that_was_watched() -> None:
    other = "access.example.vn/log/hai-phong/2"
    policy = f"log {vectors.vkey(other, vectors.PRIVATE)[0]}\n{POLICY}"
    both = policy.replace("quorum none\n", "", 1) if policy.count("quorum") > 1 else policy
    # The same key under two names is two keys.
    watched = watch_log(serving(vectors.note(vectors.checkpoint(130, other), other)), both, note(7))
    assert watched.fault is not None
    assert "another log" in watched.fault


def test_a_policy_or_state_that_cannot_be_read_stops_before_anything_is_fetched() -> None:
    def fetch(path: str) -> bytes:
        raise AssertionError(path)

    witness = "witness.example.vn/w1"
    vkey = f"{witness}+00000000+AAAA"
    for policy, seen in (("", None), (POLICY, "no note"), (POLICY.replace("none", vkey), None)):
        with pytest.raises(InvalidError):
            watch_log(fetch, policy, seen)


def test_a_policy_that_asks_for_witnesses_is_refused() -> None:
    from access_service.signing.notes import COSIGNATURE, VerifierKey

    witness = VerifierKey("witness.example.vn/w1", bytes(range(32)), COSIGNATURE)
    policy = POLICY.replace("quorum none", f"witness W {witness}\nquorum W")
    with pytest.raises(InvalidError, match="witnesses"):
        watch_log(serving(note(7)), policy, None)
