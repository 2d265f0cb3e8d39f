"""`document show`: a document's page in a file."""

import os
from pathlib import Path

import typer

from access_service.cli.errors import UsageError
from access_service.cli.opening import open_database, register_of, services_for, settings_for
from access_service.domain.names import DocumentId
from access_service.storage.connecting import open_new
from access_service.usecases.paper_pages import print_paper


def run_show(
    document: str,
    *,
    pdf: Path | None,
    html: Path | None,
    version: int | None,
    database: str | None,
    register: str | None,
) -> None:
    """Write the page; it names people, so that only the operator may read the file."""
    if pdf is None and html is None:
        raise UsageError("name a file with --pdf or --html")
    settings = settings_for(database)
    with open_database(settings) as db:
        services, found = services_for(db, settings), register_of(db, register)
        for path, as_html in ((pdf, False), (html, True)):
            if path is not None:
                _write(path, print_paper(services, found, DocumentId(document), version, as_html=as_html))
                typer.echo(f"{path}", err=True)


def _write(path: Path, data: bytes) -> None:
    part = path.with_name(f".{path.name}.part")
    try:
        part.unlink(missing_ok=True)
        with os.fdopen(open_new(part), "wb") as stream:
            stream.write(data)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
