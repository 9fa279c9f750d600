"""Usage in the database, summed there in steps of time. A range is (from, before), epoch ms."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, TypeVarTuple

from sqlalchemy import ColumnElement, Select, func, select, text, union_all
from sqlalchemy.ext.asyncio import AsyncSession

from apps.billing.usage.errors import NotInThisZone
from apps.billing.usage.rules import HOUR_MS, QUARTER_MS, Period, fits, step_of, sums
from shared.auth.limits import narrow, require_all
from shared.auth.principal import Sight
from shared.db import scoped
from shared.db.dialect import exact_sum
from shared.models import Device, Meter, UsageDevice, UsageEvent, UsageHour
from shared.money import EXACT

# A step that all time lies in: what is summed in it is the whole range.
ALL_MS: Final = 10**15
# Ranges that one statement counts, so that it stays below RDS Proxy's 16 KB.
RANGES: Final = 20

Columns = TypeVarTuple("Columns")
Range = tuple[int, int]
DeviceStep = tuple[int, int, Decimal]
"""What a device has in a step of time: device, the step's beginning, amount."""

Conditions = tuple[ColumnElement[bool], ...]


@dataclass(frozen=True, slots=True)
class Events:
    """Quantities of events, by device time."""

    session: AsyncSession
    sight: Sight
    meter_id: int

    async def total(self, span: Range) -> tuple[Decimal, int]:
        """The amount of a range, and how many events of it had no usable number."""
        quantity = UsageEvent.quantity
        wanted = scoped(
            self.sight.org_id,
            select(
                UsageEvent.meter_id,
                exact_sum(self.session, quantity),
                func.count() - func.count(quantity),
            )
            .where(*self._within(span))
            .group_by(UsageEvent.meter_id),
        )
        row = (await self.session.execute(self._seen(wanted))).one_or_none()
        return (row[1] or Decimal(0), row[2]) if row else (Decimal(0), 0)

    async def by_period(self, periods: Sequence[Period]) -> list[Decimal]:
        """The amount of each of `periods`, which follow each other."""
        span = periods[0].start, periods[-1].end
        step = step_of(periods, *span)
        wanted = scoped(
            self.sight.org_id,
            select(
                UsageEvent.meter_id,
                (UsageEvent.ts - UsageEvent.ts % step).label("at"),
                exact_sum(self.session, UsageEvent.quantity),
            )
            .where(*self._within(span))
            .group_by(UsageEvent.meter_id, text("at")),
        )
        rows = await self.session.execute(self._seen(wanted))
        return sums(periods, ((at, amount or Decimal(0)) for _, at, amount in rows))

    async def devices(self, span: Range, since: int, limit: int) -> list[int]:
        """The lowest `limit` devices from `since` on that have usage in a range."""
        wanted = scoped(
            self.sight.org_id,
            select(UsageEvent.device_id)
            .where(*self._within(span), UsageEvent.device_id >= since)
            .distinct()
            .order_by(UsageEvent.device_id)
            .limit(limit),
        )
        return list((await self.session.scalars(self._seen(wanted))).all())

    async def by_device(
        self, span: Range, first: int, last: int, step: int
    ) -> Iterable[DeviceStep]:
        """What each device from `first` to `last` has in each step, in that order."""
        wanted = scoped(
            self.sight.org_id,
            select(
                UsageEvent.device_id,
                (UsageEvent.ts - UsageEvent.ts % step).label("at"),
                exact_sum(self.session, UsageEvent.quantity),
            )
            .where(*self._within(span), UsageEvent.device_id.between(first, last))
            .group_by(UsageEvent.device_id, text("at"))
            .order_by(UsageEvent.device_id, text("at")),
        )
        rows = await self.session.execute(self._seen(wanted))
        return ((device, at, amount or Decimal(0)) for device, at, amount in rows)

    def merge(self, one: Decimal, other: Decimal) -> Decimal:
        """The amount of a device in two steps together."""
        return EXACT.add(one, other)

    def _seen(self, wanted: Select[*Columns]) -> Select[*Columns]:
        return narrow(self.sight, wanted, UsageEvent.device_id)

    def _within(self, span: Range) -> Conditions:
        ts = UsageEvent.ts
        return UsageEvent.meter_id == self.meter_id, ts >= span[0], ts < span[1]


@dataclass(frozen=True, slots=True)
class Messages:
    """Messages stored, by the hour in which they were received."""

    session: AsyncSession
    org_id: int

    async def total(self, span: Range) -> tuple[Decimal, int]:
        wanted = scoped(
            self.org_id,
            select(UsageHour.meter, func.sum(UsageHour.count))
            .where(*self._within(span))
            .group_by(UsageHour.meter),
        )
        row = (await self.session.execute(wanted)).one_or_none()
        return Decimal(row[1] if row else 0), 0

    async def by_period(self, periods: Sequence[Period]) -> list[Decimal]:
        span = periods[0].start, periods[-1].end
        if not all(fits(period, *span, HOUR_MS) for period in periods):
            raise NotInThisZone("messages are counted by the hour, and this zone is off by less")
        wanted = scoped(
            self.org_id,
            select(UsageHour.hour, func.sum(UsageHour.count))
            .where(*self._within(span))
            .group_by(UsageHour.hour),
        )
        rows = await self.session.execute(wanted)
        return sums(periods, ((hour * HOUR_MS, Decimal(count)) for hour, count in rows))

    @staticmethod
    def _within(span: Range) -> Conditions:
        first, behind = _steps(span, HOUR_MS)
        return UsageHour.meter == "messages", UsageHour.hour >= first, UsageHour.hour < behind


@dataclass(frozen=True, slots=True)
class ActiveDevices:
    """Devices of which a message was stored, by the quarter hour in which it was received."""

    session: AsyncSession
    sight: Sight

    async def total(self, span: Range) -> tuple[Decimal, int]:
        return Decimal(await self.session.scalar(self._count(span)) or 0), 0

    async def by_period(self, periods: Sequence[Period]) -> list[Decimal]:
        counts = [self._count((period.start, period.end)) for period in periods]
        found: list[Decimal] = []
        for start in range(0, len(counts), RANGES):
            some = counts[start : start + RANGES]
            places = [count.add_columns(text(str(place))) for place, count in enumerate(some)]
            rows = dict[int, int]()
            for count, place in await self.session.execute(union_all(*places)):
                rows[int(place)] = count
            found.extend(Decimal(rows[place]) for place in range(len(some)))
        return found

    async def devices(self, span: Range, since: int, limit: int) -> list[int]:
        wanted = scoped(
            self.sight.org_id,
            select(UsageDevice.device_id)
            .where(*self._within(span), UsageDevice.device_id >= since)
            .distinct()
            .order_by(UsageDevice.device_id)
            .limit(limit),
        )
        return list((await self.session.scalars(self._seen(wanted))).all())

    async def by_device(
        self, span: Range, first: int, last: int, step: int
    ) -> Iterable[DeviceStep]:
        at = UsageDevice.quarter * QUARTER_MS
        wanted = scoped(
            self.sight.org_id,
            select(UsageDevice.device_id, (at - at % step).label("at"))
            .where(*self._within(span), UsageDevice.device_id.between(first, last))
            .distinct()
            .order_by(UsageDevice.device_id, text("at")),
        )
        rows = await self.session.execute(self._seen(wanted))
        return ((device, begin, Decimal(1)) for device, begin in rows)

    def merge(self, one: Decimal, other: Decimal) -> Decimal:
        return max(one, other)

    def _count(self, span: Range) -> Select[int]:
        devices = scoped(
            self.sight.org_id,
            select(UsageDevice.device_id).where(*self._within(span)).distinct(),
        )
        return select(func.count()).select_from(self._seen(devices).subquery())

    def _seen(self, wanted: Select[*Columns]) -> Select[*Columns]:
        return narrow(self.sight, wanted, UsageDevice.device_id)

    @staticmethod
    def _within(span: Range) -> Conditions:
        first, behind = _steps(span, QUARTER_MS)
        return UsageDevice.quarter >= first, UsageDevice.quarter < behind


def _steps(span: Range, step: int) -> Range:
    """The numbers of the steps that begin in a range."""
    return -(-span[0] // step), -(-span[1] // step)


DeviceSource = Events | ActiveDevices
Source = Messages | DeviceSource


def source_of(session: AsyncSession, meter: Meter, sight: Sight) -> Source:
    """Where what a meter measured is. Raises `Limited` for what is not counted by device."""
    if meter.kind == "messages":
        require_all(sight)
        return Messages(session, sight.org_id)
    if meter.kind == "active_devices":
        return ActiveDevices(session, sight)
    return Events(session, sight, meter.id)


async def devices_named(
    session: AsyncSession, org_id: int, ids: Sequence[int]
) -> dict[int, tuple[str, str]]:
    """Public id and uid of devices, deleted ones too."""
    named: dict[int, tuple[str, str]] = {}
    for start in range(0, len(ids), 200):
        wanted = select(Device.id, Device.public_id, Device.uid).where(
            Device.id.in_(ids[start : start + 200])
        )
        for device_id, public_id, uid in await session.execute(scoped(org_id, wanted)):
            named[device_id] = public_id, uid
    return named


async def device_id(session: AsyncSession, org_id: int, public_id: str) -> int:
    """The row of a device, which may be deleted; 0 if there is none."""
    wanted = select(Device.id).where(Device.public_id == public_id)
    return await session.scalar(scoped(org_id, wanted)) or 0
