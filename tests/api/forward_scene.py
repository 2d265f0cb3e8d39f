"""A service behind a proxy: its rules, and what the proxy is told of a request."""

from __future__ import annotations

from typing import Any

from oauth_scene import GRADEBOOK, Scene
from serving import KEY

from world import CLASS_6A

PATH = "/access/v1/forward-auth"
RULES = f"""
headers = "original"
audience = "{GRADEBOOK}"

[[rules]]
methods = ["GET", "HEAD"]
path = "/lop/{{school}}/{{year}}/{{class}}/diem"
action = "read"
type = "class"
category = "STU-ACA"
id = "{{school}}:{{year}}:{{class}}"

[[rules]]
methods = ["GET"]
path = "/hoc-sinh/{{pupil}}"
action = "read"
type = "student"
category = "STU-ACA"
id = "{{pupil}}"
class = "{{query.lop}}"

[[rules]]
methods = ["PUT"]
path = "/lop/{{class}}"
action = "write"
type = "class"
category = "STU-ACA"
id = "{{class}}"

[[rules]]
methods = ["GET", "POST"]
path = "/dang-nhap"
public = true

[[rules]]
methods = ["GET"]
path = "/tinh/{{file}}"
public = true
"""
SCHOOL_CODE, YEAR, CLASS = CLASS_6A.split(":")
MARKS = f"/lop/{SCHOOL_CODE}/{YEAR}/{CLASS}/diem"


def through(
    behind: Scene, uri: str, token: str | None, method: str = "GET", key: Any = KEY, **more: str
) -> tuple[int, str | None]:
    """What a proxy is told: the status, and the account or the reason."""
    headers: list[tuple[str, bytes]] = [("X-Original-URI", uri.encode()), ("X-Original-Method", method.encode())]
    headers += [("X-Access-Key", key.encode())] if key else []
    headers += [("Authorization", f"Bearer {token}".encode())] if token else []
    headers += [(name.replace("_", "-"), value.encode()) for name, value in more.items()]
    answer = behind.served.client.get(PATH, headers=headers)  # type: ignore[arg-type]
    assert answer.headers["cache-control"] == "no-store"
    told = answer.headers.get("x-access-account") or answer.headers.get("x-access-reason")
    return answer.status_code, told
