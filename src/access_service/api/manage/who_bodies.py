"""What the question "who could" is answered with."""

from datetime import date, datetime
from typing import Any

from access_service.api.manage.bodies import Out
from access_service.live.revisions import revision_text
from access_service.usecases.evidence.explaining import WhyAnswer
from access_service.usecases.evidence.explanation import explanation_json
from access_service.usecases.evidence.json_values import json_value
from access_service.usecases.evidence.who import WhoAnswer, WhoMay, WhoSigned


class WhoSignedOut(Out):
    """A paper behind a right, with who signed it for the giver, or committed."""

    id: str
    kind: str
    number: str
    dated: date
    sha256: str
    method: str
    signer: str | None
    signer_name: str
    capacity: str | None
    signer_title: str
    signed_at: datetime | None

    @classmethod
    def of(cls, paper: WhoSigned) -> "WhoSignedOut":
        """From the use case's value."""
        return cls(**{name: getattr(paper, name) for name in cls.model_fields})


class WhoMayOut(Out):
    """Somebody who could, by which right and paper."""

    account: str
    person: str | None
    name: str
    grant: str
    role: str
    role_vi: str
    scope: dict[str, Any]
    issuer: str
    issuer_name: str
    valid_from: datetime
    valid_to: datetime | None
    assignment_vi: str
    article: str | None
    papers: list[WhoSignedOut]
    answered_then: bool

    @classmethod
    def of(cls, may: WhoMay) -> "WhoMayOut":
        """From the use case's value."""
        plain = {name: getattr(may, name) for name in cls.model_fields if name not in ("scope", "papers")}
        return cls(**plain, scope=json_value(may.scope), papers=[WhoSignedOut.of(p) for p in may.papers])


class WhoOut(Out):
    """Everybody who could, at one instant and one revision."""

    revision: str
    at: datetime
    action: str
    action_vi: str
    category: str
    category_vi: str
    sensitive: bool
    unit: str
    unit_name: str
    class_id: str | None
    class_name: str
    people: list[WhoMayOut]

    @classmethod
    def of(cls, answer: WhoAnswer) -> "WhoOut":
        """From the use case's value."""
        plain = {name: getattr(answer, name) for name in cls.model_fields if name not in ("revision", "people")}
        return cls(
            **plain, revision=revision_text(answer.revision), people=[WhoMayOut.of(m) for m in answer.people]
        )


class TriedRightOut(Out):
    """One of the account's rights, tried alone."""

    id: str
    """Id of the grant, or of the approval."""
    role: str
    """Its role."""
    role_vi: str
    """The same in words."""
    reason: str | None
    """Why it does not allow this; null where it does."""


class WhyOut(Out):
    """What a decision of that instant is, and why."""

    decision: bool
    """Whether it is allowed."""
    tried: list[TriedRightOut]
    """Every right of the account."""
    roles: list[str]
    """Names of the roles that the rules let do this."""
    explanation: dict[str, Any]
    """As `explain: "full"` answers services: the right, the chain, the papers, the rule, the articles."""

    @classmethod
    def of(cls, found: WhyAnswer) -> "WhyOut":
        """From the use case's value."""
        return cls(
            decision=found.explanation.allowed,
            tried=[TriedRightOut(**json_value(one)) for one in found.tried],
            roles=list(found.roles),
            explanation=explanation_json(found.explanation),
        )
