"""The menu of whoever is signed in: the union of their roles, at most six, in one order."""

from access_service.usecases.identity.hats import Menu, Shell
from access_service.web.phrases import t

_ENTRIES: tuple[tuple[str, str, frozenset[Menu]], ...] = (
    ("/viec", "Việc cần làm", frozenset({Menu.SCHOOL, Menu.OFFICE})),
    ("/don-vi/{dv}/truc-thuoc", "Đơn vị trực thuộc", frozenset({Menu.OFFICE})),
    ("/don-vi/{dv}/nguoi", "Người và quyền", frozenset({Menu.SCHOOL})),
    ("/don-vi/{dv}/phan-quyen", "Phân quyền năm học", frozenset({Menu.SCHOOL})),
    ("/don-vi/{dv}/tai-khoan-quan-tri", "Tài khoản quản trị", frozenset({Menu.OFFICE})),
    ("/van-ban", "Văn bản", frozenset({Menu.SCHOOL})),
    ("/tra-cuu", "Tra cứu", frozenset({Menu.INSPECTOR})),
    ("/don-vi/{dv}/ma-tran", "Ma trận", frozenset({Menu.SCHOOL, Menu.OFFICE})),
    ("/don-vi/{dv}/phan-mem", "Phần mềm", frozenset({Menu.SCHOOL, Menu.OFFICE})),
    ("/don-vi/{dv}/bat-thuong", "Bất thường", frozenset({Menu.OFFICE})),
    ("/doan-kiem-tra", "Hồ sơ kiểm tra", frozenset({Menu.INSPECTOR})),
    ("/nhat-ky", "Nhật ký", frozenset({Menu.INSPECTOR})),
    ("/toi", "Quyền của tôi", frozenset({Menu.MEMBER})),
    ("/ky", "Chờ ký", frozenset({Menu.MEMBER})),
    ("/van-ban", "Văn bản của tôi", frozenset({Menu.MEMBER})),
    ("/toi/bao-mat", "Bảo mật", frozenset({Menu.MEMBER})),
)
MOST = 6
built: set[str] = set()
"""The addresses that there are; `install` fills it, and nothing else is offered."""


def entries(shell: Shell | None, path: str) -> list[tuple[str, str, bool]]:
    """Address, word, and whether it is the page that is shown."""
    if shell is None:
        return []
    found: list[tuple[str, str, bool]] = []
    for address, word, menus in _ENTRIES:
        at = address.replace("{dv}", shell.unit)
        is_new = all(at != other for other, _, _ in found)
        if menus & shell.menus and address in built and is_new and len(found) < MOST:
            found.append((at, t(word), path == at or path.startswith(at + "/")))
    return found


def list_words() -> list[str]:
    """Every word, for the test that English is complete."""
    return [word for _, word, _ in _ENTRIES]
