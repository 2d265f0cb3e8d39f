"""An enforcement point begins to observe at units, and is cut over unit by unit (rule 13).

The department's custodian says both, or the operator. A cut-over can be asked first: then it shows what the last
days would have been. The way back is to begin once more, within the days that observing may take.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from access_service.domain.clients import check_enabled
from access_service.domain.names import ClientId, ObservationId, RegisterId, UnitId
from access_service.domain.observing import Observation, check_may_observe, find_running
from access_service.domain.powers import Power, ends, power, yields
from access_service.domain.software import Client, Software
from access_service.usecases.services import Act, Caller, Services, act, as_missing, operate
from access_service.usecases.third_party.approvers import as_department


@power(yields(Power.SOFTWARE))
def begin_observing(
    services: Services, caller: Caller, client: ClientId, units: frozenset[UnitId], until: datetime
) -> tuple[Observation, ...]:
    """Until then the client's answers at these units are logged and not enforced; the department's custodian."""
    with act(services, caller, "software.observe", client) as doing:
        return _begin(doing, _named(doing, client), units, until)


def begin_observing_as_operator(
    services: Services, register: RegisterId, client: ClientId, units: frozenset[UnitId], until: datetime
) -> tuple[Observation, ...]:
    """The same at the command line."""
    with operate(services, register) as doing:
        return _begin(doing, doing.tx.require(Client, client), units, until)


def _begin(doing: Act, client: Client, units: Iterable[UnitId], until: datetime) -> tuple[Observation, ...]:
    software = doing.tx.require(Software, client.software)
    begun = []
    for unit in sorted(units):
        doing.require_unit(unit)
        check_may_observe(doing.ground, client, software, unit, until, doing.services.observe_days)
        observation = Observation(
            id=ObservationId(doing.new_id("obs")),
            client=client.id,
            software=software.id,
            unit=unit,
            valid_from=doing.now,
            valid_to=until,
        )
        doing.tx.put(observation)
        doing.tx.happened("software.observe", client.id, unit=unit, software=software.id, until=until.isoformat())
        begun.append(observation)
    doing.tx.touches()
    return tuple(begun)


@power(ends(Power.SOFTWARE))
def cut_over(
    services: Services, caller: Caller, client: ClientId, units: frozenset[UnitId]
) -> tuple[Observation, ...]:
    """From now on the client's answers at these units are enforced; the department's custodian."""
    with act(services, caller, "software.cut_over", client) as doing:
        return _cut_over(doing, _named(doing, client), units)


def cut_over_as_operator(
    services: Services, register: RegisterId, client: ClientId, units: frozenset[UnitId]
) -> tuple[Observation, ...]:
    """The same at the command line."""
    with operate(services, register) as doing:
        return _cut_over(doing, doing.tx.require(Client, client), units)


def _cut_over(doing: Act, client: Client, units: Iterable[UnitId]) -> tuple[Observation, ...]:
    check_enabled(doing.ground, client)
    ended = []
    for unit in sorted(units):
        observation = replace(find_running(doing.ground, client.id, unit), valid_to=doing.now)
        doing.tx.put(observation)
        doing.tx.happened("software.cut_over", client.id, unit=unit, software=client.software)
        ended.append(observation)
    doing.tx.touches()
    return tuple(ended)


def _named(doing: Act, id_: ClientId) -> Client:
    client = doing.tx.require(Client, id_)
    with as_missing("client", id_):
        as_department(doing, doing.tx.require(Software, client.software).unit)
    return client
