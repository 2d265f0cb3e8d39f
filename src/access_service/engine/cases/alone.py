"""The cases of a pack that stands alone: `*_test.yaml` read strictly and asked of its engine.

A case says who asks, what, and what the answer must be; there is no world beside the pack's own entities, and no
time. The format is docs/policy-packs.md, "Packs that stand alone".
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from access_service.domain.errors import Fault, PolicyError
from access_service.domain.reasons import Reason
from access_service.engine.alone.decisions import Named, NamedAction, Permitted, StandaloneEngine
from access_service.engine.alone.pack import StandalonePack
from access_service.engine.alone.standalone import load_standalone
from access_service.engine.cases.case_files import PATTERN, CaseResult
from access_service.engine.cases.yaml_reader import Map, parse_yaml
from access_service.engine.packs.files import FILE_LIMIT_BYTES, sort_faults


@dataclass(frozen=True, slots=True)
class StandaloneCase:
    """One case: a question, and the answer that the pack must give."""

    name: str
    subject: Named
    action: NamedAction
    resource: Named
    context: Mapping[str, object]
    outcome: str
    """`allow`, `deny`, or `deny <reason>`."""
    article: str | None
    """Of the row that decides; None is not compared."""
    place: str


def run_standalone_cases(folder: Path, models_dir: Path) -> list[CaseResult]:
    """Run every case of one folder, in the order of files and lines; nothing when the pack has none.

    Raises `PolicyError` with every fault when the pack or one of its case files cannot be read.
    """
    pack = load_standalone(folder, models_dir)
    engine = StandaloneEngine(pack)
    return [run_standalone_case(case, engine) for case in read_standalone_cases(folder, pack)]


def run_standalone_case(case: StandaloneCase, engine: StandaloneEngine) -> CaseResult:
    """Ask one question and compare what the case says of the answer."""
    decision = engine.decide(case.subject, case.action, case.resource, case.context)
    if isinstance(decision, Permitted):
        got = "allow"
    else:
        got = f"deny {decision.reason}" if case.outcome != "deny" else "deny"
    rule = decision.rule
    article = None if case.article is None or rule is None else rule.article
    expected, answered = _said(case.outcome, case.article), _said(got, article)
    return CaseResult(case.name, expected == answered, expected, answered, case.place)


def _said(outcome: str, article: str | None) -> str:
    return outcome if article is None else f"{outcome}, article {article}"


def read_standalone_cases(folder: Path, pack: StandalonePack) -> list[StandaloneCase]:
    """Every case of the folder, checked against the pack; raises `PolicyError` with every fault."""
    faults: list[Fault] = []
    found: list[StandaloneCase] = []
    for file in sorted(folder.glob(PATTERN)):
        path = f"{folder.name}/{file.name}"
        try:
            with file.open("rb") as stream:
                content = stream.read(FILE_LIMIT_BYTES + 1)
        except OSError as error:
            faults.append(Fault(f"{path}:1", f"cannot be read: {(error.strerror or 'unknown cause').lower()}"))
            continue
        if len(content) > FILE_LIMIT_BYTES:
            faults.append(Fault(f"{path}:1", f"larger than {FILE_LIMIT_BYTES >> 20} MiB"))
        else:
            found += _read_file(path, content, pack, faults)
    if faults:
        raise PolicyError(sort_faults(faults))
    return found


def _read_file(path: str, content: bytes, pack: StandalonePack, faults: list[Fault]) -> list[StandaloneCase]:
    top = parse_yaml(path, content, faults)
    if top is None:
        return []
    if not top.has("cases"):
        top.fault(None, "`cases` is missing")
    found: list[StandaloneCase] = []
    for line in top.rows("cases"):
        case = _read_case(line, pack)
        if case is not None and any(other.name == case.name for other in found):
            line.fault("name", "two cases have this name")
        found += [] if case is None else [case]
    top.done()
    return found


def _read_case(line: Map, pack: StandalonePack) -> StandaloneCase | None:
    name, ask = line.text("name"), line.child("ask")
    outcome = _outcome(line)
    article = line.word("article", pack.articles, "article") if line.has("article") else None
    line.done()
    if ask is None:
        if not line.has("ask"):
            line.fault(None, "`ask` is missing")
        return None
    subject, resource = _named(ask, "subject", pack), _named(ask, "resource", pack)
    action = ask.child("action", "name")
    said = ask.child("context")
    ask.done()
    if subject is None or resource is None or action is None:
        for key in ("subject", "action", "resource"):
            if not ask.has(key):
                ask.fault(None, f"`{key}` is missing in `ask`")
        return None
    named = NamedAction(action.text("name"), _properties(action, "action", pack))
    action.done()
    context = {} if said is None else _words(said, "context", pack)
    return StandaloneCase(name, subject, named, resource, context, outcome, article, line.place())


def _outcome(line: Map) -> str:
    if not line.has("expect"):
        line.fault(None, "`expect` is missing")
        return ""
    if not line.is_map("expect"):
        return line.word("expect", {"allow", "deny"}, "answer")
    answer = line.child("expect")
    if answer is None:
        return ""
    outcome = f"deny {answer.word('deny', {str(code) for code in Reason}, 'code')}"
    answer.done()
    return outcome


def _named(ask: Map, part: str, pack: StandalonePack) -> Named | None:
    """A subject or resource; its id alone where the pack has one type of them. Nothing in it has to be known."""
    found = ask.child(part, "id")
    if found is None:
        return None
    types = pack.types(part)
    type_ = found.text("type") if len(types) > 1 or found.has("type") else next(iter(types))
    named = Named(type_, found.text("id"), _properties(found, part, pack))
    found.done()
    return named


def _properties(found: Map, part: str, pack: StandalonePack) -> dict[str, object]:
    """What the request asserts: declared properties, trusted or not, since a case may be about being believed."""
    said = found.child("properties")
    return {} if said is None else _words(said, part, pack)


def _words(said: Map, part: str, pack: StandalonePack) -> dict[str, object]:
    properties: dict[str, object] = {}
    for key in said.keys():  # noqa: SIM118 - not a dict
        if said.check(key, key, pack.properties[part], f"property of the {part}"):
            properties[key] = said.texts(key) if pack.properties[part][key].several else said.text(key)
        else:
            said.skip(key)
    return properties
