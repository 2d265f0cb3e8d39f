"""What each kind of task is called, why it waits, and on which page it is done."""

from collections.abc import Mapping
from dataclasses import dataclass

from access_service.domain.tasks import Task, TaskGroup, TaskKind
from access_service.web import menus
from access_service.web.phrases import day, t


@dataclass(frozen=True, slots=True)
class TaskWords:
    """A task as it is shown."""

    icon: str
    tone: str
    what: str
    why: str
    button: str
    addresses: tuple[str, ...]
    """Where it is done: the first of these that there is. `{dv}` is the unit, `{id}` what the task leads to."""


_UNIT = "/don-vi/{dv}"
_BELOW = "/don-vi/{dv}/truc-thuoc"
_PEOPLE = "/don-vi/{dv}/nguoi"
_SECURITY = "/toi/bao-mat"

_OF: Mapping[TaskKind, TaskWords] = {
    TaskKind.SIGN_AS_GIVER: TaskWords(
        *("pen", "act", "{n} văn bản chờ tôi ký bên giao"),
        "Người nhận chưa dùng được dữ liệu cho đến khi hai bên ký đủ.",
        "Xem và ký {n} văn bản",
        ("/ky",),
    ),
    TaskKind.SIGN_AS_RECEIVER: TaskWords(
        *("pen", "act", "{n} văn bản chờ tôi ký nhận"),
        "Quyền chỉ có hiệu lực khi hai bên ký đủ.",
        "Xem và ký {n} văn bản",
        ("/ky",),
    ),
    TaskKind.RETURNED: TaskWords(
        *("swap", "wait", "{n} văn bản bị trả lại để sửa"),
        "Sửa rồi gửi lại; chữ ký trên phiên bản cũ không còn giá trị.",
        "Xem {n} văn bản",
        ("/van-ban?dv={dv}&trang_thai=returned", _UNIT),
    ),
    TaskKind.DRAFTS: TaskWords(
        *("paper", "wait", "{n} văn bản còn ở dạng nháp"),
        "Chưa gửi bên ký.",
        "Xem {n} văn bản nháp",
        ("/van-ban?dv={dv}&trang_thai=draft", _UNIT),
    ),
    TaskKind.CONFIRM_ACTS: TaskWords(
        *("alert", "wait", "{n} việc do người khác lập, chờ lãnh đạo xác nhận"),
        "Chưa có hiệu lực cho đến khi người thứ hai xác nhận.",
        "Xem {n} việc",
        ("/don-vi/{dv}/cho-xac-nhan", _UNIT),
    ),
    TaskKind.CONFIRM_GRANTS: TaskWords(
        *("swap", "wait", "{n} quyền do thủ trưởng trước cấp, chờ xác nhận"),
        "Xác nhận hoặc thu hồi trước hạn.",
        "Xem {n} quyền",
        ("/don-vi/{dv}/xac-nhan-quyen", _UNIT),
    ),
    TaskKind.CUSTODY_VACANT: TaskWords(
        *("key", "bad", "{n} đơn vị chưa có người quản lý tài khoản quản trị"),
        "Đơn vị chưa lập được văn bản nào cho đến khi có người quản lý.",
        "Xem {n} đơn vị",
        (f"{_BELOW}?chi=vacant", _UNIT),
    ),
    TaskKind.CUSTODY_AWAITING: TaskWords(
        *("key", "wait", "{n} đơn vị chờ ký biên bản giao tài khoản quản trị"),
        "Hai bên ký đủ thì người nhận mới quản lý tài khoản.",
        "Xem {n} đơn vị",
        (f"{_BELOW}?chi=open", _UNIT),
    ),
    TaskKind.UNITS_LATE: TaskWords(
        *("clock", "wait", "{n} đơn vị chậm bàn giao quyền"),
        "Có việc đã chờ quá bảy ngày.",
        "Xem và nhắc {n} đơn vị",
        (f"{_BELOW}?chi=late", _UNIT),
    ),
    TaskKind.YEAR_TO_RENEW: TaskWords(
        *("swap", "act", "Năm học mới: lấy lại phân công của {n} người"),
        "Chưa ai được phân công lớp của năm học này.",
        "Lấy lại năm trước",
        ("/don-vi/{dv}/nam-hoc?nam={id}", "/don-vi/{dv}/phan-quyen", _UNIT),
    ),
    TaskKind.WITHOUT_RIGHTS: TaskWords(
        *("person", "wait", "{n} người có nhiệm vụ mà chưa có quyền"),
        "Chưa có văn bản nào được lập cho những người này.",
        "Xem {n} người",
        (f"{_PEOPLE}?chi=without_rights", _UNIT),
    ),
    TaskKind.ACTIVATIONS_UNUSED: TaskWords(
        *("ring", "wait", "{n} tài khoản chưa kích hoạt"),
        "Người dùng chưa đặt mật khẩu lần đầu.",
        "Xem {n} tài khoản",
        (f"{_PEOPLE}?muc=tai-khoan&trang_thai=invited", _UNIT),
    ),
    TaskKind.LEAVING_OPEN: TaskWords(
        *("undo", "wait", "{n} người thôi nhiệm vụ chưa bàn giao lại xong"),
        "Hồ sơ chỉ đóng khi bên nhận lại ký.",
        "Xem {n} hồ sơ",
        ("/don-vi/{dv}/thoi-nhiem-vu", _PEOPLE, _UNIT),
    ),
    TaskKind.ANOMALIES: TaskWords(
        *("alert", "wait", "{n} điểm bất thường cần xem"),
        "Mỗi điểm ghi rõ căn cứ và cách xử lý.",
        "Xem {n} điểm",
        ("/don-vi/{dv}/bat-thuong", _UNIT),
    ),
    TaskKind.REMINDED: TaskWords(
        *("bell", "wait", "{names} nhắc bàn giao quyền, ngày {since}"),
        "Còn người chưa có quyền.",
        "Xem tiến độ",
        (_UNIT,),
    ),
    TaskKind.PASSWORD_DUE: TaskWords(
        *("clock", "off", "Đổi mật khẩu tài khoản quản trị trước {until}"),
        "Quá hạn, phải đổi mật khẩu trước khi làm việc khác.",
        "Đổi mật khẩu",
        (_SECURITY,),
    ),
    TaskKind.RECOVERY_TO_CONFIRM: TaskWords(
        *("key", "wait", "Yêu cầu khôi phục tài khoản của {names}"),
        "Cần người thứ hai xác nhận, hoặc dừng yêu cầu.",
        "Xem yêu cầu",
        ("/khoi-phuc/{id}", _UNIT),
    ),
    TaskKind.OWN_RECOVERY: TaskWords(
        *("key", "bad", "Có yêu cầu khôi phục tài khoản của tôi"),
        "Nếu không phải tôi đề nghị, dừng yêu cầu này.",
        "Xem yêu cầu",
        ("/khoi-phuc/{id}", _SECURITY),
    ),
    TaskKind.CODE_SEEN: TaskWords(
        *("eye", "wait", "Người khác đã thấy mã kích hoạt của tôi"),
        "Văn bản được đánh dấu cho đến khi tôi xác nhận tài khoản do một mình tôi dùng.",
        "Xác nhận tài khoản",
        (_SECURITY,),
    ),
    TaskKind.NEW_FACTOR: TaskWords(
        *("key", "off", "Cách xác thực mới được thêm ngày {since}"),
        "Nếu không phải tôi thêm, đổi mật khẩu và báo đơn vị quản lý.",
        "Xem bảo mật",
        (_SECURITY,),
    ),
    TaskKind.JOB_OVER: TaskWords(
        *("down", "off", "{n} việc chạy nền đã kết thúc"),
        "Kết quả được giữ bảy ngày.",
        "Xem kết quả",
        ("/cong-viec/{id}",),
    ),
}
_GROUPS: Mapping[TaskGroup, str] = {
    TaskGroup.SIGN: "Chờ tôi ký",
    TaskGroup.DECIDE: "Chờ tôi quyết định",
    TaskGroup.DUE: "Sắp đến hạn",
    TaskGroup.KNOW: "Cần biết",
}
_PREPARES = "Chờ tôi xử lý"
"""In place of deciding, for whoever leads nothing."""


@dataclass(frozen=True, slots=True)
class ShownTask:
    """A task in words, with where its button leads; without an address it has none yet."""

    task: Task
    icon: str
    tone: str
    what: str
    why: str
    button: str
    address: str
    when: str
    """Its deadline, or since when; empty where the sentence says it."""
    names: tuple[str, ...]
    """Whom it is about; empty where the sentence names them."""


_SAYS_WHEN = frozenset({TaskKind.PASSWORD_DUE, TaskKind.REMINDED, TaskKind.NEW_FACTOR})
_SAYS_WHO = frozenset({TaskKind.REMINDED, TaskKind.RECOVERY_TO_CONFIRM})


def _when(task: Task) -> str:
    if task.until and task.kind is not TaskKind.PASSWORD_DUE:
        return t("Hạn {day}.", day=day(task.until))
    return t("Từ {day}.", day=day(task.since)) if task.since and task.kind not in _SAYS_WHEN else ""


def show_task(task: Task) -> ShownTask:
    """The task in the reader's language."""
    words = _OF[task.kind]
    said = {
        "n": task.count,
        "names": ", ".join(task.names) or task.unit,
        "since": day(task.since),
        "until": day(task.until),
    }
    return ShownTask(
        *(task, words.icon, words.tone, t(words.what, **said), task.said or t(words.why)),
        t(words.button, **said),
        _address(words, task),
        _when(task),
        () if task.kind in _SAYS_WHO else tuple(task.names),
    )


def _address(words: TaskWords, task: Task) -> str:
    for address in words.addresses:
        if address.partition("?")[0] in menus.built:
            return address.replace("{dv}", task.unit).replace("{id}", task.leads_to[1])
    return ""


def heading_of(group: TaskGroup, *, leads: bool) -> str:
    """Over a group of tasks."""
    return t(_PREPARES if group is TaskGroup.DECIDE and not leads else _GROUPS[group])


def list_words() -> list[str]:
    """Every sentence, for the test that English is complete."""
    return [_PREPARES, *_GROUPS.values(), *(s for w in _OF.values() for s in (w.what, w.why, w.button))]
