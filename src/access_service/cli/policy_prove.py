"""`policy prove`: what holds of a pack in every register, with counterexamples where it does not."""

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from time import perf_counter
from typing import Any

import typer

from access_service.cli.errors import DONE, REFUSED, UNPROVED, UsageError
from access_service.cli.opening import say_json, settings_for
from access_service.domain.policy import Pack
from access_service.engine.alone.standalone import is_standalone
from access_service.engine.packs.load import load_pack
from access_service.engine.proofs.prover import PackProof, ProofOutcome, ProofRequest, Sentenced, prove
from access_service.engine.proofs.solving import SolverMissingError

STATUS = {ProofOutcome.FAULT: UNPROVED, ProofOutcome.UNKNOWN: UNPROVED, ProofOutcome.REFUTED: REFUSED}


def run_policy_prove(
    folders: Sequence[Path],
    *,
    models: Path | None,
    since: Path | None,
    accepted: Sequence[str],
    decisions: int,
    limit_s: float,
    cases: bool,
    as_json: bool,
) -> int:
    """Prove, say it; 1 where a refutation was played, 3 where something is unknown or was not played."""
    if accepted and since is None:
        raise UsageError("`--except` names what is new since a pack: name that with `--since`")
    old = None if since is None else _loaded(since, models)
    began = perf_counter()
    try:
        proofs = [
            prove(
                _loaded(folder, models),
                ProofRequest(limit_s=limit_s, decisions=decisions, since=old, accepted=frozenset(accepted)),
            )
            for folder in folders
        ]
    except SolverMissingError:
        raise UsageError("z3 is not installed: `pip install 'access-service[proofs]'`") from None
    if as_json:
        say_json([_plain(proof) for proof in proofs])
    elif cases:
        typer.echo("".join(f.case for proof in proofs for f in proof.findings if f.case), nl=False)
    else:
        for proof in proofs:
            for line in _lines(proof):
                typer.echo(line)
        typer.echo(f"in {perf_counter() - began:.1f} s")
    worst = {proof.worst for proof in proofs}
    return next((status for outcome, status in STATUS.items() if outcome in worst), DONE)


def _loaded(folder: Path, models: Path | None) -> Pack:
    if not folder.is_dir():
        raise UsageError(f"{folder} is no folder here; a pack is a folder with `pack.toml` in it")
    found = folder.resolve()
    if is_standalone(found):
        raise UsageError(f"{found.name} stands alone: it has no scopes, chains or grants to prove anything of")
    return load_pack(found.parent, found.name, models or settings_for().models_dir)


def _lines(proof: PackProof) -> Iterator[str]:
    yield f"{proof.pack.name} {proof.pack.version}"
    counts = Counter(finding.outcome for finding in proof.findings)
    width = max(len(finding.id) for finding in proof.findings)
    for outcome in ProofOutcome:
        if counts[outcome]:
            yield f"{outcome} ({counts[outcome]})"
        for finding in proof.findings:
            if finding.outcome is outcome:
                yield f"  {finding.id:{width}}  {finding.says} ({finding.basis})"
                yield from (f"  {'':{width}}  - {line}" for line in finding.told)
    compared = proof.compared
    asked = f"{compared.decisions} decisions, {compared.containments} containments"
    yield f"model and engine: {asked}, {len(compared.differences)} differences"
    yield from (f"  {difference}" for difference in compared.differences)


def _plain(proof: PackProof) -> dict[str, Any]:
    return {
        "name": proof.pack.name,
        "version": proof.pack.version,
        "digest": proof.pack.digest,
        "outcome": proof.worst,
        "findings": [_plain_finding(finding) for finding in proof.findings],
        "compared": {
            "decisions": proof.compared.decisions,
            "containments": proof.compared.containments,
            "differences": list(proof.compared.differences),
        },
    }


def _plain_finding(finding: Sentenced) -> dict[str, Any]:
    return {
        "id": finding.id,
        "says": finding.says,
        "basis": finding.basis,
        "outcome": finding.outcome,
        "ms": round(finding.seconds * 1000, 1),
        "told": list(finding.told),
        "case": finding.case,
    }
