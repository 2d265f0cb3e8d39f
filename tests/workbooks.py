"""Workbooks written part by part, as programs of all kinds and their enemies write them."""

import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
STRICT = "http://purl.oclc.org/ooxml/spreadsheetml/main"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"
HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'

STYLES = (
    f'{HEAD}<styleSheet xmlns="{MAIN}"><numFmts count="5"><numFmt numFmtId="164" formatCode="dd/mm/yyyy;@"/>'
    '<numFmt numFmtId="165" formatCode="d/m"/><numFmt numFmtId="166" formatCode="mm/yyyy"/>'
    '<numFmt numFmtId="167" formatCode="0000"/><numFmt numFmtId="168" formatCode="hh:mm"/></numFmts>'
    '<cellXfs count="7"><xf numFmtId="0"/><xf numFmtId="164"/><xf numFmtId="165"/><xf numFmtId="166"/>'
    '<xf numFmtId="167"/><xf numFmtId="168"/><xf numFmtId="9"/></cellXfs></styleSheet>'
)
"""Styles 0 to 6: general, day, day and month, month and year, four digits, time, per cent."""
GENERAL, DAY, DAY_MONTH, MONTH_YEAR, DIGITS, TIME, PERCENT = range(7)


def text(reference: str, value: str) -> str:
    """A cell of text."""
    return f'<c r="{reference}" t="inlineStr"><is><t>{value}</t></is></c>'


def relationships(*links: tuple[str, str, str]) -> str:
    """A part of relationships: (id, kind, target)."""
    inner = "".join(f'<Relationship Id="{i}" Type="{OFFICE}/{k}" Target="{t}"/>' for i, k, t in links)
    return f'{HEAD}<Relationships xmlns="{PACKAGE}">{inner}</Relationships>'


def sheet(rows: Iterable[str], before: str = "", behind: str = "") -> str:
    """A sheet's part."""
    return f'{HEAD}<worksheet xmlns="{MAIN}">{before}<sheetData>{"".join(rows)}</sheetData>{behind}</worksheet>'


def of_columns(columns: Iterable[str], *rows: Iterable[str], before: str = "", behind: str = "") -> str:
    """A sheet with a header and rows of whole cells (`<c …>`)."""
    header = "".join(text(f"{chr(65 + number)}1", name) for number, name in enumerate(columns))
    written = [f'<row r="{number}">{"".join(cells)}</row>' for number, cells in enumerate(rows, start=2)]
    return sheet([f'<row r="1">{header}</row>', *written], before, behind)


def parts(name: str, content: str, *, part: str = "worksheets/sheet1.xml", state: str = "") -> dict[str, str]:
    """A workbook with one sheet, as its parts."""
    shown = f' state="{state}"' if state else ""
    return {
        "_rels/.rels": relationships(("rId1", "officeDocument", "xl/workbook.xml")),
        "xl/workbook.xml": f'{HEAD}<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}"><sheets>'
        f'<sheet name="{name}" sheetId="1"{shown} r:id="rId1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": relationships(
            ("rId1", "worksheet", part), ("rId2", "styles", "styles.xml"), ("rId3", "sharedStrings", "texts.xml")
        ),
        "xl/styles.xml": STYLES,
        "xl/texts.xml": f'{HEAD}<sst xmlns="{MAIN}"><si><t>Chung</t></si><si><r><t>Nguyễn </t></r><r><t>An</t></r>'
        "<rPh><t>x</t></rPh></si></sst>",
        f"xl/{part}": content,
    }


def write(path: Path, found: Mapping[str, str | bytes]) -> Path:
    """The parts as a file."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in found.items():
            archive.writestr(name, content)
    return path
