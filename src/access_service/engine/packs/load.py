"""Reads a pack strictly: everything it extends, in order, into one checked `Pack`, or every fault at once.

The chain is followed from the pack to its root by `extends`; the draft is filled from the root to the pack. The
format is docs/policy-packs.md.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import TypeVar

from access_service.domain.errors import Fault, PolicyError
from access_service.domain.policy import DEFAULT, Limit, Pack, PeriodLock
from access_service.domain.promises import broken_promises
from access_service.domain.separations import meetings
from access_service.engine.casbin_engine import model_faults
from access_service.engine.packs.csv_rows import read_delegation, read_roles
from access_service.engine.packs.draft import Draft
from access_service.engine.packs.files import (
    CHAIN_LIMIT,
    DELEGATION_CSV,
    MODELS,
    NAME,
    PACK_TOML,
    ROLES_CSV,
    PackFiles,
    collect,
    is_pack_name,
    make_missing_fault,
    sort_faults,
)
from access_service.engine.packs.sections import LATER_LIMITS, LIMITS, deadline, read_tables
from access_service.engine.toml_reader import TomlFile, TomlTable, parse_toml, quote, text_of

__all__ = ["PackFiles", "load_pack", "parse_pack", "read_pack_files"]

_Key = TypeVar("_Key")
_Value = TypeVar("_Value")


def read_pack_files(policy_dir: Path, name: str, models_dir: Path) -> PackFiles:
    """Every byte of a pack, of those it extends and of its model.

    Raises `PolicyError` when the pack's folder is missing or a file cannot be taken (a link out of its folder, too
    large, unreadable, not part of a pack). What the files say is checked by `parse_pack`.
    """
    collected = collect(policy_dir, name, models_dir)
    faults = list(collected.faults)
    path = f"{name}/{PACK_TOML}"
    if path not in collected.files.files and path not in collected.unread and is_pack_name(name):
        faults.append(make_missing_fault(path))
    if faults:
        raise PolicyError(sort_faults(faults))
    return collected.files


def parse_pack(files: PackFiles) -> Pack:
    """The pack these files make. Raises `PolicyError` with every fault, sorted by file and line."""
    return _parse(files, [], frozenset())


def load_pack(policy_dir: Path, name: str, models_dir: Path) -> Pack:
    """Read and parse a pack from its folder; faults of both at once."""
    collected = collect(policy_dir, name, models_dir)
    return _parse(collected.files, list(collected.faults), collected.unread)


def _parse(files: PackFiles, faults: list[Fault], unread: frozenset[str]) -> Pack:
    reader = _Reader(files, faults, unread)
    pack = reader.pack()
    if faults or pack is None:
        raise PolicyError(sort_faults(faults))
    return pack


class _Reader:
    """One reading of one set of files; collects the faults of all of them."""

    def __init__(self, files: PackFiles, faults: list[Fault], unread: frozenset[str]) -> None:
        self._files = files
        self._faults = faults
        self._unread = unread
        self._draft = Draft()
        self._stands_alone = False

    def pack(self) -> Pack | None:
        """The pack, or None when there are faults."""
        if not is_pack_name(self._files.name):
            self._faults.append(Fault(self._files.name, f"{quote(self._files.name)} is no name of a pack"))
            return None
        chain = list(self._chain(self._files.name))
        if self._stands_alone:
            return None
        for name, file in reversed(chain):
            self._layer(name, file, is_root=name == chain[-1][0])
        model_text = self._model()
        self._whole(chain[0][1])
        if self._faults:
            return None
        pack = self._assembled(model_text)
        self._separated(chain[0][1], pack)
        self._faults += [Fault(b.source, b.said, b.hint) for b in broken_promises(pack)]
        return None if self._faults else pack

    def _text(self, path: str, *, required: bool) -> str | None:
        """A file's text, or None with a fault where it is needed or cannot be read."""
        content = self._files.files.get(path)
        if content is not None:
            return text_of(path, content, self._faults)
        if required and path not in self._unread:
            self._faults.append(make_missing_fault(path))
        return None

    def _chain(self, name: str) -> Iterator[tuple[str, TomlFile | None]]:
        """The pack, the one it extends, and so on; ends at the root, or where the chain breaks."""
        seen: list[str] = []
        while True:
            seen.append(name)
            path = f"{name}/{PACK_TOML}"
            text = self._text(path, required=True)
            file = None if text is None else parse_toml(path, text, self._faults)
            yield name, file
            if file is None:
                self._draft.complete = False
                return
            if "kind" in file.root:
                # Its other files are read by `standalone_load`; here every line of them would be a fault.
                hint = 'write `kind = "standalone"` and serve it with `access-service serve --policy`'
                self._faults.append(Fault(file.place(("kind",)), "a pack that stands alone fits no register", hint))
                self._stands_alone = True
                return
            if "extends" not in file.root:
                return
            parent = TomlTable.root(file, []).text("extends")
            if fault := self._wrong_parent(parent, seen):
                self._faults.append(Fault(file.place(("extends",)), fault))
                self._draft.complete = False
                return
            name = parent

    def _wrong_parent(self, parent: str, seen: list[str]) -> str:
        if not is_pack_name(parent):
            return f"{quote(parent)} is no name of a pack"
        if parent in seen:
            cycle = " → ".join([*seen[seen.index(parent) :], parent])
            return f"the packs extend each other: `{cycle}`"
        if len(seen) >= CHAIN_LIMIT:
            return f"the chain of packs is longer than {CHAIN_LIMIT}"
        return ""

    def _layer(self, name: str, file: TomlFile | None, *, is_root: bool) -> None:
        """One pack of the chain into the draft."""
        if file is not None:
            read_tables(TomlTable.root(file, self._faults), name, self._draft)
        is_alone = is_root and file is not None and "extends" not in file.root
        path = f"{name}/{ROLES_CSV}"
        if (text := self._text(path, required=is_alone)) is not None:
            read_roles(path, text, self._draft, self._faults)
        path = f"{name}/{DELEGATION_CSV}"
        if (text := self._text(path, required=False)) is not None:
            read_delegation(path, text, self._draft, self._faults)

    def _model(self) -> str:
        if NAME.fullmatch(self._draft.model) is None:
            return ""
        path = f"{MODELS}/{self._draft.model}.conf"
        text = self._text(path, required=True)
        if text is None:
            return ""
        self._faults.extend(model_faults(path, text))
        return text

    def _whole(self, leaf: TomlFile | None) -> None:
        """What must be there after inheritance."""
        if leaf is None or not self._draft.complete:
            return
        draft = self._draft
        place = leaf.place(())
        if not draft.model:
            self._faults.append(Fault(place, "`model` is neither written nor inherited"))
        for id_, default in LATER_LIMITS.items():
            draft.limits.setdefault(id_, Limit(default, DEFAULT))
        for limit in sorted(LIMITS.keys() - draft.limits.keys()):
            self._faults.append(Fault(place, f"limit `{limit}` is neither written nor inherited"))
        sections = {
            "signing": draft.capacities,
            "custody": draft.holders,
            "requests": draft.function_required,
        }
        for section, value in sections.items():
            if value is None:
                self._faults.append(Fault(place, f"`[{section}]` is neither written nor inherited"))
        # That there are rules follows: the root's roles.csv is required, and one without rows is a fault.

    def _separated(self, leaf: TomlFile | None, pack: Pack) -> None:
        """A pack that refuses what one of its own roles is would refuse that role to everybody."""
        for role in pack.roles:
            for met in meetings(pack, [role]) if leaf is not None else ():
                if met.separation.refuse and leaf is not None:
                    fault = f"the role `{role}` is what separation `{met.separation.id}` refuses"
                    hint = "take a row from the role, or `accept` it with the reason"
                    self._faults.append(Fault(leaf.place(("separations",)), fault, hint))

    def _assembled(self, model_text: str) -> Pack:
        draft = self._draft
        return Pack(
            name=self._files.name,
            version=draft.version,
            title=draft.title,
            model=draft.model,
            model_text=model_text,
            digest=self._files.digest,
            articles=_frozen(draft.articles),
            actions=_frozen(draft.actions),
            functions=_frozen(draft.functions),
            categories=_frozen(draft.categories),
            roles=_frozen(draft.roles),
            positions=_frozen(draft.positions),
            unit_kinds=_frozen(draft.unit_kinds),
            rules=tuple(draft.rules),
            delegation=tuple(draft.delegation.values()),
            locks=_locks(draft),
            commitments=tuple(draft.commitments.values()),
            limits=_frozen(draft.limits),
            signing_capacities=draft.capacities or frozenset(),
            custody_holders=draft.holders or frozenset(),
            function_required=bool(draft.function_required),
            separations=tuple(draft.separations.values()),
            promises=tuple(draft.promises.values()),
            sections=_frozen(draft.sections),
            grades=_frozen(draft.grades),
            homerooms=_frozen(draft.homerooms),
            capacities_by_kind=_frozen(draft.capacities_by_kind),
            by_order=_frozen(draft.by_order),
            documents=_frozen(draft.documents),
            approvals_by=draft.approvals_by,
            cites=_frozen(draft.cites),
            templates=_frozen(draft.templates),
            strengths=_frozen(draft.strengths),
            letterhead=draft.letterhead,
            books=draft.books,
        )


def _locks(draft: Draft) -> tuple[PeriodLock, ...]:
    """Inherited ones, too, begin as this pack's limit reads a day without an hour."""
    reading = draft.limits["deadline_without_hour"].value
    return tuple(
        lock if day is None else replace(lock, start=deadline(day, str(reading)))
        for lock, day in draft.locks.values()
    )


def _frozen(mapping: dict[_Key, _Value]) -> Mapping[_Key, _Value]:
    return MappingProxyType(mapping)
