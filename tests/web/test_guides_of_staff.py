"""The guides of teachers and reviewers: whoever does only what their sentences say reaches their end."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from demonstrated import GUIDES, TAKES_PICTURES, demonstrating, following
from guide import read_guide
from story import EVERY_WAY

from access_service.signing.pdf_fields import HOLDER_FIELD, RECEIVER_FIELD
from signing.pki import Authority, sign_elsewhere

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


@pytest.mark.skipif(not (EVERY_WAY or TAKES_PICTURES), reason="a guide that is followed at night")
@pytest.mark.parametrize("is_scripted", [True, False] if EVERY_WAY else [True])
def test_whoever_does_only_what_the_guide_to_signing_elsewhere_says_reaches_its_end(
    tmp_path: Path, *, is_scripted: bool
) -> None:
    guide, authority = (GUIDES / "ky-so.md").read_text("utf-8"), Authority()
    leaf, trust = authority.issue("Người Thử"), tmp_path / "trust"
    fields = [HOLDER_FIELD, RECEIVER_FIELD]
    (trust / "roots").mkdir(parents=True)
    (trust / "roots" / "ca-thu.pem").write_bytes(authority.root.pem)

    def sign_file(pdf: bytes) -> Path:
        field = fields.pop(0)
        with ThreadPoolExecutor(1) as program:
            signed = program.submit(sign_elsewhere, pdf, field, leaf, authority.root).result()
        made = tmp_path / f"{field}.pdf"
        made.write_bytes(signed)
        return made

    with demonstrating(tmp_path, trust_dir=trust) as demo:
        teacher = next(a for a in demo.told["accounts"] if a["username"] == demo.told["begin_with"]["username"])
        known = {"tên đăng nhập": teacher["username"], "mật khẩu": teacher["password"]}
        with following(demo, "giáo viên", known, java_script_enabled=is_scripted) as follower:
            follower.sign_file = sign_file
            follower.follow(guide)
    assert follower.done == read_guide(guide)
