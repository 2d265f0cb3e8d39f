"""What is read of software: its entry with its papers, what counts of it now, what is still owed (rule 13)."""

from collections.abc import Sequence
from dataclasses import dataclass

from access_service.domain.names import GrantState, ObligationState, RegisterId, SoftwareId, UnitId
from access_service.domain.obligations import Obligation, obligation_state
from access_service.domain.org import is_below
from access_service.domain.software import (
    ApprovalFacts,
    Client,
    Draw,
    Software,
    SoftwareConfirmation,
    read_confirmed,
)
from access_service.domain.standing import approval_state
from access_service.domain.vietnamese import without_marks
from access_service.usecases.services import Caller, ReadView, Services, as_missing, look


@dataclass(frozen=True, slots=True)
class SoftwareSeen:
    """Software as somebody may see it who acts for its unit or a unit above."""

    software: Software
    approvals: tuple[tuple[ApprovalFacts, GrantState], ...]
    """Every approval with its state now."""
    clients: tuple[Client, ...]
    draws: tuple[Draw, ...]
    confirmations: tuple[SoftwareConfirmation, ...]
    """What the department has confirmed, past ones too."""
    level: int | None
    """The security level that counts now."""
    on_axis: bool
    """Does its connection to the axis count now?"""
    obligations: tuple[tuple[Obligation, ObligationState], ...]
    """What its approvals leave to be done, with where that stands now."""


def read_software(services: Services, caller: Caller, id_: SoftwareId) -> SoftwareSeen:
    """One piece of software with its papers, for whoever acts for its unit or a unit above."""
    with look(services, caller) as seen:
        software = seen.reader.require(Software, id_)
        with as_missing("software", id_):
            seen.as_above(software.unit)
        return seen_of(seen, [software])[0]


def software_of_unit(
    services: Services, caller: Caller, unit: UnitId, *, below: bool = False, text: str = ""
) -> list[SoftwareSeen]:
    """The report form's lines of a unit (#6), ended ones too; for whoever acts for it or a unit above.

    `below` adds those of every unit below it today: what the department sums up (#13). `text` keeps those whose
    name or supplier holds it, with or without its marks.
    """
    with look(services, caller) as seen:
        with as_missing("unit", unit):
            seen.check_visible(unit)
            seen.as_above(unit)
        if not below:
            return seen_of(seen, _called(seen.reader.find(Software, unit=unit), text))
        found = _called(seen.reader.find(Software), text)
        units = {u for u in {s.unit for s in found} if is_below(seen.org, u, unit, seen.now)}
        return seen_of(seen, [s for s in found if s.unit in units])


def _called(software: Sequence[Software], text: str) -> list[Software]:
    wanted = without_marks(text.strip())
    return [s for s in software if wanted in without_marks(s.name) or wanted in without_marks(s.supplier)]


def list_software(services: Services, register: RegisterId, unit: UnitId | None) -> list[SoftwareSeen]:
    """The same for the operator: of a unit and what is below it, or of the whole register."""
    with services.db.read(register) as reader:
        view = ReadView(reader, None, services.db.now_in(reader.connection, register))
        found = reader.find(Software)
        if unit is not None:
            view.require_unit(unit)
            units = {u for u in {s.unit for s in found} if is_below(view.org, u, unit, view.now)}
            found = [s for s in found if s.unit in units]
        return seen_of(view, found)


def seen_of(view: ReadView, software: Sequence[Software]) -> list[SoftwareSeen]:
    """Each with the state of every approval now, in a handful of queries."""
    ids = [s.id for s in software]
    papers: dict[SoftwareId, list[tuple[ApprovalFacts, GrantState]]] = {}
    for facts in view.gather.approvals(software, view.now):
        papers.setdefault(facts.software.id, []).append((facts, approval_state(facts, view.now)))
    made: dict[SoftwareId, list[Client]] = {}
    for client in view.reader.find(Client, software=ids):
        made.setdefault(client.software, []).append(client)
    drawn: dict[SoftwareId, list[Draw]] = {}
    for one in view.reader.find(Draw, software=ids):
        drawn.setdefault(one.software, []).append(one)
    said: dict[SoftwareId, list[SoftwareConfirmation]] = {}
    for confirmation in view.reader.find(SoftwareConfirmation, software=ids):
        said.setdefault(confirmation.software, []).append(confirmation)
    owed: dict[SoftwareId, list[tuple[Obligation, ObligationState]]] = {}
    for obligation in view.reader.find(Obligation, software=ids):
        approvals = [facts.approval for facts, _ in papers.get(obligation.software, ())]
        stands = obligation_state(obligation, approvals, view.now)
        owed.setdefault(obligation.software, []).append((obligation, stands))
    found = []
    for one_of in software:
        level, on_axis = read_confirmed(one_of, said.get(one_of.id, ()), view.now)
        found.append(
            SoftwareSeen(
                one_of,
                tuple(papers.get(one_of.id, ())),
                tuple(made.get(one_of.id, ())),
                tuple(drawn.get(one_of.id, ())),
                tuple(said.get(one_of.id, ())),
                level or None,
                on_axis,
                tuple(owed.get(one_of.id, ())),
            )
        )
    return found
