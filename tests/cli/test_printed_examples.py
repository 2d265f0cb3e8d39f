"""Every example of docs/cli.md, for-reviewers.md and level-3.md is typed as it is printed, and does what it says.

Only what a reader puts in themselves is put in here: names for `…`, ids, and dates that must still be to come.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from test_commands import Ran, run, school, url

from world import CLASS_6A, SCHOOL, World

__all__ = ["run", "school", "url"]
ROOT = Path(__file__).parents[2]
PAGES = ("cli.md", "for-reviewers.md", "level-3.md")
SERVED = "ACCESS_SERVICE_API_KEY=…"
"""`tests/docs/test_policy_pages.py` starts this example, which goes on until a signal."""
WORKING = "access-service jobs work"
"""`test_jobs_commands.py` starts this one in a process of its own: it ends with a signal."""
LATER = {"31/05/2027": "31/05/2099"}
THEIRS = {"311138301:2026-2027:6A1": str(CLASS_6A), "311138301": str(SCHOOL)}
PAPERS = ("quyet-dinh.pdf", "dong-y.pdf", "hop-dong.pdf", "xac-nhan.pdf")


class Example(NamedTuple):
    """How an example is tried: where, with what put in, and how it must end."""

    ground: str
    """`register`: the example of `init` has just run; `school`: a school with a homeroom teacher of 6A."""
    put_in: Mapping[str, str]
    says: str
    """Stands in what is printed."""
    status: int = 0


EXAMPLES = {
    "init": Example(
        "nothing", {'--director "…"': '--director "Người Thử A"', '"…"': '"Người Thử B"'}, "/activate#code="
    ),
    "appoint": Example("register", {'--name "…"': '--name "Người Thử C"', '"…"': "thu"}, "wai_"),
    "codes": Example("register", {}, "ma-kich-hoat"),
    "unlock": Example("register", {}, "/activate#code="),
    "settle": Example("register", {}, '"events"'),
    "clock show": Example("register", {}, ""),
    "clock accept": Example("register", {}, ""),
    "clock mend": Example("register", {}, "", 2),
    "report level-3": Example("register", {}, "5.6"),
    "software add": Example("school", {}, "sof_"),
    "software approve": Example("school", LATER, "apv_"),
    "software confirm": Example("school", LATER, "sco_"),
}
"""First words of a command to how it is tried, where that is not as it is printed over the school."""


def printed() -> Iterator[tuple[str, str]]:
    """(page, command) of every example."""
    for page in PAGES:
        text = (ROOT / "docs" / page).read_text("utf-8")
        for block in re.findall(r"^```\w*\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
            for command in block.replace("\\\n", " ").splitlines():
                if "access-service " in command and not command.startswith((SERVED, WORKING)):
                    yield page, " ".join(command.split())


PRINTED = list(printed())


MADE_BEFORE = {
    "log-policy.txt": "access-service log key --policy log-policy.txt",
    "tham-tra-2026.note": "access-service log checkpoint --output tham-tra-2026.note",
    "7.tlog-proof": "access-service log proof 7 --output 7.tlog-proof",
}
"""Files that a command reads and the page's command that writes them."""
AS_PRINTED = Example("school", THEIRS, "")


def example_of(command: str) -> Example:
    """The entry with the longest name that fits; without one the example is typed as it stands, over the school."""
    found = [
        name
        for name in EXAMPLES
        if command.startswith(f"access-service {name} ") or command == f"access-service {name}"
    ]
    return EXAMPLES[max(found, key=len)] if found else AS_PRINTED


@pytest.fixture
def typed(run: Any, url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Ran]:
    """Types a command in a folder that holds the papers it names."""
    monkeypatch.chdir(tmp_path)
    for paper in PAPERS:
        (tmp_path / paper).write_bytes(b"000")

    def call(command: str, put_in: Mapping[str, str] | None = None) -> Ran:
        for word, other in (put_in or {}).items():
            command = command.replace(word, other)
        ran: Ran = run(*shlex.split(command)[1:])
        return ran

    return call


def printed_by(name: str) -> str:
    return next(command for _, command in PRINTED if command.startswith(f"access-service {name} "))


def found_register(typed: Callable[..., Ran]) -> None:
    """As the page of `init` does it, and an operator whose secret lies in the two files that the page names."""
    assert typed(printed_by("init"), EXAMPLES["init"].put_in).status == 0
    made = typed("access-service operator add thu --json")
    assert made.status == 0, made.err
    for name in ("secret", "thu.txt"):
        path = Path(name)
        path.write_text(made.json["secret"], "utf-8")
        path.chmod(0o600)


def ids_of(typed: Callable[..., Ran], world: World, command: str) -> dict[str, str]:
    """What stands for `acc_…` and `sof_…`: the teacher's account, and the software of the page's own example."""
    ids = {"acc_…": world.people["gvcn"].account}
    if "sof_…" in command:
        ids["sof_…"] = typed(f"{printed_by('software add')} --json").json["id"]
    return ids


@pytest.mark.parametrize(("page", "command"), PRINTED)
def test_an_example_does_what_the_page_says(
    page: str, command: str, typed: Callable[..., Ran], request: pytest.FixtureRequest
) -> None:
    example = example_of(command)
    put_in = dict(example.put_in)
    if example.ground == "register":
        found_register(typed)
    elif example.ground == "school":
        put_in |= ids_of(typed, request.getfixturevalue("school"), command)
    for name, maker in MADE_BEFORE.items():
        if name in command and command != maker:
            assert typed(maker).status == 0
    ran = typed(command, put_in)
    assert ran.status == example.status, ran.err
    assert ("access-service: " in ran.err) == (example.status == 2), ran.err
    assert example.says in ran.out
    for option, name in re.findall(r"(--output|--accounts|--csv|--pdf) (\S+)", command):
        assert Path(name).exists(), option
    if "--json" in command:
        json.loads(ran.out)
