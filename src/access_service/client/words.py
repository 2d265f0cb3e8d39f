"""What a person reads for the codes that this client gives by itself.

One code, one sentence: where the service knows the code, these are its own words, and a test compares them. What
the service answers carries its sentence with it; these stand where nobody answered, or where a token decided
without a call.
"""

from collections.abc import Mapping
from types import MappingProxyType

REFUSED = "client_refused"
"""The service does not let this software in; whoever is in front of it can do nothing about that."""

TEXTS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        # as the service says them
        "resource_incomplete": (
            "Yêu cầu thiếu thông tin về dữ liệu cần truy cập",
            "The request does not say enough about the record",
        ),
        "resource_contradictory": (
            "Thông tin về dữ liệu cần truy cập không khớp với hồ sơ đơn vị, lớp học",
            "What the request says of the record does not agree with the register",
        ),
        "no_grant": ("Chưa được cấp quyền", "No right has been granted"),
        "action_not_in_role": (
            "Vai trò được giao không bao gồm thao tác này",
            "The role granted does not include this action",
        ),
        "outside_category": (
            "Ngoài nhóm dữ liệu được phân quyền",
            "The category of data is outside what was granted",
        ),
        "outside_unit": ("Ngoài phạm vi đơn vị được phân quyền", "The unit is outside what was granted"),
        "outside_level": ("Ngoài cấp học được giao phụ trách", "The education level is outside what was granted"),
        "outside_grade": ("Ngoài khối lớp được phân công", "The grade is outside what was granted"),
        "outside_class": ("Ngoài phạm vi lớp được phân công", "The class is outside what was assigned"),
        "outside_subject": ("Ngoài môn học được phân công", "The subject is outside what was assigned"),
        "outside_year": ("Ngoài năm học được phân quyền", "The school year is outside what was granted"),
        "not_authenticated": ("Chưa đăng nhập hoặc đã hết phiên", "Not signed in, or the session has ended"),
        "token_revoked": (
            "Mã truy cập không còn hiệu lực vì quyền làm căn cứ đã bị thu hồi hoặc thay đổi",
            "What the token rests on was taken back or changed",
        ),
        "wrong_audience": (
            "Phiên đăng nhập này không dùng cho dịch vụ đang truy cập",
            "The session is not meant for this service",
        ),
        "forbidden": ("Không có thẩm quyền thực hiện", "Not within your authority"),
        "unavailable": ("Dịch vụ tạm thời không trả lời được", "The service cannot answer now"),
        "restart": (
            "Quyền truy cập đã thay đổi trong khi đọc danh sách, cần đọc lại từ đầu",
            "What the list rests on has changed; begin it again",
        ),
        # the client's own
        "unreadable": (
            "Không đọc được câu trả lời của dịch vụ kiểm tra quyền",
            "The access service's answer cannot be read",
        ),
        "stale": (
            "Chưa biết những quyền nào vừa bị thu hồi",
            "What was taken back has not been seen for too long",
        ),
        "clock_skew": ("Đồng hồ của hai máy chủ lệch nhau", "The clocks of two servers do not agree"),
        REFUSED: (
            "Dịch vụ kiểm tra quyền không chấp nhận phần mềm này; cần báo người quản trị phần mềm",
            "The access service does not accept this software; tell whoever runs it",
        ),
    }
)
"""Vietnamese and English, by code."""


def sentence(code: str) -> tuple[str, str]:
    """The sentence of a code; of one that is not known, that the software was refused."""
    return TEXTS.get(code, TEXTS[REFUSED])
