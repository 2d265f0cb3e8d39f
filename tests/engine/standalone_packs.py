"""A small pack that stands alone, and ways to spoil it."""

from access_service.domain.errors import Fault, PolicyError
from access_service.engine.alone.pack import StandalonePack
from access_service.engine.alone.standalone import parse_standalone
from access_service.engine.packs.files import PackFiles
from engine.small_packs import edited

__all__ = ["ALONE", "CONF", "ENTITIES", "RICH", "ROLES", "TOML", "edited", "faults_of", "parsed"]

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


RICH: dict[str, str] = {
    TOML: """\
name = "alone"
kind = "standalone"
version = "1"
title = "Gói thử"
model = "alone"

[subjects.user]
vi = "Người dùng"
en = "User"
listed = true

[resources.doc]
vi = "Tài liệu"
en = "Document"
listed = false

[resources.folder]
vi = "Thư mục"
en = "Folder"
listed = true

[groups.team]
vi = "Nhóm"
en = "Team"

[actions]
read = "xem"
edit = "sửa"

[properties.subject]
roles = { several = true, words = ["reader", "editor", "admin"] }
teams = { several = true, of = "team" }
mail = []

[properties.resource]
folder = { of = "folder" }
ownerID = []
team = []

[properties.context]
network = ["office", "home"]

[trusted_properties]
subject = ["roles"]
resource = ["folder", "ownerID", "team"]
context = ["network"]
""",
    CONF: """\
[request_definition]
r = subject, action, resource, context

[policy_definition]
p = role, team, action, kind, inside, folder, owner, shared, network, eft, article

[policy_effect]
e = some(where (p.eft == allow)) && !some(where (p.eft == deny))

[matchers]
m = (p.role == "*" || p.role in r.subject.roles) && (p.team in r.subject.teams || p.team == "*") && \
p.action == r.action.name && (p.kind == "*" || p.kind == r.resource.type) && \
(p.inside == "*" || p.inside in r.resource.within) && (p.folder == "*" || p.folder in r.resource.folder) && \
(p.owner == "*" || r.resource.ownerID == r.subject.mail && r.subject.mail != "") && \
(p.shared == "*" || r.resource.team in r.subject.teams) && (p.network == "*" || p.network == r.context.network)
""",
    ENTITIES: """\
type,id,parent,properties
team,hanoi,north,
team,north,all,
team,all,,
team,south,all,
user,an,,roles=reader; teams=hanoi|south
user,binh,,roles=editor|reader; teams=north; mail=binh@example.org
user,chi,,roles=admin
folder,root,,
folder,plans,root,
folder,drafts,plans,team=hanoi
doc,d1,,folder=drafts; ownerID=binh@example.org
doc,d2,,folder=root; team=north
doc,d3,,
""",
    ROLES: """\
role,team,action,kind,inside,folder,owner,shared,network,effect,article
reader,*,read,doc,*,plans,*,*,*,allow,default
*,north,read,folder,root,*,*,*,*,allow,default
*,*,edit,doc,*,*,same,*,*,allow,default
*,*,edit,*,*,*,*,same,office,allow,default
admin,*,edit,folder,*,*,*,*,*,allow,default
*,*,edit,folder,root,*,*,*,home,deny,default
reader,south,read,doc,*,drafts,*,*,home,deny,default
""",
}
"""Several words in one property, groups in groups, folders in folders, and a context."""


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
