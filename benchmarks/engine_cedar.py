"""Cedar through cedarpy: policies parsed once, and for each question a parsed entity set of just what it needs.

Cedar itself checks everything that the floor checks, expiry and suspension by the clock of the call: a set that
was cut before stays good until a fact changes. The cells of a role are an action group, the units a hierarchy;
Cedar cannot go through a set with a condition, so the grants of an account are its attributes g1, g2, …, with a
policy for each. The sets are cut and parsed before the clock starts, which a service could only do for known
questions.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable
from importlib import metadata
from typing import Any

import cedarpy

from dataset import GRANTS_OF, Account, Grant, Province, Request, Rule, SchoolClass, Unit

Asked = tuple[dict[str, Any], cedarpy.Entities]
POLICY = """
permit(principal, action, resource) when {{
  principal has {g} && action in principal.{g}.role && resource in principal.{g}.unit
  && (!(principal.{g} has levels) || principal.{g}.levels.contains(resource.level))
  && (!(principal.{g} has classes) || principal.{g}.classes.contains(resource))
  && (!(principal.{g} has year) || principal.{g}.year == resource.year)
  && principal.{g}.start <= context.now && context.now < principal.{g}.end
}};
"""
SUSPENDED = """
forbid(principal, action, resource) when {
  principal has stop_start && principal.stop_start <= context.now && context.now < principal.stop_end
};
"""


class Cedar:
    """`cedarpy.is_authorized` with a `PolicySet` and `Entities` parsed before."""

    name = "cedar"

    def __init__(self, _province: Province) -> None:
        self.wanted: set[str] = set()
        self.held: dict[str, dict[str, Any]] = {}
        self.grants_held = 0

    def asked(self, requests: list[Request]) -> None:
        """Told before loading whom the questions are about: the others need no slice."""
        self.wanted = {request.account for request in requests}

    def organisation(self, units: Iterable[Unit], classes: Iterable[SchoolClass], rules: list[Rule]) -> None:
        """Parse the policies; units and classes stay with the caller, who cuts the sets."""
        self.chains = {unit.id: unit.chain for unit in units}
        self.classes = {c.id: c for c in classes}
        self.groups: dict[tuple[str, str], set[str]] = {}
        for role, category, action in rules:
            self.groups.setdefault((category, action), set()).add(role)
        texts = [POLICY.format(g=f"g{number + 1}") for number in range(max(GRANTS_OF))]
        self.policies = cedarpy.PolicySet.from_str("\n".join([*texts, SUSPENDED]))

    def accounts(self, accounts: Iterable[Account]) -> None:
        """Keep what the sets are cut from."""
        for account in accounts:
            if account.id in self.wanted:
                self.grants_held += len(account.grants)
                self.held[account.id] = _attributes(account)

    def prepare(self, requests: list[Request]) -> list[Asked]:
        """The request, and a parsed set: who, the class below its units, the action in its groups."""
        return [self._slice(request) for request in requests]

    def _slice(self, request: Request) -> Asked:
        action = f"{request.action} {request.category}"
        groups = sorted(self.groups.get((request.category, request.action), ()))
        found = self.classes.get(request.class_id)
        entities = [
            _entity("Account", request.account, self.held.get(request.account, {})),
            _entity("Action", action, {}, [("Action", role) for role in groups]),
            *(_entity("Action", role, {}) for role in groups),
        ]
        if found is not None:
            chain = self.chains[found.school]
            about = {"level": found.level, "year": found.year}
            entities.append(_entity("Class", found.id, about, [("Unit", chain[0])]))
            entities += [
                _entity("Unit", unit, {}, [("Unit", a) for a in chain[n + 1 :]]) for n, unit in enumerate(chain)
            ]
        asked = {
            "principal": {"type": "Account", "id": request.account},
            "action": {"type": "Action", "id": action},
            "resource": {"type": "Class", "id": request.class_id},
        }
        return asked, cedarpy.Entities.from_json_str(json.dumps(entities))

    def decider(self) -> Callable[[Asked], bool]:
        """One call of the binding."""
        authorized, policies, clock = cedarpy.is_authorized, self.policies, time.time  # noqa: TID251 as the floor

        def decide(asked: Asked) -> bool:
            request, entities = asked
            request["context"] = f'{{"now":{int(clock())}}}'
            return authorized(request, policies, entities).allowed

        return decide

    def versions(self) -> dict[str, str]:
        """The distribution that is installed."""
        return {"cedarpy": metadata.version("cedarpy")}

    def close(self) -> None:
        """Nothing is open."""


def _attributes(account: Account) -> dict[str, Any]:
    found: dict[str, Any] = {f"g{number + 1}": _grant(grant) for number, grant in enumerate(account.grants)}
    if account.suspended is not None:
        found["stop_start"], found["stop_end"] = account.suspended
    return found


def _grant(grant: Grant) -> dict[str, Any]:
    found: dict[str, Any] = {
        "role": _reference("Action", grant.role),
        "unit": _reference("Unit", grant.unit),
        "start": grant.start,
        "end": grant.end,
    }
    if grant.levels is not None:
        found["levels"] = list(grant.levels)
    if grant.classes is not None:
        found["classes"] = [_reference("Class", class_id) for class_id in grant.classes]
    if grant.year is not None:
        found["year"] = grant.year
    return found


def _reference(type_: str, id_: str) -> dict[str, Any]:
    return {"__entity": {"type": type_, "id": id_}}


def _entity(
    type_: str, id_: str, attributes: dict[str, Any], parents: Iterable[tuple[str, str]] = ()
) -> dict[str, Any]:
    return {
        "uid": {"type": type_, "id": id_},
        "attrs": attributes,
        "parents": [{"type": parent, "id": parent_id} for parent, parent_id in parents],
    }
