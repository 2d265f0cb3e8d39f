"""The network of a province: department, divisions, district or commune offices, schools, centres."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from province.dates import Calendar
from province.places import Commune, Province, short_name
from province.words import Level, UnitKind


@dataclass(frozen=True, slots=True)
class Office:
    """One unit of the network, with the edge to the unit that directly manages its accounts."""

    code: str
    name: str
    kind: UnitKind
    symbol: str
    """How the office abbreviates itself in the numbers of its documents: `12/QĐ-<symbol>`."""
    manager: str | None
    depth: int
    """Management edges up to the department."""
    levels: tuple[Level, ...]
    """Levels of the schools it manages, or its own."""
    valid_from: date
    field: str = ""
    """What a division is in charge of: a key of `DIVISIONS`."""

    @property
    def teaches(self) -> bool:
        """Has it classes?"""
        return self.kind in ("school", "centre")


ALL_LEVELS: tuple[Level, ...] = ("preschool", "primary", "lower_secondary", "upper_secondary", "continuing")
OFFICE_LEVELS: tuple[Level, ...] = ALL_LEVELS[:3]
"""What a district or commune office manages."""

DIVISIONS: dict[str, tuple[str, tuple[Level, ...]]] = {
    "GDMNTH": ("Phòng Giáo dục Mầm non và Giáo dục Tiểu học", ("preschool", "primary")),
    "GDTrH": ("Phòng Giáo dục Trung học", ("lower_secondary", "upper_secondary")),
    "GDTX&ĐH": ("Phòng Giáo dục thường xuyên, Giáo dục nghề nghiệp và Đại học", ("continuing",)),
    "QLCL": ("Phòng Quản lý chất lượng", ALL_LEVELS),
    "TCHC": ("Phòng Tổ chức - Hành chính", ALL_LEVELS),
    "KHTC": ("Phòng Kế hoạch - Tài chính", ALL_LEVELS),
}
"""Symbol of a division to its name and the levels its officers work on; the inspectorate, which had no standing
rights to records and ended in 2025, is left out."""

_MERGE_EVERY, _MERGE_AT = 6, 2
_UPPER_EVERY, _UPPER_AT = 40, 5
_COMMUNES_A_CENTRE = 10


@dataclass(frozen=True, slots=True)
class _School:
    title: str
    symbol: str
    levels: tuple[Level, ...]


_PRESCHOOL = _School("Trường Mầm non", "MN", ("preschool",))
_PRIMARY = _School("Trường Tiểu học", "TH", ("primary",))
_LOWER = _School("Trường THCS", "THCS", ("lower_secondary",))
_MERGED = _School("Trường TH và THCS", "TH&THCS", ("primary", "lower_secondary"))
_LOWER_UPPER = _School("Trường THCS và THPT", "THCS&THPT", ("lower_secondary", "upper_secondary"))


class Network:
    """Every unit of one province, from the department down; a unit comes after its manager."""

    def __init__(self, province: Province, calendar: Calendar, *, seed: int, scale: int) -> None:
        self._province = province
        self._calendar = calendar
        self._seed = seed
        self._scale = scale
        self._sequence: Counter[str] = Counter()

    def offices(self) -> Iterator[Office]:
        """All units. `scale` copies of the schools, told apart by a number in name and code."""
        code = self._province.code
        yield Office(
            code,
            f"Sở GDĐT {short_name(self._province.name)}",
            "department",
            "SGDĐT",
            None,
            0,
            ALL_LEVELS,
            self._calendar.units_from,
        )
        for number, (symbol, (name, levels)) in enumerate(DIVISIONS.items(), start=1):
            yield Office(
                f"{code}P{number:02}", name, "division", symbol, code, 1, levels, self._calendar.units_from, symbol
            )
        for district, name in self._province.districts.items():
            yield self._local(f"{code}{district}", f"Phòng GDĐT {name}", "district_office", "PGDĐT")
        for index, commune in enumerate(self._province.communes):
            yield from self._commune(index, commune)
        yield from self._direct_schools()

    def _local(self, code: str, name: str, kind: UnitKind, symbol: str) -> Office:
        manager = self._province.code
        return Office(code, name, kind, symbol, manager, 1, OFFICE_LEVELS, self._calendar.offices_from)

    def _commune(self, index: int, commune: Commune) -> Iterator[Office]:
        """The commune's own office where it has one, and its schools."""
        manager = f"{self._province.code}{commune.district or commune.code}"
        if commune.district is None:
            yield self._local(manager, f"UBND {commune.name}", "commune", "UBND")
        for copy in range(self._scale):
            for school in self._schools_of(index):
                direct = "upper_secondary" in school.levels
                name = f"{school.title} {short_name(commune.name)}"
                yield self._school(school, name, commune, self._province.code if direct else manager, copy)

    def _schools_of(self, index: int) -> tuple[_School, ...]:
        if (index + self._seed) % _MERGE_EVERY == _MERGE_AT:
            return _PRESCHOOL, _MERGED
        if (index + self._seed) % _UPPER_EVERY == _UPPER_AT:
            return _PRESCHOOL, _PRIMARY, _LOWER_UPPER
        return _PRESCHOOL, _PRIMARY, _LOWER

    def _direct_schools(self) -> Iterator[Office]:
        """Upper secondary schools and centres, directly under the department."""
        province = self._province
        upper = _School("", "THPT", ("upper_secondary",))
        centre = _School("Trung tâm GDNN-GDTX", "GDNN-GDTX", ("continuing",))
        spread = len(province.communes) // max(1, len(province.upper_secondary))
        for copy in range(self._scale):
            for index, name in enumerate(province.upper_secondary):
                yield self._school(upper, name, province.communes[index * spread], province.code, copy)
            for commune in self._centre_seats():
                place = short_name(province.districts[commune.district] if commune.district else commune.name)
                yield self._school(centre, f"{centre.title} {place}", commune, province.code, copy)

    def _centre_seats(self) -> list[Commune]:
        """The first commune of each district; without districts every tenth commune."""
        communes = self._province.communes
        if not self._province.districts:
            return list(communes[::_COMMUNES_A_CENTRE])
        first: dict[str | None, Commune] = {}
        for commune in communes:
            first.setdefault(commune.district, commune)
        return list(first.values())

    def _school(self, school: _School, name: str, commune: Commune, manager: str, copy: int) -> Office:
        """Code: province (2), commune (5), sequence (3), as the sector numbers its schools."""
        self._sequence[commune.code] += 1
        return Office(
            code=f"{self._province.code}{commune.code}{self._sequence[commune.code]:03}",
            name=name if copy == 0 else f"{name} {copy + 1}",
            kind="centre" if school.levels == ("continuing",) else "school",
            symbol=school.symbol,
            manager=manager,
            depth=1 if manager == self._province.code else 2,
            levels=school.levels,
            valid_from=self._calendar.units_from,
        )
