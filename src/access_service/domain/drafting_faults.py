"""The faults of a grid's row, each in both languages with every way out of it as a button.

A remedy carries the rows as they would stand, so that pressing it is one save and nobody has to know how to mend.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from access_service.domain.drafting import GridFault, GridFaultKind, GridRemedy, GridRow
from access_service.domain.errors import RefusedError
from access_service.domain.facts import Ground
from access_service.domain.names import PersonId, UnitId
from access_service.domain.notation import class_key, distance, fold, nearest
from access_service.domain.org import manager_of
from access_service.domain.policy import Pack, Role
from access_service.domain.text import REFUSAL_TEXT, Text
from access_service.domain.vocabulary import SUBJECT_TEXT
from access_service.domain.wording import unit_name

MOST_OFFERED = 3
_NEAR = 3


def _leave_out(row: GridRow) -> GridRemedy:
    return GridRemedy("leave-out", Text("Bỏ dòng này", "Leave this row out"), (replace(row, is_left_out=True),))


def _new_person(row: GridRow) -> GridRemedy:
    text = Text("Thêm người mới", "Enter somebody new")
    return GridRemedy("new-person", text, (replace(row, is_new_person=True, person=None),))


def _choose(row: GridRow, people: Iterable[tuple[PersonId, str]]) -> tuple[GridRemedy, ...]:
    return tuple(
        GridRemedy(
            f"person:{id_}",
            Text(f"{name}, {id_}", f"{name}, {id_}"),
            (replace(row, person=id_, is_new_person=False),),
        )
        for id_, name in people
    )


def _with(row: GridRow, column: str, written: str, new: str) -> GridRow:
    """The row with the first such words of a cell put otherwise."""
    old = getattr(row.cells, column)
    place = fold_place(old, written)
    text = old if place is None else f"{old[: place[0]]}{new}{old[place[1] :]}"
    return replace(row, cells=replace(row.cells, **{column: " ".join(text.split()).strip(" ,;")}))


def fold_place(text: str, words: str) -> tuple[int, int] | None:
    """Where words stand in a text, from and to; None where they stand otherwise written, as `7A1,2` for `7A2`."""
    begins = text.casefold().find(words.casefold())
    return None if begins < 0 or not words else (begins, begins + len(words))


# -- whom it is about ----------------------------------------------------------------------------------------


def name_missing(row: GridRow) -> GridFault:
    """A row without a name."""
    text = Text("Dòng này chưa có họ tên", "The row has no name")
    return GridFault(GridFaultKind.NAME_MISSING, text, (_leave_out(row),), column="name")


def person_unknown(row: GridRow, near: Sequence[tuple[PersonId, str]], of: int) -> GridFault:
    """Nobody has exactly that name, and somebody nearly."""
    text = Text(
        f"Tên “{row.cells.name}” không có trong {of} người của đơn vị. Gần giống nhất:",
        f"Nobody among the {of} people of the unit is called “{row.cells.name}”. The nearest are:",
    )
    remedies = (*_choose(row, near[:MOST_OFFERED]), _new_person(row), _leave_out(row))
    return GridFault(GridFaultKind.PERSON_UNKNOWN, text, remedies, column="name")


def person_ambiguous(row: GridRow, same: Sequence[tuple[PersonId, str]]) -> GridFault:
    """Namesakes."""
    text = Text(
        f"Có {len(same)} người tên “{row.cells.name}”. Chọn đúng người:",
        f"{len(same)} people are called “{row.cells.name}”. Say who is meant:",
    )
    remedies = (*_choose(row, same), _new_person(row), _leave_out(row))
    return GridFault(GridFaultKind.PERSON_AMBIGUOUS, text, remedies, column="name")


def person_twice(row: GridRow, first: GridRow) -> GridFault:
    """Two rows about one person."""
    a, b = first.cells, row.cells
    joined = replace(
        first,
        cells=replace(
            a,
            homeroom=_both(a.homeroom, b.homeroom),
            teaching=_both(a.teaching, b.teaching),
            other=_both(a.other, b.other),
        ),
    )
    remedies = [
        GridRemedy(
            "join", Text("Gộp vào dòng trước", "Join it to the first"), (joined, replace(row, is_left_out=True))
        ),
        _leave_out(row),
    ]
    if row.person is None:
        remedies.insert(1, _new_person(row))
    where = "" if first.line is None else f" (dòng {first.line} của tệp)"
    text = Text(f"{a.name} đã có một dòng khác{where}", f"{a.name} has another row")
    return GridFault(GridFaultKind.PERSON_TWICE, text, tuple(remedies), column="name")


def _both(a: str, b: str) -> str:
    return a if not b or fold(a) == fold(b) else "; ".join(filter(None, (a, b)))


def head_row(row: GridRow, ground: Ground, unit: UnitId) -> GridFault:
    """(7) The head receives from above."""
    manager = manager_of(ground.org, unit, ground.now)
    by = "" if manager is None else unit_name(ground, manager)
    text = Text(
        f"Quyền của người đứng đầu đơn vị do {by or 'cơ quan quản lý trực tiếp'} bàn giao",
        f"The head's rights are handed over by {by or 'the direct manager'}",
    )
    return GridFault(GridFaultKind.OWN_HEAD, text, (_leave_out(row),))


def custodian_row(row: GridRow) -> GridFault:
    """(7, A8) Whoever operates the account prepares nothing for themselves."""
    text = Text(
        "Người quản lý tài khoản quản trị không tự lập cho mình: người đứng đầu lập bằng tài khoản cá nhân",
        "Whoever operates the admin account prepares nothing for themselves: the head does, in person",
    )
    return GridFault(GridFaultKind.CUSTODIAN, text, (_leave_out(row),))


# -- what it says --------------------------------------------------------------------------------------------


def class_unknown(row: GridRow, written: str, column: str, codes: Iterable[str], *, can_make: bool) -> GridFault:
    """A class that the school does not have this year."""
    key = class_key(written)
    near = sorted((distance(key, class_key(code), _NEAR), code) for code in codes)
    offered = [code for far, code in near if far < _NEAR][:MOST_OFFERED]
    remedies = [
        GridRemedy(
            f"class:{column}:{written}:{code}",
            Text(f"Đổi thành {code}", f"Write {code}"),
            (_with(row, column, written, code),),
        )
        for code in offered
        if fold_place(getattr(row.cells, column), written) is not None
    ]
    if can_make:
        remedies.append(
            GridRemedy(
                f"new-class:{written}", Text(f"Thêm lớp {written}", f"Add the class {written}"), (row,), written
            )
        )
    remedies.append(_without(row, column, written))
    remedies.append(_leave_out(row))
    text = Text(f"Năm học này chưa có lớp {written}", f"There is no class {written} this school year")
    return GridFault(GridFaultKind.CLASS_UNKNOWN, text, tuple(remedies), column=column)


def _without(row: GridRow, column: str, written: str) -> GridRemedy:
    text = Text(f"Bỏ “{written}”", f"Take “{written}” out")
    return GridRemedy(f"without:{column}:{written}", text, (_with(row, column, written, ""),))


def subject_unknown(row: GridRow, written: str, column: str = "teaching") -> GridFault:
    """A subject that nobody knows, or classes without one."""
    names = [(code, text.vi) for code, text in SUBJECT_TEXT.items()]
    offered = [] if not written else nearest(written, names)
    remedies = [
        GridRemedy(
            f"subject:{column}:{written}:{code}",
            Text(f"Đổi thành {SUBJECT_TEXT[code].vi}", f"Write {SUBJECT_TEXT[code].vi}"),
            (_with(row, column, written, SUBJECT_TEXT[code].vi),),
        )
        for code in offered
    ]
    if written:
        remedies.append(_without(row, column, written))
        text = Text(f"Không có môn học “{written}”", f"No subject is called “{written}”")
    else:
        text = Text("Có lớp nhưng chưa ghi môn dạy", "There are classes, and no subject")
    return GridFault(GridFaultKind.SUBJECT_UNKNOWN, text, (*remedies, _leave_out(row)), column=column)


def duty_unknown(row: GridRow, written: str, pack: Pack, kind: str) -> GridFault:
    """A duty that the policy has no position for."""
    here = [(id_, p.vi) for id_, p in pack.positions.items() if kind in p.unit_kinds]
    remedies = [
        GridRemedy(
            f"duty:{written}:{id_}",
            Text(f"Đổi thành {pack.positions[id_].vi}", f"Write {pack.positions[id_].vi}"),
            (_with(row, "other", written, pack.positions[id_].vi),),
        )
        for id_ in nearest(written, here, most=5)
    ]
    remedies += [_without(row, "other", written), _leave_out(row)]
    text = Text(
        f"Bộ quy tắc không có nhiệm vụ “{written}”; nhiệm vụ không dùng dữ liệu thì bỏ khỏi ô này",
        f"The policy knows no duty “{written}”; take out what needs no data",
    )
    return GridFault(GridFaultKind.DUTY_UNKNOWN, text, tuple(remedies), column="other")


def role_unclear(row: GridRow, written: str, roles: Sequence[Role]) -> GridFault:
    """A position on which several roles rest."""
    remedies = tuple(
        GridRemedy(f"role:{role.id}", Text(role.vi, role.en), (_with(row, "other", written, role.vi),))
        for role in roles
    )
    text = Text(f"“{written}” phụ trách việc gì?", f"What is “{written}” in charge of?")
    return GridFault(GridFaultKind.ROLE_UNCLEAR, text, (*remedies, _leave_out(row)), column="other")


def subjects_missing(row: GridRow, written: str) -> GridFault:
    """A group's leader without its subjects."""
    text = Text(
        f"Ghi môn của tổ sau “{written}”, ví dụ “{written} Toán - Tin học”",
        f"Write the group's subjects after “{written}”",
    )
    return GridFault(
        GridFaultKind.SUBJECTS_MISSING, text, (_without(row, "other", written), _leave_out(row)), column="other"
    )


# -- a class with two in charge ------------------------------------------------------------------------------


def _place(row: GridRow) -> str:
    return "" if row.line is None else f" (dòng {row.line} của tệp)"


def taken_by_row(row: GridRow, code: str, first: GridRow, name: str) -> GridFault:
    """Two rows have charge of one class."""
    text = Text(
        f"Lớp {code} đã có chủ nhiệm là {name}{_place(first)}. Một lớp chỉ có một giáo viên chủ nhiệm",
        f"{name} has charge of {code} already; a class has one",
    )
    keep = GridRemedy(
        f"keep:{code}",
        Text(f"Giữ {name}; {row.cells.name} không chủ nhiệm {code}", f"Keep {name}"),
        (_with(row, "homeroom", code, ""),),
    )
    take = GridRemedy(
        f"take:{code}",
        Text(f"Đổi chủ nhiệm {code} sang {row.cells.name}", f"Give {code} to {row.cells.name}"),
        (_with(first, "homeroom", code, ""),),
    )
    return GridFault(GridFaultKind.CLASS_TAKEN, text, (keep, take, _leave_out(row)), column="homeroom")


def taken_in_register(row: GridRow, code: str, name: str) -> GridFault:
    """Somebody who has no row has charge of the class today."""
    text = Text(
        f"Lớp {code} đang có chủ nhiệm là {name}, không có trong bảng này",
        f"{name}, who is not in this grid, has charge of {code} today",
    )
    keep = GridRemedy(
        f"keep:{code}",
        Text(f"Giữ {name}; {row.cells.name} không chủ nhiệm {code}", f"Keep {name}"),
        (_with(row, "homeroom", code, ""),),
    )
    take = GridRemedy(
        f"take:{code}",
        Text(f"Đổi chủ nhiệm {code} sang {row.cells.name}", f"Give {code} to {row.cells.name}"),
        (replace(row, takes=tuple(dict.fromkeys((*row.takes, code)))),),
    )
    return GridFault(GridFaultKind.CLASS_TAKEN, text, (keep, take, _leave_out(row)), column="homeroom")


def rule_fault(row: GridRow, refused: RefusedError, said: str) -> GridFault:
    """A rule of the register refuses a duty or right of the row."""
    general = REFUSAL_TEXT[refused.code]
    before = f"{said}: " if said else ""
    text = Text(f"{before}{general.vi}", f"{before}{general.en}")
    return GridFault(GridFaultKind.RULE, text, (_leave_out(row),), code=str(refused.code))
