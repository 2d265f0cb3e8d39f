"""The rows of a matrix by category of data: what is sensitive first."""

from collections.abc import Iterable, Iterator

from access_service.domain.standing import OVER
from access_service.usecases.evidence.matrix_values import CategoryLine, MatrixHead, MatrixRow


def list_by_category(head: MatrixHead, rows: Iterable[MatrixRow]) -> Iterator[CategoryLine]:
    """Every right of every row, category by category in the packs' order, the sensitive ones before the others.

    The rows are held until the last was read: a province's take about 60 MB.
    """
    found: dict[str, list[CategoryLine]] = {c.id: [] for c in head.categories}
    sensitive = head.sensitive
    for row in rows:
        if row.state not in OVER or head.include_ended:
            for right in row.rights:
                line = CategoryLine(right, right.category in sensitive, row)
                found.setdefault(right.category, []).append(line)
    for category in sorted(found, key=lambda id_: id_ not in sensitive):
        yield from found[category]
