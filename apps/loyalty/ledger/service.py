"""Reading the ledger, and adjusting it by hand. Entries are only ever added."""

from collections.abc import Sequence
from typing import Final

from sqlalchemy.ext.asyncio import AsyncSession

from apps.loyalty.ledger import repository
from apps.loyalty.ledger.errors import NotEnoughPoints
from apps.loyalty.ledger.rules import Take, take
from apps.loyalty.ledger.schemas import AdjustmentIn, BalanceOut, EntryOut, EntryQuery, EventRef
from apps.loyalty.members import repository as members
from apps.loyalty.members import service as members_service
from apps.loyalty.members.errors import NoSuchMember
from shared.auth import audit
from shared.auth.limits import require_all
from shared.auth.principal import Sight
from shared.events.event import Key
from shared.ids import new_id
from shared.models import Allocation, Entry, Lot, Member
from shared.web.changes import Change
from shared.web.cursors import Cursors
from shared.web.schemas import Page

ADJUSTMENT: Final = "adjustment"
# Lots that are looked at together when points are taken.
LOTS: Final = 200
_RULE: Final = "rule:"


async def balance(session: AsyncSession, org_id: int, public_id: str) -> BalanceOut:
    """What a member has. Raises `NoSuchMember`."""
    member = await members_service.get(session, org_id, public_id)
    points = await repository.balance(session, org_id, member.id)
    return BalanceOut(member=public_id, points=points)


async def page(
    session: AsyncSession,
    sight: Sight,
    cursors: Cursors,
    public_id: str,
    query: EntryQuery,
) -> Page[EntryOut]:
    """A member's entries, newest first. Raises `NoSuchMember`."""
    org_id = sight.org_id
    member = await members_service.get(session, org_id, public_id)
    about = {"list": "entries", "org": org_id, "member": public_id}
    before = cursors.decode(about, query.cursor)[0] if query.cursor else None
    limit = query.limit
    found = await repository.page(session, org_id, member.id, before, limit + 1)
    items = await _out(session, sight, found[:limit])
    more = len(found) > limit
    return Page(items=items, next=cursors.encode(about, [items[-1].id]) if more else None)


async def adjust(
    session: AsyncSession, change: Change, public_id: str, body: AdjustmentIn
) -> EntryOut:
    """Add or take points by hand.

    Raises `NoSuchMember`, `NotEnoughPoints`, `Limited`: points are of all devices together.
    """
    require_all(change.principal.sight)
    member = await members.lock(session, change.origin.org_id, public_id)
    if member is None:
        raise NoSuchMember(public_id)
    entry = _entry(change, member, body)
    session.add(entry)
    await session.flush()
    if body.points > 0:
        session.add(_lot(change, entry))
    else:
        await _take(session, entry)
    audit.record(
        session,
        change.origin,
        "member.adjust",
        public_id,
        at=change.now,
        after={"entry": entry.public_id, **body.model_dump()},
    )
    await session.flush()
    return (await _out(session, change.principal.sight, [entry]))[0]


async def _take(session: AsyncSession, entry: Entry) -> None:
    missing = -entry.points
    after = 0
    while missing:
        lots = await repository.lots_left(session, entry.org_id, entry.member_id, after, LOTS)
        if not lots:
            has = -entry.points - missing
            raise NotEnoughPoints(f"the member has {has} points", points=has)
        taken, missing = take([(lot.id, lot.remaining) for lot in lots], missing)
        _allocate(session, entry, {lot.id: lot for lot in lots}, taken)
        after = lots[-1].id


def _allocate(
    session: AsyncSession, entry: Entry, lots: dict[int, Lot], taken: Sequence[Take]
) -> None:
    for one in taken:
        lots[one.lot_id].remaining -= one.points
        session.add(
            Allocation(org_id=entry.org_id, entry_id=entry.id, lot_id=one.lot_id, points=one.points)
        )


def _entry(change: Change, member: Member, body: AdjustmentIn) -> Entry:
    public_id = new_id("ent")
    return Entry(
        public_id=public_id,
        org_id=member.org_id,
        member_id=member.id,
        kind="adjust",
        points=body.points,
        source=ADJUSTMENT,
        key=public_id,
        reason=body.reason,
        at=change.now,
    )


def _lot(change: Change, entry: Entry) -> Lot:
    return Lot(
        org_id=entry.org_id,
        member_id=entry.member_id,
        entry_id=entry.id,
        points=entry.points,
        remaining=entry.points,
        earned_at=change.now,
    )


async def _out(session: AsyncSession, sight: Sight, entries: Sequence[Entry]) -> list[EntryOut]:
    """Entries as they are shown: without the event where its device is not seen."""
    keys = {entry.id: _event(entry) for entry in entries}
    rows = sorted({key[0] for key in keys.values() if key})
    devices = await repository.device_ids(session, sight, rows)
    return [
        EntryOut(
            id=entry.public_id,
            kind=entry.kind,
            points=entry.points,
            at=entry.at,
            rule=entry.source.removeprefix(_RULE) if entry.source.startswith(_RULE) else None,
            event=_reference(keys[entry.id], devices),
            reason=entry.reason,
        )
        for entry in entries
    ]


def _event(entry: Entry) -> Key | None:
    """The identity of the event that an entry comes from."""
    if not entry.source.startswith(_RULE):
        return None
    device_id, ts, boot, seq = map(int, entry.key.split(":"))
    return device_id, ts, boot, seq


def _reference(key: Key | None, devices: dict[int, str]) -> EventRef | None:
    if key is None or key[0] not in devices:
        return None
    device_id, ts, boot, seq = key
    return EventRef(device=devices[device_id], t=ts, boot=boot, s=seq)
