"""Every page and every form, walked from the table of routes, before everybody: no error, leak or forged form."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from visiting import FROM_US, Visitor, visiting
from walked import FOR_ANYBODY, Ids, roles, routes

from access_service.web import cookies

GET = [path for method, path in routes() if method == "GET"]
POST = [path for method, path in routes() if method == "POST"]


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Visitor]:
    with visiting(tmp_path_factory.mktemp("trang")) as found:
        yield found


@pytest.fixture(scope="module")
def everybody(service: Visitor) -> dict[str, Visitor]:
    return dict(roles(service))


def test_there_are_pages() -> None:
    assert len(GET) >= 5
    assert len(POST) >= 5


@pytest.mark.parametrize("path", GET)
def test_a_page_is_whole_or_refused_for_everybody_and_never_an_error(
    service: Visitor, everybody: dict[str, Visitor], path: str
) -> None:
    address = Ids(service.world).of_school(path)
    for role, visitor in everybody.items():
        page = visitor.get(address)
        assert page.status in (200, 400, 401, 403, 404, 409, 422, 429), f"{role}: {page.status} {address}"
        if page.headers["content-type"].startswith("text/html"):
            assert page.html.count("<h1") == 1, f"{role}: {address}"
            assert "<title>" in page.html
            assert "default-src 'none'" in page.headers["Content-Security-Policy"]
            assert page.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("path", GET)
def test_what_does_not_exist_is_404_alike(service: Visitor, everybody: dict[str, Visitor], path: str) -> None:
    ids = Ids(service.world)
    if ids.of_nothing(path) == path:
        return
    for role, visitor in everybody.items():
        page = visitor.get(ids.of_nothing(path))
        # A page that waits for another hat, or a second factor, says so before it looks at any id.
        led = re.match(r"/(dang-nhap|quan-tri/dang-nhap|toi/bao-mat)", page.address)
        assert page.status == 404 or led, f"{role}: {page.status} {path}"


@pytest.mark.parametrize("path", [path for path in GET if path not in FOR_ANYBODY])
def test_a_stranger_sees_the_door(service: Visitor, path: str) -> None:
    page = service.other().get(Ids(service.world).of_school(path))
    assert page.address.startswith("/dang-nhap"), path


@pytest.mark.parametrize("path", POST)
def test_a_forged_form_changes_nothing(service: Visitor, everybody: dict[str, Visitor], path: str) -> None:
    address, before = Ids(service.world).of_school(path), service.world.revision
    for visitor in everybody.values():
        for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://ke-gian.example"}, {}):
            assert visitor.client.post(address, data={}, headers=headers).status_code == 403
        if path in FOR_ANYBODY:
            continue
        answer = visitor.client.post(address, data={"_ma": "0" * 64}, headers=FROM_US, follow_redirects=False)
        assert answer.status_code in (303, 401, 403), f"{answer.status_code} {address}"
        assert answer.headers.get("location", "/toi/").startswith(("/toi/", "/dang-nhap", "/quan-tri/dang-nhap"))
    assert service.world.revision == before


@pytest.mark.parametrize("path", [path for path in POST if path not in FOR_ANYBODY])
def test_an_empty_form_of_ours_is_no_error(service: Visitor, everybody: dict[str, Visitor], path: str) -> None:
    """Whatever is missing is said; nothing that a browser sends is a 500."""
    if path in ("/dang-xuat", "/quan-tri/ket-thuc") or path.startswith("/toi/bao-mat/phien"):
        return
    for address in (Ids(service.world).of_school(path), Ids(service.world).of_nothing(path)):
        for role, visitor in everybody.items():
            names = (cookies.PERSONAL, cookies.ADMIN)
            token = next((visitor.client.cookies[n] for n in names if n in visitor.client.cookies), "")
            form = {"_ma": cookies.form_token(token), "_lan": "0" * 16}
            answer = visitor.client.post(address, data=form, headers=FROM_US, follow_redirects=False)
            assert answer.status_code < 500, f"{role}: {answer.status_code} {address}"
