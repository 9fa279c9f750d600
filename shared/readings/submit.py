"""The write path's door for HTTP and for replayed dead letters.

    submitted = await submit(session, items, task=…, clock=…)   # in the request's transaction
    after_commit(request, lambda: announce(bus, submitted.taken))

Each item is answered stored, duplicate or rejected. Rejected ones are kept as dead letters when
`keep_rejected` is set. A request should hold at most a few thousand items.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from msgspec import UNSET
from sqlalchemy.ext.asyncio import AsyncSession

from shared.clock import Clock
from shared.ids import new_id
from shared.readings.content import UNNUMBERED, content_number
from shared.readings.parcel import DeadRow, Parcel, Source
from shared.readings.parse import Event, Parsed, Reading, Rejection, parse, parse_address
from shared.readings.plan import Taken
from shared.readings.store import Store


@dataclass(frozen=True, slots=True)
class Item:
    """A message for a device, as JSON bytes.

    For one that came before (a dead letter), `boot` and `received` say what it counts in and when
    it came (epoch ms), where the JSON does not.
    """

    source: Source
    raw: bytes
    boot: int | None = None
    received: int | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of an item; `code` and `detail` say why it was rejected."""

    status: Literal["stored", "duplicate", "rejected"]
    t: int | None = None
    boot: int | None = None
    s: int | None = None
    code: str | None = None
    detail: str | None = None


@dataclass(frozen=True, slots=True)
class Submitted:
    """The outcomes in the order of the items, and what `announce` tells after the commit."""

    outcomes: list[Outcome]
    taken: list[Taken]


async def submit(
    session: AsyncSession,
    items: Sequence[Item],
    *,
    task: str,
    clock: Clock,
    keep_rejected: bool = True,
) -> Submitted:
    """Write `items` in the session's transaction, each once whatever came before."""
    now = clock.now_ms()
    parcels = [_parcel(item, now, keep_rejected) for item in items]
    store = Store(task=task, clock=clock, request_path=True)
    made = await store.write(
        await session.connection(), [parcel for parcel, _ in parcels], look_up=True
    )
    outcomes = [
        _outcome(parcel, parsed, taken)
        for (parcel, parsed), taken in zip(parcels, made.taken, strict=True)
    ]
    return Submitted(outcomes, made.taken)


def _parcel(item: Item, now: int, keep_rejected: bool) -> tuple[Parcel, Parsed]:
    boot, parsed = _identified(item, now)
    parcel = Parcel(item.source, boot, now, watermark=False, size=len(item.raw))
    if isinstance(parsed, Reading):
        parcel.readings.append(parsed)
    elif isinstance(parsed, Event):
        parcel.events.append(parsed)
    elif keep_rejected:
        parcel.dead.append(DeadRow(new_id("dl"), parsed))
    return parcel, parsed


def _identified(item: Item, now: int) -> tuple[int, Parsed]:
    """The boot and the message, with a number from its content where it has none."""
    address = parse_address(item.raw)
    if isinstance(address, Rejection):
        return item.boot or 0, address
    boot = item.boot if address.boot is UNSET else address.boot
    oldest = item.source.oldest(now)
    came = now if item.received is None else item.received
    parsed = parse(item.raw, item.source.profile, came, oldest, addressed=True)
    if isinstance(parsed, Rejection):
        return boot or 0, parsed
    fixed = address.t is not UNSET or item.received is not None
    if address.s is not UNSET:
        if boot is None or not fixed:
            detail = "a message with s needs boot and t, or it could be stored twice"
            return boot or 0, Rejection(parsed.seq, "bad_message", detail, item.raw)
        return boot, parsed
    return 0, _numbered(parsed, fixed)


def _numbered(parsed: Reading | Event, fixed: bool) -> Reading | Event:
    seq = UNNUMBERED + secrets.randbelow(UNNUMBERED - 1)
    if isinstance(parsed, Reading):
        seq = _content(b"", parsed.ts, parsed.body) if fixed else seq
        return Reading(seq, parsed.ts, parsed.body, parsed.decoded)
    seq = _content(parsed.name.encode(), parsed.ts, parsed.data) if fixed else seq
    return Event(seq, parsed.ts, parsed.name, parsed.data)


def _content(name: bytes, ts: int, body: bytes) -> int:
    return content_number(b"%b\n%d\n%b" % (name, ts, body))


def _outcome(parcel: Parcel, parsed: Parsed, taken: Taken) -> Outcome:
    if isinstance(parsed, Rejection):
        return Outcome("rejected", code=parsed.code, detail=parsed.detail)
    new = bool(taken.readings or taken.events)
    return Outcome("stored" if new else "duplicate", parsed.ts, parcel.boot, parsed.seq)
