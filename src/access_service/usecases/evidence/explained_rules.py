"""What an explanation says of rules, locks and articles, and of papers that were signed elsewhere."""

from collections.abc import Iterable
from datetime import datetime

from access_service.domain.names import DocumentState, Method
from access_service.domain.policy import Article, Pack, PeriodLock, RoleRule
from access_service.domain.software import Approval, SoftwareConfirmation
from access_service.usecases.evidence.explanation import (
    APPROVAL,
    CONFIRMATIONS,
    ExplainedArticle,
    ExplainedDocument,
    ExplainedLock,
    ExplainedRule,
)


def paper_of_approval(approval: Approval, now: datetime) -> ExplainedDocument:
    """The department's approval: signed on paper, attested by the department with number, date and hash."""
    withdrawn = approval.withdrawn_at is not None and approval.withdrawn_at <= now
    return ExplainedDocument(
        id=approval.id,
        kind=APPROVAL,
        number=approval.number,
        dated=approval.dated,
        version=1,
        state=DocumentState.WITHDRAWN if withdrawn else DocumentState.SIGNED,
        sha256=approval.sha256,
        method=Method.ATTESTED,
        signed_at=approval.recorded_at,
        ended_at=approval.withdrawn_at,
        signatures=(),
    )


def paper_of_confirmation(confirmation: SoftwareConfirmation) -> ExplainedDocument:
    """What the department has confirmed of the software, and an approval presupposes."""
    return ExplainedDocument(
        id=confirmation.id,
        kind=CONFIRMATIONS[confirmation.subject],
        number=confirmation.number,
        dated=confirmation.dated,
        version=1,
        state=DocumentState.SIGNED,
        sha256=confirmation.sha256,
        method=Method.ATTESTED,
        signed_at=confirmation.valid_from,
        ended_at=None,
        signatures=(),
    )


def explain_rule(rule: RoleRule, pack: Pack | None) -> ExplainedRule:
    """A rule with its names and what it cites."""
    cited = _cited(rule.article, pack)
    return ExplainedRule(
        role=rule.role,
        function=rule.function,
        category=rule.category,
        action=rule.action,
        effect="allow" if rule.allow else "deny",
        source=rule.source,
        article=rule.article,
        document=_both(a.document for a in cited),
        place=_both(a.place for a in cited),
        vi=_both(a.vi for a in cited),
        en=_both(a.en for a in cited),
        role_vi=pack.roles[rule.role].vi if pack and rule.role in pack.roles else "",
        function_vi=pack.functions.get(rule.function, "") if pack else "",
        category_vi=category_name(pack, rule.category),
        action_vi=pack.actions.get(rule.action, "") if pack else "",
    )


def explain_lock(lock: PeriodLock, pack: Pack | None) -> ExplainedLock:
    """A period's lock with what it cites."""
    cited = _cited(lock.article, pack)
    return ExplainedLock(
        id=lock.id,
        start=lock.start,
        end=lock.end,
        vi=lock.vi,
        article=lock.article,
        document=_both(a.document for a in cited),
        place=_both(a.place for a in cited),
    )


def category_name(pack: Pack | None, id_: str | None) -> str:
    """What the pack calls a category; empty where it knows none."""
    found = pack.categories.get(id_) if pack and id_ is not None else None
    return found.vi if found else ""


def _cited(article: str, pack: Pack | None) -> tuple[Article, ...]:
    return pack.cited(article) if pack else ()


def _both(texts: Iterable[str]) -> str:
    """Of two articles that ask for the same, what each says; once where they agree."""
    return "; ".join(dict.fromkeys(text for text in texts if text))


def explain_articles(cited: str, pack: Pack | None) -> list[ExplainedArticle]:
    """The places that a row cites; its word alone where the pack knows none."""
    found = _cited(cited, pack)
    if not found:
        return [ExplainedArticle(cited, "", "", "", "", "")]
    titles = pack.documents if pack else {}
    return [ExplainedArticle(a.id, a.document, a.place, a.vi, a.en, titles.get(a.document, "")) for a in found]
