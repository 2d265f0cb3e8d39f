"""Plain pycasbin, and its FastEnforcer: role rules, one plain `g` line for each place granted.

An account has the role `role@place`; the matcher looks at category and action first, so that the role graph is only
asked for rules that could matter. One `enforce` for each place in which the record lies, up to the first allow.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable
from importlib import metadata
from typing import Any

import casbin
from casbin.persist import Adapter

from dataset import Account, Province, Request, Rule, SchoolClass, Unit
from place_names import PlaceNames, in_force, places_of

MODEL = """
[request_definition]
r = sub, category, action, place
[policy_definition]
p = role, category, action
[role_definition]
g = _, _
[policy_effect]
e = some(where (p.eft == allow))
[matchers]
m = r.category == p.category && r.action == p.action && g(r.sub, p.role + "@" + r.place)
"""
BY_CELL = [1, 2]
"""Category and action, in the request and in the policy: what FastEnforcer filters rules by."""
Asked = tuple[str, str, str, tuple[str, ...]]


class Lines(Adapter):
    """Rules and grants straight into the model: adding them one by one is quadratic."""

    def __init__(self, rules: list[Rule], accounts: Iterable[Account], now: float) -> None:
        self.rules, self.accounts, self.now = rules, accounts, now

    def load_policy(self, model: Any) -> None:
        """Called by Casbin, which builds the role graph afterwards."""
        for rule in self.rules:
            model.model["p"]["p"].policy.append(list(rule))
        held = model.model["g"]["g"].policy
        for account in self.accounts:
            for grant in in_force(account, self.now):
                held.extend([account.id, f"{grant.role}@{place}"] for place in places_of(grant))


class PlainCasbin:
    """`casbin.Enforcer`."""

    name = "pycasbin"

    def __init__(self, province: Province) -> None:
        self.province = province
        self.rules: list[Rule] = []

    def organisation(self, units: Iterable[Unit], classes: Iterable[SchoolClass], rules: list[Rule]) -> None:
        """What the caller of a Casbin enforcer knows of places."""
        logging.disable(logging.CRITICAL)
        self.places = PlaceNames(units, classes)
        self.rules = rules

    def enforcer(self) -> Any:
        """An enforcer without policy."""
        return casbin.Enforcer(casbin.Enforcer.new_model(text=MODEL))

    def accounts(self, accounts: Iterable[Account]) -> None:
        """Load and build the role graph."""
        self._enforcer = self.enforcer()
        now = time.time()  # noqa: TID251 peers are loaded at the machine's time
        self._enforcer.set_adapter(Lines(self.rules, accounts, now))
        self._enforcer.load_policy()

    def prepare(self, requests: list[Request]) -> list[Asked]:
        """Each question with the places it is asked about."""
        return self.places.prepare(requests, self.province)

    def decider(self) -> Callable[[Asked], bool]:
        """Place by place."""
        enforce = self._enforcer.enforce

        def decide(asked: Asked) -> bool:
            account, category, action, places = asked
            return any(enforce(account, category, action, place) for place in places)

        return decide

    def versions(self) -> dict[str, str]:
        """The distribution that is installed."""
        return {"pycasbin": metadata.version("pycasbin")}

    def close(self) -> None:
        """Nothing is open."""


class _ByCell:
    """What `new_model` asks its enforcer for, before there is one."""

    _cache_key_order = BY_CELL


class FastCasbin(PlainCasbin):
    """`casbin.FastEnforcer`, from one thread: it shares its filter between threads."""

    name = "fast_enforcer"

    def enforcer(self) -> Any:
        """Filtered by category and action before anything is matched."""
        return casbin.FastEnforcer(casbin.FastEnforcer.new_model(_ByCell(), text=MODEL), cache_key_order=BY_CELL)
