"""The words of a decision that assigns duties."""

from access_service.domain.assigning import AssignmentBody, DutyLine
from access_service.domain.facts import Ground
from access_service.domain.org import Assignment
from access_service.domain.policy import Pack
from access_service.domain.printing import PrintedTable, begin_day, long_date, short_date
from access_service.domain.time import start_of_day
from access_service.domain.wording import name_of, plain, subject_in_words, unit_name

DUTY_COLUMNS = ("TT", "Họ và tên", "Chức vụ, nhiệm vụ", "Đơn vị", "Thời hạn")
DUTY_WIDTHS = (8, 28, 30, 28, 22)


def decision_values(ground: Ground, body: AssignmentBody) -> dict[str, str]:
    """The fields of the decision."""
    if body.released:
        return {
            "assigns": "",
            "releases": "thôi phân công",
            "released_from": begin_day(start_of_day(body.released[0].valid_to or body.released[0].valid_from)),
            "decision_number": "",
            "decision_date": "",
            "release_number": body.release_number,
            "replaced_name": "",
        }
    first = body.duties[0]
    old = None if body.replaces is None else ground.facts.get(Assignment, body.replaces)
    return {
        "assigns": "phân công",
        "releases": "",
        "released_from": "",
        "release_number": "",
        "decision_number": first.decision_number,
        "decision_date": long_date(first.decision_date),
        "replaced_name": "" if old is None else name_of(ground, old.person),
    }


def duty_table(ground: Ground, pack: Pack, body: AssignmentBody) -> PrintedTable:
    """Who, as what, where, how long."""
    rows = []
    for number, duty in enumerate(body.released or body.duties, start=1):
        end = "" if duty.valid_to is None else f" đến {short_date(duty.valid_to)}"
        rows.append(
            (
                str(number),
                name_of(ground, duty.person),
                plain(_duty(ground, pack, duty)),
                unit_name(ground, duty.unit),
                f"Từ {short_date(duty.valid_from)}{end}",
            )
        )
    return PrintedTable(DUTY_COLUMNS, DUTY_WIDTHS, tuple(rows))


def _duty(ground: Ground, pack: Pack, duty: DutyLine) -> str:
    position = pack.positions.get(duty.position)
    said = duty.position if position is None else position.vi
    parts = []
    for class_id, subject in sorted(duty.classes or ()):
        found = ground.org.school_class(class_id)
        name = class_id if found is None else found.name
        parts.append(f"{name} ({subject_in_words(subject)})" if subject else name)
    subjects = ", ".join(subject_in_words(subject) for subject in sorted(duty.subjects or ()))
    about = "; ".join(part for part in (", ".join(parts), subjects) if part)
    return f"{said}: {about}" if about else said
