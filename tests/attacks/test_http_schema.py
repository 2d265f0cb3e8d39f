"""Requests made from the service's own description, well and badly formed: the answers keep what it promises."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from managing import ADMIN, Managed, managing
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from serving import AUTHORIZATION

from sampled import times

KEPT = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
EXAMPLES = 4


@pytest.fixture(scope="module")
def managed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Managed]:
    with managing(tmp_path_factory.mktemp("schema")) as found_:
        yield found_


@schemathesis.serializer("application/pdf")
def as_it_is(_context: Any, value: Any) -> bytes:
    """A file is sent as it is."""
    return value if isinstance(value, bytes) else str(value).encode("utf-8", "surrogatepass")


def operations(managed: Managed) -> list[Any]:
    """Every operation of the description; the one that ends the session comes last."""
    app: Any = managed.served.client.app
    schema = schemathesis.openapi.from_dict(app.openapi())
    schema.app = app
    found = [result.ok() for result in schema.get_all_operations()]
    return sorted(found, key=lambda o: (o.method.lower() == "delete" and o.path.startswith("/v1/sessions"), o.path))


def check(operation: Any, mode: GenerationMode, headers: dict[str, str]) -> None:
    """A few requests to one operation, the same ones each time."""

    @settings(
        max_examples=times(EXAMPLES),
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(st.data())
    def send(data: st.DataObject) -> None:
        case = data.draw(operation.as_strategy(generation_mode=mode))
        case.call_and_validate(headers=headers, checks=KEPT)

    try:
        send()
    except Unsatisfiable:
        # An operation that takes nothing has nothing to be badly formed.
        assert mode is GenerationMode.NEGATIVE
        assert not operation.body
        assert not operation.path_parameters


@pytest.mark.parametrize("mode", list(GenerationMode), ids=str)
def test_every_answer_is_one_that_is_described(managed: Managed, mode: GenerationMode) -> None:
    """No undeclared status, media type or member, and never a 500, whatever is sent."""
    found = operations(managed)
    assert len(found) > 70
    assert {o.path for o in found} == set(managed.served.client.app.openapi()["paths"])  # type: ignore[attr-defined]
    session = managed.bearer(ADMIN)
    key = {k: v.decode("latin-1") for k, v in AUTHORIZATION.items()}
    for operation in found:
        check(operation, mode, key if operation.path.startswith("/access/") else session)
