"""What is asked and what is answered: values without any I/O."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from access_service.client.errors import ClientError

Explain = Literal["none", "code", "full"]
"""How much an answer says: the decision alone, a reason with every deny, or grant, chain, documents and article."""
EXPLAIN: tuple[Explain, ...] = get_args(Explain)

PROPERTIES = frozenset({"category", "class", "grade", "level", "school_year", "subject", "unit"})
"""What a question about the register's own resources may say of them."""
TYPES = frozenset({"class", "staff", "student", "unit"})


def check_text(name: str, value: object) -> None:
    """`TypeError` for what is no text: a number is not sent as a code that looks like it."""
    if not isinstance(value, str):
        raise TypeError(f"`{name}` is text, not {type(value).__name__}: {value!r:.40}")


def check_word(name: str, value: object, known: Sequence[object]) -> None:
    """`ValueError` for a word that the service would not know, before anything is sent."""
    if value not in known:
        raise ValueError(f"`{name}` is one of {', '.join(map(repr, known))}, not {value!r}")


def check_resource(value: object) -> None:
    """`TypeError` for anything else than a resource."""
    if not isinstance(value, Resource):
        raise TypeError("a resource is made by student, staff, school_class, unit or Resource")


def check_properties(type_: str, properties: Mapping[str, object]) -> None:
    """`TypeError` for a property that is not known, or is no text; `class_` is the argument, `class` the word."""
    if type_ not in TYPES:
        return
    for name, value in properties.items():
        if name not in PROPERTIES:
            raise TypeError(f"`{name}` is no property of a {type_}: it has {', '.join(sorted(PROPERTIES))}")
        if not isinstance(value, str):
            raise TypeError(f"`{name}` is text, or left out")


@dataclass(frozen=True, slots=True)
class Resource:
    """What is to be touched: `student`, `staff`, `class` or `unit`, its id, and what the decision depends on."""

    type: str
    id: str
    """Your id of the record; a class is `<school>:<school year>:<class>`, a unit its code."""
    properties: Mapping[str, str] = field(default_factory=dict, hash=False)
    """`category`, `class`, `unit`, `subject`, `level`, `grade`, `school_year`."""

    def __post_init__(self) -> None:
        """A word that the service does not know would be a limit that nobody applies: refused by its name."""
        check_text("type", self.type)
        check_text("id", self.id)
        check_properties(self.type, self.properties)

    def on_the_wire(self) -> dict[str, Any]:
        """As an AuthZEN entity."""
        return {"type": self.type, "id": self.id, "properties": dict(self.properties)}


def student(id_: str, *, category: str, class_: str | None = None, **properties: str) -> Resource:
    """Records of one pupil, whose class you assert; without one `unit`, `level`, `grade` and `school_year`."""
    of_class = {} if class_ is None else {"class": class_}
    return Resource("student", id_, {"category": category, **of_class, **properties})


def staff(id_: str, *, unit: str, category: str, **properties: str) -> Resource:
    """Records of one member of staff of a unit."""
    return Resource("staff", id_, {"category": category, "unit": unit, **properties})


def school_class(code: str, *, category: str, **properties: str) -> Resource:
    """Records of a whole class, named as `<school>:<school year>:<class>`."""
    return Resource("class", code, {"category": category, **properties})


def unit(code: str, *, category: str, **properties: str) -> Resource:
    """Records of a unit: a school, an office, the department."""
    return Resource("unit", code, {"category": category, **properties})


@dataclass(frozen=True, slots=True)
class Question:
    """May this account do this to that?"""

    account: str
    """The account's code, as issued by the service."""
    action: str
    """A verb of the policy: `read`, `write`, `approve`, `export`, `submit`."""
    resource: Resource
    function: str | None = None
    """Where the policy asks for it."""
    old_answer: bool | None = None
    """What the system in place answered, while the service only observes; None: not told."""

    def __post_init__(self) -> None:
        """What would only be refused by the service is refused where it is written."""
        check_text("account", self.account)
        check_text("action", self.action)
        check_resource(self.resource)
        if self.function is not None:
            check_text("function", self.function)
        if self.old_answer is not None and not isinstance(self.old_answer, bool):
            raise TypeError("`old_answer` is True, False or left out")

    def on_the_wire(self) -> dict[str, Any]:
        """As an AuthZEN evaluation, without its context."""
        return {
            "subject": {"type": "account", "id": self.account},
            "action": {"name": self.action},
            "resource": self.resource.on_the_wire(),
        }


@dataclass(frozen=True, slots=True)
class Reason:
    """Why not: a stable code, and the sentence for people where the service sent one."""

    code: str
    vi: str = ""
    en: str = ""
    field: str = ""
    """Where the question itself is wrong: the member, as it stands on the wire."""
    read: str = ""
    """What the service read there."""
    expected: str = ""
    """What would be right."""
    nearest: str = ""
    """The known word most like what was read."""

    @property
    def hint(self) -> str:
        """One English sentence for whoever wrote the question; empty where it was right."""
        if not self.field:
            return ""
        said = f"`{self.field}` is `{self.read}`" if self.read else f"`{self.field}` is wrong or missing"
        right = f"; expected: {self.expected}" if self.expected else ""
        return said + right + (f"; did you mean `{self.nearest}`?" if self.nearest else "")


@dataclass(frozen=True, slots=True)
class Allow:
    """Yes. True in every condition."""

    revision: str | None = None
    """The state of the register that answered; send it back as `at_least` to read nothing older."""
    explanation: Mapping[str, Any] | None = field(default=None, hash=False)
    """With `explain="full"`: grant, chain, documents, rule, article."""
    observed: bool = False
    """The service only observes there: the answer of the system in place counts."""

    def __bool__(self) -> Literal[True]:
        return True


@dataclass(frozen=True, slots=True)
class Deny:
    """No, for this reason. False in every condition."""

    reason: Reason | None = None
    """None where no reason was asked for."""
    revision: str | None = None
    explanation: Mapping[str, Any] | None = field(default=None, hash=False)
    error: ClientError | None = field(default=None, compare=False)
    """Why there was no answer; None when the service itself said no."""
    observed: bool = False
    """The service only observes there: the answer of the system in place counts."""

    def __bool__(self) -> Literal[False]:
        return False

    @property
    def code(self) -> str | None:
        """The reason's code: `outside_class`, or `unavailable` and the like when nobody answered."""
        return None if self.reason is None else self.reason.code

    @property
    def is_answer(self) -> bool:
        """Did the service itself say no? Otherwise nobody could say yes."""
        return self.error is None


Decision = Allow | Deny
"""An answer that cannot be taken for a yes by mistake: only `Allow` is true."""


@dataclass(frozen=True, slots=True)
class Entity:
    """One result of a search for accounts, classes or units."""

    type: str
    id: str


@dataclass(frozen=True, slots=True)
class Results:
    """A whole list, of one revision and one instant; never a part of one."""

    items: tuple[Entity, ...]
    revision: str | None

    def __iter__(self) -> Iterator[Entity]:
        return iter(self.items)

    def __len__(self) -> int:
        return len(self.items)

    @property
    def ids(self) -> tuple[str, ...]:
        """Only their ids."""
        return tuple(item.id for item in self.items)
