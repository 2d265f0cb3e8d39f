"""The staff of one school or centre: office, teachers, leaders of subject groups, a visiting teacher."""

from collections.abc import Sequence
from datetime import timedelta

from province.papers import Axes, Bureau, Duty, Holder, Line
from province.teaching import (
    GROUPS,
    VISITED_GRADE,
    VISITING_SUBJECT,
    Class,
    Post,
    draw_classes,
    plan_posts,
)
from province.words import Level

_ISSUED_BEFORE = timedelta(days=2)
"""Days between a use account and the first day its minutes may be dated."""

_VISITED_SHARE = 0.1
_CARERS = 5
"""Boarding carers of a preschool."""

_COUNSELLED: frozenset[Level] = frozenset({"lower_secondary", "upper_secondary", "continuing"})


class SchoolStaff:
    """Hires and equips everybody below the leaders of one school for one school year."""

    def __init__(self, bureau: Bureau) -> None:
        self._bureau = bureau
        self._calendar = bureau.calendar
        self._levels = bureau.office.levels
        self._number = bureau.decision_number()
        """One decision assigns the year's teaching."""
        self.classes = draw_classes(bureau.rng, self._levels)
        self._teachers: list[tuple[Holder, Post]] = []

    def open_classes(self) -> None:
        """Writes the classes."""
        for each in self.classes:
            self._bureau.sheets.write(
                "classes",
                school=self._bureau.office.code,
                school_year=self._calendar.school_year,
                code=each.code,
                name=each.name,
                level=each.level,
                grade=each.grade,
            )

    def hire_office(self) -> None:
        """Office staff: one decision and one minutes a person, several lines where somebody does several jobs."""
        whole = Axes(levels=self._levels)
        for jobs in self._jobs():
            holder = self._hire("nv")
            number = self._bureau.decision_number()
            lines = [Line(job, self._assign(holder, job, whole, number), whole) for job in jobs]
            self._hand_over(holder, lines)

    def hire_teachers(self) -> None:
        """Teachers with their classes and subjects; each duty is handed over by minutes of its own."""
        for level in self._levels:
            posts = plan_posts(level, [each for each in self.classes if each.level == level])
            teachers = [(self._hire("gv"), post) for post in posts]
            for holder, post in teachers:
                self._equip_teacher(holder, post)
            self._lead_groups(level, teachers)
            if level in _COUNSELLED:
                self._counsel(level, teachers[-1][0])
            self._teachers += teachers

    def lend(self) -> Holder | None:
        """Somebody who may also teach in a neighbouring school, if lower secondary is taught here."""
        return next((holder for holder, post in self._teachers if post.level == "lower_secondary"), None)

    def visit(self, visitor: Holder, manager: Bureau) -> None:
        """Now and then: the manager's decision sends somebody from elsewhere; the school grants its classes."""
        grade = [each.code for each in self.classes if each.grade == VISITED_GRADE]
        if grade and self._bureau.rng.random() < _VISITED_SHARE:
            axes = Axes(classes=[f"{code}:{VISITING_SUBJECT}" for code in grade])
            duty = self._assign(visitor, "subject_teaching", axes, manager.decision_number())
            self._hand_over(visitor, [Line("subject_teacher", duty, axes)])

    def _jobs(self) -> list[tuple[str, ...]]:
        levels = set(self._levels)
        registrar = levels & {"lower_secondary", "upper_secondary", "continuing"}
        jobs: list[tuple[str, ...]] = [("clerk", "academic_registrar") if registrar else ("clerk",)]
        jobs += [("accountant",), ("school_health",)]
        if levels - {"preschool"}:
            jobs += [("librarian",), ("equipment_officer",)]
        if levels & {"primary", "lower_secondary"}:
            jobs += [("youth_union_leader",)]
        if "preschool" in levels:
            jobs += [("boarding_carer",)] * _CARERS
        return jobs

    def _equip_teacher(self, holder: Holder, post: Post) -> None:
        if post.homeroom is not None:
            self._grant(holder, "homeroom", "homeroom_teacher", Axes(classes=[post.homeroom.code]))
        for pairs in _by_duty(post):
            axes = Axes(classes=[f"{each.code}:{subject}" for each, subject in pairs])
            self._grant(holder, "subject_teaching", "subject_teacher", axes)

    def _lead_groups(self, level: Level, teachers: Sequence[tuple[Holder, Post]]) -> None:
        free = list(teachers)
        for group in GROUPS[level]:
            leader = next((t for t in free if any(subject in group for _, subject in t[1].pairs)), None)
            if leader is not None:
                free.remove(leader)
                axes = Axes(subjects=group, levels=(level,))
                self._grant(leader[0], "subject_group_leader", "subject_group_leader", axes)

    def _counsel(self, level: Level, holder: Holder) -> None:
        axes = Axes(classes=[each.code for each in self.classes if each.level == level])
        self._grant(holder, "counsellor", "counsellor", axes)

    def _grant(self, holder: Holder, position: str, role: str, axes: Axes) -> None:
        duty = self._assign(holder, position, axes, self._number)
        self._hand_over(holder, [Line(role, duty, axes)])

    def _hire(self, prefix: str) -> Holder:
        share = 0.97 if self._levels == ("preschool",) else 0.7
        return self._bureau.hire(
            prefix,
            issued_by=self._bureau.office.code,
            issued_on=self._calendar.staff_sign_from - _ISSUED_BEFORE,
            female_share=share,
        )

    def _assign(self, holder: Holder, position: str, axes: Axes, number: str) -> Duty:
        decided = self._calendar.duties_decided
        return self._bureau.assign(holder, position, number=number, decided=decided, axes=axes)

    def _hand_over(self, holder: Holder, lines: Sequence[Line]) -> None:
        self._bureau.hand_over(holder, lines, day=self._calendar.staff_sign_from)


def _by_duty(post: Post) -> list[list[tuple[Class, str]]]:
    """A teacher's pairs as duties: everything in their own class is one, then each subject across classes."""
    duties: dict[str, list[tuple[Class, str]]] = {}
    one_class = len({id(each) for each, _ in post.pairs}) == 1
    for each, subject in post.pairs:
        duties.setdefault("" if one_class else subject, []).append((each, subject))
    return list(duties.values())
