"""A register behind the AuthZEN routes: what was sent as questions, decisions as answers.

A question that memory can answer is answered on the event loop, a hundred at a time; what takes the database goes
to the bounded pool.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from access_service.api.authzen.register_members import check_search, find_meant, list_ignored, mistake_in_form
from access_service.api.authzen.register_search import read_instant, read_search, read_start, render_page
from access_service.api.authzen.schemas import (
    Action,
    Answer,
    AnswerContext,
    Context,
    Evaluation,
    Evaluations,
    ReasonText,
    Resource,
    ResourceProperties,
    Subject,
    render,
)
from access_service.api.authzen.search_schemas import Search
from access_service.api.http.body_reader import BodyReader
from access_service.api.http.limits import clean
from access_service.api.http.metrics import Metrics
from access_service.api.http.pool import Pool
from access_service.api.pdp import KEY, AtOnce, Bodies, BodyAnswers, Explain, FoundPage, LogDecisions, Start
from access_service.domain.access import AccessRequest, Allow, Ask, Deny, Wanted, asserted_of
from access_service.domain.audit import Doer
from access_service.domain.errors import InvalidError, StaleRevisionError, UnavailableError
from access_service.domain.members import show_member
from access_service.domain.mistakes import EXPLAINED, Mistake
from access_service.domain.names import AccountId, ClassId, RegisterId, UnitId
from access_service.domain.reasons import Reason
from access_service.domain.text import REASON_TEXT
from access_service.engine.decide import as_decision
from access_service.engine.memory import Memory
from access_service.live.decision_point import DecisionPoint
from access_service.live.mistakes import find_at_once, find_mistakes, moment_of
from access_service.live.moment import DecidedAll, Item, cut_at
from access_service.live.revisions import parse_revision, revision_text
from access_service.live.search import SearchPoint
from access_service.usecases.evidence.explain import explain
from access_service.usecases.evidence.explanation import explanation_json
from access_service.usecases.looks import Look, hash_parameters
from access_service.usecases.services import Services
from access_service.usecases.uses import UsedRights

SLICE = 100
"""Questions answered before others get their turn on the event loop."""
EXPLAINED_ITEMS = 50
"""Most items of one batch that may ask for a full explanation."""
ASKED_KEPT, ASKED_BYTES = 1 << 14, 1 << 10
"""Most bodies whose question is remembered, and the longest: at most about 16 MiB."""
MISTAKEN_KEPT = 1 << 10
"""Most answers to wrong questions that are remembered while nothing changes."""
CATCH_UP_S = 2.0
"""How long a question waits for the revision it demands."""
_ALLOW, _DENY = render(Answer(True)), render(Answer(False))
_ALLOWED, _DENIED = ("allow", ""), {reason.value: ("deny", reason.value) for reason in Reason}
_DENY_FOR = {
    reason.value: render(
        Answer(False, AnswerContext(ReasonText(reason.value, REASON_TEXT[reason].en, REASON_TEXT[reason].vi)))
    )
    for reason in Reason
}
_encode = msgspec.json.Encoder().encode
_NO_PROPERTIES, _NO_CONTEXT = ResourceProperties(), Context()


class RegisterPdp:
    """Implements `pdp.Pdp` over one register: the one named in the settings, or the only one there is."""

    bodies = Bodies(Evaluation, Evaluations, Search, are_closed=True)

    def __init__(
        self, services: Services, point: DecisionPoint, pool: Pool, metrics: Metrics, register_name: str | None
    ) -> None:
        """`register_name` may be None where the database has exactly one."""
        self.point = point
        self._services = services
        self._search = SearchPoint(point.feed)
        self._pool = pool
        self._metrics = metrics
        self._register_name = register_name
        self._register: RegisterId | None = None
        self._used = UsedRights()
        self._reader = BodyReader(Evaluation, is_closed=True)
        self._asked: dict[bytes, Ask] = {}
        """What bodies say: a function of their bytes alone. The answer is worked out each time."""
        self._revision, self._revision_text = 0, b""
        self._mistaken: dict[tuple[Ask, Deny], bytes] = {}
        self._mistaken_seq = -1

    async def register(self) -> RegisterId:
        """The register. A database without it, or with several, cannot answer yet."""
        if self._register is None:
            self._register = await self._pool.run(self.find_register)
            self._used = self._services.uses.of(self._register)
        return self._register

    def find_register(self) -> RegisterId:
        """The same, from the database."""
        names = [str(row["id"]) for row in self._services.db.registers()]
        if self._register_name is not None:
            names = [name for name in names if name == self._register_name]
        if len(names) != 1:
            raise UnavailableError("no such register" if not names else "several registers, and none is named")
        return RegisterId(names[0])

    def check_ready(self) -> None:
        """The register can be read, has been seen lately, its packs are compiled, and the start is over."""
        if not self.point.is_fresh():
            # Whoever watches waits for the database already.
            raise UnavailableError("the register has not been seen for too long")
        self._services.db.damage.check()
        self._services.db.ping()
        register = self.find_register()
        self.point.advance(register)
        self.point.prepare(register)
        self.point.warming.check()

    async def audience(self) -> str:
        """The register's id: pages of another are none of ours."""
        return f"register {await self.register()}"

    def at_once(self, body: bytes, log: LogDecisions) -> AtOnce | None:
        """The answer from memory to a plain question: read quickly, complete, without a context. See `pdp.Pdp`."""
        question = self._asked.get(body) or self._ask(body)
        if question is None or self._register is None:
            return None
        found = self.point.at_once(self._register, question)
        if found is None:
            return None
        answer, revision = found
        if revision != self._revision:
            self._revision, self._revision_text = revision, revision_text(revision).encode()
        decision = as_decision(answer)
        if isinstance(decision, Allow):
            self._used.grants.add(decision.grant)
            record = _said(question, b"allow", b"null", decision.grant) if log == "all" else b""
            return AtOnce(_ALLOW, _ALLOWED, record, self._revision_text)
        code = decision.reason.value
        text = _DENY_FOR[code]
        if decision.reason in EXPLAINED:
            # A mistake of whoever asks: the answer says which.
            mistaken = self._mistaken_at_once(question, decision, revision, is_kept=len(body) <= ASKED_BYTES)
            if mistaken is None:
                return None
            text = mistaken
        record = b"" if log == "none" else _said(question, b"deny", b'"%b"' % code.encode(), decision.grant)
        return AtOnce(text, _DENIED[code], record, self._revision_text)

    def _mistaken_at_once(self, question: Ask, deny: Deny, revision: int, *, is_kept: bool) -> bytes | None:
        """The answer to a question that was asked wrongly; None where memory does not know what is wrong with it.

        Remembered for as long as the view does not move: who asks wrongly asks the same a moment later.
        """
        register = self._register
        moment = None if register is None else moment_of(self.point, register, revision)
        if moment is None:
            return None
        if moment.seq != self._mistaken_seq or len(self._mistaken) >= MISTAKEN_KEPT:
            self._mistaken_seq, self._mistaken = moment.seq, {}
        kept = self._mistaken.get((question, deny))
        if kept is not None:
            return kept
        found = find_at_once(moment, ((question, deny),))
        if found is None:
            return None
        text = _DENY_FOR[deny.reason.value] if found[0] is None else _mistaken(deny.reason, found[0], (), "code")
        if is_kept:
            self._mistaken[question, deny] = text
        return text

    def _ask(self, body: bytes) -> Ask | None:
        """The plain question of a body. Remembered: who asks for a page asks the same a moment later."""
        sent: Any = self._reader.quickly(body)
        if sent is None or sent.context is not None:
            return None
        question = _item(sent, self.point.memory)
        if isinstance(question, Reason):
            return None
        if len(body) <= ASKED_BYTES:
            if len(self._asked) >= ASKED_KEPT:
                self._asked = {}
            self._asked[body] = question
        return question

    async def search(self, wanted: Wanted, sent: Search, *, limit: int, start: Start | None) -> FoundPage:
        """The next at most `limit` results, from the database's own thread."""
        check_search(sent)
        register, request = await self.register(), read_search(wanted, sent)
        at_least = None if sent.context is None else sent.context.at_least
        if at_least is not None:
            await self._catch_up(register, parse_revision(at_least))
        at = read_instant(sent)
        page = await self._pool.run(
            lambda: self._search.search(register, wanted, request, limit=limit, since=read_start(start), at=at)
        )
        return render_page(wanted, request, page, at)

    async def evaluate(
        self,
        items: Sequence[Evaluation],
        *,
        stop_at: bool | None,
        explain: Explain,
        log: LogDecisions,
        is_clean: bool,
        asker: str = KEY,
    ) -> BodyAnswers:
        """The answers in order, up to the first that is `stop_at`. See `pdp.Pdp.evaluate` for what it raises."""
        register = self._register or await self.register()
        if not is_clean:
            seen: set[int] = set()
            for start in range(0, len(items), SLICE):
                if start:
                    await asyncio.sleep(0)
                _clean(items[start : start + SLICE], seen)
        questions = [_item(item, self.point.memory) for item in items]
        hows = [explain if i.context is None else i.context.explain or explain for i in items]
        if hows.count("full") > EXPLAINED_ITEMS:
            raise InvalidError(f"at most {EXPLAINED_ITEMS} items of a batch are explained in full")
        # What was read quickly has no member that is not known.
        unread = [()] * len(items) if is_clean else [list_ignored(item) for item in items]
        questions = [
            Reason.RESOURCE_INCOMPLETE if paths and find_meant(paths) else question
            for question, paths in zip(questions, unread, strict=True)
        ]
        decided = await self._decide(register, questions, stop_at, await self._at_least(register, items))
        mistakes = await self._mistakes(register, items, questions, hows, decided, unread)
        if "full" in hows:
            self._count_explained(register, questions, hows, asker, decided.now)
        return await self._answered(register, questions, hows, decided, log, unread, mistakes)

    def _count_explained(
        self,
        register: RegisterId,
        questions: Sequence[Item],
        hows: Sequence[Explain],
        asker: str,
        now: datetime,
    ) -> None:
        """An explanation names people and their papers: who read it stands in the log, by whom and how often."""
        for question, how in zip(questions, hows, strict=True):
            if how == "full" and not isinstance(question, Reason):
                asked = hash_parameters(asked=[str(part) for part in question])
                look = Look(register, Doer(asker), "explain", question[0], now, parameters=asked)
                self._services.looks.count(look)

    async def _mistakes(
        self,
        register: RegisterId,
        items: Sequence[Evaluation],
        questions: Sequence[Item],
        hows: Sequence[Explain],
        decided: DecidedAll,
        unread: Sequence[tuple[str, ...]],
    ) -> dict[int, Mistake]:
        """What of the questions is wrong, by their place, where somebody asked for more than yes or no."""
        found: dict[int, Mistake | None] = {}
        asked: list[tuple[int, tuple[Ask, Deny]]] = []
        for place, (question, how, answer) in enumerate(zip(questions, hows, decided.answers, strict=False)):
            if how == "none" or type(answer) is tuple:
                continue
            if isinstance(question, Reason):
                found[place] = mistake_in_form(items[place], unread[place])
                continue
            deny = as_decision(answer)
            if isinstance(deny, Deny) and deny.reason in EXPLAINED:
                asked.append((place, (question, deny)))
        if asked:
            denied = [one for _, one in asked]
            made = await self._pool.run(lambda: find_mistakes(self.point, register, denied, decided))
            found |= zip((place for place, _ in asked), made, strict=True)
        return {place: mistake for place, mistake in found.items() if mistake is not None}

    async def _at_least(self, register: RegisterId, items: Sequence[Evaluation]) -> int:
        """The newest revision that an item demands, once this node has seen it."""
        demanded = {i.context.at_least for i in items if i.context is not None and i.context.at_least is not None}
        if not demanded:
            return 0
        at_least = max(map(parse_revision, demanded))
        await self._catch_up(register, at_least)
        return at_least

    async def _catch_up(self, register: RegisterId, at_least: int) -> None:
        """Wait, without holding a thread, until this node has seen a revision; `StaleRevisionError` after 2 s."""
        if self.point.revision(register) >= at_least:
            return
        loop = asyncio.get_running_loop()
        deadline = loop.time() + CATCH_UP_S
        while await self._pool.run(lambda: self.point.advance(register)) < at_least:
            if loop.time() >= deadline:
                raise StaleRevisionError("this node has not seen that revision")
            await asyncio.sleep(0.05)

    async def _decide(
        self, register: RegisterId, questions: Sequence[Item], stop_at: bool | None, at_least: int
    ) -> DecidedAll:
        """From memory on the loop, else from the database in the pool."""
        began = time.perf_counter()
        moment = self.point.moment(register, None, at_least)
        if moment is not None:
            answers = moment.answers(questions[:SLICE])
            for start in range(SLICE, len(questions), SLICE):
                if answers is None:
                    break
                await asyncio.sleep(0)
                more = moment.answers(questions[start : start + SLICE])
                answers = None if more is None else answers + more
            if answers is not None and moment.holds():
                self._metrics.decided["memory"].observe(time.perf_counter() - began)
                return DecidedAll(cut_at(answers, stop_at), moment.revision, moment.instant)
        decided = await self._pool.run(
            lambda: self.point.decide_all(register, questions, stop_at=stop_at, at_least=at_least)
        )
        self._metrics.decided["database"].observe(time.perf_counter() - began)
        return decided

    async def _answered(
        self,
        register: RegisterId,
        questions: Sequence[Item],
        hows: Sequence[Explain],
        decided: DecidedAll,
        log: LogDecisions,
        unread: Sequence[tuple[str, ...]],
        mistakes: Mapping[int, Mistake],
    ) -> BodyAnswers:
        answers: list[bytes] = []
        counts: Counter[tuple[str, str]] = Counter()
        records: list[dict[str, Any]] = []
        asked = zip(questions, hows, decided.answers, unread, strict=False)
        for place, (question, how, engine_answer, paths) in enumerate(asked):
            if how == "none" and log == "none":
                is_allowed, reason = type(engine_answer) is tuple, None
            else:
                decision = as_decision(engine_answer)
                is_allowed, reason = bool(decision), decision.reason if isinstance(decision, Deny) else None
                if log == "all" or (log == "deny" and not is_allowed):
                    records.append(_record(question, reason, decision.grant))
            if how == "full" and not isinstance(question, Reason):
                request = AccessRequest.of(question)
                said = None if reason is None else _reason(reason, mistakes.get(place))
                answers.append(await self._explained(register, request, said, decided, paths))
            elif is_allowed:
                answers.append(_ALLOW)
            elif reason is not None and place in mistakes:
                answers.append(_mistaken(reason, mistakes[place], paths, how))
            else:
                answers.append(_DENY if reason is None or how == "none" else _DENY_FOR[reason.value])
            if type(engine_answer) is tuple:
                self._used.grants.add(engine_answer[0])
            counts["allow" if is_allowed else "deny", "" if reason is None else reason.value] += 1
        return BodyAnswers(answers, counts, records, revision_text(decided.revision))

    async def _explained(
        self,
        register: RegisterId,
        request: AccessRequest,
        reason: ReasonText | None,
        decided: DecidedAll,
        paths: tuple[str, ...],
    ) -> bytes:
        explanation = await self._pool.run(lambda: explain(self.point, register, request, decided=decided))
        context = AnswerContext(explanation=explanation_json(explanation) | {"unused": [*map(show_member, paths)]})
        context.reason = reason
        return render(Answer(reason is None, context))


def _reason(reason: Reason, mistake: Mistake | None) -> ReasonText:
    text = ReasonText(reason.value, REASON_TEXT[reason].en, REASON_TEXT[reason].vi)
    if mistake is not None:
        text.field, text.read = mistake.field, mistake.read
        text.expected, text.nearest = mistake.expected, mistake.nearest
    return text


def _mistaken(reason: Reason, mistake: Mistake, paths: tuple[str, ...], how: Explain) -> bytes:
    """A question that cannot be answered as it was meant; in full, with every member that nobody reads."""
    unused = {"unused": [*map(show_member, paths)]} if how == "full" else None
    return render(Answer(False, AnswerContext(_reason(reason, mistake), unused)))


def _item(sent: Evaluation, memory: Memory) -> Item:
    """The question in its shortest form, or the reason that its form alone earns."""
    subject, action, resource = sent.subject, sent.action, sent.resource
    if subject is None or action is None or resource is None:
        return Reason.RESOURCE_INCOMPLETE
    kind, id_ = resource.type, resource.id
    if not (subject.type and subject.id and action.name and kind and id_):
        return Reason.RESOURCE_INCOMPLETE
    said = resource.properties or _NO_PROPERTIES
    unit, class_id = said.unit, said.class_
    if (kind == "unit" and unit not in (None, id_)) or (kind == "class" and class_id not in (None, id_)):
        return Reason.RESOURCE_CONTRADICTORY
    if subject.type != "account":
        return Reason.ACCOUNT_UNKNOWN
    topic = memory.topic(
        action.name,
        kind,
        said.category,
        said.subject,
        said.level,
        said.grade,
        said.school_year,
        (sent.context or _NO_CONTEXT).function,
    )
    return (
        AccountId(subject.id),
        topic,
        id_,
        None if unit is None else UnitId(unit),
        None if class_id is None else ClassId(class_id),
    )


def _said(question: Ask, decision: bytes, reason: bytes, grant: str | None) -> bytes:
    """`_record` for a question that was read quickly: no word of it needs an escape in JSON."""
    account, topic, _, _, class_id = question
    # Which class a pupil is in is asserted in every question; what stands in its place is worth a word.
    vouched = b"" if class_id is not None else _encode(asserted_of(topic, None))
    return b',"decision":"%b","reason":%b,"grant":%b,"account":"%b","action":"%b","type":"%b","category":%b%b' % (
        decision,
        reason,
        b"null" if grant is None else _encode(grant),
        account.encode(),
        topic.action.encode(),
        topic.resource_type.encode(),
        b"null" if topic.category is None else b'"%b"' % topic.category.encode(),
        b',"asserted":%b' % vouched if vouched not in (b"", b"[]") else b"",
    )


def _record(question: Item, reason: Reason | None, grant: str | None) -> dict[str, Any]:
    record: dict[str, Any] = {"decision": "allow" if reason is None else "deny", "reason": reason, "grant": grant}
    if not isinstance(question, Reason):
        account, topic, _, _, class_id = question
        record |= {
            "account": account,
            "action": topic.action,
            "type": topic.resource_type,
            "category": topic.category,
        }
        if class_id is None and (vouched := asserted_of(topic, None)):
            record["asserted"] = list(vouched)
    return record


def _clean(items: Sequence[Evaluation], seen: set[int]) -> None:
    """Put every word into NFC, once for each entity that stands in for others; `InvalidError` for what is none."""
    for item in items:
        for name, entity in (
            ("subject", item.subject),
            ("action", item.action),
            ("resource", item.resource),
            ("context", item.context),
        ):
            if entity is not None and id(entity) not in seen:
                seen.add(id(entity))
                _clean_members(entity, name)


def _clean_members(entity: Subject | Action | Resource | Context | ResourceProperties, name: str) -> None:
    for member in entity.__struct_fields__:
        value = getattr(entity, member)
        if isinstance(value, ResourceProperties):
            _clean_members(value, f"{name}.{member}")
        elif isinstance(value, str):
            setattr(entity, member, clean(value, f"{name}.{member.rstrip('_')}"))
