"""What Casbin does that a policy decision point must not: a test for each, of what of ours stands before it.

The numbers are those of the list of pitfalls that the design refers to. Where a library's behaviour is shown, a new
release that mends it makes the test fail, and the guard may be looked at again.
"""

import ast
import io
import logging
import re
import threading
from dataclasses import replace
from importlib import metadata

import casbin
import pytest

from access_service.domain.errors import UnavailableError
from access_service.domain.policy import ANY, RoleRule
from access_service.engine import casbin_engine
from access_service.engine.casbin_engine import CasbinEngine, check_distribution
from engine.small_packs import MODEL, REPOSITORY, ROOT, edited, faults_of, parsed
from remembered import compile_pack

SOURCES = sorted((REPOSITORY / "src" / "access_service").rglob("*.py"))
ROLES = "root/roles.csv"


def plain_casbin(*rows: list[str], model: str = MODEL) -> casbin.Enforcer:
    """Casbin as anybody would use it, without our reader."""
    loaded = casbin.Enforcer.new_model(text=model)
    for row in rows:
        loaded.add_policy("p", "p", row)
    return casbin.Enforcer(loaded)


def names_used() -> set[str]:
    """Every attribute and name in the engine, the only part of the product that may use Casbin."""
    used = set()
    for path in SOURCES:
        if path.parent.name != "engine":
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Attribute):
                used.add(node.attr)
            elif isinstance(node, ast.Name):
                used.add(node.id)
    return used


def test_pitfall_1_a_mistyped_row_is_refused_and_never_dropped() -> None:
    class Lines(casbin.persist.Adapter):
        def load_policy(self, model: casbin.Model) -> None:
            for line in io.StringIO("p, nurse, f, HEA, read, allow, a\nP, nurse, f, HEA, read, deny, a\n"):
                casbin.persist.load_policy_line(line.strip(), model)

    dropped = casbin.Enforcer(casbin.Enforcer.new_model(text=MODEL), Lines())
    assert dropped.enforce("nurse", "HEA", "read")
    texts = edited(ROOT, ROLES, "*,records,STU,submit,deny,default", "P,*,records,STU,submit,deny,default")
    assert [(fault.place, fault.message) for fault in faults_of(texts)] == [
        ("root/roles.csv:10", "long row: 7 of 6 cells")
    ]


@pytest.mark.parametrize("effect", ["Deny", "denny", "DENY", " deny", "deny ", "", "0"])
def test_pitfall_2_an_unknown_effect_is_refused(effect: str) -> None:
    allow = ["nurse", "f", "HEA", "read", "allow", "a"]
    assert plain_casbin(allow, ["nurse", "f", "HEA", "read", effect, "a"]).enforce("nurse", "HEA", "read")
    texts = edited(ROOT, ROLES, "STU,submit,deny", f"STU,submit,{effect}")
    assert [fault.place for fault in faults_of(texts)] == ["root/roles.csv:10"]


def test_pitfall_2_deny_alone_would_allow_by_default_so_the_effect_is_fixed() -> None:
    lenient = MODEL.replace("some(where (p.eft == allow)) && ", "")
    assert plain_casbin(["x", "f", "c", "a", "deny", "a"], model=lenient).enforce("nobody", "HEA", "read")
    (fault,) = faults_of(ROOT | {"models/delegation.conf": lenient})
    assert fault.message.startswith("`e` must be")


def test_pitfall_3_nothing_of_ours_switches_enforcement_off() -> None:
    open_door = plain_casbin(["nurse", "f", "HEA", "read", "deny", "a"])
    open_door.enable_enforce(False)
    assert open_door.enforce("nurse", "HEA", "read")
    assert "enable_enforce" not in names_used()


def test_pitfall_4_an_empty_policy_denies_even_an_empty_question() -> None:
    assert plain_casbin().enforce("", "", "")
    pack = parsed(ROOT)
    empty = CasbinEngine(replace(pack, rules=()))
    assert empty.ask("", "", "") is None
    assert empty.ask("nurse", "HEA", "read") is None
    full = CasbinEngine(pack)
    assert [full.ask("", "HEA", "read"), full.ask("nurse", "", "read"), full.ask("nurse", "HEA", "")] == [None] * 3


def test_pitfall_4_an_empty_policy_does_not_load() -> None:
    header = ROOT[ROLES].split("\n", 1)[0] + "\n"
    assert [fault.message for fault in faults_of(ROOT | {ROLES: header})] == ["no rows after the header"]
    assert [fault.message for fault in faults_of(ROOT | {ROLES: ""})] == ["empty file"]


def test_pitfall_5_and_7_the_role_manager_is_never_used() -> None:
    """Temporal roles fail open, chains of ten links are cut in silence, users and roles share one namespace."""
    assert not {name for name in names_used() if re.search(r"grouping_policy|role_for_user|role_manager", name)}
    assert CasbinEngine(parsed(ROOT))._enforcer.rm_map == {}
    texts = edited(ROOT, "models/delegation.conf", "[matchers]", "[role_definition]\ng = _, _\n\n[matchers]")
    assert "section `[role_definition]` is not allowed" in [fault.message for fault in faults_of(texts)]


def test_pitfall_5_a_role_named_like_another_column_gets_nothing() -> None:
    engine = CasbinEngine(parsed(ROOT))
    for stranger in ("records", "HEA", "admin", "allow", "Nurse", "nurse ", "nurse\n"):
        assert engine.ask(stranger, "HEA", "read") is None


def test_pitfall_6_empty_never_means_everything() -> None:
    emptied = plain_casbin(["nurse", "f", "HEA", "read", "allow", "a"])
    emptied.remove_filtered_policy(0, "")
    assert emptied.get_policy() == []
    forbidden = {
        "remove_filtered_policy",
        "remove_policy",
        "remove_policies",
        "delete_permissions_for_user",
        "delete_user",
    }
    assert not forbidden & names_used()


@pytest.mark.parametrize("function", ["regexMatch", "keyMatch", "keyMatch2", "keyMatch4", "globMatch", "ipMatch"])
def test_pitfall_8_no_pattern_is_matched(function: str) -> None:
    texts = edited(ROOT, "models/delegation.conf", "p.action == r.action", f"{function}(r.action, p.action)")
    assert f"`{function}(r.action, p.action)` is not allowed in the matcher" in [
        f.message for f in faults_of(texts)
    ]
    engine = CasbinEngine(parsed(ROOT))
    for action in ("read-all", "read\n", "rea", ".*", "r.ad", "*"):
        assert engine.ask("nurse", "HEA", action) is None


def test_pitfall_9_no_literal_in_the_matcher_can_be_rewritten() -> None:
    rewritten = MODEL.replace("p.action == r.action", 'r.action == "a!b"')
    assert not plain_casbin(["nurse", "f", "HEA", "a!b", "allow", "a"], model=rewritten).enforce(
        "nurse", "HEA", "a!b"
    )
    assert any(
        "is not allowed in the matcher" in f.message
        for f in faults_of(ROOT | {"models/delegation.conf": rewritten})
    )
    assert {term for term in casbin_engine.TERMS if '"' in term} == {'(p.role == r.role || p.role == "*")'}


def test_pitfall_10_nothing_stored_is_evaluated() -> None:
    texts = edited(ROOT, "models/delegation.conf", "p.action == r.action", "eval(p.action)")
    assert "`eval(p.action)` is not allowed in the matcher" in [fault.message for fault in faults_of(texts)]
    action = edited(ROOT, "root/pack.toml", 'submit = "gửi"', '"r.role" = "x"\nsubmit = "gửi"')
    pack = parsed(action)
    odd = RoleRule("guest", "records", "HEA", "r.role", allow=True, article="default", source="root/roles.csv:2")
    engine = CasbinEngine(replace(pack, rules=(*pack.rules, odd)))
    assert engine.ask("guest", "HEA", "read") is None
    assert engine.ask("guest", "HEA", "r.role") == odd


def test_pitfall_10_a_short_row_never_reaches_casbin() -> None:
    broken = plain_casbin(["nurse", "f", "HEA", "read", "allow", "a"], ["nurse", "f", "HEA"])
    with pytest.raises(RuntimeError, match="invalid policy size"):
        broken.enforce("teacher", "HEA", "read")
    texts = edited(ROOT, ROLES, "teacher,marks,STU,write,allow,default", "teacher,marks,STU")
    assert [fault.message for fault in faults_of(texts)] == ["short row: 3 of 6 cells"]


def test_pitfall_11_and_12_policy_is_replaced_whole_and_never_reloaded() -> None:
    """A failed write leaves memory changed; a reload clears what is being read; half a removal reports failure."""
    assert not {"load_policy", "save_policy", "add_policies", "update_policy", "set_watcher"} & names_used()
    pack = parsed(ROOT)
    before = compile_pack(pack)
    after = compile_pack(replace(pack, rules=pack.rules[:1]))
    assert before.roles["nurse"].allow
    assert not after.roles["nurse"].allow


def test_pitfall_12_a_decision_asks_no_casbin() -> None:
    decide = REPOSITORY / "src" / "access_service" / "engine" / "decide.py"
    imported = re.findall(r"^(?:from|import) (\S+)", decide.read_text(encoding="utf-8"), flags=re.MULTILINE)
    assert imported
    assert not {"casbin", "access_service.engine.casbin_engine"} & set(imported)


def test_pitfall_13_threads_share_one_engine_and_agree() -> None:
    pack = parsed(ROOT)
    engine = CasbinEngine(pack)
    cells = [(r, c, a) for r in pack.roles for c in pack.categories for a in pack.actions]
    expected = [engine.ask(*cell) for cell in cells]
    wrong: list[int] = []

    def ask_all() -> None:
        for _ in range(10):
            wrong.extend(n for n, cell in enumerate(cells) if engine.ask(*cell) != expected[n])

    threads = [threading.Thread(target=ask_all) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert not {"FastEnforcer", "SyncedEnforcer", "AsyncEnforcer", "DistributedEnforcer"} & names_used()


def _pretend(monkeypatch: pytest.MonkeyPatch, **versions: str) -> None:
    def version(distribution: str) -> str:
        if distribution not in versions:
            raise metadata.PackageNotFoundError(distribution)
        return versions[distribution]

    monkeypatch.setattr(casbin_engine.metadata, "version", version)


def test_pitfall_14_this_installation_is_sound() -> None:
    check_distribution()
    assert metadata.version("pycasbin").startswith("2.")


def test_pitfall_14_two_distributions_of_casbin_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    _pretend(monkeypatch, casbin="1.43.0", pycasbin="2.8.0", simpleeval="1.0.8")
    with pytest.raises(UnavailableError, match="`casbin` is installed beside `pycasbin`"):
        check_distribution()
    _pretend(monkeypatch, simpleeval="1.0.8")
    with pytest.raises(UnavailableError, match="`pycasbin` is not installed"):
        check_distribution()


@pytest.mark.parametrize("version", ["1.0.4", "0.9.13", "1.0", "unknown"])
def test_pitfall_15_an_evaluator_with_the_sandbox_escape_is_refused(
    monkeypatch: pytest.MonkeyPatch, version: str
) -> None:
    _pretend(monkeypatch, pycasbin="2.8.0", simpleeval=version)
    with pytest.raises(UnavailableError, match=f"simpleeval `{version}` is older than 1.0.5"):
        check_distribution()
    _pretend(monkeypatch, pycasbin="2.8.0", simpleeval="1.0.5")
    check_distribution()


def test_denials_are_not_logged_by_casbin(caplog: pytest.LogCaptureFixture) -> None:
    engine = CasbinEngine(parsed(ROOT))
    with caplog.at_level(logging.DEBUG):
        engine.ask("guest", "HEA", "read")
    assert [record for record in caplog.records if record.name.startswith("casbin")] == []


def test_casbin_is_imported_in_one_place() -> None:
    importing = [
        path.name
        for path in SOURCES
        if re.search(r"^\s*(import|from) casbin\b", path.read_text(encoding="utf-8"), re.MULTILINE)
    ]
    assert importing == ["casbin_engine.py"]


def test_an_answer_that_contradicts_its_row_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """Should Casbin's explanation and decision ever part, nobody is let in on either."""
    pack = parsed(ROOT)
    engine = CasbinEngine(pack)
    denied = next(rule for rule in pack.rules if not rule.allow and rule.role != ANY)
    monkeypatch.setattr(engine._enforcer, "enforce_ex", lambda *_: (True, list(casbin_engine.row_of(denied))))
    with pytest.raises(RuntimeError, match="disagree"):
        engine.ask("teacher", "HEA", "read")
