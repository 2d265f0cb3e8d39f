"""What docs/write-a-policy.md makes of Casbin's usual models answers as Casbin does, asked every question."""

from itertools import product
from pathlib import Path

import casbin
import pytest

from access_service.engine.alone.decisions import Named, NamedAction, StandaloneEngine
from access_service.engine.alone.standalone import load_standalone
from engine.standalone_packs import CONF, ENTITIES, ROLES, TOML, parsed

ROOT = Path(__file__).resolve().parents[3]
ALLOW = "some(where (p.eft == allow))"
DENY_WINS = f"{ALLOW} && !some(where (p.eft == deny))"


def by_casbin(request: str, matcher: str, lines: list[str], effect: str = ALLOW) -> casbin.Enforcer:
    """Plain Casbin over lines of a policy; those of `g` and `g2` go to its role managers."""
    kinds = sorted({line.split(",")[0] for line in lines} - {"p"})
    roles = "".join(f"{kind} = {'_, _, _' if 'dom' in request else '_, _'}\n" for kind in kinds)
    columns = "sub, dom, obj, act, eft" if "dom" in request else "sub, obj, act, eft"
    text = f"[request_definition]\nr = {request}\n[policy_definition]\np = {columns}\n"
    text += f"[role_definition]\n{roles}" if kinds else ""
    text += f"[policy_effect]\ne = {effect}\n[matchers]\nm = {matcher}\n"
    enforcer = casbin.Enforcer(casbin.Enforcer.new_model(text=text))
    for kind, *words in (line.split(", ") for line in lines):
        (enforcer.add_policy if kind == "p" else lambda *w, k=kind: enforcer.add_named_grouping_policy(k, *w))(
            *words
        )
    return enforcer


def pack(properties: str, columns: str, matcher: str, entities: str, rows: str) -> StandaloneEngine:
    """A pack of people and documents, all of them listed."""
    types = "".join(f'[{part}]\nvi = "x"\nen = "x"\nlisted = true\n' for part in ("subjects.user", "resources.doc"))
    head = 'name = "alone"\nkind = "standalone"\nversion = "1"\ntitle = "x"\nmodel = "alone"\n'
    return StandaloneEngine(
        parsed(
            {
                TOML: f'{head}{types}[actions]\nread = "xem"\nwrite = "sửa"\n{properties}',
                CONF: "[request_definition]\nr = subject, action, resource\n"
                f"[policy_definition]\np = {columns}, eft, article\n[policy_effect]\ne = {DENY_WINS}\n"
                f"[matchers]\nm = {matcher}\n",
                ENTITIES: f"type,id,parent,properties\n{entities}",
                ROLES: f"{columns.replace(' ', '')},effect,article\n{rows}",
            }
        )
    )


PEOPLE, DOCS, ACTS = ("an", "binh", "chi"), ("d1", "d2"), ("read", "write")


def agree(enforcer: casbin.Enforcer, engine: StandaloneEngine, *middle: str) -> set[bool]:
    """Both answer every question alike; which answers there were."""
    seen = set()
    for who, what, act in product(PEOPLE, DOCS, ACTS):
        expected = enforcer.enforce(who, *middle, what, act)
        decision = engine.decide(Named("user", who, {}), NamedAction(act, {}), Named("doc", what, {}))
        assert bool(decision) == expected, (who, what, act)
        seen.add(expected)
    return seen


ID_TERMS = (
    '(p.who == "*" || p.who == r.subject.id) && p.action == r.action.name && '
    '(p.what == "*" || p.what == r.resource.id)'
)
ALL = "user,an,,\nuser,binh,,\nuser,chi,,\ndoc,d1,,\ndoc,d2,,\n"


def test_an_access_control_list_with_a_superuser() -> None:
    lines = ["p, an, d1, read, allow", "p, binh, d2, write, allow"]
    matcher = 'r.sub == p.sub && r.obj == p.obj && r.act == p.act || r.sub == "chi"'
    rows = "an,read,d1,allow,default\nbinh,write,d2,allow,default\n"
    rows += "chi,read,*,allow,default\nchi,write,*,allow,default\n"
    engine = pack("", "who, action, what", ID_TERMS, ALL, rows)
    assert agree(by_casbin("sub, obj, act", matcher, lines), engine) == {True, False}


def test_roles_in_roles_and_resource_roles_with_a_deny() -> None:
    lines = [
        "p, editor, shelf, read, allow",
        "p, admin, shelf, write, allow",
        "p, admin, d2, write, deny",
        "g, an, admin",
        "g, admin, editor",
        "g, binh, editor",
        "g2, d1, box",
        "g2, box, shelf",
        "g2, d2, shelf",
    ]
    matcher = "g(r.sub, p.sub) && g2(r.obj, p.obj) && r.act == p.act"
    properties = (
        '[groups.role]\nvi = "x"\nen = "x"\n[groups.folder]\nvi = "x"\nen = "x"\n'
        '[properties.subject]\nroles = { several = true, of = "role" }\n'
        '[properties.resource]\nfolder = { of = "folder" }\n'
    )
    engine = pack(
        properties,
        "role, action, folder, what",
        '(p.role == "*" || p.role in r.subject.roles) && p.action == r.action.name && '
        '(p.folder == "*" || p.folder in r.resource.folder) && (p.what == "*" || p.what == r.resource.id)',
        "role,editor,,\nrole,admin,editor,\nfolder,shelf,,\nfolder,box,shelf,\n"
        "user,an,,roles=admin\nuser,binh,,roles=editor\nuser,chi,,\ndoc,d1,,folder=box\ndoc,d2,,folder=shelf\n",
        "editor,read,shelf,*,allow,default\nadmin,write,shelf,*,allow,default\nadmin,write,*,d2,deny,default\n",
    )
    assert agree(by_casbin("sub, obj, act", matcher, lines, DENY_WINS), engine) == {True, False}


def test_roles_in_domains() -> None:
    lines = [
        "p, admin, east, d1, read, allow",
        "p, admin, west, d2, read, allow",
        "p, admin, east, d1, write, allow",
        "g, an, admin, east",
        "g, binh, admin, west",
    ]
    matcher = "g(r.sub, p.sub, r.dom) && r.dom == p.dom && r.obj == p.obj && r.act == p.act"
    enforcer = by_casbin("sub, dom, obj, act", matcher, lines)
    engine = pack(
        "[properties.subject]\nroles = { several = true }\n[properties.resource]\ntenant = []\n",
        "role, action, tenant, what",
        '(p.role == "*" || p.role in r.subject.roles) && p.action == r.action.name && '
        '(p.tenant == "*" || p.tenant == r.resource.tenant) && (p.what == "*" || p.what == r.resource.id)',
        "user,an,,roles=east-admin\nuser,binh,,roles=west-admin\nuser,chi,,\ndoc,d1,,tenant=east\ndoc,d2,,tenant=west\n",
        "east-admin,read,east,d1,allow,default\nwest-admin,read,west,d2,allow,default\n"
        "east-admin,write,east,d1,allow,default\n",
    )
    # Casbin is told the domain; here it is a property of the document.
    for who, (what, domain), act in product(PEOPLE, (("d1", "east"), ("d2", "west")), ACTS):
        decision = engine.decide(Named("user", who, {}), NamedAction(act, {}), Named("doc", what, {}))
        assert bool(decision) == enforcer.enforce(who, domain, what, act)


def test_an_owner() -> None:
    lines = ["p, anybody, anything, write, allow"]
    owners = {"d1": "an", "d2": "binh"}
    enforcer = by_casbin("sub, obj, act, owner", "r.sub == r.owner && r.act == p.act", lines)
    engine = pack(
        "[properties.resource]\nowner = []\n",
        "action, owner",
        'p.action == r.action.name && (p.owner == "*" || r.resource.owner == r.subject.id)',
        ALL.replace("doc,d1,,", "doc,d1,,owner=an").replace("doc,d2,,", "doc,d2,,owner=binh"),
        "write,same,allow,default\n",
    )
    for who, what, act in product(PEOPLE, DOCS, ACTS):
        decision = engine.decide(Named("user", who, {}), NamedAction(act, {}), Named("doc", what, {}))
        assert bool(decision) == enforcer.enforce(who, what, act, owners[what])


@pytest.mark.parametrize("is_mended", [False, True])
def test_a_deny_about_what_nobody_says_is_passed_by_unless_the_allow_demands_it(is_mended: bool) -> None:
    """The page's remedy: the row that allows names what it needs to know."""
    pack_here = load_standalone(ROOT / "policy" / "todo", ROOT / "models")
    texts = {
        TOML: (ROOT / "policy/todo/pack.toml").read_text("utf-8").replace('"todo"', '"alone"'),
        CONF: (ROOT / "models/todo.conf").read_text("utf-8"),
        ENTITIES: (ROOT / "policy/todo/entities.csv").read_text("utf-8"),
        ROLES: (ROOT / "policy/todo/roles.csv").read_text("utf-8"),
    }
    assert "admin,edit,*,*,allow,default" in texts[ROLES]
    if is_mended:
        texts[ROLES] = texts[ROLES].replace("admin,edit,*,*,allow", "admin,edit,*,open,allow")
    engine = StandaloneEngine(parsed(texts))
    admin, edit = Named("user", "bach", {}), NamedAction("edit", {})
    assert bool(engine.decide(admin, edit, Named("task", "unheard-of", {}))) is not is_mended
    assert engine.decide(admin, edit, Named("task", "fix-lamp", {}))
    assert not engine.decide(admin, edit, Named("task", "old-list", {}))
    assert len(engine.pack.rules) == len(pack_here.rules)
