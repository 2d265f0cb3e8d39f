"""What both clients share: addresses, limits, the bodies of questions, and what a failure becomes."""

import json
import logging
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import urlsplit

from access_service.client.errors import AccessRequestError, ClientError
from access_service.client.flows import Flow, Patience, Send, asked, searched
from access_service.client.kept import KeptAnswers
from access_service.client.process import Owned
from access_service.client.values import (
    EXPLAIN,
    Decision,
    Deny,
    Explain,
    Question,
    Reason,
    Resource,
    Results,
    check_properties,
    check_resource,
    check_text,
    check_word,
)
from access_service.client.wire import decision_of, decisions_of
from access_service.client.words import sentence

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
AUTHZEN = "/access/v1/"
BATCH_ITEMS = 1000
"""Most questions that the service takes at once."""
BATCH_BYTES = 900_000
"""Below the service's 1 MiB a body, with room for what surrounds the items."""
log = logging.getLogger("access_service.client")


def wall_clock() -> float:
    """Seconds since 1970: what the times in tokens are compared with."""
    return time.time()  # noqa: TID251 the rule is the service's; this runs in other people's processes


def checked_url(base_url: str) -> str:
    """The address without its last slash; `ValueError` for http off loopback, or anything after the host.

    Keys and answers over http could be read and changed by anybody on the way.
    """
    if not isinstance(base_url, str):
        raise TypeError("the address is text: https:// and a host")
    parts = urlsplit(base_url)
    if (
        parts.scheme not in ("http", "https")
        or not parts.hostname
        or parts.username
        or parts.query
        or parts.fragment
    ):
        raise ValueError("an address is https:// and a host")
    if parts.path not in ("", "/"):
        raise ValueError("an address has no path")
    if parts.scheme == "http" and parts.hostname not in LOOPBACK:
        raise ValueError("http is only for loopback; use https")
    return base_url.rstrip("/")


@dataclass(frozen=True, slots=True)
class Conduct:
    """How a client behaves when there is no answer."""

    on_failure: Literal["deny", "raise"]
    explain: Explain | None
    carry_revision: bool


class Core:
    """The questions as flows; keeps the revision that was seen last, and is lent the answers of a stream."""

    def __init__(self, base_url: str, patience: Patience, conduct: Conduct) -> None:
        """`base_url` is the service's public address."""
        check_word("on_failure", conduct.on_failure, ("deny", "raise"))
        check_word("explain", conduct.explain, (None, *EXPLAIN))
        self.base_url = checked_url(base_url)
        self.patience = patience
        self.conduct = conduct
        self._revision: str | None = None
        self._lock = Owned(threading.Lock)

    @property
    def revision(self) -> str | None:
        """The newest revision that is known to have been seen; None before the first answer."""
        return self._revision

    def _carried(self, at_least: str | None) -> str | None:
        return at_least if at_least is not None else self._revision if self.conduct.carry_revision else None

    def _saw(self, carried: str | None, revision: str | None) -> None:
        """An answer to a question that carried what is held is at least as new; of any other nobody can say.

        Revisions are opaque: the order in which answers arrive is not theirs.
        """
        with self._lock.mine:
            if revision is not None and (self._revision is None or self._revision == carried):
                self._revision = revision

    def check(
        self, question: Question, explain: Explain | None, at_least: str | None, kept: KeptAnswers | None = None
    ) -> Flow[Decision]:
        """One question, from what is kept where that counts: never with a revision, an old answer or in full."""
        check_word("explain", explain, (None, *EXPLAIN))
        wanted = explain or self.conduct.explain
        if at_least is not None or question.old_answer is not None or wanted == "full":
            kept = None
        if kept is not None and (found := kept.recall(question, wanted)) is not None:
            return found
        # A node that is behind the one that tells what moved may not give an answer to be kept.
        asked_at = None if kept is None else kept.asked()
        carried = self._carried(at_least if asked_at is None else asked_at.revision)
        body = {**question.on_the_wire(), "context": self._context(question, explain, carried)}
        try:
            answer, revision = yield from asked(self._post("evaluation", body), self.patience)
            decision = decision_of(answer, revision)
        except ClientError as error:
            return self._failed(error)
        self._saw(carried, revision)
        if kept is not None and asked_at is not None:
            kept.keep(question, wanted, decision, asked_at)
        return decision

    def check_many(
        self, questions: Sequence[Question], explain: Explain | None, at_least: str | None
    ) -> Flow[list[Decision]]:
        """Many questions: a batch, or several when they are more than the service takes at once."""
        check_word("explain", explain, (None, *EXPLAIN))
        if not all(isinstance(question, Question) for question in questions):
            raise TypeError("each of many questions is a Question(account, action, resource)")
        decisions: list[Decision] = []
        carried = self._carried(at_least)
        # The service says no reason in a batch unless it is asked to; a page prints one for each.
        wanted = explain or self.conduct.explain or "code"
        items = [
            {**question.on_the_wire(), "context": self._context(question, wanted, carried)}
            for question in questions
        ]
        for batch in _batches(items):
            try:
                answer, revision = yield from asked(
                    self._post("evaluations", b'{"evaluations":[' + b",".join(batch) + b"]}"), self.patience
                )
                decisions += decisions_of(answer, len(batch), revision)
            except ClientError as error:
                # The rest is not asked: whoever waits should not wait once for each batch.
                return decisions + [self._failed(error)] * (len(items) - len(decisions))
            self._saw(carried, revision)
        return decisions

    def search(
        self, wanted: Literal["subject", "resource", "action"], said: Mapping[str, Any], at_least: str | None
    ) -> Flow[Results]:
        """A whole list. Raises whatever goes wrong: there is no list that fails closed but none."""
        carried = self._carried(at_least)
        context = {} if carried is None else {"context": {"at_least": carried}}

        def question(token: str) -> Send:
            page = {"page": {"token": token}} if token else {}
            return self._post(f"search/{wanted}", {**said, **context, **page})

        results = yield from searched(question, self.patience)
        self._saw(carried, results.revision)
        return results

    def _context(self, question: Question, explain: Explain | None, at_least: str | None) -> dict[str, str]:
        old = question.old_answer
        said = {
            "explain": explain or self.conduct.explain,
            "at_least": at_least,
            "function": question.function,
            "old_answer": None if old is None else "allow" if old else "deny",
        }
        return {name: value for name, value in said.items() if value is not None}

    def _post(self, path: str, body: Mapping[str, Any] | bytes) -> Send:
        data = body if isinstance(body, bytes) else _encoded(body)
        headers = {"Content-Type": "application/json", "Accept": "application/json"}
        return Send("POST", f"{self.base_url}{AUTHZEN}{path}", headers, data)

    def _failed(self, error: ClientError) -> Deny:
        """No answer is a deny, or is raised; it is written down either way, without what was asked."""
        log.warning("no decision: %s (%s)", error.code, error.message)
        if self.conduct.on_failure == "raise":
            raise error
        return Deny(why_not(error), error=error)


def why_not(error: ClientError) -> Reason:
    """What a failure is for whoever reads it: what the service said, or that it said nothing."""
    vi, en = sentence(error.code)
    if isinstance(error, AccessRequestError):
        vi, en = error.vi or vi, error.en or en
    return Reason(error.code, vi, en)


def _encoded(body: Mapping[str, Any]) -> bytes:
    try:
        return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
    except UnicodeEncodeError:
        # Half of a surrogate pair, from some broken input; escaped, the service can refuse it by name.
        return json.dumps(body, separators=(",", ":")).encode()


def _batches(items: Sequence[Mapping[str, Any]]) -> list[list[bytes]]:
    """The items in bodies that the service takes."""
    batches: list[list[bytes]] = []
    size = 0
    for item in items:
        data = _encoded(item)
        if not batches or len(batches[-1]) == BATCH_ITEMS or size + len(data) > BATCH_BYTES:
            batches.append([])
            size = 0
        batches[-1].append(data)
        size += len(data) + 1
    return batches


def resources_wanted(account: str, action: str, type_: str, properties: Mapping[str, str]) -> dict[str, Any]:
    """To which classes or units may this account do that?"""
    check_text("account", account)
    check_properties(type_, properties)
    return {
        "subject": {"type": "account", "id": account},
        "action": {"name": action},
        "resource": {"type": type_, "properties": dict(properties)},
    }


def subjects_wanted(action: str, resource: Resource) -> dict[str, Any]:
    """Who may do this to that?"""
    check_resource(resource)
    return {"subject": {"type": "account"}, "action": {"name": action}, "resource": resource.on_the_wire()}


def actions_wanted(account: str, resource: Resource) -> dict[str, Any]:
    """What may this account do here?"""
    check_text("account", account)
    check_resource(resource)
    return {"subject": {"type": "account", "id": account}, "resource": resource.on_the_wire()}
