"""Style and pictures, each under a name that changes with its content, so that browsers keep it."""

import hashlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType

from fastapi import APIRouter, Depends, Response

from shared.errors import NotFound
from shared.web.access import public

FOLDER = Path(__file__).parent / "static"
PREFIX = "/static/"
# A year: under this name there will never be other bytes.
FOREVER = "public, max-age=31536000, immutable"
TYPES = MappingProxyType(
    {
        ".css": "text/css; charset=utf-8",
        ".js": "text/javascript; charset=utf-8",
        ".svg": "image/svg+xml; charset=utf-8",
        ".png": "image/png",
        ".woff2": "font/woff2",
    }
)

router = APIRouter(include_in_schema=False)


@dataclass(frozen=True, slots=True)
class File:
    """A file as it is served: `name` has the hash of `content` in it."""

    name: str
    content: bytes
    media_type: str


@cache
def files() -> dict[str, File]:
    """Every file by its plain name. Raises `KeyError` for a kind that has no type here."""
    return {path.name: _file(path) for path in sorted(FOLDER.iterdir()) if path.is_file()}


def address(name: str) -> str:
    """The path of the file on every app. Raises `KeyError` where there is none."""
    return PREFIX + files()[name].name


@router.get(
    PREFIX + "{name}", dependencies=[Depends(public("style and scripts are the same for all"))]
)
async def static(name: str) -> Response:
    found = next((file for file in files().values() if file.name == name), None)
    if found is None:
        raise NotFound("there is no such file; load the page again")
    return Response(found.content, media_type=found.media_type, headers={"Cache-Control": FOREVER})


def _file(path: Path) -> File:
    content = path.read_bytes()
    mark = hashlib.sha256(content).hexdigest()[:16]
    return File(f"{path.stem}.{mark}{path.suffix}", content, TYPES[path.suffix])
