"""Verifiers that are not ours accept our files, and refuse them once a byte is changed.

Go's `sumdb/note` and `sumdb/tlog` where Go and its package are installed (`scripts/stock-verifiers` installs them),
PyPI's `aics-tlog` on Python 3.12 and later. Where one is missing, its test is skipped and says so.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from access_service.domain.log_texts import read_log_proof
from access_service.signing.notes import read_policy
from access_service.usecases.log.proving import prove, write_policy
from evidence import log_vectors as vectors
from logged import grow, leaves, logged
from world import REGISTER, World

pytestmark = pytest.mark.backends("sqlite")
GO_PATH = Path("/usr/share/gocode")
PROGRAM = Path(__file__).parent / "go" / "verify.go"
SEQ = 300


@pytest.fixture(scope="session")
def go_verifier(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The program of the Go project's packages, compiled."""
    go = shutil.which("go")
    if go is None or not (GO_PATH / "src/golang.org/x/mod/sumdb/tlog").is_dir():
        pytest.skip("Go or golang-golang-x-mod-dev is not installed: run scripts/stock-verifiers")
    folder = tmp_path_factory.mktemp("go")
    environment = {
        **os.environ,
        "GO111MODULE": "off",
        "GOPATH": str(GO_PATH),
        "GOCACHE": str(folder / "cache"),
        "GOFLAGS": "",
        "CGO_ENABLED": "0",
    }
    command = [go, "build", "-o", str(folder / "verify"), str(PROGRAM)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    return folder / "verify"


@pytest.fixture
def proved(world: World, tmp_path: Path) -> tuple[str, Path, Path]:
    """A key, a proof and the leaves of a log of more than one tile."""
    services = logged(world.services, tmp_path)
    grow(services, SEQ + 20)
    (tmp_path / "300.tlog-proof").write_text(prove(services, REGISTER, SEQ), "utf-8")
    size = int((tmp_path / "300.tlog-proof").read_text("utf-8").split("\n\n")[1].split("\n")[1])
    (tmp_path / "leaves").write_bytes(b"".join(leaves(services)[:size]))
    (key,) = read_policy(write_policy(services, REGISTER)).logs
    return str(key), tmp_path / "300.tlog-proof", tmp_path / "leaves"


def run(program: Path, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [str(program), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def test_go_accepts_our_proof_our_checkpoint_and_our_tiles(
    proved: tuple[str, Path, Path], go_verifier: Path
) -> None:
    done = run(go_verifier, *proved)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f"entry {SEQ - 1} of ")


def test_go_refuses_a_changed_entry_hash_checkpoint_or_tile(
    proved: tuple[str, Path, Path], go_verifier: Path
) -> None:
    key, file, tiles = proved
    good, data = file.read_text("utf-8"), tiles.read_bytes()
    entry = good.split("\n")[1]
    for altered in (
        good.replace(entry, entry[:9] + ("B" if entry[9] == "A" else "A") + entry[10:]),
        good.replace(f"index {SEQ - 1}", f"index {SEQ - 2}"),
        good.replace("/log/", "/lag/"),
    ):
        file.write_text(altered, "utf-8")
        assert run(go_verifier, key, file).returncode == 1
    file.write_text(good, "utf-8")
    tiles.write_bytes(bytes([data[0] ^ 1]) + data[1:])
    assert run(go_verifier, key, file, tiles).returncode == 1


def test_go_accepts_the_vectors(go_verifier: Path) -> None:
    folder = PROGRAM.parents[1] / "vectors"
    key, _ = vectors.vkey(vectors.ORIGIN, vectors.PRIVATE)
    assert run(go_verifier, key, folder / "entry-100.tlog-proof").returncode == 0


def test_a_verifier_in_python_accepts_our_proof_and_our_checkpoint(proved: tuple[str, Path, Path]) -> None:
    if importlib.util.find_spec("aics_tlog") is None:
        pytest.skip("aics-tlog is not installed: it takes Python 3.12 or later")
    import aics_tlog

    key, file, _ = proved
    proof = read_log_proof(file.read_text("utf-8"))
    signed = aics_tlog.verify_checkpoint(aics_tlog.parse_note(proof.note), aics_tlog.parse_vkey(key))
    assert signed.ok, signed.error
    leaf, hashes = aics_tlog.leaf_hash(proof.entry), list(proof.hashes)
    assert aics_tlog.verify_inclusion(leaf, proof.index, signed.size, hashes, signed.root)
    assert not aics_tlog.verify_inclusion(leaf, proof.index + 1, signed.size, hashes, signed.root)
