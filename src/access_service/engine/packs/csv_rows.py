"""`roles.csv` and `delegation.csv` into a draft. Casbin sees only rows that passed here.

Between packs of one chain: an exact repetition of an inherited row is a fault; an inherited allow may be said again
under the province's own article, or taken back by a deny; an inherited deny cannot be undone, since deny wins.
"""

import csv
import io
from collections.abc import Collection, Iterator

from access_service.domain.errors import Fault
from access_service.domain.policy import ANY, JOINED, DelegationRule, RoleRule
from access_service.engine.packs.draft import Draft
from access_service.engine.toml_reader import guess, quote

ROLE_COLUMNS = ("role", "function", "category", "action", "effect", "article")
DELEGATION_COLUMNS = ("role", "position", "unit_kind", "issuer", "documents", "article")
EFFECTS = frozenset({"allow", "deny"})
MOST_ARTICLES = 2
"""Most articles that one row cites."""
ISSUERS = frozenset({"own_unit", "direct_manager"})
DOCUMENTS = frozenset({"minutes+commitment", "minutes", "commitment", "inspection"})


def rows_of(path: str, text: str, columns: tuple[str, ...], faults: list[Fault]) -> Iterator[tuple[str, list[str]]]:
    """Each row with its place; rows of another length than the header's are faults and left out."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    first = True
    rows = 0
    while True:
        place = f"{path}:{reader.line_num + 1}"
        try:
            row = next(reader)
        except StopIteration:
            break
        except csv.Error as error:
            # What follows a broken quote is anybody's guess; the rest waits until it is mended.
            faults.append(Fault(place, f"not CSV: {error}"))
            return
        if first:
            first = False
            if tuple(row) != columns:
                faults.append(Fault(place, f"the header must be `{','.join(columns)}`"))
            continue
        rows += 1
        if len(row) == len(columns):
            yield place, row
        elif not row:
            faults.append(Fault(place, "empty line", "remove it"))
        else:
            length = "short" if len(row) < len(columns) else "long"
            faults.append(Fault(place, f"{length} row: {len(row)} of {len(columns)} cells"))
    if rows == 0:
        faults.append(Fault(f"{path}:1", "no rows after the header", "remove the file if it adds nothing"))


class CsvRow:
    """Checks the cells of one row."""

    def __init__(self, place: str, faults: list[Fault]) -> None:
        self._place = place
        self._faults = faults
        self.good = True

    def fault(self, message: str, hint: str = "") -> None:
        """Note something wrong with the row."""
        self.good = False
        self._faults.append(Fault(self._place, message, hint))

    def check(self, noun: str, word: str, known: Collection[str] | None) -> None:
        """Is the cell a word of the vocabulary? None as the vocabulary: it may be incomplete."""
        if word != word.strip():
            self.fault(f"spaces around {noun} {quote(word)}")
        elif not word:
            self.fault(f"{noun} is empty")
        elif known is not None and word not in known:
            self.fault(f"unknown {noun} {quote(word)}", guess(word, known))


def read_roles(path: str, text: str, draft: Draft, faults: list[Fault]) -> None:
    """Add the rows of one roles.csv to the draft."""
    here: dict[tuple[str, ...], tuple[str, RoleRule]] = {}
    inherited = _by_cell(draft.rules)
    for place, (role, function, category, action, effect, article) in rows_of(path, text, ROLE_COLUMNS, faults):
        row = CsvRow(place, faults)
        if role != ANY:
            row.check("role", role, draft.known(draft.roles))
        row.check("function", function, draft.known(draft.functions))
        row.check("category", category, draft.known(draft.categories))
        row.check("action", action, draft.known(draft.actions))
        row.check("effect", effect, EFFECTS)
        _check_article(row, article, draft)
        if role == ANY and effect == "allow":
            row.fault("`*` may not be allowed anything", "name each role")
        rule = RoleRule(role, function, category, action, effect == "allow", article, place)
        cell = (role, function, category, action)
        if effect not in EFFECTS:
            continue
        if cell in here:
            _compare_within(row, rule, *here[cell])
        else:
            _compare_inherited(row, rule, inherited.get(cell, []))
            here[cell] = (place, rule)
        if row.good:
            draft.rules.append(rule)


def _check_article(row: CsvRow, cited: str, draft: Draft) -> None:
    """One article, or two that ask for the same: `hp-2024-58+hp-2024-59`."""
    parts = cited.split(JOINED)
    for part in parts:
        row.check("article", part, draft.known(draft.articles))
    if len(parts) > MOST_ARTICLES or len(parts) != len(set(parts)):
        row.fault(f"{quote(cited)} cites more than two articles, or one twice")


def _by_cell(rules: list[RoleRule]) -> dict[tuple[str, ...], list[RoleRule]]:
    cells: dict[tuple[str, ...], list[RoleRule]] = {}
    for rule in rules:
        cells.setdefault((rule.role, rule.function, rule.category, rule.action), []).append(rule)
    return cells


def _compare_within(row: CsvRow, rule: RoleRule, place: str, other: RoleRule) -> None:
    if other.allow != rule.allow:
        row.fault(f"contradicts {place}: allow and deny of the same", "deny wins; keep one of the two")
    elif other.article != rule.article:
        row.fault(f"repeats {place} under another article", "one row cites one article")
    else:
        row.fault(f"repeats {place}")


def _compare_inherited(row: CsvRow, rule: RoleRule, others: list[RoleRule]) -> None:
    for other in others:
        if other.allow == rule.allow and other.article == rule.article:
            row.fault(f"repeats {other.source}, which is inherited")
        elif rule.allow and not other.allow:
            row.fault(f"allows what {other.source} denies, which is inherited", "deny wins")


def read_delegation(path: str, text: str, draft: Draft, faults: list[Fault]) -> None:
    """Add the rows of one delegation.csv to the draft."""
    here: dict[tuple[str, str, str, str], str] = {}
    for place, (role, position, unit_kind, issuer, documents, article) in rows_of(
        path, text, DELEGATION_COLUMNS, faults
    ):
        row = CsvRow(place, faults)
        row.check("role", role, draft.known(draft.roles))
        if position != ANY:
            row.check("position", position, draft.known(draft.positions))
        if unit_kind != ANY:
            row.check("unit kind", unit_kind, draft.known(draft.unit_kinds))
        row.check("issuer", issuer, ISSUERS)
        row.check("choice of documents", documents, DOCUMENTS)
        _check_article(row, article, draft)
        key = (role, position, unit_kind, issuer)
        needed = frozenset(documents.split("+"))
        rule = DelegationRule(role, position, unit_kind, issuer, needed, article, place)
        if key in here:
            row.fault(f"{here[key]} is about the same role, position, unit kind and issuer")
        elif (other := draft.delegation.get(key)) and (other.documents, other.article) == (needed, article):
            row.fault(f"repeats {other.source}, which is inherited")
        here.setdefault(key, place)
        if row.good:
            draft.delegation[key] = rule
