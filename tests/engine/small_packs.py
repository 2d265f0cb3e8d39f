"""Small packs for the tests of the engine: one that loads, one that extends it, and ways to spoil them."""

from pathlib import Path

from access_service.domain.errors import Fault, PolicyError
from access_service.domain.policy import Pack
from access_service.engine.packs.load import PackFiles, load_pack, parse_pack

REPOSITORY = Path(__file__).resolve().parents[2]
MODEL = (REPOSITORY / "models" / "delegation.conf").read_text(encoding="utf-8")

ROOT_TOML = """\
name = "root"
version = "1"
title = "Gói thử"
model = "delegation"

[documents.thu]
title = "Văn bản thử"
issued = "2024"

[articles.thu-1]
document = "thu"
place = "mục 1"
item = 54
vi = "Phải có biên bản bàn giao."
en = "Handover minutes are needed."

[actions]
read = "xem"
write = "nhập, sửa"
submit = "gửi"

[functions]
records = "Hồ sơ học sinh"
marks = "Sổ điểm"

[unit_kinds.school]
vi = "Trường"
en = "School"
has_head = true
has_admin_account = true
has_levels = true
part_of_manager = false
article = "default"

[categories.STU]
vi = "Hồ sơ học sinh"
en = "Pupils' records"
resource_types = ["student"]
sensitive = false
article = "default"

[categories.HEA]
vi = "Sức khoẻ"
en = "Health"
resource_types = ["student"]
sensitive = true
article = "default"

[roles.teacher]
vi = "Giáo viên"
en = "Teacher"
narrows_by = ["classes"]
article = "thu-1"

[roles.nurse]
vi = "Nhân viên y tế"
en = "Nurse"
narrows_by = []
article = "default"

[roles.guest]
vi = "Khách"
en = "Guest"
narrows_by = []
article = "default"

[positions.principal]
vi = "Hiệu trưởng"
en = "Principal"
rank = "head"
unit_kinds = ["school"]
article = "default"

[limits.max_depth]
value = 6
article = "default"

[limits.document_lapse_days]
value = 30
article = "default"

[limits.confirmation_days]
value = 30
article = "default"

[limits.confirmation_silence]
value = "flag"
article = "default"

[limits.activation_code_hours]
value = 24
article = "default"

[limits.session_minutes]
value = 15
article = "default"

[limits.failed_logins]
value = 5
article = "default"

[limits.lockout_minutes]
value = 15
article = "default"

[limits.grant_days_max]
value = 366
article = "default"

[limits.school_year_undo_days]
value = 7
article = "default"

[limits.substitute_pauses]
value = true
article = "default"

[limits.hand_back_days]
value = 15
article = "default"

[limits.deadline_without_hour]
value = "before_day"
article = "default"

[[locks]]
id = "start"
unit_kinds = ["school"]
categories = ["STU"]
actions = ["submit", "write"]
start = 2024-10-07T17:00:00+07:00
end = 2025-05-31T00:00:00+07:00
vi = "Đã khoá kỳ báo cáo"
article = "thu-1"

[[commitments]]
version = "1"
effective_from = 2023-01-01T00:00:00+07:00
resign_within_days = 30
vi = \"\"\"Tôi cam kết bảo đảm an ninh dữ liệu.
version = "không phải khoá"
\"\"\"
article = "default"

[signing]
capacities = ["head", "Q.", "KT."]
article = "default"

[custody]
holders = ["head", "officer"]
article = "default"

[requests]
function_required = false
article = "default"
"""

ROOT_ROLES = """\
role,function,category,action,effect,article
teacher,records,STU,read,allow,default
teacher,marks,STU,read,allow,thu-1
teacher,marks,STU,write,allow,default
teacher,records,HEA,read,deny,default
teacher,marks,HEA,read,allow,default
nurse,records,HEA,read,allow,default
nurse,records,HEA,write,allow,default
nurse,records,STU,submit,allow,default
*,records,STU,submit,deny,default
"""

ROOT_DELEGATION = """\
role,position,unit_kind,issuer,documents,article
teacher,*,school,own_unit,minutes+commitment,default
nurse,*,*,own_unit,minutes,default
teacher,principal,school,direct_manager,minutes+commitment,thu-1
"""

LEAF_TOML = """\
name = "leaf"
version = "2"
title = "Gói con"
extends = "root"

[articles.con-1]
document = "thu"
place = "mục 2"
vi = "Điều riêng."
en = "An article of its own."

[roles.clerk]
vi = "Văn thư"
en = "Clerk"
narrows_by = ["levels", "school_year"]
article = "con-1"

[limits.max_depth]
value = 3
article = "con-1"
"""

LEAF_ROLES = """\
role,function,category,action,effect,article
clerk,records,STU,read,allow,con-1
teacher,marks,STU,write,deny,con-1
nurse,records,HEA,read,allow,con-1
"""

LEAF_DELEGATION = """\
role,position,unit_kind,issuer,documents,article
clerk,*,school,own_unit,commitment,con-1
nurse,*,*,own_unit,minutes+commitment,con-1
"""

ROOT: dict[str, str] = {
    "models/delegation.conf": MODEL,
    "root/pack.toml": ROOT_TOML,
    "root/roles.csv": ROOT_ROLES,
    "root/delegation.csv": ROOT_DELEGATION,
}
LEAF: dict[str, str] = ROOT | {
    "leaf/pack.toml": LEAF_TOML,
    "leaf/roles.csv": LEAF_ROLES,
    "leaf/delegation.csv": LEAF_DELEGATION,
}


def pack_files(texts: dict[str, str], name: str = "root") -> PackFiles:
    """These texts as the files of a pack."""
    return PackFiles(name, {path: text.encode() for path, text in texts.items()})


def parsed(texts: dict[str, str], name: str = "root") -> Pack:
    """The pack of these texts."""
    return parse_pack(pack_files(texts, name))


def faults_of(texts: dict[str, str], name: str = "root") -> tuple[Fault, ...]:
    """What is wrong with these texts; nothing when they load."""
    try:
        parsed(texts, name)
    except PolicyError as error:
        return error.faults
    return ()


def edited(texts: dict[str, str], path: str, old: str, new: str) -> dict[str, str]:
    """The same texts with one passage changed; the passage must stand there once."""
    assert texts[path].count(old) == 1, f"`{old}` stands {texts[path].count(old)} times in {path}"
    return texts | {path: texts[path].replace(old, new)}


def line_of(text: str, mark: str) -> int:
    """The line on which a passage begins."""
    return text[: text.index(mark)].count("\n") + 1


def write(folder: Path, texts: dict[str, str]) -> tuple[Path, Path]:
    """The texts as folders on disk: the policy folder and the folder of models."""
    for path, text in texts.items():
        file = folder / path if path.startswith("models/") else folder / "policy" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8", newline="")
    return folder / "policy", folder / "models"


def loaded(folder: Path, texts: dict[str, str], name: str = "root") -> Pack:
    """The texts through the folder."""
    policy, models = write(folder, texts)
    return load_pack(policy, name, models)
