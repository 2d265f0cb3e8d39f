"""(A9, A10) What a service is handed opens that service only, and an address is whose the department says."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.api.oauth_scene import (
    ARCHIVE,
    GRADEBOOK,
    SESSION,
    Registered,
    Scene,
    drawing,
    scene,
)
from tests.world import PASSWORD, SCHOOL

from access_service.domain.errors import NotFoundError, RefusedError
from access_service.domain.reasons import Refusal
from access_service.usecases.identity.service_sessions import open_service_session
from access_service.usecases.identity.sign_in import sign_out
from access_service.usecases.third_party import clients
from access_service.usecases.third_party.clients import NewClient

OWN = "https://cua-minh.example"


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    with scene(tmp_path_factory.mktemp("phien")) as made:
        yield made


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def refused(stage: Scene, who: Registered, token: str, type_: str = SESSION, **form: Any) -> tuple[str, str | None]:
    answer = stage.exchange(who, token, type_, **form)
    assert answer.status_code == 400, answer.text
    return answer.json()["error"], answer.json().get("reason")


def named(stage: Scene, name: str, serves: str, *, is_approved: bool = False) -> Registered:
    return drawing(stage.world, name, resource=ARCHIVE, serves=serves, is_address_approved=is_approved)


# -- A9


def test_a_service_that_is_handed_the_session_of_signing_in_can_do_nothing_with_it(stage: Scene) -> None:
    token = stage.signed_in()
    assert refused(stage, stage.gradebook, token) == ("invalid_grant", "wrong_audience")
    assert refused(stage, stage.archive, token) == ("invalid_grant", "wrong_audience")
    assert stage.served.client.get("/v1/me", headers=bearer(token)).status_code == 200


def test_a_session_for_a_service_opens_no_route_of_this_one(stage: Scene) -> None:
    """The gradebook's operator tries it at every route there is."""
    token = stage.session()
    app = stage.served.client.app
    tried = 0
    for path, methods in app.openapi()["paths"].items():  # type: ignore[attr-defined]
        if not path.startswith("/v1/") or path in ("/v1/sessions", "/v1/activations"):
            continue
        for method in methods:
            address = path.replace("{id}", "000")
            answer = stage.served.client.request(method, address, headers=bearer(token), json={})
            # What cannot be read is told before who sent it where a body is read first; nothing is done either way.
            assert answer.status_code in (400, 401, 404, 422), (method, path, answer.text)
            if answer.status_code == 401:
                # Software watches with a token; a session is none, whatever it is good for.
                code = "not_authenticated" if path == "/v1/watch" else "wrong_audience"
                assert answer.json()["code"] == code, (method, path)
                tried += 1
    assert tried > 20
    me = stage.served.client.get("/v1/me", headers=bearer(token))
    assert (me.status_code, me.json()["code"]) == (401, "wrong_audience")
    out = stage.served.client.delete("/v1/sessions/current", headers=bearer(token))
    assert (out.status_code, out.json()["code"]) == (401, "wrong_audience")
    again = stage.served.client.post("/v1/me/sessions", headers=bearer(token), json={"audience": stage.archive.id})
    assert (again.status_code, again.json()["code"]) == (401, "wrong_audience")
    assert stage.evaluate(token).status_code == 401


def test_a_session_for_one_service_is_nothing_to_another(stage: Scene) -> None:
    token = stage.session()
    assert stage.exchange(stage.gradebook, token, SESSION).status_code == 200
    assert refused(stage, stage.archive, token) == ("invalid_grant", "wrong_audience")
    # The archive answers at that address: there it is the one who is meant, and nobody else who calls it is.
    at_address = stage.session(GRADEBOOK)
    assert stage.exchange(stage.archive, at_address, SESSION).status_code == 200
    assert refused(stage, stage.gradebook, at_address) == ("invalid_grant", "wrong_audience")


def test_the_holder_opens_it_over_http_and_sees_whose_name_it_is(stage: Scene) -> None:
    own = bearer(stage.signed_in())
    answer = stage.served.client.post("/v1/me/sessions", headers=own, json={"audience": stage.gradebook.id})
    assert answer.status_code == 201, answer.text
    said = answer.json()
    assert (said["audience"], said["software"]) == (stage.gradebook.id, "Sổ điểm thử")
    assert stage.exchange(stage.gradebook, said["token"], SESSION).status_code == 200
    for nobody in ("cli_000", "https://khong-ai.example", stage.gradebook.software.id):
        answer = stage.served.client.post("/v1/me/sessions", headers=own, json={"audience": nobody})
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found"), nobody


def test_it_ends_with_the_session_that_it_was_opened_in_and_no_later_than_that(stage: Scene) -> None:
    world = stage.world
    signed = world.sign_in("000.gvcn", PASSWORD)
    handed = open_service_session(world.services, signed.caller, stage.gradebook.id)
    assert handed.ends_at == signed.ends_at
    assert handed.expires_at <= signed.ends_at
    token = stage.exchanged(stage.gradebook, handed.token, SESSION)
    sign_out(world.services, signed.caller)
    assert refused(stage, stage.gradebook, handed.token)[0] == "invalid_grant"
    assert not stage.is_active(token)
    with pytest.raises(RefusedError) as error:
        open_service_session(world.services, signed.caller, stage.gradebook.id)
    assert error.value.code is Refusal.NOT_AUTHENTICATED


def test_it_rests_like_every_session(stage: Scene) -> None:
    handed = stage.session()
    stage.world.clock.forward(seconds=int(timedelta(minutes=15).total_seconds()))
    assert refused(stage, stage.gradebook, handed)[0] == "invalid_grant"


def test_a_client_that_is_let_in_no_more_is_meant_by_nothing(stage: Scene) -> None:
    gone = drawing(stage.world, "Đã ngừng", resource=ARCHIVE)
    clients.disable_client(stage.world.services, stage.world.admins[SCHOOL], gone.id)
    with pytest.raises(NotFoundError):
        stage.session(gone.id)


# -- A10


def test_whoever_names_anothers_address_gets_nothing_by_it_and_keeps_nobody_out(stage: Scene) -> None:
    """A squatter was first. The owner registers all the same, the department looks, and only the owner is meant."""
    world = stage.world
    squatter = named(stage, "Giả danh", OWN)
    owner = named(stage, "Chủ địa chỉ", OWN)
    caller = named(stage, "Gọi tới", "https://goi-toi.example")
    clients.create_client(world.services, world.admins[SCHOOL], NewClient(caller.software.id, resource=OWN))
    with pytest.raises(NotFoundError):
        stage.session(OWN)
    clients.approve_address(world.services, world.admins[world.root], owner.id)
    handed = stage.session(OWN)
    assert refused(stage, squatter, handed) == ("invalid_grant", "wrong_audience")
    assert stage.exchange(owner, handed, SESSION).status_code == 200
    with pytest.raises(RefusedError) as error:
        clients.approve_address(world.services, world.admins[world.root], squatter.id)
    assert error.value.code is Refusal.DUPLICATE


def test_a_token_addressed_to_an_address_is_exchanged_only_once_it_is_approved(stage: Scene) -> None:
    world, place = stage.world, "https://noi-den.example"
    sender = drawing(world, "Bên gửi", resource=place)
    receiver = named(stage, "Bên nhận", place)
    token = stage.token(sender)
    assert stage.exchange(receiver, token).status_code == 400
    clients.approve_address(world.services, world.admins[world.root], receiver.id)
    assert stage.exchange(receiver, stage.token(sender)).status_code == 200
    clients.withdraw_address(world.services, world.admins[world.root], receiver.id)
    assert stage.exchange(receiver, stage.token(sender)).status_code == 400


@pytest.mark.parametrize(
    "spelled", ["HTTPS://Mot-Noi.example/", "https://mot-noi.example:443", "https://mot-noi.example./"]
)
def test_another_spelling_of_an_address_that_is_given_is_the_same_address(stage: Scene, spelled: str) -> None:
    world = stage.world
    taken = [c for c in _clients(stage) if c.serves == "https://mot-noi.example"]
    if not taken:
        named(stage, "Một nơi", "https://mot-noi.example", is_approved=True)
    squatter = named(stage, f"Viết khác {spelled}", spelled)
    with pytest.raises(RefusedError) as error:
        clients.approve_address(world.services, world.admins[world.root], squatter.id)
    assert error.value.code is Refusal.DUPLICATE


def _clients(stage: Scene) -> list[Any]:
    with stage.world.services.db.read(stage.world.register) as reader:
        return list(reader.find(clients.Client))


def test_only_the_department_says_whose_an_address_is(stage: Scene) -> None:
    world = stage.world
    mine = named(stage, "Của trường", "https://cua-truong.example")
    with pytest.raises(RefusedError) as error:
        clients.approve_address(world.services, world.admins[SCHOOL], mine.id)
    assert error.value.code is Refusal.FORBIDDEN
    head = bearer(world.sign_in("000.gvcn", PASSWORD).token)
    answer = stage.served.client.post(f"/v1/clients/{mine.id}/address/approve", headers=head)
    assert answer.status_code in (403, 404)
    approved = clients.approve_address(world.services, world.admins[world.root], mine.id)
    assert approved.address == "https://cua-truong.example"
    withdrawn = clients.withdraw_address(world.services, world.admins[world.root], mine.id)
    assert withdrawn.address is None


def test_the_department_and_the_operator_approve_by_making_the_client(stage: Scene) -> None:
    world = stage.world
    software = named(stage, "Hai lối", "https://hai-loi.example").software
    by_root = clients.create_client(
        world.services, world.admins[world.root], NewClient(software.id, serves="https://loi-mot.example")
    )
    by_operator = clients.create_client_as_operator(
        world.services, world.register, NewClient(software.id, serves="https://loi-hai.example")
    )
    by_school = clients.create_client(
        world.services, world.admins[SCHOOL], NewClient(software.id, serves="https://loi-ba.example")
    )
    assert [made.client.address for made in (by_root, by_operator, by_school)] == [
        "https://loi-mot.example",
        "https://loi-hai.example",
        None,
    ]


# -- the texts for proxies that are not started here


def test_the_texts_for_traefik_and_caddy_take_away_what_the_person_showed() -> None:
    page = (Path(__file__).parents[2] / "docs" / "proxies.md").read_text("utf-8")
    traefik = page.split("```yaml")[1].split("```")[0]
    assert (
        'access-off:\n      headers: {customRequestHeaders: {X-Access-Key: "", Authorization: "", Cookie: ""}}'
        in traefik
    )
    assert "middlewares: [access-key, access, access-off]" in traefik
    caddy = page.split("```caddyfile")[1].split("```")[0]
    asked, passed_on = caddy.index("forward_auth"), caddy.rindex("reverse_proxy")
    for name in ("X-Access-Key", "Authorization", "Cookie"):
        assert asked < caddy.index(f"request_header -{name}") < passed_on, name
