"""`check-trust`: whose certificates count on files that were signed elsewhere."""

from pathlib import Path

import typer

from access_service.cli.errors import DONE, REFUSED
from access_service.cli.opening import say_json, settings_for
from access_service.signing.trust_seen import TrustSeen, find_path, look_over
from access_service.usecases.services import system_clock


def run_check_trust(certificate: Path | None, *, as_json: bool) -> int:
    """One line for each file of the folder; of a certificate, whether a path leads to a root, and which."""
    folder, now = settings_for(None).trust_dir, system_clock()
    seen = look_over(folder, now)
    if certificate is not None:
        seen.append(find_path(certificate, folder, now))
    if as_json:
        say_json([_said(one) for one in seen])
    elif not seen:
        typer.echo("nobody is trusted: ACCESS_SERVICE_TRUST_DIR names no folder, or an empty one")
    else:
        for one in seen:
            typer.echo(_line(one))
    return REFUSED if not seen or any(one.fault for one in seen) else DONE


def _line(one: TrustSeen) -> str:
    mark = "✗" if one.fault else "✓"
    until = "" if one.until is None else f", until {one.until:%d/%m/%Y}"
    who = one.subject or one.place
    return f"{mark} {one.place}: {who}{until}" + (f"; {one.fault}" if one.fault else "")


def _said(one: TrustSeen) -> dict[str, object]:
    return {
        "place": one.place,
        "kind": one.kind,
        "subject": one.subject,
        "sha256": one.sha256,
        "until": None if one.until is None else one.until.isoformat(),
        "fault": one.fault,
    }
