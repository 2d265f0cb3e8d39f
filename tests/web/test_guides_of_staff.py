"""The guides of teachers and reviewers: whoever does only what their sentences say reaches their end."""

from __future__ import annotations

from pathlib import Path

import pytest
from demonstrated import GUIDES, TAKES_PICTURES, demonstrating, following
from guide import read_guide
from story import EVERY_WAY

OFFICE = "3111383"


@pytest.mark.parametrize("is_scripted", [True, False] if EVERY_WAY else [True])
def test_whoever_does_only_what_the_teachers_guide_says_reaches_its_end(
    tmp_path: Path, *, is_scripted: bool
) -> None:
    guide = (GUIDES / "giao-vien.md").read_text("utf-8")
    with demonstrating(tmp_path) as demo:
        teacher = next(a for a in demo.told["accounts"] if a["username"] == demo.told["begin_with"]["username"])
        known = {"tên đăng nhập": teacher["username"], "mật khẩu": teacher["password"]}
        with following(demo, "giáo viên", known, "phone", java_script_enabled=is_scripted) as follower:
            follower.follow(guide)
    assert follower.done == read_guide(guide)


@pytest.mark.skipif(not (EVERY_WAY or TAKES_PICTURES), reason="a guide that is followed at night")
@pytest.mark.parametrize("is_scripted", [True, False] if EVERY_WAY else [True])
def test_whoever_does_only_what_the_reviewers_guide_says_reaches_its_end(
    tmp_path: Path, *, is_scripted: bool
) -> None:
    guide = (GUIDES / "nguoi-kiem-tra.md").read_text("utf-8")
    with demonstrating(tmp_path) as demo:
        chair, reviewer = demo.account("commune_chair", OFFICE), demo.account("level_officer", OFFICE)
        admin = demo.account("commune_chair", OFFICE, "admin")
        known = {
            "tên đăng nhập của chủ tịch": chair["username"],
            "mật khẩu của chủ tịch": chair["password"],
            "mật khẩu của tài khoản quản trị": admin["password"],
            "mã của tài khoản quản trị": demo.telephone(admin["totp_secret"]),
            "tên đăng nhập của người kiểm tra": reviewer["username"],
            "mật khẩu của người kiểm tra": reviewer["password"],
        }
        with following(demo, "chủ tịch", known, java_script_enabled=is_scripted) as follower:
            follower.follow(guide)
    assert follower.done == read_guide(guide)
