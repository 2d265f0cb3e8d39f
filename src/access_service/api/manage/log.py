"""The log for whoever checks it: its checkpoint, tiles and entries as files (C2SP tlog-tiles), and its proofs."""

import base64
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request
from pydantic import BaseModel, Field
from starlette.responses import PlainTextResponse, Response

from access_service.api.http.deps import CallerDep, ServicesDep, caller_of_request
from access_service.api.manage.routing import PROBLEMS, manage
from access_service.domain.errors import NotFoundError
from access_service.domain.log import ProofError
from access_service.domain.log_texts import LogName, TileName, read_tile_name
from access_service.settings import Settings
from access_service.usecases.log import proving

LAST_SEQ = 1 << 53
"""Beyond it no JSON number is exact."""
LAST_EPOCH = 999_999_999
FOR_EVER = "max-age=31536000, immutable"
FILES: dict[int | str, dict[str, Any]] = {status: PROBLEMS[status] for status in (401, 403, 404, 422, 503)}
router = manage("log")
files = APIRouter(prefix="/log/{register}/{epoch}", tags=["log"], responses=FILES)

RegisterPath = Annotated[str, Path(max_length=64, description="the register", examples=["hai-phong"])]
EpochPath = Annotated[
    int, Path(ge=1, le=LAST_EPOCH, description="which log of the register: a new one begins after a loss")
]
PlacePath = Annotated[
    str,
    Path(max_length=32, description="number of the tile, and its width where it is not full", examples=["000.p/7"]),
]
OldSize = Annotated[int, Query(alias="from", ge=0, le=LAST_SEQ, description="size that was seen before")]
NewSize = Annotated[
    int | None,
    Query(alias="to", ge=0, le=LAST_SEQ, description="later size; that of the newest checkpoint when left out"),
]
_ROOT = "PiS7wI2orYvRtTSLNFeARCNVQuQ3IVEVLkAMD0t+WnM="
_NOTE = f"access.example.vn/log/hai-phong/1\n20431\n{_ROOT}\n\n— access.example.vn/log/hai-phong/1 3IyL1VhL…\n"
_VKEY = "access.example.vn/log/hai-phong/1+dc8c8bd5+AbXo…"


def _shown(description: str, example: str) -> dict[int | str, dict[str, Any]]:
    return {200: {"description": description, "content": {"text/plain": {"example": example}}}}


NOTE = _shown("The signed note.", _NOTE)
PROOF = _shown("The proof.", f"c2sp.org/tlog-proof@v1\nextra eyJhY3Rpb24i…\nindex 6\n{_ROOT}\n\n{_NOTE}")
POLICY = _shown("The policy.", f"log {_VKEY}\nquorum none\n")
BINARY: dict[int | str, dict[str, Any]] = {
    200: {"description": "The bytes.", "content": {"application/octet-stream": {"example": "(32 bytes a hash)"}}}
}


class ConsistencyOut(BaseModel):
    """That the log begins with what it was before."""

    size: int = Field(description="Size of the later tree.")
    hashes: list[str] = Field(description="The proof of RFC 9162 section 2.1.4, each hash in base64.")


@files.get(
    "/checkpoint",
    response_class=PlainTextResponse,
    responses=NOTE,
    summary="The newest checkpoint of a log, as it was signed",
)
def checkpoint(request: Request, services: ServicesDep, register: RegisterPath, epoch: EpochPath) -> Response:
    """A signed note of three lines: origin, size, root. Public unless `ACCESS_SERVICE_LOG_PUBLIC` is `none`."""
    _admit(request, register, is_public=_settings(request).log_public != "none")
    note = proving.read_note_of(services, LogName("", register, epoch))
    return PlainTextResponse(note, headers={"Cache-Control": "no-cache"})


@files.get("/consistency", summary="Proof that a log begins with what it was before")
def public_consistency(
    request: Request,
    services: ServicesDep,
    register: RegisterPath,
    epoch: EpochPath,
    old: OldSize,
    new: NewSize = None,
) -> ConsistencyOut:
    """For whoever follows the checkpoints (`access-service log monitor`): as public as they are."""
    _admit(request, register, is_public=_settings(request).log_public != "none")
    return _consistency(proving.read_consistency(services, LogName("", register, epoch), old, new))


@files.get(
    "/tile/entries/{place:path}", response_class=Response, responses=BINARY, summary="Events as they are hashed"
)
def entries(
    services: ServicesDep,
    caller: CallerDep,
    register: RegisterPath,
    epoch: EpochPath,
    place: PlacePath,
) -> Response:
    """Up to 256 events, each behind its length in two bytes; for whoever may read the log."""
    name = LogName("", register, epoch)
    data = proving.read_bundle(services, caller, name, _tile("0", place))
    return _bytes(data, is_public=False)


@files.get(
    "/tile/{level}/{place:path}", response_class=Response, responses=BINARY, summary="Hashes of the log's tree"
)
def tile(
    request: Request,
    services: ServicesDep,
    register: RegisterPath,
    epoch: EpochPath,
    level: Annotated[str, Path(max_length=2, description="level of the tree: 0 has the leaves", examples=["0"])],
    place: PlacePath,
) -> Response:
    """Up to 256 hashes of 32 bytes; for everybody signed in, and public with `ACCESS_SERVICE_LOG_PUBLIC=tiles`."""
    is_public = _settings(request).log_public == "tiles"
    _admit(request, register, is_public=is_public)
    data = proving.read_hashes(services, LogName("", register, epoch), _tile(level, place))
    return _bytes(data, is_public=is_public)


@router.get(
    "/log/proof", response_class=PlainTextResponse, responses=PROOF, summary="Proof of one event, as a file"
)
def proof(
    services: ServicesDep,
    caller: CallerDep,
    seq: Annotated[int, Query(ge=1, le=LAST_SEQ, description="number of the event")],
) -> Response:
    """The event, its path in the tree and the signed checkpoint (C2SP tlog-proof): verifiable alone."""
    text = proving.read_proof(services, caller, seq)
    return PlainTextResponse(text, headers={"Content-Disposition": f'attachment; filename="{seq}.tlog-proof"'})


@router.get("/log/consistency", summary="Proof that the log begins with what it was before")
def consistency(
    services: ServicesDep,
    caller: CallerDep,
    old: OldSize,
    new: NewSize = None,
) -> ConsistencyOut:
    """Between two sizes up to that of the newest checkpoint, which is meant where `to` is left out."""
    return _consistency(proving.read_consistency(services, proving.name_for(services, caller), old, new))


@router.get(
    "/log/policy",
    response_class=PlainTextResponse,
    responses=POLICY,
    summary="The keys that a stock verifier needs",
)
def policy(services: ServicesDep, caller: CallerDep) -> str:
    """A policy file (C2SP tlog-policy). Compare the keys with those that were published on paper."""
    return proving.write_policy(services, caller.register)


def _consistency(found: tuple[int, list[bytes]]) -> ConsistencyOut:
    size, hashes = found
    return ConsistencyOut(size=size, hashes=[base64.b64encode(each).decode() for each in hashes])


def _settings(request: Request) -> Settings:
    found: Settings = request.app.state.settings
    return found


def _admit(request: Request, register: str, *, is_public: bool) -> None:
    """Everybody, or whoever is signed in to that register."""
    if not is_public and caller_of_request(request, None).register != register:
        raise NotFoundError("log", register)


def _tile(level: str, place: str) -> TileName:
    try:
        return read_tile_name(level, place)
    except ProofError:
        raise NotFoundError("tile", place[:64]) from None


def _bytes(data: bytes, *, is_public: bool) -> Response:
    """What never changes; where it is not public, no cache on the way keeps it."""
    cached = f"{'public' if is_public else 'private'}, {FOR_EVER}"
    return Response(data, media_type="application/octet-stream", headers={"Cache-Control": cached})
