"""A world of `worlds` in a database: several accounts, their grants and papers, in a register of its own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date
from itertools import count

from worlds import (
    ACTIONS,
    CLASS_IDS,
    PRIMARY,
    UNITS,
    Dice,
    approval,
    at,
    document,
    grant_facts,
    organisation,
    pack,
    scope,
    software,
    with_software,
)

from access_service.domain.accounts import Account, Suspension
from access_service.domain.delegation import Authority, Grant
from access_service.domain.names import AccountKind, DocumentKind, RegisterId, SuspendableKind
from access_service.domain.org import Assignment, SchoolClass
from access_service.domain.policy import Limit, Pack, PackBinding
from access_service.domain.scope import Scope
from access_service.domain.software import Approval, ApprovalFacts, as_grant
from access_service.engine.packs.sections import LATER_LIMITS
from access_service.storage.db import Database, Transaction
from remembered import MEMORY, compile_pack
from world import Clock

_numbers = count()
SOFTWARE = "000-tk-pm"
LATE_CLASS = "tieu-hoc:2026:1Z"


@dataclass(frozen=True)
class Stored:
    """A register, and everything that a question may be about."""

    db: Database
    clock: Clock
    register: RegisterId
    accounts: tuple[str, ...]
    pack: Pack
    grants: list[Grant] = field(default_factory=list)
    classes: tuple[str, ...] = (*CLASS_IDS, LATE_CLASS, "khong-co")
    units: tuple[str, ...] = (*UNITS, "khong-co")
    actions: tuple[str, ...] = (*ACTIONS, "xem")

    def change(self, dice: Dice, about: str = "") -> None:
        """Something is recorded: about an account (as often as not the one named), a grant, or the organisation."""
        with self.db.write(self.register, "thu") as tx:
            what = dice.choice(["account", "account", "revoke", "revoke", "class", "nothing", "unit", "withdraw"])
            papers = tx.find(Approval)
            grants = tx.find(Grant)
            if what == "account":
                account = about if about in self.accounts and dice.random() < 0.5 else dice.choice(self.accounts)
                tx.put(Suspension(f"sus-{tx.revision}", SuspendableKind.ACCOUNT, account, "so", "", tx.now))
                tx.touches(account)
            elif what == "revoke" and grants:
                grant = dice.choice(grants)
                tx.put(replace(grant, ended_at=tx.now))
                tx.touches(grant.account)
            elif what == "withdraw" and papers:
                tx.put(replace(dice.choice(papers), withdrawn_at=tx.now))
                tx.touches(SOFTWARE)
            elif what == "class" and tx.get(SchoolClass, LATE_CLASS) is None:
                tx.put(SchoolClass(LATE_CLASS, "tieu-hoc", "2026", "1Z", PRIMARY, "1", at(-999)))
            elif what == "unit":
                tx.put(Suspension(f"sus-{tx.revision}", SuspendableKind.UNIT, "so", "so", "", tx.now))
                tx.touches_everybody()
            tx.happened("thu", what)


def store(db: Database, clock: Clock, dice: Dice) -> Stored:
    """Any world, recorded long before its first instant; the clock then stands at one of its instants."""
    number = next(_numbers)
    limits = {
        "confirmation_silence": Limit("flag", "default"),
        "document_lapse_days": Limit(3_650, "default"),
    } | {name: Limit(value, "default") for name, value in LATER_LIMITS.items()}
    of = replace(with_software(pack(dice)), digest=f"the-gioi-{number}", limits=limits)
    MEMORY.stored[of.digest] = compile_pack(of)
    clock.now = at(-500)
    found = Stored(db, clock, RegisterId(f"the-gioi-{number}"), (*(f"000-tk-{n}" for n in range(4)), SOFTWARE), of)
    with db.create_register(found.register, "so", demo=False) as tx:
        org = organisation(dice)
        tx.put(*org.units.values(), *org.classes.values(), *org.years.values())
        tx.put(*(edge for edges in org.edges.values() for edge in edges))
        bound = ["so"] if dice.seldom() else ["so", "so-khac", "ngoai"]
        tx.put(*(PackBinding(f"b-{unit}", unit, of.name, of.digest, at(-999)) for unit in bound))
        tx.put(Authority("so", "so", None, Scope("so"), "", at(-999)))
        for n, account in enumerate(found.accounts[:-1]):
            found.grants.extend(_account(tx, dice, account, n, of))
        found.grants.extend(_software(tx, dice))
        tx.happened("thu", found.register)
    clock.now = dice.instant()
    return found


def _software(tx: Transaction, dice: Dice) -> Iterator[Grant]:
    """A service account with approvals, as the grants they are like; a second authority may say less."""
    tx.put(
        Account(
            id=SOFTWARE,
            kind=AccountKind.SERVICE,
            unit="so",
            person=None,
            username=SOFTWARE,
            valid_from=at(-9),
            activated_at=at(-9),
        )
    )
    used = software(dice, SOFTWARE)
    tx.put(used)
    if dice.random() < 0.3:
        tx.put(Authority("so-2", "so", None, scope(dice), "", at(-9)))
    for n in range(dice.choice([0, 1, 1, 2])):
        paper = approval(dice, f"dy-{n}")
        tx.put(paper)
        yield as_grant(ApprovalFacts(paper, used), None)


def _account(tx: Transaction, dice: Dice, id_: str, n: int, of: Pack) -> Iterator[Grant]:
    person = f"000-nguoi-{n}"
    tx.put(
        Account(
            id=id_,
            kind=AccountKind.USE,
            unit="so",
            person=person,
            username=f"000.{n}",
            valid_from=at(-9),
            activated_at=dice.instant_or_never() if dice.seldom() else at(-9),
            valid_to=dice.instant() if dice.seldom() else None,
        )
    )
    for i in dice.few():
        tx.put(Suspension(f"s-{n}", SuspendableKind.ACCOUNT, id_, "so", "", i.start, i.end))
    duty = f"pc-{n}"
    started = dice.instant() if dice.seldom() else at(-9)
    tx.put(Assignment(duty, person, "so", "x", "", date(2026, 9, 1), None, None, None, None, None, started, None))
    signed = dice.instant_or_never() if dice.seldom() else at(-1)
    commitment = document(DocumentKind.COMMITMENT, signed, None, dice.choice(["1", "2", "2"]))
    tx.put(replace(commitment, id=f"ck-{n}", receiver=person))
    for m in range(dice.choice([0, 1, 2, 3])):
        facts = grant_facts(dice, f"g-{n}-{m}", of)
        paper = replace(facts.document, id=f"bb-{n}-{m}")
        rests_on = duty if dice.random() < 0.6 else None
        grant = replace(facts.grant, account=id_, assignment=rests_on, document=paper.id)
        tx.put(paper, grant)
        yield grant
        for i in facts.suspensions:
            tx.put(Suspension(f"sg-{n}-{m}", SuspendableKind.GRANT, facts.grant.id, "so", "", i.start, i.end))
