"""`POST /v1/devices/{id}/readings` and `POST /v1/readings`."""

from collections.abc import AsyncIterator
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from sqlalchemy.ext.asyncio import AsyncSession

from apps.api.dependencies import NO_DEVICE, DeviceKey, ReadingsWriter
from apps.api.ingestion import service
from apps.api.ingestion.errors import UnknownKind
from apps.api.ingestion.rules import LONGEST_LINE, Lines
from apps.api.ingestion.schemas import BATCH_EXAMPLE, MESSAGE, Accepted, BatchOut
from apps.api.ingestion.service import Tally, Writer
from shared.auth.keys import Principal
from shared.errors import BadRequest, TooLarge
from shared.readings.store import announce
from shared.web import idempotency, problems
from shared.web.dependencies import WriteSession, after_commit, services
from shared.web.openapi import failures
from shared.web.transaction import TransactionalRoute

router = APIRouter(route_class=TransactionalRoute, prefix="/v1", tags=["readings"])

# Lines of NDJSON that are committed together.
LINES = 1_000
NDJSON = {"application/x-ndjson", "application/ndjson", "application/jsonl"}
ONE: dict[str, Any] = {
    "requestBody": {"required": True, "content": {"application/json": {"schema": MESSAGE}}}
}
MANY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {"type": "array", "items": MESSAGE, "maxItems": service.MOST_MESSAGES},
                "example": BATCH_EXAMPLE,
            },
            "application/x-ndjson": {
                "schema": {"type": "string"},
                "example": '{"device":"pump-7","t":1763740801000,"v":{"temp":21.5}}\n',
            },
        },
    }
}


@router.post(
    "/devices/{device_id}/readings",
    status_code=201,
    summary="Send a reading or an event",
    response_model=Accepted,
    openapi_extra=ONE,
    responses=NO_DEVICE
    | {200: {"model": Accepted, "description": "It was stored before."}}
    | failures(
        {409: "The device is disabled.", 422: "It can never be stored; it is a dead letter now."}
    ),
)
async def send_one(
    device_id: DeviceKey, request: Request, session: WriteSession, principal: ReadingsWriter
) -> Response:
    """Store one message of a device: 201 stored, 200 stored before, 422 not acceptable.

    The same identity as over TCP: device, time, `boot` and `s`; without `s`, time and content.
    So it may be sent again until it is answered.
    """
    raw = await request.body()
    if len(raw) > LONGEST_LINE:
        raise TooLarge(f"a message is at most {LONGEST_LINE} bytes")
    outcome, taken = await service.take_one(session, _writer(request, principal), device_id, raw)
    if outcome.status == "rejected":
        # Answered, not raised: the dead letter is committed.
        return problems.problem(
            422,
            outcome.code or "rejected",
            "The message cannot be stored",
            outcome.detail or "",
            problems.request_id(request),
        )
    after_commit(request, lambda: announce(services(request).bus, taken))
    body = {"status": outcome.status, "t": outcome.t, "boot": outcome.boot, "s": outcome.s}
    return JSONResponse(body, 201 if outcome.status == "stored" else 200)


@router.post(
    "/readings",
    summary="Send many readings and events",
    openapi_extra=MANY,
    responses=failures({413: "The body is larger than 32 MiB.", 415: "Neither JSON nor NDJSON."}),
)
async def send_many(request: Request, session: WriteSession, principal: ReadingsWriter) -> BatchOut:
    """Store messages of many devices, which they name by uid.

    A JSON list is stored whole or not at all. NDJSON is stored as it comes, some lines at a
    time: broken off, it can be sent again, and what was stored is a duplicate then. Messages
    that are not acceptable are dead letters (if their device is known), and the answer says why.
    """
    kind = request.headers.get("content-type", "").split(";")[0].strip().lower()
    writer = _writer(request, principal)
    if kind in NDJSON:
        return await _take_lines(request, writer)
    if kind != "application/json":
        raise UnknownKind("send application/json or application/x-ndjson")
    return await _take_list(request, session, writer)


async def _take_list(request: Request, session: AsyncSession, writer: Writer) -> BatchOut:
    tally = Tally()
    messages = service.split(await request.body())
    taken = await service.take_many(session, writer, list(enumerate(messages)), tally)
    after_commit(request, lambda: announce(services(request).bus, taken))
    idempotency.keep(request, tally.out(service.KEPT))
    return tally.out()


async def _take_lines(request: Request, writer: Writer) -> BatchOut:
    if idempotency.HEADER in request.headers:
        raise BadRequest(f"NDJSON needs no {idempotency.HEADER}: each line is stored once anyway")
    tally = Tally()
    here = services(request)
    async for lines in _groups(request, tally):
        async with here.database.unit_of_work() as session:
            taken = await service.take_many(session, writer, lines, tally)
        await announce(here.bus, taken)
    return tally.out()


async def _groups(request: Request, tally: Tally) -> AsyncIterator[list[tuple[int, bytes]]]:
    """Lines with their place, some at a time; those that are too long are counted and left out."""
    group: list[tuple[int, bytes]] = []
    place = 0
    async for line in _lines(request):
        if line is None:
            tally.reject(place, "too_long", f"a line is at most {LONGEST_LINE} bytes")
        elif line.strip():
            group.append((place, line))
        place += 1
        if len(group) == LINES:
            yield group
            group = []
    if group:
        yield group


async def _lines(request: Request) -> AsyncIterator[bytes | None]:
    lines = Lines()
    async for block in request.stream():
        for line in lines.feed(block):
            yield line
    for line in lines.end():
        yield line


def _writer(request: Request, principal: Principal) -> Writer:
    here = services(request)
    return Writer(principal.sight, request.app.state.task, here.clock)
