"""A node whose packets are lost says so, and comes back by itself when they arrive again.

Real processes, a real PostgreSQL, and between them a way that takes every packet and passes none on.
"""

from __future__ import annotations

from pathlib import Path

from access_service.domain.scope import Scope
from access_service.usecases.handover import delegation
from access_service.usecases.handover.documents import EnteredLine
from databases import database
from lossy import lossy
from machine import furnished, wait_for
from world import SCHOOL

NAME = "access_service_lost_packets"


def test_a_node_whose_packets_are_lost_answers_503_and_comes_back_with_what_was_decided_meanwhile(
    postgresql_server: str, tmp_path: Path
) -> None:
    with database(postgresql_server, NAME) as url:
        machine, services, registrar = furnished(tmp_path, url)
        world = machine.world
        line = EnteredLine("academic_registrar", registrar.duty, Scope(unit=SCHOOL), world.clock.now)
        [grant] = world.hand_over(SCHOOL, registrar, line).grants
        with lossy(url) as way:
            machine.url = way.url
            with machine.serving() as port:
                wait_for(lambda: machine.status(port, "/readyz") == 200)
                assert machine.ask(port)[1]["decision"] is True
                way.lose()
                wait_for(lambda: machine.status(port) == 503)
                # Answered, every time; no request waits for what does not come.
                assert {machine.status(port, "/readyz") for _ in range(5)} == {503}
                assert machine.status(port, "/healthz") == 200
                allowed = machine.body
                machine.body = {**allowed, "subject": {"type": "account", "id": "acc_not_kept"}}
                assert machine.status(port) == 503
                machine.body = allowed
                # Elsewhere life goes on, and the lost node holds nobody up.
                delegation.revoke_grant(services, world.admins[SCHOOL], grant.id, reason="thử nghiệm")
                assert machine.status(port) == 503
                way.heal()
                seen: list[tuple[int, bool | None]] = []
                wait_for(lambda: seen.append(_answer(machine.ask(port))) or seen[-1][0] == 200)  # type: ignore[func-returns-value]
                assert (200, True) not in seen
                wait_for(lambda: machine.status(port, "/readyz") == 200)
                assert machine.ask(port)[1]["decision"] is False
        services.db.close()


def _answer(said: tuple[int, dict[str, bool] | None]) -> tuple[int, bool | None]:
    status, body = said
    return status, None if body is None else body.get("decision")
