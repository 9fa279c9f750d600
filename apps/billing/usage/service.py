"""Answering what meters measured."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import tzinfo
from decimal import Decimal
from itertools import islice
from typing import Any, Final, cast

from sqlalchemy.ext.asyncio import AsyncSession

from apps.billing.meters import repository as meters
from apps.billing.meters.errors import NoSuchMeter
from apps.billing.meters.schemas import BUILT_IN
from apps.billing.usage import repository
from apps.billing.usage.errors import NotByDevice
from apps.billing.usage.repository import ALL_MS, DeviceSource, DeviceStep, Source
from apps.billing.usage.rules import QUARTER_MS, Period, Unit, cut, period_at, periods, zone_named
from apps.billing.usage.schemas import UsageItem, UsageOut, UsageQuery
from shared.auth.principal import Sight
from shared.clock import rfc3339
from shared.errors import Invalid
from shared.models import Meter
from shared.money import plain
from shared.web.cursors import Cursors

# Devices that are summed at once: each may have an amount in every quarter of the range.
DEVICES: Final = 50

DevicePeriod = tuple[int, Period, Decimal]
Position = list[Any]


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of a meter: a range, cut into periods of `unit` (none: not cut)."""

    source: Source
    start: int
    end: int
    unit: Unit | None
    zone: tzinfo
    limit: int

    @property
    def whole(self) -> Period:
        return Period("", self.start, self.end)


async def answer(
    session: AsyncSession, sight: Sight, cursors: Cursors, query: UsageQuery
) -> UsageOut:
    """A page of usage of the devices that are seen.

    Raises `NoSuchMeter`, `Invalid`, `BadRequest` (a foreign cursor), `Limited`.
    """
    org_id = sight.org_id
    if query.start >= query.end:
        raise Invalid("start must be before end")
    meter = await _meter(session, org_id, query.meter)
    asked = _question(session, meter, sight, query)
    about = {"usage": org_id, **query.model_dump(exclude={"limit", "cursor"})}
    position = cursors.decode(about, query.cursor) if query.cursor else None
    if query.group == "device" or query.by:
        items, following = await _by_device(session, org_id, asked, position)
    else:
        items, following = await _by_period(asked, position)
    total, unusable = await asked.source.total((query.start, query.end))
    return UsageOut(
        meter=meter.code,
        unit=meter.unit,
        zone=query.zone,
        total=plain(total),
        unusable=unusable,
        complete=meter.backfilled_at is not None or meter.event is None,
        items=items,
        next=cursors.encode(about, following) if following else None,
    )


async def _meter(session: AsyncSession, org_id: int, named: str) -> Meter:
    meter = await meters.find(session, org_id, named)
    if meter is None and named in BUILT_IN:
        return Meter(org_id=org_id, code=named, kind=named, unit=named.replace("active_", ""))
    if meter is None:
        raise NoSuchMeter(named)
    return meter


def _question(session: AsyncSession, meter: Meter, sight: Sight, query: UsageQuery) -> Question:
    return Question(
        source=repository.source_of(session, meter, sight),
        start=query.start,
        end=query.end,
        unit=None if query.group in {"none", "device"} else cast("Unit", query.group),
        zone=zone_named(query.zone),
        limit=query.limit,
    )


async def _by_period(
    asked: Question, position: Position | None
) -> tuple[list[UsageItem], Position | None]:
    if asked.unit is None:
        total, _ = await asked.source.total((asked.start, asked.end))
        return [_item(asked, asked.whole, total)], None
    start = position[0] if position else asked.start
    found = list(islice(periods(start, asked.end, asked.unit, asked.zone), asked.limit + 1))
    shown = found[: asked.limit]
    amounts = await asked.source.by_period(shown)
    items = [_item(asked, period, amount) for period, amount in zip(shown, amounts, strict=True)]
    return items, [found[-1].start] if len(found) > asked.limit else None


async def _by_device(
    session: AsyncSession, org_id: int, asked: Question, position: Position | None
) -> tuple[list[UsageItem], Position | None]:
    """Items by device, then period. `position`: the device and instant where the page begins."""
    begin = (0, 0)
    if position:
        begin = await repository.device_id(session, org_id, str(position[0])), int(position[1])
    if not isinstance(asked.source, DeviceSource):
        raise NotByDevice("messages are counted for the organisation, not by device")
    found = await _device_periods(asked, asked.source, begin)
    names = await repository.devices_named(session, org_id, [cell[0] for cell in found])
    items = [
        _item(asked, period, amount, names[device])
        for device, period, amount in found[: asked.limit]
    ]
    if len(found) <= asked.limit:
        return items, None
    device, period, _ = found[asked.limit]
    return items, [names[device][0], period.start]


async def _device_periods(
    asked: Question, source: DeviceSource, begin: tuple[int, int]
) -> list[DevicePeriod]:
    """One more than a page of what devices have in periods, from (device, instant) on."""
    found: list[DevicePeriod] = []
    span = asked.start, asked.end
    since = begin[0]
    while len(found) <= asked.limit:
        devices = await source.devices(span, since, min(DEVICES, asked.limit + 1))
        if not devices:
            break
        step = QUARTER_MS if asked.unit else ALL_MS
        rows = await source.by_device(span, devices[0], devices[-1], step)
        cells = _cells(asked, source, rows)
        found.extend(cell for cell in cells if (cell[0], cell[1].start) >= begin)
        since = devices[-1] + 1
    return found[: asked.limit + 1]


def _cells(
    asked: Question, source: DeviceSource, rows: Iterable[DeviceStep]
) -> Iterator[DevicePeriod]:
    """Steps put into periods. Rows come by device, then time."""
    current: DevicePeriod | None = None
    for device, at, amount in rows:
        moment = max(at, asked.start)
        if current and device == current[0] and moment < current[1].end:
            current = device, current[1], source.merge(current[2], amount)
            continue
        if current:
            yield current
        period = asked.whole
        if asked.unit:
            whole = period_at(moment, asked.unit, asked.zone)
            period = cut(whole, asked.start, asked.end)
        current = device, period, amount
    if current:
        yield current


def _item(
    asked: Question, period: Period, amount: Decimal, device: tuple[str, str] | None = None
) -> UsageItem:
    public_id, uid = device or (None, None)
    return UsageItem(
        period=period.label if asked.unit else None,
        start=rfc3339(period.start),
        end=rfc3339(period.end),
        device=public_id,
        uid=uid,
        value=plain(amount),
    )
