"""Who can do what about a refusal or a deny: one remedy for each code, beside its sentence in `text.py`.

A sentence in the imperative, without a final full stop; it names who acts where that is not whoever asks. Pages,
the API and `docs/reasons.md` read this one catalogue; a test keeps it whole.
"""

from collections.abc import Mapping
from types import MappingProxyType

from access_service.domain.reasons import Reason, Refusal
from access_service.domain.text import Text

_APPROVAL = Text(
    "Đơn vị ký hợp đồng đề nghị Sở GDĐT ban hành văn bản đồng ý cho phần mềm",
    "The contracting unit asks the department for its written approval of the software",
)
_POLICY = Text(
    "Người vận hành hệ thống áp dụng bộ quy tắc phân quyền cho đơn vị",
    "The operator puts a policy in force for the unit",
)
_WIDER = Text(
    "Đề nghị thủ trưởng đơn vị lập biên bản bổ sung nếu nhiệm vụ cần phạm vi rộng hơn",
    "Ask the head of the unit for supplementary minutes where the duty needs a wider scope",
)
_ASSIGN = Text(
    "Nhà trường ghi nhận phân công nhiệm vụ, sau đó lập biên bản bàn giao theo phân công ấy",
    "The school records the duty assignment, then prepares handover minutes that rest on it",
)
_ACTIVE = Text(
    "Chủ tài khoản kích hoạt bằng mã dùng một lần; nếu bị tạm khoá, đề nghị đơn vị quản lý tài khoản mở lại",
    "The holder activates it with the one-time code; if it is suspended, the unit that answers for it resumes it",
)
_ENDED = Text(
    "Nếu nhiệm vụ vẫn còn, đề nghị đơn vị lập biên bản bàn giao mới",
    "Where the duty goes on, the unit prepares new handover minutes",
)
_PAUSED = Text(
    "Đề nghị đơn vị đã ra lệnh tạm khoá mở lại quyền",
    "Ask the unit that suspended the right to resume it",
)
_CONTENT = Text(
    "Phần mềm gửi yêu cầu ghi đủ đơn vị, lớp, môn học và nhóm dữ liệu của bản ghi",
    "The software that asks states the unit, class, subject and category of the record",
)

REASON_REMEDY: Mapping[Reason, Text] = MappingProxyType(
    {
        Reason.RESOURCE_INCOMPLETE: _CONTENT,
        Reason.RESOURCE_CONTRADICTORY: Text(
            "Đối chiếu thông tin của bản ghi với hồ sơ đơn vị, lớp học; báo nhà trường nếu hồ sơ ghi sai",
            "Compare the record with the register; tell the school where the register is wrong",
        ),
        Reason.UNKNOWN_ACTION: Text(
            "Phần mềm gửi yêu cầu dùng thao tác có trong danh mục của bộ quy tắc",
            "The software that asks uses an action of the policy's vocabulary",
        ),
        Reason.ACCOUNT_UNKNOWN: Text(
            "Kiểm tra mã tài khoản; nếu chưa có, đơn vị quản lý trực tiếp cấp tài khoản",
            "Check the account's id; where there is none, the direct manager issues one",
        ),
        Reason.ACCOUNT_NOT_ACTIVE: _ACTIVE,
        Reason.UNIT_SUSPENDED: Text(
            "Đề nghị cơ quan quản lý cấp trên mở lại quyền của đơn vị",
            "Ask the unit above to resume the unit's access",
        ),
        Reason.AUTHORITY_SUSPENDED: Text(
            "Đề nghị cơ quan đã giao thẩm quyền mở lại thẩm quyền phân cấp",
            "Ask the unit that gave the authority to resume it",
        ),
        Reason.NO_POLICY: _POLICY,
        Reason.NO_GRANT: _ASSIGN,
        Reason.ACTION_NOT_IN_ROLE: Text(
            "Đề nghị thủ trưởng đơn vị giao vai trò có thao tác này, nếu vị trí công tác được phép",
            "Ask the head of the unit for a role that includes the action, where the position allows one",
        ),
        Reason.OUTSIDE_CATEGORY: Text(
            "Đề nghị thủ trưởng đơn vị giao vai trò có nhóm dữ liệu này, nếu vị trí công tác được phép",
            "Ask the head of the unit for a role that includes the category, where the position allows one",
        ),
        Reason.OUTSIDE_UNIT: Text(
            "Người của đơn vị đang quản lý dữ liệu thực hiện, hoặc được cơ quan quản lý giao phạm vi rộng hơn",
            "Somebody of the unit that keeps the data does it, or the manager gives a wider scope",
        ),
        Reason.OUTSIDE_LEVEL: _WIDER,
        Reason.OUTSIDE_GRADE: _WIDER,
        Reason.OUTSIDE_CLASS: Text(
            "Nhà trường ghi nhận phân công lớp này cho người dùng, sau đó lập biên bản bổ sung",
            "The school records the assignment of the class, then prepares supplementary minutes",
        ),
        Reason.OUTSIDE_SUBJECT: Text(
            "Nhà trường ghi nhận phân công môn học này cho người dùng, sau đó lập biên bản bổ sung",
            "The school records the assignment of the subject, then prepares supplementary minutes",
        ),
        Reason.OUTSIDE_YEAR: Text(
            "Nhà trường lập biên bản bàn giao cho năm học này",
            "The school prepares handover minutes for that school year",
        ),
        Reason.MINUTES_UNSIGNED: Text(
            "Bên giao và bên nhận mở mục Chờ ký và ký biên bản bàn giao",
            "Giver and receiver open what waits for them and sign the minutes",
        ),
        Reason.COMMITMENT_MISSING: Text(
            "Người nhận quyền mở mục Chờ ký và ký bản cam kết",
            "The holder opens what waits for them and signs the commitment",
        ),
        Reason.COMMITMENT_OUTDATED: Text(
            "Đơn vị lập bản cam kết theo mẫu đang áp dụng; người nhận quyền ký lại",
            "The unit prepares the commitment in force and the holder signs it",
        ),
        Reason.APPROVAL_MISSING: _APPROVAL,
        Reason.OUTSIDE_APPROVAL: Text(
            "Đơn vị ký hợp đồng đề nghị Sở GDĐT ban hành văn bản đồng ý cho phạm vi cần thêm",
            "The contracting unit asks the department to approve what is wanted beyond",
        ),
        Reason.NOT_YET_VALID: Text(
            "Chờ đến ngày quyền có hiệu lực ghi trên biên bản",
            "Wait for the day that the minutes name",
        ),
        Reason.EXPIRED: Text(
            "Nhà trường lập biên bản bàn giao cho kỳ mới",
            "The school prepares handover minutes for the new period",
        ),
        Reason.CONFIRMATION_LAPSED: Text(
            "Thủ trưởng đơn vị ký biên bản bàn giao mới cho người cần quyền",
            "The head of the unit signs new handover minutes for whoever needs the right",
        ),
        Reason.GRANT_SUSPENDED: _PAUSED,
        Reason.GRANT_ENDED: _ENDED,
        Reason.ASSIGNMENT_ENDED: _ASSIGN,
        Reason.PERIOD_LOCKED: Text(
            "Chờ kỳ báo cáo mở lại, hoặc đề nghị Sở GDĐT mở khoá kỳ báo cáo",
            "Wait until the period opens, or ask the department to unlock it",
        ),
        Reason.DENIED_BY_RULE: Text(
            "Không ai được mở quyền này khi quy định chưa thay đổi; xem điều khoản ghi bên cạnh",
            "Nobody may open this while the regulation stands; see the article beside it",
        ),
    }
)
"""What can be done about a deny, by code."""

_SIGN_AGAIN = Text("Mở lại mục Chờ ký và ký lại", "Open what waits for a signature and sign again")
_ABOVE = Text(
    "Đề nghị thủ trưởng đơn vị hoặc cơ quan quản lý cấp trên thực hiện",
    "Ask the head of the unit, or the unit above, to do it",
)
_MANAGER = Text(
    "Đề nghị cơ quan quản lý trực tiếp của đơn vị thực hiện",
    "Ask the unit's direct manager to do it",
)
_CUSTODIAN = Text(
    "Đề nghị người đang quản lý tài khoản quản trị của đơn vị thực hiện, hoặc đăng nhập bằng tài khoản ấy",
    "Ask whoever operates the unit's admin account, or sign in with that account",
)
_LOOK_AGAIN = Text(
    "Tải lại trang, xem nội dung mới rồi thực hiện lại",
    "Load the page again, look at what is new, and do it again",
)
_DEVICE = Text(
    "Dùng khoá truy cập đã đăng ký của chính tài khoản này, hoặc ký bằng mật khẩu",
    "Use a passkey of this very account, or sign with the password",
)

REFUSAL_REMEDY: Mapping[Refusal, Text] = MappingProxyType(
    {
        Refusal.ACCOUNT_NOT_ACTIVE: _ACTIVE,
        Refusal.ALGORITHM_WEAK: Text(
            "Ký lại bằng chứng thư có khoá RSA từ 2048 bit hoặc đường cong P-256 trở lên, hàm băm SHA-256 trở lên",
            "Sign with RSA of at least 2048 bits or a curve from P-256 on, and SHA-256 or better",
        ),
        Refusal.APPROVAL_MISSING: _APPROVAL,
        Refusal.ASSIGNMENT_MISSING: _ASSIGN,
        Refusal.BATCH_TOO_LARGE: Text("Chia thành nhiều lần gửi nhỏ hơn", "Send it in smaller parts"),
        Refusal.BYTE_RANGE: Text(
            "Tải lại bản để ký, ký bằng phần mềm khác rồi gửi lại",
            "Take the form anew, sign it with another program, and bring it back",
        ),
        Refusal.CEREMONY_EXPIRED: _SIGN_AGAIN,
        Refusal.CEREMONY_UNKNOWN: _SIGN_AGAIN,
        Refusal.CERTIFICATE_REVOKED: Text(
            "Liên hệ tổ chức cấp chứng thư; ký lại bằng chứng thư còn hiệu lực",
            "Ask whoever issued it, and sign with a certificate that is in force",
        ),
        Refusal.CERTIFICATE_TAKEN: Text(
            "Kiểm tra lại thiết bị ký; nếu chứng thư là của mình, đề nghị bên đã đăng ký thôi sử dụng trước",
            "Look whether it is your own token; whoever registered the certificate ends that first",
        ),
        Refusal.CERTIFICATE_TIME: Text(
            "Gia hạn chứng thư rồi ký lại",
            "Have the certificate renewed, and sign again",
        ),
        Refusal.CERTIFICATE_UNTRUSTED: Text(
            "Dùng chứng thư của tổ chức được công nhận, hoặc đề nghị người vận hành bổ sung chứng thư gốc",
            "Use a certificate of a recognised issuer, or ask the operator to add its root",
        ),
        Refusal.CHANGED_BESIDE_SIGNING: Text(
            "Tải lại bản để ký và chỉ ký, không ghi chú, không chỉnh sửa",
            "Take the form anew and only sign it: no notes, no changes",
        ),
        Refusal.CLOSED_YEAR: Text(
            "Chọn năm học đang mở; nếu đóng nhầm, lãnh đạo Sở GDĐT mở lại trong thời hạn cho phép",
            "Choose an open school year; one closed by mistake is opened again by the department in time",
        ),
        Refusal.CONSEQUENCES_CHANGED: Text(
            "Xem lại danh sách bị ảnh hưởng rồi quyết định lại",
            "Look at the list again and decide anew",
        ),
        Refusal.CONTENT_MISSING: Text(
            "Tải lại bản để ký rồi ký lại",
            "Take the form anew, and sign again",
        ),
        Refusal.CREDENTIALS_WRONG: Text(
            "Kiểm tra tên đăng nhập và mật khẩu; nếu quên, đề nghị đơn vị quản lý tài khoản khôi phục",
            "Check username and password; if it is forgotten, the unit that answers for the account recovers it",
        ),
        Refusal.CREDENTIAL_UNKNOWN: _DEVICE,
        Refusal.CUSTODY_TAKEN: Text(
            "Thu hồi tài khoản quản trị từ người đang quản lý, sau đó lập biên bản giao cho người mới",
            "Take the admin account back from whoever operates it, then hand it over on paper",
        ),
        Refusal.CUSTODY_VACANT: Text(
            "Cơ quan quản lý trực tiếp lập biên bản giao tài khoản quản trị cho thủ trưởng đơn vị",
            "The direct manager hands the admin account to the unit's head on paper",
        ),
        Refusal.CYCLE: Text(
            "Chọn cơ quan quản lý không thuộc cấp dưới của đơn vị",
            "Choose a manager that is not below the unit",
        ),
        Refusal.DEPTH_EXCEEDED: Text(
            "Đơn vị cấp trên giao quyền trực tiếp cho người nhận",
            "A unit further up hands the right down itself",
        ),
        Refusal.DOCUMENT_CHANGED: Text(
            "Mở lại văn bản, đọc bản mới rồi ký", "Open the document, read the new version, then sign"
        ),
        Refusal.DOCUMENT_STATE: Text(
            "Mở văn bản hoặc quyền này để xem trạng thái hiện nay và việc còn làm được",
            "Open it to see where it stands now and what can still be done",
        ),
        Refusal.DUPLICATE: Text(
            "Mở thông tin đã ghi nhận; nếu ghi sai, dùng chức năng đính chính",
            "Open what is recorded; where it is wrong, correct it",
        ),
        Refusal.DUTIES_SEPARATED: Text(
            "Giao một trong hai nhiệm vụ cho người khác", "Give one of the two duties to somebody else"
        ),
        Refusal.EXTERNAL_ID_AMBIGUOUS: Text(
            "Nêu rõ loại đối tượng: người, tài khoản, đơn vị hay lớp",
            "Say of which kind: person, account, unit or class",
        ),
        Refusal.EXTERNAL_ID_TAKEN: Text(
            "Kiểm tra lại mã; nếu đã ghi nhầm, đơn vị ghi mã hoặc đơn vị cấp trên thôi dùng mã ấy trước",
            "Check the id; where it was recorded wrongly, the unit that did, or one above, ends it first",
        ),
        Refusal.FORBIDDEN: _ABOVE,
        Refusal.FREQUENCY_EXCEEDED: Text(
            "Chờ đến kỳ lấy dữ liệu sau, hoặc đề nghị Sở GDĐT đồng ý tần suất khác",
            "Wait for the next period, or ask the department to approve another frequency",
        ),
        Refusal.GRANT_ENDED: _ENDED,
        Refusal.GRANT_SUSPENDED: _PAUSED,
        Refusal.HAND_BACK_DUE: Text(
            "Ký biên bản bàn giao lại; khi có nhiệm vụ mới, đơn vị mở lại tài khoản",
            "Sign the return minutes; with a new duty the unit opens the account again",
        ),
        Refusal.IDEMPOTENCY_MISMATCH: Text(
            "Gửi yêu cầu mới với khoá chống gửi lặp khác", "Send the new request with another idempotency key"
        ),
        Refusal.INSUFFICIENT_SCOPE: Text(
            "Phần mềm xin mã truy cập có phạm vi cần thiết",
            "The software asks for a token with the scope it needs",
        ),
        Refusal.INVALID: Text("Sửa thông tin theo hướng dẫn rồi gửi lại", "Mend what is named and send it again"),
        Refusal.JOB_NOT_DONE: Text("Chờ việc thực hiện xong rồi tải kết quả", "Wait until the job is done"),
        Refusal.KEY_USAGE: Text(
            "Dùng chứng thư chữ ký số của cá nhân hoặc cơ quan",
            "Use a certificate for signatures of a person or an organisation",
        ),
        Refusal.LEVEL_REQUIRED: Text(
            "Ghi rõ cấp học của quyền rồi lập lại văn bản", "Name the education levels, then prepare it again"
        ),
        Refusal.LOCKED_OUT: Text(
            "Chờ hết thời gian tạm khoá rồi đăng nhập lại; không ai cần mở khoá thay",
            "Wait until the lock is over, then sign in again; nobody has to lift it",
        ),
        Refusal.METHOD_FORBIDDEN: Text(
            "Chọn hình thức lấy dữ liệu qua Trục dữ liệu hoặc dịch vụ dữ liệu",
            "Choose to draw through the data axis or an API",
        ),
        Refusal.NOT_PDF: Text(
            "Chọn đúng tệp PDF đã ký",
            "Choose the signed PDF",
        ),
        Refusal.NOT_SHOWN: Text(
            "Mở trang hoặc tệp PDF của văn bản, đọc rồi ký", "Open the document's page or PDF, then sign"
        ),
        Refusal.NOT_WHOLE_FILE: Text(
            "Gửi đúng tệp do phần mềm ký tạo ra, không lưu lại bằng phần mềm khác",
            "Bring the very file that the signing program made",
        ),
        Refusal.NO_POLICY: _POLICY,
        Refusal.NOT_AUTHENTICATED: Text("Đăng nhập lại", "Sign in again"),
        Refusal.NOT_CUSTODIAN: _CUSTODIAN,
        Refusal.NOT_DIRECT_MANAGER: _MANAGER,
        Refusal.NOT_FOUND: Text(
            "Kiểm tra mã hoặc đường dẫn; nếu thuộc đơn vị khác, đề nghị đơn vị ấy thực hiện",
            "Check the id or address; what is another unit's, that unit does",
        ),
        Refusal.NO_SIGNATURE: Text(
            "Ký tệp bằng phần mềm ký số rồi gửi lại",
            "Sign the file, then bring it back",
        ),
        Refusal.NUMBER_OUT_OF_ORDER: Text(
            "Ghi lý do lấy số không theo thứ tự ngày, hoặc sửa ngày văn bản",
            "Say why the number is out of order, or change the date",
        ),
        Refusal.NUMBER_TAKEN: Text(
            "Để trống số để hệ thống cấp số kế tiếp", "Leave the number empty and the next one is given"
        ),
        Refusal.OPERATOR_ONLY: Text(
            "Gửi quyết định của cấp có thẩm quyền cho người vận hành hệ thống để ghi nhận",
            "Send the decision to the operator, who enters it",
        ),
        Refusal.ORIGIN_WRONG: Text(
            "Mở đúng địa chỉ của hệ thống rồi ký lại; báo người vận hành nếu địa chỉ lạ",
            "Open the service's own address and sign again; tell the operator of a strange address",
        ),
        Refusal.PADDING: Text(
            "Ký lại bằng phần mềm ký số khác",
            "Sign again with another program",
        ),
        Refusal.PASSWORD_DUE: Text("Đặt mật khẩu mới trong mục Bảo mật", "Set a new password under security"),
        Refusal.PDF_NOT_OURS: Text(
            "Tải bản để ký của đúng văn bản, đúng phiên bản; không in, không lưu lại trước khi ký",
            "Take the form of this very version; do not print or save it anew before signing",
        ),
        Refusal.PRECONDITION_MISSING: Text(
            "Nhà cung cấp hoàn thành điều kiện còn thiếu; Sở GDĐT xác nhận rồi đồng ý",
            "The supplier meets what is lacking; the department confirms it, then approves",
        ),
        Refusal.RECOVERY_WAITING: Text(
            "Người thứ hai của đơn vị xác nhận việc khôi phục, hoặc chờ hết thời hạn",
            "A second person of the unit confirms the recovery, or the wait is over",
        ),
        Refusal.REDELEGATION_FORBIDDEN: Text(
            "Thủ trưởng đơn vị nhận lại tài khoản quản trị rồi giao cho người khác",
            "The head takes the admin account back and hands it to another",
        ),
        Refusal.REVOCATION_UNKNOWN: Text(
            "Ký kèm thông tin xác thực lâu dài, hoặc đề nghị người vận hành cập nhật danh sách thu hồi",
            "Sign with long-term validation data, or ask the operator for a current list",
        ),
        Refusal.ROLE_NOT_ALLOWED: Text(
            "Chọn vai trò phù hợp với vị trí, hoặc ghi nhận phân công nhiệm vụ khác cho người nhận",
            "Choose a role that fits the position, or record another duty",
        ),
        Refusal.SECOND_FACTOR_DUE: Text(
            "Đăng ký ứng dụng mã xác thực hoặc khoá truy cập trong mục Bảo mật",
            "Set an authenticator or a passkey under security",
        ),
        Refusal.SECOND_FACTOR_REQUIRED: Text(
            "Nhập mã của ứng dụng xác thực hoặc dùng khoá truy cập",
            "Enter the authenticator's code, or use a passkey",
        ),
        Refusal.SECOND_FACTOR_WRONG: Text(
            "Chờ mã mới trên ứng dụng xác thực rồi nhập lại; nếu mất thiết bị, đề nghị khôi phục tài khoản",
            "Wait for a new code and enter it; if the device is lost, ask for a recovery",
        ),
        Refusal.SELF_SERVICE: Text(
            "Đề nghị người khác có thẩm quyền, hoặc cơ quan quản lý trực tiếp, thực hiện",
            "Ask somebody else with the authority, or the direct manager",
        ),
        Refusal.SHEET_FORMULA: Text(
            "Mở tệp bằng Excel, lưu lại rồi nhập lại",
            "Open the file in Excel, save it, and read it again",
        ),
        Refusal.SHEET_LOCKED: Text(
            "Bỏ mật khẩu, lưu thành .xlsx rồi nhập lại",
            "Save it without a password as .xlsx, and read it again",
        ),
        Refusal.SHEET_NO_HEADING: Text(
            "Thêm dòng tiêu đề vào tệp, hoặc chọn dòng tiêu đề và ghép cột",
            "Add a heading to the file, or say which row and columns they are",
        ),
        Refusal.SHEET_OLD_FORMAT: Text(
            "Mở bằng Excel, lưu thành .xlsx rồi nhập lại",
            "Open it in Excel, save it as .xlsx, and read it again",
        ),
        Refusal.SHEET_TOO_LARGE: Text(
            "Giữ lại trang phân công, xoá các trang, dòng, cột khác rồi nhập lại",
            "Keep the sheet with the assignment, delete the rest, and read it again",
        ),
        Refusal.SHEET_UNREADABLE: Text(
            "Mở bằng Excel, lưu lại thành .xlsx với chữ Unicode rồi nhập lại",
            "Open it in Excel, save it as .xlsx with Unicode text, and read it again",
        ),
        Refusal.SIGNATURE_BAD: _DEVICE,
        Refusal.SIGNATURE_BROKEN: Text(
            "Tải lại bản để ký, ký lại rồi gửi nguyên tệp",
            "Take the form anew, sign again, and bring the file as it is",
        ),
        Refusal.SIGNATURE_TOO_WEAK: Text(
            "Ký bằng khoá truy cập hoặc kèm mã xác thực thứ hai, theo yêu cầu của loại văn bản",
            "Sign with a passkey or a second factor, as this kind of document asks",
        ),
        Refusal.SIGNED_ALREADY: Text(
            "Không cần ký lại; mở văn bản để xem bên còn lại đã ký chưa",
            "Nothing is left to sign; open it to see whether the other side has",
        ),
        Refusal.SIGNER_NO_CAPACITY: Text(
            "Chọn tư cách ký khác, hoặc ghi nhận văn bản giao ký thay trước",
            "Choose another capacity, or record the paper that gives it first",
        ),
        Refusal.SIGNER_NOT_LEADER: Text(
            "Chuyển văn bản cho thủ trưởng hoặc cấp phó của bên giao ký",
            "Let the giver's head or deputy sign",
        ),
        Refusal.SIGNER_NOT_NAMED: Text(
            "Đơn vị, hoặc lãnh đạo sẽ ký, đổi tên người ký trên văn bản; xem lại bản mới rồi ký",
            "The office, or the leader who will sign, names another signer on it; read the new version, then sign",
        ),
        Refusal.SIGNER_UNKNOWN: Text(
            "Người ký đăng ký chứng thư của mình tại mục Bảo mật rồi gửi lại tệp",
            "The signer registers the certificate under security; then bring the file again",
        ),
        Refusal.SIGNER_WRONG_SIDE: Text(
            "Ký đúng ô của mình, đúng thứ tự: bên giao trước, bên nhận sau",
            "Sign in your own place and in turn: the giver first, then the receiver",
        ),
        Refusal.STALE_VERSION: _LOOK_AGAIN,
        Refusal.STATEMENT_CHANGED: _SIGN_AGAIN,
        Refusal.SUCCESSOR_MISSING: Text(
            "Nêu đúng một đơn vị kế thừa cho từng đơn vị, thẩm quyền, lớp và văn bản còn lại",
            "Name exactly one successor for each unit, authority, class and paper that is left",
        ),
        Refusal.SUSPENDED: Text(
            "Đề nghị cơ quan quản lý cấp trên mở lại quyền của đơn vị",
            "Ask the unit above to resume it",
        ),
        Refusal.TOKEN_REVOKED: Text("Phần mềm xin mã truy cập mới", "The software asks for a new token"),
        Refusal.TOO_MANY_JOBS: Text(
            "Chờ một việc đang chạy xong, hoặc dừng việc không cần nữa",
            "Wait for a job to finish, or stop one that is not needed",
        ),
        Refusal.TOO_MANY_WATCHERS: Text(
            "Dùng chung một kết nối theo dõi cho mỗi tiến trình của phần mềm, đóng các kết nối thừa",
            "Share one watching connection in each process of the software, and close the others",
        ),
        Refusal.USER_NOT_VERIFIED: Text(
            "Ký lại và xác minh bằng vân tay, khuôn mặt hoặc mã PIN của thiết bị",
            "Sign again with the device's finger, face or PIN",
        ),
        Refusal.WIDER_THAN_AUTHORITY: Text(
            "Thu hẹp phạm vi theo thẩm quyền, hoặc đề nghị cơ quan quản lý giao thẩm quyền rộng hơn",
            "Narrow the scope to the authority, or ask the manager for a wider one",
        ),
        Refusal.WRONG_AUDIENCE: Text(
            "Mở phiên đăng nhập dành cho dịch vụ đang dùng", "Open a session for the service in use"
        ),
    }
)
"""What can be done about a refused act, by code."""
