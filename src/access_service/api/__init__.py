"""HTTP JSON: parse, call the use case, render.

access        AuthZEN: one question or a batch   search        AuthZEN: the three searches
hot           the same ahead of the framework    bodies        reading a body strictly and quickly
pdp           what answers behind these routes   register_pdp  a register does; pack_pdp: a pack alone
forward_auth, forward_rules   may the request pass that a proxy holds?
matrix        the access matrix                  log, metrics  what is written and counted
oauth, forms  OAuth 2.0 for services             callers       who asks for decisions: the key, or a token
issuance      the log of tokens
sessions, second_factors, org, accounts, delegation, documents, audit   the management routes of each noun
schemas       AuthZEN's bodies and answers; schemas_<noun> those of the management routes, over schemas_base
routing       what management routes share       deps          what each is given
idempotency   reading a body, `Idempotency-Key`  limits        what a request may be
errors        the one table from errors to HTTP  health        health, readiness, metrics
edge          what happens around every request

A new group of routes is one line in `routers`.
"""

from fastapi import APIRouter

from access_service.api import (
    access,
    accounts,
    audit,
    delegation,
    documents,
    forward_auth,
    health,
    matrix,
    oauth,
    org,
    search,
    second_factors,
    sessions,
    software,
    waiting,
)

routers: tuple[APIRouter, ...] = (
    health.router,
    access.router,
    search.router,
    forward_auth.router,
    matrix.router,
    oauth.router,
    *(sessions.open_router, sessions.router, second_factors.router, org.router, accounts.router),
    *(delegation.router, documents.router, software.router, audit.router, waiting.router),
)
