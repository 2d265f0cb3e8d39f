"""`docs/benchmarks.md`: tables, the plot, what is reached and what is not, from one run and hand-kept texts."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import plot

HERE = Path(__file__).resolve().parent
KEPT = tuple(
    HERE / f"{name}.md"
    for name in ("tried", "imports", "worst_request", "evidence", "pages", "paths", "september", "five_million")
)
PLOT = "benchmarks/latency.svg"
NAMES = {
    "ours": "**ours**",
    "floor": "floor (a dictionary by hand)",
    "pycasbin": "pycasbin",
    "fast_enforcer": "pycasbin FastEnforcer",
    "cedar": "Cedar (cedarpy)",
    "oso": "oso",
    "spicedb": "SpiceDB embedded",
    "sqlite": "SQLite, indexed",
    "postgres": "PostgreSQL, indexed",
    "echo": "bare echo",
    "ours_no_log": "**ours**, no line logged for each",
}
ORDER = ("ours", "floor", "sqlite", "cedar", "postgres", "fast_enforcer", "oso", "pycasbin", "spicedb")
BARE, GROWTH, CEDAR, CASBIN = 1.5, 1.2, 20, 300
SHARE, SHARE_NO_LOG, TIMES = 0.6, 0.7, 2
BATCH, BYTES, FIRST_MS, ALL_MS, CODE, FULL_MS = 150_000, 250, 20, 400, 2, 5
CORE = 0.9


class Target(NamedTuple):
    """One line of the table of targets."""

    what: str
    must: str
    aim: str
    reached: str
    is_met: bool | None
    """None: not measured in this run."""


def targets(found: dict[str, Any]) -> list[Target]:
    """Every target with what this run says about it."""
    pair = found["interleaved"]
    largest, growth = list(pair)[-1], found["ratios"]["growth"]
    floor = pair[largest]["ours_over_floor"]
    grown = round(growth["ours"] / growth["floor"], 2)
    per_grant = found["in_process"][largest]["ours"]["bytes_per_grant"]
    against = found["ratios"]["peer_over_ours"].get("100000", {})
    http = found["ratios"]["http_against_echo"]
    return [
        Target(
            f"decision in process, {int(largest):,} grants, over the floor",
            "≤ 1.5 ×",
            "< 1 ×",
            f"{floor} ×",
            floor <= BARE,
        ),
        Target(
            f"growth from {int(next(iter(pair))):,} to {int(largest):,} grants over the floor's own",
            "≤ 1.2 ×",
            "flat",
            f"{grown} × (ours {growth['ours']}, floor {growth['floor']})",
            grown <= GROWTH,
        ),
        _times("Cedar, 100,000 grants", "≥ 20 ×", "50 ×", against.get("cedar"), CEDAR),
        _times("plain pycasbin, 100,000 grants", "≥ 300 ×", "1,000 ×", against.get("pycasbin"), CASBIN),
        _share(
            "evaluation over HTTP against the bare echo",
            "≥ 60 %, p99 ≤ 2 ×",
            "80 %",
            http.get("ours"),
            SHARE,
            TIMES,
        ),
        _share("the same, no line logged for each", "≥ 70 %", "85 %", http.get("ours_no_log"), SHARE_NO_LOG, None),
        _amount(
            "decisions a second in batches of 1,000",
            "≥ 150,000",
            "500,000",
            found["batch"],
            "decisions_per_s",
            BATCH,
        ),
        Target(
            f"memory over grants at {int(largest):,}", "≤ 250 B", "100 B", f"{per_grant:.0f} B", per_grant <= BYTES
        ),
        _memory(found["memory"]),
        _search(found["search"]),
        _explain(found["explain"]),
    ]


def _absent(what: str, must: str, aim: str, why: str) -> Target:
    return Target(what, must, aim, f"not measured: {why}", None)


def _times(peer: str, must: str, aim: str, value: float | None, least: float) -> Target:
    what = f"faster than {peer}"
    if value is None:
        return _absent(what, must, aim, "not in this run")
    return Target(what, must, aim, f"{value:,.0f} ×", value >= least)


def _share(
    what: str, must: str, aim: str, one: dict[str, float] | None, least: float, times: float | None
) -> Target:
    if one is None:
        return _absent(what, must, aim, "no server")
    if not one["valid"]:
        return _absent(
            what, must, aim, f"the load did not fill the server's core ({one['rps_share']:.0%} as it was)"
        )
    is_met = one["rps_share"] >= least and (times is None or one["p99_times"] <= times)
    return Target(what, must, aim, f"{one['rps_share']:.0%}, p99 {one['p99_times']} ×", is_met)


def _amount(what: str, must: str, aim: str, found: dict[str, Any], key: str, least: float) -> Target:
    if key not in found:
        return _absent(what, must, aim, found.get("absent", ""))
    return Target(what, must, aim, f"{found[key]:,}", found[key] >= least)


def _memory(found: dict[str, Any]) -> Target:
    if "peak_mib" not in found:
        return _absent("memory within a bound", "under it", "", found.get("absent", ""))
    what = f"memory within a bound, {found['grants']:,} grants"
    reached = f"{found['peak_mib']} MiB of {found['cap_mib']} MiB"
    return Target(what, "under it", "", reached, found["peak_mib"] <= found["cap_mib"])


def _search(found: dict[str, Any]) -> Target:
    what, must, aim = "search of 10,000 classes, 1,000 a page: first, all", "≤ 20 ms, ≤ 400 ms", "5 / 200 ms"
    if "all_pages_ms" not in found:
        return _absent(what, must, aim, found.get("absent", ""))
    is_met = found["first_page_ms"] <= FIRST_MS and found["all_pages_ms"] <= ALL_MS
    return Target(what, must, aim, f"{found['first_page_ms']:.1f} / {found['all_pages_ms']:.0f} ms", is_met)


def _explain(found: dict[str, Any]) -> Target:
    what, must = "reason code over a plain decision; full explanation over HTTP", "≤ 2 ×; ≤ 5 ms"
    if "code_us" not in found or "full_ms" not in found:
        return _absent(what, must, "", found.get("absent", ""))
    times = found["code_us"] / found["plain_us"]
    return Target(
        what, must, "", f"{times:.2f} ×; {found['full_ms']:.1f} ms", times <= CODE and found["full_ms"] <= FULL_MS
    )


def table(head: list[str], rows: list[list[str]]) -> str:
    """Markdown: the first column to the left, the others to the right."""
    lines = [head, ["---", *("---:" for _ in head[1:])], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _size_table(engines: dict[str, Any]) -> str:
    ours, rows = engines["ours"]["median_us"], []
    for name in (n for n in ORDER if n in engines):
        one = engines[name]
        if "absent" in one:
            rows.append([NAMES[name], f"absent: {one['absent']}", "", "", "", ""])
            continue
        asked = "" if "asked" not in one else f" ({one['asked']} asked)"
        equal = "" if one["equal"] else " **not equal**"
        rows.append(
            [
                NAMES[name] + asked + equal,
                f"{one['median_us']:,.2f}",
                f"{one['p99_us']:,.2f}",
                f"{one['median_us'] / ours:,.2f} ×",
                f"{one['bytes_per_grant']:,.0f}",
                f"{one['load_s']:,.2f}",
            ]
        )
    return table(["engine", "median µs", "p99 µs", "over ours", "bytes a grant", "load s"], rows)


def _http_table(http: dict[str, Any]) -> str:
    rows = [
        [
            NAMES[name],
            f"{one['rps']:,}",
            f"{one['p50_ms']:.3f}",
            f"{one['p99_ms']:.3f}",
            f"{one['rps'] / http['echo']['rps']:.0%}",
            f"{one['server_core']:.0%}",
        ]
        for name, one in http.items()
    ]
    return table(["server", "requests a second", "p50 ms", "p99 ms", "of the echo", "of its core used"], rows)


def _targets_table(found: dict[str, Any]) -> str:
    words = {True: "yes", False: "**no**", None: "–"}
    rows = [[t.what, t.must, t.aim, t.reached, words[t.is_met]] for t in targets(found)]
    return table(["", "must", "aim", "this run", "reached"], rows)


def _behind(found: dict[str, Any]) -> str:
    """What the numbers say against us."""
    lines = [f"- **{t.what}**: {t.reached}, asked {t.must}." for t in targets(found) if t.is_met is False]
    lines += [f"- {t.what}: {t.reached}." for t in targets(found) if t.is_met is None]
    for size, engines in found["in_process"].items():
        ours = engines["ours"]
        for name, one in engines.items():
            if name == "ours" or "median_us" not in one:
                continue
            if one["median_us"] < ours["median_us"]:
                times = ours["median_us"] / one["median_us"]
                lines.append(f"- {NAMES[name]} answers {times:.2f} × as fast as ours at {int(size):,} grants.")
            if one["bytes_per_grant"] < ours["bytes_per_grant"] and name != "cedar":
                lines.append(
                    f"- {NAMES[name]} takes {one['bytes_per_grant']:,.0f} bytes a grant at {int(size):,} grants,"
                    f" ours {ours['bytes_per_grant']:,.0f}."
                )
    slack = [name for name, one in found["http"].items() if one.get("server_core", 1) < CORE]
    if slack:
        named = ", ".join(NAMES[name] for name in slack)
        lines.append(
            f"- The load did not fill the server's core ({named}): those shares say less than they seem to."
        )
    return "\n".join(lines) or "Nowhere in this run."


INTRO = """# Benchmarks

Written by `scripts/bench`; everything here is measured by one command on any machine with two cores, and no
test asserts a time. `scripts/bench` takes about four minutes, `scripts/bench --full` adds a million grants and
the peers that take long, `--json` prints one object for programs.
"""
HOW = """\
The province is generated (`benchmarks/dataset.py`): 2.25 grants an account, two thirds of them bound to one to
six classes, a few in a hundred expired, not yet valid or suspended. A thousand questions, half of them inside
the account's own grants, half elsewhere, some about nobody and nothing. Every engine runs in a process of its
own on one core, its rounds between rounds of ours and the floor; times are medians over all rounds but the
first, the cost of reading the clock taken off; whoever is done within a tenth of a second goes through all
questions once untimed before each round, so that the processor's caches are its own. Every answer is compared
with the floor's: {equal}. Bytes a grant are the growth of the process while accounts and grants are loaded
(units and classes are there before), for the databases their tables on disk.

- **ours** is `DecisionPoint.at_once`, what the evaluation route calls: the answer with its grant, rule and
  revision, one clock read; the reason of a deny is worked out when asked for (measured below).
- The **floor** (`benchmarks/floor.py`) knows expiry, suspension, subtree, level, class and year, and nothing
  else.
- **pycasbin** holds the role rules and a plain `g` line for each role at a place; it is loaded with the grants
  in force only, told which places exist, and asked about each that a record lies in, up to the first allow.
- **Cedar** checks all that the floor checks. Policies are parsed once; for each question a set of just the
  entities it needs is cut and parsed before the clock starts, which a service could not do for questions it
  does not know yet. Handed over as JSON text, the same sets take several times as long. Its bytes are those of
  the accounts asked about.
- **SQLite** (a file, `mmap`) and **PostgreSQL** (a Unix socket, psycopg) answer one prepared query over indexed
  tables.
"""
OVER_HTTP = """\
Ours is the whole application with the static key checked, metrics counted and the request log written; the echo
reads the body and sends the very bytes that ours would. Same uvicorn, same options, uvloop and httptools,
ours behind its own listener as `serve` starts it, the echo behind uvicorn's; sixteen keep-alive connections.
Servers share one core, the load generator has the other, runs are interleaved.
The questions are about accounts and classes that the register has; about others, which are looked for in the
database every time, one answer takes {unknown_ms} ms.
"""


TURNS = "In one process, taking turns: ours {ours_us} µs, the floor {floor_us} µs, a ratio of {ours_over_floor}."


def body(found: dict[str, Any]) -> str:
    """What one run says, as Markdown."""
    machine, versions = found["machine"], found["versions"]
    kind = "`scripts/bench --full`" if found["full"] else "`scripts/bench`"
    hardware = f"{machine['cpu']}, {machine['cores']} cores, {machine['memory_gib']} GiB"
    listed = ", ".join(f"{name} {version}" for name, version in sorted(versions.items()))
    parts = [
        f"Measured on {found['date']} by {kind} in {found['seconds']} s on {hardware}. Versions: {listed}.",
        "## What it must reach",
        _targets_table(found),
        "## A decision in process",
        HOW.format(equal="all equal" if found["equal"] else "**not all equal**"),
    ]
    for size, engines in found["in_process"].items():
        pair = found["interleaved"][size]
        parts += [
            f"### {int(size):,} grants",
            _size_table(engines),
            TURNS.format(**pair),
        ]
    parts += [
        "## Over HTTP",
        OVER_HTTP.format(unknown_ms=found["unknown_ms"]),
        _http_table(found["http"]),
        _rest(found),
        "## Where we are behind, and why",
        _behind(found),
    ]
    return "\n\n".join(part.strip() for part in parts)


def _rest(found: dict[str, Any]) -> str:
    names = {"batch": "Batches", "search": "Search", "explain": "Explanations", "memory": "Memory within a bound"}
    lines = []
    for key, name in names.items():
        said = ", ".join(
            f"{word.replace('_', ' ')} {value:,}" if word != "absent" else value
            for word, value in found[key].items()
        )
        lines.append(f"- {name}: {said}.")
    return "\n".join(lines)


def text(found: dict[str, Any]) -> str:
    """For a terminal: the run without the hand-kept texts."""
    return body(found)


def write(found: dict[str, Any], docs: Path) -> None:
    """The report and its plot below `docs`."""
    image = docs / PLOT
    image.parent.mkdir(parents=True, exist_ok=True)
    image.write_text(plot.svg(found["in_process"]), encoding="utf-8")
    run, _, rest = body(found).partition("### ")
    figure = f"![Median latency against the number of grants, both logarithmic]({PLOT})\n\n"
    kept = tuple(page.read_text(encoding="utf-8").strip() for page in KEPT)
    whole = "\n\n".join([INTRO.strip(), run + figure + "### " + rest, *kept]) + "\n"
    (docs / "benchmarks.md").write_text(whole, encoding="utf-8")
