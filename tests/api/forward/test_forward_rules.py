"""Rules for requests through a proxy: how a path is read, what is open to anybody, and what does not start."""

from __future__ import annotations

from pathlib import Path

import pytest
from forward_scene import RULES, through
from oauth_scene import GRADEBOOK, Scene
from serving import settings_for

from access_service.app import create_app
from access_service.domain.errors import PolicyError
from world import CLASS_6A

QUERY = f"/hoc-sinh/000000000001?lop={CLASS_6A.replace(':', '%3A')}"


@pytest.mark.parametrize(
    ("uri", "method"),
    [
        (QUERY, "GET"),
        (QUERY.replace("%3A", ":", 1), "GET"),
        (f"/lop/{CLASS_6A.replace(':', '%3A')}", "PUT"),
        (f"/hoc-sinh/tr%E1%BA%BB-1?lop={CLASS_6A}", "GET"),
        (f"/hoc-sinh/a%20b%28c%29?lop={CLASS_6A}", "GET"),
    ],
)
def test_the_one_spelling_that_an_encoder_gives_is_read_once(
    behind: Scene, session: str, uri: str, method: str
) -> None:
    """`encodeURIComponent` writes `%3A`, a form too: refused, no browser could have asked."""
    assert through(behind, uri, session, method=method)[0] == 200
    other = uri.replace("6A", "6B")
    assert through(behind, other, session, method=method) == (403, "outside_class")


@pytest.mark.parametrize(
    "said",
    [
        *("%253A", "%3a", "%2F", "%5C", "%2E%2E", "%2e%2e", "%00", "%0A", "%7F", "%C2%A0", "%E2%80%AE", "%25"),
        *("%36A", "%3", "%", "%3B", "%3F", "%23", "%80", "%C0%AF", "%ED%A0%80", "%20", "o%CC%82", "%EF%BB%BF"),
    ],
)
def test_what_is_spelled_otherwise_or_cuts_once_decoded_is_refused(behind: Scene, session: str, said: str) -> None:
    assert through(behind, f"/hoc-sinh/{said}?lop={CLASS_6A}", session) == (403, "forbidden")
    assert through(behind, f"/hoc-sinh/1?lop={said}", session) == (403, "forbidden")
    assert through(behind, f"/tinh/{said}", None) == (403, "forbidden")


@pytest.mark.parametrize("said", ["%26", "%3D", "%2B"])
def test_what_parts_a_query_is_refused_in_a_query(behind: Scene, session: str, said: str) -> None:
    assert through(behind, f"/hoc-sinh/1?lop={CLASS_6A}{said}", session) == (403, "forbidden")


def test_what_a_rule_opens_to_anybody_passes_and_names_nobody(behind: Scene, session: str) -> None:
    for uri, method in (("/dang-nhap", "GET"), ("/dang-nhap", "POST"), ("/tinh/so-diem.css", "GET")):
        for token in (None, session, "no-such-session", behind.signed_in()):
            assert through(behind, uri, token, method=method) == (200, None)
    # Only these, only by these methods, and only to a proxy of ours.
    for uri, method in (("/dang-nhap", "PUT"), ("/dang-nhap/x", "GET"), ("/tinh", "GET"), ("/tinh/a/b", "GET")):
        assert through(behind, uri, session, method=method) == (403, "forbidden")
    assert through(behind, "/tinh/../dang-nhap", None) == (403, "forbidden")
    assert through(behind, "/dang-nhap", None, key="wrong") == (401, None)
    assert through(behind, "/dang-nhap", None, X_Original_URL="/x") == (403, "forbidden")


FAULTS = {
    "": "empty file",
    "headers = 'original'": "no [[rules]]",
    RULES.replace(f'audience = "{GRADEBOOK}"', ""): "audience",
    RULES.replace('"original"', '"both"'): "unknown kind of headers `both`",
    RULES.replace('action = "read"', 'acton = "read"'): "unknown key `acton`",
    RULES.replace('"/hoc-sinh/{pupil}"', '"hoc-sinh/{pupil}"'): "a path begins with `/`",
    RULES.replace('"/hoc-sinh/{pupil}"', '"/hoc-sinh/{pupil}/"'): "`` is neither a plain segment",
    RULES.replace('"/hoc-sinh/{pupil}"', '"/hoc-sinh/../{pupil}"'): "`..` is neither a plain segment",
    RULES.replace('"/hoc-sinh/{pupil}"', '"/hoc-sinh/x{pupil}"'): "is neither a plain segment nor `{name}`",
    RULES.replace('id = "{pupil}"', 'id = "{child}"'): "the path has no `{child}`",
    RULES.replace('id = "{pupil}"', 'id = "{pupil}/x"'): "is no text with `{name}`",
    RULES.replace('class = "{query.lop}"\n', ""): "`student` takes `class`",
    RULES.replace('type = "student"', 'type = "pupil"'): "unknown resource type `pupil`",
    RULES.replace('methods = ["PUT"]', 'methods = ["put"]'): "unknown method `put`",
    RULES.replace('methods = ["PUT"]\npath = "/lop/{class}"', 'methods = ["GET"]\npath = "/{any}/{class}"'): (
        "a path could match this rule and the one in line"
    ),
    RULES.replace("/lop/{school}/{year}", "/lop/{school}/{school}"): "one name stands for two segments",
    "headers = ": "not TOML",
    RULES.replace("public = true", 'public = true\naction = "read"', 1): "a public rule asks nothing",
    RULES.replace("public = true", 'public = "yes"', 1): "true or false",
    RULES.replace('path = "/tinh/{file}"', 'path = "/hoc-sinh/{file}"'): "a path could match this rule and the one",
}


@pytest.mark.parametrize("text", FAULTS, ids=list(FAULTS.values()))
def test_rules_with_a_fault_do_not_start(tmp_path: Path, text: str) -> None:
    path = tmp_path / "rules.toml"
    path.write_text(text, "utf-8")
    with pytest.raises(PolicyError) as caught:
        create_app(settings_for(tmp_path, forward_rules=path))
    assert FAULTS[text] in str(caught.value)
    assert "rules.toml:" in str(caught.value)


def test_rules_that_cannot_be_read_do_not_start(tmp_path: Path) -> None:
    with pytest.raises(PolicyError, match="cannot be read"):
        create_app(settings_for(tmp_path, forward_rules=tmp_path / "none.toml"))
