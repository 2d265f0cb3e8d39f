"""`policy diff`: what one pack says otherwise than another, or than itself at a git revision."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from access_service.cli.errors import DONE, REFUSED, UNPROVED, UsageError
from access_service.cli.policy_revisions import packs_at
from access_service.cli.saying import say_json, settings_for
from access_service.domain.policy import Pack
from access_service.domain.time import local
from access_service.engine.alone.decisions import StandaloneEngine
from access_service.engine.alone.pack import StandalonePack
from access_service.engine.alone.standalone import is_standalone, load_standalone, models_for
from access_service.engine.cases.alone import read_standalone_cases, run_standalone_case
from access_service.engine.packs.files import PACK_TOML
from access_service.engine.packs.load import load_pack
from access_service.engine.proofs.alone_packs import ANSWER, allows_more, compare_alone
from access_service.engine.proofs.pack_cells import (
    BASIS,
    CELL,
    DENY,
    FUNCTION,
    HAND_DOWN,
    SHUT,
    PackChange,
    PackDifference,
    compare_packs,
)
from access_service.engine.proofs.witness import Replayed, kept_cases, replay

if TYPE_CHECKING:
    from access_service.usecases.evidence.touched import TouchedPeople

LONGEST = 60
"""Longest text of a table that a line shows; JSON has all of it."""
TITLES = {
    FUNCTION: "functions of cells",
    DENY: "denied in so many words",
    HAND_DOWN: "hand-downs",
    SHUT: "shut by locks",
    BASIS: "the same by other articles",
    ANSWER: "answered otherwise",
}
_OTHERS = (FUNCTION, DENY, HAND_DOWN, SHUT, BASIS)


@dataclass(frozen=True, slots=True)
class _Compared:
    """Two packs with what is otherwise; `played` is None for packs that stand alone."""

    old: Pack | StandalonePack
    new: Pack | StandalonePack
    changes: tuple[PackChange, ...]
    played: Replayed | None
    cases: tuple[tuple[str, str, str], ...] = ()
    """Cases of the new folder that the old pack answers otherwise: name, before, after."""
    touched: TouchedPeople | None = None

    @property
    def allowed(self) -> tuple[PackChange, ...]:
        return tuple(c for c in self.changes if c.part in (CELL, ANSWER) and not c.before)

    @property
    def is_more(self) -> bool:
        """Does the new pack allow anything that the old one did not, to be done or to be handed down?"""
        if isinstance(self.old, Pack) and isinstance(self.new, Pack):
            return bool(PackDifference(self.old, self.new, self.changes).more)
        return allows_more(self.changes)

    @property
    def no_longer(self) -> tuple[PackChange, ...]:
        return tuple(c for c in self.changes if c.part in (CELL, ANSWER) and not c.after)


def run_policy_diff(
    old: str,
    new: Path | None,
    *,
    models: Path | None,
    cases: bool,
    at: tuple[str | None, str | None] | None,
    strict: bool,
    as_json: bool,
) -> int:
    """Compare, play what changed, say it. 3 where the engine does not answer as the difference says."""
    with ExitStack() as held:
        pairs, said = _pairs(old, new, models, held)
        found = [_compare(*pair, models) for pair in pairs]
    if at is not None:
        found = _touching(found, at)
    if as_json:
        say_json([_plain(compared) for compared in found])
    elif cases:
        typer.echo("".join(_cases(found)), nl=False)
    else:
        for line in (*said, *(line for compared in found for line in _lines(compared))):
            typer.echo(line)
    if any(compared.played is not None and not compared.played.is_as_said for compared in found):
        return UNPROVED
    return REFUSED if strict and any(compared.is_more for compared in found) else DONE


def _pairs(
    old: str, new: Path | None, models: Path | None, held: ExitStack
) -> tuple[list[tuple[Path, Path, Path | None]], list[str]]:
    """Folders to compare, with the models of the old one where they are those of a revision."""
    if new is not None and not new.is_dir():
        raise UsageError(f"{new} is no folder here; a pack is a folder with `pack.toml` in it")
    if Path(old).is_dir():
        if new is None:
            raise UsageError("name two folders of packs, or a git revision and at most one folder")
        return [(Path(old).resolve(), new.resolve(), None)], []
    settings = settings_for()
    policy_dir = settings.policy_dir.resolve() if new is None else new.resolve().parent
    if not policy_dir.is_dir():
        raise UsageError(f"{policy_dir} is no folder here")
    models_dir = models or (models_for(new.resolve(), settings.models_dir) if new else settings.models_dir)
    packs, then = held.enter_context(packs_at(old, policy_dir, models_dir))
    names = [new.resolve().name] if new is not None else _names(packs, policy_dir)
    pairs: list[tuple[Path, Path, Path | None]] = []
    said: list[str] = []
    for name in names:
        before, now = ((folder / name / PACK_TOML).is_file() for folder in (packs, policy_dir))
        if before and now:
            pairs.append((packs / name, policy_dir / name, then))
        else:
            said.append(f"{name}: {'gone' if before else 'new'} since {old}")
    return pairs, said


def _names(*folders: Path) -> list[str]:
    return sorted({entry.parent.name for folder in folders for entry in folder.glob(f"*/{PACK_TOML}")})


def _compare(old: Path, new: Path, then: Path | None, models: Path | None) -> _Compared:
    before, after = _loaded(old, then or models), _loaded(new, models)
    if isinstance(before, Pack) and isinstance(after, Pack):
        difference = compare_packs(before, after)
        return _Compared(before, after, difference.changes, replay(difference))
    if isinstance(before, StandalonePack) and isinstance(after, StandalonePack):
        return _Compared(before, after, compare_alone(before, after), None, tuple(_other_cases(before, after, new)))
    raise UsageError(f"{old.name} and {new.name} are packs of two kinds")


def _loaded(folder: Path, models: Path | None) -> Pack | StandalonePack:
    if is_standalone(folder):
        return load_standalone(folder, models or models_for(folder, settings_for().models_dir))
    return load_pack(folder.parent, folder.name, models or settings_for().models_dir)


def _other_cases(old: StandalonePack, new: StandalonePack, folder: Path) -> Iterator[tuple[str, str, str]]:
    """Each case of the new folder that the old pack answers otherwise."""
    before, after = StandaloneEngine(old), StandaloneEngine(new)
    for case in read_standalone_cases(folder, new):
        was, now = (run_standalone_case(case, engine).got for engine in (before, after))
        if was != now:
            yield case.name, was, now


def _touching(found: Sequence[_Compared], at: tuple[str | None, str | None]) -> list[_Compared]:
    """With whom of today's people each touches, all at one revision."""
    # Two folders are compared without a database, which would take longer to import than everything else.
    from access_service.cli.opening import open_database, register_of  # noqa: PLC0415
    from access_service.usecases.evidence.touched import find_touched, governed_by_name  # noqa: PLC0415

    settings = settings_for(at[0])
    with open_database(settings) as db, db.read(register_of(db, at[1] or settings.register_name)) as reader:
        now = db.now_in(reader.connection, reader.register)
        told = []
        for c in found:
            if not (isinstance(c.old, Pack) and isinstance(c.new, Pack)):
                raise UsageError(f"{c.new.name} stands alone: no register has its people")
            difference = PackDifference(c.old, c.new, c.changes)
            touched = find_touched(reader, difference, now, governed_by_name(c.old, c.new))
            told.append(_Compared(c.old, c.new, c.changes, c.played, c.cases, touched))
        return told


# -- as text


def difference_lines(difference: PackDifference, played: Replayed | None, touched: TouchedPeople) -> Iterator[str]:
    """A difference of two packs of the register, line by line."""
    yield from _lines(_Compared(difference.old, difference.new, difference.changes, played, touched=touched))


def plain_difference(difference: PackDifference, played: Replayed | None, touched: TouchedPeople) -> dict[str, Any]:
    """The same as JSON."""
    return _plain(_Compared(difference.old, difference.new, difference.changes, played, touched=touched))


def _lines(compared: _Compared) -> Iterator[str]:
    old, new = compared.old, compared.new
    yield f"{old.name} {old.version} → {new.name} {new.version}"
    if not compared.changes:
        yield "  the same" if old.digest == new.digest else "  other bytes, and nothing said otherwise"
        return
    yield from _section("newly allowed", compared.allowed, compared.new)
    yield from _section("no longer allowed", compared.no_longer, compared.new)
    parts = dict.fromkeys([*_OTHERS, *(change.part for change in compared.changes)])
    for part in parts:
        changes = tuple(c for c in compared.changes if c.part == part)
        if part not in (CELL, ANSWER) and changes:
            yield from _section(TITLES.get(part, part.replace("_", " ")), changes, compared.new)
    yield from _played(compared)
    if compared.touched is not None:
        yield from _touched_lines(compared.touched)


def _section(title: str, changes: Sequence[PackChange], new: Pack | StandalonePack) -> Iterator[str]:
    yield f"{title} ({len(changes)})"
    rows = [
        (*c.what, *(() if c.part in (CELL, ANSWER) else (_change(c),)), c.source, c.article, _locked(c, new))
        for c in changes
    ]
    yield from _aligned(rows)


def _change(change: PackChange) -> str:
    if not change.before:
        return f"+ {_short(change.after)}"
    return f"− {_short(change.before)}" if not change.after else f"{_short(change.before)} → {_short(change.after)}"


def _short(text: str) -> str:
    one_line = " ".join(text.split())
    return one_line if len(one_line) <= LONGEST else one_line[: LONGEST - 1] + "…"


def _locked(change: PackChange, new: Pack | StandalonePack) -> str:
    """Locks that shut a newly allowed cell for a time: a difference of packs has dates."""
    if change.part != CELL or change.before or not isinstance(new, Pack):
        return ""
    _, category, action = change.what
    locks = [lock.id for lock in new.locks if category in lock.categories and action in lock.actions]
    return f"shut for a time by {', '.join(locks)}" if locks else ""


def _aligned(rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    listed = list(rows)
    widths = [max(map(len, column)) for column in zip(*listed, strict=False)]
    for row in listed:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=False))
        yield ("  " + "  ".join(cells)).rstrip()


def _played(compared: _Compared) -> Iterator[str]:
    if compared.played is not None:
        played = compared.played
        good = sum(replayed.is_as_said for replayed in played.replays)
        yield f"played on the engine under both: {good} of {len(played.replays) + len(played.unwritten)} as said"
        for replayed in played.replays:
            if not replayed.is_as_said:
                yield f"  {replayed.witness.name}: {replayed.before} → {replayed.after}, not as said"
        for change in played.unwritten:
            yield f"  {' '.join(change.what)}: no case could be written"
    elif compared.cases:
        yield f"cases of the folder answered otherwise ({len(compared.cases)})"
        yield from _aligned([(name, f"{was} → {now}") for name, was, now in compared.cases])


def _touched_lines(touched: TouchedPeople) -> Iterator[str]:
    """Whom of today's people it touches, by unit and role."""
    yield (
        f"on this register, revision {touched.revision}: {len(touched.gain)} accounts gain, "
        f"{len(touched.lose)} lose ({touched.asked} rights asked under both)"
    )
    yield from _aligned(
        [
            (group.unit, group.unit_name, group.role_vi, f"+{len(group.gain)}", f"−{len(group.lose)}")
            for group in touched.groups
        ]
    )
    if touched.unasked:
        yield f"  {touched.unasked} rights were not asked about everything: no class in their scope"


def _cases(found: Sequence[_Compared]) -> Iterator[str]:
    played = [(c, c.played) for c in found if c.played is not None and c.played.replays]
    if len(played) > 1:
        raise UsageError("name one pack: a case file has one world")
    for compared, replayed in played:
        yield f"# {compared.old.name} {compared.old.version} → {compared.new.name} {compared.new.version}\n"
        yield kept_cases(replayed)


# -- as JSON


def _plain(compared: _Compared) -> dict[str, Any]:
    told: dict[str, Any] = {
        "old": _named(compared.old),
        "new": _named(compared.new),
        "allowed": len(compared.allowed),
        "no_longer": len(compared.no_longer),
        "changes": [_plain_change(change) for change in compared.changes],
    }
    if compared.played is not None:
        told["played"] = [
            {"what": list(r.witness.change.what), "before": r.before, "after": r.after, "as_said": r.is_as_said}
            for r in compared.played.replays
        ]
        told["unwritten"] = [list(change.what) for change in compared.played.unwritten]
    else:
        told["cases"] = [{"name": name, "before": was, "after": now} for name, was, now in compared.cases]
    if compared.touched is not None:
        told["touched"] = _plain_touched(compared.touched)
    return told


def _named(pack: Pack | StandalonePack) -> dict[str, str]:
    return {"name": pack.name, "version": pack.version, "digest": pack.digest}


def _plain_change(change: PackChange) -> dict[str, Any]:
    """One change as JSON."""
    return {
        "part": change.part,
        "what": list(change.what),
        "before": change.before,
        "after": change.after,
        "article": change.article,
        "source": change.source,
    }


def _plain_touched(touched: TouchedPeople) -> dict[str, Any]:
    """Whom it touches as JSON."""
    return {
        "revision": touched.revision,
        "at": local(touched.at).isoformat(),
        "gain": len(touched.gain),
        "lose": len(touched.lose),
        "asked": touched.asked,
        "unasked": touched.unasked,
        "groups": [
            {"unit": g.unit, "role": g.role, "gain": list(g.gain), "lose": list(g.lose)} for g in touched.groups
        ],
    }
