"""Working the jobs that make usage of events. Each may run again: usage is unique by its event."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncSession

from apps.billing.metering import metrics, repository
from apps.billing.metering.rules import Amount, Counted, amounts
from shared.clock import Clock
from shared.events import stored
from shared.events.event import Event, Key
from shared.jobs import enqueue
from shared.models import Meter

EVENTS: Final = "billing.events"
BACKFILL: Final = "billing.backfill"
# Events a job of a backfill looks at: about a tenth of a second.
CHUNK: Final = 1_000


@dataclass(frozen=True, slots=True)
class Metering:
    """The handlers of billing's queues."""

    clock: Clock
    chunk: int = CHUNK

    async def count(self, session: AsyncSession, payload: dict[str, Any]) -> None:
        """Count events that were just committed: `{"org": id, "events": [identity, …]}`."""
        org_id: int = payload["org"]
        meters = await repository.counting(session, org_id)
        if not meters:
            return
        keys: list[Key] = [(key[0], key[1], key[2], key[3]) for key in payload["events"]]
        await _write(session, org_id, await stored.load(session, org_id, keys), meters)

    async def backfill(self, session: AsyncSession, payload: dict[str, Any]) -> None:
        """Count a chunk of the events that came before a meter, and leave a job for the next.

        `{"org": id, "meter": public id, "after": identity or null}`. Events that are committed
        meanwhile have jobs of their own, whose workers see the meter: none is missed.
        """
        org_id: int = payload["org"]
        meter = await repository.meter(session, org_id, payload["meter"])
        if meter is None or meter.event is None:
            return
        after: Key | None = tuple(payload["after"]) if payload["after"] else None
        found = await stored.scan(session, org_id, meter.event, after, self.chunk)
        await _write(session, org_id, found, [meter])
        if len(found) < self.chunk:
            meter.backfilled_at = self.clock.now()
            await session.flush()
        else:
            await self._go_on(session, payload, found[-1].key)

    async def _go_on(self, session: AsyncSession, payload: dict[str, Any], after: Key) -> None:
        place = ":".join(map(str, after))
        await enqueue(
            session,
            BACKFILL,
            f"{payload['meter']}:{place}",
            {**payload, "after": list(after)},
            now=self.clock.now(),
        )


async def _write(
    session: AsyncSession, org_id: int, found: Iterable[Event], meters: Sequence[Meter]
) -> None:
    made = amounts(found, [Counted(meter.id, meter.event or "", meter.field) for meter in meters])
    _note(made)
    await repository.add(session, org_id, made)


def _note(made: Iterable[Amount]) -> None:
    for amount in made:
        if amount.unusable:
            metrics.UNUSABLE.labels(amount.unusable).inc()
