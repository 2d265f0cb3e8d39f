"""The one place that talks to Casbin: which models are allowed, and questions to a fixed set of checked rows.

An engine is built once from a whole set of rules and never changed: no row is added or removed, no policy is
reloaded, no role manager is filled, and there is no switch that turns enforcement off.
"""

import logging
import threading
from collections.abc import Collection, Iterable, Mapping, Sequence
from importlib import metadata
from types import SimpleNamespace
from typing import Any

import casbin

from access_service.domain.errors import Fault, UnavailableError
from access_service.domain.policy import ANY, DEFAULT, Pack, RoleRule
from access_service.engine.toml_reader import quote

SIMPLEEVAL_SAFE = (1, 0, 5)
"""Casbin's evaluator had a sandbox escape before (CVE-2026-32640)."""
REQUEST = ("role", "category", "action")
COLUMNS = ("role", "function", "category", "action", "eft", "article")
EFFECT = "some(where (p.eft == allow)) && !some(where (p.eft == deny))"
"""Deny beats allow, and nothing by default. Casbin's other expressions let one of the two through."""
TERMS = frozenset({'(p.role == r.role || p.role == "*")', "p.category == r.category", "p.action == r.action"})
"""The matcher: these joined by `&&`, in any order. The first one is why a role's rows may be asked alone."""
_ALONE = threading.RLock()
"""Held by whoever talks to Casbin. Its evaluator calls `ast.parse`, which on CPython 3.11 counts its depth for the
whole process: two threads at once are a `SystemError`. It also keeps the names of a question in the evaluator."""
_SECTIONS = {
    "request_definition": "r",
    "policy_definition": "p",
    "policy_effect": "e",
    "matchers": "m",
}


def check_distribution() -> None:
    """Refuse to start on a mixed or outdated installation of Casbin.

    Raises `UnavailableError` when the frozen distribution `casbin` stands beside `pycasbin` (both write the same
    files, and whichever came last is what runs), when `pycasbin` is absent, or its evaluator is unsafe.
    """
    if _version("casbin") is not None:
        raise UnavailableError(
            "the distribution `casbin` is installed beside `pycasbin`: remove both, install `pycasbin`"
        )
    if _version("pycasbin") is None:
        raise UnavailableError("the distribution `pycasbin` is not installed")
    evaluator = _version("simpleeval") or "0"
    if tuple(int(part) for part in evaluator.split(".")[:3] if part.isdecimal()) < SIMPLEEVAL_SAFE:
        raise UnavailableError(f"simpleeval `{evaluator}` is older than 1.0.5, which has a sandbox escape")


def _version(distribution: str) -> str | None:
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return None


def model_faults(path: str, text: str) -> list[Fault]:
    """What a model may be, and nothing else: the definitions, effect and matcher named above.

    Sections and keys are read here as well as by Casbin, because Casbin skips in silence what it does not know.
    """
    found, faults = definitions(path, text)
    wanted = {"r": ", ".join(REQUEST), "p": ", ".join(COLUMNS), "e": EFFECT}
    for key, want in wanted.items():
        line, value = found.get(key, (1, ""))
        if "".join(value.split()) != "".join(want.split()):
            faults.append(Fault(f"{path}:{line}", f"`{key}` must be `{want}`"))
    line, value = found.get("m", (1, ""))
    terms = [" ".join(term.split()) for term in value.split("&&")]
    for term in sorted(set(terms) - TERMS):
        faults.append(Fault(f"{path}:{line}", f"{quote(term)} is not allowed in the matcher", "no functions"))
    for term in sorted(TERMS - set(terms)):
        faults.append(Fault(f"{path}:{line}", f"the matcher lacks `{term}`"))
    if not faults and (cause := _casbin_refuses(text)):
        faults.append(Fault(f"{path}:1", f"Casbin cannot load it: {cause}"))
    return faults


def definitions(path: str, text: str) -> tuple[dict[str, tuple[int, str]], list[Fault]]:
    """The lines of a model by their keys `r`, `p`, `e`, `m`.

    Each key of the model with its line and value; a key or section that is not ours is a fault.
    """
    found: dict[str, tuple[int, str]] = {}
    faults: list[Fault] = []
    wanted = ""
    for number, raw in enumerate(text.split("\n"), start=1):
        line, place = raw.strip(), f"{path}:{number}"
        if not line or line.startswith("#"):
            continue
        if line.startswith("[") and line.endswith("]"):
            wanted = _SECTIONS.get(line[1:-1], "")
            if not wanted:
                faults.append(Fault(place, f"section {quote(line)} is not allowed"))
            continue
        key, equals, value = (part.strip() for part in line.partition("="))
        if not equals or key != wanted:
            faults.append(Fault(place, f"{quote(key)} is not allowed here"))
        elif key in found:
            faults.append(Fault(place, f"`{key}` stands twice"))
        else:
            found[key] = (number, value)
    return found, faults


def _casbin_refuses(text: str) -> str:
    """Why Casbin itself cannot use a model, or nothing."""
    try:
        with _ALONE:
            model = casbin.Enforcer.new_model(text=text)
            casbin.Enforcer(model)
    except (RuntimeError, KeyError, TypeError, ValueError, SyntaxError) as error:
        return str(error)
    return "" if set(model.keys()) == {"r", "p", "e", "m"} else "sections are missing"


def _enforcer(model_text: str, rows: Iterable[list[str]]) -> Any:
    """A Casbin enforcer over exactly these rows. Typed `Any`: Casbin has no types, and it goes no further."""
    # Casbin logs every denial with its arguments; the decision log is ours.
    logging.getLogger("casbin").setLevel(logging.CRITICAL)
    with _ALONE:
        model = casbin.Enforcer.new_model(text=model_text)
        for row in rows:
            model.add_policy("p", "p", row)
        return _Enforcer(model)


class _Enforcer(casbin.Enforcer):  # type: ignore[misc]
    """Plain Casbin, which parses its matcher at the first question instead of at every one."""

    def __init__(self, model: Any) -> None:
        super().__init__(model)
        self._parsed: dict[str, Any] = {}

    def _get_expression(self, expr: str, functions: Any = None) -> Any:
        """What Casbin makes of the matcher. A model of ours has no functions, so they are the same each time."""
        if expr not in self._parsed:
            self._parsed[expr] = super()._get_expression(expr, functions)
        return self._parsed[expr]


def _asked(enforcer: Any, *question: object) -> tuple[bool, list[str]]:
    """Casbin's answer and the row it names, asked by one thread at a time."""
    with _ALONE:
        allowed, row = enforcer.enforce_ex(*question)
    return allowed, row


def row_of(rule: RoleRule) -> tuple[str, ...]:
    """A rule as Casbin's p-row, in the order of the policy definition."""
    effect = "allow" if rule.allow else "deny"
    return rule.role, rule.function, rule.category, rule.action, effect, rule.article


class CasbinEngine:
    """Plain Casbin over a pack's rules, or over some of them. Immutable after construction."""

    def __init__(self, pack: Pack, rules: Iterable[RoleRule] | None = None) -> None:
        chosen = sorted(pack.rules if rules is None else rules, key=lambda rule: _rank(pack, rule))
        # Casbin names the first deny that matches, and the last allow: the preferred row stands there.
        ordered = [rule for rule in chosen if not rule.allow] + [rule for rule in reversed(chosen) if rule.allow]
        self._rules = {row_of(rule): rule for rule in ordered}
        self._enforcer = _enforcer(pack.model_text, (list(row) for row in self._rules))

    def ask(self, role: str, category: str, action: str) -> RoleRule | None:
        """The row that decides: an allow, a deny, or None, which denies too (rule 1: nothing by default)."""
        # Without rows Casbin compares with empty strings, and an empty question would be allowed.
        if not self._rules or not (role and category and action):
            return None
        allowed, row = _asked(self._enforcer, role, category, action)
        rule = self._rules[tuple(row)] if row else None
        if allowed is not (rule is not None and rule.allow):
            raise RuntimeError(f"Casbin's answer and the row it names disagree: `{allowed}`, `{row}`")
        return rule


class AttributeEngine:
    """Plain Casbin over rows that are compared with attributes of the request. Immutable after construction.

    For packs that stand alone (`engine.alone.decisions`); which models they may have is `engine.alone.model`.
    """

    def __init__(self, model_text: str, rows: Sequence[tuple[str, ...]]) -> None:
        """`rows` in the order in which they explain, each ending in effect and article."""
        deny = [row for row in rows if row[-2] == "deny"]
        # As above: the first deny that matches is named, and the last allow.
        ordered = [*deny, *reversed([row for row in rows if row[-2] != "deny"])]
        self._rows = frozenset(ordered)
        self._enforcer = _enforcer(model_text, (list(row) for row in ordered))

    def ask(self, *entities: Mapping[str, str | Collection[str]]) -> tuple[str, ...] | None:
        """The row that decides, or None, which denies too.

        Subject, action, resource and, where the model names it, context: each is given with every attribute that
        the model looks at; what is not known of it is the empty string, or holds nothing.
        """
        subject, action, resource, *_ = entities
        if not (self._rows and subject["id"] and action["name"] and resource["id"]):
            return None
        allowed, found = _asked(self._enforcer, *(SimpleNamespace(**entity) for entity in entities))
        row = tuple(found) if found else None
        if (row is not None and row not in self._rows) or allowed is not (row is not None and row[-2] == "allow"):
            raise RuntimeError(f"Casbin's answer and the row it names disagree: `{allowed}`, `{found}`")
        return row


def attribute_model_refused(text: str, columns: int, equal: Sequence[Mapping[str, str | Collection[str]]]) -> str:
    """Why Casbin cannot ask a model about these attributes of subject, action, resource and context, or nothing.

    Each is `x`, or holds it: one row and one request in which everything equals everything look at every term of
    the matcher. A word that Python or the evaluator keeps for itself shows here and not at the first request.
    """
    if refused := _casbin_refuses(text):
        return refused
    row = (*columns * ("x",), "allow", "x")
    try:
        named = AttributeEngine(text, [row]).ask(*equal)
    except Exception as error:  # noqa: BLE001 the evaluator has many errors, and each of them refuses the model
        return str(error) or type(error).__name__
    return "" if named == row else "the matcher does not match a row that equals the request"


def _rank(pack: Pack, rule: RoleRule) -> tuple[object, ...]:
    """Which of several matching rows an explanation names, whatever order they were written in.

    A row about the role before one about every role, one that cites a regulation before the product's default, the
    pack's own before an inherited one; then by text, so that the answer never depends on the order of lines.
    """
    own = rule.source.startswith(f"{pack.name}/")
    return rule.role == ANY, rule.article == DEFAULT, not own, row_of(rule), rule.source
