"""`Idempotency-Key`: a request that is sent again gets the answer of the first time.

The key, a hash of the request and the answer are a row of the organisation, written in the
request's own transaction: either both the effect and the answer are there, or neither.
"""

import hashlib
from datetime import datetime, timedelta

from fastapi import Request, Response
from pydantic import BaseModel
from sqlalchemy import delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from shared.auth.principal import Principal
from shared.db import Database
from shared.db.dialect import lock_rows
from shared.db.scope import scoped
from shared.errors import BadRequest, Conflict
from shared.models import IdempotencyKey

HEADER = "Idempotency-Key"
LONGEST = 255
# A client that did not hear for a day does not send the same request again.
KEPT = timedelta(days=1)
FORGOTTEN_AT_ONCE = 200


class Replay(Exception):
    """The request was answered before; this is the answer."""

    def __init__(self, status: int, body: str) -> None:
        super().__init__("answered before")
        self.status = status
        self.body = body


async def claim(request: Request, principal: Principal) -> None:
    """Claim the request's key, if it has one, for the rest of its transaction.

    Pages take none: no browser sends one with a form, and a page may show a secret that is stored
    nowhere. The keys of an organisation are one set, but what a person was answered only they hear
    again.
    Raises `Replay` when it was answered before, `Conflict` when the key belongs to another
    request.
    """
    key = request.headers.get(HEADER)
    if key is None or not request.scope["route"].include_in_schema:
        return
    if not 1 <= len(key) <= LONGEST or not key.isprintable():
        raise BadRequest(f"{HEADER} must be 1 to {LONGEST} printable characters")
    services = request.app.state.services
    session = request.state.session
    org_id, person = principal.org_id, principal.person_id
    who = "" if person is None else f"{principal.actor}\n"
    target = f"{who}{request.method} {request.url.path}?{request.url.query}\n".encode()
    request_hash = hashlib.sha256(target + await request.body()).digest()
    claimed = insert(IdempotencyKey).values(
        org_id=org_id, key=key, request_hash=request_hash, created_at=services.clock.now()
    )
    try:
        # Another request with this key waits here until the first one is committed. Without a
        # savepoint: a deadlock takes that away, and its error would hide the deadlock's.
        result = await session.execute(claimed)
    except IntegrityError:
        found = await session.scalar(
            scoped(org_id, select(IdempotencyKey).where(IdempotencyKey.key == key))
        )
        if found is None or found.request_hash != request_hash:
            raise Conflict(f"this {HEADER} was used for another request") from None
        if found.status is None or found.body is None:
            raise Conflict("the first request with this key had no answer to repeat") from None
        raise Replay(found.status, found.body) from None
    request.state.idempotency = (org_id, result.inserted_primary_key[0])


async def remember(request: Request, response: Response) -> None:
    """Keep the answer beside the claimed key, in the same transaction."""
    claimed: tuple[int, int] | None = getattr(request.state, "idempotency", None)
    if claimed is None:
        return
    org_id, number = claimed
    kept: str | None = getattr(request.state, "idempotent_answer", None)
    body = bytes(response.body).decode() if kept is None else kept
    await request.state.session.execute(
        scoped(org_id, update(IdempotencyKey))
        .where(IdempotencyKey.id == number)
        .values(status=response.status_code, body=body)
    )


async def forget(database: Database, now: datetime) -> int:
    """Delete up to `FORGOTTEN_AT_ONCE` answers that are older than `KEPT`; returns how many."""
    old = (
        select(IdempotencyKey.id)  # unscoped: what is old goes, whosever it is
        .where(IdempotencyKey.created_at < now - KEPT)
        .order_by(IdempotencyKey.created_at)
        .limit(FORGOTTEN_AT_ONCE)
    )
    async with database.unit_of_work() as session:
        numbers = (await session.scalars(lock_rows(old, skip_locked=True))).all()
        if numbers:
            await session.execute(
                delete(IdempotencyKey).where(  # unscoped: the rows found above
                    IdempotencyKey.id.in_(numbers)
                )
            )
    return len(numbers)


def keep(request: Request, answer: BaseModel) -> None:
    """Keep `answer`, not the real one, which has a secret that is stored nowhere."""
    request.state.idempotent_answer = answer.model_dump_json()


def repeat(_request: Request, error: Exception) -> Response:
    """The kept answer, marked as a repetition."""
    assert isinstance(error, Replay)
    headers = {"Idempotent-Replayed": "true"}
    media_type = "application/json" if error.body else None
    return Response(error.body, error.status, headers, media_type)
