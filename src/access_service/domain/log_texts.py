"""What the log says as text: checkpoints, proofs, paths of tiles (C2SP tlog-checkpoint, tlog-proof, tlog-tiles).

Reading is strict: there is one spelling of each value, and whatever else is written is refused.
"""

import base64
import binascii
import re
from dataclasses import dataclass

from access_service.domain.log import (
    HASH_BYTES,
    LONGEST_PROOF,
    MOST_ENTRIES,
    TILE_WIDTH,
    ProofError,
)

PROOF_HEADER = "c2sp.org/tlog-proof@v1"
LARGEST_PROOF_FILE = 1 << 20
_DECIMAL = re.compile(r"0|[1-9][0-9]{0,18}", re.ASCII)
_ORIGIN = re.compile(r"(?P<host>[^\s+/]+)/log/(?P<register>[^\s+/]+)/(?P<epoch>[1-9][0-9]{0,8})", re.ASCII)
_TILE_NUMBER = re.compile(r"(?:x[0-9]{3}/){0,5}[0-9]{3}", re.ASCII)
HIGHEST_LEVEL = 63


@dataclass(frozen=True, slots=True)
class LogName:
    """Which log: its origin line is the address of its files without the scheme."""

    host: str
    register: str
    epoch: int
    """From 1; a new one begins where the old log could not go on."""

    def __str__(self) -> str:
        return f"{self.host}/log/{self.register}/{self.epoch}"


def read_log_name(origin: str) -> LogName:
    """The parts of an origin line of ours. Raises `ProofError` for any other."""
    found = _ORIGIN.fullmatch(origin)
    if found is None:
        raise ProofError("that is the origin of no log of ours")
    return LogName(found["host"], found["register"], int(found["epoch"]))


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What a log says of itself: how many entries it has, and their root."""

    origin: str
    size: int
    root: bytes

    def __str__(self) -> str:
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"


def read_checkpoint(text: str) -> Checkpoint:
    """A checkpoint from the text of a note. Raises `ProofError` for any other line."""
    lines = text.split("\n")
    if len(lines) != len(("origin", "size", "root", "end")) or lines[3]:
        raise ProofError("a checkpoint has three lines: origin, size, root")
    if not lines[0] or any(c.isspace() or c == "+" for c in lines[0]):
        raise ProofError("a checkpoint begins with its origin")
    return Checkpoint(lines[0], read_decimal(lines[1]), read_hash(lines[2]))


@dataclass(frozen=True, slots=True)
class LogProof:
    """A file that proves one entry: the entry, its place, the hashes beside its path, and the signed checkpoint."""

    entry: bytes
    index: int
    hashes: tuple[bytes, ...]
    note: str

    def __str__(self) -> str:
        hashes = "".join(f"{base64.b64encode(each).decode()}\n" for each in self.hashes)
        entry = base64.b64encode(self.entry).decode()
        return f"{PROOF_HEADER}\nextra {entry}\nindex {self.index}\n{hashes}\n{self.note}"


def read_log_proof(text: str) -> LogProof:
    """A proof as we write them, with the entry in it. Raises `ProofError`; nothing in it is checked yet."""
    if len(text) > LARGEST_PROOF_FILE:
        raise ProofError("the file is too large for a proof")
    head, found, note = text.partition("\n\n")
    lines = head.split("\n")
    if not found or lines[0] != PROOF_HEADER:
        raise ProofError(f"a proof begins with `{PROOF_HEADER}`")
    if len(lines) < len(("header", "extra", "index")) or not lines[1].startswith("extra "):
        raise ProofError("the proof does not hold its entry")
    if not lines[2].startswith("index "):
        raise ProofError("the proof does not name the place of its entry")
    if len(lines) - 3 > LONGEST_PROOF:
        raise ProofError("the proof is too long")
    return LogProof(
        entry=read_base64(lines[1].removeprefix("extra ")),
        index=read_decimal(lines[2].removeprefix("index ")),
        hashes=tuple(read_hash(line) for line in lines[3:]),
        note=note,
    )


def read_decimal(text: str) -> int:
    """A number without leading zeros, below the size of the largest log."""
    if not _DECIMAL.fullmatch(text) or int(text) >= MOST_ENTRIES:
        raise ProofError("a number is written in decimal digits, without leading zeros")
    return int(text)


def read_base64(text: str) -> bytes:
    """Bytes in the one spelling that they have in base64 (RFC 4648 section 4)."""
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise ProofError("that is no base64") from error
    if base64.b64encode(data).decode() != text:
        raise ProofError("that is another spelling of the same base64")
    return data


def read_hash(text: str) -> bytes:
    """A SHA-256 in base64."""
    data = read_base64(text)
    if len(data) != HASH_BYTES:
        raise ProofError("a hash has 32 bytes")
    return data


@dataclass(frozen=True, slots=True)
class TileName:
    """Which tile, and how many of its hashes."""

    level: int
    number: int
    width: int = TILE_WIDTH

    @property
    def path(self) -> str:
        """Where it stands below the log's address."""
        return f"tile/{self.level}/{number_path(self.number)}{width_suffix(self.width)}"


def number_path(number: int) -> str:
    """A tile's number in groups of three digits, all but the last behind an `x`."""
    found = f"{number % 1000:03d}"
    while number := number // 1000:
        found = f"x{number % 1000:03d}/{found}"
    return found


def width_suffix(width: int) -> str:
    """What follows the number of a tile that is not full."""
    return "" if width == TILE_WIDTH else f".p/{width}"


def read_tile_name(level: str, rest: str) -> TileName:
    """The tile that a path names. Raises `ProofError` for a second spelling of the same."""
    number, found, partial = rest.partition(".p/")
    width = read_decimal(partial) if found else TILE_WIDTH
    if not _TILE_NUMBER.fullmatch(number) or (found and not 0 < width < TILE_WIDTH):
        raise ProofError("that is the path of no tile")
    said = TileName(read_decimal(level), int(number.replace("x", "").replace("/", "")), width)
    if said.level > HIGHEST_LEVEL or number_path(said.number) != number:
        raise ProofError("that is the path of no tile")
    return said
