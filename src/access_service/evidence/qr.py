"""The square that leads to the page about a paper."""

from io import BytesIO


def draw_qr(text: str) -> str:
    """The square as SVG, error correction M; the same text gives the same square."""
    import segno  # noqa: PLC0415 few processes draw

    drawn = BytesIO()
    segno.make(text, error="m", micro=False).save(drawn, kind="svg", scale=4, border=0, xmldecl=False, svgns=True)
    return drawn.getvalue().decode()
