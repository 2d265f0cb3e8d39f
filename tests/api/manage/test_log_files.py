"""The log over HTTP: files that a stock verifier reads, each for whom it is meant."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from managing import ADMIN, ROOT_ADMIN, TEACHER, Managed, managing

from access_service.domain.log import check_consistency, check_inclusion, leaf_hash, root_of
from access_service.domain.log_texts import TileName, read_log_proof
from access_service.signing.notes import open_checkpoint, read_policy
from access_service.storage.log import tree_of
from access_service.usecases.log.checkpoints import make_checkpoint
from logged import grow, leaves
from world import REGISTER

BELOW = f"/log/{REGISTER}/1"


@pytest.fixture(scope="module")
def managed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Managed]:
    """A log of two full tiles and a part, signed; tests here only read."""
    with managing(tmp_path_factory.mktemp("log")) as found_:
        services = found_.served.client.app.state.services  # type: ignore[attr-defined]
        found_.bearer(ROOT_ADMIN)
        grow(services, 520)
        make_checkpoint(services, REGISTER)
        yield found_


def services_of(managed: Managed) -> Any:
    return managed.served.client.app.state.services  # type: ignore[attr-defined]


def fetch(managed: Managed, path: str, who: str | None = None) -> Any:
    return managed.served.client.get(path, headers={} if who is None else managed.bearer(who))


def bundle(data: bytes) -> list[bytes]:
    found = []
    while data:
        length = int.from_bytes(data[:2], "big")
        found.append(data[2 : 2 + length])
        data = data[2 + length :]
    return found


def test_everybody_fetches_the_checkpoint_and_verifies_it_by_the_policy(managed: Managed) -> None:
    answer = fetch(managed, f"{BELOW}/checkpoint")
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "text/plain; charset=utf-8")
    policy = read_policy(fetch(managed, "/v1/log/policy", TEACHER).text)
    checkpoint = open_checkpoint(answer.content, policy.logs)
    assert checkpoint.root == root_of(leaves(services_of(managed))[: checkpoint.size])


def test_tiles_give_the_root_that_was_signed(managed: Managed) -> None:
    policy = read_policy(fetch(managed, "/v1/log/policy", TEACHER).text)
    checkpoint = open_checkpoint(fetch(managed, f"{BELOW}/checkpoint").content, policy.logs)
    full, rest = divmod(checkpoint.size, 256)
    names = [*(TileName(0, n) for n in range(full)), *([TileName(0, full, rest)] if rest else [])]
    data = b""
    for name in names:
        answer = fetch(managed, f"{BELOW}/{name.path}", TEACHER)
        assert (answer.status_code, answer.headers["Content-Type"]) == (200, "application/octet-stream")
        assert "immutable" in answer.headers["Cache-Control"]
        data += answer.content
    hashes = [data[i : i + 32] for i in range(0, len(data), 32)]
    assert root_of(hashes) == checkpoint.root
    above = fetch(managed, f"{BELOW}/{TileName(1, 0, full).path}", TEACHER).content
    assert above == b"".join(root_of(hashes[n * 256 : n * 256 + 256]) for n in range(full))


def test_entries_hash_to_the_leaves_of_their_tile(managed: Managed) -> None:
    for place, width in (("000", 256), ("001", 256), ("002.p/3", 3)):
        entries = bundle(fetch(managed, f"{BELOW}/tile/entries/{place}", ROOT_ADMIN).content)
        hashes = fetch(managed, f"{BELOW}/tile/0/{place}", TEACHER).content
        assert b"".join(map(leaf_hash, entries)) == hashes
        assert len(entries) == width


def test_a_proof_of_an_event_is_verifiable_alone(managed: Managed) -> None:
    answer = fetch(managed, "/v1/log/proof?seq=300", ROOT_ADMIN)
    assert answer.headers["Content-Disposition"] == 'attachment; filename="300.tlog-proof"'
    proof = read_log_proof(answer.text)
    checkpoint = open_checkpoint(proof.note, read_policy(fetch(managed, "/v1/log/policy", TEACHER).text).logs)
    check_inclusion(leaf_hash(proof.entry), proof.index, checkpoint.size, proof.hashes, checkpoint.root)


def test_an_event_that_no_checkpoint_covers_is_proved_later(managed: Managed) -> None:
    grow(services_of(managed), 1)
    newest = services_of(managed).db.counter(REGISTER).seq
    assert fetch(managed, f"/v1/log/proof?seq={newest}", ROOT_ADMIN).status_code == 503
    assert fetch(managed, f"/v1/log/proof?seq={newest + 1}", ROOT_ADMIN).status_code == 404


def test_consistency_is_proved_between_any_two_sizes(managed: Managed) -> None:
    found = fetch(managed, "/v1/log/consistency?from=300", TEACHER).json()
    services = services_of(managed)
    with services.db.connect() as connection:
        tree = tree_of(connection, REGISTER, found["size"])
        old, new = tree.root(300), tree.root()
    check_consistency(300, found["size"], old, new, [base64.b64decode(h) for h in found["hashes"]])
    assert fetch(managed, "/v1/log/consistency?from=3&to=7", TEACHER).json()["size"] == 7
    for wrong in ("from=8&to=7", f"from=1&to={found['size'] + 1}"):
        assert fetch(managed, f"/v1/log/consistency?{wrong}", TEACHER).status_code == 404


def test_who_may_not_read_the_log_gets_no_entry_and_no_proof(managed: Managed) -> None:
    for path in (f"{BELOW}/tile/entries/000", "/v1/log/proof?seq=1"):
        assert fetch(managed, path).status_code == 401
        for who in (TEACHER, ADMIN):
            assert fetch(managed, path, who).status_code == 403


@pytest.mark.parametrize(
    "path",
    [
        "/log/another/1/checkpoint",
        f"/log/{REGISTER}/2/checkpoint",
        f"/log/{REGISTER}/2/tile/0/000",
        "/log/another/1/tile/0/000",
        "/log/another/1/tile/entries/000",
        *(
            f"{BELOW}/tile/{p}"
            for p in ("0/003", "0/2", "0/002", "1/000", "2/000.p/1", "64/000", "x/000", "0/x000/000")
        ),
        f"{BELOW}/tile/entries/003",
        f"{BELOW}/tile/entries/x",
        f"{BELOW}/tile/0/002.p/0",
    ],
)
def test_what_the_log_does_not_have_is_not_found(managed: Managed, path: str) -> None:
    assert fetch(managed, path, ROOT_ADMIN).status_code == 404


def test_hashes_are_public_and_the_checkpoint_is_not_where_the_operator_says_so(tmp_path: Path) -> None:
    for chosen, statuses in (("none", [401, 401]), ("checkpoint", [200, 401]), ("tiles", [200, 200])):
        with managing(tmp_path / chosen, log_public=chosen) as managed:
            make_checkpoint(services_of(managed), REGISTER)
            paths = [f"{BELOW}/checkpoint", f"{BELOW}/tile/0/000.p/1"]
            assert [fetch(managed, path).status_code for path in paths] == statuses
            assert fetch(managed, f"{BELOW}/tile/entries/000.p/1").status_code == 401


def test_a_forked_log_degrades_readiness_and_decisions_go_on(tmp_path: Path) -> None:
    with managing(tmp_path) as managed:
        app: Any = managed.served.client.app
        client = managed.served.client
        assert client.get("/readyz").json() == {"status": "ready"}
        app.state.edge.has_forked_log = lambda: True
        answer = client.get("/readyz")
        assert (answer.status_code, answer.json()) == (200, {"status": "degraded", "because": "log_forked"})
        assert managed.served.ask(managed.served.question()).json()["decision"] is True
