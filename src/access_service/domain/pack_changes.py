"""What one version of a pack says otherwise than another: rules, who may hand down what, limits, texts."""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass

from access_service.domain.policy import Pack


@dataclass(frozen=True, slots=True)
class PackChange:
    """One thing that a version has, has no more, or has otherwise."""

    part: str
    """`rules`, `delegation`, `limits`, `commitments`, `roles` or `locks`."""
    what: str
    before: str
    """Empty where it is new."""
    after: str
    """Empty where it is gone."""


def changes_between(old: Pack, new: Pack) -> list[PackChange]:
    """Everything that `new` says otherwise than `old`, part by part."""
    found: list[PackChange] = []
    for part, before, after in (
        ("roles", _roles(old), _roles(new)),
        ("rules", _rules(old), _rules(new)),
        ("delegation", _delegation(old), _delegation(new)),
        ("limits", _limits(old), _limits(new)),
        ("locks", _locks(old), _locks(new)),
        ("commitments", _commitments(old), _commitments(new)),
    ):
        for what in sorted(before.keys() | after.keys(), key=str):
            said = before.get(what, ""), after.get(what, "")
            if said[0] != said[1]:
                found.append(PackChange(part, " · ".join(map(str, what)), *said))
    return found


def _roles(pack: Pack) -> Mapping[tuple[Hashable, ...], str]:
    return {(r.id,): f"{r.vi} ({r.article})" for r in pack.roles.values()}


def _rules(pack: Pack) -> Mapping[tuple[Hashable, ...], str]:
    return {
        (r.role, r.function, r.category, r.action): f"{'được' if r.allow else 'không'} ({r.article})"
        for r in pack.rules
    }


def _delegation(pack: Pack) -> Mapping[tuple[Hashable, ...], str]:
    return {
        (r.role, r.position, r.unit_kind, r.issuer): f"{', '.join(sorted(r.documents))} ({r.article})"
        for r in pack.delegation
    }


def _limits(pack: Pack) -> Mapping[tuple[Hashable, ...], str]:
    return {(name,): f"{limit.value} ({limit.article})" for name, limit in pack.limits.items()}


def _locks(pack: Pack) -> Mapping[tuple[Hashable, ...], str]:
    return {(k.id,): f"{k.start.isoformat()} – {k.end.isoformat()} ({k.article})" for k in pack.locks}


def _commitments(pack: Pack) -> Mapping[tuple[Hashable, ...], str]:
    return {(c.version,): f"{c.vi} ({c.article})" for c in pack.commitments}
