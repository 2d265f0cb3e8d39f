"""The paperwork of one office: its people's accounts, their duties, and what is handed down on signed paper."""

import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from random import Random

from province.dates import Calendar
from province.names import draw_name
from province.network import Office
from province.sheets import Sheets
from province.words import COMMITMENT_TEXT, DEPUTY, HEAD

_KT_SHARE = 0.3
"""How often a deputy signs for the head."""


@dataclass(frozen=True, slots=True)
class Holder:
    """A person with their one use account."""

    person: str
    account: str


@dataclass(frozen=True, slots=True)
class Duty:
    """An assignment on file."""

    code: str
    decided: date
    valid_to: date


@dataclass(frozen=True, slots=True)
class Axes:
    """The narrowing of an assignment or a grant; empty axes stay open."""

    classes: Sequence[str] = ()
    """`9A1:TOAN` or `9A1`."""
    subjects: Sequence[str] = ()
    levels: Sequence[str] = ()

    def columns(self, calendar: Calendar) -> dict[str, object]:
        """As the sheets have them; whatever names classes names their school year."""
        return {
            "school_year": calendar.school_year if self.classes else None,
            "classes": self.classes,
            "subjects": self.subjects,
            "levels": self.levels,
        }


@dataclass(frozen=True, slots=True)
class Line:
    """One grant of a minutes' table."""

    role: str
    duty: Duty
    axes: Axes
    scope_unit: str | None = None
    """Where the records are, when that is not the whole of the issuing unit."""


@dataclass(slots=True)
class Bureau:
    """One office at work. Everything it writes is numbered by itself and drawn from its own generator."""

    office: Office
    calendar: Calendar
    rng: Random
    sheets: Sheets
    people: Iterator[int]
    """Running numbers of staff codes, shared by the province."""
    head: Holder | None = None
    head_capacity: str = HEAD
    officer: Holder | None = None
    """Who operates the admin account for the head, where somebody does."""
    deputies: list[Holder] = field(default_factory=list)
    _numbers: Counter[str] = field(default_factory=Counter)

    @property
    def authority(self) -> str:
        """Code of the unit's authority."""
        return f"TQ-{self.office.code}"

    def decision_number(self) -> str:
        """The office's next decision; numbers below 10 are padded."""
        return f"{self._next('QĐ'):02}/QĐ-{self.office.symbol}"

    def hire(self, prefix: str, *, issued_by: str, issued_on: date, female_share: float = 0.7) -> Holder:
        """A new person with a use account. Staff codes have twelve digits and begin with 000."""
        code = f"000{next(self.people):09}"
        self.sheets.write("persons", code=code, name=draw_name(self.rng, female_share=female_share))
        holder = Holder(code, f"TK-{code}")
        self.sheets.write(
            "accounts",
            code=holder.account,
            kind="use",
            username=f"{prefix}.{code}",
            person=code,
            unit=issued_by,
            issued_on=issued_on,
        )
        return holder

    def assign(
        self,
        holder: Holder,
        position: str,
        *,
        number: str,
        decided: date,
        axes: Axes,
        valid_to: date | None = None,
    ) -> Duty:
        """A duty in this office, from the day of the decision; without an end it is one of this school year."""
        duty = Duty(
            f"PC-{self.office.code}-{self._next('assignments'):03}", decided, valid_to or self.calendar.duties_end
        )
        self.sheets.write(
            "assignments",
            code=duty.code,
            person=holder.person,
            unit=self.office.code,
            position=position,
            decision_number=number,
            decision_date=decided,
            valid_from=decided,
            valid_to=duty.valid_to,
            **axes.columns(self.calendar),
        )
        return duty

    def hand_over(self, receiver: Holder, lines: Sequence[Line], *, day: date) -> None:
        """Minutes between this office's leadership and the receiver, the receiver's commitment, and the grants.

        `day` is the first on which the minutes may be dated; both sides have signed within a week of it.
        """
        dated = day + timedelta(days=self.rng.randrange(7))
        signed = dated + timedelta(days=self.rng.randrange(2))
        giver, capacity = self._giver(receiver)
        minutes = self._minutes("handover_minutes", receiver, giver, capacity, dated, signed)
        self._document(
            "CK",
            "commitment",
            dated=signed,
            receiver=receiver.person,
            receiver_signed_on=signed,
            text_version=COMMITMENT_TEXT,
        )
        for line in lines:
            self.sheets.write(
                "grants",
                code=f"Q-{self.office.code}-{self._next('grants'):03}",
                account=receiver.account,
                role=line.role,
                unit=self.office.code,
                scope_unit=line.scope_unit,
                authority=self.authority,
                assignment=line.duty.code,
                document=minutes,
                valid_from=self.calendar.starts_on,
                valid_to=self.calendar.closes_on,
                **line.axes.columns(self.calendar),
            )

    def give_custody(
        self, unit: str, receiver: Holder, *, start: date, end: date | None = None, suffix: str = ""
    ) -> None:
        """The head of this office gives the admin account of `unit` to the receiver, in writing."""
        if self.head is None:
            raise RuntimeError(f"{self.office.code} has no head yet")
        dated, signed = start - timedelta(days=3), start - timedelta(days=2)
        minutes = self._minutes("custody_minutes", receiver, self.head, self.head_capacity, dated, signed)
        self.sheets.write(
            "custodies",
            code=f"QL-{unit}{suffix}",
            unit=unit,
            person=receiver.person,
            document=minutes,
            valid_from=start,
            valid_to=end,
        )

    def _giver(self, receiver: Holder) -> tuple[Holder, str]:
        """The head, or a deputy signing KT.; never the receiver, and for another deputy only the head."""
        if self.head is None:
            raise RuntimeError(f"{self.office.code} has no head yet")
        if self.deputies and receiver not in self.deputies and self.rng.random() < _KT_SHARE:
            return self.rng.choice(self.deputies), DEPUTY
        return self.head, self.head_capacity

    def _minutes(self, kind: str, receiver: Holder, giver: Holder, capacity: str, dated: date, signed: date) -> str:
        return self._document(
            "BB",
            kind,
            dated=dated,
            receiver=receiver.person,
            giver_signer=giver.person,
            giver_capacity=capacity,
            giver_signed_on=dated,
            receiver_signed_on=signed,
        )

    def _document(self, series: str, kind: str, *, dated: date, **columns: object) -> str:
        number = self._next(series)
        code = f"{series}-{self.office.code}-{number:04}"
        self.sheets.write(
            "documents",
            code=code,
            kind=kind,
            number=f"{number:02}/{series}-{self.office.symbol}",
            dated=dated,
            unit=self.office.code,
            reference=f"HS-{dated.year}/{series}-{number // 50 + 1:02}/{number % 50 + 1:02}",
            # There is no scan of a synthetic paper; the hash of its code stands for it.
            sha256=hashlib.sha256(code.encode()).hexdigest(),
            **columns,
        )
        return code

    def _next(self, series: str) -> int:
        self._numbers[series] += 1
        return self._numbers[series]
