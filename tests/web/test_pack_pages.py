"""A pack before it is put in force, as the department's leadership sees it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from visiting import Visitor, visiting

from access_service.engine.packs.load import load_pack, read_pack_files
from access_service.engine.proofs.pack_cells import compare_packs
from access_service.usecases import policy
from access_service.web.pack_words import TABLES, change_in_words
from access_service.web.packs import name_article
from prepared import with_homeroom
from second_person import DECISION
from world import OFFICE, World, pack_variant

ROOT = Path(__file__).parents[2]
ROWS = """role,function,category,action,effect,article
homeroom_teacher,marks,STU-ACA,write,deny,default
homeroom_teacher,student-policy,STU-POL,write,allow,default
"""


def with_waiting_pack(world: World) -> None:
    with_homeroom(world)
    packs = pack_variant(Path(world.services.db.url.database).parent, "chat", "")
    (packs / "chat" / "roles.csv").write_text(ROWS, "utf-8")
    files = read_pack_files(packs, "chat", ROOT / "models")
    shown = policy.show_binding(world.services, world.register, unit=world.root, pack=files)
    with world.services.db.read(world.register) as reader:
        (held,) = reader.find(policy.PackBinding)
    first, _ = world.operators
    more = {"on": date(2026, 9, 1), "decision": DECISION, "operator": first, "replaces": held.id, "shown": shown}
    policy.prepare_binding(world.services, world.register, unit=world.root, pack=files, **more)


def test_every_change_between_two_packs_is_said_in_words() -> None:
    """No id of a role, of data or of an action stands on the page of a pack where the pack names it."""
    old, new = (load_pack(ROOT / "policy", name, ROOT / "models") for name in ("hai-phong-2023", "hai-phong"))
    changes = compare_packs(old, new).changes
    said = {(c.part, *change_in_words(c, [new, old])) for c in changes if c.part in (*TABLES, "bases", "custody")}
    assert (
        "cells",
        ("Nhân viên văn thư", "Tài khoản, quyền, hồ sơ phân quyền, nhật ký", "xem"),
        "",
        "được phép",
    ) in said
    assert ("custody", ("cán bộ được giao",), "", "được giữ") in said
    ids = {*new.roles, *new.categories, *new.actions, *new.positions, *new.unit_kinds}
    shown = {word for _, what, *_ in said for word in what}
    assert shown & ids == set()
    assert {part for part, *_ in said} == {c.part for c in changes} & {*TABLES, "bases", "custody"}


@pytest.fixture(scope="module")
def waiting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Visitor]:
    with visiting(tmp_path_factory.mktemp("goi"), furnish=with_waiting_pack) as found:
        yield found


def test_the_director_reads_what_a_pack_changes_and_for_whom_before_confirming_it(waiting: Visitor) -> None:
    director = waiting.other()
    director.sign_in(director.enrolled("director.00031"))
    acts = director.get("/don-vi/00031/cho-xac-nhan")
    listed = director.get("/quy-tac")
    assert "đang chờ xác nhận để áp dụng" in listed.words
    address = listed.html.split('href="/quy-tac/cho/')[1].split('"')[0]
    assert f"/quy-tac/cho/{address}" in acts.html
    page = director.get(f"/quy-tac/cho/{address}")
    assert "1 tài khoản được thêm quyền, 1 tài khoản mất quyền" in page.words
    assert "Trường THCS Thử" in page.words
    assert "Giáo viên chủ nhiệm" in page.words
    assert page.words.index("Được thêm: 1") < page.words.index("chat/roles.csv:3")
    assert page.words.index("Không còn được: 1") < page.words.index("chat/roles.csv:2")
    assert "/don-vi/00031/cho-xac-nhan" in page.html
    # What is denied is said in an official's words, too.
    assert "Giáo viên chủ nhiệm · Kết quả học tập, rèn luyện · sửa" in page.words
    assert "+ cấm" in page.words
    english = director.get(f"/quy-tac/cho/{address}?lang=en")
    assert english.status == 200


def test_who_leads_no_department_finds_no_pack_that_waits(waiting: Visitor) -> None:
    director = waiting.other()
    director.sign_in(director.enrolled("director.00031"))
    address = director.get("/quy-tac").html.split('href="/quy-tac/cho/')[1].split('"')[0]
    chair = waiting.other()
    chair.sign_in(chair.enrolled(f"000.head:{OFFICE}"))
    assert "đang chờ xác nhận để áp dụng" not in chair.get("/quy-tac").words
    assert chair.get(f"/quy-tac/cho/{address}").status == 404
    assert chair.get("/quy-tac/cho/wai_00000000000000000000").status == 404


def test_a_rule_that_rests_on_no_regulation_says_so_in_words() -> None:
    assert [name_article("default"), name_article("hp-2024-56")] == [
        "mặc định, không theo văn bản nào",
        "hp-2024-56",
    ]
