"""Roots and proofs are those of RFC 9162, read from tiles; whatever is not exactly a proof is refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

import merkle_reference as reference
from access_service.domain.log import (
    EMPTY_ROOT,
    LONGEST_PROOF,
    Frontier,
    ProofError,
    Tree,
    check_consistency,
    check_inclusion,
    leaf_hash,
    node_hash,
    root_of,
    tile_width,
)
from access_service.domain.log_texts import TileName, read_log_name, read_tile_name

LEAVES = [leaf_hash(b'{"seq":%d}' % (i + 1)) for i in range(70_000)]
ROOTS = {n: reference.root(LEAVES[:n]) for n in range(131)}


class Tiles:
    """Tiles of levels above 0 as a server keeps them: grown from leaves, never from one another."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.levels: list[list[bytes]] = [LEAVES[:size]]
        self.read_tiles: list[tuple[int, int]] = []
        grown = Frontier()
        for leaf in LEAVES[:size]:
            for level, place, node in grown.add(leaf):
                while len(self.levels) <= level:
                    self.levels.append([])
                assert place == len(self.levels[level])
                self.levels[level].append(node)

    def read(self, level: int, number: int, width: int) -> bytes:
        self.read_tiles.append((level, number))
        return b"".join(self.levels[level][number * 256 : number * 256 + width])

    def tree(self) -> Tree:
        return Tree(self.size, self.read)


SHARED = Tiles(3000)


def test_every_root_and_proof_up_to_130_is_that_of_the_recursion() -> None:
    tree = Tiles(130).tree()
    for size in range(1, 131):
        assert tree.root(size) == root_of(LEAVES[:size]) == ROOTS[size]
        for index in range(size):
            proof = tree.inclusion(index, size)
            assert proof == reference.path(index, LEAVES[:size])
            check_inclusion(LEAVES[index], index, size, proof, ROOTS[size])
        for old in range(1, size + 1):
            proof = tree.consistency(old, size)
            assert proof == reference.proof(old, LEAVES[:size])
            check_consistency(old, size, ROOTS[old], ROOTS[size], proof)


@pytest.mark.parametrize("size", [255, 256, 257, 511, 65_535, 65_536, 65_537, 70_000])
def test_a_tree_of_several_levels_of_tiles_proves_its_entries(size: int) -> None:
    tiles = Tiles(size)
    root = tiles.tree().root()
    assert root == reference.root(LEAVES[:size])
    for index in {0, 1, 255, 256, size // 2, size - 2, size - 1} & set(range(size)):
        tiles.read_tiles.clear()
        check_inclusion(LEAVES[index], index, size, tiles.tree().inclusion(index, size), root)
        assert len(set(tiles.read_tiles)) == len(tiles.read_tiles) <= 2 * len(tiles.levels)
    for old in {1, 2, 255, 256, 257, 65_536, size - 1} & set(range(size)):
        check_consistency(old, size, reference.root(LEAVES[:old]), root, tiles.tree().consistency(old, size))


@given(st.integers(1, 3000), st.data())
def test_a_proof_proves_its_own_entry_and_no_other(size: int, data: st.DataObject) -> None:
    tree = Tree(size, SHARED.read)
    index = data.draw(st.integers(0, size - 1))
    proof, root = tree.inclusion(index, size), tree.root()
    check_inclusion(LEAVES[index], index, size, proof, root)
    for leaf, place, total, hashes in (
        (LEAVES[index + 1], index, size, proof),
        (LEAVES[index], index, size, [*proof, proof[0] if proof else root]),
        (LEAVES[index], size, size, proof),
        (LEAVES[index], -1, size, proof),
        *([(LEAVES[index], index, size, proof[:-1]), (LEAVES[index], index, size, proof[1:])] if proof else []),
        *((LEAVES[index], other, size, proof) for other in {index ^ 1, size - 1 - index} - {index}),
        *(
            (LEAVES[index], index, size, [*proof[:i], bytes([proof[i][0] ^ 1]) + proof[i][1:], *proof[i + 1 :]])
            for i in range(len(proof))
        ),
    ):
        with pytest.raises(ProofError):
            check_inclusion(leaf, place, total, hashes, root)


@given(st.integers(2, 3000), st.data())
def test_a_tree_is_consistent_with_its_own_past_and_no_other(size: int, data: st.DataObject) -> None:
    tree = Tree(size, SHARED.read)
    old = data.draw(st.integers(1, size - 1))
    proof, before, after = tree.consistency(old, size), tree.root(old), tree.root()
    check_consistency(old, size, before, after, proof)
    other = root_of([*LEAVES[: old - 1], leaf_hash(b"another")])
    for m, n, first, second, hashes in (
        (old, size, other, after, proof),
        (old, size, before, other, proof),
        (old, size, after, before, proof),
        (old, size, before, after, proof[:-1]),
        (old, size, before, after, [*proof, before]),
        (size, old, before, after, proof),
        (old, old, before, after, []),
        (0, size, before, after, proof),
    ):
        with pytest.raises(ProofError):
            check_consistency(m, n, first, second, hashes)


def test_from_nothing_and_from_itself_a_tree_follows_without_hashes() -> None:
    tree = Tiles(9).tree()
    assert tree.consistency(0, 9) == tree.consistency(9, 9) == []
    check_consistency(0, 9, EMPTY_ROOT, ROOTS[9], [])
    check_consistency(9, 9, ROOTS[9], ROOTS[9], [])
    check_consistency(0, 0, EMPTY_ROOT, EMPTY_ROOT, [])


@pytest.mark.parametrize("size", [0, 1, 7, 256, 300])
def test_a_frontier_goes_on_where_a_tree_stood(size: int) -> None:
    grown = Frontier(size, Tiles(300).tree().edge(size))
    for leaf in LEAVES[size:400]:
        grown.add(leaf)
    assert grown.root() == reference.root(LEAVES[:400])


def test_an_edge_of_another_size_is_refused() -> None:
    with pytest.raises(ProofError):
        Frontier(3, [LEAVES[0]])


@pytest.mark.parametrize(("index", "size"), [(0, 0), (5, 5), (6, 5), (-1, 5), (0, 1 << 63), (0, 301)])
def test_what_no_tree_has_is_not_proved(index: int, size: int) -> None:
    with pytest.raises(ProofError):
        Tiles(300).tree().inclusion(index, size)
    with pytest.raises(ProofError):
        check_inclusion(LEAVES[0], index, size, [], LEAVES[0])


def test_a_leaf_is_no_node() -> None:
    """Without the prefixes a node could be passed off as an entry of 64 bytes."""
    forged = ROOTS[1] + LEAVES[1]
    assert leaf_hash(forged) != node_hash(ROOTS[1], LEAVES[1])
    with pytest.raises(ProofError):
        check_inclusion(leaf_hash(forged), 0, 1, [], ROOTS[2])


def test_a_proof_that_never_ends_is_not_followed() -> None:
    with pytest.raises(ProofError, match="too long"):
        check_inclusion(LEAVES[0], 0, 5, [LEAVES[0]] * (LONGEST_PROOF + 1), LEAVES[0])
    with pytest.raises(ProofError, match="32 bytes"):
        check_inclusion(LEAVES[0], 0, 2, [b"short"], LEAVES[0])


def test_a_tile_that_is_short_proves_nothing() -> None:
    with pytest.raises(ProofError, match="tile 0"):
        Tree(300, lambda *_: b"x" * 31).root()


def test_a_proof_does_not_grow_with_the_log() -> None:
    """Steps are counted: twice the size is one hash more."""
    tiles = Tiles(65_536)
    assert [len(tiles.tree().inclusion(0, 1 << n)) for n in (4, 8, 12, 16)] == [4, 8, 12, 16]


@given(st.integers(0, 63), st.integers(0, 10**12), st.integers(1, 256))
def test_a_tiles_path_is_read_as_it_is_written(level: int, number: int, width: int) -> None:
    name = TileName(level, number, width)
    _, said, rest = name.path.split("/", 2)
    assert read_tile_name(said, rest) == name


def test_paths_of_tiles_are_those_of_the_specification() -> None:
    assert TileName(0, 1234067).path == "tile/0/x001/x234/067"
    assert TileName(1, 273 % 256, 17).path == "tile/1/017.p/17"
    assert [tile_width(0, 273, 70_000), tile_width(1, 0, 70_000), tile_width(1, 1, 70_000)] == [112, 256, 17]
    assert [tile_width(2, 0, 70_000), tile_width(0, 274, 70_000), tile_width(1, 0, 256)] == [1, 0, 1]


@pytest.mark.parametrize(
    ("level", "rest"),
    [
        *(("0", rest) for rest in ("0", "00", "0000", "x000/000", "x1/067", "001/067", "x001/x067", "٠٠٠", "000/")),
        *(("0", rest) for rest in ("000.p/0", "000.p/256", "000.p/01", "000.p/", "000.p", "000.p/-1", "-01", "")),
        *((level, "000") for level in ("64", "00", "-1", "a", "", "²")),
    ],
)
def test_a_second_spelling_of_a_tile_is_none(level: str, rest: str) -> None:
    with pytest.raises(ProofError):
        read_tile_name(level, rest)


@pytest.mark.parametrize(
    "origin",
    ["", "host", "host/log/x", "host/log/x/0", "host/log/x/01", "h/log/x/1/2", "a b/log/x/1", "a+/log/x/1"],
)
def test_an_origin_that_is_not_ours_is_refused(origin: str) -> None:
    assert (
        str(read_log_name("access.example.vn:8443/log/hai-phong/12")) == "access.example.vn:8443/log/hai-phong/12"
    )
    with pytest.raises(ProofError):
        read_log_name(origin)
