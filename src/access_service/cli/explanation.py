"""An explanation as text: Vietnamese first, with the English sentence beside the answer."""

from collections.abc import Iterator

from access_service.domain.names import Capacity, DocumentKind, DocumentState, GrantState, Method, Side
from access_service.usecases.access import revision_text
from access_service.usecases.explanation import APPROVAL, ExplainedDocument, ExplainedSignature, Explanation
from access_service.usecases.sheets import CAPACITIES, STATES, day_text, instant_text, scope_text

KINDS: dict[str, str] = {
    APPROVAL: "Văn bản đồng ý của Sở GDĐT",
    DocumentKind.HANDOVER_MINUTES: "Biên bản bàn giao",
    DocumentKind.SUPPLEMENTARY_MINUTES: "Biên bản bổ sung",
    DocumentKind.RETURN_MINUTES: "Biên bản bàn giao lại tài khoản",
    DocumentKind.CUSTODY_MINUTES: "Biên bản bàn giao tài khoản quản trị",
    DocumentKind.COMMITMENT: "Bản cam kết đảm bảo an ninh dữ liệu",
    DocumentKind.INSPECTION_DECISION: "Quyết định kiểm tra",
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
METHODS = {
    Method.IN_SYSTEM: "chữ ký điện tử thông thường, hệ thống xác nhận",
    Method.ATTESTED: "ký trên giấy, do người nhập dữ liệu khai; hệ thống chỉ xác nhận lời khai",
}
_VERIFIED = {True: "xác nhận đúng", False: "XÁC NHẬN SAI", None: "không có khoá để kiểm tra"}


def explained(found: Explanation) -> Iterator[str]:
    """The lines of an explanation."""
    yield from _answer(found)
    yield from _grant(found)
    yield from _chain(found)
    yield from _documents(found)
    yield from _rule(found)
    for late in found.late:
        when = f"{revision_text(late.revision)}, {instant_text(late.recorded_at)}"
        yield f"Ghi nhận muộn: {late.noun} {late.id}, {when}"


def _answer(found: Explanation) -> Iterator[str]:
    request = found.request
    record = f"{request.resource_type}:{request.resource_id}"
    if found.allowed:
        yield f"ĐƯỢC PHÉP: tài khoản {request.account} được thực hiện `{request.action}` đối với {record}"
        yield f"Allowed: account {request.account} may {request.action} {record}"
    else:
        yield f"KHÔNG ĐƯỢC PHÉP: {found.reason_vi} ({found.reason})"
        yield f"Denied: {found.reason_en}"
    yield f"Thời điểm: {instant_text(found.now)} (UTC+7); phiên bản dữ liệu {revision_text(found.revision)}"
    if found.holder is not None:
        yield f"Người dùng: {found.holder.name} ({found.holder.id})"


def _grant(found: Explanation) -> Iterator[str]:
    grant = found.grant
    if grant is None:
        return
    state = STATES[GrantState(grant.state)].lower()
    yield f"Quyền: {grant.id}, vai trò {grant.role_vi or grant.role}, {state}"
    yield f"  Phạm vi: đơn vị {grant.scope.unit}; {scope_text(grant.scope)}"
    yield f"  Hiệu lực: {instant_text(grant.valid_from)} – {instant_text(grant.valid_to) or 'không thời hạn'}"
    if grant.activated_at is not None:
        yield f"  Kích hoạt: {instant_text(grant.activated_at)}"
    if grant.ended_at is not None:
        yield f"  Chấm dứt: {instant_text(grant.ended_at)} ({grant.ended_as})"
    if grant.assignment_decision is not None:
        yield f"  Căn cứ phân công: quyết định {grant.assignment_decision}"


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
    )


def _signature(signature: ExplainedSignature) -> str:
    basis = f", theo {signature.capacity_basis}" if signature.capacity_basis else ""
    return (
        f"{SIDES[Side(signature.side)]}: {signature.person.name}, {CAPACITIES[Capacity(signature.capacity)]}"
        f"{basis}, {instant_text(signature.signed_at)} – {METHODS[Method(signature.method)]}; "
        f"{_VERIFIED[signature.verified]}"
    )


def _rule(found: Explanation) -> Iterator[str]:
    rule, lock = found.rule, found.lock
    if rule is not None:
        row = f"p, {rule.role}, {rule.function}, {rule.category}, {rule.action}, {rule.effect}"
        yield f"Quy tắc: {row} ({rule.source})"
    if lock is not None:
        yield f"Khoá kỳ báo cáo: {lock.vi}, {instant_text(lock.start)} – {instant_text(lock.end)}"
    for base in found.legal_bases:
        yield f"  {_cited(base.article, base.document, base.place)}"
        if base.vi:
            yield f"  {base.vi} / {base.en}"
    if found.pack is not None:
        yield f"Bộ quy tắc: {found.pack.name} {found.pack.version}, SHA-256 {found.pack.digest}"


def _cited(article: str, document: str, place: str) -> str:
    return f"Căn cứ: {article}" + (f" – {document}, {place}" if place else "")
