"""One word, one thing: what a reader may trust of a name without looking where it comes from."""

import ast
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from nouns import FLOORS, nouns_of

SOURCE = Path(__file__).parents[1] / "src" / "access_service"
AUTHZEN_MEMBERS = frozenset({"Action", "Context", "Evaluation", "Evaluations", "Resource", "Search", "Subject"})
"""What AuthZEN itself calls the members of a question, read in two ways: over a register (`schemas`), or over a
pack that stands alone (`pack_schemas`). A process serves one of them; `/openapi.json` names them as AuthZEN does.
"""


@cache
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


def test_no_file_has_the_name_of_another_nouns_file() -> None:
    """A noun's files have one name on its floors (`docs/development.md`); on a floor a name stands for one file."""
    where = defaultdict(set)
    for path in modules():
        floor, _, rest = path.removesuffix(".py").partition("/")
        if floor in FLOORS and "migrations" not in rest and not rest.endswith("__init__"):
            (noun,) = nouns_of(f"{floor}/{rest}")
            where[rest.rpartition("/")[2]].add((noun, floor, rest))
    twice = {name: files for name, files in where.items() if len(files) > 1}
    assert len(twice) > 20
    assert {name: files for name, files in twice.items() if len({noun for noun, _, _ in files}) > 1} == {}
    floors = {name: [floor for _, floor, _ in files] for name, files in twice.items()}
    assert {name: found for name, found in floors.items() if len(set(found)) < len(found)} == {}


RIDDLES = frozenset(
    {
        "about",
        "found",
        "held",
        "holders",
        "kept",
        "known",
        "meant",
        "missing",
        "newest",
        "said",
        "seen",
        "shown",
        "since",
        "told",
        "up_to",
    }
)
"""Words that say how something is, and not what a function does."""
VERBS_IN_ED = frozenset({"need", "seed", "feed", "exceed", "read"})


def test_public_functions_are_verbs_or_say_whose_noun_they_give() -> None:
    """`found` and `asked` are names of values: a reader looks for who found it. `find_ruling` is not."""
    riddles = set()
    for path, module in modules().items():
        for node in module.body:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and not node.name.startswith("_"):
                is_participle = "_" not in node.name and node.name.endswith("ed") and node.name not in VERBS_IN_ED
                if is_participle or node.name in RIDDLES:
                    riddles.add(f"{path}: {node.name}")
    assert riddles == set()


MUTATORS = frozenset(
    {
        "add",
        "append",
        "clear",
        "discard",
        "extend",
        "insert",
        "move_to_end",
        "pop",
        "popitem",
        "remove",
        "setdefault",
        "update",
    }
)
PURE = ("domain/", "engine/")


def changed_names(module: ast.Module) -> Iterator[str]:
    """Names whose value a function of the module changes: an item set or deleted, or changed by a method."""
    functions = [node for node in ast.walk(module) if isinstance(node, ast.FunctionDef)]
    for node in (inner for function in functions for inner in ast.walk(function)):
        if (
            isinstance(node, ast.Subscript)
            and not isinstance(node.ctx, ast.Load)
            and isinstance(node.value, ast.Name)
        ):
            yield node.value.id
        elif isinstance(node, ast.Global):
            yield from node.names
        elif isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name):
            yield node.target.id
        elif (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr in MUTATORS
            and isinstance(node.func.value, ast.Name)
        ):
            yield node.func.value.id


def bound_in_functions(module: ast.Module) -> set[str]:
    """Names that some function of the module gives a value of its own."""
    return {
        inner.id
        for node in ast.walk(module)
        if isinstance(node, ast.FunctionDef)
        for inner in ast.walk(node)
        if isinstance(inner, ast.Name) and isinstance(inner.ctx, ast.Store)
    }


def test_no_module_of_domain_or_engine_keeps_what_it_has_worked_out() -> None:
    """What is remembered lies in an `engine.memory.Memory`, which whoever starts the program makes.

    Allowed are constants, locks, and `lru_cache` with a bound over a function of one word: it is the same for
    everybody, for ever.
    """
    kept = set()
    for path, module in modules().items():
        if not path.startswith(PURE):
            continue
        assigned = [s for s in module.body if isinstance(s, ast.Assign | ast.AnnAssign)]
        names = {
            n.id for s in assigned for n in ast.walk(s) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)
        }
        kept |= {f"{path}: {name}" for name in set(changed_names(module)) & names - bound_in_functions(module)}
        for node in ast.walk(module):
            if isinstance(node, ast.FunctionDef):
                for decorator in node.decorator_list:
                    text = ast.unparse(decorator)
                    if text in {"cache", "functools.cache", "lru_cache"} or "maxsize=None" in text:
                        kept.add(f"{path}: {node.name} without a bound")
    assert kept == set()
