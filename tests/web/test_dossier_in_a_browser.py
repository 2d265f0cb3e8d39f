"""`kiem-tra.html` in a real browser without network: it says of a dossier what `verify.py` says."""

from __future__ import annotations

import base64
import json
import re
import subprocess
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from test_docs_in_a_browser import WAIT_S, browser

from evidence import made_dossier as made_of
from evidence.test_verify_dossier import WITH_KEYS, broken

PAGE = made_of.VERIFY.with_name("kiem_tra.html")


def told(folder: Path, runs: list[tuple[bytes, bytes | None]], *, is_pure: bool = False) -> list[Any]:
    """What the page finds in each dossier, asked one after the other in one browser."""
    given = [[base64.b64encode(data).decode(), None if p is None else p.decode()] for data, p in runs]
    script = f"""<script>(async () => {{
        hasOwn = {json.dumps(not is_pure)};
        const all = [];
        for (const [data, policy] of {json.dumps(given)})
            all.push(await checkBytes(Uint8Array.from(atob(data), c => c.charCodeAt(0)), policy));
        const out = document.createElement("script");
        out.type = "application/json"; out.id = "told"; out.textContent = JSON.stringify(all);
        document.body.append(out);
    }})()</script>"""
    page = folder / "kiem-tra.html"
    page.write_text(PAGE.read_text("utf-8").replace("</body>", script + "</body>"), "utf-8")
    shown = subprocess.run(
        [
            *(browser(), "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={folder}/browser"),
            *("--disable-dev-shm-usage", "--virtual-time-budget=120000", "--dump-dom"),
            "--host-resolver-rules=MAP * ~NOTFOUND",
            page.as_uri(),
        ],
        capture_output=True,
        text=True,
        timeout=WAIT_S,
        check=True,
    ).stdout
    (found,) = re.findall(r'<script type="application/json" id="told">(.*?)</script>', shown, re.DOTALL)
    return [json.loads(unescape(found)), shown]


def codes(findings: list[dict[str, str]]) -> set[str]:
    return {f["code"] for f in findings if f["severity"] == "broken"}


def test_the_page_asks_no_network_of_its_own() -> None:
    text = PAGE.read_text("utf-8")
    assert "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'" in text
    assert not re.search(r"https?://|\bfetch\(|XMLHttpRequest|import\(|WebSocket|innerHTML|\beval\(", text)


@pytest.mark.parametrize("is_pure", [False, True])
def test_a_dossier_is_whole_in_a_browser_without_network(tmp_path: Path, *, is_pure: bool) -> None:
    data = made_of.zipped(made_of.make().write())
    [[found], shown] = told(tmp_path, [(data, made_of.policy())], is_pure=is_pure)

    assert [(f["severity"], f["code"]) for f in found] == [("look", "time_unanchored"), ("info", "not_checked")]
    assert "KHÔNG CÓ SAI LỆCH" in shown
    assert "30 tệp, 3 văn bản, 4 xác nhận, 8 sự kiện, 8 bằng chứng" in shown
    assert "phan-chu.json" in shown


def test_a_browser_finds_what_python_finds_in_every_mutation(tmp_path: Path) -> None:
    runs, expected = [], []
    for _, (change, _code) in sorted(WITH_KEYS.items()):
        made = made_of.make()
        change(made)
        files = made.write()
        runs.append((made_of.zipped(files), made_of.policy()))
        expected.append(broken(files))
    whole = made_of.zipped(made_of.make().write())
    runs += [(whole[:-1], None), (whole[:300] + b"!" + whole[301:], None), (b"", None)]
    expected += [{"manifest_zip"}, {"manifest_hash"}, {"manifest_zip"}]
    [found, _] = told(tmp_path, runs)

    names = [*sorted(WITH_KEYS), "cut", "flipped", "empty"]
    assert {
        n: codes(f)
        for n, f in zip(names, found, strict=True)
        if codes(f) != dict(zip(names, expected, strict=True))[n]
    } == {}
