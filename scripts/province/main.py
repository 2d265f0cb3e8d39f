"""The command line of `scripts/make-province`. Exit status 0, 1 (the lists cannot give it), 2 (bad usage)."""

import argparse
import sys
from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path

from province.build import Builder
from province.dates import calendar_of
from province.network import Network
from province.places import PlacesError, read_province
from province.sheets import FORMATS, SheetError


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command; a refusal is one line on standard error."""
    options = _parser().parse_args(arguments)
    try:
        province = read_province(options.units, options.province, options.as_of, communes=options.communes)
        calendar = calendar_of(options.as_of)
        network = Network(province, calendar, seed=options.seed, scale=options.scale)
        with FORMATS[options.format](options.output) as sheets:
            Builder(network, calendar, sheets, seed=options.seed).write()
    except (PlacesError, SheetError, OSError) as error:
        print(f"make-province: {error}", file=sys.stderr)
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="make-province", description="Write a synthetic province as import files (docs/import.md)."
    )
    parser.add_argument("--units", type=Path, required=True, help="CSV list of administrative units")
    parser.add_argument("--province", required=True, help="province code in that list, such as 31")
    parser.add_argument(
        "--as-of", type=_day, required=True, help="a day of the school year wanted: yyyy-mm-dd or dd/mm/yyyy"
    )
    parser.add_argument("--output", type=Path, required=True, help="directory for the files; made if missing")
    parser.add_argument("--seed", type=int, default=0, help="the same seed gives the same files (default 0)")
    parser.add_argument("--communes", type=_positive, help="only the first so many communes")
    parser.add_argument("--format", choices=sorted(FORMATS), default="csv", help="default csv")
    parser.add_argument("--scale", type=_positive, default=1, help="copies of the schools (default 1)")
    return parser


def _day(text: str) -> date:
    for pattern in ("%Y-%m-%d", "%d/%m/%Y"):
        try:
            return datetime.strptime(text, pattern).date()  # noqa: DTZ007 -- a day, not an instant
        except ValueError:
            continue
    raise argparse.ArgumentTypeError(f"`{text}` is no day")


def _positive(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) == 0:
        raise argparse.ArgumentTypeError(f"`{text}` is no positive number")
    return int(text)
