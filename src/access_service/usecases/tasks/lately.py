"""What happened lately in a unit, for the home of those who lead or operate it."""

from access_service.domain.accounts import Account
from access_service.domain.delegation import Grant
from access_service.domain.documents import Document
from access_service.domain.names import UnitId
from access_service.domain.org import Assignment, Person, SchoolClass
from access_service.domain.recounting import TOLD, Deed, ToldLine, tell_deeds
from access_service.storage.audit import newest_of_unit
from access_service.storage.codec import utc
from access_service.storage.lists import names_of_units
from access_service.usecases.services import ReadView

MOST_READ = 150
"""Events of one page: sixty papers that were prepared in one go are one line."""


def lately_in(seen: ReadView, unit: UnitId) -> tuple[ToldLine, ...]:
    """The newest deeds in a unit; the caller leads or operates it."""
    caller = seen.require_caller()
    rows = newest_of_unit(seen.reader.connection, caller.register, unit, TOLD, MOST_READ)
    targets = sorted({str(row["target"]) for row in rows})
    find = seen.reader.find
    grants = {str(g.id): g.account for g in find(Grant, id=targets)}
    accounts = {
        str(a.id): a for a in find(Account, id=sorted({*targets, *grants.values(), *(r["actor"] for r in rows)}))
    }
    duties = {str(d.id): d.person for d in find(Assignment, id=targets)}
    holders = {i: str(a.person) for i, a in accounts.items() if a.person}
    wanted = {*targets, *holders.values(), *duties.values(), *(r["person"] for r in rows if r["person"])}
    people = {str(p.id): p.name for p in find(Person, id=sorted(wanted))}
    ours = {str(d.person) for d in find(Assignment, unit=unit)}
    units = names_of_units(seen.reader, {a.unit for a in accounts.values() if a.unit} | {unit})
    names = people | {i: people.get(person, "") for i, person in (holders | duties).items()}
    names |= {i: a.username for i, a in accounts.items() if not a.person and a.username}
    names |= {i: names.get(account, "") for i, account in grants.items()}
    names |= {str(d.id): d.number for d in find(Document, id=targets) if d.number}
    names |= {str(c.id): c.name for c in find(SchoolClass, id=targets)}

    def who(person: str | None, actor: str) -> str:
        if person in ours:
            return people.get(str(person), "")
        account = accounts.get(actor)
        return "" if account is None or account.unit is None else units.get(account.unit, "")

    return tell_deeds(
        Deed(
            utc(row["recorded_at"]),
            who(row["person"], row["actor"]),
            row["action"],
            row["target"],
            names.get(row["target"], ""),
        )
        for row in rows
    )
