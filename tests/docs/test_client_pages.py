"""`docs/client.md` and `docs/proxies.md` say what the client and the endpoint for proxies really do."""

import ast
import inspect
import re
import tomllib
from pathlib import Path

from access_service import client
from access_service.api.forward.auth import PATH, REWRITERS
from access_service.api.forward.rules import HEADERS
from access_service.api.http.errors import EDGE_TEXT
from access_service.client import (
    AccessClient,
    AsyncAccessClient,
    AsyncChangeStream,
    AsyncTokenVerifier,
    ChangeStream,
    TokenVerifier,
)
from access_service.client.words import TEXTS
from access_service.domain.text import REASON_TEXT, REFUSAL_TEXT
from access_service.usecases.tokens.oauth_errors import OAUTH_TEXT, OAuthCode

ROOT = Path(__file__).parents[2]
CLIENT = (ROOT / "docs" / "client.md").read_text(encoding="utf-8")
PROXIES = (ROOT / "docs" / "proxies.md").read_text(encoding="utf-8")


def _raised() -> set[str]:
    """Every code that the client's sources give a `TokenError`."""
    found = set()
    for path in (ROOT / "src" / "access_service" / "client").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "TokenError":
                (code, *_) = node.args
                assert isinstance(code, ast.Constant)
                found.add(str(code.value))
    return found


def test_the_codes_of_tokens_are_listed() -> None:
    listed = CLIENT.split("Codes of `TokenError`:")[1].split("\n\n")[0]
    assert set(re.findall(r"`([a-z_]+)`", listed)) == _raised()


def test_the_python_on_the_page_can_be_read() -> None:
    blocks = re.findall(r"```python\n(.*?)```", CLIENT, re.DOTALL)
    assert len(blocks) == 5
    for block in blocks:
        ast.parse(block)
    named = {name for block in blocks for name in re.findall(r"from access_service.client import (.*)", block)}
    for name in ", ".join(named).split(", "):
        assert name in client.__all__


def test_the_defaults_on_the_page_are_those_of_the_verifier() -> None:
    defaults = {n: p.default for n, p in inspect.signature(TokenVerifier).parameters.items()}
    for names, values in re.findall(r"^\| ((?:`\w+_s`(?:, )?)+) \| ([\d, ]+) \|", CLIENT, re.MULTILINE):
        said = dict(zip(re.findall(r"`(\w+)`", names), map(float, values.split(",")), strict=True))
        assert said == {name: defaults[name] for name in said}
    assert "| `leeway_s` | 30 |" in CLIENT


def test_both_clients_and_both_verifiers_take_and_do_the_same() -> None:
    of_their_kind = {"transport", "sleep", "watch", "authorization"}
    pairs = (
        (AccessClient, AsyncAccessClient),
        (TokenVerifier, AsyncTokenVerifier),
        (ChangeStream, AsyncChangeStream),
    )
    for one, other in pairs:
        names = {n for n in vars(one) if not n.startswith("_")}
        assert names == {n for n in vars(other) if not n.startswith("_")}
        for name in ["__init__", *(n for n in names if callable(getattr(one, n)))]:
            mine, theirs = (inspect.signature(getattr(c, name)).parameters for c in (one, other))
            assert list(mine) == list(theirs)
            for parameter in set(mine) - of_their_kind:
                assert mine[parameter].default == theirs[parameter].default
                assert mine[parameter].annotation == theirs[parameter].annotation


def test_the_page_of_proxies_names_route_headers_and_settings() -> None:
    assert f"`GET {PATH}`" in PROXIES
    assert PROXIES.count(f"http://127.0.0.1:8000{PATH}") == 2
    for pair, headers in HEADERS.items():
        assert f'headers = "{pair}"' in PROXIES
        for header in headers:
            assert header in PROXIES.lower()
    assert sum(header in PROXIES.lower() for header in REWRITERS) >= 3
    assert "`ACCESS_SERVICE_FORWARD_RULES`" in PROXIES
    (rules,) = re.findall(r"```toml\n(.*?)```", PROXIES, re.DOTALL)
    assert len(tomllib.loads(rules)["rules"]) == 3


def test_one_code_has_one_sentence_in_server_client_and_page() -> None:
    """Where the service knows a code the client says it in the service's words; its own stand on its page."""
    known = {
        **{code.value: text for code, text in REFUSAL_TEXT.items()},
        **{code.value: text for code, text in REASON_TEXT.items()},
        **EDGE_TEXT,
    }
    assert known.keys() & TEXTS.keys() >= {"outside_class", "unavailable", "token_revoked", "restart"}
    for code, (vi, en) in TEXTS.items():
        if code in known:
            assert (vi, en) == (known[code].vi, known[code].en), code
        else:
            assert f"| `{code}` |" in CLIENT, code
            assert f"| {vi} | {en} |" in CLIENT, code


def test_the_sentences_of_oauth_codes_are_on_the_page_of_codes() -> None:
    page = (ROOT / "docs" / "reasons.md").read_text("utf-8").split("## Codes of the OAuth endpoints\n")[1]
    rows = [line.strip("| ").split(" | ") for line in page.split("\n## ")[0].splitlines() if line.startswith("| `")]
    assert set(OAUTH_TEXT) == set(OAuthCode)
    assert [(code, vi, en) for code, _, vi, en in rows] == [
        (f"`{code}`", text.vi, text.en) for code, text in OAUTH_TEXT.items()
    ]
