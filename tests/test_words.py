"""One word, one thing: what a reader may trust of a name without looking where it comes from."""

import ast
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

SOURCE = Path(__file__).parents[1] / "src" / "access_service"
AUTHZEN_MEMBERS = frozenset({"Action", "Context", "Evaluation", "Evaluations", "Resource", "Search", "Subject"})
"""What AuthZEN itself calls the members of a question, read in two ways: over a register (`schemas`), or over a
pack that stands alone (`pack_schemas`). A process serves one of them; `/openapi.json` names them as AuthZEN does.
"""


def modules() -> dict[str, ast.Module]:
    """Every module of the server by its path. The client is a distribution of its own, with its own readers."""
    paths = [p for p in sorted(SOURCE.rglob("*.py")) if "client" not in p.relative_to(SOURCE).parts]
    return {p.relative_to(SOURCE).as_posix(): ast.parse(p.read_text()) for p in paths}


def types_of(module: ast.Module) -> Iterator[str]:
    """Public classes and type aliases: what is assigned at the top under a name in capitals and small letters."""
    for node in module.body:
        if isinstance(node, ast.ClassDef):
            name = node.name
        elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            name = node.targets[0].id
        else:
            continue
        if name[0].isupper() and (isinstance(node, ast.ClassDef) or not name.isupper()) and len(name) > 1:
            yield name


def test_no_public_type_has_the_name_of_another() -> None:
    where = defaultdict(set)
    for path, module in modules().items():
        for name in types_of(module):
            where[name].add(path)
    twice = {name: paths for name, paths in where.items() if len(paths) > 1}
    read_in_two_ways = {"api/authzen/schemas.py", "api/authzen/search_schemas.py", "api/authzen/pack_schemas.py"}
    assert {n: p for n, p in twice.items() if n not in AUTHZEN_MEMBERS or not p <= read_in_two_ways} == {}
    assert set(twice) == AUTHZEN_MEMBERS, "an exception that nothing needs"
