"""SpiceDB inside the process (`spicedb-embedded`): a relation a role, a permission a cell, asked place by place.

The package's wheels do not always bring the server's library; then it is reported as absent, with what was said.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from importlib import metadata
from itertools import islice
from typing import Any

from authzed.api.v1 import (
    CheckPermissionRequest,
    CheckPermissionResponse,
    Consistency,
    ObjectReference,
    Relationship,
    RelationshipUpdate,
    SubjectReference,
    WriteRelationshipsRequest,
)
from spicedb_embedded import EmbeddedSpiceDB

from dataset import Account, Province, Request, Rule, SchoolClass, Unit
from place_names import PlaceNames, in_force, places_of

ALLOWED = CheckPermissionResponse.PERMISSIONSHIP_HAS_PERMISSION
CHUNK = 1000
"""Relationships in one write: the server's default bound."""
Asked = list[CheckPermissionRequest]


def permission(category: str, action: str) -> str:
    """A cell as an identifier."""
    return f"{action}_{category}".lower().replace("-", "_")


def place_id(place: str) -> str:
    """A place in the letters that an object id may have."""
    return place.replace(":", "/")


class SpiceDB:
    """`CheckPermission` on the in-memory datastore."""

    name = "spicedb"

    def __init__(self, province: Province) -> None:
        self.province = province

    def organisation(self, units: Iterable[Unit], classes: Iterable[SchoolClass], rules: list[Rule]) -> None:
        """Start with the schema."""
        self.places = PlaceNames(units, classes)
        self.cells: dict[str, set[str]] = {}
        for role, category, action in rules:
            self.cells.setdefault(permission(category, action), set()).add(role)
        relations = "\n".join(f"relation {role}: account" for role in sorted({role for role, _, _ in rules}))
        cells = "\n".join(f"permission {cell} = {' + '.join(sorted(r))}" for cell, r in sorted(self.cells.items()))
        self.spicedb = EmbeddedSpiceDB.start(
            f"definition account {{}}\ndefinition place {{\n{relations}\n{cells}\n}}", []
        )

    def accounts(self, accounts: Iterable[Account]) -> None:
        """Write every relationship."""
        now = time.time()  # noqa: TID251 peers are loaded at the machine's time
        lines = iter(
            {(place, grant.role, account.id) for grant in in_force(account, now) for place in places_of(grant)}
            for account in accounts
        )
        flat = (line for found in lines for line in sorted(found))
        while chunk := list(islice(flat, CHUNK)):
            updates = [
                RelationshipUpdate(
                    operation=RelationshipUpdate.OPERATION_TOUCH,
                    relationship=Relationship(
                        resource=ObjectReference(object_type="place", object_id=place_id(place)),
                        relation=role,
                        subject=_subject(account),
                    ),
                )
                for place, role, account in chunk
            ]
            self.spicedb.permissions().WriteRelationships(WriteRelationshipsRequest(updates=updates))

    def prepare(self, requests: list[Request]) -> list[Asked]:
        """One message for each place; none for a permission that the schema does not have."""
        return [
            [
                CheckPermissionRequest(
                    consistency=Consistency(fully_consistent=True),
                    resource=ObjectReference(object_type="place", object_id=place_id(place)),
                    permission=permission(category, action),
                    subject=_subject(account),
                )
                for place in places
                if permission(category, action) in self.cells
            ]
            for account, category, action, places in self.places.prepare(requests, self.province)
        ]

    def decider(self) -> Callable[[Asked], bool]:
        """Place by place."""
        check: Any = self.spicedb.permissions().CheckPermission

        def decide(asked: Asked) -> bool:
            return any(check(message).permissionship == ALLOWED for message in asked)

        return decide

    def versions(self) -> dict[str, str]:
        """The distribution that is installed."""
        return {"spicedb-embedded": metadata.version("spicedb-embedded")}

    def close(self) -> None:
        """Stop the server."""
        self.spicedb.close()


def _subject(account: str) -> SubjectReference:
    return SubjectReference(object=ObjectReference(object_type="account", object_id=account))
