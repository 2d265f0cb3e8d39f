"""A use case authorises, asks the rules of `domain`, stores and audits; where it refuses itself, it says why."""

import ast
from pathlib import Path

import access_service.usecases

SECRET = "compares a secret, a code or a second factor: whoever is wrong hears one sentence, where it is compared"
SESSION = "looks up a session or a bearer, which is stored beside the facts"
REQUEST = "is about the request, not about the register"
KEYS = "is about the keys of this machine, which only its operator enters"
OPERATOR = "is about registers beside each other, which only who runs the machine enters"

OWN: dict[str, str] = {
    "open_sessions.caller_in_session": SESSION,
    "accounts._open_recovered": SECRET,
    "accounts.activate": SECRET,
    "open_sessions.session_from_token": SESSION,
    "accounts.caller_of": SESSION,
    "accounts.check_new_password": SECRET,
    "accounts.confirm_password": SECRET,
    "accounts.ground_of": "gives the rules their ground: a unit without a pack has none",
    "accounts.pack_for": "the inner function of `ground_of`",
    "bearers._by_token": SESSION,
    "certificates.check_file": "says what is wrong with a file that came, not with what stands in the register",
    "ceremonies._chosen": SECRET,
    "ceremonies._shown": REQUEST,
    "ceremonies._touched": SECRET,
    "bearers._unknown": SESSION,
    "bearers.bearer_of": SESSION,
    "dossier_request.check_days": REQUEST,
    "entering.find_invited": SECRET,
    "epochs._check_broken": "is about the log and what was signed of it, which only who runs the machine enters",
    "monitoring.watch_log": "is about files of somebody who watches from outside",
    "idempotency._answered": REQUEST,
    "idempotency.take_key": REQUEST,
    "introspect.enforcement_point": SESSION,
    "log_reading._extract": REQUEST,
    "log_reading.as_filter": REQUEST,
    "operators.check_operator": SECRET,
    "keyring.begin_keyring": KEYS,
    "keys.begin_key": KEYS,
    "reading.read_register": SESSION,
    "reading.register_named": REQUEST,
    "readers.check_reads_log": "the log is no fact of the register",
    "recoveries.ask_recovery": SECRET,
    "register.init_register": OPERATOR,
    "school_files.refuse_file": REQUEST,
    "second_factor.ask": SECRET,
    "second_factor.confirm_passkey": SECRET,
    "second_factor.confirm_totp": SECRET,
    "second_factor.show_again": SECRET,
    "service_sessions.open_service_session": SESSION,
    "authorizing.issue_code": SESSION,
    "passkey_sign_in.sign_in_by_passkey": SECRET,
    "sign_in.check_may_enter": SECRET,
    "sign_in.change_password": SECRET,
    "sign_in.sign_in": SECRET,
    "matrix_paging.show_matrix_page": REQUEST,
    "explaining._unit_of": REQUEST,
    "explaining._request": REQUEST,
    "anomaly_list.list_anomalies": REQUEST,
    "matrix_paging._check_words": REQUEST,
    "matrix_paging.in_state": REQUEST,
    "who._answer": REQUEST,
    "who._pack": REQUEST,
    "who._unit_of": REQUEST,
    "paths.paths_to": REQUEST,
    "paths._suppose": "a rule's refusal, said with the act that is supposed; and a day before the record",
    "known_facts.ground": "a unit without a pack in force, as every view of the register says it",
    "known_facts.pack_for": "a unit without a pack in force, as every view of the register says it",
}
"""Functions that refuse something themselves; never a whole module, so that none takes a new refusal in unseen."""


def refusing() -> dict[str, int]:
    """Functions of use cases that make a refusal of their own, and where; what is not found is looked up here."""
    found: dict[str, int] = {}
    for path in sorted(Path(access_service.usecases.__path__[0]).rglob("*.py")):
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
    alone = {name: line for name, line in made.items() if name not in OWN}
    assert alone == {}, "make it a function of `domain` over a Ground, with a row in the table of doors"
    stale = OWN.keys() - made.keys()
    assert stale == set(), "it refuses nothing any more"
