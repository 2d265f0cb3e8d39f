"""May she, and why or why not: one question about one account, with the chain that allows it or where it breaks."""

from dataclasses import dataclass, field
from datetime import datetime

from starlette.responses import Response

from access_service.domain import words
from access_service.domain.names import AccountId, ClassId, UnitId
from access_service.domain.text import REASON_TEXT
from access_service.usecases.evidence.explaining import WhyAnswer, explain_to
from access_service.usecases.evidence.matrix_choices import read_choices
from access_service.usecases.evidence.matrix_paging import show_matrix_page
from access_service.usecases.evidence.matrix_questions import PageQuestion
from access_service.usecases.evidence.who import WhoQuestion
from access_service.web.labels import paper_names
from access_service.web.page import PageRouter, Visit

router = PageRouter()
FIELDS = ("dv", "ai", "ma", "hd", "nhom", "lop", "tai", "biet")


@dataclass(frozen=True, slots=True)
class FoundAccounts:
    """Whom a name may mean: one account is taken, of several one is chosen."""

    account: AccountId | None = None
    several: tuple[tuple[str, str, str], ...] = field(default=())
    """Id, name and what they are."""
    is_nobody: bool = False


@router.show("/tra-cuu")
def show_question(visit: Visit) -> Response:
    """The form, and the answer to what the address asks."""
    asked = {name: visit.query.get(name, "").strip()[:200] for name in FIELDS}
    shell = visit.shell()
    unit = UnitId(asked["dv"] or (shell.unit if shell is not None else visit.caller.unit))
    choices = read_choices(visit.services, visit.caller, unit)
    at = words.instant(asked["tai"]) if asked["tai"] else None
    found, why = FoundAccounts(), None
    if asked["hd"] and asked["nhom"]:
        found = _whom(visit, asked, unit, at)
        if found.account is not None:
            why = _ask(visit, asked, unit, found.account, at)
    return visit.render(
        "questions/ask.html",
        asked={**asked, "dv": unit},
        choices=choices,
        found=found,
        why=why,
        reasons=REASON_TEXT,
        papers=paper_names(),
    )


def _whom(visit: Visit, asked: dict[str, str], unit: UnitId, at: datetime | None) -> FoundAccounts:
    """By the account that was chosen, by a name, or whoever asks."""
    if asked["ma"]:
        return FoundAccounts(AccountId(asked["ma"]))
    if not asked["ai"]:
        return FoundAccounts(visit.caller.account)
    question = PageQuestion(person=words.line(asked["ai"]), include_ended=True)
    page = show_matrix_page(visit.services, visit.caller, unit, question, at=at)
    accounts = {line.row.account: line.row for line in page.lines}
    if len(accounts) == 1:
        return FoundAccounts(AccountId(next(iter(accounts))))
    several = tuple((id_, row.person_name or row.username, row.role_vi) for id_, row in accounts.items())
    return FoundAccounts(None, several, is_nobody=not accounts)


def _ask(visit: Visit, asked: dict[str, str], unit: UnitId, account: AccountId, at: datetime | None) -> WhyAnswer:
    class_id = ClassId(asked["lop"]) if asked["lop"] else None
    question = WhoQuestion(asked["hd"], asked["nhom"], class_id, None if class_id is not None else unit)
    is_then = asked["biet"] == "luc-do" and at is not None
    return explain_to(visit.services, visit.caller, account, question, at=at, known_at="then" if is_then else None)
