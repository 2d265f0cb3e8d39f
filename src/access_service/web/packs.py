"""The packs in force: each rule with its article, and what one version says otherwise than another."""

from collections import defaultdict

from starlette.responses import Response

from access_service.domain.policy import Pack, RoleRule
from access_service.usecases.evidence.packs_seen import list_packs, read_pack_seen, read_waiting_pack
from access_service.web.pack_words import change_in_words, name_role
from access_service.web.page import PageRouter, Visit
from access_service.web.phrases import t

router = PageRouter()
RoleLine = tuple[str, str, bool, str]
"""Category and actions in words, whether they are allowed, by which article."""
PARTS = {
    "cells": "Quyền của vai trò",
    "functions": "Chức năng của quyền",
    "denies": "Điều bị cấm",
    "bases": "Căn cứ của quyền",
    "delegation": "Ai được giao quyền",
    "shut": "Thời gian bị khoá",
    "limits": "Thời hạn và mức",
    "locks": "Khoá kỳ báo cáo",
    "custody": "Ai giữ tài khoản quản trị",
    "signing": "Ai ký",
    "approvals": "Ai duyệt phần mềm",
    "requests": "Câu hỏi của phần mềm",
    "commitments": "Bản cam kết",
    "promises": "Điều cam kết của bộ quy tắc",
    "separations": "Tách biệt nhiệm vụ",
    "roles": "Vai trò",
    "positions": "Chức vụ",
    "unit_kinds": "Loại đơn vị",
    "categories": "Nhóm dữ liệu",
    "actions": "Hành động",
    "function_words": "Tên chức năng",
    "grades": "Khối lớp",
    "homeroom": "Chủ nhiệm",
    "templates": "Mẫu văn bản",
    "signatures": "Cách ký",
    "letterhead": "Tiêu đề văn bản",
    "numbering": "Số văn bản",
    "articles": "Điều khoản viện dẫn",
    "documents": "Văn bản viện dẫn",
    "cites": "Cách viện dẫn",
    "model": "Mô hình quy tắc",
}


@router.show("/quy-tac")
def show_packs(visit: Visit) -> Response:
    """Which packs bind the units that the caller sees, and since when."""
    return visit.render("packs/list.html", found=list_packs(visit.services, visit.caller))


@router.show("/quy-tac/cho/{id}")
def show_waiting_pack(visit: Visit) -> Response:
    """A pack before it is put in force: what it would change, and for whom."""
    found = read_waiting_pack(visit.services, visit.caller, visit.at["id"])
    packs = [pack for pack in (found.new, found.old) if pack is not None]
    return visit.render(
        "packs/waiting.html",
        found=found,
        allowed=[c for c in found.changes if c.part == "cells" and not c.before],
        no_longer=[c for c in found.changes if c.part == "cells" and not c.after],
        others=[c for c in found.changes if c.part != "cells"],
        part=lambda name: t(PARTS[name]),
        said=lambda change: change_in_words(change, packs),
        role=lambda id_: name_role(id_, packs),
    )


@router.show("/quy-tac/{ma}")
def show_pack(visit: Visit) -> Response:
    """One pack, rule by rule; with another version to compare, what changed."""
    found = read_pack_seen(visit.services, visit.caller, visit.at["ma"], visit.query.get("so_voi") or None)
    return visit.render(
        "packs/one.html",
        found=found,
        pack=found.pack,
        roles=_by_role(found.pack),
        name_article=name_article,
        part=lambda name: t(PARTS[name]),
        said=lambda change: change_in_words(change, [found.pack]),
        failed=sum(not case.is_good for case in found.cases),
    )


def name_article(article: str) -> str:
    """The article in an official's words where a rule rests on no regulation."""
    return t("mặc định, không theo văn bản nào") if article == "default" else article


def _by_role(pack: Pack) -> list[tuple[str, str, list[RoleLine]]]:
    """Each role with its article and what it may do, in words."""
    rules: dict[str, dict[tuple[str, bool, str], list[RoleRule]]] = defaultdict(lambda: defaultdict(list))
    for rule in pack.rules:
        rules[rule.role][rule.category, rule.allow, rule.article].append(rule)
    found = []
    for role in sorted(pack.roles.values(), key=lambda role: role.vi):
        lines: list[RoleLine] = []
        for (category, allow, article), same in sorted(rules[role.id].items()):
            actions = dict.fromkeys(pack.actions.get(rule.action, rule.action) for rule in same)
            lines.append((_category(pack, category), ", ".join(actions), allow, name_article(article)))
        found.append((role.vi, name_article(role.article), lines))
    return found


def _category(pack: Pack, id_: str) -> str:
    found = pack.categories.get(id_)
    return id_ if found is None else found.vi


def list_words() -> list[str]:
    """Every word, for the test that English is complete."""
    return [*PARTS.values()]
