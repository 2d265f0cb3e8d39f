"""What the question "who could come to read it" is answered with."""

from datetime import datetime

from access_service.api.manage.bodies import Out
from access_service.domain.joint_acts import JointAct
from access_service.domain.names import AccountId
from access_service.live.revisions import revision_text
from access_service.usecases.evidence.paths import PathsTo


class PathAccountOut(Out):
    """An account of a path, and how many things open it."""

    account: str
    username: str
    kind: str
    name: str
    unit: str
    unit_name: str
    factors: int

    @classmethod
    def of(cls, found: PathsTo, id_: AccountId) -> "PathAccountOut":
        """From the use case's value."""
        named = found.accounts[id_]
        return cls(
            account=named.id,
            username=named.username,
            kind=named.kind,
            name=named.person,
            unit=named.unit,
            unit_name=named.unit_name,
            factors=named.factors,
        )


class PathOut(Out):
    """The accounts in their order: the first recovers the second, and so on to one that has the right."""

    accounts: list[PathAccountOut]


class CoalitionOut(Out):
    """A new right by paper: one prepares, one signs, one receives."""

    issuer: str
    issuer_name: str
    role: str
    role_vi: str
    prepares: str
    signs: str
    receives: str
    people: int


class JointActOut(Out):
    """Appointing, moving or a witnessed recovery: who does it, and who signs or witnesses where that is needed."""

    kind: str
    unit: str
    unit_name: str
    prepares: PathAccountOut
    seconds: list[PathAccountOut]
    positions: list[str]
    manager: str | None
    recovered: PathAccountOut | None
    people: int

    @classmethod
    def of(cls, found: PathsTo, act: JointAct) -> "JointActOut":
        """From the use case's value."""
        return cls(
            kind=act.kind,
            unit=act.unit,
            unit_name=found.units[act.unit],
            prepares=PathAccountOut.of(found, act.prepares),
            seconds=[PathAccountOut.of(found, a) for a in act.seconds],
            positions=list(act.positions),
            manager=act.manager,
            recovered=None if act.recovered is None else PathAccountOut.of(found, act.recovered),
            people=act.people,
        )


class PathsOut(Out):
    """Who reads it and who could come to, at one instant and one revision."""

    revision: str
    at: datetime
    unit: str
    unit_name: str
    category: str
    wait_hours: int
    held: list[PathAccountOut]
    paths: list[PathOut]
    coalitions: list[CoalitionOut]
    joint: list[JointActOut]

    @classmethod
    def of(cls, found: PathsTo) -> "PathsOut":
        """From the use case's value."""
        ways = found.ways
        return cls(
            revision=revision_text(found.revision),
            at=found.at,
            unit=found.unit,
            unit_name=found.unit_name,
            category=found.category,
            wait_hours=found.wait_hours,
            held=[PathAccountOut.of(found, a) for a in dict.fromkeys(h.account for h in ways.held)],
            paths=[
                PathOut(accounts=[PathAccountOut.of(found, a) for a in (p.start, *(s.to for s in p.steps))])
                for p in ways.paths
            ],
            coalitions=[
                CoalitionOut(
                    issuer=c.unit,
                    issuer_name=found.units[c.unit],
                    role=c.role,
                    role_vi=found.roles[c.role],
                    prepares=found.people[c.prepares],
                    signs=found.people[c.signs],
                    receives=found.people[c.receives],
                    people=len(c.people),
                )
                for c in ways.coalitions
            ],
            joint=[JointActOut.of(found, act) for act in found.joint],
        )
