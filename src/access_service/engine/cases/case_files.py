"""The cases of a pack: `*_test.yaml` read strictly and run through the rules (`access-service policy test`).

A case asks for a decision, as another service would, or tries an act of delegation, as a head would; it says what
the policy must answer and which numbers of docs/coverage.md it proves. The format is docs/policy-packs.md.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from access_service.domain.access import AccessRequest, Allow, Decision
from access_service.domain.errors import Fault, PolicyError, RefusedError
from access_service.domain.names import AccountId, Capacity, ClassId, UnitId
from access_service.domain.policy import JOINED, Pack
from access_service.domain.reasons import Reason, Refusal
from access_service.domain.standing import standing
from access_service.engine.cases.acts import CaseAct, Done, read_act
from access_service.engine.cases.world import OnePack, World
from access_service.engine.cases.world_reader import WorldReader
from access_service.engine.cases.yaml_reader import Map, parse_yaml
from access_service.engine.compile import compile_pack
from access_service.engine.compiled_pack import CompiledPack
from access_service.engine.decide import decide
from access_service.engine.memory import Memory
from access_service.engine.packs.files import FILE_LIMIT_BYTES, sort_faults
from access_service.engine.packs.load import load_pack
from access_service.engine.snapshots import flatten

PATTERN = "*_test.yaml"
LAST_ITEM = 128
"""Requirements in docs/coverage.md."""
_DOCUMENTS = frozenset({"minutes", "commitment", "inspection"})
_RESOURCE = ("type", "id", "category", "unit", "class", "subject", "level", "grade", "year")


@dataclass(frozen=True, slots=True)
class Expected:
    """The answer that a case demands; what is None is not compared."""

    outcome: str
    """`allow`, `deny <reason>`, `done` or `refused <refusal>`."""
    grant: str | None = None
    """The grant that allows, or that got furthest."""
    article: str | None = None
    """Of the rule, the lock or the row that decides."""
    documents: frozenset[str] | None = None
    capacity: str | None = None


@dataclass(frozen=True, slots=True)
class Case:
    """One case: a question or an act, at one instant."""

    name: str
    items: tuple[int, ...]
    """Numbers of docs/coverage.md."""
    at: datetime
    ask: AccessRequest | None
    act: CaseAct | None
    expected: Expected
    place: str


@dataclass(frozen=True, slots=True)
class CaseFile:
    """One `*_test.yaml`: a world and its cases."""

    path: str
    """`hai-phong/reporting_test.yaml`."""
    world: World
    cases: tuple[Case, ...]


@dataclass(frozen=True, slots=True)
class CaseResult:
    """What came of one case."""

    name: str
    ok: bool
    expected: str
    got: str
    place: str
    """`file:line` of the case."""


def run_cases(pack_dir: Path, models_dir: Path) -> list[CaseResult]:
    """Run every case of one pack folder, in the order of files and lines; nothing when the pack has none.

    Raises `PolicyError` with every fault when the pack or one of its case files cannot be read.
    """
    pack = load_pack(pack_dir.parent, pack_dir.name, models_dir)
    tables = compile_pack(pack, Memory())
    return [run_case(case, file.world, tables) for file in read_case_files(pack_dir, pack) for case in file.cases]


def read_case_files(pack_dir: Path, pack: Pack) -> list[CaseFile]:
    """Every case file of the folder, checked against the pack; raises `PolicyError` with every fault."""
    faults: list[Fault] = []
    found = [
        _read_file(file, f"{pack_dir.name}/{file.name}", pack, faults) for file in sorted(pack_dir.glob(PATTERN))
    ]
    if faults:
        raise PolicyError(sort_faults(faults))
    return [file for file in found if file is not None]


def _read_file(file: Path, path: str, pack: Pack, faults: list[Fault]) -> CaseFile | None:
    try:
        with file.open("rb") as stream:
            content = stream.read(FILE_LIMIT_BYTES + 1)
    except OSError as error:
        faults.append(Fault(f"{path}:1", f"cannot be read: {(error.strerror or 'unknown cause').lower()}"))
        return None
    if len(content) > FILE_LIMIT_BYTES:
        faults.append(Fault(f"{path}:1", f"larger than {FILE_LIMIT_BYTES >> 20} MiB"))
        return None
    return parse_case_file(path, content, pack, faults)


def parse_case_file(path: str, content: bytes, pack: Pack, faults: list[Fault]) -> CaseFile | None:
    """One case file; None, or something to throw away, when `faults` grew."""
    top = parse_yaml(path, content, faults)
    if top is None:
        return None
    before = len(faults)
    world_map = top.child("world")
    lines = top.rows("cases")
    if world_map is None and not top.has("world"):
        top.fault(None, "`world` is missing")
    if not top.has("cases"):
        top.fault(None, "`cases` is missing")
    top.done()
    world = WorldReader(world_map, pack).read() if world_map is not None else World()
    if len(faults) > before:
        # In a world that was not understood every id of a case would look unknown: its shape alone is checked.
        for line in lines:
            _shape(line)
        return None
    cases = [_read_case(line, world, pack) for line in lines]
    _check_names(lines, cases)
    return CaseFile(path, world, tuple(case for case in cases if case is not None))


def _check_names(lines: list[Map], cases: Iterable[Case | None]) -> None:
    seen: set[str] = set()
    for line, case in zip(lines, cases, strict=True):
        if case is not None and case.name in seen:
            line.fault("name", "two cases have this name")
        seen.add(case.name if case is not None else "")


def _shape(line: Map) -> None:
    line.skip("name", "items", "at", "ask", "act", "expect", "grant", "article", "documents", "capacity")
    line.done()


def _read_case(line: Map, world: World, pack: Pack) -> Case | None:
    name, items = line.text("name"), line.numbers("items", 1, LAST_ITEM)
    line.text("at")
    at = line.start("at", datetime(2000, 1, 1, tzinfo=UTC))
    ask = act = None
    if line.has("ask") == line.has("act"):
        line.fault(None, "a case has one of ask, act")
        line.skip("ask", "act")
    elif (asked := line.child("ask")) is not None:
        ask = _request(asked)
    elif (acted := line.child("act")) is not None:
        act = read_act(acted, world, pack, at)
        acted.done()
    expected = _expected(line, pack, is_ask=line.has("ask"))
    line.done()
    if not (name and expected is not None and (ask is not None or act is not None)):
        return None
    return Case(name, items, at, ask, act, expected, line.place())


def _request(line: Map) -> AccessRequest:
    """A question as it comes over the wire: nothing in it has to be known."""
    account, action = line.text("account"), line.text("action")
    function, resource = line.optional("function"), line.child("resource")
    line.done()
    said = (
        dict.fromkeys(_RESOURCE, None) if resource is None else {key: resource.optional(key) for key in _RESOURCE}
    )
    if resource is None:
        line.fault(None, "`resource` is missing")
    else:
        resource.text("type")
        resource.done()
    type_, unit, class_id = said["type"] or "", said["unit"], said["class"]
    # A unit or a class is its own record; a pupil or a member of staff is somebody of whom nothing is held.
    of_type = {"unit": unit, "class": class_id}.get(type_)
    return AccessRequest(
        account=AccountId(account),
        action=action,
        resource_type=type_,
        resource_id=said["id"] or of_type or "000",
        category=said["category"],
        unit=UnitId(unit) if unit is not None else None,
        class_id=ClassId(class_id) if class_id is not None else None,
        subject=said["subject"],
        level=said["level"],
        grade=said["grade"],
        school_year=said["year"],
        function=function,
    )


def _expected(line: Map, pack: Pack, *, is_ask: bool) -> Expected | None:
    """`allow`, `done`, `{deny: reason}` or `{refused: code}`, with what else is compared."""
    good, bad = ("allow", "deny") if is_ask else ("done", "refused")
    codes = {str(code) for code in (Reason if is_ask else Refusal)}
    if not line.has("expect"):
        line.fault(None, "`expect` is missing")
        line.skip("grant", "article", "documents", "capacity")
        return None
    outcome = ""
    if line.is_map("expect"):
        answer = line.child("expect")
        if answer is not None:
            outcome = f"{bad} {answer.word(bad, codes, 'code')}"
            answer.done()
    else:
        outcome = line.word("expect", {good}, "answer")
    article = line.word("article", pack.articles, "article") if line.has("article") else None
    grant = line.optional("grant") if is_ask else None
    documents = None if is_ask else line.words("documents", _DOCUMENTS, "document")
    capacity = None if is_ask or not line.has("capacity") else line.word("capacity", set(Capacity), "capacity")
    return Expected(outcome, grant, article, documents, capacity)


def decide_case(request: AccessRequest, world: World, tables: CompiledPack, now: datetime) -> Decision:
    """The engine's answer in a world, from facts to decision."""
    facts = world.facts(request.account)
    memory = Memory()
    snapshot = None if facts is None else flatten(standing(facts, now), memory)
    return decide(request, snapshot, OnePack(world.org, world.bound, tables, now, memory), now)


def run_case(case: Case, world: World, tables: CompiledPack) -> CaseResult:
    """Run one case. `tables` are the pack's, compiled or anything that answers like them."""
    got = _asked(case.ask, case, world, tables) if case.ask is not None else _tried(case, world, tables.pack)
    wanted = case.expected
    compared = Expected(
        got.outcome,
        grant=got.grant if wanted.grant is not None else None,
        article=_cited(got.article, wanted.article),
        documents=got.documents if wanted.documents is not None else None,
        capacity=got.capacity if wanted.capacity is not None else None,
    )
    return CaseResult(case.name, compared == wanted, _said(wanted), _said(compared), case.place)


def _cited(got: str | None, wanted: str | None) -> str | None:
    """A row of two articles rests on each of them."""
    return wanted if got is not None and wanted in got.split(JOINED) else None if wanted is None else got


def _asked(request: AccessRequest, case: Case, world: World, tables: CompiledPack) -> Expected:
    decision = decide_case(request, world, tables, case.at)
    if isinstance(decision, Allow):
        return Expected("allow", decision.grant, decision.rule.article)
    because = decision.because
    return Expected(f"deny {decision.reason}", decision.grant, None if because is None else because.article)


def _tried(case: Case, world: World, pack: Pack) -> Expected:
    try:
        done = case.act.run(world, pack, case.at) if case.act is not None else Done()
    except RefusedError as error:
        return Expected(f"refused {error.code}")
    return Expected("done", article=done.article, documents=done.documents, capacity=done.capacity)


def _said(answer: Expected) -> str:
    """An answer in one line, such as `deny outside_class, grant gvcn-6a`."""
    parts = [answer.outcome]
    for name, value in (("grant", answer.grant), ("article", answer.article), ("capacity", answer.capacity)):
        parts += [f"{name} {value}"] if value is not None else []
    if answer.documents is not None:
        parts.append(f"documents {'+'.join(sorted(answer.documents))}")
    return ", ".join(parts)
