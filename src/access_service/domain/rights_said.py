"""A right as a sentence: "Lớp 6A1: xem, sửa kết quả học tập" (web.md 1.2). Words come from the pack, order too."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from access_service.domain.scope import Scope


@dataclass(frozen=True, slots=True)
class SaidRight:
    """What may be done to some categories of data at one place, in one sentence."""

    place: str
    actions: tuple[str, ...]
    """As the pack calls them."""
    categories: tuple[str, ...]
    """As the pack calls them; those that the same may be done to."""
    sensitive: tuple[str, ...]
    """Those of them that the pack calls sensitive."""

    @property
    def doing(self) -> str:
        """What may be done, without the place."""
        return f"{', '.join(map(_small, self.actions))} {', '.join(map(_small, self.categories))}"

    @property
    def text(self) -> str:
        """The whole sentence, without a full stop."""
        return f"{self.place}: {self.doing}"


def _small(word: str) -> str:
    """Within a sentence; an abbreviation keeps its capitals."""
    return word if word[:2].isupper() else word[:1].lower() + word[1:]


def place_of(scope: Scope, unit_name: str, class_names: Sequence[str], level_names: Sequence[str]) -> str:
    """Where a right holds, the narrowest first: classes, grades, levels, else the unit with all below it."""
    if class_names:
        return f"Lớp {', '.join(class_names)}"
    place = unit_name
    if scope.grades:
        return f"Khối {', '.join(sorted(scope.grades, key=_by_number))}, {place}"
    if level_names:
        return f"{place}, cấp {', '.join(level_names)}"
    return place


def _by_number(grade: str) -> tuple[int, str]:
    return (int(grade), "") if grade.isdigit() else (0, grade)


def say_rights(
    place: str, lines: Iterable[tuple[str, tuple[str, ...]]], sensitive: frozenset[str]
) -> tuple[SaidRight, ...]:
    """One sentence for each set of actions, what is widest first; `lines` are categories with their actions."""
    groups: dict[tuple[str, ...], list[str]] = {}
    for category, actions in lines:
        groups.setdefault(actions, []).append(category)
    ordered = sorted(groups.items(), key=lambda group: -len(group[0]))
    return tuple(
        SaidRight(place, actions, tuple(found), tuple(c for c in found if c in sensitive))
        for actions, found in ordered
    )
