"""What an event is worth to a meter. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from shared.events.event import Event, Key, NoNumber, number


@dataclass(frozen=True, slots=True)
class Counted:
    """What a meter counts: events of a name, or with `field` the number that is in it."""

    id: int
    event: str
    field: str | None


@dataclass(frozen=True, slots=True)
class Amount:
    """What one event adds to one meter; `unusable` says why it has no quantity."""

    meter_id: int
    key: Key
    quantity: Decimal | None
    unusable: str | None = None


def amounts(events: Iterable[Event], meters: Iterable[Counted]) -> list[Amount]:
    """What each event adds to each meter that counts it."""
    by_event: dict[str, list[Counted]] = {}
    for meter in meters:
        by_event.setdefault(meter.event, []).append(meter)
    return [_amount(event, meter) for event in events for meter in by_event.get(event.name, ())]


def _amount(event: Event, meter: Counted) -> Amount:
    if meter.field is None:
        return Amount(meter.id, event.key, Decimal(1))
    try:
        return Amount(meter.id, event.key, number(event.data, meter.field))
    except NoNumber as missing:
        return Amount(meter.id, event.key, None, missing.reason)
