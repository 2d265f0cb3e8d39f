"""The log as a Merkle tree (RFC 9162 section 2.1): leaves, roots, proofs, and the tiles from which they are read.

Entry `index` is the event with the number `index + 1`. A tile (C2SP tlog-tiles) holds up to 256 hashes of a level,
and a level stands for eight steps of the tree: ten million entries have three levels of tiles.
"""

import hashlib
from collections.abc import Callable, Iterator, Sequence

from access_service.domain.errors import AccessServiceError

HASH_BYTES = 32
TILE_STEPS = 8
TILE_WIDTH = 1 << TILE_STEPS
"""Hashes of a full tile."""
MOST_ENTRIES = 1 << 63
LONGEST_PROOF = 63
"""No tree below that size needs more hashes."""
EMPTY_ROOT = hashlib.sha256().digest()
"""Root of a tree without leaves."""

ReadTile = Callable[[int, int, int], bytes]
"""(level, number, width): the first `width` hashes of that tile, one after the other."""


class ProofError(AccessServiceError):
    """A proof, a note or a tile that cannot be read, or does not prove what it is meant to prove."""


def leaf_hash(data: bytes) -> bytes:
    """Hash of an entry."""
    return hashlib.sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Hash of two neighbours."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def root_of(leaves: Sequence[bytes]) -> bytes:
    """Root of a tree whose leaf hashes are at hand."""
    grown = Frontier()
    for leaf in leaves:
        grown.add(leaf)
    return grown.root()


def tile_width(level: int, number: int, size: int) -> int:
    """How many hashes that tile holds in a tree of that size; 0 where there is none."""
    return max(0, min(TILE_WIDTH, (size >> (TILE_STEPS * level)) - TILE_WIDTH * number))


class Frontier:
    """A tree that grows leaf by leaf and keeps only its right edge: one hash for each binary digit of its size."""

    def __init__(self, size: int = 0, nodes: Sequence[bytes] = ()) -> None:
        """`nodes` is the edge of a tree of that size, the largest part first (`Tree.edge`)."""
        if len(nodes) != size.bit_count():
            raise ProofError(f"a tree of {size} leaves has an edge of {size.bit_count()} hashes")
        self.size = size
        self._nodes = list(nodes)

    def add(self, leaf: bytes) -> list[tuple[int, int, bytes]]:
        """Add a leaf. Returns the hashes of full tiles that it completed: level above them, place there, hash."""
        found, place, node, step = list[tuple[int, int, bytes]](), self.size, leaf, 0
        while place & 1:
            node = node_hash(self._nodes.pop(), node)
            place >>= 1
            step += 1
            if step % TILE_STEPS == 0:
                found.append((step // TILE_STEPS, place, node))
        self._nodes.append(node)
        self.size += 1
        return found

    def root(self) -> bytes:
        """Root of the tree as it stands."""
        return _joined(self._nodes)


def _joined(nodes: Sequence[bytes]) -> bytes:
    """One hash for neighbouring whole subtrees, the largest first."""
    if not nodes:
        return EMPTY_ROOT
    found = nodes[-1]
    for node in reversed(nodes[:-1]):
        found = node_hash(node, found)
    return found


class Tree:
    """A tree whose hashes are read from tiles: at most two tiles a level for a root or a proof."""

    def __init__(self, size: int, read: ReadTile) -> None:
        """`size` is how many leaves the tiles hold; any smaller tree can be asked about as well."""
        self.size = size
        self._read = read
        self._tiles: dict[tuple[int, int], list[list[bytes]]] = {}

    def root(self, size: int | None = None) -> bytes:
        """Root of the tree as it was at that size; of all there is without one."""
        size = self.size if size is None else size
        self._check_size(size)
        return self._span(0, size)

    def edge(self, size: int) -> list[bytes]:
        """The right edge at that size, for a `Frontier` that goes on from there."""
        self._check_size(size)
        return self._parts(0, size)

    def inclusion(self, index: int, size: int) -> list[bytes]:
        """Proof that the entry stands at that place in the tree of that size (2.1.3.1)."""
        self._check_size(size)
        if not 0 <= index < size:
            raise ProofError(f"a tree of {size} entries has none at place {index}")
        proof, start, end = list[bytes](), 0, size
        while end - start > 1:
            middle = start + _half(end - start)
            if index < middle:
                proof.append(self._span(middle, end))
                end = middle
            else:
                proof.append(self._span(start, middle))
                start = middle
        return proof[::-1]

    def consistency(self, old: int, new: int) -> list[bytes]:
        """Proof that the tree of the new size begins with that of the old one (2.1.4.1)."""
        self._check_size(new)
        if not 0 <= old <= new:
            raise ProofError(f"a tree of {new} entries does not follow one of {old}")
        proof, start, end = list[bytes](), 0, new
        if old in (0, new):
            return proof
        while old != end:
            middle = start + _half(end - start)
            if old <= middle:
                proof.append(self._span(middle, end))
                end = middle
            else:
                proof.append(self._span(start, middle))
                start = middle
        if start > 0:
            # The old tree's last part is no tree that its root names.
            proof.append(self._span(start, end))
        return proof[::-1]

    def _check_size(self, size: int) -> None:
        if not 0 <= size <= self.size:
            raise ProofError(f"the log has {self.size} entries, and {size} were asked about")

    def _span(self, start: int, end: int) -> bytes:
        return _joined(self._parts(start, end))

    def _parts(self, start: int, end: int) -> list[bytes]:
        """Whole subtrees from `start`, which is a multiple of the largest of them."""
        found = []
        while start < end:
            step = (end - start).bit_length() - 1
            found.append(self._node(step, start >> step))
            start += 1 << step
        return found

    def _node(self, step: int, place: int) -> bytes:
        """Hash of a whole subtree of 2 ** step leaves."""
        level, height = divmod(step, TILE_STEPS)
        number, offset = divmod(place << height, TILE_WIDTH)
        rows = self._tile(level, number)
        return rows[height][offset >> height]

    def _tile(self, level: int, number: int) -> list[list[bytes]]:
        """A tile and the whole nodes above its hashes, row by row."""
        found = self._tiles.get((level, number))
        if found is None:
            width = tile_width(level, number, self.size)
            data = self._read(level, number, width)
            if len(data) != width * HASH_BYTES:
                raise ProofError(f"tile {number} of level {level} has {len(data)} bytes instead of {width * 32}")
            row = [data[i : i + HASH_BYTES] for i in range(0, len(data), HASH_BYTES)]
            found = [row]
            for _ in range(TILE_STEPS - 1):
                row = [node_hash(row[i], row[i + 1]) for i in range(0, len(row) - 1, 2)]
                found.append(row)
            self._tiles[level, number] = found
        return found


def _half(count: int) -> int:
    """The largest power of two below a number of at least two."""
    return 1 << ((count - 1).bit_length() - 1)


def check_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> None:
    """Return if the proof shows that leaf at that place under that root (2.1.3.2), else raise `ProofError`."""
    _check_hashes((), root)
    if climb_to_root(leaf, index, size, proof) != root:
        raise ProofError("the proof leads to another root")


def climb_to_root(leaf: bytes, index: int, size: int, proof: Sequence[bytes]) -> bytes:
    """The root that a proof leads to from that leaf; `ProofError` where it is no proof of that place."""
    _check_hashes(proof, leaf)
    if not 0 <= index < size < MOST_ENTRIES:
        raise ProofError(f"there is no place {index} among {size} entries")
    found = leaf
    for beside, is_before in _climb(index, size - 1, proof):
        found = node_hash(beside, found) if is_before else node_hash(found, beside)
    return found


def check_consistency(old: int, new: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]) -> None:
    """Return if the proof shows that the new tree begins with the old one (2.1.4.2), else raise `ProofError`."""
    _check_hashes(proof, old_root, new_root)
    if not 0 <= old <= new < MOST_ENTRIES:
        raise ProofError(f"a tree of {new} entries does not follow one of {old}")
    if old in (0, new):
        _check_no_steps(old, new, old_root, new_root, proof)
        return
    if not proof:
        raise ProofError("the proof is too short")
    path = [old_root, *proof] if old & (old - 1) == 0 else list(proof)
    place, last = old - 1, new - 1
    while place & 1:
        place, last = place >> 1, last >> 1
    before = after = path[0]
    for beside, is_before in _climb(place, last, path[1:]):
        before = node_hash(beside, before) if is_before else before
        after = node_hash(beside, after) if is_before else node_hash(after, beside)
    if before != old_root or after != new_root:
        raise ProofError("the new tree does not begin with the old one")


def _check_no_steps(old: int, new: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]) -> None:
    expected = EMPTY_ROOT if old == 0 else new_root
    if proof or old_root != expected or (new == 0 and new_root != EMPTY_ROOT):
        raise ProofError("the same size has another root, or a proof that it does not need")


def _climb(place: int, last: int, proof: Sequence[bytes]) -> Iterator[tuple[bytes, bool]]:
    """Each hash of a proof, and whether it stands before the path, up to the root; `ProofError` beside it."""
    for beside in proof:
        if last == 0:
            raise ProofError("the proof is too long")
        is_before = bool(place & 1) or place == last
        while is_before and place and not place & 1:
            place, last = place >> 1, last >> 1
        yield beside, is_before
        place, last = place >> 1, last >> 1
    if last != 0:
        raise ProofError("the proof is too short")


def _check_hashes(proof: Sequence[bytes], *more: bytes) -> None:
    if len(proof) > LONGEST_PROOF:
        raise ProofError("the proof is too long")
    if any(len(each) != HASH_BYTES for each in (*proof, *more)):
        raise ProofError("a hash has 32 bytes")
