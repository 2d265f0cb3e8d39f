"""What the AuthZEN interface reads and writes, as types; `/openapi.json` is made from the same types.

Members that are not named here are ignored at every level (AuthZEN 1.0), but for those that were meant to be read
(`domain.members`). A wrong type is refused.
"""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

from access_service.api.http.described import components_of
from access_service.api.http.errors import Problem
from access_service.api.http.limits import BATCH_ITEMS, ID_BYTES
from access_service.api.pdp import Explain

Word = Annotated[str, Meta(description=f"at most {ID_BYTES} bytes of UTF-8, no control characters; read as NFC")]
Semantic = Literal["execute_all", "deny_on_first_deny", "permit_on_first_permit"]


class Subject(Struct, omit_defaults=True, dict=True):
    """Who would act. `type` is `account`, `id` the account's code."""

    type: Word | None = None
    id: Word | None = None


class Action(Struct, omit_defaults=True, dict=True):
    """What they would do: a verb of the policy pack."""

    name: Word | None = None


class ResourceProperties(Struct, omit_defaults=True, dict=True):
    """What the caller asserts of the record."""

    category: Word | None = None
    """Category of data (nhóm dữ liệu), required for every decision."""
    unit: Word | None = None
    """Code of the unit; required for `staff`."""
    class_: Word | None = msgspec.field(default=None, name="class")
    """`<school code>:<school year>:<class code>`; a `student` who has none yet: unit, level, grade and year."""
    subject: Word | None = None
    level: Word | None = None
    grade: Word | None = None
    school_year: Word | None = None


class Resource(Struct, omit_defaults=True, dict=True):
    """The record: `type` is `unit`, `class`, `student` or `staff`."""

    type: Word | None = None
    id: Word | None = None
    properties: ResourceProperties | None = None


class Context(Struct, omit_defaults=True, dict=True):
    """What else bears on the question and its answer."""

    function: Word | None = None
    explain: Explain | None = None
    """Default `code` for a single evaluation, `none` for an item of a batch."""
    at_least: Word | None = None
    """A revision (`X-Access-Revision` of an earlier answer) that the decision must have seen."""
    old_answer: Word | None = None
    """`allow` or `deny`: what the system in place answered, from an enforcement point that observes."""


class Evaluation(Struct, omit_defaults=True, dict=True):
    """One question. Subject, action and resource are required, each with its id."""

    subject: Subject | None = None
    action: Action | None = None
    resource: Resource | None = None
    context: Context | None = None


class Options(Struct, omit_defaults=True, dict=True):
    """How a batch is run."""

    evaluations_semantic: Semantic | None = None


class Evaluations(Struct, omit_defaults=True, dict=True):
    """Several questions; members at the top stand in whole for those an item leaves out."""

    subject: Subject | None = None
    action: Action | None = None
    resource: Resource | None = None
    context: Context | None = None
    evaluations: Annotated[list[Evaluation], Meta(max_length=BATCH_ITEMS)] | None = None
    options: Options | None = None


class ReasonText(Struct, omit_defaults=True):
    """Why the answer is no."""

    code: str
    en: str
    vi: str
    field: str | None = None
    """The member of the question that is wrong, missing, or not known although it was meant to be read."""
    read: str | None = None
    """What was read there, shortened; left out where nothing stood there."""
    expected: str | None = None
    """What would be right there, where that gives nothing away: a word, several, or a form."""
    nearest: str | None = None
    """The known word that is most like what was read."""


class AnswerContext(Struct, omit_defaults=True):
    """Present on a deny when `explain` is `code`, and on every answer when it is `full`."""

    reason: ReasonText | None = None
    explanation: dict[str, Any] | None = None
    mode: Literal["observe"] | None = None
    """The answer is not enforced at that unit yet: the old system's counts. Left out where it is enforced."""


class Answer(Struct, omit_defaults=True):
    """A decision."""

    decision: bool
    context: AnswerContext | None = None


class Answers(Struct):
    """Decisions in the order asked, up to the one that ended the batch."""

    evaluations: list[Answer]


class Metadata(Struct, omit_defaults=True):
    """What this decision point offers (AuthZEN 1.0 metadata); what is not named does not exist."""

    policy_decision_point: str
    access_evaluation_endpoint: str | None = None
    access_evaluations_endpoint: str | None = None
    search_subject_endpoint: str | None = None
    search_resource_endpoint: str | None = None
    search_action_endpoint: str | None = None


TYPES = (
    *(Evaluation, Evaluations, Subject, Action, Resource, ResourceProperties, Context, Options),
    *(Answer, Answers, AnswerContext, ReasonText, Metadata, Problem),
)
COMPONENTS = components_of(TYPES)
"""`COMPONENTS` goes into `/openapi.json` as it is."""


def render(answer: Answer) -> bytes:
    """An answer as it is sent."""
    return msgspec.json.encode(answer)
