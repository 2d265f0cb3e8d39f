"""HTTP JSON: parse, call the use case, render.

A new group of routes is one line in `routers`.
"""

from fastapi import APIRouter

from access_service.api import access, accounts, audit, delegation, documents, health, matrix, org, sessions

routers: tuple[APIRouter, ...] = (
    health.router,
    access.router,
    matrix.router,
    *(sessions.open_router, sessions.router, org.router, accounts.router),
    *(delegation.router, documents.router, audit.router),
)
