"""`clock`: what the clock says, and the two commands that settle a doubt about it."""

from collections.abc import Callable

import typer

from access_service.cli.opening import open_database, register_of, say_json, services_for, settings_for
from access_service.domain.names import RegisterId
from access_service.domain.time import local
from access_service.usecases.clock import ClockState, accept_clock, look_at_clock, mend_clock
from access_service.usecases.services import Services

DEEDS: dict[str, Callable[[Services, RegisterId], ClockState]] = {
    "show": look_at_clock,
    "accept": accept_clock,
    "mend": mend_clock,
}


def run_clock(deed: str, *, database: str | None, register: str | None, as_json: bool) -> None:
    """Look at the clock, accept it or mend the record; then say how it stands. Exit status 1 while in doubt."""
    settings = settings_for(database)
    with open_database(settings) as db:
        found = register_of(db, settings.register_name if register is None else register)
        state = DEEDS[deed](services_for(db, settings), found)
    if as_json:
        say_json(
            {
                "register": found,
                "now": local(state.now).isoformat(),
                "recorded_at": local(state.recorded_at).isoformat(),
                "doubt": state.doubt or None,
                "steps_back": list(state.steps_back),
            }
        )
    else:
        typer.echo(f"Giờ máy / clock: {local(state.now):%d/%m/%Y %H:%M:%S}")
        typer.echo(f"Ghi nhận gần nhất / last recorded: {local(state.recorded_at):%d/%m/%Y %H:%M:%S}")
        typer.echo(
            f"Nghi ngờ / doubt: {state.doubt}" if state.doubt else "Đồng hồ được tin cậy / the clock is believed"
        )
        if state.steps_back:
            numbers = ", ".join(map(str, state.steps_back))
            typer.echo(f"Nhật ký lùi giờ không rõ lý do / events earlier than the one before: {numbers}")
    if state.doubt or state.steps_back:
        raise typer.Exit(1)
