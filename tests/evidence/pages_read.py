"""What a PDF says, read by another program than the one that made it."""

import io
import unicodedata
from collections.abc import Iterator

import pikepdf
import pypdfium2


def words_of(pdf: bytes) -> str:
    """The text of all pages, on one line, without the places where a word may be broken."""
    document = pypdfium2.PdfDocument(pdf)
    text = "\n".join(page.get_textpage().get_text_range() for page in document)
    document.close()
    return " ".join(text.replace("\u200b", "").replace("\ufffe", "-").split())


def pages_of(pdf: bytes) -> int:
    document = pypdfium2.PdfDocument(pdf)
    count = len(document)
    document.close()
    return count


def texts_in(value: object) -> Iterator[str]:
    """Every word of a print that stands on paper."""
    hidden = {"salt", "document", "template", "lang", "kind", "grant", "unit", "side", "dated"}
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for item in value:
            yield from texts_in(item)
    elif isinstance(value, dict):
        for key, item in value.items():
            if key not in hidden:
                yield from texts_in(item)


def squeezed(text: str) -> str:
    """Without blanks: a line that was broken reads the same."""
    return "".join(unicodedata.normalize("NFC", text).split())


def opened(pdf: bytes) -> pikepdf.Pdf:
    return pikepdf.open(io.BytesIO(pdf))
