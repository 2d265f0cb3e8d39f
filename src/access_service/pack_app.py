"""The composition root of `serve --policy`: one pack in, one ASGI application out. No register, no database."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from starlette.middleware import Middleware

from access_service.api.authzen import access, search
from access_service.api.authzen.hot import Application
from access_service.api.authzen.pack_pdp import PackPdp
from access_service.api.authzen.pack_schemas import COMPONENTS as PACK_COMPONENTS
from access_service.api.authzen.schemas import COMPONENTS
from access_service.api.authzen.search_schemas import COMPONENTS as SEARCH_COMPONENTS
from access_service.api.http import health
from access_service.api.http.described import complete
from access_service.api.http.draining import draining
from access_service.api.http.edge import Edge, Observe
from access_service.api.http.errors import install
from access_service.api.http.limits import BodyLimit
from access_service.api.http.listener import OperatorsOnly, operations
from access_service.api.http.log_lines import Lines, make_log
from access_service.api.http.metrics import Metrics
from access_service.api.http.pool import Pool
from access_service.engine.alone.decisions import StandaloneEngine
from access_service.engine.alone.standalone import load_standalone, models_for
from access_service.engine.casbin_engine import check_distribution
from access_service.settings import Settings
from access_service.signing.pages import PageKey
from access_service.usecases.services import system_clock


def create_pack_app(settings: Settings, folder: Path, *, clock: Callable[[], datetime] = system_clock) -> FastAPI:
    """The application of the pack in `folder`: AuthZEN, health, metrics and the description, nothing under `/v1`.

    Raises `PolicyError` with every fault of the pack, `UnavailableError` for a mixed installation of Casbin.
    """
    check_distribution()
    folder = folder.resolve()
    engine = StandaloneEngine(load_standalone(folder, models_for(folder, settings.models_dir)))

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        pool, metrics = Pool(), Metrics()
        app.state.edge = edge = Edge(
            pdp=PackPdp(engine, pool, metrics, clock),
            # No folder of keys is needed: a list is begun again when the process is.
            pages=PageKey.temporary(),
            clock=clock,
            public_url=settings.public_url,
            api_key=settings.api_key.get_secret_value() if settings.api_key else None,
            api_key_search=settings.api_key_search,
            log_decisions=settings.log_decisions,
            log_callers=settings.log_callers,
            log=make_log(settings.log_level),
            lines=Lines(settings.log_level),
            metrics=metrics,
            pool=pool,
        )
        try:
            with draining(settings.drain_seconds, edge.stop):
                async with operations(app, settings.operations_host, settings.operations_port):
                    yield
        finally:
            edge.readiness.shutdown()
            pool.shutdown()

    def described() -> object:
        return app.openapi()

    app: FastAPI = Application(
        title=engine.pack.title,
        summary=f"Decisions by the policy pack `{engine.pack.name}` alone.",
        version=engine.pack.version,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        lifespan=lifespan,
        middleware=[
            Middleware(Observe, edge=lambda: app.state.edge),
            Middleware(OperatorsOnly, is_open=settings.operations_public, describe=described),
            Middleware(BodyLimit),
        ],
    )
    install(app)
    for router in (health.router, access.router, search.router):
        app.include_router(router)
    _complete_openapi(app)
    return app


def _complete_openapi(app: FastAPI) -> None:
    """Add what the routes that read their own bodies refer to, with the bodies of packs."""
    generated = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            document = generated()
            components = document.setdefault("components", {})
            components.setdefault("schemas", {}).update(COMPONENTS | SEARCH_COMPONENTS | PACK_COMPONENTS)
            components.setdefault("securitySchemes", {})["key"] = {"type": "http", "scheme": "bearer"}
            complete(document)
            app.openapi_schema = document
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]
