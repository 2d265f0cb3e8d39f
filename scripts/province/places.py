"""The list of administrative units, read strictly: where a province's offices and schools stand.

Two layouts are known: with districts (until 30 June 2025) and province and commune only (from 1 July 2025).
"""

import csv
import unicodedata
from dataclasses import dataclass
from datetime import date
from pathlib import Path

TWO_TIERS_FROM = date(2025, 7, 1)
"""The day on which the district level ended."""

_WITH_DISTRICTS = (
    *("province_code", "province_name", "district_code", "district_name", "commune_code", "commune_name"),
)
_WITHOUT_DISTRICTS = ("province_code", "province_name", "commune_code", "commune_name")

_MERGED_FROM = {"31": ("30",), "79": ("74", "77")}
"""Provinces merged on 1 July 2025 whose upper secondary schools the example list still files under the old code."""

_KINDS_OF_PLACE = ("Thành phố ", "Thị trấn ", "Thị xã ", "Đặc khu ", "Phường ", "Quận ", "Huyện ", "Tỉnh ", "Xã ")


class PlacesError(Exception):
    """The lists cannot give the province asked for; the message says why."""


@dataclass(frozen=True, slots=True)
class Commune:
    """Xã, phường, thị trấn, đặc khu; or a district that has none of its own, such as an island."""

    code: str
    """Five digits."""
    name: str
    district: str | None
    """Code of its district, None after the district level ended."""


@dataclass(frozen=True, slots=True)
class Province:
    """One province of the list on one day."""

    code: str
    name: str
    districts: dict[str, str]
    """Code to name; empty after the district level ended."""
    communes: tuple[Commune, ...]
    upper_secondary: tuple[str, ...]
    """Names of upper secondary schools, at most one a commune."""


def short_name(name: str) -> str:
    """The name without its kind, as schools are called after it; a number keeps the kind (`Phường 1`)."""
    for kind in _KINDS_OF_PLACE:
        rest = name.removeprefix(kind)
        if rest != name:
            return name if rest.isdigit() else rest
    return name


def read_province(units: Path, code: str, as_of: date, *, communes: int | None = None) -> Province:
    """The province as it stood on that day.

    `units` is the CSV list; upper secondary schools come from `upper_secondary_schools.csv` beside it, if there.
    `communes` keeps only the first so many. Raises `PlacesError` for a list of another time, or without it.
    """
    columns, rows = _read(units)
    if columns not in (_WITH_DISTRICTS, _WITHOUT_DISTRICTS):
        raise PlacesError(f"`{units.name}` is no list of administrative units: columns {', '.join(columns)}")
    has_districts = columns == _WITH_DISTRICTS
    if has_districts and as_of >= TWO_TIERS_FROM:
        raise PlacesError(f"`{units.name}` lists districts, and there are none on `{as_of:%d/%m/%Y}`")
    if not has_districts and as_of < TWO_TIERS_FROM:
        raise PlacesError(f"`{units.name}` lists no districts, and there were some on `{as_of:%d/%m/%Y}`")
    mine = [row for row in rows if row["province_code"] == code]
    if not mine:
        raise PlacesError(f"`{units.name}` has no province `{code}`")
    kept = tuple(_commune(row) for row in mine)[:communes]
    names = {row["district_code"]: row["district_name"] for row in mine} if has_districts else {}
    wanted = {commune.district for commune in kept}
    old_codes = () if has_districts else _MERGED_FROM.get(code, ())
    return Province(
        code=code,
        name=mine[0]["province_name"],
        districts={key: name for key, name in names.items() if key in wanted},
        communes=kept,
        upper_secondary=_upper_secondary(units, (code, *old_codes))[: len(kept)],
    )


def _commune(row: dict[str, str]) -> Commune:
    district = row.get("district_code")
    if row["commune_code"] == "":
        # An island district has no commune, and still an office and schools: it stands for its own.
        return Commune(f"{district:0>5}", row["district_name"], district)
    return Commune(row["commune_code"], row["commune_name"], district)


def _upper_secondary(units: Path, codes: tuple[str, ...]) -> tuple[str, ...]:
    path = units.with_name("upper_secondary_schools.csv")
    if not path.exists():
        return ()
    columns, rows = _read(path)
    if columns != ("province_code", "school_name"):
        raise PlacesError(f"`{path.name}` is no list of upper secondary schools: columns {', '.join(columns)}")
    return tuple(row["school_name"] for row in rows if row["province_code"] in codes)


def _read(path: Path) -> tuple[tuple[str, ...], list[dict[str, str]]]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise PlacesError(f"`{path.name}` cannot be read: {type(error).__name__}") from error
    reader = csv.reader(unicodedata.normalize("NFC", text).splitlines(), strict=True)
    header = tuple(next(reader, ()))
    rows = []
    for row in reader:
        if len(row) != len(header):
            raise PlacesError(f"`{path.name}` line {reader.line_num} has {len(row)} columns of {len(header)}")
        rows.append(dict(zip(header, row, strict=True)))
    return header, rows
