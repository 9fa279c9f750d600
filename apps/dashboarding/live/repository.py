"""Queries of the live stream: short reads, each with a connection that is given back."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Row, Select, Text, and_, or_, select, type_coerce

from apps.dashboarding.live.rules import State
from shared.auth import sessions
from shared.auth.limits import Limits, narrow, of_sign_ins
from shared.auth.principal import Sight
from shared.auth.sessions import Lifetimes
from shared.db import Database
from shared.db.scope import scoped
from shared.models import ApiKey, Device, DeviceState, ServiceAccount

CHUNK = 200
SCOPE = "readings:read"


async def numbers(
    database: Database, sight: Sight, public_ids: Collection[str] | None
) -> dict[str, int]:
    """Public id → number of those of `public_ids` (at most `CHUNK`) that are seen; none: of all
    of these.
    """
    query = select(Device.public_id, Device.id).where(Device.gone == 0)
    if public_ids is not None:
        query = query.where(Device.public_id.in_(public_ids))
    seen = narrow(sight, scoped(sight.org_id, query), Device.id)
    async with database.read() as session:
        return {row.public_id: row.id for row in await session.execute(seen)}


async def following(database: Database, org_id: int, after: int) -> tuple[list[State], int | None]:
    """The states of the devices after the number `after`, and the last of these numbers."""
    query = _states(org_id).where(Device.id > after).order_by(Device.id).limit(CHUNK)
    async with database.read() as session:
        rows = (await session.execute(query)).all()
    return [_state(row) for row in rows], rows[-1].id if rows else None


async def states(database: Database, org_id: int, ids: Sequence[int]) -> list[State]:
    """The states of the devices `ids` (at most `CHUNK`) that exist."""
    query = _states(org_id).where(Device.id.in_(ids)).order_by(Device.id)
    async with database.read() as session:
        return [_state(row) for row in await session.execute(query)]


async def changed(database: Database, org_id: int, since: int) -> dict[int, int]:
    """Number → time of the last change of the devices that changed after `since`."""
    query = select(DeviceState.device_id, DeviceState.changed_ts)
    query = scoped(org_id, query.where(DeviceState.changed_ts > since))
    async with database.read() as session:
        return {row.device_id: row.changed_ts for row in await session.execute(query)}


async def holding(database: Database, org_id: int, ids: Collection[int], now: datetime) -> set[int]:
    """Those of the keys `ids` that may still follow the live stream."""
    found: set[int] = set()
    every = sorted(ids)
    for start in range(0, len(every), CHUNK):
        query = select(ApiKey.id, ApiKey.scopes).outerjoin(
            ServiceAccount, ServiceAccount.id == ApiKey.service_account_id
        )
        query = query.where(
            ApiKey.id.in_(every[start : start + CHUNK]),
            ServiceAccount.disabled_at.is_(None),
            and_(
                ApiKey.revoked_at.is_(None),
                or_(ApiKey.expires_at.is_(None), ApiKey.expires_at > now),
            ),
        )
        async with database.read() as session:
            rows = await session.execute(scoped(org_id, query))
            found.update(row.id for row in rows if SCOPE in row.scopes)
    return found


async def limits_of(database: Database, org_id: int, ids: Collection[int]) -> dict[int, Limits]:
    """Sign-in → the groups that its person is limited to by now."""
    found: dict[int, Limits] = {}
    for some in chunks(ids):
        async with database.read() as session:
            found |= await of_sign_ins(session, org_id, some)
    return found


async def signed_in(
    database: Database, org_id: int, ids: Collection[int], now: datetime, lifetimes: Lifetimes
) -> set[int]:
    """Those of the sign-ins `ids` whose people may still follow the live stream."""
    found: set[int] = set()
    for some in chunks(ids):
        async with database.read() as session:
            found |= await sessions.allowed(session, org_id, some, SCOPE, now, lifetimes=lifetimes)
    return found


def chunks(ids: Iterable[int]) -> list[list[int]]:
    """The numbers in order, `CHUNK` at a time."""
    every = sorted(ids)
    return [every[start : start + CHUNK] for start in range(0, len(every), CHUNK)]


def _states(org_id: int) -> Select[*tuple[Any, ...]]:
    query = (
        select(
            Device.id,
            Device.public_id,
            Device.uid,
            DeviceState.online,
            DeviceState.last_seen,
            DeviceState.boot,
            DeviceState.last_seq,
            type_coerce(DeviceState.latest, Text).label("latest"),
        )
        .outerjoin(DeviceState, DeviceState.device_id == Device.id)
        .where(Device.gone == 0)
    )
    return scoped(org_id, query)


def _state(row: Row[*tuple[Any, ...]]) -> State:
    return State(
        device=row.public_id,
        uid=row.uid,
        online=bool(row.online),
        last_seen=row.last_seen or 0,
        boot=row.boot or 0,
        s=row.last_seq or 0,
        latest=msgspec.Raw(row.latest or "{}"),
    )
