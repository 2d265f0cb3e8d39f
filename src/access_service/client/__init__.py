"""The Python client: ask the access service, verify its tokens without a call. Imports nothing else of ours.

blocking, awaiting   the clients, for threads and for an event loop
fastapi              `require("student:read", …)`, for services written with FastAPI
verify               offline verification of access tokens
core, flows, wire    what is asked, in which steps, and how strictly answers are read
watch, heard, kept   the stream of changes, what it told, answers that are kept; `events` are read
oauth, transport     who the client is; sockets
process              what a fork inherits and does not use

Needs httpx2 and PyJWT with cryptography (`access-service[client]`), and nothing of the server. docs/client.md.
"""

from access_service.client.awaiting import AsyncAccessClient
from access_service.client.blocking import AccessClient
from access_service.client.errors import AccessRequestError, AccessUnavailableError, ClientError, TokenError
from access_service.client.heard import StreamStatus
from access_service.client.oauth import AccessToken, ClientCredentials, StaticKey
from access_service.client.tokens import AccessDetail, Token
from access_service.client.values import (
    Allow,
    Decision,
    Deny,
    Entity,
    Question,
    Reason,
    Resource,
    Results,
    school_class,
    staff,
    student,
    unit,
)
from access_service.client.verify import AsyncTokenVerifier, TokenVerifier
from access_service.client.watch import AsyncChangeStream, ChangeStream

__all__ = [
    "AccessClient",
    "AccessDetail",
    "AccessRequestError",
    "AccessToken",
    "AccessUnavailableError",
    "Allow",
    "AsyncAccessClient",
    "AsyncChangeStream",
    "AsyncTokenVerifier",
    "ChangeStream",
    "ClientCredentials",
    "ClientError",
    "Decision",
    "Deny",
    "Entity",
    "Question",
    "Reason",
    "Resource",
    "Results",
    "StaticKey",
    "StreamStatus",
    "Token",
    "TokenError",
    "TokenVerifier",
    "school_class",
    "staff",
    "student",
    "unit",
]
