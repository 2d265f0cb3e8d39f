"""The heads' guide: whoever does only what its sentences say reaches its end, at night without scripts too."""

from __future__ import annotations

from pathlib import Path

import pytest
from demonstrated import GUIDES, PICTURES, Demonstration, demonstrating, following
from guide import Follower, read_guide
from story import EVERY_WAY

from access_service.demonstration.data import MAIN

GUIDE = GUIDES / "hieu-truong.md"


def follow(demo: Demonstration, **options: bool) -> Follower:
    """From signing in to the dossier, as the head of the demonstration's school."""
    head, admin = demo.account("principal", MAIN), demo.account("principal", MAIN, "admin")
    known = {
        "tên đăng nhập": head["username"],
        "mật khẩu": head["password"],
        "mật khẩu của tài khoản quản trị": admin["password"],
        "mã của tài khoản quản trị": demo.telephone(admin["totp_secret"]),
        "mật khẩu mới": "Cây phượng đỏ 000",
        "tệp phân công": GUIDES / "phan-cong-mau.csv",
    }
    with following(demo, "hiệu trưởng", known, **options) as follower:
        follower.follow(GUIDE.read_text("utf-8"))
        return follower


@pytest.mark.parametrize("way", ["laptop", "plain"] if EVERY_WAY else ["laptop"])
def test_whoever_does_only_what_the_heads_guide_says_reaches_its_end(tmp_path: Path, way: str) -> None:
    with demonstrating(tmp_path) as demo:
        followed = follow(demo, java_script_enabled=way != "plain")
    assert followed.done == read_guide(GUIDE.read_text("utf-8"))


def test_every_picture_of_a_guide_is_there_and_none_is_left_over() -> None:
    named = {
        sentence.parts[0]
        for guide in GUIDES.glob("*.md")
        for sentence in read_guide(guide.read_text("utf-8"))
        if sentence.verb == "picture"
    }
    assert named == {picture.name for picture in PICTURES.iterdir()}
    assert max(picture.stat().st_size for picture in PICTURES.iterdir()) <= 60_000
