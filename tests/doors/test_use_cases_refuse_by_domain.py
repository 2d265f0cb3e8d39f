"""A use case authorises, asks the rules of `domain`, stores and audits; where it refuses itself, it says why."""

import ast
from pathlib import Path

import access_service.usecases

SECRET = "compares a secret, a code or a second factor: whoever is wrong hears one sentence, where it is compared"
SESSION = "looks up a session or a bearer, which is stored beside the facts"
REQUEST = "is about the request, not about the register"
OPERATOR = "is about operators and registers, which no other door enters"
SOFTWARE = "one function for the API and the command line, about clients and draws, which no file brings"
INSPECTORS = "one function of the one act that opens an account for a member from outside"
PACKS = "one function for both steps of a binding, which only operators enter"

OWN: dict[str, str] = {
    "revisions.check_known": REQUEST,
    "revisions.parse_revision": REQUEST,
    "accounts": SECRET,
    "approvers": SOFTWARE,
    "bearers": SESSION,
    "clients": SOFTWARE,
    "codes": SECRET,
    "effects.as_preparing": SECRET,
    "idempotency": REQUEST,
    "inspection._enter": INSPECTORS,
    "inspection.admit_external": INSPECTORS,
    "introspection": SESSION,
    "operators": OPERATOR,
    "policy": PACKS,
    "reading": REQUEST,
    "reading_papers.read_events": "the log is no fact of the register",
    "recoveries.ask_recovery": SECRET,
    "register.init_register": OPERATOR,
    "second_factor": SECRET,
    "service_sessions": SESSION,
    "sign_in": SECRET,
    "signatures._giver_capacity": SECRET,
    "software": SOFTWARE,
    "software_papers": SOFTWARE,
}
"""Modules, or single functions, that refuse something themselves."""


def refusing() -> dict[str, int]:
    """Functions of use cases that make a refusal of their own, and where; what is not found is looked up here."""
    found: dict[str, int] = {}
    for path in sorted(Path(access_service.usecases.__path__[0]).glob("*.py")):
        for function in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not isinstance(function, ast.FunctionDef):
                continue
            for node in ast.walk(function):
                is_call = isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
                if is_call and node.func.id in ("RefusedError", "InvalidError"):  # type: ignore[attr-defined]
                    found[f"{path.stem}.{function.name}"] = node.lineno
    return found


def test_a_use_case_refuses_through_domain_or_says_why_it_does_itself() -> None:
    made = refusing()
    alone = {name: line for name, line in made.items() if name not in OWN and name.partition(".")[0] not in OWN}
    assert alone == {}, "make it a function of `domain` over a Ground, with a row in the table of doors"
    stale = {name for name in OWN if name not in made and not any(f.startswith(f"{name}.") for f in made)}
    assert stale == set(), "it refuses nothing any more"
