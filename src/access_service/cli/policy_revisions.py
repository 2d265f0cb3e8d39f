"""A folder of packs as it was at a git revision: blobs out of the repository, nothing checked out or executed."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from access_service.cli.errors import UsageError
from access_service.engine.packs.files import MODELS, OF_REGISTER, OF_STANDALONE

LONGEST_S = 60
MOST_BYTES = 1 << 28
"""All files of one revision together."""
PACK_FILES = frozenset({*OF_REGISTER, *OF_STANDALONE})
_QUIET = (
    "-c",
    "core.fsmonitor=false",
    "-c",
    "core.hooksPath=/dev/null",
    "--no-replace-objects",
    "--literal-pathspecs",
)
_ENVIRONMENT = {
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_TERMINAL_PROMPT": "0",
    # What a partial clone lacks is not fetched: nothing is asked of the network to read a revision.
    "GIT_NO_LAZY_FETCH": "1",
    "LC_ALL": "C",
}


@contextmanager
def packs_at(revision: str, policy_dir: Path, models_dir: Path) -> Iterator[tuple[Path, Path]]:
    """The folder of packs and that of models as they were at a revision, until the block ends.

    Models that lie outside the repository are today's. Raises `UsageError` for a revision that is not there.
    """
    root = Path(_git(policy_dir, "rev-parse", "--show-toplevel", why="is in no git repository").decode().strip())
    commit = _commit(root, revision)
    with tempfile.TemporaryDirectory() as made:
        packs, models = Path(made) / "policy", Path(made) / MODELS
        _copy(root, commit, _inside(root, policy_dir), packs, depth=2)
        inside = models_dir.resolve()
        if inside.is_relative_to(root):
            _copy(root, commit, _inside(root, inside), models, depth=1)
        else:
            models = models_dir
        yield packs, models


def _commit(root: Path, revision: str) -> str:
    named = _git(
        root,
        "rev-parse",
        "--verify",
        "--quiet",
        "--end-of-options",
        f"{revision}^{{commit}}",
        why=f"has no revision `{revision}`",
    )
    return named.decode().strip()


def _inside(root: Path, folder: Path) -> str:
    return folder.resolve().relative_to(root.resolve()).as_posix()


def _copy(root: Path, commit: str, folder: str, into: Path, *, depth: int) -> None:
    """The regular files of a folder that a pack is made of; links are not followed."""
    into.mkdir(parents=True, exist_ok=True)
    below = "" if folder == "." else f"{folder}/"
    listed = _git(
        root, "ls-tree", "-r", "-z", "-l", "--full-tree", commit, "--", below or ".", why="cannot be listed"
    )
    taken: list[tuple[str, Path]] = []
    total = 0
    for line in filter(None, listed.decode("utf-8", "surrogateescape").split("\0")):
        said, _, path = line.partition("\t")
        mode, kind, blob, size = said.split()
        parts = PurePosixPath(path.removeprefix(below)).parts
        is_wanted = parts[-1] in PACK_FILES if depth > 1 else parts[-1].endswith(".conf")
        if kind != "blob" or not mode.startswith("100") or len(parts) != depth or not is_wanted:
            continue
        total += int(size)
        if total > MOST_BYTES:
            raise UsageError(f"the packs of that revision are larger than {MOST_BYTES >> 20} MiB")
        taken.append((blob, into.joinpath(*parts)))
    for (_, target), content in zip(taken, _blobs(root, [blob for blob, _ in taken]), strict=True):
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)


def _blobs(root: Path, ids: Sequence[str]) -> Iterator[bytes]:
    """The bytes of each blob, as they are stored: no filter, no line ending changed."""
    if not ids:
        return
    told = _git(root, "cat-file", "--batch", given="".join(f"{id_}\n" for id_ in ids), why="cannot be read")
    at = 0
    for _ in ids:
        end = told.index(b"\n", at)
        size = int(told[at:end].rpartition(b" ")[2])
        yield told[end + 1 : end + 1 + size]
        at = end + 1 + size + 1


def _git(folder: Path, *arguments: str, why: str, given: str = "") -> bytes:
    program = shutil.which("git")
    if program is None:
        raise UsageError("git is not installed here; name two folders")
    try:
        done = subprocess.run(  # noqa: S603 a fixed program, the revision after `--end-of-options`
            [program, *_QUIET, "-C", str(folder), *arguments],
            input=given.encode(),
            capture_output=True,
            timeout=LONGEST_S,
            check=False,
            env=os.environ | _ENVIRONMENT,
        )
    except subprocess.TimeoutExpired:
        raise UsageError(f"git did not answer within {LONGEST_S} s") from None
    if done.returncode != 0:
        said = done.stderr.decode("utf-8", "replace").strip().splitlines()
        raise UsageError(f"`{folder}` {why}" + (f": {said[-1]}" if said else ""))
    return done.stdout
