"""What was imported from paper never looks as if somebody had signed it here."""

import io
from pathlib import Path

import pytest

from access_service.domain.names import Capacity
from access_service.rendering.matrix_files import WRITERS
from access_service.usecases.evidence.matrix import read_matrix
from access_service.usecases.evidence.matrix_values import MatrixShape, Note
from access_service.usecases.imports.run import import_sheets, read_source
from usecases.import_world import NOW, REGISTER, ROOT, create_register, example, open_services, write
from world import SCHOOL, World


def test_every_row_of_attested_paper_says_so(tmp_path: Path) -> None:
    services = open_services(tmp_path)
    create_register(services)
    sheets = read_source(write(tmp_path / "files", example()))
    import_sheets(services, REGISTER, sheets, dry_run=False, progress=lambda *_: None)
    with read_matrix(services.db, REGISTER, ROOT, at=NOW, known_at=None, include_ended=True) as matrix:
        granted = [row for row in matrix.rows if row.grant is not None]
    assert granted
    assert all(Note.ATTESTED in row.notes for row in granted)
    assert all(row.capacity in (Capacity.HEAD, Capacity.DEPUTY) for row in granted)
    services.db.close()


@pytest.mark.backends("sqlite")
@pytest.mark.parametrize("shape", MatrixShape)
def test_every_shape_is_written_as_every_file(school_world: World, shape: MatrixShape) -> None:
    for write_to, _ in WRITERS.values():
        with read_matrix(school_world.services.db, school_world.register, SCHOOL) as matrix:
            stream = io.BytesIO()
            write_to(matrix, stream, shape)
            assert stream.getvalue()
