"""An explanation as text: Vietnamese first, with the English sentence beside the answer."""

from collections.abc import Iterator

from access_service.domain.names import (
    Capacity,
    Confirmable,
    DocumentKind,
    DocumentState,
    GrantEnd,
    GrantState,
    Method,
    Side,
)
from access_service.live.revisions import revision_text
from access_service.rendering.sheets import NOTES, STATES, day_text, instant_text, scope_text, signed_as
from access_service.usecases.evidence.endings import EndedBy
from access_service.usecases.evidence.explanation import (
    APPROVAL,
    CONFIRMATIONS,
    ExplainedArticle,
    ExplainedDocument,
    ExplainedGrant,
    ExplainedSignature,
    Explanation,
)
from access_service.usecases.evidence.matrix_values import Note

KINDS: dict[str, str] = {
    APPROVAL: "Văn bản đồng ý của Sở GDĐT",
    CONFIRMATIONS[Confirmable.SECURITY_LEVEL]: "Văn bản xác nhận cấp độ an toàn hệ thống thông tin",
    CONFIRMATIONS[Confirmable.DATA_AXIS]: "Văn bản xác nhận kết nối Trục dữ liệu",
    DocumentKind.HANDOVER_MINUTES: "Biên bản bàn giao",
    DocumentKind.SUPPLEMENTARY_MINUTES: "Biên bản bổ sung",
    DocumentKind.RETURN_MINUTES: "Biên bản bàn giao lại tài khoản",
    DocumentKind.CUSTODY_MINUTES: "Biên bản bàn giao tài khoản quản trị",
    DocumentKind.COMMITMENT: "Bản cam kết đảm bảo an ninh dữ liệu",
    DocumentKind.INSPECTION_DECISION: "Quyết định kiểm tra",
    DocumentKind.ASSIGNMENT_DECISION: "Quyết định phân công",
    DocumentKind.APPROVAL_LETTER: "Công văn đồng ý chia sẻ dữ liệu",
    DocumentKind.SOFTWARE_REPORT: "Báo cáo các phần mềm",
}
SIDES = {
    Side.GIVER: "bên giao",
    Side.RECEIVER: "bên nhận",
    Side.DECLARANT: "người cam kết",
    Side.WITNESS: "người làm chứng",
}
DOCUMENT_STATES = {
    DocumentState.DRAFT: "bản nháp",
    DocumentState.AWAITING_GIVER: "chờ bên giao ký",
    DocumentState.AWAITING_RECEIVER: "chờ bên nhận ký",
    DocumentState.SIGNED: "đã ký",
    DocumentState.RETURNED: "trả lại để sửa",
    DocumentState.DECLINED: "bị từ chối nhận",
    DocumentState.CANCELLED: "đã huỷ",
    DocumentState.LAPSED: "quá hạn ký",
    DocumentState.SUPERSEDED: "đã được thay thế",
    DocumentState.WITHDRAWN: "đã thu hồi",
    DocumentState.HANDED_BACK: "đã bàn giao lại",
}
ENDS = {
    GrantEnd.REVOKED: "bị thu hồi",
    GrantEnd.SUPERSEDED: "được thay bằng quyền khác",
    GrantEnd.RETURNED: "đã bàn giao lại",
    GrantEnd.ASSIGNMENT_ENDED: "phân công nhiệm vụ kết thúc",
    GrantEnd.AUTHORITY_WITHDRAWN: "thẩm quyền phân cấp bị thu hồi hoặc thu hẹp",
    GrantEnd.DOCUMENT_WITHDRAWN: "văn bản làm căn cứ bị thu hồi",
    GrantEnd.YEAR_CLOSED: "năm học được đóng",
    GrantEnd.CANCELLED: "biên bản bị huỷ",
    GrantEnd.UNIT_ENDED: "đơn vị giải thể hoặc sáp nhập",
    GrantEnd.INSPECTION_ENDED: "đợt kiểm tra kết thúc",
    GrantEnd.LAPSED: "quá hạn, chưa có hiệu lực",
}
DATES: dict[str, str] = {
    EndedBy.TERM: "hết thời hạn",
    EndedBy.DUTY: "hết thời hạn phân công nhiệm vụ",
    EndedBy.NOT_CONFIRMED: "thủ trưởng mới không xác nhận trong thời hạn",
    EndedBy.OUTSIDE: "vượt thẩm quyền phân cấp hiện nay của bên giao",
    EndedBy.UNSIGNED: "biên bản không được ký trong thời hạn",
}
"""Ends that a date brought."""
WHO = {
    "operator": "người vận hành hệ thống",
    "import": "nhập từ hồ sơ cũ",
    "service": "hệ thống, theo ngày ghi trong hồ sơ",
}
NOUNS = {
    "account": "tài khoản",
    "approval": "văn bản đồng ý",
    "assignment": "phân công nhiệm vụ",
    "authority": "thẩm quyền phân cấp",
    "authority_move": "việc chuyển cấp quản lý của thẩm quyền",
    "class": "lớp",
    "document": "văn bản",
    "grant": "quyền",
    "management_edge": "quan hệ quản lý",
    "pack_binding": "bộ quy tắc áp dụng",
    "signature": "chữ ký",
    "software": "phần mềm",
    "software_confirmation": "xác nhận của Sở về phần mềm",
    "suspension": "tạm khoá",
    "unit": "đơn vị",
}
METHODS = {
    Method.IN_SYSTEM: (
        "xác nhận bằng phương tiện điện tử; không phải chữ ký điện tử, chữ ký số và không thay con dấu"
    ),
    Method.PASSKEY: (
        "xác nhận bằng khoá truy cập của người ký; không phải chữ ký số theo luật và không thay con dấu"
    ),
    Method.PADES: "chữ ký số bằng chứng thư của người ký, trên tệp ký ngoài hệ thống",
    Method.ATTESTED: "ký trên giấy, do người nhập dữ liệu khai; hệ thống chỉ xác nhận lời khai",
}
_VERIFIED = {True: "xác nhận đúng", False: "XÁC NHẬN SAI", None: "không có khoá để kiểm tra"}


_ASSERTED = {
    "class": "lớp",
    "unit": "trường",
    "level": "cấp học",
    "grade": "khối",
    "school_year": "năm học",
}


def write_explanation(found: Explanation) -> Iterator[str]:
    """The lines of an explanation."""
    yield from _answer(found)
    yield from _grant(found)
    yield from _chain(found)
    yield from _documents(found)
    yield from _rule(found)
    for late in found.late:
        when = f"{revision_text(late.revision)}, {instant_text(late.recorded_at)}"
        yield f"Ghi nhận muộn: {NOUNS.get(late.noun, late.noun)} {late.id}, {when}"


def _answer(found: Explanation) -> Iterator[str]:
    request = found.request
    record = f"{request.resource_type}:{request.resource_id}"
    if found.allowed:
        what = " – ".join(word for word in (found.action_vi or request.action, found.category_vi) if word)
        yield f"ĐƯỢC PHÉP: tài khoản {request.account} được {what}, đối với {record}"
        yield f"Allowed: account {request.account} may {request.action} {record}"
    else:
        yield f"KHÔNG ĐƯỢC PHÉP: {found.reason_vi} ({found.reason})"
        yield f"Denied: {found.reason_en}"
    if found.asserted:
        said = ", ".join(_ASSERTED[name] for name in found.asserted)
        yield f"Bên hỏi khai, hệ thống không lưu: {said} của học sinh"
    if found.then is not None and found.then.allowed != found.allowed:
        said = "được phép" if found.then.allowed else "không được phép"
        yield f"Theo dữ liệu đã ghi nhận đến thời điểm đó, dịch vụ đã trả lời: {said} / answered otherwise then"
    yield f"Thời điểm: {instant_text(found.now)} (UTC+7); phiên bản dữ liệu {revision_text(found.revision)}"
    if found.holder is not None:
        yield f"Người dùng: {found.holder.name} ({found.holder.id})"
    if found.external is not None:
        sent = f"{found.external.body}, {found.external.decision}"
        yield f"Thành viên đoàn kiểm tra ngoài ngành: {sent}"


def _ending(grant: ExplainedGrant) -> Iterator[str]:
    """When it ended, how, by whom and why; an end that was entered late says when."""
    found = grant.ending
    if found is None:
        # One that is still to come.
        if grant.ended_at is not None:
            why = ENDS[GrantEnd(grant.ended_as)] if grant.ended_as else ""
            yield f"  Chấm dứt: {instant_text(grant.ended_at)}" + (f" ({why})" if why else "")
        return
    why = ENDS[GrantEnd(found.how)] if found.how in set(GrantEnd) else DATES.get(found.how, "")
    yield f"  Chấm dứt: {instant_text(found.at) or 'không rõ ngày'}" + (f" ({why})" if why else "")
    if found.recorded_at is not None:
        who = found.by.name if found.by is not None else WHO.get(found.account, found.account)
        yield f"  Người chấm dứt: {who}; ghi nhận {instant_text(found.recorded_at)}, sự kiện {found.event}"
    if found.reason:
        yield f"  Lý do, căn cứ: {found.reason}"


def _grant(found: Explanation) -> Iterator[str]:
    grant = found.grant
    if grant is None:
        return
    state = STATES[GrantState(grant.state)].lower()
    yield f"Quyền: {grant.id}, vai trò {grant.role_vi or grant.role}, {state}"
    yield f"  Phạm vi: đơn vị {grant.scope.unit}; {scope_text(grant.scope)}"
    yield f"  Hiệu lực: {instant_text(grant.valid_from)} – {instant_text(grant.valid_to) or 'không thời hạn'}"
    if grant.no_end:
        yield f"  Lưu ý: {NOTES[Note.NO_END]}"
    if grant.activated_at is not None:
        yield f"  Kích hoạt: {instant_text(grant.activated_at)}"
    yield from _ending(grant)
    if grant.unmet is not None:
        yield f"  Chưa đáp ứng: {grant.unmet_vi or grant.unmet}"
    if grant.assignment_decision is not None:
        duty = f"{grant.assignment_vi}, " if grant.assignment_vi else ""
        yield f"  Căn cứ phân công: {duty}quyết định {grant.assignment_decision}"


def _chain(found: Explanation) -> Iterator[str]:
    if found.chain:
        yield "Đơn vị và thủ trưởng chịu trách nhiệm:"
    for unit in found.chain:
        head = "chưa có thủ trưởng"
        if unit.head is not None:
            head = (
                f"{unit.head.position_vi} {unit.head.person.name}, quyết định {unit.head.decision_number} "
                f"ngày {day_text(unit.head.decision_date)}"
            )
        yield f"  {unit.id} {unit.name}: {head}"
    if found.authorities:
        yield "Thẩm quyền phân cấp:"
    for authority in found.authorities:
        since = instant_text(authority.valid_from)
        yield f"  {authority.unit} {authority.unit_name}: theo {authority.basis}, từ {since}"
        for passed in authority.passed:
            day = instant_text(passed.since)
            yield (
                f"    chuyển từ {passed.from_unit} {passed.from_name} sang {passed.to_unit} {passed.to_name}: "
                f"theo {passed.basis}, từ {day}"
            )


def _documents(found: Explanation) -> Iterator[str]:
    if found.documents:
        yield "Văn bản:"
    for document in found.documents:
        yield f"  {_document(document)}"
        for signature in document.signatures:
            yield f"    {_signature(signature)}"


def _document(document: ExplainedDocument) -> str:
    number = f" số {document.number}" if document.number else ""
    return (
        f"{KINDS[document.kind]}{number} ngày {day_text(document.dated)}, "
        f"{DOCUMENT_STATES[DocumentState(document.state)]}, "
        f"SHA-256 {document.sha256}"
        + ("; người ký bên giao đã được biết mã kích hoạt của bên nhận" if document.code_seen_by_giver else "")
    )


def _signature(signature: ExplainedSignature) -> str:
    basis = f", theo {signature.capacity_basis}" if signature.capacity_basis else ""
    capacity = signed_as(Capacity(signature.capacity), signature.title)
    return (
        f"{SIDES[Side(signature.side)]}: {signature.person.name}, {capacity}"
        f"{basis}, {instant_text(signature.signed_at)} – {METHODS[Method(signature.method)]}; "
        f"{_VERIFIED[signature.verified]}"
    )


def _rule(found: Explanation) -> Iterator[str]:
    rule, lock = found.rule, found.lock
    if rule is not None:
        effect = "được" if rule.effect == "allow" else "không được"
        role = rule.role_vi or ("Mọi vai trò" if rule.role == "*" else rule.role)
        action, category = rule.action_vi or rule.action, rule.category_vi or rule.category
        yield f"Quy tắc: {role} {effect} {action} – {category}; {rule.function_vi or rule.function} ({rule.source})"
    if lock is not None:
        yield f"Khoá kỳ báo cáo: {lock.vi}, {instant_text(lock.start)} – {instant_text(lock.end)}"
    for base in found.legal_bases:
        yield f"  {_cited(base)}"
        if base.vi and base.place:
            yield f"  {base.vi} / {base.en}"
    if found.pack is not None:
        yield f"Bộ quy tắc: {found.pack.name} {found.pack.version}, SHA-256 {found.pack.digest}"


def _cited(base: ExplainedArticle) -> str:
    """The place in the regulation, as people cite it; the product's own choice says that it is one."""
    if not base.place:
        return f"Căn cứ: {base.vi or base.article}"
    return f"Căn cứ: {base.title or base.document}, {base.place}"
