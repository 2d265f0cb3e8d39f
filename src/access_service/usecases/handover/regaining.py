"""After an authority was widened back: what could be handed over again is listed, and prepared for signature."""

from dataclasses import dataclass
from datetime import date

from access_service.domain.acting import operates
from access_service.domain.delegation import Authority, Grant
from access_service.domain.errors import RefusedError
from access_service.domain.names import AuthorityId, PersonId
from access_service.domain.powers import powerless
from access_service.domain.regaining import Regainable, regainable
from access_service.usecases.handover.documents import EnteredLine, Prepared
from access_service.usecases.handover.proposing import propose_each
from access_service.usecases.services import Caller, ReadView, Services, act, as_missing, look


@dataclass(frozen=True, slots=True)
class Proposal:
    """A line that was taken by a narrowing and could be handed over again."""

    lost: Grant
    person: PersonId
    stands: Grant | None


def read_regainable(services: Services, caller: Caller, id_: AuthorityId) -> list[Proposal]:
    """What the unit lost by narrowings and could propose again under this authority; nothing of it is in force."""
    with look(services, caller) as seen:
        authority = seen.reader.require(Authority, id_)
        with as_missing("authority", id_):
            seen.as_above(authority.unit)
        return [Proposal(r.lost, r.duty.person, r.stands) for r in _found(seen, authority)]


def _found(seen: ReadView, authority: Authority) -> list[Regainable]:
    return regainable(seen.ground, authority, seen.gather.chain_of_authority(authority.id, seen.now))


@powerless("proposals to sign, not rights")
def propose_regained(
    services: Services,
    caller: Caller,
    id_: AuthorityId,
    *,
    number_prefix: str,
    dated: date,
    out_of_order: str | None = None,
) -> list[Prepared | RefusedError]:
    """Minutes to sign for what a narrowing took, by receiver, marked as taken back: widening brings nothing back.

    What was left of a line is replaced by the new one once both have signed.
    """
    with look(services, caller) as seen:
        authority = seen.reader.require(Authority, id_)
    if not operates(caller, authority.unit):
        with act(services, caller, "authority.propose_again", id_) as doing:
            with as_missing("authority", id_):
                doing.check_visible(authority.unit)
            doing.as_custodian(authority.unit)
    wanted: dict[PersonId, list[EnteredLine]] = {}
    with look(services, caller) as seen:
        for found in _found(seen, authority):
            if found.duty.person == caller.person:
                continue
            line = EnteredLine(
                found.lost.role,
                found.duty.id,
                found.lost.scope,
                max(found.duty.valid_from, seen.now),
                found.lost.valid_to,
                authority.id,
                replaces=None if found.stands is None else found.stands.id,
                taken_back=(found.lost.id,),
            )
            wanted.setdefault(found.duty.person, []).append(line)
    return propose_each(
        wanted,
        services,
        caller,
        unit=authority.unit,
        number_prefix=number_prefix,
        dated=dated,
        out_of_order=out_of_order,
    )
