"""Which request asks for what: the file `forward_rules`, read strictly, and requests matched to it byte for byte.

A path that two programs may read in two ways is refused: double slashes, dot segments, another case, a slash at the
end, parameters after `;`, percent-encoding that no encoder would write. So are two rules that one path could match.
"""

import re
import unicodedata
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from itertools import combinations
from pathlib import Path
from urllib.parse import unquote_to_bytes

from access_service.domain.errors import Fault, PolicyError
from access_service.engine.toml_reader import TomlTable, parse_toml, quote, text_of
from access_service.usecases.tokens.bearers import AskedAccess

HEADERS: Mapping[str, tuple[str, str]] = {
    "original": ("x-original-uri", "x-original-method"),
    "forwarded": ("x-forwarded-uri", "x-forwarded-method"),
}
"""Which pair of headers the proxy sets. The other pair may come from anybody, and is never looked at."""
TYPES = ("class", "staff", "student", "unit")
METHODS = ("DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT")
LONGEST_URI = 4096
LONGEST_VALUE = 256
_SAFE = r"[A-Za-z0-9._~:-]+"
_SPELLED = r"(?:[A-Za-z0-9._~:-]|%[0-9A-F]{2})+"
_PATH = re.compile(rf"(?:/{_SPELLED})+")
_PAIR = re.compile(rf"({_SAFE})=({_SPELLED})")
_ESCAPES = re.compile(r"(?:%[0-9A-F]{2})+")
_CUTS = frozenset("/\\%;?#")
"""Some program takes a path apart at these once they are decoded, or decodes once more."""
_CUTS_QUERY = _CUTS | frozenset("&=+")
_NAME = re.compile(r"[a-z][a-z0-9_]*")
_PLACE = re.compile(r"\{((?:query\.)?[a-z][a-z0-9_]*)\}")
_TEMPLATE = re.compile(rf"(?:{_PLACE.pattern}|[A-Za-z0-9._~:-])+")
_OPTIONAL = ("unit", "class", "subject", "level", "grade", "school_year", "function")


class UnclearPathError(Exception):
    """A request that could be read in two ways; its message is shown to whoever sent it."""


@dataclass(frozen=True, slots=True)
class ForwardRule:
    """Requests of one shape, and the question that they are."""

    methods: frozenset[str]
    segments: tuple[str, ...]
    """Of the path; `{name}` stands for any one segment."""
    action: str
    type: str
    category: str
    id: str
    """With the others below: text with `{name}` of the path and `{query.name}` of the query put in."""
    properties: Mapping[str, str]
    is_public: bool = False
    """Anybody may: no question is asked, and the service behind is told of nobody."""

    def reads_query(self) -> bool:
        """Does a value come from the query?"""
        return any("{query." in text for text in (self.id, *self.properties.values()))


@dataclass(frozen=True, slots=True)
class Matched:
    """A request as a question: what it would do, and every member of the resource and context."""

    asked: AskedAccess | None
    """None for what a rule opens to anybody."""
    properties: Mapping[str, str]
    """`level`, `grade`, `school_year`, `function` where the rule names them."""


@dataclass(frozen=True, slots=True)
class ForwardRules:
    """All rules of one service behind a proxy."""

    uri_header: str
    method_header: str
    audience: str
    """The service behind the proxy: only what was meant for it is taken."""
    rules: tuple[ForwardRule, ...]
    by_shape: Mapping[tuple[str, int], tuple[ForwardRule, ...]] = field(default_factory=dict)

    def match(self, method: str, uri: str) -> Matched | None:
        """The question that a request is, or None for one that no rule is about. `UnclearPathError`."""
        path, query = _split(uri)
        if _PATH.fullmatch(path) is None:
            raise UnclearPathError("the path could be read in two ways")
        segments = tuple(_decoded(segment, _CUTS, "path") for segment in path[1:].split("/"))
        if any(segment in (".", "..") for segment in segments):
            raise UnclearPathError("the path could be read in two ways")
        for rule in self.by_shape.get((method, len(segments)), ()):
            values = _values(rule, segments)
            if values is not None:
                if rule.is_public:
                    return Matched(None, {})
                if rule.reads_query():
                    values |= _query_values(query)
                return _matched(rule, values)
        return None


def _split(uri: str) -> tuple[str, str]:
    if len(uri) > LONGEST_URI or not uri.isascii() or not uri.isprintable() or "#" in uri or " " in uri:
        raise UnclearPathError("the address could be read in two ways")
    path, _, query = uri.partition("?")
    return path, query


def _decoded(text: str, cuts: frozenset[str], where: str) -> str:
    """The text that a spelling means, decoded once; `UnclearPathError` where another program might read another.

    An escape is taken where encoders write it and every reader takes it back: UTF-8 in capital digits, of something
    printable that must be escaped or may be (`:`), composed, and nothing that separates parts.
    """
    if "%" not in text:
        return text

    def plain(escapes: re.Match[str]) -> str:
        found = unquote_to_bytes(escapes[0]).decode("utf-8")
        if any(not c.isprintable() or c in cuts or (c.isascii() and (c.isalnum() or c in "._~-")) for c in found):
            raise ValueError
        return found

    try:
        found = _ESCAPES.sub(plain, text)
    except ValueError:
        raise UnclearPathError(f"the {where} could be read in two ways") from None
    if found != found.strip() or not unicodedata.is_normalized("NFC", found):
        raise UnclearPathError(f"the {where} could be read in two ways")
    return found


def _values(rule: ForwardRule, segments: tuple[str, ...]) -> dict[str, str] | None:
    values = {}
    for wanted, given in zip(rule.segments, segments, strict=True):
        if wanted.startswith("{"):
            values[wanted[1:-1]] = given
        elif wanted != given:
            return None
    return values


def _query_values(query: str) -> dict[str, str]:
    """Every parameter, each plainly written and once; what another reader might take apart otherwise is refused."""
    values: dict[str, str] = {}
    seen: set[str] = set()
    for pair in query.split("&") if query else ():
        found = _PAIR.fullmatch(pair)
        if found is None or found[1].lower() in seen:
            raise UnclearPathError("the query could be read in two ways")
        seen.add(found[1].lower())
        values[f"query.{found[1]}"] = _decoded(found[2], _CUTS_QUERY, "query")
    return values


def _matched(rule: ForwardRule, values: Mapping[str, str]) -> Matched:
    def filled(text: str) -> str:
        missing = [name for name in _PLACE.findall(text) if name not in values]
        if missing:
            raise UnclearPathError(f"`{missing[0].removeprefix('query.')}` is missing from the query")
        found = _PLACE.sub(lambda place: values[place[1]], text)
        if len(found) > LONGEST_VALUE:
            raise UnclearPathError("a value is too long")
        return found

    named = {name: filled(text) for name, text in rule.properties.items()}
    asked = AskedAccess(
        action=rule.action,
        category=rule.category,
        type=rule.type,
        id=filled(rule.id),
        unit=named.pop("unit", None),
        class_=named.pop("class", None),
        subject=named.pop("subject", None),
    )
    return Matched(asked, named)


def load_forward_rules(path: Path) -> ForwardRules:
    """The rules of a file; `PolicyError` with every fault of it, each with its line."""
    faults: list[Fault] = []
    try:
        content = path.read_bytes()
    except OSError as error:
        raise PolicyError((Fault(path.name, f"cannot be read: {error.strerror}"),)) from error
    text = text_of(path.name, content, faults)
    file = None if text is None else parse_toml(path.name, text, faults)
    if file is None:
        raise PolicyError(tuple(faults))
    root = TomlTable.root(file, faults)
    pair = HEADERS.get(root.word("headers", HEADERS, "kind of headers"), HEADERS["original"])
    audience = root.text("audience")
    rules = tuple(_rule(table) for table in root.rows("rules"))
    if not rules:
        root.fault(None, "no [[rules]]: every request would be refused")
    root.done()
    _check_apart(root, rules)
    if faults:
        raise PolicyError(tuple(faults))
    shapes: dict[tuple[str, int], tuple[ForwardRule, ...]] = {}
    for rule in rules:
        for method in rule.methods:
            key = (method, len(rule.segments))
            shapes[key] = (*shapes.get(key, ()), rule)
    return ForwardRules(*pair, audience, rules, shapes)


def _rule(table: TomlTable) -> ForwardRule:
    segments = _segments(table)
    methods = table.words("methods", METHODS, "method")
    if table.has("public") and table.flag("public"):
        for name in ("action", "type", "category", "id", *_OPTIONAL):
            if table.has(name):
                table.value(name)
                table.fault(name, f"a public rule asks nothing: leave out `{name}`, or `public`")
        table.done()
        return ForwardRule(methods, segments, "", "", "", "", {}, is_public=True)
    names = {segment[1:-1] for segment in segments if segment.startswith("{")}
    type_ = table.word("type", TYPES, "resource type")
    rule = ForwardRule(
        methods=methods,
        segments=segments,
        action=table.text("action"),
        type=type_,
        category=table.text("category"),
        id=_template(table, "id", names),
        properties={name: _template(table, name, names) for name in _OPTIONAL if table.has(name)},
    )
    required = {"student": "class", "staff": "unit"}.get(type_)
    if required is not None and not table.has(required):
        table.fault(None, f"`{type_}` takes `{required}`")
    table.done()
    return rule


def _segments(table: TomlTable) -> tuple[str, ...]:
    path = table.text("path")
    segments = tuple(path[1:].split("/"))
    if path and not path.startswith("/"):
        table.fault("path", "a path begins with `/`")
    elif path:
        names = [segment[1:-1] for segment in segments if segment.startswith("{")]
        for segment in segments:
            is_name = segment.startswith("{") and segment.endswith("}") and _NAME.fullmatch(segment[1:-1])
            if not is_name and (re.fullmatch(_SAFE, segment) is None or segment in (".", "..")):
                table.fault("path", f"{quote(segment)} is neither a plain segment nor `{{name}}`")
        if len(set(names)) != len(names):
            table.fault("path", "one name stands for two segments")
    return segments


def _template(table: TomlTable, key: str, names: Collection[str]) -> str:
    text = table.text(key)
    if text and _TEMPLATE.fullmatch(text) is None:
        table.fault(key, f"{quote(text)} is no text with `{{name}}` or `{{query.name}}`")
    for name in _PLACE.findall(text):
        if not name.startswith("query.") and name not in names:
            table.fault(key, f"the path has no `{{{name}}}`")
    return text


def _check_apart(root: TomlTable, rules: tuple[ForwardRule, ...]) -> None:
    """One request, one rule: an order of rules would be read as the service's own order of routes, and is not."""
    for (first, one), (second, other) in combinations(enumerate(rules), 2):
        if not one.methods & other.methods or len(one.segments) != len(other.segments):
            continue
        pairs = zip(one.segments, other.segments, strict=True)
        if all(a == b or a.startswith("{") or b.startswith("{") for a, b in pairs):
            place = root.file.place(("rules", second))
            line = root.file.place(("rules", first)).rpartition(":")[2]
            root.faults.append(Fault(place, f"a path could match this rule and the one in line {line}"))
