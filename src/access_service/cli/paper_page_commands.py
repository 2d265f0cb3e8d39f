"""`document`: what an operator does with one paper; see `commands`."""
# ruff: noqa: PLC0415

from pathlib import Path
from typing import Annotated

import typer

from access_service.cli import options

document = typer.Typer(help="Papers: as a page or a file.", no_args_is_help=True, rich_markup_mode=None)


@document.callback()
def _papers() -> None:
    """Papers: as a page or a file."""


@document.command("show")
def document_show(
    document_id: Annotated[str, typer.Argument(help="Id of the document, `doc_…`.")],
    *,
    pdf: Annotated[Path | None, typer.Option(metavar="FILE", help="Write it as PDF/A-3 into this file.")] = None,
    html: Annotated[Path | None, typer.Option(metavar="FILE", help="Write it as an HTML page.")] = None,
    version: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="An earlier version; the newest if left out.")
    ] = None,
    database: options.DatabaseOption = None,
    register: options.Register = None,
) -> None:
    """Write a paper as people read it; a signed one is the file that is kept from the first time on."""
    from access_service.cli.paper_pages import run_show

    run_show(document_id, pdf=pdf, html=html, version=version, database=database, register=register)
