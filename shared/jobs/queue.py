"""Writing jobs."""

from datetime import datetime
from typing import Any

from sqlalchemy import Table
from sqlalchemy.ext.asyncio import AsyncSession

from shared.bus import Bus
from shared.db.dialect import insert_ignore
from shared.models import Job


async def enqueue(
    session: AsyncSession,
    queue: str,
    key: str,
    payload: dict[str, Any],
    *,
    now: datetime,
    run_after: datetime | None = None,
) -> None:
    """Write a job in the caller's transaction. A job with the same queue and key stays as it is."""
    table = Job.__table__
    assert isinstance(table, Table)
    await session.execute(
        insert_ignore(session, table).values(
            queue=queue,
            key=key,
            payload=payload,
            status="ready",
            attempts=0,
            run_after=run_after or now,
            created_at=now,
        )
    )


async def wake(bus: Bus, queue: str) -> None:
    """Tell the workers of `queue` that there is work, after the commit that wrote it."""
    await bus.publish(f"job:{queue}", b"")
