"""Style and scripts, under an address that names their bytes: kept for a year, and never stale."""

import gzip
import hashlib
from dataclasses import dataclass
from functools import cache
from importlib import resources

from fastapi import APIRouter, Request
from starlette.responses import Response

router = APIRouter(include_in_schema=False)
MEDIA_TYPES = {"css": "text/css; charset=utf-8", "js": "text/javascript; charset=utf-8", "svg": "image/svg+xml"}
DIGITS = 12
"""How much of a file's SHA-256 stands in its address."""


@dataclass(frozen=True, slots=True)
class Asset:
    """A file as it is handed out."""

    address: str
    etag: str
    media_type: str
    plain: bytes
    packed: bytes


@cache
def assets() -> dict[str, Asset]:
    """Every file, by its address."""
    found = {}
    for file in (resources.files("access_service.web") / "static").iterdir():
        kind = file.name.rpartition(".")[2]
        if kind in MEDIA_TYPES:
            data = file.read_bytes()
            sha256 = hashlib.sha256(data).hexdigest()
            address = f"/static/{sha256[:DIGITS]}/{file.name}"
            found[address] = Asset(address, f'"{sha256}"', MEDIA_TYPES[kind], data, gzip.compress(data, 9, mtime=0))
    return found


@cache
def address_of(name: str) -> str:
    """Where `app.css` stands; `KeyError` for a file that the program does not have."""
    return next(address for address in assets() if address.endswith(f"/{name}")) if name else ""


@router.get("/static/{sha256}/{name}")
def send_asset(request: Request, sha256: str, name: str) -> Response:
    """One file; 404 for any address but that of today's bytes."""
    asset = assets().get(f"/static/{sha256}/{name}")
    headers = {"X-Content-Type-Options": "nosniff"}
    if asset is None:
        return Response("", 404, headers | {"Cache-Control": "no-store"}, "text/plain; charset=utf-8")
    headers |= {
        "Cache-Control": "public, max-age=31536000, immutable",
        "ETag": asset.etag,
        "Vary": "Accept-Encoding",
        "Cross-Origin-Resource-Policy": "same-origin",
    }
    if request.headers.get("if-none-match") == asset.etag:
        return Response(None, 304, headers)
    if "gzip" in request.headers.get("accept-encoding", ""):
        return Response(asset.packed, 200, headers | {"Content-Encoding": "gzip"}, asset.media_type)
    return Response(asset.plain, 200, headers, asset.media_type)
