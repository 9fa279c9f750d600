"""`/v1/dead-letters`."""

import base64
from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request
from sqlalchemy.ext.asyncio import AsyncSession

from apps.api.dead_letters import repository, service
from apps.api.dead_letters.schemas import (
    LETTER_EXAMPLE,
    DeadLetterFull,
    DeadLetterOut,
    DeadLetterQuery,
    ReplayedLetter,
    ReplayIn,
    ReplayOut,
)
from apps.api.dependencies import ReadingsChange, ReadingsReader
from apps.api.devices import repository as devices
from apps.api.devices.service import number
from shared.auth.principal import Sight
from shared.models import DeadLetter
from shared.readings.store import announce
from shared.telemetry.clean import clean
from shared.web.changes import Change
from shared.web.dependencies import CursorsOf, ReadSession, WriteSession, after_commit, services
from shared.web.openapi import failures
from shared.web.schemas import Page
from shared.web.transaction import TransactionalRoute

router = APIRouter(route_class=TransactionalRoute, prefix="/v1/dead-letters", tags=["dead letters"])

LetterKey = Annotated[
    str, Path(max_length=64, description="id of a dead letter", examples=[LETTER_EXAMPLE])
]
GONE = failures({404: "There is no such dead letter in this organisation."})


@router.get("", summary="List dead letters")
async def list_letters(
    query: Annotated[DeadLetterQuery, Query()],
    principal: ReadingsReader,
    session: ReadSession,
    cursors: CursorsOf,
) -> Page[DeadLetterOut]:
    """Messages that could not be stored, newest first, and why."""
    org_id, sight = principal.org_id, principal.sight
    which = repository.Filter(
        device_id=await _device(session, sight, query.device),
        code=query.code,
        replayed=query.replayed,
    )
    about = {"list": "dead letters", "org": org_id, "which": repr(which)}
    before = cursors.decode(about, query.cursor)[0] if query.cursor else None
    found = await repository.page(session, sight, which, before=before, limit=query.limit + 1)
    rows = found[: query.limit]
    names = await devices.public_ids(session, org_id, (row.device_id for row in rows))
    items = [
        DeadLetterOut(
            id=row.public_id,
            device=names[row.device_id],
            received=row.received_ts,
            boot=row.boot,
            s=row.seq,
            code=row.code,
            detail=row.detail,
            size=row.size,
            text=clean(row.head),
            replayed=row.replayed_ts,
        )
        for row in rows
    ]
    more = len(found) > query.limit
    return Page(items=items, next=cursors.encode(about, [items[-1].id]) if more else None)


@router.get("/{letter_id}", summary="Get a dead letter", responses=GONE)
async def get(
    letter_id: LetterKey, principal: ReadingsReader, session: ReadSession
) -> DeadLetterFull:
    """One message that could not be stored, as it came."""
    letter = await service.get(session, principal.sight, letter_id)
    names = await devices.public_ids(session, principal.org_id, [letter.device_id])
    return _full(letter, names[letter.device_id])


@router.post("/{letter_id}/replay", summary="Replay a dead letter", responses=GONE)
async def replay_one(
    letter_id: LetterKey, request: Request, session: WriteSession, change: ReadingsChange
) -> ReplayedLetter:
    """Try to store it again, as the device's profile is today. It keeps its identity."""
    letter = await service.get(session, change.principal.sight, letter_id)
    done = await service.replay(session, change, request.app.state.task, [letter])
    after_commit(request, lambda: announce(services(request).bus, done.taken))
    return done.items[0]


@router.post("/replay", summary="Replay dead letters")
async def replay_many(
    body: ReplayIn,
    request: Request,
    session: WriteSession,
    change: ReadingsChange,
    cursors: CursorsOf,
) -> ReplayOut:
    """Try to store many again: those of `ids`, or those that fit, oldest first.

    At most 200 at once; go on with `next` as `cursor` until it is null. Ids that do not exist
    are left out.
    """
    org_id, sight = change.origin.org_id, change.principal.sight
    if body.ids is not None:
        letters = await repository.find_many(session, sight, sorted(set(body.ids)))
        return await _replayed(request, session, change, letters, None)
    device_id = await _device(session, sight, body.device)
    which = repository.Filter(device_id=device_id, code=body.code, replayed=False)
    about = {"list": "replay", "org": org_id, "which": repr(which)}
    after = cursors.decode(about, body.cursor)[0] if body.cursor else None
    found = await repository.waiting(session, sight, which, after=after, limit=body.limit + 1)
    letters = found[: body.limit]
    more = len(found) > body.limit
    following = cursors.encode(about, [letters[-1].public_id]) if more else None
    return await _replayed(request, session, change, letters, following)


async def _replayed(
    request: Request,
    session: AsyncSession,
    change: Change,
    letters: Sequence[DeadLetter],
    following: str | None,
) -> ReplayOut:
    done = await service.replay(session, change, request.app.state.task, letters)
    after_commit(request, lambda: announce(services(request).bus, done.taken))
    return ReplayOut(
        stored=done.count("stored"),
        duplicate=done.count("duplicate"),
        rejected=done.count("rejected"),
        items=done.items,
        next=following,
    )


async def _device(session: AsyncSession, sight: Sight, public_id: str | None) -> int | None:
    return None if public_id is None else await number(session, sight, public_id)


def _full(letter: DeadLetter, device: str) -> DeadLetterFull:
    return DeadLetterFull(
        id=letter.public_id,
        device=device,
        received=letter.received_ts,
        boot=letter.boot,
        s=letter.seq,
        code=letter.code,
        detail=letter.detail,
        size=len(letter.raw),
        text=clean(letter.raw),
        replayed=letter.replayed_ts,
        raw=base64.b64encode(letter.raw).decode(),
    )
