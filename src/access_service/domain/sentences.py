"""What exactly was wrong with a request, in Vietnamese, beside the sentence of its code.

An error's message is English and names what was sent. The same is said here in Vietnamese for the codes whose
sentence alone leaves a clerk guessing: `duplicate` (what is recorded already) and `invalid` (what cannot be used).
"""

import re

from access_service.domain.errors import RefusedError
from access_service.domain.reasons import Refusal

_SAID: tuple[tuple[str, str], ...] = (
    # What is recorded already.
    (r"there is a register `(.*)`", "đã có cơ sở dữ liệu `{0}`"),
    (r"`(.*)` has its admin account", "đơn vị `{0}` đã có tài khoản quản trị"),
    (r"the person has an account", "người này đã có tài khoản"),
    (r"the username `(.*)` is taken", "tên đăng nhập `{0}` đã được dùng"),
    (r"the [^`]* `(.*)` is taken", "`{0}` đã được dùng"),
    (r"the [^`]* `(.*)` looks like one that is taken", "`{0}` dễ nhầm với tên hoặc mã khác đã được dùng"),
    (
        r"a commitment with the text in force stands or waits",
        "bản cam kết theo mẫu đang áp dụng đã ký hoặc đang chờ ký",
    ),
    (r"return minutes wait already", "biên bản bàn giao lại đang chờ ký"),
    (r"an account has at most (\d+) second factors", "mỗi tài khoản có tối đa {0} phương thức xác thực hai yếu tố"),
    (r"an account has that passkey", "khoá truy cập này đã được đăng ký"),
    (r"confirmed already", "thủ trưởng đã xác nhận"),
    (r"there is a unit `(.*)`", "đã có đơn vị `{0}`"),
    (r"there is a school year `(.*)`", "đã có năm học `{0}`"),
    (r"there is a class `([^`]*)` but for capital letters", "đã có lớp trùng mã với `{0}`, chỉ khác chữ hoa"),
    (r"there is a class `([^`]*)`.*", "đã có lớp `{0}`"),
    (r"another piece of software answers at that address", "địa chỉ này đã thuộc phần mềm khác"),
    (r"the first request with this key has no answer yet", "yêu cầu đầu tiên với khoá này chưa được trả lời"),
    (r"another repeat of this request was faster", "một lần gửi lại khác của yêu cầu này đã đến trước"),
    (
        r"the first request changed nothing; use a new key",
        "yêu cầu đầu tiên không thay đổi dữ liệu; hãy gửi lại với khoá mới",
    ),
    (r"a pack is bound to that unit then.*", "đơn vị đã có bộ quy tắc áp dụng trong thời gian đó"),
    (r"`(.*)` has entered that software", "đơn vị `{0}` đã khai báo phần mềm này"),
    (
        r"`(.*)` already has a direct manager then",
        "đơn vị `{0}` đã có cơ quan quản lý trực tiếp trong thời gian đó",
    ),
    (
        r"somebody holds that duty then.*",
        "trong thời gian đó đã có người giữ nhiệm vụ này; phải nêu phân công được thay thế",
    ),
    # What cannot be used.
    (r"a class code is not empty and holds no colon", "mã lớp không được để trống và không có dấu hai chấm"),
    (r"a decision names the units and the members", "quyết định phải nêu đơn vị được kiểm tra và thành viên đoàn"),
    (r"a director takes office today at the earliest", "ngày nhận nhiệm vụ của giám đốc không được trước hôm nay"),
    (r"a grant goes to a person's use account", "quyền chỉ được cấp cho tài khoản khai thác sử dụng của cá nhân"),
    (r"a manager changes today at the earliest", "ngày đổi cơ quan quản lý không được trước hôm nay"),
    (r"a pack is bound from today at the earliest", "ngày áp dụng bộ quy tắc không được trước hôm nay"),
    (
        r"a resource is an https URL without a fragment",
        "địa chỉ phải bắt đầu bằng https và không có phần sau dấu #",
    ),
    (r"a right is taken back with a reason", "thu hồi quyền phải nêu lý do"),
    (r"a school year closes after it starts", "ngày đóng năm học phải sau ngày bắt đầu"),
    (
        r"a substitut\w+ .*",
        "phân công dạy thay phải nêu phân công của người vắng, trong phạm vi và thời hạn của phân công đó",
    ),
    (r"a substitute's assignment .*", "phân công dạy thay phải nêu phân công của người vắng"),
    (r"a transfer names its decision", "phải nêu quyết định điều động"),
    (r"a use account belongs to a person", "tài khoản khai thác sử dụng phải thuộc về một người"),
    (r"an admin account is the unit's, not a person's", "tài khoản quản trị là của đơn vị, không phải của cá nhân"),
    (r"an approval names the categories of data .*", "văn bản đồng ý phải nêu nhóm dữ liệu được chia sẻ"),
    (
        r"an authority is about the unit itself and what is below it",
        "thẩm quyền chỉ gồm chính đơn vị và đơn vị cấp dưới",
    ),
    (r"classes of one grant belong to one school year", "các lớp trong một dòng quyền phải cùng năm học"),
    (r"minutes have at least one line", "biên bản phải có ít nhất một dòng quyền"),
    (r"nothing changes", "không có gì thay đổi"),
    (r"nothing to sign", "không có văn bản nào để ký"),
    (r"that kind of unit has no admin account", "loại đơn vị này không có tài khoản quản trị"),
    (r"that password was used before", "mật khẩu này đã được dùng trước đây"),
    (r"the approval ends before it begins, or is over", "thời hạn của văn bản đồng ý không đúng hoặc đã hết"),
    (
        r"the assignment to be replaced is not .*",
        "phân công được thay thế không thuộc đơn vị hoặc không còn hiệu lực",
    ),
    (r"the (?:authority|binding|duty|grant) ends before it begins", "ngày kết thúc phải sau ngày bắt đầu"),
    (
        r"the binding to be replaced is not in force then",
        "bộ quy tắc được thay thế không có hiệu lực trong thời gian đó",
    ),
    (r"the classes are not of the levels and grades named", "các lớp không thuộc cấp học, khối lớp đã nêu"),
    (r"the decision is younger than the duty it founds", "ngày quyết định phải không sau ngày bắt đầu nhiệm vụ"),
    (r"the duty ends earlier already", "nhiệm vụ đã kết thúc sớm hơn"),
    (r"to end it now, (?:revoke|withdraw) it", "để chấm dứt ngay, hãy thu hồi"),
    (r"`(.*)` does not teach that(?: level)?", "đơn vị `{0}` không dạy cấp học này"),
    (r"`(.*)` is no revision", "`{0}` không phải là phiên bản dữ liệu"),
    (r"`(.*)` is no day.*", "`{0}` không phải là ngày; viết ngày/tháng/năm"),
    (r"`(.*)` is no instant.*", "`{0}` không phải là thời điểm; viết ngày/tháng/năm giờ:phút"),
    (r"`(.*)` holds several authorities; name one", "đơn vị `{0}` có nhiều thẩm quyền; phải nêu một"),
    (r"a grant lasts at most (\d+) days", "thời hạn của quyền tối đa {0} ngày"),
    (r"a password .* has at least (\d+) characters.*", "mật khẩu phải có ít nhất {0} ký tự, đủ loại theo quy định"),
    (r"a security level is (\d) to (\d)", "cấp độ an toàn thông tin từ {0} đến {1}"),
    (r"a (.*) has no education levels", "loại đơn vị này không có cấp học"),
    (
        r"an inspection has a beginning and an end, at most (\d+) days apart",
        "đợt kiểm tra có ngày bắt đầu, ngày kết thúc, tối đa {0} ngày",
    ),
    (r"no assignment `(.*)` to stand in for", "không có phân công `{0}` để dạy thay"),
    (r"no class `(.*)` in `(.*)`", "đơn vị `{1}` không có lớp `{0}`"),
    (r"no position `(.*)` in that kind of unit", "loại đơn vị này không có vị trí `{0}`"),
    (r"no revision `(.*)`", "không có phiên bản dữ liệu `{0}`"),
    (r"no school year `(.*)`", "không có năm học `{0}`"),
    (r"the method `(.*)` is not for the action `(.*)`", "hình thức `{0}` không dùng cho thao tác `{1}`"),
    (r"the policy knows no grade `(.*)` of `(.*)`", "`{0}` không phải là khối lớp của cấp học này"),
    (r"the policy knows no grade `(.*)` here", "`{0}` không phải là khối lớp của cấp học này"),
    (r"the policy knows no kind of unit `(.*)`", "bộ quy tắc không có loại đơn vị `{0}`"),
    (r"the policy knows no position `(.*)`", "bộ quy tắc không có vị trí `{0}`"),
    (r"the policy knows no role `(.*)`", "bộ quy tắc không có vai trò `{0}`"),
    (r"the policy knows no category `(.*)`", "bộ quy tắc không có nhóm dữ liệu `{0}`"),
    (r"the policy knows no action `(.*)`", "bộ quy tắc không có thao tác `{0}`"),
    (r"there is an operator `(.*)`", "đã có người vận hành `{0}`"),
    (r"`(.*)` is one person's number, not two's", "mã `{0}` không thể dùng cho hai người"),
    (r"`(.*)` is somebody else's number", "mã `{0}` là của người khác"),
    (r"it overlaps the school year (.*)", "trùng thời gian với năm học {0}"),
    (r"`(.*)` answers for that account", "đơn vị `{0}` đang chịu trách nhiệm về tài khoản này"),
    (r"minutes for `(.*)` on that duty wait already", "biên bản giao vai trò `{0}` theo phân công này đang chờ ký"),
    (r"minutes were made of that row already", "đã lập biên bản từ dòng này"),
    (r"the department has given that address to other software; .*", "địa chỉ này đã được giao cho phần mềm khác"),
    (r"the client observes at that unit already", "phần mềm này đang quan sát tại đơn vị đó"),
    # What cannot be used, once more.
    (
        r"only a person's account is closed after leaving",
        "chỉ tài khoản của cá nhân được đóng sau khi thôi nhiệm vụ",
    ),
    (r"only a person's account moves to another unit", "chỉ tài khoản của cá nhân được chuyển đơn vị"),
    (
        r"that password is among the first that are tried; .*",
        "mật khẩu này dễ đoán; hãy chọn các từ không ai ghép với nhau",
    ),
    (r"the policy knows no (?:\w+) `(.*)`", "bộ quy tắc không có `{0}`"),
    (r"nobody leads such a class", "lớp này không có người phụ trách chính"),
    (r"several people hold that position; name one", "nhiều người giữ vị trí này; phải nêu một người"),
    (
        r"the period begins before the inspection ends",
        "thời kỳ được kiểm tra phải bắt đầu trước khi đợt kiểm tra kết thúc",
    ),
    (
        r"a member from outside is named with the body that sends them and its decision",
        "thành viên ngoài ngành phải có họ tên, cơ quan cử và quyết định cử",
    ),
    (r"the rights end after this moment, or at the declaration", "thời điểm chấm dứt quyền phải sau thời điểm này"),
    (r"software has no password; .*", "phần mềm không có mật khẩu; hãy cấp mã bí mật mới"),
    (r"the unit ends before it begins", "ngày kết thúc phải sau ngày bắt đầu"),
    (r"(.*) starts in .* and closes in .*", "năm học {0} phải bắt đầu và đóng trong hai năm liên tiếp"),
    (
        r"a unit is succeeded by another, today at the latest, and once",
        "đơn vị chỉ được kế thừa một lần, muộn nhất hôm nay",
    ),
    (r"say why", "phải nêu lý do"),
    (r"say who", "phải chọn người"),
    (
        r"name a new person or one of the register, one of them",
        "nêu một người mới hoặc một người đã có, không nêu cả hai",
    ),
    (r"the decision has a number, an issuer and a file", "quyết định phải có số, cơ quan ban hành và tệp"),
    (r"the decision is not of the future", "ngày quyết định không được sau hôm nay"),
    (
        r"the agreement that an approval names is not younger than it",
        "ngày của hợp đồng, thoả thuận không được sau ngày của văn bản đồng ý",
    ),
    (
        r"who takes a duty over does not stand in for it",
        "người thay hẳn nhiệm vụ thì không phải người dạy thay, làm thay",
    ),
    (r"the paper is dated later than today", "ngày văn bản không được sau hôm nay"),
    (r"(?:.* )?is empty", "không được để trống"),
    (r"(?:.* )?is longer than (\d+) characters", "dài quá {0} ký tự"),
    (r"(?:.* )?holds control characters.*", "có ký tự điều khiển hoặc ký tự không nhìn thấy"),
    # Refusals whose code's sentence is about something else.
    (r"the witness is a third person of the unit", "người làm chứng phải là người thứ ba của đơn vị"),
    (r"nobody sends themselves to inspect", "thành viên đoàn không kiểm tra đơn vị mình công tác"),
)
_PATTERNS = tuple((re.compile(pattern), vi) for pattern, vi in _SAID)
_NOUNS = {
    "account": "tài khoản",
    "action": "thao tác",
    "assignment": "phân công",
    "axis": "phạm vi",
    "category": "nhóm dữ liệu",
    "document": "văn bản",
    "grade": "khối lớp",
    "level": "cấp học",
    "position": "vị trí",
    "role": "vai trò",
    "school_year": "năm học",
    "unit": "đơn vị",
}
_INSTEAD = frozenset({Refusal.SELF_SERVICE})
"""Codes whose sentence gives way to what is said here: it names another person than the one meant."""


def say_in_vietnamese(error: RefusedError) -> str | None:
    """What was wrong with this request, or None where the code's sentence says it."""
    if error.code not in {Refusal.DUPLICATE, Refusal.INVALID, *_INSTEAD}:
        return None
    for pattern, vi in _PATTERNS:
        found = pattern.fullmatch(error.message)
        if found is not None:
            return vi.format(*found.groups())
    if error.code in _INSTEAD:
        return None
    named = [f"{_NOUNS[key]} `{value}`" for key, value in error.details.items() if key in _NOUNS]
    return ", ".join(named) or None


def sentence(error: RefusedError, general: str) -> str:
    """The sentence of a code with what was wrong: `Thông tin này đã được ghi nhận: đã có lớp …`."""
    said = say_in_vietnamese(error)
    if said is None:
        return general
    return f"{said[:1].upper()}{said[1:]}" if error.code in _INSTEAD else f"{general}: {said}"
