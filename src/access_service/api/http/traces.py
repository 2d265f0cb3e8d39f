"""Where traces go: a collector that takes OTLP over HTTP. Only a process that was given one knows the SDK.

FastAPI's own spans are not used: they hold paths and query strings as they were sent, and its records of errors
hold their messages.
"""

import logging
import os
from importlib.util import find_spec
from typing import Any

from fastapi.telemetry import TelemetryConfig
from opentelemetry import context
from opentelemetry.trace import Tracer
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from starlette.types import Scope

from access_service.about import version
from access_service.domain.errors import UnavailableError

SILENT = TelemetryConfig(tracing=False, metrics=False, logs=False, auto_configure=False)
"""What FastAPI tells by itself."""
NAME, SDK = "access-service", "opentelemetry"
_READ = frozenset({b"traceparent", b"tracestate"})
_propagator = TraceContextTextMapPropagator()


def check_installed() -> None:
    """Raise `UnavailableError` where what sends traces is not there."""
    for package in ("opentelemetry.sdk", "opentelemetry.exporter.otlp.proto.http"):
        try:
            found = find_spec(package)
        except ModuleNotFoundError:
            found = None
        if found is None:
            raise UnavailableError(
                "traces are asked for (OTEL_EXPORTER_OTLP_ENDPOINT), and what sends them is not installed: "
                "`pip install '.[otel]'`, or leave the variable out"
            )


class Traces:
    """Spans on their way to a collector. What cannot be sent is dropped and said in the log: nobody waits."""

    def __init__(self, endpoint: str, log: Any) -> None:
        """`endpoint` is the whole address; every other setting is the SDK's own variable, `OTEL_…`."""
        check_installed()
        # Only a process that sends traces pays for these.
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415
        from opentelemetry.sdk.resources import Resource  # noqa: PLC0415
        from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
        from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415

        named = {} if os.environ.get("OTEL_SERVICE_NAME") else {"service.name": NAME}
        self._provider = TracerProvider(
            resource=Resource.create({"service.version": version(), **named}), shutdown_on_exit=False
        )
        self._provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint)))
        self._said = _Said(log)
        logging.getLogger(SDK).addHandler(self._said)

    @property
    def tracer(self) -> Tracer:
        """What makes the spans."""
        return self._provider.get_tracer(NAME, version())

    def close(self) -> None:
        """Send what waits, as far as the collector takes it."""
        self._provider.shutdown()
        logging.getLogger(SDK).removeHandler(self._said)


class _Said(logging.Handler):
    """What the SDK says goes into the log, one line each: the collector does not answer, spans were dropped."""

    def __init__(self, log: Any) -> None:
        super().__init__(logging.WARNING)
        self._log = log

    def emit(self, record: logging.LogRecord) -> None:
        self._log.warning("traces", error=" ".join(record.getMessage().split())[:300])


def caller_context(scope: Scope) -> context.Context | None:
    """The trace that the caller is in (W3C `traceparent`); None where it names none. Baggage is not read."""
    carrier = {n.decode("latin-1"): v.decode("latin-1") for n, v in scope["headers"] if n in _READ}
    return _propagator.extract(carrier, context.Context()) if "traceparent" in carrier else None
