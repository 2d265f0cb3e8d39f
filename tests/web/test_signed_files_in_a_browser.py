"""In a real browser: a certificate is registered; a paper goes out, is signed elsewhere and comes back."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from story import Story, telling, told

from access_service.domain.scope import Scope
from access_service.signing.pdf_fields import GIVER_FIELD, HOLDER_FIELD
from access_service.usecases.handover.documents import EnteredLine
from signing.pki import Authority, Leaf, sign_elsewhere
from world import PASSWORD, SCHOOL

HEAD = f"000.head:{SCHOOL}"


def sign_beside(pdf: bytes, field: str, leaf: Leaf, authority: Authority) -> bytes:
    """In another thread, as in another program: the browser's tool has a loop of its own in this one."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(sign_elsewhere, pdf, field, leaf, authority.root).result()


def download(story: Story, name: str) -> bytes:
    """What a link gives, as the browser saves it."""
    with story.page.expect_download() as begun:
        story.page.get_by_role("link", name=name).click()
    story.interactions += 1
    return Path(begun.value.path()).read_bytes()


@told("phone", "plain")
def test_a_head_registers_a_certificate_and_a_paper_comes_back_signed(tmp_path: Path, way: str) -> None:
    authority = Authority()
    leaf, trust = authority.issue("Hiệu Trưởng Thử"), tmp_path / "trust"
    (trust / "roots").mkdir(parents=True)
    (trust / "roots" / "ca-thu.pem").write_bytes(authority.root.pem)
    with telling(f"ky-ngoai-{way}", tmp_path / "trang", way=way, trust_dir=trust) as story:
        clerk = story.world.hire("văn thư", SCHOOL, "clerk", SCHOOL)
        line = EnteredLine("clerk", clerk.duty, Scope(unit=SCHOOL), story.world.clock.now)
        document = story.world.propose(SCHOOL, clerk, line).document.id
        story.world.enrol(HEAD)
        story.sign_in(HEAD)
        story.open("/toi/chung-thu")
        story.look("chung-thu")
        story.fill("Mật khẩu đang dùng", PASSWORD)
        story.click("Lập phiếu đăng ký")
        story.sees("Phiếu đăng ký đang chờ")
        story.look("phieu")
        signed = tmp_path / "phieu-da-ky.pdf"
        signed.write_bytes(sign_beside(download(story, "Tải phiếu"), HOLDER_FIELD, leaf, authority))
        story.choose("Tệp PDF đã ký", signed)
        story.click("Gửi phiếu đã ký")
        story.sees("Đã đăng ký chứng thư.")
        story.look("da-dang-ky")
        story.open(f"/van-ban/{document}")
        story.click("Ký bằng chương trình khác", role="link")
        story.look("ba-buoc")
        form = download(story, "Tải bản để ký")
        unsigned, paper = tmp_path / "chua-ky.pdf", tmp_path / "da-ky.pdf"
        unsigned.write_bytes(form)
        paper.write_bytes(sign_beside(form, GIVER_FIELD, leaf, authority))
        story.choose("Tệp PDF đã ký", unsigned)
        story.click("Gửi tệp đã ký")
        story.sees("Tệp chưa có chữ ký số nào")
        story.look("chua-ky")
        story.choose("Tệp PDF đã ký", paper)
        story.click("Gửi tệp đã ký")
        story.sees("Đã nhận tệp")
        story.look("da-nhan")
        story.click("Xem văn bản", role="link")
        story.sees("Chờ bên nhận ký")
        story.look("van-ban")
