"""A question, its topic, and the answer as a value that cannot lie.

What stands behind an account at an instant is found by `domain.standing`; the engine (`engine.decide`) compares a
question with it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, NamedTuple, Self

from access_service.domain.names import AccountId, ClassId, GrantId, UnitId
from access_service.domain.policy import PeriodLock, RoleRule
from access_service.domain.reasons import Reason


class Topic(str):
    """What a question is about, apart from who asks and which record.

    As a text it is its words, each with its length: equal words make equal topics, and a text that is looked up
    again and again knows its hash.
    """

    __slots__ = (
        *("action", "category", "function", "grade", "level", "names_place", "resource_type", "school_year"),
        "subject",
    )
    action: str
    resource_type: str
    category: str | None
    subject: str | None
    level: str | None
    grade: str | None
    school_year: str | None
    function: str | None
    names_place: bool
    """Is the record's id that of a unit or class?"""

    def __new__(
        cls,
        action: str,
        resource_type: str,
        category: str | None,
        subject: str | None,
        level: str | None,
        grade: str | None,
        school_year: str | None,
        function: str | None,
    ) -> Self:
        """The topic of these words."""
        words = (action, resource_type, category, subject, level, grade, school_year, function)
        made = super().__new__(cls, "".join("-" if word is None else f"{len(word)}:{word}" for word in words))
        made.action, made.resource_type, made.category, made.subject = action, resource_type, category, subject
        made.level, made.grade, made.school_year, made.function = level, grade, school_year, function
        made.names_place = resource_type in ("unit", "class")
        return made


Wanted = Literal["subject", "resource", "action"]
"""What a search looks for."""
RESOURCE_TYPES = frozenset({"unit", "class", "student", "staff"})
"""Types of a register's resources."""
STUDENT = "student"
"""Type of the records of one pupil."""
ASSERTED = ("unit", "level", "grade", "school_year")
"""What whoever asks vouches for of a pupil who has no class yet."""


def asserted_of(topic: Topic, class_id: ClassId | None) -> tuple[str, ...]:
    """What of the question nobody could compare with the register: pupils are not held (ruling J).

    Of a pupil the class; of one who has no class yet the school, level, grade and year.
    """
    if topic.resource_type != STUDENT:
        return ()
    if class_id is not None:
        return ("class",)
    return ASSERTED if topic.level and topic.grade and topic.school_year else ()


Ask = tuple[AccountId, Topic, str, UnitId | None, ClassId | None]
"""A question in its shortest form: account, topic, id of the record, unit, class."""


@dataclass(frozen=True, slots=True)
class AccessRequest:
    """One question: may this account do this to this record? Decoded, not yet resolved against the register."""

    account: AccountId
    action: str
    resource_type: str
    resource_id: str
    category: str | None = None
    unit: UnitId | None = None
    class_id: ClassId | None = None
    subject: str | None = None
    level: str | None = None
    grade: str | None = None
    school_year: str | None = None
    function: str | None = None
    topic: Topic = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        topic = Topic(
            self.action,
            self.resource_type,
            self.category,
            self.subject,
            self.level,
            self.grade,
            self.school_year,
            self.function,
        )
        object.__setattr__(self, "topic", topic)

    @property
    def ask(self) -> Ask:
        """The same in its shortest form."""
        return self.account, self.topic, self.resource_id, self.unit, self.class_id

    @classmethod
    def of(cls, ask: Ask) -> AccessRequest:
        """The request of a question in its shortest form."""
        account, topic, resource_id, unit, class_id = ask
        return cls(
            account=account,
            action=topic.action,
            resource_type=topic.resource_type,
            resource_id=resource_id,
            category=topic.category,
            unit=unit,
            class_id=class_id,
            subject=topic.subject,
            level=topic.level,
            grade=topic.grade,
            school_year=topic.school_year,
            function=topic.function,
        )


class Allow(NamedTuple):
    """Yes, because of this grant and this rule. (A named tuple: one is made for every decision.)"""

    grant: GrantId
    rule: RoleRule

    def __bool__(self) -> Literal[True]:
        return True


class Deny(NamedTuple):
    """No, with the reason of the grant that got furthest."""

    reason: Reason
    grant: GrantId | None = None
    because: RoleRule | PeriodLock | None = None
    """The explicit deny that matched, for `denied_by_rule` and `period_locked`."""

    def __bool__(self) -> Literal[False]:
        return False


Decision = Allow | Deny
