"""HTTP JSON: parse, call the use case, render.

http      what every route stands on: edge, errors, limits, listener, log, metrics, pool, health
pdp       what stands behind the AuthZEN routes: a register, or a pack alone
authzen   decisions and searches        oauth     tokens for services and software
forward   for reverse proxies           manage    the management routes of each noun

A new group of routes is one line in `routers`.
"""

from fastapi import APIRouter

from access_service.api.authzen import access, search, watch
from access_service.api.forward import auth as forward_auth
from access_service.api.forward import guarded_sign_in
from access_service.api.http import health
from access_service.api.manage import (
    accounts,
    audit,
    correcting,
    delegation,
    documents,
    drafts,
    inspected_units,
    jobs,
    lists,
    log,
    matrix,
    observing,
    old_systems,
    org,
    paper_pages,
    paths,
    rights,
    second_factors,
    sessions,
    signed_files,
    software,
    tasks,
    vocabulary,
    waiting,
    who,
)
from access_service.api.oauth import routes as oauth

routers: tuple[APIRouter, ...] = (
    health.router,
    access.router,
    search.router,
    watch.router,
    vocabulary.router,
    forward_auth.router,
    guarded_sign_in.router,
    matrix.router,
    who.router,
    paths.router,
    lists.router,
    tasks.router,
    jobs.router,
    drafts.router,
    oauth.router,
    *(sessions.open_router, sessions.router, second_factors.router, org.router, accounts.router),
    *(
        delegation.router,
        documents.router,
        paper_pages.router,
        signed_files.router,
        software.router,
        audit.router,
        waiting.router,
    ),
    *(old_systems.router, observing.router),
    *(correcting.router, rights.router, log.router, log.files, inspected_units.router),
)
