"""What a person reads when the answer is no: one Vietnamese and one English sentence for each public code.

The Vietnamese is what an official would write in reply; terms follow the regulations (biên bản bàn giao, cam kết
đảm bảo an ninh dữ liệu, phân cấp quản lý). `docs/reasons.md` repeats these sentences with when each happens; a test
keeps the codes, these sentences and that page the same.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from access_service.domain.reasons import Reason, Refusal


@dataclass(frozen=True, slots=True)
class Text:
    """One sentence in both languages, without a final full stop; no names, ids or limits in it."""

    vi: str
    en: str


REASON_TEXT: Mapping[Reason, Text] = MappingProxyType(
    {
        Reason.RESOURCE_INCOMPLETE: Text(
            "Yêu cầu thiếu thông tin về dữ liệu cần truy cập",
            "The request does not say enough about the record",
        ),
        Reason.RESOURCE_CONTRADICTORY: Text(
            "Thông tin về dữ liệu cần truy cập không khớp với hồ sơ đơn vị, lớp học",
            "What the request says of the record does not agree with the register",
        ),
        Reason.UNKNOWN_ACTION: Text(
            "Thao tác không có trong bộ quy tắc phân quyền",
            "The policy in force knows no such action",
        ),
        Reason.ACCOUNT_UNKNOWN: Text("Tài khoản không tồn tại", "There is no such account"),
        Reason.ACCOUNT_NOT_ACTIVE: Text(
            "Tài khoản chưa kích hoạt, đang tạm khoá hoặc đã đóng",
            "The account is not activated, is suspended or is closed",
        ),
        Reason.UNIT_SUSPENDED: Text(
            "Quyền truy cập của đơn vị đang bị tạm khoá",
            "The unit's access is suspended",
        ),
        Reason.AUTHORITY_SUSPENDED: Text(
            "Thẩm quyền phân cấp của đơn vị đang bị tạm khoá",
            "The authority under which the right was given is suspended",
        ),
        Reason.NO_POLICY: Text(
            "Chưa có bộ quy tắc phân quyền nào áp dụng cho đơn vị",
            "No policy is in force for the unit",
        ),
        Reason.NO_GRANT: Text("Chưa được cấp quyền", "No right has been granted"),
        Reason.ACTION_NOT_IN_ROLE: Text(
            "Vai trò được giao không bao gồm thao tác này",
            "The role granted does not include this action",
        ),
        Reason.OUTSIDE_CATEGORY: Text(
            "Ngoài nhóm dữ liệu được phân quyền",
            "The category of data is outside what was granted",
        ),
        Reason.OUTSIDE_UNIT: Text(
            "Ngoài phạm vi đơn vị được phân quyền",
            "The unit is outside what was granted",
        ),
        Reason.OUTSIDE_LEVEL: Text(
            "Ngoài cấp học được giao phụ trách",
            "The education level is outside what was granted",
        ),
        Reason.OUTSIDE_GRADE: Text(
            "Ngoài khối lớp được phân công",
            "The grade is outside what was granted",
        ),
        Reason.OUTSIDE_CLASS: Text(
            "Ngoài phạm vi lớp được phân công",
            "The class is outside what was assigned",
        ),
        Reason.OUTSIDE_SUBJECT: Text(
            "Ngoài môn học được phân công",
            "The subject is outside what was assigned",
        ),
        Reason.OUTSIDE_YEAR: Text(
            "Ngoài năm học được phân quyền",
            "The school year is outside what was granted",
        ),
        Reason.MINUTES_UNSIGNED: Text(
            "Biên bản bàn giao chưa có đủ chữ ký của hai bên",
            "The handover minutes are not signed by both sides",
        ),
        Reason.COMMITMENT_MISSING: Text(
            "Chưa ký cam kết đảm bảo an ninh dữ liệu",
            "The data-security commitment is not signed",
        ),
        Reason.COMMITMENT_OUTDATED: Text(
            "Bản cam kết đã ký theo mẫu cũ, phải ký lại theo mẫu đang áp dụng",
            "The commitment signed is no longer the text in force and must be signed again",
        ),
        Reason.APPROVAL_MISSING: Text(
            "Phần mềm chưa có văn bản đồng ý của cơ quan có thẩm quyền",
            "The software has no written approval from the department",
        ),
        Reason.OUTSIDE_APPROVAL: Text(
            "Ngoài phạm vi văn bản đồng ý của cơ quan có thẩm quyền",
            "The request is outside what the department's approval names",
        ),
        Reason.NOT_YET_VALID: Text("Quyền chưa có hiệu lực", "The right is not yet valid"),
        Reason.EXPIRED: Text("Quyền đã hết hiệu lực", "The right has expired"),
        Reason.CONFIRMATION_LAPSED: Text(
            "Thủ trưởng mới không xác nhận lại quyền trong thời hạn",
            "The new head did not confirm the right in time",
        ),
        Reason.GRANT_SUSPENDED: Text("Quyền đang bị tạm khoá", "The right is suspended"),
        Reason.GRANT_ENDED: Text(
            "Quyền đã bị thu hồi hoặc đã chấm dứt", "The right has been taken back or has ended"
        ),
        Reason.ASSIGNMENT_ENDED: Text(
            "Phân công nhiệm vụ làm căn cứ cấp quyền đã kết thúc",
            "The duty assignment on which the right rests has ended",
        ),
        Reason.PERIOD_LOCKED: Text(
            "Kỳ báo cáo đã khoá; chỉ được xem số liệu",
            "The reporting period is locked; only reading remains",
        ),
        Reason.DENIED_BY_RULE: Text(
            "Bộ quy tắc phân quyền không cho phép thao tác này",
            "A rule of the policy forbids this",
        ),
    }
)
"""A decision's deny, by code."""

INSPECTION_UNSIGNED = Text("Quyết định kiểm tra chưa được ký", "The inspection decision is not signed")
"""In place of `minutes_unsigned`'s, where the paper that lacks a signature is the decision."""

REFUSAL_TEXT: Mapping[Refusal, Text] = MappingProxyType(
    {
        Refusal.ACCOUNT_NOT_ACTIVE: Text(
            "Tài khoản chưa kích hoạt, đang tạm khoá hoặc đã đóng",
            "The account is not activated, is suspended or is closed",
        ),
        Refusal.ALGORITHM_WEAK: Text(
            "Chữ ký dùng thuật toán hoặc khoá không còn an toàn",
            "The signature uses an algorithm or a key that can be forged today",
        ),
        Refusal.APPROVAL_MISSING: Text(
            "Phần mềm chưa có văn bản đồng ý của cơ quan có thẩm quyền",
            "The software has no written approval from the department",
        ),
        Refusal.ASSIGNMENT_MISSING: Text(
            "Chưa có phân công nhiệm vụ còn hiệu lực làm căn cứ",
            "No duty assignment in force to rest on",
        ),
        Refusal.BATCH_TOO_LARGE: Text(
            "Số lượng trong một lần gửi vượt quá giới hạn",
            "Too many items at once",
        ),
        Refusal.BYTE_RANGE: Text(
            "Chữ ký số không bao trùm toàn bộ nội dung tệp",
            "The signature does not cover the file as it should",
        ),
        Refusal.CEREMONY_EXPIRED: Text(
            "Yêu cầu ký đã quá thời hạn; mở lại văn bản để ký",
            "The request to sign has expired; open the documents again",
        ),
        Refusal.CEREMONY_UNKNOWN: Text(
            "Không có yêu cầu ký này trong phiên làm việc, hoặc yêu cầu đã được sử dụng",
            "This session has no such request to sign, or it was used before",
        ),
        Refusal.CERTIFICATE_REVOKED: Text(
            "Chứng thư chữ ký số đã bị thu hồi",
            "The certificate was revoked",
        ),
        Refusal.CERTIFICATE_TAKEN: Text(
            "Chứng thư này đã được đăng ký cho người hoặc đơn vị khác",
            "This certificate is registered already",
        ),
        Refusal.CERTIFICATE_TIME: Text(
            "Chứng thư chữ ký số chưa có hoặc đã hết hiệu lực tại thời điểm ký",
            "The certificate was not valid when it signed",
        ),
        Refusal.CERTIFICATE_UNTRUSTED: Text(
            "Tổ chức cấp chứng thư chưa được hệ thống tin cậy",
            "Nobody whom this service trusts issued the certificate",
        ),
        Refusal.CHANGED_BESIDE_SIGNING: Text(
            "Tệp đã bị thay đổi ngoài việc ký",
            "The file was changed beside signing it",
        ),
        Refusal.CLOSED_YEAR: Text(
            "Năm học đã đóng, hoặc đóng trước ngày quyền hết hiệu lực", "The school year is closed"
        ),
        Refusal.CONSEQUENCES_CHANGED: Text(
            "Danh sách bị ảnh hưởng đã thay đổi so với khi xem",
            "What this would end has changed since it was shown",
        ),
        Refusal.CONTENT_MISSING: Text(
            "Nội dung đính kèm trong tệp không còn hoặc đã khác",
            "What the paper says is no longer attached to the file, or is another",
        ),
        Refusal.CREDENTIALS_WRONG: Text(
            "Tên đăng nhập hoặc mật khẩu không đúng",
            "The username or the password is wrong",
        ),
        Refusal.CREDENTIAL_UNKNOWN: Text(
            "Khoá truy cập không thuộc tài khoản của người ký",
            "The passkey is not one of the signer's account",
        ),
        Refusal.CUSTODY_TAKEN: Text(
            "Tài khoản quản trị của đơn vị đã có người quản lý; "
            "phải nhận bàn giao lại trước khi giao cho người khác",
            "Somebody already operates the unit's admin account",
        ),
        Refusal.CUSTODY_VACANT: Text(
            "Tài khoản quản trị của đơn vị chưa có người quản lý",
            "Nobody operates the unit's admin account",
        ),
        Refusal.CYCLE: Text(
            "Quan hệ quản lý giữa các đơn vị bị lặp vòng",
            "The management of units would run in a circle",
        ),
        Refusal.DEPTH_EXCEEDED: Text(
            "Vượt quá số bậc phân cấp cho phép",
            "Handed down further than the policy allows",
        ),
        Refusal.DOCUMENT_CHANGED: Text(
            "Nội dung văn bản đã thay đổi so với bản đã hiển thị để ký",
            "The document is no longer the one that was shown for signing",
        ),
        Refusal.DOCUMENT_STATE: Text(
            "Văn bản đang ở trạng thái không cho phép thao tác này",
            "The document's state does not allow this",
        ),
        Refusal.DUPLICATE: Text("Thông tin này đã được ghi nhận", "This already exists"),
        Refusal.DUTIES_SEPARATED: Text(
            "Hai nhiệm vụ này không được giao cho cùng một người",
            "These two duties may not be held by one person",
        ),
        Refusal.EXTERNAL_ID_AMBIGUOUS: Text(
            "Mã này trỏ đến nhiều đối tượng khác loại", "This id names several things of different kinds"
        ),
        Refusal.EXTERNAL_ID_TAKEN: Text(
            "Mã của hệ thống ngoài này đã được ghi cho đối tượng khác",
            "This id of another system is recorded for something else",
        ),
        Refusal.FORBIDDEN: Text("Không có thẩm quyền thực hiện", "Not within your authority"),
        Refusal.FREQUENCY_EXCEEDED: Text(
            "Phần mềm đã sử dụng hết số lần lấy dữ liệu trong kỳ theo văn bản đồng ý",
            "The software has drawn as often as its approval allows in this period",
        ),
        Refusal.GRANT_ENDED: Text(
            "Quyền đã bị thu hồi hoặc đã chấm dứt", "The right has been taken back or has ended"
        ),
        Refusal.GRANT_SUSPENDED: Text("Quyền đang bị tạm khoá", "The right is suspended"),
        Refusal.HAND_BACK_DUE: Text(
            "Nhiệm vụ đã kết thúc; phiên làm việc chỉ dùng để bàn giao lại",
            "The last duty is over; the session serves to hand back",
        ),
        Refusal.IDEMPOTENCY_MISMATCH: Text(
            "Yêu cầu gửi lại khác với yêu cầu đã gửi trước đó",
            "The repeated request differs from the first one",
        ),
        Refusal.INSUFFICIENT_SCOPE: Text(
            "Mã truy cập không bao gồm phạm vi cần cho yêu cầu này", "The token does not reach to what was asked"
        ),
        Refusal.INVALID: Text("Dữ liệu gửi lên không hợp lệ", "What was sent cannot be used"),
        Refusal.JOB_NOT_DONE: Text(
            "Việc chưa thực hiện xong hoặc không có kết quả", "The job is not done, or has no result"
        ),
        Refusal.KEY_USAGE: Text(
            "Chứng thư này không dùng để ký văn bản",
            "The certificate is not meant for signing papers",
        ),
        Refusal.LEVEL_REQUIRED: Text(
            "Phải nêu rõ cấp học khi phân quyền cho vai trò này",
            "A right in this role must name its education levels",
        ),
        Refusal.LOCKED_OUT: Text(
            "Tài khoản tạm khoá do nhập sai mật khẩu quá số lần cho phép",
            "Locked for a while after too many wrong passwords",
        ),
        Refusal.METHOD_FORBIDDEN: Text(
            "Không được lấy dữ liệu bằng hình thức này",
            "The policy does not allow this way of drawing data",
        ),
        Refusal.NOT_PDF: Text(
            "Tệp không phải PDF",
            "The file is no PDF",
        ),
        Refusal.NOT_SHOWN: Text(
            "Văn bản chưa được hiển thị để đọc; mở trang hoặc tệp PDF của văn bản trước khi ký",
            "The document was not shown to be read; open its page or PDF before signing",
        ),
        Refusal.NOT_WHOLE_FILE: Text(
            "Sau chữ ký cuối cùng còn nội dung chưa được ký",
            "Something follows the last signature that nobody signed",
        ),
        Refusal.NO_POLICY: Text(
            "Chưa có bộ quy tắc phân quyền nào áp dụng cho đơn vị",
            "No policy is in force for the unit",
        ),
        Refusal.NOT_AUTHENTICATED: Text(
            "Chưa đăng nhập hoặc đã hết phiên", "Not signed in, or the session has ended"
        ),
        Refusal.NOT_CUSTODIAN: Text(
            "Chỉ người đang quản lý tài khoản quản trị của đơn vị được thực hiện",
            "Only whoever operates the unit's admin account may do this",
        ),
        Refusal.NOT_DIRECT_MANAGER: Text(
            "Chỉ cơ quan quản lý trực tiếp theo phân cấp được thực hiện",
            "Only the direct manager may do this",
        ),
        Refusal.NOT_FOUND: Text("Không tìm thấy", "Not found"),
        Refusal.NO_SIGNATURE: Text(
            "Tệp chưa có chữ ký số nào",
            "The file has no digital signature",
        ),
        Refusal.NUMBER_OUT_OF_ORDER: Text(
            "Văn bản ghi ngày trước văn bản đã lấy số liền trước; phải nêu lý do",
            "The paper is dated before the one numbered last; say why",
        ),
        Refusal.NUMBER_TAKEN: Text(
            "Số văn bản này đã dùng trong năm",
            "This number was given to another paper of the year",
        ),
        Refusal.OPERATOR_ONLY: Text(
            "Chỉ người vận hành hệ thống được ghi nhận, theo quyết định của cấp có thẩm quyền",
            "Only the operator enters this, by a decision of the authority that appoints",
        ),
        Refusal.ORIGIN_WRONG: Text(
            "Khoá truy cập đã ký cho một địa chỉ khác",
            "The passkey signed for another site",
        ),
        Refusal.PADDING: Text(
            "Vùng chứa chữ ký có dữ liệu lạ",
            "Something is hidden in the place of a signature",
        ),
        Refusal.PASSWORD_DUE: Text("Phải đổi mật khẩu trước khi tiếp tục", "Set a new password first"),
        Refusal.PDF_NOT_OURS: Text(
            "Tệp không phải bản do hệ thống giao ra để ký",
            "This is not the file that was given out to be signed",
        ),
        Refusal.PRECONDITION_MISSING: Text(
            "Phần mềm chưa đáp ứng điều kiện để được cơ quan có thẩm quyền đồng ý",
            "The software does not meet what an approval presupposes",
        ),
        Refusal.RECOVERY_WAITING: Text(
            "Yêu cầu khôi phục tài khoản đang chờ người thứ hai xác nhận hoặc chờ hết thời hạn",
            "The recovery waits for a second person, or for the wait to be over",
        ),
        Refusal.REDELEGATION_FORBIDDEN: Text(
            "Người được giao thay mặt quản lý tài khoản quản trị không được giao lại cho người khác",
            "Whoever acts for the head may not hand the account on",
        ),
        Refusal.REVOCATION_UNKNOWN: Text(
            "Chưa xác định được chứng thư có bị thu hồi hay không",
            "Nobody says whether the certificate was revoked",
        ),
        Refusal.ROLE_NOT_ALLOWED: Text(
            "Vai trò này không áp dụng cho vị trí, nhiệm vụ của người nhận",
            "This role may not be given for this position",
        ),
        Refusal.SECOND_FACTOR_DUE: Text(
            "Phải đăng ký xác thực hai yếu tố trước khi tiếp tục",
            "Set a second factor first",
        ),
        Refusal.SECOND_FACTOR_REQUIRED: Text(
            "Cần xác thực hai yếu tố",
            "A second factor is asked for as well",
        ),
        Refusal.SECOND_FACTOR_WRONG: Text(
            "Mã xác thực thứ hai không đúng hoặc đã được sử dụng",
            "The second factor is wrong, or was used before",
        ),
        Refusal.SELF_SERVICE: Text(
            "Không được tự cấp, tự duyệt hoặc tự gia hạn quyền cho chính mình",
            "Nobody grants, approves or extends their own rights",
        ),
        Refusal.SHEET_FORMULA: Text(
            "Có ô chứa công thức chưa có kết quả",
            "A cell holds a formula without its result",
        ),
        Refusal.SHEET_LOCKED: Text(
            "Tệp có mật khẩu",
            "The file is under a password",
        ),
        Refusal.SHEET_NO_HEADING: Text(
            "Không thấy dòng tiêu đề có cột họ tên hoặc cột lớp",
            "No heading names a column of people or of classes",
        ),
        Refusal.SHEET_OLD_FORMAT: Text(
            "Tệp không phải .xlsx hoặc .csv",
            "The file is no .xlsx and no .csv",
        ),
        Refusal.SHEET_TOO_LARGE: Text(
            "Tệp quá lớn: tối đa 5 MB (50 MB sau khi giải nén), 5.000 dòng, 60 cột",
            "The file is too large: 5 MB (50 MB unpacked), 5,000 rows, 60 columns",
        ),
        Refusal.SHEET_UNREADABLE: Text(
            "Không đọc được tệp",
            "The file cannot be read",
        ),
        Refusal.SIGNATURE_BAD: Text(
            "Chữ ký của khoá truy cập không đúng",
            "The passkey's signature is wrong",
        ),
        Refusal.SIGNATURE_BROKEN: Text(
            "Chữ ký số không hợp lệ hoặc không đọc được",
            "A signature is broken or cannot be read",
        ),
        Refusal.SIGNATURE_TOO_WEAK: Text(
            "Hình thức ký này chưa đáp ứng yêu cầu đối với loại văn bản",
            "This way of signing is not enough for this kind of document",
        ),
        Refusal.SIGNED_ALREADY: Text("Văn bản đã được ký", "Already signed"),
        Refusal.SIGNER_NO_CAPACITY: Text(
            "Không có văn bản giao người ký được ký với tư cách đã chọn",
            "No document on file gives the signer this capacity",
        ),
        Refusal.SIGNER_NOT_LEADER: Text(
            "Bên giao phải do thủ trưởng đơn vị hoặc cấp phó ký thay",
            "The giver's side must be signed by the unit's leadership",
        ),
        Refusal.SIGNER_NOT_NAMED: Text(
            "Người ký không phải người được ghi tên ký trên văn bản; cần đổi tên người ký trước khi ký",
            "The paper names somebody else to sign it; the signer is changed on the paper first",
        ),
        Refusal.SIGNER_UNKNOWN: Text(
            "Chứng thư đã ký chưa được đăng ký cho người hoặc đơn vị nào",
            "Nobody has registered the certificate of this signature",
        ),
        Refusal.SIGNER_WRONG_SIDE: Text(
            "Ô ký này dành cho người khác, hoặc chưa đến lượt",
            "This place waits for somebody else's signature",
        ),
        Refusal.STALE_VERSION: Text(
            "Thông tin đã được người khác cập nhật, cần tải lại",
            "Somebody else changed this in the meantime; load it again",
        ),
        Refusal.STATEMENT_CHANGED: Text(
            "Nội dung xác nhận đã thay đổi so với nội dung đã đưa ra để ký",
            "What would be confirmed is no longer what was put before the signer",
        ),
        Refusal.SUCCESSOR_MISSING: Text(
            "Còn đơn vị, thẩm quyền, lớp hoặc văn bản chưa ký xong chưa có đúng một đơn vị kế thừa",
            "A unit, authority, class or open paper has not exactly one successor",
        ),
        Refusal.SUSPENDED: Text(
            "Đơn vị hoặc thẩm quyền phân cấp của đơn vị đang bị tạm khoá",
            "The unit or its authority is suspended",
        ),
        Refusal.TOKEN_REVOKED: Text(
            "Mã truy cập không còn hiệu lực vì quyền làm căn cứ đã bị thu hồi hoặc thay đổi",
            "What the token rests on was taken back or changed",
        ),
        Refusal.TOO_MANY_JOBS: Text(
            "Đã có quá nhiều việc đang chờ hoặc đang thực hiện, hãy đợi một việc xong",
            "Too many jobs wait or run already; wait until one is done",
        ),
        Refusal.TOO_MANY_WATCHERS: Text(
            "Phần mềm này đã mở quá nhiều kết nối theo dõi thay đổi",
            "Too many connections of this software watch for changes already",
        ),
        Refusal.USER_NOT_VERIFIED: Text(
            "Thiết bị chưa xác minh người dùng (vân tay, khuôn mặt hoặc mã PIN)",
            "The authenticator did not verify its holder",
        ),
        Refusal.WIDER_THAN_AUTHORITY: Text(
            "Vượt quá phạm vi đơn vị được phân cấp",
            "Wider than the authority of the unit",
        ),
        Refusal.WRONG_AUDIENCE: Text(
            "Phiên đăng nhập này không dùng cho dịch vụ đang truy cập",
            "The session is not meant for this service",
        ),
    }
)
"""A refused act, by code."""

UNMET_TEXT: Mapping[str, Text] = MappingProxyType(
    {
        "software_security_level": Text(
            "Cấp độ an toàn hệ thống thông tin chưa được Sở GDĐT xác nhận đạt mức yêu cầu",
            "The security level demanded is not confirmed by the department",
        ),
        "software_on_axis": Text(
            "Kết nối Trục dữ liệu chưa được Sở GDĐT xác nhận",
            "The connection to the data axis is not confirmed by the department",
        ),
        "software_raw_files": Text("Không được lấy dữ liệu bằng tệp", "Data may not be drawn as files"),
        "no_policy": Text(
            "Chưa có bộ quy tắc phân quyền nào áp dụng cho đơn vị", "No policy is in force for the unit"
        ),
    }
)
"""Which demand an approval of software does not meet now, by the pack's limit."""
