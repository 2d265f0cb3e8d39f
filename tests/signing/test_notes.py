"""Notes, keys and policies are read strictly, and our files are those of the vectors."""

from __future__ import annotations

import base64
import hashlib
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from access_service.domain.log import ProofError, Tree, check_inclusion, leaf_hash, root_of
from access_service.domain.log_texts import Checkpoint, LogProof, read_log_proof
from access_service.signing.keys import SealKey, temporary
from access_service.signing.notes import (
    COSIGNATURE,
    LARGEST_NOTE,
    UnknownSignerError,
    VerifierKey,
    open_checkpoint,
    open_note,
    policy_text,
    read_note,
    read_policy,
    read_vkey,
    sign_note,
)
from evidence import log_vectors as vectors

FOLDER = Path(vectors.__file__).parent / "vectors"
LEAVES = [leaf_hash(entry) for entry in vectors.ENTRIES]
POLICY = read_policy((FOLDER / "log-policy.txt").read_text("utf-8"))
ORIGIN = vectors.ORIGIN


def check_proof(data: bytes) -> LogProof:
    """The proof in a file; an error for one that does not prove its entry."""
    proof = read_log_proof(data.decode())
    checkpoint = open_checkpoint(proof.note, POLICY.logs)
    check_inclusion(leaf_hash(proof.entry), proof.index, checkpoint.size, proof.hashes, checkpoint.root)
    return proof


def verifier(key: SealKey, name: str = ORIGIN) -> VerifierKey:
    return VerifierKey(name, bytes.fromhex(key.public_hex))


def test_the_vectors_are_what_their_script_writes() -> None:
    ours = [path for path in FOLDER.iterdir() if path.suffix != ".zip"]  # a dossier has a script of its own
    assert {path.name: path.read_text("utf-8") for path in ours} == vectors.files()


def test_our_trees_are_those_of_the_vectors() -> None:
    said = json.loads((FOLDER / "log-trees.json").read_text("utf-8"))
    tree = Tree(vectors.SIZES, lambda _, number, width: b"".join(LEAVES[number * 256 : number * 256 + width]))
    for name, root in said["roots"].items():
        size = int(name)
        assert root_of(LEAVES[:size]).hex() == root
        paths = [h for i in range(size) for h in tree.inclusion(i, size)]
        assert hashlib.sha256(b"".join(paths)).hexdigest() == said["inclusion"][name]
        proofs = [h for m in range(1, size) for h in tree.consistency(m, size)]
        assert hashlib.sha256(b"".join(proofs)).hexdigest() == said["consistency"][name]
    for each in said["in_full"]["inclusion"]:
        assert [h.hex() for h in tree.inclusion(each["index"], each["size"])] == each["proof"]
    for each in said["in_full"]["consistency"]:
        assert [h.hex() for h in tree.consistency(each["old"], each["new"])] == each["proof"]


def test_the_checkpoints_and_the_proof_of_the_vectors_verify() -> None:
    for size in (7, vectors.SIZES):
        found = open_checkpoint((FOLDER / f"checkpoint-{size}.note").read_bytes(), POLICY.logs)
        assert found == Checkpoint(ORIGIN, size, root_of(LEAVES[:size]))
    written = (FOLDER / "entry-100.tlog-proof").read_bytes()
    assert str(check_proof(written)).encode() == written


@pytest.mark.parametrize("what", sorted(vectors.refused()))
def test_a_note_that_is_not_exactly_a_checkpoint_is_refused(what: str) -> None:
    with pytest.raises(ProofError):
        open_checkpoint(vectors.refused()[what].encode(), POLICY.logs)


def test_our_notes_are_those_of_the_vectors_and_verify() -> None:
    key = temporary()
    text = str(Checkpoint(ORIGIN, 7, root_of(LEAVES[:7])))
    assert text == vectors.checkpoint(7)
    note = sign_note(text, ORIGIN, key)
    assert open_note(note, [verifier(key)]) == (text, (verifier(key),))
    assert read_vkey(str(verifier(key))) == verifier(key)
    assert str(POLICY.logs[0]) == vectors.vkey(ORIGIN, vectors.PRIVATE)[0]


@pytest.mark.parametrize("text", ["no line feed", "", "a\tb\n", "a\r\n", "\0\n"])
def test_nothing_is_signed_that_nobody_could_read(text: str) -> None:
    with pytest.raises(ProofError):
        sign_note(text, ORIGIN, temporary())


def test_signatures_of_others_are_passed_over_and_a_broken_one_of_ours_refuses_the_note() -> None:
    ours, other = temporary(), temporary()
    text = vectors.checkpoint(7)
    foreign = sign_note(text, ORIGIN, other).partition("\n\n")[2]
    both = sign_note(text, ORIGIN, ours) + foreign
    assert open_note(both, [verifier(ours)])[1] == (verifier(ours),)
    assert set(open_note(both, [verifier(ours), verifier(other)])[1]) == {verifier(ours), verifier(other)}
    id_ = base64.b64encode(verifier(other).id + bytes(64)).decode()
    forged = sign_note(text, ORIGIN, ours) + f"— {ORIGIN} {id_}\n"
    with pytest.raises(ProofError, match="does not verify"):
        open_note(forged, [verifier(ours), verifier(other)])
    with pytest.raises(UnknownSignerError):
        open_note(both, [])


def test_a_log_does_not_speak_for_another() -> None:
    key = temporary()
    note = sign_note(vectors.checkpoint(7), "access.example.vn/log/can-tho/1", key)
    with pytest.raises(UnknownSignerError, match="another log"):
        open_checkpoint(note, [verifier(key, "access.example.vn/log/can-tho/1")])


def test_a_note_has_an_end() -> None:
    note = (FOLDER / "checkpoint-7.note").read_text("utf-8")
    signature = note.partition("\n\n")[2]
    assert len(read_note(note + signature * 60).signatures) == 61
    with pytest.raises(ProofError, match="at most"):
        read_note(note + signature * 64)
    with pytest.raises(ProofError, match="64 KiB"):
        read_note("x" * LARGEST_NOTE + note)
    with pytest.raises(ProofError, match="UTF-8"):
        read_note(b"\xff" + note.encode())


@given(st.integers(0, 10**6), st.integers(0, 7))
def test_no_bit_of_a_proof_can_be_turned(place: int, bit: int) -> None:
    data = bytearray((FOLDER / "entry-100.tlog-proof").read_bytes())
    data[place % len(data)] ^= 1 << bit
    with pytest.raises((ProofError, UnicodeDecodeError)):
        check_proof(bytes(data))


GOOD = (FOLDER / "entry-100.tlog-proof").read_text("utf-8")
ALTERED = {
    "another version": GOOD.replace("@v1", "@v2"),
    "no entry": GOOD.replace(GOOD.split("\n")[1] + "\n", ""),
    "no index": GOOD.replace("index 99\n", ""),
    "an index with a zero before it": GOOD.replace("index 99", "index 099"),
    "an index below zero": GOOD.replace("index 99", "index -1"),
    "index and entry the other way round": GOOD.replace("extra ", "index ", 1),
    "too many hashes": GOOD.replace(
        "index 99\n", "index 99\n" + (base64.b64encode(bytes(32)).decode() + "\n") * 64
    ),
    "a hash of 31 bytes": GOOD.replace("index 99\n", f"index 99\n{base64.b64encode(bytes(31)).decode()}\n"),
    "CR LF": GOOD.replace("\n", "\r\n"),
    "too large": GOOD.replace("extra ", "extra " + "AAAA" * (1 << 18)),
    "nothing": "",
}


@pytest.mark.parametrize("what", ALTERED)
def test_a_file_that_is_not_exactly_a_proof_is_refused(what: str) -> None:
    with pytest.raises(ProofError):
        check_proof(ALTERED[what].encode())


def test_a_proof_of_one_entry_has_no_hashes() -> None:
    note = vectors.note(vectors.checkpoint(1))
    proof = LogProof(vectors.ENTRIES[0], 0, (), note)
    assert read_log_proof(str(proof)) == proof


VKEY = vectors.vkey(ORIGIN, vectors.PRIVATE)[0]
OTHER = vectors.vkey("other/log/x/1", vectors.OTHER)[0]
WITNESS = str(VerifierKey("witness.example.vn/w1", bytes(range(32)), COSIGNATURE))


@pytest.mark.parametrize(
    "text",
    [
        "",
        VKEY.replace("+", "-"),
        VKEY.replace("+", "+0", 1),
        VKEY[:-1],
        VKEY + "=",
        f"{ORIGIN}2+{VKEY.partition('+')[2]}",
        f"{ORIGIN}+00000000+{base64.b64encode(bytes([2]) + bytes(32)).decode()}",
        f"a b+{VKEY.partition('+')[2]}",
        f"+{VKEY.partition('+')[2]}",
        f"{ORIGIN}+00000000+",
    ],
)
def test_a_key_that_is_not_exactly_one_is_refused(text: str) -> None:
    with pytest.raises(ProofError):
        read_vkey(text)


def test_a_key_of_31_bytes_is_refused() -> None:
    with pytest.raises(ProofError, match="32 bytes"):
        VerifierKey(ORIGIN, bytes(31))


def test_a_policy_says_whose_checkpoints_count() -> None:
    said = read_policy(
        f"# ours\n\nlog {VKEY} https://{ORIGIN}\n\tlog\t{OTHER}  \nwitness W {WITNESS}\ngroup G 1 W\nquorum G\n"
    )
    assert [str(key) for key in said.logs] == [VKEY, OTHER]
    assert (said.quorum, str(said.witnesses["W"])) == ("G", WITNESS)
    again = read_policy(policy_text(said.logs, "published on paper\non 30/09/2026"))
    assert (again.logs, again.quorum) == (said.logs, "none")


@pytest.mark.parametrize(
    "text",
    [
        "",
        f"log {VKEY}\n",
        f"log {VKEY}\nlog {VKEY}\nquorum none\n",
        f"log {WITNESS}\nquorum none\n",
        f"log {VKEY}\nquorum none\nquorum none\n",
        f"log {VKEY}\nquorum W\nwitness W {WITNESS}\n",
        f"witness W {VKEY}\nquorum none\n",
        f"witness none {WITNESS}\nquorum none\n",
        f"witness W {WITNESS}\nwitness W {WITNESS}\nquorum none\n",
        f"witness W {WITNESS}\nwitness V {WITNESS}\nquorum none\n",
        f"witness W {WITNESS}\ngroup G 2 W\nquorum G\n",
        f"witness W {WITNESS}\ngroup G 0 W\nquorum G\n",
        f"witness W {WITNESS}\ngroup G most W\nquorum G\n",
        f"witness W {WITNESS}\ngroup G all\nquorum G\n",
        f"witness W {WITNESS}\ngroup G any W W\nquorum G\n",
        "group G any W\nquorum G\n",
        f"log {VKEY} a b\nquorum none\n",
        "tree 1\nquorum none\n",
        "quorum none\r\n",
        "quorum none\n" + "#" * (1 << 16),
    ],
)
def test_a_policy_that_is_not_exactly_one_is_refused(text: str) -> None:
    with pytest.raises(ProofError):
        read_policy(text)
