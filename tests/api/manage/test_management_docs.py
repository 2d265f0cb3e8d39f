"""`docs/api.md` names every route of the management API, and none that is not there."""

import re
from typing import Any

from fastapi.routing import iter_route_contexts

from access_service.app import create_app
from access_service.settings import Settings
from world import ROOT

ROUTE = re.compile(r"`(DELETE|GET|POST|PUT) (/v1/[^`?]+)`")


def test_the_page_lists_every_route_and_no_other() -> None:
    app: Any = create_app(Settings())
    served = {
        (method, route.path)
        for route in iter_route_contexts(app.routes)
        if (route.path or "").startswith("/v1/")
        for method in (route.methods or set()) - {"HEAD"}
    }
    listed = (ROOT / "docs/api.md").read_text(encoding="utf-8").split("## Routes")[1]
    assert set(ROUTE.findall(listed)) == served
    assert len(served) > 60
