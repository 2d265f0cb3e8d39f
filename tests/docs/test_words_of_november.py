"""The words that officials read, as they were settled: sentences of codes, of the page for heads, of the packs."""

import re
import tomllib
from pathlib import Path

import pytest
from pydantic import ValidationError

from access_service.api.manage.org_bodies import NewUnit
from access_service.domain.errors import PolicyError, RefusedError
from access_service.domain.reasons import Reason, Refusal
from access_service.domain.sentences import sentence
from access_service.domain.text import INSPECTION_UNSIGNED, REASON_TEXT, REFUSAL_TEXT
from access_service.engine.packs.load import load_pack

ROOT = Path(__file__).parents[2]

SENTENCES: dict[Reason | Refusal, str] = {
    Reason.UNKNOWN_ACTION: "Thao tác không có trong bộ quy tắc phân quyền",
    Reason.DENIED_BY_RULE: "Bộ quy tắc phân quyền không cho phép thao tác này",
    Reason.ACTION_NOT_IN_ROLE: "Vai trò được giao không bao gồm thao tác này",
    Reason.MINUTES_UNSIGNED: "Biên bản bàn giao chưa có đủ chữ ký của hai bên",
    Reason.COMMITMENT_OUTDATED: "Bản cam kết đã ký theo mẫu cũ, phải ký lại theo mẫu đang áp dụng",
    Reason.PERIOD_LOCKED: "Kỳ báo cáo đã khoá; chỉ được xem số liệu",
    Reason.APPROVAL_MISSING: "Phần mềm chưa có văn bản đồng ý của cơ quan có thẩm quyền",
    Refusal.NOT_CUSTODIAN: "Chỉ người đang quản lý tài khoản quản trị của đơn vị được thực hiện",
    Refusal.NOT_DIRECT_MANAGER: "Chỉ cơ quan quản lý trực tiếp theo phân cấp được thực hiện",
    Refusal.CUSTODY_TAKEN: (
        "Tài khoản quản trị của đơn vị đã có người quản lý; phải nhận bàn giao lại trước khi giao cho người khác"
    ),
    Refusal.DOCUMENT_CHANGED: "Nội dung văn bản đã thay đổi so với bản đã hiển thị để ký",
    Refusal.DUPLICATE: "Thông tin này đã được ghi nhận",
    Refusal.FREQUENCY_EXCEEDED: "Phần mềm đã sử dụng hết số lần lấy dữ liệu trong kỳ theo văn bản đồng ý",
    Refusal.ROLE_NOT_ALLOWED: "Vai trò này không áp dụng cho vị trí, nhiệm vụ của người nhận",
    Refusal.SIGNER_NO_CAPACITY: "Không có văn bản giao người ký được ký với tư cách đã chọn",
    Refusal.SIGNER_NOT_LEADER: "Bên giao phải do thủ trưởng đơn vị hoặc cấp phó ký thay",
    Refusal.CLOSED_YEAR: "Năm học đã đóng, hoặc đóng trước ngày quyền hết hiệu lực",
    Refusal.SUSPENDED: "Đơn vị hoặc thẩm quyền phân cấp của đơn vị đang bị tạm khoá",
    Refusal.SECOND_FACTOR_DUE: "Phải đăng ký xác thực hai yếu tố trước khi tiếp tục",
    Refusal.SECOND_FACTOR_REQUIRED: "Cần xác thực hai yếu tố",
    Refusal.SECOND_FACTOR_WRONG: "Mã xác thực thứ hai không đúng hoặc đã được sử dụng",
    Refusal.REDELEGATION_FORBIDDEN: (
        "Người được giao thay mặt quản lý tài khoản quản trị không được giao lại cho người khác"
    ),
    Refusal.APPROVAL_MISSING: "Phần mềm chưa có văn bản đồng ý của cơ quan có thẩm quyền",
}


@pytest.mark.parametrize("code", sorted(SENTENCES, key=str))
def test_a_code_is_said_as_it_was_settled(code: Reason | Refusal) -> None:
    text = REASON_TEXT[code] if isinstance(code, Reason) else REFUSAL_TEXT[code]
    assert text.vi == SENTENCES[code]


def test_where_one_code_has_two_meanings_each_is_said() -> None:
    assert INSPECTION_UNSIGNED.vi == "Quyết định kiểm tra chưa được ký"
    for message, said in (
        ("the witness is a third person of the unit", "Người làm chứng phải là người thứ ba của đơn vị"),
        ("nobody sends themselves to inspect", "Thành viên đoàn không kiểm tra đơn vị mình công tác"),
    ):
        found = sentence(RefusedError(Refusal.SELF_SERVICE, message), REFUSAL_TEXT[Refusal.SELF_SERVICE].vi)
        assert said.lower() in found.lower()


def test_the_page_for_heads_says_what_was_settled() -> None:
    page = re.sub(r"\s+", " ", (ROOT / "docs" / "for-heads.md").read_text("utf-8"))
    page = re.sub(r" \(\[[^]]*\]\([^)]*\)\)", "", page)
    for words in (
        "hình thức xác nhận bằng phương tiện điện tử; không phải chữ ký điện tử, chữ ký số và không thay con dấu",
        "Ghi nhận quyết định bổ nhiệm, công nhận thủ trưởng của cấp có thẩm quyền; cấp tài khoản quản trị; giao",
        "phần mềm gọi các chức năng này qua API.",
        "Khi đủ chữ ký, quyền có hiệu lực. Nếu còn thiếu văn bản, thông báo từ chối nêu rõ văn bản còn thiếu.",
        "quyền chấm dứt từ 00 giờ 00 phút ngày thôi nhiệm vụ",
        "Trường hợp người thôi nhiệm vụ không thể trực tiếp bàn giao, thủ trưởng đơn vị lập biên bản có người",
        "khi năm học được đóng",
        "người được giao quyền thủ trưởng (Q.), cấp phó được giao phụ trách",
    ):
        assert words in page, words


def test_screens_and_pages_spell_as_was_settled() -> None:
    """khoá, huỷ, uỷ quyền, sức khoẻ; only names of law keep `Ủy ban nhân dân` and `thừa ủy quyền`."""
    for path in (*(ROOT / "src").rglob("*.py"), *(ROOT / "docs").glob("*.md"), *(ROOT / "policy").rglob("*.*")):
        text = path.read_text("utf-8").replace("thừa ủy quyền", "").replace("Ủy ban nhân dân", "")
        found = re.findall(r"\b(?:[Kk]hóa|[Hh]ủy|[Uủ]y quyền|[Ss]ức khỏe|[Cc]hữ ký điện tử (?:thông|đơn))\b", text)
        assert found == [], (path.name, found)


def pack(name: str) -> dict[str, dict[str, dict[str, str]]]:
    return tomllib.loads((ROOT / "policy" / name / "pack.toml").read_text("utf-8"))


def test_the_packs_name_actions_roles_and_the_letters_verb_as_was_settled() -> None:
    base = pack("base")
    assert base["actions"]["export"] == "xuất danh sách, biểu mẫu để in, ký"
    assert base["actions"]["export_raw"] == "tải bảng dữ liệu từng dòng để nạp vào hệ thống khác"
    roles = {id_: base["roles"][id_]["vi"] for id_ in ("librarian", "equipment_officer", "clerk", "school_health")}
    assert roles == {
        "librarian": "Nhân viên thư viện",
        "equipment_officer": "Nhân viên thiết bị, thí nghiệm",
        "clerk": "Nhân viên văn thư",
        "school_health": "Nhân viên y tế trường học",
    }
    assert base["positions"]["office_head"]["vi"] == "Trưởng phòng GDĐT"
    assert base["positions"]["office_head"]["unit_kinds"] == ["district_office"]
    assert base["positions"]["commune_chair"]["vi"] == "Chủ tịch UBND"
    for name in ("hai-phong", "hai-phong-2023"):
        article = pack(name)["articles"]["hp-2023-7"]["vi"]
        assert "chỉ chia sẻ dữ liệu từ CSDL ngành với phần mềm khi có văn bản đồng ý của Sở" in article


def test_names_that_are_kept_for_later_are_refused_and_not_ignored(tmp_path: Path) -> None:
    """`[categories.X.fields]` and `units.ownership`: whoever writes them today is told."""
    folder = tmp_path / "policy" / "later"
    folder.mkdir(parents=True)
    (tmp_path / "policy" / "base").symlink_to(ROOT / "policy" / "base")
    about = pack("base")["categories"]["FIN"]
    table = "\n".join(f"{k} = {str(v).lower() if isinstance(v, bool) else repr(v)}" for k, v in about.items())
    (folder / "pack.toml").write_text(
        'name = "later"\nversion = "1"\ntitle = "x"\nextends = "base"\n'
        f"[categories.FIN]\n{table}\n[categories.FIN.fields]\nfee = 'x'\n",
        encoding="utf-8",
    )
    with pytest.raises(PolicyError, match="fields"):
        load_pack(tmp_path / "policy", "later", ROOT / "models")
    unit = {"id": "0003", "kind": "school", "name": "Trường Thử", "manager": "00031", "basis": "01/QĐ"}
    NewUnit.model_validate(unit)
    with pytest.raises(ValidationError, match="ownership"):
        NewUnit.model_validate({**unit, "ownership": "public"})
