"""The reader of packs that stand alone: every fault by name, with its line; nothing loads beside one."""

from pathlib import Path

import pytest

from access_service.domain.errors import PolicyError
from access_service.engine.alone import standalone
from access_service.engine.alone.standalone import is_standalone, load_standalone, models_for
from access_service.engine.cases.alone import run_standalone_cases
from access_service.engine.packs.load import load_pack
from engine.small_packs import line_of, write
from engine.standalone_packs import ALONE, CONF, ENTITIES, ROLES, TOML, edited, faults_of, parsed

ACTION = "p.action == r.action.name"
OWNER = '(p.owner == "*" || r.resource.owner == r.subject.id)'
TEAM = '(p.team == "*" || r.resource.team == r.subject.team && r.subject.team != "")'


def test_the_pack_loads_and_says_what_it_read() -> None:
    pack = parsed(ALONE)
    assert pack.shape.columns == ("role", "action", "soft", "owner", "team")
    assert [rule.row for rule in pack.rules][2] == ("editor", "edit", "*", "same", "*", "allow", "thu-1")
    assert pack.rules[0].source == "alone/roles.csv:2"
    assert pack.entities["user", "binh"].properties["subject"] == {"role": "editor", "team": "blue"}
    assert pack.trusted == {
        "subject": frozenset(),
        "action": frozenset({"soft"}),
        "resource": frozenset({"owner", "team"}),
        "context": frozenset(),
    }
    assert parsed(ALONE | {ROLES: ALONE[ROLES].replace("thu-1", "default")}).digest != pack.digest


IN_MODEL = [
    ("[matchers]", "[role_definition]\ng = _, _\n\n[matchers]", "section `[role_definition]` is not allowed"),
    (ACTION, "regexMatch(p.action, r.action.name)", "is not allowed in the matcher"),
    (ACTION, "eval(p.action)", "`eval(p.action)` is not allowed in the matcher"),
    (ACTION, 'r.action.name == "read"', "is not allowed in the matcher"),
    (ACTION, "p.action != r.action.name", "is not allowed in the matcher"),
    (ACTION, "!p.action == r.action.name", "is not allowed in the matcher"),
    (ACTION, "p.action == r.action.__class__", "is not allowed in the matcher"),
    (ACTION, f"{ACTION} || true", "is not allowed in the matcher"),
    (ACTION, "p.action == r.action.name.upper()", "is not allowed in the matcher"),
    (ACTION, '(p.role == "*" || p.action == r.action.name)', "is not allowed in the matcher"),
    (ACTION, "p.action == r.subject.role", "no column is compared with `r.action.name`"),
    (ACTION, f"{ACTION} && {ACTION}", "column `action` is compared twice"),
    (ACTION, "p.acton == r.action.name", "`p.acton` is no column"),
    (f" && {ACTION}", "", "no term compares column `action`"),
    ("r.subject.role)", "r.subject.rôle)", "is not allowed in the matcher"),
    ("r.subject.role)", "r.subject.rank)", "`r.subject.rank` is no declared property"),
    ("r.subject.role)", "r.object.role)", "`r.object` is no part of the request"),
    (TEAM, '(p.team == "*" || r.resource.team == r.subject.team)', 'add `&& r.resource.team != ""`'),
    (TEAM, TEAM.replace("r.subject.team !=", "r.subject.role !="), "what must not be empty is none of the two"),
    (OWNER, '(p.owner == "*" || r.subject.team == r.subject.id)', "between two of subject, action, resource"),
    (OWNER, '(p.owner == "*" || r.resource.type == r.subject.id)', "between ids and properties"),
    (OWNER, "r.resource.owner == r.subject.id", "is not allowed in the matcher"),
    ("r = subject, action, resource", "r = subject, resource, action", "`r` must be `subject, action, resource`"),
    (" && !some(where (p.eft == deny))", "", "`e` must be"),
    (", eft, article", ", article, eft", "`p` must end with `eft, article`"),
    ("p = role, action,", "p = role, role, action,", "column `role` stands twice"),
    ("p = role,", "p = class,", "`class` is no name of a column"),
    ("p = role,", "p = effect,", "`effect` is no name of a column"),
    ("p = role, action, soft, owner, team, eft", "p = eft", "`p` has no columns to compare"),
    ("[request_definition]", "[request]", "section `[request]` is not allowed"),
]


@pytest.mark.parametrize(("old", "new", "message"), IN_MODEL, ids=[new or old for old, new, _ in IN_MODEL])
def test_a_model_says_nothing_but_its_three_forms(old: str, new: str, message: str) -> None:
    faults = faults_of(edited(ALONE, CONF, old, new))
    assert message in "\n".join(map(str, faults))
    assert all(fault.place.startswith(f"{CONF}:") for fault in faults)


def test_a_name_that_the_evaluator_keeps_for_itself_is_found_before_the_first_request() -> None:
    """`format` parses, is a fine property, and raises at every request."""
    texts = {path: text.replace("soft", "format") for path, text in ALONE.items()}
    assert ["Casbin cannot ask it" in fault.message for fault in faults_of(texts)] == [True]


def test_a_property_that_nothing_looks_at_is_a_fault() -> None:
    texts = edited(ALONE, TOML, "[properties.resource]", "[properties.resource]\nsize = []")
    assert [fault.message for fault in faults_of(texts)] == ["no term looks at `r.resource.size`"]


IN_TOML = [
    ('kind = "standalone"', 'kind = "alone"', "unknown kind `alone`"),
    ('name = "alone"', 'name = "other"', "the pack calls itself `other`"),
    ('model = "alone"', 'model = "../alone"', "is no name of a model"),
    ('model = "alone"', 'model = "missing"', "no such file"),
    ('version = "1"\n', "", "`version` is missing"),
    ("listed = true", 'listed = "yes"', "`listed` must be true or false"),
    ("listed = true", "listed = true\nlimit = 1", "unknown key `limit`"),
    ('read = "xem"', 'read = ""', "`read` must be a string that is not empty"),
    ('role = ["reader", "editor"]', 'role = "reader"', "`role` must be a list of strings"),
    ('role = ["reader", "editor"]', 'role = ["reader", "editor", "editor"]', "`editor` stands twice"),
    ('role = ["reader", "editor"]', 'role = ["reader", "editor", "*"]', "`*` means any word"),
    ('role = ["reader", "editor"]', 'role = ["reader", "editor "]', "spaces around it"),
    ("owner = []", "class = []", "`class` is no name of a property"),
    ("owner = []", "_owner = []", "`_owner` is no name of a property"),
    ("owner = []", "id = []", "`id` is what every resource has"),
    ('action = ["soft"]', 'action = ["hard"]', "unknown property of the action `hard`"),
    ('action = ["soft"]', 'actions = ["soft"]', "unknown key `actions` in `trusted_properties`"),
    ("[properties.action]", "[properties.acts]", "unknown key `acts` in `properties`"),
    ('document = "thu"', 'document = "nay"', "unknown document `nay`"),
    ("[subjects.user]", "[subjects.'a user']", "`a user` is no id"),
    ("[actions]", "[verbs]", "`actions` is missing or empty"),
    ('title = "Gói thử"', 'title = "Gói thử"\nextends = "base"', "unknown key `extends`"),
]


@pytest.mark.parametrize(("old", "new", "message"), IN_TOML, ids=[new or old for old, new, _ in IN_TOML])
def test_pack_toml_is_read_strictly(old: str, new: str, message: str) -> None:
    found = [fault for fault in faults_of(edited(ALONE, TOML, old, new)) if message in str(fault)]
    assert found
    if message != "no such file":
        assert {fault.place.split(":")[0] for fault in found} == {TOML}


IN_ENTITIES = [
    ("type,id,properties", "type,id", "the header must be `type,id,properties`"),
    ("user,an,role=reader", "usr,an,role=reader", "unknown type `usr` (did you mean `user`)"),
    ("user,an,role=reader", "user,,role=reader", "is empty or has spaces around it"),
    ("user,an,role=reader", "user,*,role=reader", "id `*` means any word and is none itself"),
    ("user,an,role=reader", f"user,{'a' * 257},role=reader", "is longer than 256 bytes"),
    ("user,an,role=reader", "user,an\x07,role=reader", "is not printable"),
    ("user,an,role=reader", "user,an,rle=reader", "unknown property `rle` (did you mean `role`)"),
    ("user,an,role=reader", "user,an,owner=binh", "unknown property `owner`"),
    ("user,an,role=reader", "user,an,role=admin", "unknown `role` `admin`"),
    ("user,an,role=reader", "user,an,role", "`role` is no `name=value`"),
    ("user,an,role=reader", "user,an,team=", "`team`: `` is empty"),
    ("user,an,role=reader", "user,an,team=a;team=b", "property `team` stands twice"),
    ("user,an,role=reader", "user,an,role=reader,x", "long row: 4 of 3 cells"),
    ("user,an,role=reader", "user,binh,role=reader", "alone/entities.csv:2 is the same entity"),
]


@pytest.mark.parametrize(("old", "new", "message"), IN_ENTITIES, ids=[new for _, new, _ in IN_ENTITIES])
def test_entities_are_read_strictly(old: str, new: str, message: str) -> None:
    faults = faults_of(edited(ALONE, ENTITIES, old, new))
    assert message in "\n".join(map(str, faults))
    assert {fault.place.split(":")[0] for fault in faults} == {ENTITIES}


FIRST = "reader,read,*,*,*,allow,default"
IN_ROLES = [
    ("role,action,soft,owner", "role,action,owner,soft", "the header must be `role,action,soft,owner,team,effect"),
    (FIRST, "reader,read,*,*,*,allow", "short row: 6 of 7 cells"),
    (FIRST, "reader,read,*,*,*,permit,default", "unknown effect `permit`"),
    (FIRST, "reader,read,*,*,*,Allow,default", "unknown effect `Allow` (did you mean `allow`)"),
    (FIRST, "reader,read,*,*,*,allow,thu-2", "unknown article `thu-2` (did you mean `thu-1`)"),
    (FIRST, "reader,print,*,*,*,allow,default", "unknown action `print`"),
    (FIRST, "reader,*,*,*,*,allow,default", "column `action` takes no `*`"),
    (FIRST, "redaer,read,*,*,*,allow,default", "unknown subject role `redaer` (did you mean `reader`)"),
    (FIRST, ",read,*,*,*,allow,default", "subject role is empty"),
    (FIRST, " reader,read,*,*,*,allow,default", "spaces around subject role ` reader`"),
    (FIRST, "reader,read,*,own,*,allow,default", "unknown cell of relation `owner` `own`"),
    (FIRST, "editor,read,*,*,*,allow,default", "repeats alone/roles.csv:2"),
    (FIRST, "editor,read,*,*,*,deny,default", "contradicts alone/roles.csv:2: allow and deny of the same"),
    (FIRST, "editor,read,*,*,*,allow,thu-1", "repeats alone/roles.csv:2 under another article"),
]


@pytest.mark.parametrize(("old", "new", "message"), IN_ROLES, ids=[new for _, new, _ in IN_ROLES])
def test_rules_are_read_strictly(old: str, new: str, message: str) -> None:
    faults = faults_of(edited(ALONE, ROLES, old, new))
    assert message in "\n".join(map(str, faults))
    assert {fault.place.split(":")[0] for fault in faults} == {ROLES}


def test_a_pack_without_rules_does_not_load() -> None:
    header = ALONE[ROLES].split("\n", 1)[0] + "\n"
    assert [fault.message for fault in faults_of(ALONE | {ROLES: header})] == ["no rows after the header"]
    missing = {path: text for path, text in ALONE.items() if path != ROLES}
    assert [str(fault) for fault in faults_of(missing)] == ["alone/roles.csv:1: no such file"]


def test_every_fault_of_every_file_is_listed_at_once() -> None:
    texts = edited(ALONE, TOML, 'version = "1"\n', "")
    texts = edited(texts, ENTITIES, "user,an,role=reader", "user,an,role=admin")
    texts = edited(texts, ROLES, FIRST, "reader,print,*,*,*,allow,default")
    texts = edited(texts, ROLES, "editor,read,*,*,*,allow,default", "editor,read")
    places = [fault.place for fault in faults_of(texts)]
    assert places == [f"{ENTITIES}:2", f"{TOML}:1", f"{ROLES}:2", f"{ROLES}:3"]


def test_a_property_with_a_fixed_vocabulary_catches_a_slip_in_a_rule() -> None:
    texts = edited(ALONE, ROLES, FIRST, "reader,read,maybe,*,*,allow,default")
    assert [fault.message for fault in faults_of(texts)] == ["unknown action soft `maybe`"]


OPEN = edited(ALONE, TOML, "listed = true", "listed = false")


def test_where_anybody_may_be_a_subject_no_row_allows_everybody() -> None:
    faults = faults_of(edited(OPEN, ROLES, FIRST, "*,read,*,*,*,allow,default"))
    assert [fault.message for fault in faults] == ["allows every `user`, listed or not"]
    for good in ("*,read,*,same,*,allow,default", "*,read,*,*,same,allow,default", "*,read,*,*,*,deny,default"):
        assert faults_of(edited(OPEN, ROLES, FIRST, good)) == ()
    assert faults_of(edited(ALONE, ROLES, FIRST, "*,read,*,*,*,allow,default")) == ()


SECOND_TYPE = '[subjects.device]\nvi = "Thiết bị"\nen = "Device"\nlisted = true\n\n[resources.note]'


def test_several_types_of_subjects_need_a_column_for_them() -> None:
    """Otherwise the device `binh` would own the notes of the user `binh`."""
    texts = edited(ALONE, TOML, "[resources.note]", SECOND_TYPE)
    assert [fault.message for fault in faults_of(texts)] == [
        "the pack has 2 types of subjects and no column for `r.subject.type`",
        "column `owner` compares ids of any type of subject",
    ]


def test_a_row_that_compares_ids_names_their_type() -> None:
    texts = edited(ALONE, TOML, "[resources.note]", SECOND_TYPE)
    texts = edited(texts, CONF, "p = role,", "p = kind, role,")
    texts = edited(texts, CONF, "m = ", 'm = (p.kind == "*" || p.kind == r.subject.type) && ')
    rows = texts[ROLES].splitlines()
    texts[ROLES] = "\n".join([f"kind,{rows[0]}", *(f"*,{row}" for row in rows[1:])]) + "\n"
    faults = faults_of(texts)
    assert [(f.place, f.message) for f in faults] == [
        (f"{ROLES}:4", "column `owner` compares ids of any type of subject")
    ]
    named = edited(texts, ROLES, "*,editor,edit,*,same", "user,editor,edit,*,same")
    assert faults_of(named) == ()
    unknown = edited(named, ROLES, "user,editor,edit,*,same", "usr,editor,edit,*,same")
    assert [fault.message for fault in faults_of(unknown)] == ["unknown subject type `usr`"]


def test_an_id_that_a_rule_names_is_listed() -> None:
    texts = edited(ALONE, CONF, "p.role == r.subject.role", "p.role == r.subject.id")
    texts = edited(texts, TOML, 'role = ["reader", "editor"]\n', "")
    texts = edited(texts, CONF, "p = role,", "p = who,")
    texts[CONF] = texts[CONF].replace("p.role", "p.who")
    texts[ENTITIES] = texts[ENTITIES].replace("role=reader", "").replace("role=editor", "team=blue", 1)
    texts[ENTITIES] = texts[ENTITIES].replace("team=blue; team=blue", "team=blue").replace("role=editor;", "")
    texts[ROLES] = texts[ROLES].replace("role,", "who,", 1).replace("reader,", "an,").replace("editor,", "bihn,")
    assert {(f.message, f.hint) for f in faults_of(texts)} == {("unknown subject id `bihn`", "did you mean `binh`")}
    texts[ROLES] = texts[ROLES].replace("bihn", "binh")
    assert faults_of(texts) == ()


def test_sizes_are_bounded_in_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    policy, models = write(tmp_path, ALONE)
    monkeypatch.setattr(standalone, "CSV_BYTES", 0)
    with pytest.raises(PolicyError) as caught:
        load_standalone(policy / "alone", models)
    assert [str(fault) for fault in caught.value.faults] == [
        f"{ENTITIES}:1: larger than 0 MiB",
        f"{ROLES}:1: larger than 0 MiB",
    ]
    names = "\n".join(f"p{n} = []" for n in range(15))
    texts = edited(ALONE, TOML, "owner = []", f"owner = []\n{names}")
    assert "more than 16 properties" in [fault.message for fault in faults_of(texts)]


def test_a_folder_holds_nothing_but_the_files_of_such_a_pack(tmp_path: Path) -> None:
    policy, models = write(tmp_path, ALONE)
    folder = policy / "alone"
    assert load_standalone(folder, models).digest == parsed(ALONE).digest
    (folder / "delegation.csv").write_text("x\n", "utf-8")
    (folder / "roles.csv").unlink()
    with pytest.raises(PolicyError) as caught:
        load_standalone(folder, models)
    assert [str(fault).split(" (")[0] for fault in caught.value.faults] == [
        "alone/delegation.csv:1: `delegation.csv` is no file of a pack",
        "alone/roles.csv:1: no such file",
    ]


def test_a_register_takes_no_pack_that_stands_alone(tmp_path: Path) -> None:
    policy, models = write(tmp_path, {path: text for path, text in ALONE.items() if path != ENTITIES})
    with pytest.raises(PolicyError) as caught:
        load_pack(policy, "alone", models)
    line = line_of(ALONE[TOML], "kind =")
    assert [(f.place, f.message) for f in caught.value.faults] == [
        (f"{TOML}:{line}", "a pack that stands alone fits no register")
    ]


def test_the_model_is_found_beside_the_packs_or_with_the_program(tmp_path: Path) -> None:
    policy, models = write(tmp_path, ALONE)
    elsewhere = tmp_path / "elsewhere"
    assert models_for(policy / "alone", elsewhere) == models
    (models / "alone.conf").unlink()
    assert models_for(policy / "alone", elsewhere) == elsewhere
    (policy / "alone" / "pack.toml").write_text('model = "../policy/alone/roles"\n', "utf-8")
    assert models_for(policy / "alone", elsewhere) == elsewhere
    assert not is_standalone(policy / "nowhere")


def said_of(tmp_path: Path, texts: dict[str, str]) -> list[str]:
    """What `policy check` would say of a folder with these files, by whichever reader it chooses."""
    policy, models = write(tmp_path, texts)
    alone = is_standalone(policy / "alone")
    with pytest.raises(PolicyError) as caught:
        load_standalone(policy / "alone", models) if alone else load_pack(policy, "alone", models)
    return [f"{fault.place}: {fault.message}" for fault in caught.value.faults]


BROKEN = [
    ('title = "Gói thử"', 'title = "Gói thử', "not TOML: illegal character"),
    ("[subjects.user]", "[subjects.user", "not TOML: expected"),
    ("[actions]", "[actions]\nread = 'x'", "not TOML: cannot overwrite a value"),
]


@pytest.mark.parametrize(("old", "new", "message"), BROKEN, ids=[new for _, new, _ in BROKEN])
def test_broken_toml_is_told_and_nothing_that_follows_from_it(
    tmp_path: Path, old: str, new: str, message: str
) -> None:
    (said,) = said_of(tmp_path, edited(ALONE, TOML, old, new) | {"alone/delegation.csv": "x\n"})
    assert message in said
    assert said.startswith(f"{TOML}:")


def test_a_pack_without_a_kind_is_told_that_first_and_alone(tmp_path: Path) -> None:
    without = edited(ALONE, TOML, 'kind = "standalone"\n', "")
    assert said_of(tmp_path, without) == [f"{TOML}:1: `kind` is missing"]
    bare = {path: text for path, text in without.items() if path != ENTITIES}
    assert said_of(tmp_path / "bare", bare) == [f"{TOML}:1: `kind` is missing"]
    # One of the register that has none is read as one.
    policy, _ = write(tmp_path / "register", {TOML: 'name = "alone"\nextends = "base"\n'})
    assert not is_standalone(policy / "alone")


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ("[subjects.user]", "[subject.user]", "subject"),
        ("[resources.note]", "[resource.note]", "resource"),
        ("[actions]", "[action]", "action"),
    ],
)
def test_a_table_in_the_singular_is_told_at_its_line_and_nothing_else(old: str, new: str, key: str) -> None:
    texts = edited(ALONE, TOML, old, new)
    (fault,) = faults_of(texts)
    assert fault.place == f"{TOML}:{line_of(texts[TOML], new)}"
    assert (fault.message, fault.hint) == (f"unknown key `{key}`", f"did you mean `{key}s`")


def test_a_slip_among_thousands_of_words_is_told_without_a_guess() -> None:
    """To compare a word with thousands takes milliseconds, and every row may have a slip."""
    many = ALONE | {ENTITIES: ALONE[ENTITIES] + "".join(f"user,u{n},\n" for n in range(2000))}
    assert (
        faults_of(edited(many, ENTITIES, "note,n1,owner=binh", "note,n1,ower=binh"))[0].hint
        == "did you mean `owner`"
    )
    texts = edited(many, CONF, "p.role == r.subject.role", "p.role == r.subject.id")
    texts = edited(texts, TOML, 'role = ["reader", "editor"]\n', "")
    faults = faults_of(texts)
    assert faults
    assert {fault.hint for fault in faults if "unknown subject id" in fault.message} == {""}


CASES = """\
cases:
  - name: An editor edits their own
    ask: {subject: binh, action: edit, resource: n1}
    expect: allow
    article: thu-1
  - name: Another's is another matter
    ask: {subject: chi, action: {name: edit}, resource: {id: n1, properties: {owner: binh}}}
    expect: {deny: no_grant}
  - name: Not for good
    ask: {subject: {type: user, id: binh}, action: {name: edit, properties: {soft: false}}, resource: n1}
    expect: deny
    article: default
  - name: This one is wrong
    ask: {subject: an, action: read, resource: n1}
    expect: {deny: no_grant}
"""


def run(tmp_path: Path, cases: str) -> list[str]:
    policy, models = write(tmp_path, ALONE)
    (policy / "alone" / "a_test.yaml").write_text(cases, "utf-8")
    results = run_standalone_cases(policy / "alone", models)
    return [f"{r.place}: {r.expected} / {r.got}" for r in results if not r.ok]


def test_cases_are_asked_and_compared(tmp_path: Path) -> None:
    assert run(tmp_path, CASES) == ["alone/a_test.yaml:13: deny no_grant / allow"]
    wrong_article = CASES.replace("article: thu-1", "article: default").replace("{deny: no_grant}", "deny")
    assert run(tmp_path, wrong_article)[0] == "alone/a_test.yaml:2: allow, article default / allow, article thu-1"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("expect: deny\n", "expect: no\n", "unknown answer `no`"),
        ("expect: deny\n", "expect: {refused: x}\n", "`deny` is missing in `expect`"),
        ("expect: deny\n", "expect: {deny: never}\n", "unknown code `never`"),
        ("    expect: deny\n", "", "`expect` is missing"),
        ("article: thu-1", "article: thu-9", "unknown article `thu-9`"),
        ("properties: {soft: false}", "properties: {hard: false}", "unknown property of the action `hard`"),
        ("subject: chi, ", "", "`subject` is missing in `ask`"),
        ("{subject: an, action: read, resource: n1}", "[an, read]", "`ask` must be a mapping"),
        ("    ask: {subject: an, action: read, resource: n1}\n", "", "`ask` is missing"),
        ("{subject: an,", "{subject: an, at: 2024-01-01,", "unknown key `at` in `ask`"),
        ("This one is wrong", "Not for good", "two cases have this name"),
        ("cases:", "world: {}\ncases:", "unknown key `world`"),
    ],
)
def test_case_files_are_read_strictly(tmp_path: Path, old: str, new: str, message: str) -> None:
    assert CASES.count(old) == 1
    with pytest.raises(PolicyError) as caught:
        run(tmp_path, CASES.replace(old, new))
    assert message in "\n".join(map(str, caught.value.faults))
