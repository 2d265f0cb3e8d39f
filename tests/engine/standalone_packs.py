"""A small pack that stands alone, and ways to spoil it."""

from access_service.domain.errors import Fault, PolicyError
from access_service.engine.alone.decisions import StandalonePack
from access_service.engine.alone.load import parse_standalone
from access_service.engine.packs.files import PackFiles
from engine.small_packs import edited

__all__ = ["ALONE", "CONF", "ENTITIES", "ROLES", "TOML", "edited", "faults_of", "parsed"]

TOML, CONF, ROLES, ENTITIES = "alone/pack.toml", "models/alone.conf", "alone/roles.csv", "alone/entities.csv"

ALONE: dict[str, str] = {
    TOML: """\
name = "alone"
kind = "standalone"
version = "1"
title = "Gói thử"
model = "alone"

[documents.thu]
title = "Văn bản thử"
issued = "2024"

[articles.thu-1]
document = "thu"
place = "mục 1"
vi = "Người sửa được sửa việc của mình."
en = "An editor may edit their own."

[subjects.user]
vi = "Người dùng"
en = "User"
listed = true

[resources.note]
vi = "Ghi chú"
en = "Note"
listed = false

[actions]
read = "xem"
edit = "sửa"

[properties.subject]
role = ["reader", "editor"]
team = []

[properties.action]
soft = ["true", "false"]

[properties.resource]
owner = []
team = []

[trusted_properties]
action = ["soft"]
resource = ["owner", "team"]
""",
    CONF: """\
[request_definition]
r = subject, action, resource

[policy_definition]
p = role, action, soft, owner, team, eft, article

[policy_effect]
e = some(where (p.eft == allow)) && !some(where (p.eft == deny))

[matchers]
m = (p.role == "*" || p.role == r.subject.role) && p.action == r.action.name && \
(p.soft == r.action.soft || p.soft == "*") && (p.owner == "*" || r.resource.owner == r.subject.id) && \
(p.team == "*" || r.resource.team == r.subject.team && r.subject.team != "")
""",
    ENTITIES: """\
type,id,properties
user,an,role=reader
user,binh,role=editor; team=blue
user,chi,role=editor;team=red
note,n1,owner=binh
note,n2,owner=chi; team=blue
""",
    ROLES: """\
role,action,soft,owner,team,effect,article
reader,read,*,*,*,allow,default
editor,read,*,*,*,allow,default
editor,edit,*,same,*,allow,thu-1
editor,edit,*,*,same,allow,default
*,edit,false,*,*,deny,default
""",
}


def parsed(texts: dict[str, str]) -> StandalonePack:
    """The pack of these texts."""
    return parse_standalone(PackFiles("alone", {path: text.encode() for path, text in texts.items()}))


def faults_of(texts: dict[str, str]) -> tuple[Fault, ...]:
    """What is wrong with these texts; nothing when they load."""
    try:
        parsed(texts)
    except PolicyError as error:
        return error.faults
    return ()
