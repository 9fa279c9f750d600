"""`/v1/devices/import`."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request

from apps.api.dependencies import DevicesChange
from apps.api.imports import rules, service
from apps.api.imports.errors import BadFile, UnknownKind
from apps.api.imports.schemas import ImportOut, ImportQuery
from shared.telemetry.clean import clean
from shared.web import idempotency
from shared.web.dependencies import WriteSession
from shared.web.openapi import failures
from shared.web.transaction import TransactionalRoute

router = APIRouter(route_class=TransactionalRoute, prefix="/v1/devices", tags=["devices"])

READERS = {"text/csv": rules.read_csv, "application/json": rules.read_json}
BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "text/csv": {
                "schema": {"type": "string"},
                "example": "uid,name,profile,tags\npump-7,Pump 7,room sensor,floor-2|cellar\n",
            },
            "application/json": {
                "schema": {"type": "array", "items": {"type": "object"}},
                "example": [{"uid": "pump-7", "name": "Pump 7", "tags": ["floor-2", "cellar"]}],
            },
        },
    }
}


@router.post(
    "/import",
    summary="Import devices",
    openapi_extra=BODY,
    responses=failures({415: "Neither text/csv nor application/json."}),
)
async def import_devices(
    query: Annotated[ImportQuery, Query()],
    request: Request,
    session: WriteSession,
    change: DevicesChange,
) -> ImportOut:
    """Register many devices from a CSV or a JSON list, at most 10,000 at once.

    Columns: `uid`, and where there are `name`, `profile` (name or id) and `tags` (`|` between
    them); commas, semicolons or tabs. Bad rows are reported by line and left out, the rest goes
    on. Try it with `dry_run=true` first. Each device's token is shown this once: a
    repeated answer (`Idempotency-Key`) has the counts only.
    """
    kind = request.headers.get("content-type", "").split(";")[0].strip().lower()
    if kind not in READERS:
        raise UnknownKind("send the file as text/csv or application/json")
    try:
        sheet = READERS[kind](await request.body())
    except rules.UnreadableError as error:
        raise BadFile(clean(str(error))) from None
    made = await service.run(session, change, sheet, dry_run=query.dry_run)
    idempotency.keep(request, service.summary(made))
    return made
