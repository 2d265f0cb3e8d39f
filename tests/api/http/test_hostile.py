"""Nothing that a caller sends is a 500: bodies, JSON, types, ids, sizes."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from serving import AUTHORIZATION, Served

PROBLEM = "application/problem+json"
EVALUATION = "/access/v1/evaluation"


def hostile(served: Served) -> Iterator[tuple[str, bytes, int]]:
    """(what it is, bytes, expected status)."""
    good = served.question()
    text = json.dumps(good)
    for name, body in {
        "nothing": "",
        "spaces": "   ",
        "null": "null",
        "true": "true",
        "a number": "7",
        "a string": '"subject"',
        "an array": f"[{text}]",
        "an empty array": "[]",
        "an empty object": "{}",
        "two objects": text + text,
        "garbage after it": text + "x",
        "cut short": text[:-1],
        "single quotes": text.replace('"', "'"),
        "a comment": "/* */" + text,
        "a trailing comma": text[:-1] + ",}",
        "NaN": text[:-1] + ',"x":NaN}',
        "Infinity": text[:-1] + ',"x":Infinity}',
        "minus Infinity": text[:-1] + ',"x":-Infinity}',
        "a number of 10,000 digits": text[:-1] + f',"x":{"9" * 10_000}}}',
        "a member twice": text[:-1] + ',"action":{"name":"read"}}',
        "a nested member twice": text.replace('"name": "read"', '"name": "fly", "name": "read"'),
        "an escaped member twice": text[:-1] + ',"\\u0061ction":{"name":"read"}}',
        "17 levels": text[:-1] + ',"x":' + "[" * 16 + "]" * 16 + "}",
        "10,000 arrays": "[" * 10_000,
        "100,000 objects": '{"a":' * 100_000,
        "brackets that close too often": "]" * 50,
        "a raw newline in a string": text.replace("read", "re\nad"),
    }.items():
        yield name, body.encode(), 400
    yield "a byte order mark", b"\xef\xbb\xbf" + text.encode(), 400
    yield "UTF-16", text.encode("utf-16"), 400
    yield "latin-1", text.replace("read", "\xe9").encode("latin-1"), 400
    yield "overlong UTF-8", text.encode().replace(b"read", b"\xc0\xafread"), 400
    yield "UTF-8 of a surrogate", text.encode().replace(b"read", b"\xed\xa0\x80"), 400
    yield "a NUL byte", text.encode() + b"\x00", 400
    yield "gzip", b"\x1f\x8b\x08\x00" + bytes(20), 400
    yield "over 1 MiB", text.encode() + b" " * (1 << 20), 413
    yield "exactly 1 MiB", text.encode() + b" " * ((1 << 20) - len(text)), 200
    yield "16 levels", (text[:-1] + ',"x":' + "[" * 15 + "]" * 15 + "}").encode(), 200
    yield "brackets inside a string", (text[:-1] + ',"x":"' + "[{" * 50 + '\\""}').encode(), 200
    yield "huge exponent", (text[:-1] + ',"x":1e400}').encode(), 200
    yield from hostile_members(good)


def hostile_members(good: dict[str, Any]) -> Iterator[tuple[str, bytes, int]]:
    """JSON whose members are not what they should be."""
    for member in ("subject", "action", "resource"):
        for value in ("x", 1, True, [], [{}]):
            yield f"{member} is {value!r}", json.dumps({**good, member: value}).encode(), 400
        yield f"{member} is null", json.dumps({**good, member: None}).encode(), 400
        yield f"{member} is empty", json.dumps({**good, member: {}}).encode(), 400
    for member, name in (("subject", "id"), ("subject", "type"), ("action", "name"), ("resource", "id")):
        for value in (
            None,
            "",
            1,
            1.5,
            True,
            [],
            {},
            "x" * 257,
            "ề" * 100,
            "a\x00",
            "a\nb",
            "\x7f",
            "\ud800",
            "\x85",
        ):
            body = {**good, member: {**good[member], name: value}}
            yield f"{member}.{name} is {value!r:.20}", json.dumps(body).encode(), 400
    pupil = good["resource"]
    for name in ("category", "unit", "class", "subject", "level", "grade", "school_year"):
        for value in (1, True, [], {}, "x" * 257, "\x00", "\udfff"):
            body = {**good, "resource": {**pupil, "properties": {**pupil["properties"], name: value}}}
            yield f"{name} is {value!r:.20}", json.dumps(body).encode(), 400
        body = {**good, "resource": {**pupil, "properties": {**pupil["properties"], name: "' OR 1=1 --"}}}
        yield f"{name} is SQL", json.dumps(body).encode(), 200
    for context in ("x", [], 1, {"explain": "all"}, {"explain": 1}, {"explain": "\ud800"}, {"function": 1}):
        yield f"context is {context!r:.24}", json.dumps({**good, "context": context}).encode(), 400
    for at_least in ("", "r", "37", "R1", "r01", "r\ud800", "r" + "z" * 14, 37, [], "r1\n"):
        body = {**good, "context": {"at_least": at_least}}
        yield f"at_least is {at_least!r:.20}", json.dumps(body).encode(), 400
    for id_ in (
        "*",
        "%",
        "../../etc/passwd",
        "acc_%",
        "${x}",
        "<b>",
        "a" * 256,
        "ề" * 85,
        "\u202e",
        "🏫",
        "eval(1)",
    ):
        body = {**good, "subject": {"type": "account", "id": id_}}
        yield f"the account is {id_!r:.20}", json.dumps(body).encode(), 200


def test_nothing_a_caller_sends_is_a_500(served: Served) -> None:
    rows = list(hostile(served))
    assert len(rows) > 150
    wrong = []
    for what, body, expected in rows:
        headers = {**AUTHORIZATION, "Content-Type": "application/json"}
        answer = served.client.post(EVALUATION, content=body, headers=headers)
        shape = PROBLEM if answer.status_code != 200 else "application/json"
        code = {400: "invalid", 413: "batch_too_large", 200: None}[expected]
        found = (answer.status_code, answer.headers["content-type"], answer.json().get("code"))
        if found != (expected, shape, code):
            wrong.append((what, *found))
    assert not wrong


@pytest.mark.parametrize(
    ("content_type", "status"),
    [
        (None, 400),
        ("", 400),
        ("text/plain", 400),
        ("application/x-www-form-urlencoded", 400),
        ("application/json5", 400),
        ("application/problem+json", 400),
        ("application/json", 200),
        ("application/json; charset=utf-8", 200),
        ("Application/JSON", 200),
    ],
)
def test_only_json_is_read(served: Served, content_type: str | None, status: int) -> None:
    headers = dict(AUTHORIZATION) if content_type is None else {**AUTHORIZATION, "Content-Type": content_type}
    body = json.dumps(served.question()).encode()
    assert served.client.post(EVALUATION, content=body, headers=headers).status_code == status


def test_a_chunked_body_is_counted_as_it_comes(served: Served) -> None:
    def chunks() -> Iterator[bytes]:
        for _ in range(20):
            yield b" " * (1 << 16)

    headers = {**AUTHORIZATION, "Content-Type": "application/json"}
    answer = served.client.post(EVALUATION, content=chunks(), headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (413, "batch_too_large")
    whole = json.dumps(served.question()).encode()
    answer = served.client.post(EVALUATION, content=iter([whole[:10], whole[10:]]), headers=headers)
    assert answer.json() == {"decision": True}
