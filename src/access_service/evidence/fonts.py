"""Which family of type there is, looked at before it is used (record 0099).

Decree 30 wants Times. No font file is committed: the operator's folder, then the package `pdfboss-fonts` (files
accepted by their hash), then what the operating system has, then the family that Typst brings.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from importlib import metadata, util
from pathlib import Path
from typing import TYPE_CHECKING

from access_service.evidence.signs import VIETNAMESE

if TYPE_CHECKING:
    import typst

FAMILIES = ("Tinos", "Times New Roman", "Liberation Serif", "TeX Gyre Termes")
"""Families with the widths of Times, best first."""
OWN = "Libertinus Serif"
"""What Typst brings: every Vietnamese letter, other widths."""
SYSTEM = tuple(Path("/usr/share/fonts/truetype") / name for name in ("croscore", "liberation2"))
PACKAGE = "pdfboss_fonts"
ACCEPTED = frozenset(
    {
        "60a0e8ef0c04dd5dd69ffe91025fa2ae5836cbd35600a82ba031977557e2cb61",
        "393269dbab8899f938db19783eca5eac92eb431f7ae0ab45b8349ca895f1a06b",
        "5942266ed398b155d7dc23e36833e7ec6be988f2439bdbeb8ef1bede808eaa91",
        "a5de79f0fe863ea0954757acb3d47b3ccd0a930ce3dd5b97230cd3866790a06e",
    }
)
"""SHA-256 of Tinos 1.340 Regular, Bold, Italic and BoldItalic in that package, which one person keeps."""
STYLES = 4

_PROBE = b"""#set text(font: sys.inputs.family, lang: "vi", fallback: false)
#set document(title: "134")
#let letters = sys.inputs.letters
#letters #strong(letters) #emph(letters) #strong(emph(letters))
"""


class FontError(Exception):
    """A folder of type that cannot print Vietnamese."""


@dataclass(frozen=True, slots=True)
class FontFamily:
    """A family of type that was looked at."""

    name: str
    folder: str | None
    """None: it comes with Typst."""
    sha256: str
    """Of the names and hashes of its files; for Typst's own, of its name and Typst's version."""


_chosen: dict[str, Path] = {}


def choose_folder(folder: Path | None) -> None:
    """The operator names a folder, or none, for this process."""
    _chosen.clear()
    if folder is not None:
        _chosen["folder"] = folder


def find_family() -> FontFamily:
    """The family that papers are printed in: of the folder chosen, or what there is."""
    return family_of(_chosen.get("folder"))


@lru_cache(maxsize=16)
def family_of(folder: Path | None) -> FontFamily:
    """The same for a folder that is named. One that has none is an error and no silent other choice."""
    if folder is not None:
        family = _family_in(folder)
        if family is None:
            raise FontError(f"no family of type in {folder} prints Vietnamese: one of {', '.join(FAMILIES)}")
        return family
    for place, accepted in _places():
        family = _family_in(place, accepted)
        if family is not None:
            return family
    return own_family()


def own_family() -> FontFamily:
    """Typst's own."""
    words = f"{OWN}\n{typst_version()}".encode()
    return FontFamily(OWN, None, hashlib.sha256(words).hexdigest())


def typst_version() -> str:
    """Of the installed package: another one may set other lines."""
    return metadata.version("typst")


def _places() -> Iterator[tuple[Path, frozenset[str] | None]]:
    package = util.find_spec(PACKAGE)
    if package is not None and package.origin is not None:
        yield Path(package.origin).parent / "fonts", ACCEPTED
    for folder in SYSTEM:
        yield folder, None


@lru_cache(maxsize=16)
def _family_in(folder: Path, accepted: frozenset[str] | None = None) -> FontFamily | None:
    if not folder.is_dir():
        return None
    found = fonts_in(str(folder)).fonts()
    for name in FAMILIES:
        files = sorted({Path(font.path) for font in found if font.family == name and font.path})
        hashes = [hashlib.sha256(file.read_bytes()).hexdigest() for file in files]
        if len(files) < STYLES or (accepted is not None and not accepted.issuperset(hashes)):
            continue
        if is_vietnamese(name, str(folder)):
            lines = "".join(f"{file.name} {sha}\n" for file, sha in zip(files, hashes, strict=True))
            return FontFamily(name, str(folder), hashlib.sha256(lines.encode()).hexdigest())
    return None


@lru_cache(maxsize=16)
def fonts_in(folder: str | None) -> "typst.Fonts":
    """The files of a folder, beside those that Typst brings; never those of the system."""
    import typst  # noqa: PLC0415 33 MB that few processes need

    paths = [] if folder is None else [folder]
    return typst.Fonts(include_system_fonts=False, include_embedded_fonts=True, font_paths=paths)


def is_vietnamese(family: str, folder: str | None) -> bool:
    """Has this family all 134 letters in its four styles? A PDF/A page of them is set in it alone."""
    import typst  # noqa: PLC0415

    compiler = typst.Compiler(_PROBE, font_paths=fonts_in(folder))
    inputs = {"family": family, "letters": VIETNAMESE}
    try:
        _, warnings = compiler.compile_with_warnings(format="pdf", pdf_standards=["a-3a"], sys_inputs=inputs)
    except typst.TypstError:
        return False
    return not warnings
