"""Signed notes, the keys that verify them, and policies that say whose notes count (C2SP signed-note, tlog-policy).

A note is a text, an empty line, and a line for each signature. Signatures of keys that nobody named are passed
over: another's note does not become wrong by them. One of a named key that does not verify refuses the whole note.
"""

import base64
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from access_service.domain.log import ProofError
from access_service.domain.log_texts import Checkpoint, read_base64, read_checkpoint
from access_service.signing.keys import SealKey

ED25519 = 0x01
COSIGNATURE = 0x04
"""Kind of a witness's key; its signatures are not verified yet."""
LARGEST_NOTE = 1 << 16
MOST_SIGNATURES = 64
PUBLIC_BYTES = 32
_DASH = "— "
_ID_BYTES = 4


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """A public key by the name under which it signs; as text it is a `vkey`."""

    name: str
    public: bytes
    kind: int = ED25519

    def __post_init__(self) -> None:
        """Raise `ProofError` for a name with spaces or a plus, and a key that is not 32 bytes long."""
        _check_name(self.name)
        if len(self.public) != PUBLIC_BYTES:
            raise ProofError("an Ed25519 key has 32 bytes")

    @property
    def id(self) -> bytes:
        """Four bytes that tell a name's keys apart."""
        said = self.name.encode() + b"\n" + bytes([self.kind]) + self.public
        return hashlib.sha256(said).digest()[:_ID_BYTES]

    def __str__(self) -> str:
        return f"{self.name}+{self.id.hex()}+{base64.b64encode(bytes([self.kind]) + self.public).decode()}"


def read_vkey(text: str) -> VerifierKey:
    """A key from its text. Raises `ProofError` for another kind of key, or an id that is not its own."""
    parts = text.split("+", 2)
    if len(parts) != len(("name", "id", "key")):
        raise ProofError("a key is written as name+id+key")
    data = read_base64(parts[2])
    if not data or data[0] not in (ED25519, COSIGNATURE):
        raise ProofError("that kind of key is not known here")
    key = VerifierKey(parts[0], data[1:], data[0])
    if key.id.hex() != parts[1]:
        raise ProofError("the key's id is not that of its name and bytes")
    return key


@dataclass(frozen=True, slots=True)
class NoteSignature:
    """One line below a note."""

    name: str
    id: bytes
    data: bytes


@dataclass(frozen=True, slots=True)
class SignedNote:
    """A note as it is written; nothing is verified yet."""

    text: str
    signatures: tuple[NoteSignature, ...]


def sign_note(text: str, name: str, key: SealKey) -> str:
    """The text as a note with the key's signature under that name."""
    _check_text(text)
    verifier = VerifierKey(name, bytes.fromhex(key.public_hex))
    signature = verifier.id + bytes.fromhex(key.sign(text.encode()))
    return f"{text}\n{_DASH}{name} {base64.b64encode(signature).decode()}\n"


def read_note(data: bytes | str) -> SignedNote:
    """Read a note strictly. Raises `ProofError` for a second spelling of anything, and for control characters."""
    if len(data) > LARGEST_NOTE:
        raise ProofError("a note has at most 64 KiB")
    try:
        whole = data.decode() if isinstance(data, bytes) else data
    except UnicodeDecodeError as error:
        raise ProofError("a note is written in UTF-8") from error
    text, found, below = whole.rpartition("\n\n")
    if not found or not below.endswith("\n"):
        raise ProofError("a note ends with its signatures, below an empty line")
    text += "\n"
    _check_text(text)
    lines = below[:-1].split("\n")
    if len(lines) > MOST_SIGNATURES:
        raise ProofError(f"a note has at most {MOST_SIGNATURES} signatures")
    return SignedNote(text, tuple(_read_signature(line) for line in lines))


def _read_signature(line: str) -> NoteSignature:
    name, found, encoded = line.removeprefix(_DASH).partition(" ")
    if not line.startswith(_DASH) or not found:
        raise ProofError("a line of a signature begins with a dash, and names its key")
    _check_name(name)
    data = read_base64(encoded)
    if len(data) <= _ID_BYTES:
        raise ProofError("a signature is empty")
    return NoteSignature(name, data[:_ID_BYTES], data[_ID_BYTES:])


def _check_text(text: str) -> None:
    if not text.endswith("\n") or any(c < " " and c != "\n" for c in text):
        raise ProofError("a note ends its lines with line feeds, and has no other control characters")


def _check_name(name: str) -> None:
    if not name or "+" in name or any(c.isspace() or c < " " for c in name):
        raise ProofError("a key's name has no spaces and no plus")


def open_note(data: bytes | str, keys: Iterable[VerifierKey]) -> tuple[str, tuple[VerifierKey, ...]]:
    """The text of a note that at least one of the keys has signed, and which of them.

    Raises `UnknownSignerError` where none has, `ProofError` where one of them has not signed this text.
    """
    note = read_note(data)
    known = {(key.name, key.id): key for key in keys if key.kind == ED25519}
    signed: dict[VerifierKey, None] = {}
    for signature in note.signatures:
        key = known.get((signature.name, signature.id))
        if key is None:
            continue
        try:
            Ed25519PublicKey.from_public_bytes(key.public).verify(signature.data, note.text.encode())
        except (InvalidSignature, ValueError) as error:
            raise ProofError(f"the signature of `{key.name}` does not verify") from error
        signed[key] = None
    if not signed:
        raise UnknownSignerError("no key that is known has signed the note")
    return note.text, tuple(signed)


class UnknownSignerError(ProofError):
    """Only keys that nobody named have signed a note."""


def open_checkpoint(data: bytes | str, keys: Iterable[VerifierKey]) -> Checkpoint:
    """A checkpoint that its own log has signed. Raises as `open_note`, and for a key of another log."""
    text, signed = open_note(data, keys)
    checkpoint = read_checkpoint(text)
    if all(key.name != checkpoint.origin for key in signed):
        raise UnknownSignerError("the checkpoint is signed under the name of another log")
    return checkpoint


@dataclass(frozen=True, slots=True)
class LogPolicy:
    """Whose checkpoints count."""

    logs: tuple[VerifierKey, ...]
    witnesses: dict[str, VerifierKey] = field(default_factory=dict)
    """By the name that the policy gives them."""
    quorum: str = "none"
    """Which witness or group must have signed as well."""


LARGEST_POLICY = 1 << 16


def read_policy(text: str) -> LogPolicy:
    """A policy from its text. Raises `ProofError` for lines that it may not have, keys named twice, no quorum."""
    if len(text) > LARGEST_POLICY or any(c < " " and c not in "\n\t" for c in text) or "\x7f" in text:
        raise ProofError("a policy has at most 64 KiB and no control characters")
    logs: list[VerifierKey] = []
    witnesses: dict[str, VerifierKey] = {}
    groups: set[str] = set()
    quorum: str | None = None
    for line in text.split("\n"):
        words = line.replace("\t", " ").split(" ")
        words = [word for word in words if word]
        if not words or words[0].startswith("#"):
            continue
        match words:
            case ["log", vkey] | ["log", vkey, _]:
                logs.append(_new_key(vkey, logs, ED25519))
            case ["witness", name, vkey] | ["witness", name, vkey, _] if _is_new(name, witnesses, groups):
                witnesses[name] = _new_key(vkey, witnesses.values(), COSIGNATURE)
            case ["group", name, least, *members] if _is_new(name, witnesses, groups):
                _check_group(least, members, witnesses.keys() | groups)
                groups.add(name)
            case ["quorum", name] if quorum is None and name in {"none", *witnesses, *groups}:
                quorum = name
            case _:
                raise ProofError(f"a policy has no line `{line[:60]}` there")
    if quorum is None:
        raise ProofError("a policy names its quorum; `quorum none` asks for no witness")
    return LogPolicy(tuple(logs), witnesses, quorum)


def _is_new(name: str, witnesses: dict[str, VerifierKey], groups: set[str]) -> bool:
    return name != "none" and name not in witnesses and name not in groups


def _new_key(vkey: str, known: Iterable[VerifierKey], kind: int) -> VerifierKey:
    key = read_vkey(vkey)
    if key.kind != kind:
        raise ProofError("the key is of another kind than its line")
    if any(key == each for each in known):
        raise ProofError("a policy names a key twice")
    return key


def _check_group(least: str, members: list[str], known: set[str]) -> None:
    if not members or len(set(members)) != len(members) or not set(members) <= known:
        raise ProofError("a group has members that are named above it, each once")
    if least not in ("all", "any") and not (least.isdecimal() and 1 <= int(least) <= len(members)):
        raise ProofError("a group takes all, any, or so many of its members")


def policy_text(keys: Iterable[VerifierKey], comment: str = "") -> str:
    """A policy that takes the checkpoints of these keys, and asks for no witness."""
    said = "".join(f"# {line}\n" for line in comment.splitlines())
    return said + "".join(f"log {key}\n" for key in keys) + "quorum none\n"
