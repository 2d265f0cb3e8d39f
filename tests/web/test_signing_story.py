"""In a browser: a head signs for a whole list with one password, a teacher on a phone receives with one touch."""

from __future__ import annotations

from pathlib import Path

from story import Story, telling, told

from access_service.domain.documents import Document, Signature
from access_service.domain.names import DocumentState, Method
from access_service.domain.scope import Scope
from access_service.usecases.handover.documents import EnteredLine
from access_service.usecases.handover.naming import name_signer
from world import PASSWORD, SCHOOL, World

HEAD = f"000.head:{SCHOOL}"
KEY = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


def with_clerks(world: World) -> list[str]:
    """Three people whose minutes wait for the head."""
    found = []
    for key in ("văn thư An", "văn thư Bình", "văn thư Cúc"):
        clerk = world.hire(key, SCHOOL, "clerk", SCHOOL)
        line = EnteredLine("clerk", clerk.duty, Scope(unit=SCHOOL), world.clock.now)
        found.append(str(world.propose(SCHOOL, clerk, line).document.id))
    world.enrol(HEAD)
    return found


def make_key(story: Story) -> None:
    """The browser has an authenticator that says yes, and the account a passkey in it."""
    cdp = story.page.context.new_cdp_session(story.page)
    cdp.send("WebAuthn.enable")
    cdp.send("WebAuthn.addVirtualAuthenticator", {"options": KEY})
    story.open("/toi/bao-mat")
    story.page.get_by_text("Thêm khoá truy cập (passkey)").click()
    form = story.page.locator('form[action="/toi/bao-mat/khoa"]')
    form.locator("[name=mat_khau]").fill(PASSWORD)
    form.get_by_role("button", name="Tiếp tục").click()
    story.click("Tạo khoá truy cập")
    story.sees("Khoá truy cập đã có hiệu lực")


@told("phone", "plain")
def test_a_head_signs_for_everybody_with_one_password(tmp_path: Path, way: str) -> None:
    with telling(f"ky-{way}", tmp_path, with_clerks, way, reduced_motion="reduce") as story:
        world = story.world
        name_signer(world.services, world.admins[SCHOOL], story.made[1], world.head_of(SCHOOL).person)
        story.sign_in(HEAD)
        story.open("/ky")
        story.look("cho-ky")
        story.page.locator("article.paper > :last-child").nth(1).scroll_into_view_if_needed()
        story.fill("Mật khẩu", PASSWORD)
        if story.is_scripted:  # what was not scrolled past is named once, and asked for no longer then
            story.page.get_by_text("đã xem").first.wait_for()
            story.click("Ký 3 văn bản bằng mật khẩu")
            story.sees("Chưa xem: 1")
            assert {world.get(Document, id_).state for id_ in story.made} == {DocumentState.AWAITING_GIVER}
        story.click("Ký 3 văn bản bằng mật khẩu")
        story.sees("Đã ký 3 văn bản.")
        assert story.interactions == (3 if story.is_scripted else 2)
        story.look("da-ky")
        assert {world.get(Document, id_).state for id_ in story.made} == {DocumentState.AWAITING_RECEIVER}
        story.open("/van-ban")
        story.look("danh-sach")
        story.open(f"/van-ban/{story.made[1]}")
        story.look("mot-van-ban")
        story.open(f"/van-ban/{story.made[1]}/so-sanh?cu=1&moi=2")
        story.look("so-sanh")


def test_a_clerk_on_a_phone_receives_with_one_touch(tmp_path: Path) -> None:
    """From an account without a passkey: a password once, a key made, and the next papers take a touch."""
    with telling("ky-khoa", tmp_path, with_clerks, "phone") as story:
        world, name = story.world, "000.văn thư An"
        world.sign(world.head_of(SCHOOL), story.made[0])
        story.sign_in(name)
        make_key(story)
        story.open("/ky")
        story.look("nhan")
        story.interactions = 0
        story.click("Ký bằng khoá truy cập")
        story.sees("Đã ký 2 văn bản.")
        assert story.interactions == 1
        story.look("da-nhan")
        with world.services.db.read(world.register) as reader:
            given = reader.find(Signature, person=world.people["văn thư An"].person)
        assert {s.method for s in given} == {Method.PASSKEY}
        story.open(f"/van-ban/{story.made[0]}/tu-choi")
        story.look("tu-choi-khong-con-duoc")


@told("plain")
def test_a_receiver_sends_back(tmp_path: Path, way: str) -> None:
    with telling(f"tra-lai-{way}", tmp_path, with_clerks, way) as story:
        world = story.world
        world.sign(world.head_of(SCHOOL), story.made[0])
        story.sign_in("000.văn thư An")
        story.open("/ky")
        story.click("Trả lại để sửa", role="link")
        story.look("ly-do")
        story.page.get_by_label("Sai thời hạn").check()
        story.click("Trả lại để sửa")
        story.sees("Đã trả lại văn bản để sửa.")
        story.look("con-lai")
        assert world.get(Document, story.made[0]).state is DocumentState.RETURNED
