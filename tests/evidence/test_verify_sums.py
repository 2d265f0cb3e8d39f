"""The sums inside `verify.py`: a signature without a library, and paths of trees of every small size."""

from __future__ import annotations

import merkle_reference as reference
from evidence import made_dossier as made_of
from evidence.made_dossier import ORIGIN
from evidence.test_verify_dossier import verifier


def test_pure_ed25519_agrees_with_the_library() -> None:
    module = verifier()
    key = made_of.private("pure")
    public, message = made_of.public(key), b"a statement"
    signature = key.sign(message)
    order = 2**252 + 27742317777372353535851937790883648493
    again = int.from_bytes(signature[32:], "little") + order
    for bad in (
        signature[:-1],
        signature[:32] + again.to_bytes(32, "little"),
        bytes(64),
        signature[:5] + bytes([signature[5] ^ 1]) + signature[6:],
    ):
        assert not module._pure_ed25519(public, bad, message)
    assert module._pure_ed25519(public, signature, message)
    assert not module._pure_ed25519(public, signature, message + b".")


def test_paths_of_all_sizes_agree_with_the_recursion_of_the_standard() -> None:
    module = verifier()
    leaves = [reference.leaf(b"%d" % n) for n in range(40)]
    for size in range(1, 41):
        root = reference.root(leaves[:size])
        for at in range(size):
            assert module.climb(leaves[at], at, size, reference.path(at, leaves[:size])) == root
        for old in range(1, size + 1):
            proof = reference.proof(old, leaves[:size])
            module.check_goes_on(
                module.TreeHead(ORIGIN, old, reference.root(leaves[:old])),
                module.TreeHead(ORIGIN, size, root),
                proof,
            )
