"""Spans of OpenTelemetry for those who want traces: one an act, a query, a decision from the database.

A span holds ids, outcome, code and revision: no name, no message of an error, nothing that a caller may write
freely (people type passwords into any field). Where no traces are wanted the tracer is one that does nothing.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from opentelemetry.trace import NoOpTracer, Span, StatusCode, Tracer

from access_service.domain.errors import RefusedError

NO_TRACER: Tracer = NoOpTracer()
OUTCOME, CODE = "access.outcome", "access.code"


@contextmanager
def spanning(tracer: Tracer, name: str, register: str, account: str = "") -> Iterator[Span]:
    """Measure a block, and tell how it ended. An error is told by its code or type alone.

    An error that is no failure says in its attribute `outcome` what it is, as the end of a rehearsal does.
    """
    about = {"access.register": register, **({"access.account": account} if account else {})}
    with tracer.start_as_current_span(
        name, attributes=about, record_exception=False, set_status_on_exception=False
    ) as span:
        try:
            yield span
        except RefusedError as error:
            span.set_attributes({OUTCOME: "refused", CODE: str(error.code)})
            raise
        except Exception as error:
            outcome = getattr(error, "outcome", "failed")
            span.set_attributes({OUTCOME: outcome, CODE: type(error).__name__})
            if outcome == "failed":
                span.set_status(StatusCode.ERROR)
            raise
