"""What takes two people in the test world: operators, who signs for the root, packs, school years."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import world
from access_service.domain.documents import Document
from access_service.domain.names import AccountKind, AssignmentId, DocumentId, UnitId
from access_service.domain.waiting import WrittenDecision
from access_service.engine.packs.load import PackFiles
from access_service.usecases import operators, policy
from access_service.usecases.handover import naming
from access_service.usecases.operators import OperatorKey
from access_service.usecases.organisation import years
from access_service.usecases.second_person import confirming, root_office

if TYPE_CHECKING:
    from world import Someone, World

DECISION = WrittenDecision("000/QĐ-UBND", date(2026, 8, 1), "UBND tỉnh thử nghiệm", "0" * 64)


class SecondPerson:
    """Part of `World`."""

    @property
    def operators(self: World) -> tuple[OperatorKey, OperatorKey]:
        """Two operators, the second one let in by the first."""
        if not self.keys:
            first = operators.add_operator(self.services, self.register, "người vận hành 1")
            self.keys.append(OperatorKey(first.name, first.secret))
            second = operators.add_operator(self.services, self.register, "người vận hành 2", self.keys[0])
            self.keys.append(OperatorKey(second.name, second.secret))
        return self.keys[0], self.keys[1]

    def root_signer(self: World, key: str, position: str) -> Someone:
        """Somebody who signs for the root: an operator enters the decision, a second one confirms it."""
        first, second = self.operators
        wanted = root_office.Appointment(position, DECISION, name=f"Người Thử {key}")
        waits = root_office.prepare_appointment(self.services, self.register, wanted, first)
        done = confirming.confirm_as_operator(self.services, self.register, waits.id, second)
        for issued in root_office.codes_for(self.services, self.register, waits.id, second):
            account = self.activate(issued.activation_code)
            if issued.account.kind is AccountKind.ADMIN:
                self.admins[self.root] = self.enter(account)
            else:
                assert waits.person is not None
                duty = AssignmentId(done.result or "")
                self.people[key] = world.Someone(waits.person, account, self.enter(account), duty)
        return self.people[key]

    def name(self: World, who: Someone, document: str) -> Document:
        """The office's paper names who will sign it: a deputy in place of the head."""
        office = self.get(Document, document).office
        return naming.name_signer(self.services, self.admins[office], DocumentId(document), who.person)

    def bind(self: World, unit: UnitId, pack: PackFiles, on: date, replaces: str | None = None) -> str:
        """Put a pack in force, as two operators do."""
        first, second = self.operators
        waits = policy.prepare_binding(
            self.services,
            self.register,
            unit=unit,
            pack=pack,
            on=on,
            decision=DECISION,
            operator=first,
            replaces=replaces,
        )
        return confirming.confirm_as_operator(self.services, self.register, waits.id, second).result or ""

    def close_year(self: World, id_: str = "2026-2027") -> None:
        """Close a school year before its date: the director prepares, a deputy confirms."""
        deputy = self.people.get("deputy") or self.root_signer("deputy", "deputy_director")
        waits = years.close_school_year(self.services, self.admins[self.root], id_, reason="kết chuyển sớm")
        confirming.confirm(self.services, deputy.caller, waits.id)
