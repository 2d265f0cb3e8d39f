"""Traces: one span an act, a query, a decision from the database; ids only; sent to a real collector over HTTP."""

from __future__ import annotations

import gzip
import json
import logging
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
import uvicorn
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import StatusCode
from pydantic import ValidationError
from serving import AUTHORIZATION, Served, serving

from access_service.api.http import traces
from access_service.app import create_app
from access_service.cli import main
from access_service.domain.errors import RefusedError, UnavailableError
from access_service.domain.names import PersonId
from access_service.live.revisions import revision_text
from access_service.settings import PREFIX, Settings
from access_service.storage.migrate import upgrade
from access_service.storage.spans import NO_TRACER
from access_service.usecases.evidence.reading import read_person, units_under
from access_service.usecases.organisation.org import add_person
from access_service.usecases.services import rehearse
from world import REGISTER, SCHOOL, World

TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
NAME = "Nguyễn Thị Không Được Lộ"


@pytest.fixture
def spans(school_world: World) -> InMemorySpanExporter:
    """What the world's services trace from now on."""
    kept = InMemorySpanExporter()
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(kept))
    school_world.services.db.tracer = provider.get_tracer("thu")
    return kept


def shown(span: ReadableSpan) -> tuple[str, dict[str, Any]]:
    return span.name, dict(span.attributes or {})


def test_an_act_is_one_span_with_ids_outcome_and_revision(school_world: World, spans: InMemorySpanExporter) -> None:
    admin = school_world.admins[SCHOOL]
    person = add_person(school_world.services, admin, name=NAME)
    (span,) = spans.get_finished_spans()
    counter = school_world.services.db.counter(REGISTER)
    assert counter is not None
    assert shown(span) == (
        "person.add",
        {
            "access.register": REGISTER,
            "access.account": admin.account,
            "access.target": person.id,
            "access.outcome": "done",
            "access.revision": counter.revision,
        },
    )


def test_a_refused_act_tells_its_code_and_nothing_that_was_sent(
    school_world: World, spans: InMemorySpanExporter
) -> None:
    admin = school_world.admins[SCHOOL]
    with pytest.raises(RefusedError):
        read_person(school_world.services, admin, PersonId(NAME))
    with pytest.raises(RefusedError) as refused:
        add_person(school_world.services, admin, name="")
    told = [shown(span) for span in spans.get_finished_spans()]
    assert told[0][0] == "read_person"
    assert told[0][1]["access.code"] == "not_found"
    assert all(attributes["access.code"] == str(refused.value.code) for _, attributes in told[1:])
    assert NAME not in str([span.to_json() for span in spans.get_finished_spans()])
    assert all(not span.events and span.status.description is None for span in spans.get_finished_spans())


def test_a_query_bears_the_name_of_its_use_case(school_world: World, spans: InMemorySpanExporter) -> None:
    units_under(school_world.services, school_world.admins[SCHOOL], SCHOOL)
    (span,) = spans.get_finished_spans()
    assert span.name == "units_under"


def test_a_rehearsal_is_no_failure(school_world: World, spans: InMemorySpanExporter) -> None:
    rehearse(school_world.services, lambda services: add_person(services, school_world.admins[SCHOOL], name=NAME))
    (span,) = spans.get_finished_spans()
    assert (span.attributes or {})["access.outcome"] == "rehearsed"
    assert span.status.status_code is StatusCode.UNSET


def test_what_nobody_foresaw_is_told_by_its_type_alone(school_world: World, spans: InMemorySpanExporter) -> None:
    with pytest.raises(ValueError, match=NAME), school_world.services.db.write(REGISTER, "operator"):
        raise ValueError(NAME)
    (span,) = spans.get_finished_spans()
    assert (span.attributes or {})["access.code"] == "ValueError"
    assert span.status.status_code is StatusCode.ERROR
    assert not span.events
    assert span.status.description is None


class Collector:
    """What takes traces: OTLP over HTTP, as any collector."""

    def __init__(self) -> None:
        self.taken: list[ExportTraceServiceRequest] = []
        self.paths: set[str] = set()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if self.headers.get("Content-Encoding") == "gzip":
                    body = gzip.decompress(body)
                outer.paths.add(self.path)
                outer.taken.append(ExportTraceServiceRequest.FromString(body))
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @property
    def spans(self) -> list[Span]:
        return [s for t in self.taken for r in t.resource_spans for scope in r.scope_spans for s in scope.spans]

    @property
    def text(self) -> str:
        return "".join(map(str, self.taken))


@pytest.fixture
def collector() -> Iterator[Collector]:
    made = Collector()
    yield made
    made.close()


def attributes(span: Span) -> dict[str, Any]:
    return {a.key: getattr(a.value, a.value.WhichOneof("value") or "string_value") for a in span.attributes}


def test_a_collector_gets_the_decision_in_the_trace_of_whoever_asked(collector: Collector, tmp_path: Path) -> None:
    headers = {**AUTHORIZATION, "traceparent": f"00-{TRACE}-{PARENT}-01", "baggage": f"ten={PARENT}"}
    with serving(tmp_path, otlp_endpoint=collector.url) as served:
        for question in (served.question(), served.question()):
            answer = served.client.post("/access/v1/evaluation", json=question, headers=headers)
            assert answer.json()["decision"] is True
        revision = answer.headers["x-access-revision"]
    assert collector.paths == {"/v1/traces"}
    # The second question was answered from memory: that is no span, and costs nothing.
    (decided,) = [s for s in collector.spans if s.name == "decide"]
    assert (decided.trace_id.hex(), decided.parent_span_id.hex()) == (TRACE, PARENT)
    told = attributes(decided)
    assert (told["access.outcome"], revision_text(told["access.revision"])) == ("allow", revision)
    assert told["access.account"] == served.teacher.account
    resources = [r.resource for taken in collector.taken for r in taken.resource_spans]
    resource = {a.key: a.value.string_value for each in resources for a in each.attributes}
    assert resource["service.name"] == "access-service"
    assert "000-hs-1" not in collector.text
    # FastAPI's own spans would hold what was sent.
    assert "url.path" not in collector.text


def test_an_unknown_account_is_not_named(collector: Collector, tmp_path: Path) -> None:
    with serving(tmp_path, otlp_endpoint=collector.url) as served:
        served.ask(served.question(subject={"type": "account", "id": NAME}))
    (decided,) = [s for s in collector.spans if s.name == "decide"]
    assert attributes(decided)["access.code"] == "account_unknown"
    assert NAME.encode() not in b"".join(t.SerializeToString() for t in collector.taken)


def test_a_trace_that_its_caller_does_not_sample_is_not_sent(collector: Collector, tmp_path: Path) -> None:
    headers = {**AUTHORIZATION, "traceparent": f"00-{TRACE}-{PARENT}-00"}
    with serving(tmp_path, otlp_endpoint=collector.url) as served:
        served.client.post("/access/v1/evaluation", json=served.question(), headers=headers)
    assert "decide" not in {s.name for s in collector.spans}


@pytest.mark.parametrize("odd", ["", "00", f"00-{'0' * 32}-{PARENT}-01", f"ff-{TRACE}-{PARENT}-01", "x" * 5000])
def test_an_odd_traceparent_begins_a_trace_of_its_own(odd: str, collector: Collector, tmp_path: Path) -> None:
    with serving(tmp_path, otlp_endpoint=collector.url) as served:
        headers = {**AUTHORIZATION, "traceparent": odd}
        answer = served.client.post("/access/v1/evaluation", json=served.question(), headers=headers)
        assert answer.json()["decision"] is True
    (decided,) = [s for s in collector.spans if s.name == "decide"]
    assert decided.parent_span_id == b""


def test_acts_go_to_the_collector_and_what_was_typed_does_not(collector: Collector, tmp_path: Path) -> None:
    with serving(tmp_path, otlp_traces_endpoint=f"{collector.url}/khac/v1/traces") as served:
        answer = served.client.post(
            "/v1/sessions",
            json={"register": REGISTER, "username": NAME, "password": "mật khẩu gõ nhầm chỗ"},
            headers={"traceparent": f"00-{TRACE}-{PARENT}-01"},
        )
        assert answer.status_code == 401
        services = served.client.app.state.services  # type: ignore[attr-defined]
        add_person(services, served.world.admins[SCHOOL], name=NAME)
    assert collector.paths == {"/khac/v1/traces"}
    assert "person.add" in {span.name for span in collector.spans}
    assert NAME.encode() not in b"".join(t.SerializeToString() for t in collector.taken)


def test_a_collector_that_is_away_stops_nobody_and_is_said_in_the_log(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "1")
    with serving(tmp_path, otlp_endpoint="http://127.0.0.1:9") as served:
        assert served.ask(served.question()).json()["decision"] is True
    said = [json.loads(line) for line in capsys.readouterr().err.splitlines() if line.startswith("{")]
    assert [line["level"] for line in said if line["event"] == "traces"]
    assert not [h for h in logging.getLogger("opentelemetry").handlers if type(h).__module__ == traces.__name__]


def test_without_an_endpoint_nothing_is_traced(fresh: Served) -> None:
    state = fresh.client.app.state  # type: ignore[attr-defined]
    assert state.services.db.tracer is NO_TRACER
    assert type(fresh.client.app).__name__ == "Application"


def test_traces_that_nothing_can_send_end_the_start_with_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    url = f"sqlite:///{tmp_path}/access.db"
    upgrade(url)
    monkeypatch.setenv(f"{PREFIX}DATABASE_URL", url)
    monkeypatch.setenv(f"{PREFIX}KEYS_DIR", str(tmp_path / "keys"))
    monkeypatch.setattr(uvicorn, "run", lambda *_args, **_options: None)
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://nguoi:mat-khau@127.0.0.1:4318")
    assert main(["serve"]) == 0
    said = capsys.readouterr().err
    assert "  traces to    127.0.0.1\n" in said
    assert "mat-khau" not in said
    monkeypatch.setattr(traces, "find_spec", lambda _: None)
    assert main(["serve"]) == 1
    said = capsys.readouterr().err
    assert said == (
        "access-service: traces are asked for (OTEL_EXPORTER_OTLP_ENDPOINT), and what sends them is not installed: "
        "`pip install '.[otel]'`, or leave the variable out\n"
    )
    with pytest.raises(UnavailableError, match="what sends them is not installed"):
        create_app(Settings())


@pytest.mark.parametrize("address", ["127.0.0.1:4318", "ftp://127.0.0.1", "https://", "grpc://127.0.0.1:4317"])
def test_a_collector_without_an_address_is_refused(address: str) -> None:
    with pytest.raises(ValidationError, match="a collector's address begins with"):
        Settings(otlp_endpoint=address)
    assert Settings(otlp_endpoint="").traces_to is None
    assert Settings(otlp_endpoint="https://thu.example.vn/").traces_to == "https://thu.example.vn/v1/traces"
