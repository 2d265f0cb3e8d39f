"""The composition root: settings in, one ASGI application out."""

import asyncio
import base64
import hashlib
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from datetime import datetime, timedelta
from functools import partial
from importlib import resources
from pathlib import Path
from typing import Any, Final, Literal

from fastapi import FastAPI, Request
from fastapi.openapi.docs import get_swagger_ui_html
from opentelemetry.trace import Tracer
from starlette.middleware import Middleware
from starlette.responses import HTMLResponse
from starlette.staticfiles import StaticFiles

from access_service import web
from access_service.about import version
from access_service.api import routers
from access_service.api.authzen.hot import Application, TracedApplication
from access_service.api.authzen.register_pdp import RegisterPdp
from access_service.api.authzen.schemas import COMPONENTS
from access_service.api.authzen.search_schemas import COMPONENTS as SEARCH_COMPONENTS
from access_service.api.forward.rules import load_forward_rules
from access_service.api.http.described import complete
from access_service.api.http.draining import draining
from access_service.api.http.edge import Edge, Observe
from access_service.api.http.errors import install
from access_service.api.http.limits import DOOR_BYTES, OPEN_BYTES, BodyLimit
from access_service.api.http.listener import OperatorsOnly, operations
from access_service.api.http.log_lines import Lines, make_log
from access_service.api.http.metrics import Metrics
from access_service.api.http.pool import Pool
from access_service.api.http.relay import Relay
from access_service.api.http.relayed import STATE, ActsTold
from access_service.api.http.shared_metrics import share
from access_service.api.http.traces import Traces, check_installed
from access_service.api.http.watchers import Watchers
from access_service.api.manage.segments import EncodedSlashes
from access_service.api.manage.signed_files import FILES
from access_service.api.oauth.answers import COMPONENTS as OAUTH_COMPONENTS
from access_service.domain.errors import UnavailableError
from access_service.domain.guarded_host import find_guarded_host
from access_service.domain.headings import MOST_BYTES
from access_service.domain.jobs import JobRoom
from access_service.domain.watching import WatchLimits
from access_service.engine.casbin_engine import check_distribution
from access_service.engine.memory import Memory
from access_service.live.decision_point import DecisionPoint
from access_service.live.keeper import MIB
from access_service.live.listening import listening
from access_service.rendering.job_exports import KINDS
from access_service.settings import Settings
from access_service.signing import passwords
from access_service.signing.pages import PageKey
from access_service.signing.pdf_worker import PdfWorkers
from access_service.signing.timestamps import TimeAuthority
from access_service.storage.db import Database
from access_service.storage.job_files import JobFiles
from access_service.storage.jobs import count_open
from access_service.storage.migrate import require_current
from access_service.storage.observed_answers import count_observations
from access_service.storage.spans import NO_TRACER
from access_service.usecases.jobs.workers import Workers
from access_service.usecases.keys import FACTORS, PAGES, SEAL, open_key
from access_service.usecases.log.checkpoints import Checkpointing
from access_service.usecases.organisation.settling import Settling
from access_service.usecases.paper_pages import choose_type, open_files
from access_service.usecases.paper_seal import open_pdf_seal
from access_service.usecases.services import Services, system_clock
from access_service.usecases.tokens.issue import TokenPoint
from access_service.usecases.tokens.keyring import open_keyring
from access_service.usecases.tokens.proofs import claim_together
from access_service.usecases.upkeep.keeping_progress import ProgressKeeper
from access_service.usecases.upkeep.writing_looks import LookWriter
from access_service.usecases.upkeep.writing_uses import UseWriter

VIEWER = Path(str(resources.files("fastapi_swagger").joinpath("resources")))
"""Script and style of Swagger UI 5, as the package `fastapi-swagger` carries them; its code is not used."""
SHEETS = ("/v1/sheets/", "/v1/old-exports/")
"""Below these a body is a school's own workbook, or a list of an old system's accounts."""
OPEN_PATHS = ("/v1/sessions", "/v1/activations", "/oauth2/", "/activate", "/ngon-ngu", "/nen")
"""Below these a body is looked at before it is known who sent it."""
DOORS = ("/dang-nhap", "/quan-tri/dang-nhap")
"""Signing in carries the form over which a session ended, so that nothing typed is lost."""
BODIES = {
    **dict.fromkeys(OPEN_PATHS, OPEN_BYTES),
    **dict.fromkeys(SHEETS, MOST_BYTES),
    **dict.fromkeys(DOORS, DOOR_BYTES),
}
"""How many bytes a body may have, by the beginning of its path."""
HERE_ALONE: Final = "acts"
"""This process is handed acts by others, and has no listener but theirs."""
ActsPart = Path | Literal["acts"]
"""A process hands acts over to the socket at a path, or is the one that they are handed to."""


def create_app(
    settings: Settings,
    *,
    clock: Callable[[], datetime] = system_clock,
    allow_demo: bool = False,
    started: Callable[[], None] = lambda: None,
    acts: ActsPart | None = None,
) -> FastAPI:
    """The application. Nothing is opened before it starts and everything is closed when it ends.

    `acts` says what this process has to do with acts: by default everything.
    `started` is called once all is made that stays, before the first request.

    Starting raises `UnavailableError` for a mixed installation of Casbin, a key file that others can read, a
    database that cannot be reached or has another schema, or a demonstration's database without `allow_demo`.
    Raises `PolicyError` at once for rules of a reverse proxy that cannot be read, and `UnavailableError` for traces
    that are asked for where nothing can send them.
    """
    if settings.traces_to is not None:
        check_installed()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[dict[str, Any] | None]:
        traces = None if settings.traces_to is None else Traces(settings.traces_to, make_log(settings.log_level))
        tracer = NO_TRACER if traces is None else traces.tracer
        services, point = _open(settings, clock, tracer, allow_demo=allow_demo)
        app.state.services, app.state.point, app.state.settings = services, point, settings
        app.state.edge = edge = _edge(settings, services, point, _tokens(settings, services, point))
        point.prepare_all()
        point.watch()
        if acts != HERE_ALONE:
            point.warming.start(lambda why: edge.log.warning("warming", error=why))
        try:
            async with _running(app, settings, services, point, acts):
                started()
                yield _told(services, edge) if acts == HERE_ALONE else None
        finally:
            if edge.watchers is not None:
                await edge.watchers.close()
            edge.issuance.flush()
            point.close()
            edge.readiness.shutdown()
            edge.pool.shutdown()
            services.db.close()
            if services.pdf_workers is not None:
                services.pdf_workers.close()
            if traces is not None:
                traces.close()

    def described() -> object:
        return app.openapi()

    app: FastAPI = (Application if settings.traces_to is None else TracedApplication)(
        title="access-service",
        summary="Who may see what of a province's education records, and which signature allows it.",
        version=version(),
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        lifespan=lifespan,
        middleware=[
            Middleware(EncodedSlashes),
            Middleware(Observe, edge=lambda: app.state.edge),
            Middleware(OperatorsOnly, is_open=settings.operations_public, describe=described),
            Middleware(BodyLimit, paths=BODIES, endings={**web.LARGE, **FILES}),
        ],
    )
    rules = app.state.forward_rules = load_forward_rules(settings.forward_rules) if settings.forward_rules else None
    app.state.guarded_host = None if rules is None else find_guarded_host(rules.audience)
    install(app)
    for router in routers:
        app.include_router(router)
    web.install(app)
    _add_docs(app)
    _complete_openapi(app)
    return app


@asynccontextmanager
async def _running(
    app: FastAPI, settings: Settings, services: Services, point: DecisionPoint, acts: ActsPart | None
) -> AsyncIterator[None]:
    """All that goes on beside requests, for as long as the block lasts.

    The process of acts is stopped by those that hand over to it, and has no listener of its own.
    """
    edge: Edge = app.state.edge
    drain_s, port = (0, None) if acts == HERE_ALONE else (settings.drain_seconds, settings.operations_port)
    with (
        listening(services.db, point),
        _beside(settings, services, edge, acts),
        _working(settings, services, edge, acts),
        draining(drain_s, edge.stop),
    ):
        async with (
            share(settings.metrics_dir, edge.metrics) as edge.shared,
            _relaying(app, acts, edge, point),
            operations(app, settings.operations_host, port),
        ):
            yield


def _told(services: Services, edge: Edge) -> dict[str, Any]:
    """What a process of acts tells with its answers, for its protocol."""
    told = ActsTold(edge.has_forked_log)
    services.committed.append(told.committed)
    return {STATE: told}


@asynccontextmanager
async def _relaying(app: FastAPI, acts: ActsPart | None, edge: Edge, point: DecisionPoint) -> AsyncIterator[None]:
    """Acts are handed over to that socket for as long as the block lasts; nothing where they are done here."""
    if not isinstance(acts, Path) or not isinstance(app, Application):
        yield
        return
    app.relay = relay = Relay(acts, lambda: edge, point.committed)
    edge.has_forked_log = lambda: relay.log_forked
    following = asyncio.create_task(relay.follow())
    try:
        yield
    finally:
        following.cancel()
        with suppress(asyncio.CancelledError):
            await following


@contextmanager
def _beside(settings: Settings, services: Services, edge: Edge, acts: ActsPart | None) -> Iterator[None]:
    """What is done every so often beside the requests; at the end each does what is left to do.

    Looks are written before the last checkpoint, which then covers them. A process that hands acts over writes what
    it gathered itself, and leaves the rest to the other one.
    """
    if isinstance(acts, Path):
        with _writing(services, edge):
            yield
        return
    settling = Settling(services, settings.settle_minutes * 60, lambda why: edge.log.warning("settle", error=why))
    checkpointing = Checkpointing(
        services, settings.checkpoint_minutes * 60, lambda what, why: edge.log.error(what, error=why)
    )
    progress = ProgressKeeper(services.db, lambda why: edge.log.warning("progress", error=why))
    edge.metrics.checkpoints = checkpointing.rounds
    edge.has_forked_log = lambda: bool(checkpointing.forked)
    if settings.settle_minutes:
        settling.start()
    if settings.checkpoint_minutes:
        checkpointing.start()
    progress.start()
    try:
        with _writing(services, edge):
            try:
                yield
            finally:
                settling.close()
                progress.close()
    finally:
        checkpointing.close()


@contextmanager
def _writing(services: Services, edge: Edge) -> Iterator[None]:
    """What answers leave to be written is written."""
    looks = LookWriter(services.db, services.looks, lambda why: edge.log.warning("looks", error=why))
    uses = UseWriter(services.db, services.uses, services.observed, lambda why: edge.log.warning("uses", error=why))
    looks.start()
    uses.start()
    try:
        yield
    finally:
        looks.close()
        uses.close()


def _tokens(settings: Settings, services: Services, point: DecisionPoint) -> TokenPoint:
    keyring = open_keyring(
        services.db,
        settings.keys_dir,
        algorithm=settings.token_algorithm,
        overlap_s=settings.key_overlap_seconds,
    )
    return TokenPoint(services, point, keyring, issuer=settings.public_url, token_s=settings.token_seconds)


@contextmanager
def _working(settings: Settings, services: Services, edge: Edge, acts: ActsPart | None) -> Iterator[None]:
    """Jobs are carried out while the block lasts; their numbers are counted on the event loop, as all are."""
    if not settings.job_workers or isinstance(acts, Path):
        yield
        return
    loop = asyncio.get_running_loop()

    def ended(kind: str, state: str, seconds: float) -> None:
        with suppress(RuntimeError):
            loop.call_soon_threadsafe(edge.metrics.count_job, kind, state, seconds)

    workers = Workers(
        services,
        KINDS,
        most=settings.job_workers,
        ended=ended,
        failed=lambda why: edge.log.warning("jobs", error=why),
    )
    workers.start()
    try:
        yield
    finally:
        workers.close()


def _edge(settings: Settings, services: Services, point: DecisionPoint, tokens: TokenPoint) -> Edge:
    pool, metrics = Pool(), Metrics()
    edge = Edge(
        pdp=RegisterPdp(services, point, pool, metrics, settings.register_name),
        clock=services.db.now,
        public_url=settings.public_url,
        api_key=settings.api_key.get_secret_value() if settings.api_key else None,
        log=make_log(settings.log_level),
        lines=Lines(settings.log_level),
        pages=PageKey(open_key(services.db, settings.keys_dir, PAGES)),
        api_key_search=settings.api_key_search,
        log_decisions=settings.log_decisions,
        log_callers=settings.log_callers,
        metrics=metrics,
        pool=pool,
        tokens=tokens,
        open_jobs=partial(count_open, services.db),
        claim_together=claim_together(services.db, settings.metrics_dir, pool.run),
        observed=services.observed,
        observed_units=lambda: count_observations(services.db, services.db.now()),
    )
    edge.watchers = Watchers(
        point,
        tokens,
        pool,
        limits=WatchLimits(settings.watchers, settings.watchers_per_client),
        staleness_s=settings.staleness_s,
        counts=metrics.watching,
        failed=lambda error: edge.log_failure(error, "watch"),
    )
    return edge


def _open(
    settings: Settings, clock: Callable[[], datetime], tracer: Tracer, *, allow_demo: bool
) -> tuple[Services, DecisionPoint]:
    check_distribution()
    db = Database(
        settings.database_url,
        clock,
        clock_gap=timedelta(days=settings.clock_gap_days),
        memory=Memory(settings.cache_mib * MIB // 8),
        tracer=tracer,
    )
    try:
        require_current(db.engine)
        _check_demo(db, allow_demo=allow_demo)
        seal = open_key(db, settings.keys_dir, SEAL)
        factors = open_key(db, settings.keys_dir, FACTORS)
        passwords.choose(settings.argon2_memory_kib, settings.argon2_passes)
        passwords.prepare()
        choose_type(settings.fonts_dir)
    except BaseException:
        db.close()
        raise
    services = Services(
        db,
        seal,
        factors=factors,
        keys_dir=settings.keys_dir,
        public_url=settings.public_url,
        checkpoint_dirs=settings.checkpoint_dirs or (),
        signs_log=settings.checkpoint_minutes > 0,
        observe_days=settings.observe_days,
        files=open_files(settings.files_dir),
        pdf_seal=open_pdf_seal(settings.keys_dir),
        pdf_workers=PdfWorkers(settings.trust_dir),
        ask_time=None if settings.tsa_url is None else TimeAuthority(str(settings.tsa_url)).ask,
        job_files=JobFiles(settings.jobs_dir, JobRoom.of_mib(settings.job_account_mib, settings.job_files_mib)),
    )
    point = DecisionPoint(
        db,
        cache_mib=settings.cache_mib,
        staleness_s=settings.staleness_s,
        poll_s=settings.poll_ms / 1000,
    )
    services.committed.append(point.committed)
    return services, point


def _check_demo(db: Database, *, allow_demo: bool) -> None:
    if not allow_demo and any(row["demo"] for row in db.registers()):
        raise UnavailableError("this database is a demonstration, its passwords are public")


def _add_docs(app: FastAPI) -> None:
    """The interactive documentation, from files that came with the program: it works without the internet."""
    app.mount("/docs/assets", StaticFiles(directory=str(VIEWER)), name="docs-assets")

    @app.get("/docs", include_in_schema=False)
    async def docs(request: Request) -> HTMLResponse:
        root = request.scope.get("root_path", "")
        page = get_swagger_ui_html(
            openapi_url=f"{root}{app.openapi_url}",
            title=app.title,
            swagger_js_url=f"{root}/docs/assets/swagger-ui-bundle.js",
            swagger_css_url=f"{root}/docs/assets/swagger-ui.css",
            swagger_favicon_url=f"{root}/docs/assets/favicon-32x32.png",
        )
        page.headers["Content-Security-Policy"] = _docs_csp(bytes(page.body))
        return page


def _docs_csp(page: bytes) -> str:
    """What that page may load: our files, and the one script that stands in it, by its hash."""
    script = page.rpartition(b"<script>")[2].partition(b"</script>")[0]
    hashed = base64.b64encode(hashlib.sha256(script).digest()).decode()
    return (
        f"default-src 'none'; script-src 'self' 'sha256-{hashed}'; style-src 'self' 'unsafe-inline'; "
        "img-src 'self' data:; connect-src 'self'; base-uri 'none'; frame-ancestors 'none'"
    )


def _complete_openapi(app: FastAPI) -> None:
    """Add what the routes that read their own bodies refer to."""
    generated = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            document = generated()
            components = document.setdefault("components", {})
            components.setdefault("schemas", {}).update(COMPONENTS | SEARCH_COMPONENTS | OAUTH_COMPONENTS)
            schemes = components.setdefault("securitySchemes", {})
            schemes["key"] = {"type": "http", "scheme": "bearer"}
            schemes["client"] = {"type": "http", "scheme": "basic"}
            complete(document)
            app.openapi_schema = document
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]
