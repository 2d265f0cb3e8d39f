"""Every command that README and docs print is run by a test, or stands in a table here with the reason why not.

A block is found by its page and its first words. Whoever prints another one names its test here; commands that
stand in a sentence are read by the command line's own parser, so that none has a word or option that there is not.
"""

from __future__ import annotations

import ast
import re
import shlex
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import typer

from access_service.cli.commands import app

ROOT = Path(__file__).parents[2]
PAGES = (
    ROOT / "README.md",
    *sorted((ROOT / "docs").glob("*.md")),
    *sorted((ROOT / "examples").rglob("*.md")),
    *sorted((ROOT / "client").glob("*.md")),
)
SHELLS = frozenset({"sh", "console", "bash", "shell", "postgres", "recovered", "waits", "lost"})
PROGRAMS = re.compile(r"^(?:[A-Z_]+=\S+ )*(?:\S*/)?(?:access-service|scripts/|python3?\b|pip\b|curl\b)")

POLICY = "tests/docs/test_policy_pages.py::"
OPERATING = (
    "tests/docs/test_operating_pages.py::test_a_machine_is_installed_rotated_upgraded_and_watched_as_the_pages_say"
)
EXAMPLES = "tests/cli/test_printed_examples.py::test_an_example_does_what_the_page_says"
FRESH = "tests/examples/test_gradebook_fresh.py::test_the_commands_of_three_pages_answer_in_a_fresh_checkout"
DRILL = "tests/scripts/test_drill.py::test_a_restored_service_answers_as_before"
INSTANT = (
    "tests/scripts/test_recovery_to_an_instant.py::test_postgresql_goes_back_to_an_instant_and_what_was_open_ends"
)
FAILOVER = (
    "tests/scripts/test_failover_rehearsal.py::"
    "test_nothing_is_lost_with_a_primary_whose_commits_waited_for_the_standby"
)
LOST = (
    "tests/scripts/test_failover_rehearsal.py::"
    "test_what_was_granted_in_commits_that_the_standby_never_had_is_allowed_by_no_node"
)
PROVINCE = (
    "tests/scripts/test_make_province.py::"
    "test_the_commands_of_the_page_give_a_province_of_this_year_and_name_what_they_keep"
)

RUN: dict[tuple[str, str], str] = {
    ("README.md", "scripts/demo"): FRESH,
    ("README.md", "python3 -c"): FRESH,
    ("examples/gradebook/README.md", "scripts/demo"): FRESH,
    ("examples/gradebook/README.md", "ask()"): FRESH,
    ("docs/for-services.md", ""): FRESH,
    ("docs/authzen.md", ""): POLICY + "test_the_certification_s_pack_is_served_and_asked_as_the_page_says",
    ("docs/write-a-policy.md", ""): POLICY + "test_ten_minutes_end_in_the_page_s_answers",
    ("docs/cli.md", "ACCESS_SERVICE_API_KEY=… access-service serve"): POLICY
    + "test_a_pack_is_served_as_the_page_of_commands_says",
    ("docs/cli.md", ""): EXAMPLES,
    ("docs/for-reviewers.md", ""): EXAMPLES,
    ("docs/level-3.md", ""): EXAMPLES,
    ("docs/back-up.md", ""): DRILL,
    ("docs/restore.md", "export"): DRILL,
    ("docs/restore.md", "access-service restore backups"): DRILL,
    ("docs/restore.md", "access-service log new-epoch"): DRILL,
    ("docs/restore.md", ""): INSTANT,
    (
        "docs/client.md",
        "",
    ): "tests/scripts/test_build.py::test_the_client_is_installed_from_a_checkout_as_the_page_says",
    ("docs/import.md", "scripts/make-province"): PROVINCE,
    (
        "docs/taking-over.md",
        "",
    ): "tests/docs/test_taking_over.py::test_the_page_of_taking_over_answers_what_it_prints",
    ("docs/install.md", "export"): OPERATING,
    ("docs/install.md", "access-service"): OPERATING,
    ("docs/rotate.md", ""): OPERATING,
    ("docs/add-a-node.md", "access-service"): FAILOVER,
    ("docs/fail-over.md", "access-service log new-epoch"): LOST,
    ("docs/fail-over.md", ""): FAILOVER,
    ("docs/upgrade.md", "access-service"): OPERATING,
    ("docs/watch.md", "export"): OPERATING,
    ("docs/watch.md", "access-service"): OPERATING,
    ("docs/sign-in-for-services.md", ""): "tests/scripts/test_oauth_clients.py::"
    "test_authlib_signs_a_person_in_and_out_in_a_browser",
    ("docs/proxies.md", "json()"): "tests/examples/test_nginx.py::test_the_pages_own_commands_lead_to_the_service",
    ("docs/development.md", "python3 scripts/bootstrap.py"): "tests/scripts/test_bootstrap.py::"
    "test_the_second_run_is_silent_and_installs_nothing",
    ("docs/development.md", "scripts/build"): "tests/scripts/test_build.py::test_no_file_belongs_to_both_wheels",
    ("docs/development.md", "scripts/vocabulary"): "tests/api/manage/test_vocabulary.py::"
    "test_the_page_is_what_the_packs_say",
    ("docs/development.md", "scripts/pictures"): "tests/web/test_guide_of_heads.py::"
    "test_whoever_does_only_what_the_heads_guide_says_reaches_its_end",
    ("docs/development.md", "scripts/bench"): "tests/scripts/test_bench.py::"
    "test_one_object_has_every_engine_or_says_why_not",
    ("docs/development.md", "scripts/attack"): "tests/scripts/test_attack.py::"
    "test_the_attacker_plays_and_finds_nothing",
}
"""Page and first words (none: whatever else the page prints) to the test that runs it."""

ROOTS = "needs root, and a machine of its own: packages, users, PostgreSQL's own account or systemd"
NOT_RUN: dict[tuple[str, str], str] = {
    ("README.md", "scripts/test"): "it is the run that this test is part of",
    ("docs/development.md", "scripts/test"): "it is the run that this test is part of",
    ("docs/development.md", "scripts/check"): "`scripts/test` begins with it",
    ("docs/development.md", "scripts/fix"): "it rewrites the sources that are under test",
    ("docs/development.md", "scripts/night"): "five hours",
    ("docs/development.md", "ACCESS_SERVICE_TEST_MEASURES"): "`scripts/test` measures so, this very run included",
    ("docs/development.md", ".venv/bin/python -m slipcover"): "`scripts/test` ends with it",
    (
        "docs/benchmarks.md",
        ".venv/bin/python benchmarks/worst_request.py",
    ): "it measures times: `scripts/night` runs it",
    ("docs/add-a-node.md", "curl"): "the rehearsal asks the same of ports of its own",
    ("docs/back-up.md", "install -d"): ROOTS,
    ("docs/install.md", "apt-get"): ROOTS,
    ("docs/install.md", "python3 -m venv /opt"): ROOTS,
    ("docs/install.md", "createuser"): ROOTS,
    ("docs/install.md", "cp deploy"): ROOTS,
    ("docs/upgrade.md", "systemctl"): ROOTS,
    ("docs/watch.md", "printf"): ROOTS,
}
"""Page and first words to the reason why no test runs it."""


class Printed(NamedTuple):
    """A block of commands, or a line of a list of them."""

    page: str
    text: str


def blocks_of(page: Path) -> Iterator[Printed]:
    """Of a list of commands with a remark beside each, every line stands by itself."""
    name = page.relative_to(ROOT).as_posix()
    for language, text in re.findall(r"^```(\w*)\n(.*?)^```$", page.read_text("utf-8"), re.MULTILINE | re.DOTALL):
        if language in SHELLS or (not language and PROGRAMS.match(text)):
            if name == "docs/development.md" or f"{name} {text}".startswith("README.md scripts/"):
                yield from (Printed(name, line) for line in text.splitlines())
            else:
                yield Printed(name, text)


PRINTED = [printed for page in PAGES for printed in blocks_of(page)]


def entry_of(printed: Printed) -> tuple[str, str] | None:
    """The entry with the longest first words that fit, in either table."""
    fitting = [key for key in (*RUN, *NOT_RUN) if key[0] == printed.page and printed.text.startswith(key[1])]
    return max(fitting, key=lambda key: len(key[1]), default=None)


@cache
def functions_of(file: str) -> frozenset[str]:
    tree = ast.parse((ROOT / file).read_text("utf-8"))
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))


@cache
def reading(file: str) -> str:
    """The text of a file of tests, of its neighbours that it imports, and of the scripts that it runs."""
    path = ROOT / file
    text = path.read_text("utf-8")
    beside = {path.parent / f"{name}.py" for name in re.findall(r"^from (\w+) import", text, re.MULTILINE)}
    scripts = {ROOT / name for name in re.findall(r"scripts/[\w-]+", text)}
    return text + "".join(other.read_text("utf-8") for other in beside | scripts if other.is_file())


@pytest.mark.parametrize("printed", [pytest.param(p, id=f"{n} {p.page}") for n, p in enumerate(PRINTED)])
def test_a_printed_command_is_run_by_a_test_or_says_why_not(printed: Printed) -> None:
    key = entry_of(printed)
    assert key is not None, f"name the test that runs it, in RUN: {printed.text}"
    if key in RUN:
        file, _, name = RUN[key].partition("::")
        assert name in functions_of(file), RUN[key]
        if printed.page != "docs/development.md":
            page = Path(printed.page)
            assert page.name in reading(file) or f'"{page.stem}"' in reading(file), f"{file} does not read {page}"


def test_the_tables_name_nothing_that_is_not_printed() -> None:
    assert {*RUN, *NOT_RUN} - {entry_of(printed) for printed in PRINTED} == set()
    assert not RUN.keys() & NOT_RUN.keys()
    assert len(PRINTED) > 60


def spans() -> Iterator[tuple[str, str]]:
    """Commands of ours that stand in a sentence, and those of blocks, each on one line."""
    for page in PAGES:
        text = page.read_text("utf-8")
        name = page.relative_to(ROOT).as_posix()
        prose = re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)
        for found in re.findall(r"`(?:access-service) ([^`]+)`", prose):
            yield name, " ".join(found.split())
        for printed in blocks_of(page):
            for line in printed.text.replace("\\\n", " ").splitlines():
                if found := re.match(r"(?:\w+=\S+ )*(?:\S*/)?access-service ([^|&>#]*)", line):
                    yield name, found[1].strip()


def command_of(words: list[str]) -> tuple[Any, list[str]]:
    """The command that the words begin with, and the words behind its name."""
    command: Any = typer.main.get_command(app)
    while words and hasattr(command, "commands") and words[0] in command.commands:
        command, words = command.commands[words[0]], words[1:]
    return command, words


PLACEHOLDERS = frozenset({"COMMAND", "…"})


@pytest.mark.parametrize(("page", "line"), sorted(set(spans())))
def test_a_command_in_a_sentence_has_only_words_and_options_that_there_are(page: str, line: str) -> None:
    words = shlex.split(line)
    command, rest = command_of(words)
    if hasattr(command, "commands"):
        assert not rest or rest[0] in PLACEHOLDERS or rest[0].startswith("-"), f"{page}: no command {words}"
    known = {option for parameter in command.params for option in parameter.opts} | {"--help"}
    options = {word.partition("=")[0] for word in rest if word.startswith("--")}
    assert options <= known, f"{page}: {line}"


def test_scripts_that_pages_name_are_there() -> None:
    named = {
        script
        for page in PAGES
        for script in re.findall(r"(?<![\w/.-])(?:scripts/[\w.-]*\w|benchmarks/\w+\.py)", page.read_text("utf-8"))
    }
    assert len(named) > 10
    assert {script for script in named if not (ROOT / script).exists()} == set()
