"""What the question "who could" is answered with."""

from datetime import date, datetime
from typing import Any

from access_service.api.manage.bodies import Out
from access_service.usecases.evidence.json_values import json_value
from access_service.usecases.evidence.who import WhoAnswer, WhoMay, WhoSigned
from access_service.usecases.live.revisions import revision_text


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
