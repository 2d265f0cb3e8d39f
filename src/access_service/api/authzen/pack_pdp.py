"""One policy pack alone behind the AuthZEN routes: no register, no database, no time.

The engine answers from the pack and the request; the revision is the pack's digest, so it changes with its bytes.
"""

import asyncio
import re
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from itertools import islice
from typing import Any

from access_service.api.authzen import pack_schemas
from access_service.api.authzen.schemas import Answer, AnswerContext, ReasonText, render
from access_service.api.http.limits import clean
from access_service.api.http.metrics import Metrics
from access_service.api.http.pool import Pool
from access_service.api.pdp import KEY, AtOnce, Bodies, BodyAnswers, Explain, FoundPage, LogDecisions, Start
from access_service.domain.access import Wanted
from access_service.domain.errors import InvalidError, RestartError, StaleRevisionError
from access_service.domain.text import REASON_TEXT
from access_service.engine.alone.decisions import Forbidden, Named, NamedAction, PackDecision, StandaloneEngine

SLICE = 100
"""Questions answered before others get their turn on the event loop; each takes some microseconds."""
REVISION = re.compile(r"p[0-9a-f]{16}")
_Question = tuple[Named, NamedAction, Named, Mapping[str, object]]


class PackPdp:
    """Implements `pdp.Pdp` over one engine."""

    bodies = Bodies(pack_schemas.Evaluation, pack_schemas.Evaluations, pack_schemas.Search, are_closed=False)

    def __init__(
        self, engine: StandaloneEngine, pool: Pool, metrics: Metrics, clock: Callable[[], datetime]
    ) -> None:
        """`clock` dates the pages of a search; no decision depends on it."""
        self._engine = engine
        self._pool = pool
        self._metrics = metrics
        self._clock = clock
        self.revision = f"p{engine.pack.digest[:16]}"

    async def audience(self) -> str:
        """What answers, for the tokens of pages: those of another pack are none of ours."""
        return f"pack {self._engine.pack.name}"

    def check_ready(self) -> None:
        """A pack that was read is ready."""

    async def evaluate(
        self,
        items: Sequence[pack_schemas.Evaluation],
        *,
        stop_at: bool | None,
        explain: Explain,
        log: LogDecisions,
        is_clean: bool,  # noqa: ARG002 these bodies are read strictly, and every word is looked at here
        asker: str = KEY,  # noqa: ARG002 a pack alone keeps no log
    ) -> BodyAnswers:
        """The answers in order, up to the first that is `stop_at`.

        Raises `InvalidError` when an id cannot be one, `StaleRevisionError` when another pack is demanded.
        """
        questions, hows = [], []
        for number, item in enumerate(items, start=1):
            questions.append(_question(item))
            about = pack_schemas.answering(item.context)
            self._check_revision(about.at_least)
            hows.append(about.explain or explain)
            if number % SLICE == 0:
                await asyncio.sleep(0)
        began = time.perf_counter()
        decisions: list[PackDecision] = []
        for number, question in enumerate(questions, start=1):
            decisions.append(self._engine.decide(*question))
            if bool(decisions[-1]) is stop_at:
                break
            if number % SLICE == 0:
                await asyncio.sleep(0)
        self._metrics.decided["memory"].observe(time.perf_counter() - began)
        answers: list[bytes] = []
        counts: Counter[tuple[str, str]] = Counter()
        records: list[dict[str, Any]] = []
        for how, question, decision in zip(hows, questions, decisions, strict=False):
            answers.append(render(self._answer(decision, how)))
            reason = decision.reason.value if isinstance(decision, Forbidden) else ""
            counts["allow" if decision else "deny", reason] += 1
            if log == "all" or (log == "deny" and not decision):
                records.append(self._record(question, decision))
        return BodyAnswers(answers, counts, records, self.revision)

    def _record(self, question: _Question, decision: PackDecision) -> dict[str, Any]:
        """Ids but the resource's, which may be anybody's."""
        subject, action, resource, _ = question
        return {
            "decision": "allow" if decision else "deny",
            "reason": decision.reason if isinstance(decision, Forbidden) else None,
            "pack": self._engine.pack.name,
            "account": subject.id,
            "action": action.name,
            "type": resource.type,
        }

    def at_once(self, body: bytes, log: LogDecisions) -> AtOnce | None:  # noqa: ARG002 nothing to leave out
        """A pack takes the general way."""
        return None

    async def search(
        self, wanted: Wanted, sent: pack_schemas.Search, *, limit: int, start: Start | None
    ) -> FoundPage:
        """The next at most `limit` results. Raises `RestartError` when the page before was of another pack."""
        self._check_revision(pack_schemas.answering(sent.context).at_least)
        if start is not None and start.revision != self.revision:
            raise RestartError("the policy has changed since the first page")
        subject, action, resource, context = _question(sent, ignored=wanted)
        after = None if start is None else start.after
        found = {
            "subject": self._engine.subjects,
            "resource": self._engine.resources,
            "action": self._engine.actions,
        }[wanted](subject, action, resource, after, context)
        record = {"pack": self._engine.pack.name, "action": action.name, "type": resource.type}
        # One more than asked for says whether there is another page.
        ids = await self._pool.run(lambda: list(islice(found, limit + 1)))
        more, ids = len(ids) > limit, ids[:limit]
        # A page of none goes on where it began: every id comes after the empty one.
        last = ids[-1] if ids else after or ""
        type_ = {"subject": subject.type, "resource": resource.type}.get(wanted, "")
        return FoundPage(
            results=[{"name": id_} if wanted == "action" else {"type": type_, "id": id_} for id_ in ids],
            after=last if more else None,
            revision=self.revision,
            now=self._clock() if start is None else start.now,
            record=record,
        )

    def _check_revision(self, demanded: str | None) -> None:
        if demanded is None or demanded == self.revision:
            return
        if REVISION.fullmatch(demanded) is None:
            raise InvalidError("`context.at_least` is no revision")
        # Digests have no order: whether the other pack is older or newer cannot be known here.
        raise StaleRevisionError("this node decides by another pack")

    def _answer(self, decision: PackDecision, how: Explain) -> Answer:
        is_denied = isinstance(decision, Forbidden)
        if how == "none" or (how == "code" and not is_denied):
            return Answer(bool(decision))
        context = AnswerContext()
        if isinstance(decision, Forbidden):
            text = REASON_TEXT[decision.reason]
            context.reason = ReasonText(str(decision.reason), text.en, text.vi, decision.field or None)
        if how == "full":
            context.explanation = self._explanation(decision)
        return Answer(bool(decision), context)

    def _explanation(self, decision: PackDecision) -> dict[str, Any]:
        """The row that decides, with its place and article; null where none matches."""
        pack, rule = self._engine.pack, decision.rule
        about: dict[str, Any] = {
            "pack": {"name": pack.name, "version": pack.version, "digest": pack.digest},
            "rule": None,
        }
        if rule is not None:
            article = pack.articles[rule.article]
            about["rule"] = {
                "cells": dict(zip(pack.shape.columns, rule.cells, strict=True)),
                "effect": "allow" if rule.allow else "deny",
                "source": rule.source,
                "article": article.id,
                "document": article.document,
                "place": article.place,
                "vi": article.vi,
                "en": article.en,
            }
        return about


def _question(sent: pack_schemas.Evaluation | pack_schemas.Search, ignored: Wanted | None = None) -> _Question:
    """The question in the engine's words; what is missing is empty, and denied.

    The id of what is searched for is ignored (AuthZEN 1.0), whatever it is.
    """
    subject, action, resource = (
        sent.subject or pack_schemas.Subject(),
        sent.action or pack_schemas.Action(),
        sent.resource or pack_schemas.Resource(),
    )
    return (
        _named(subject, "subject", is_searched=ignored == "subject"),
        NamedAction("" if ignored == "action" else _word(action.name, "action.name"), action.properties or {}),
        _named(resource, "resource", is_searched=ignored == "resource"),
        sent.context or {},
    )


def _named(entity: pack_schemas.Subject | pack_schemas.Resource, what: str, *, is_searched: bool) -> Named:
    id_ = "" if is_searched else _word(entity.id, f"{what}.id")
    return Named(_word(entity.type, f"{what}.type"), id_, entity.properties or {})


def _word(text: str | None, what: str) -> str:
    return "" if text is None else clean(text, what)
