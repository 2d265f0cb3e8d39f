"""The strict reader: what loads, what inherits, and every fault with its file, line and words."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from access_service.domain.errors import Fault, PolicyError
from access_service.domain.names import Capacity, Rank
from access_service.domain.policy import Limit
from access_service.engine import casbin_engine
from access_service.engine.alone.standalone import is_standalone
from access_service.engine.packs.load import PackFiles, load_pack, parse_pack
from access_service.engine.toml_reader import lines_of
from engine.faults_in_rows import IN_ROWS
from engine.faults_in_tables import IN_TABLES
from engine.small_packs import (
    LEAF,
    LEAF_TOML,
    REPOSITORY,
    ROOT,
    ROOT_TOML,
    edited,
    faults_of,
    line_of,
    loaded,
    parsed,
)
from remembered import compile_pack

TOML = "root/pack.toml"
ROLES = "root/roles.csv"
DELEGATION = "root/delegation.csv"
PACKS = sorted(
    path.parent.name for path in (REPOSITORY / "policy").glob("*/pack.toml") if not is_standalone(path.parent)
)


def test_there_are_packs_to_check() -> None:
    assert "base" in PACKS


@pytest.mark.parametrize("name", PACKS)
def test_every_pack_of_the_project_loads_and_compiles(name: str) -> None:
    pack = load_pack(REPOSITORY / "policy", name, REPOSITORY / "models")
    tables = compile_pack(pack)
    assert tables.roles.keys() == pack.roles.keys()
    assert any(table.allow for table in tables.roles.values())


def test_a_pack_says_what_its_files_say() -> None:
    pack = parsed(ROOT)
    assert (pack.name, pack.version, pack.title, pack.model) == ("root", "1", "Gói thử", "delegation")
    assert pack.model_text == ROOT["models/delegation.conf"]
    assert pack.articles["thu-1"].item == 54
    assert pack.articles["thu-1"].document == "thu"
    assert pack.articles["default"].place == ""
    assert pack.actions == {"read": "xem", "write": "nhập, sửa", "submit": "gửi"}
    assert pack.categories["HEA"].sensitive
    assert pack.roles["teacher"].narrows_by == {"classes"}
    assert pack.positions["principal"].rank is Rank.HEAD
    assert pack.unit_kinds["school"].has_levels
    assert pack.number("max_depth") == 6
    assert pack.choice("confirmation_silence") == "flag"
    assert pack.signing_capacities == {Capacity.HEAD, Capacity.ACTING, Capacity.DEPUTY}
    assert pack.custody_holders == {"head", "officer"}
    assert not pack.function_required
    assert len(pack.rules) == 9
    assert pack.rules[1].source == "root/roles.csv:3"
    assert [rule.allow for rule in pack.rules].count(False) == 2
    assert pack.delegation[0].documents == {"minutes", "commitment"}
    assert pack.delegation[1].source == "root/delegation.csv:3"


def test_instants_become_utc() -> None:
    pack = parsed(ROOT)
    (lock,) = pack.locks
    assert (lock.start, lock.start.tzinfo) == (datetime(2024, 10, 7, 10, tzinfo=UTC), UTC)
    assert lock.end == datetime(2025, 5, 30, 17, tzinfo=UTC)
    (text,) = pack.commitments
    assert text.effective_from == datetime(2022, 12, 31, 17, tzinfo=UTC)
    assert text.resign_within == timedelta(days=30)


@pytest.mark.parametrize(("reading", "begins"), [("before_day", 6), ("through_day", 7)])
def test_a_day_without_an_hour_is_read_by_the_limit_of_the_pack_in_force(reading: str, begins: int) -> None:
    written = "start = 2024-10-07T17:00:00+07:00"
    root = edited(LEAF, TOML, written, "before = 2024-10-07")
    (inherited,) = parsed(root).locks
    assert inherited.start == datetime(2024, 10, 6, 17, tzinfo=UTC), "`before_day`, as the root pack chooses"
    chosen = f'{LEAF_TOML}\n[limits.deadline_without_hour]\nvalue = "{reading}"\narticle = "con-1"\n'
    (lock,) = parsed(root | {"leaf/pack.toml": chosen}, "leaf").locks
    assert lock.start == datetime(2024, 10, begins, 17, tzinfo=UTC), "00:00 in Vietnam"
    assert replace(lock, start=inherited.start) == inherited
    (hour,) = parsed(LEAF | {"leaf/pack.toml": chosen}, "leaf").locks
    assert hour.start == datetime(2024, 10, 7, 10, tzinfo=UTC), "an hour that is written is kept"


def test_nothing_in_a_pack_can_be_changed() -> None:
    with pytest.raises(TypeError):
        parsed(ROOT).limits["max_depth"] = Limit(99, "default")  # type: ignore[index]


def test_a_pack_inherits_everything_and_replaces_what_it_names_again() -> None:
    root, leaf = parsed(ROOT), parsed(LEAF, "leaf")
    assert leaf.limits["max_depth"] == Limit(3, "con-1")
    assert leaf.limits["session_minutes"] == root.limits["session_minutes"]
    assert leaf.roles.keys() == root.roles.keys() | {"clerk"}
    assert leaf.model == "delegation"
    assert leaf.signing_capacities == root.signing_capacities
    assert leaf.rules[: len(root.rules)] == root.rules
    assert [rule.source for rule in leaf.rules[len(root.rules) :]] == [
        "leaf/roles.csv:2",
        "leaf/roles.csv:3",
        "leaf/roles.csv:4",
    ]


def test_a_delegation_row_about_the_same_takes_the_inherited_place() -> None:
    pack = parsed(LEAF, "leaf")
    rule = pack.delegation_rule("nurse", "staff", "school", "own_unit")
    assert rule is not None
    assert (rule.documents, rule.article) == ({"minutes", "commitment"}, "con-1")
    assert len(pack.delegation) == 4


def test_a_section_replaces_the_inherited_one() -> None:
    more = '\n[requests]\nfunction_required = true\narticle = "con-1"\n[[locks]]\n' + ROOT_TOML[
        ROOT_TOML.index('id = "start"') : ROOT_TOML.index("[[commitments]]")
    ].replace("2024-10-07T17", "2024-10-07T18")
    pack = parsed(LEAF | {"leaf/pack.toml": LEAF_TOML + more}, "leaf")
    assert pack.function_required
    assert [lock.start.hour for lock in pack.locks] == [11]


def test_a_file_of_rows_may_be_left_out_by_a_pack_that_extends() -> None:
    texts = {path: text for path, text in LEAF.items() if path not in ("leaf/roles.csv", "leaf/delegation.csv")}
    assert parsed(texts, "leaf").rules == parsed(ROOT).rules


@pytest.mark.parametrize("case", [*IN_TABLES, *IN_ROWS])
def test_one_fault_is_found_and_placed(case: str) -> None:
    path, old, new, mark, message = (IN_TABLES | IN_ROWS)[case]
    texts = edited(ROOT, path, old, new)
    place = f"{path}:{line_of(texts[path], mark)}"
    found = [(fault.place, fault.message) for fault in faults_of(texts)]
    assert any(at == place and said.startswith(message) for at, said in found), found


@pytest.mark.parametrize("case", [*IN_TABLES, *IN_ROWS])
def test_messages_have_the_house_grammar(case: str) -> None:
    path, old, new, _, _ = (IN_TABLES | IN_ROWS)[case]
    faults = faults_of(edited(ROOT, path, old, new))
    assert faults
    for fault in faults:
        assert "\n" not in str(fault)
        assert not fault.message.endswith(".")
        first = fault.message[0]
        assert not first.isupper() or fault.message.startswith("Casbin")


def test_all_faults_come_at_once_and_sorted() -> None:
    texts = edited(ROOT, ROLES, "nurse,records,HEA,write", "nusre,recrods,HEA,write")
    texts = edited(texts, ROLES, "STU,submit,deny", "STU,submit,denny")
    texts = edited(texts, TOML, 'rank = "head"', 'rank = "boss"')
    texts = edited(texts, DELEGATION, "teacher,principal", "teacher,nobody")
    texts = edited(texts, "models/delegation.conf", "some(where (p.eft == allow)) && ", "")
    texts[TOML] = texts[TOML].replace('title = "Gói thử"', "title = 1")
    assert [fault.place for fault in faults_of(texts)] == [
        f"models/delegation.conf:{line_of(texts['models/delegation.conf'], 'e = ')}",
        "root/delegation.csv:4",
        f"{TOML}:3",
        f"{TOML}:{line_of(texts[TOML], 'rank')}",
        "root/roles.csv:8",
        "root/roles.csv:8",
        "root/roles.csv:10",
    ]


def test_a_fault_suggests_what_was_meant() -> None:
    (fault,) = faults_of(edited(ROOT, ROLES, "nurse,records,HEA,write", "nusre,records,HEA,write"))
    assert str(fault) == "root/roles.csv:8: unknown role `nusre` (did you mean `nurse`)"


@pytest.mark.parametrize(
    ("key", "message"),
    [("actions", "`actions` must be a table"), ("locks", "`locks` must be tables under [[locks]]")],
)
def test_a_section_of_the_wrong_shape_is_refused(key: str, message: str) -> None:
    toml = f'name = "root"\nversion = "1"\ntitle = "x"\nmodel = "delegation"\n{key} = 1\n'
    assert Fault(f"{TOML}:5", message) in faults_of(ROOT | {TOML: toml})


def test_a_table_of_the_wrong_shape_is_refused() -> None:
    texts = edited(ROOT, TOML, "[roles.guest]", "[roles]\nguest2 = 1\n[roles.guest]")
    place = f"{TOML}:{line_of(texts[TOML], 'guest2')}"
    assert Fault(place, "`guest2` must be a table") in faults_of(texts)


def test_two_commitments_of_one_instant_or_version_are_refused() -> None:
    block = ROOT_TOML[ROOT_TOML.index("[[commitments]]") : ROOT_TOML.index("[signing]")]
    twice = edited(ROOT, TOML, "[signing]", f"{block}[signing]")
    assert [fault.message for fault in faults_of(twice)] == ["`1` stands twice"]
    other = block.replace('version = "1"', 'version = "2"')
    same = edited(ROOT, TOML, "[signing]", f"{other}[signing]")
    assert [fault.message for fault in faults_of(same)] == ["version `1` begins at the same instant"]


def test_two_locks_of_one_id_are_refused() -> None:
    block = ROOT_TOML[ROOT_TOML.index("[[locks]]") : ROOT_TOML.index("[[commitments]]")]
    twice = edited(ROOT, TOML, "[signing]", f"{block}[signing]")
    second = twice[TOML].count("\n", 0, twice[TOML].rindex('id = "start"')) + 1
    assert faults_of(twice) == (Fault(f"{TOML}:{second}", "`start` stands twice"),)


@pytest.mark.parametrize("path", [TOML, ROLES, DELEGATION, "models/delegation.conf"])
@pytest.mark.parametrize(
    ("before", "kept", "message"),
    [
        (b"", False, "empty file"),
        (b" \n\n", False, "empty file"),
        (b"\xef\xbb\xbf", False, "empty file"),
        (b"\xef\xbb\xbf", True, "starts with a byte-order mark"),
    ],
)
def test_every_file_says_something_in_plain_utf_8(path: str, before: bytes, kept: bool, message: str) -> None:
    files = {name: text.encode() for name, text in ROOT.items()}
    files[path] = before + files[path] * kept
    with pytest.raises(PolicyError) as caught:
        parse_pack(PackFiles("root", files))
    assert (f"{path}:1", message) in [(fault.place, fault.message) for fault in caught.value.faults]


@pytest.mark.parametrize("path", [TOML, ROLES])
def test_broken_utf_8_names_its_line(path: str) -> None:
    files = {name: text.encode() for name, text in ROOT.items()}
    files[path] = files[path].replace(b"\n", b"\n\xff", 2)
    with pytest.raises(PolicyError) as caught:
        parse_pack(PackFiles("root", files))
    assert [(f.place, f.message) for f in caught.value.faults if "UTF" in f.message] == [(f"{path}:2", "not UTF-8")]


def test_text_that_is_not_nfc_names_its_line() -> None:
    decomposed = "Gia\u0301o vie\u0302n"
    texts = edited(ROOT, TOML, 'vi = "Giáo viên"', f'vi = "{decomposed}"')
    (fault,) = faults_of(texts)
    assert fault.place == f"{TOML}:{line_of(texts[TOML], decomposed)}"
    assert fault.message == "text is not NFC"
    assert "NFC" in fault.hint


def test_files_with_windows_line_ends_load_the_same() -> None:
    unix = parsed(ROOT)
    texts = {path: text.replace("\n", "\r\n") for path, text in ROOT.items() if path != "models/delegation.conf"}
    windows = parsed(ROOT | texts)
    assert (windows.rules, windows.locks, windows.delegation) == (unix.rules, unix.locks, unix.delegation)
    assert windows.digest != unix.digest


def test_a_header_without_rows_is_refused() -> None:
    header = ROOT[ROLES].split("\n", 1)[0]
    assert Fault(f"{ROLES}:1", "no rows after the header", "remove the file if it adds nothing") in faults_of(
        ROOT | {ROLES: f"{header}\n"}
    )


@pytest.mark.parametrize("path", [TOML, ROLES, "models/delegation.conf"])
def test_a_missing_file_is_named(path: str) -> None:
    texts = {name: text for name, text in ROOT.items() if name != path}
    assert Fault(f"{path}:1", "no such file") in faults_of(texts)


def test_a_number_of_thousands_of_digits_and_deep_nesting_are_refused() -> None:
    message = "not TOML: a value is too large or nested too deep"
    for value in ("9" * 5_000, "[" * 20_000 + "]" * 20_000):
        faults = faults_of(edited(ROOT, TOML, 'title = "Gói thử"', f"title = {value}"))
        assert [(fault.place, fault.message) for fault in faults] == [(f"{TOML}:1", message)]


# Inheritance that cannot be followed.


@pytest.mark.parametrize("parent", ["../root", "/root", "root/", ".", "", "Root", "models", "root\\x"])
def test_extends_never_leaves_the_policy_folder(parent: str) -> None:
    texts = edited(LEAF, "leaf/pack.toml", '"root"', f"'{parent}'")
    (fault,) = faults_of(texts, "leaf")
    assert (fault.place, fault.message) == ("leaf/pack.toml:4", f"`{parent}` is no name of a pack")


def test_extends_must_be_a_name() -> None:
    (fault,) = faults_of(edited(LEAF, "leaf/pack.toml", '"root"', '["root"]'), "leaf")
    assert (fault.place, fault.message) == ("leaf/pack.toml:4", "`` is no name of a pack")


def test_a_cycle_is_named_where_it_closes() -> None:
    texts = edited(LEAF, TOML, 'title = "Gói thử"', 'title = "Gói thử"\nextends = "leaf"')
    (fault,) = faults_of(texts, "leaf")
    assert (fault.place, fault.message) == (f"{TOML}:4", "the packs extend each other: `leaf → root → leaf`")
    itself = edited(LEAF, "leaf/pack.toml", '"root"', '"leaf"')
    assert faults_of(itself, "leaf")[0].message == "the packs extend each other: `leaf → leaf`"


def _chain(length: int) -> dict[str, str]:
    texts = dict(ROOT)
    parent = "root"
    for number in range(1, length):
        name = f"p{number}"
        texts[f"{name}/pack.toml"] = f'name = "{name}"\nversion = "1"\ntitle = "x"\nextends = "{parent}"\n'
        parent = name
    return texts


def test_a_chain_ends_after_eight_packs(tmp_path: Path) -> None:
    assert loaded(tmp_path, _chain(8), "p7").rules == parsed(ROOT).rules
    (fault,) = faults_of(_chain(9), "p8")
    assert (fault.place, fault.message) == ("p1/pack.toml:4", "the chain of packs is longer than 8")


def test_a_missing_parent_is_the_only_fault() -> None:
    texts = {path: text for path, text in LEAF.items() if not path.startswith("root/")}
    assert faults_of(texts, "leaf") == (Fault("root/pack.toml:1", "no such file"),)


def test_an_outer_pack_may_not_refer_to_an_inner_one() -> None:
    texts = edited(LEAF, ROLES, "nurse,records,HEA,write", "clerk,records,HEA,write")
    assert [(fault.place, fault.message) for fault in faults_of(texts, "leaf")] == [
        (f"{ROLES}:8", "unknown role `clerk`")
    ]


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("nurse,records,HEA,read,allow,default", "repeats root/roles.csv:7, which is inherited"),
        ("teacher,records,HEA,read,allow,con-1", "allows what root/roles.csv:5 denies, which is inherited"),
    ],
)
def test_a_row_is_compared_with_the_inherited_ones(row: str, message: str) -> None:
    texts = edited(LEAF, "leaf/roles.csv", "nurse,records,HEA,read,allow,con-1", row)
    assert [(f.place, f.message) for f in faults_of(texts, "leaf")] == [("leaf/roles.csv:4", message)]


def test_a_delegation_row_may_not_repeat_an_inherited_one() -> None:
    texts = edited(
        LEAF,
        "leaf/delegation.csv",
        "nurse,*,*,own_unit,minutes+commitment,con-1",
        "nurse,*,*,own_unit,minutes,default",
    )
    (fault,) = faults_of(texts, "leaf")
    assert fault == Fault("leaf/delegation.csv:3", "repeats root/delegation.csv:3, which is inherited")


# The model.


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("some(where (p.eft == allow)) && ", "", "`e` must be"),
        ("some(where (p.eft == allow)) && !some(where (p.eft == deny))", "priority(p.eft) || deny", "`e` must be"),
        ("p.action == r.action", "eval(p.action)", "`eval(p.action)` is not allowed in the matcher"),
        (
            "p.action == r.action",
            "regexMatch(r.action, p.action)",
            "`regexMatch(r.action, p.action)` is not allowed",
        ),
        ("p.action == r.action", "keyMatch2(r.action, p.action)", "`keyMatch2(r.action, p.action)` is not allowed"),
        ("p.action == r.action", "globMatch(r.action, p.action)", "`globMatch(r.action, p.action)` is not allowed"),
        ("p.action == r.action", 'r.action != ""', "the matcher lacks `p.action == r.action`"),
        ("(p.role == r.role || p.role", "(g(r.role, p.role) || p.role", "the matcher lacks `(p.role == r.role ||"),
        ("p.category == r.category && ", "", "the matcher lacks `p.category == r.category`"),
        ("p.action == r.action", "p.action == r.action || true", "`p.action == r.action || true` is not allowed"),
        ("[matchers]", "[role_definition]\ng = _, _\n\n[matchers]", "section `[role_definition]` is not allowed"),
        ("r = role, category, action", "r = role, category", "`r` must be `role, category, action`"),
        ("function, category, action, eft", "function, category, action", "`p` must be"),
        ("[matchers]", "[matchers]\nm2 = true", "`m2` is not allowed here"),
        ("[matchers]", "[matchers]\nm = true", "`m` stands twice"),
        ("[matchers]", "[matchers]\nnonsense", "`nonsense` is not allowed here"),
    ],
)
def test_a_model_is_the_allowed_one_or_refused(old: str, new: str, message: str) -> None:
    faults = faults_of(edited(ROOT, "models/delegation.conf", old, new))
    assert any(fault.message.startswith(message) for fault in faults), faults
    assert all(fault.place.startswith("models/delegation.conf:") for fault in faults)


def test_a_matcher_may_be_written_in_another_order() -> None:
    texts = edited(
        ROOT,
        "models/delegation.conf",
        "p.category == r.category && p.action == r.action",
        "p.action == r.action && p.category == r.category",
    )
    assert compile_pack(parsed(texts)).roles["nurse"].allow.keys() == {("HEA", "read"), ("HEA", "write")}


def test_casbin_itself_must_load_the_model() -> None:
    """Our reading comes first; Casbin's own refusal is the second lock, so it is tried alone here."""
    model = ROOT["models/delegation.conf"]
    assert casbin_engine._casbin_refuses(model) == ""
    for broken in ("", "nonsense", model.replace("[policy_effect]", "[policy_effects]")):
        assert casbin_engine._casbin_refuses(broken)
    assert casbin_engine._casbin_refuses(model.replace("[matchers]", "[matcher]")) == "sections are missing"


def test_a_refusal_of_casbin_is_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(casbin_engine, "_casbin_refuses", lambda _: "unsupported effect")
    assert faults_of(ROOT) == (Fault("models/delegation.conf:1", "Casbin cannot load it: unsupported effect"),)


def test_lines_are_counted_where_keys_are_dotted_quoted_or_nested() -> None:
    first = '# note\n[a."b c"]\nx.y = 1\n[[rows]]\nk = 1\n'
    second = '[[rows]]\nk = """\nz = 2\n"""\n[rows.inner]\nm = 1\n'
    lines = lines_of(f"{first}{second}[[ rows ]] # third\n")
    assert lines == {
        ("a", "b c"): 2,
        ("a", "b c", "x"): 3,
        ("a", "b c", "x", "y"): 3,
        ("rows", 0): 4,
        ("rows", 0, "k"): 5,
        ("rows", 1): 6,
        ("rows", 1, "k"): 7,
        ("rows", 1, "inner"): 10,
        ("rows", 1, "inner", "m"): 11,
        ("rows", 2): 12,
    }


SEPARATION = """
[grades.primary]
names = ["1", "2"]
article = "default"

[[separations]]
id = "one"
pair = [["STU", "write"], ["HEA", "write"]]
within = "one_person"
accept = ["teacher+nurse"]
because = "vì sao"
article = "thu-1"
"""


def with_separation(*change: str) -> dict[str, str]:
    text = SEPARATION.replace(*change) if change else SEPARATION
    return ROOT | {"root/pack.toml": ROOT["root/pack.toml"] + text}


def test_grades_and_separations_are_read() -> None:
    pack = parsed(with_separation())
    assert pack.grades == {"primary": ("1", "2")}
    [separation] = pack.separations
    assert separation.pair == (("STU", "write"), ("HEA", "write"))
    assert (separation.refuse, separation.accept) == (False, frozenset({"nurse+teacher"}))


@pytest.mark.parametrize(
    "change",
    [
        ("[grades.primary]", "[grades.tertiary]"),
        ('["1", "2"]', '["1", "1"]'),
        ('["1", "2"]', '["1", " 2"]'),
        ('[["STU", "write"], ["HEA", "write"]]', '[["STU", "write"]]'),
        ('["HEA", "write"]]', '["HEA", "wipe"]]'),
        ('["HEA", "write"]]', '["STU", "write"]]'),
        ('"one_person"', '"one_house"'),
        ('"teacher+nurse"', '"teacher+nobody"'),
        ('because = "vì sao"\n', ""),
        ("because", "refused = true\nbecause"),
    ],
)
def test_a_separation_is_read_strictly(change: tuple[str, str]) -> None:
    with pytest.raises(PolicyError):
        parsed(with_separation(*change))


def test_a_pack_that_refuses_what_its_own_role_is_does_not_load() -> None:
    own = with_separation('[["STU", "write"], ["HEA", "write"]]', '[["HEA", "read"], ["HEA", "write"]]')
    text = own["root/pack.toml"].replace('accept = ["teacher+nurse"]', "refuse = true")
    with pytest.raises(PolicyError, match="the role `nurse` is what separation `one` refuses"):
        parsed(own | {"root/pack.toml": text})
