"""What must hold of every member's points, whatever happened."""

from collections import defaultdict

from sqlalchemy import select

from apps.loyalty.ledger.rules import balanced
from shared.db import Database, scoped
from shared.models import Allocation, Entry, Lot
from tests.support.builders import Tenant


async def assert_ledger_balances(database: Database, tenant: Tenant) -> None:
    """Σ entries = Σ remaining of each member, nothing below 0; each entry has its lot or what it
    took; each lot has what it came with, less what was taken from it.
    """
    async with database.read() as session:
        entries = (await session.scalars(scoped(tenant.id, select(Entry)))).all()
        lots = (await session.scalars(scoped(tenant.id, select(Lot)))).all()
        taken = (await session.scalars(scoped(tenant.id, select(Allocation)))).all()
    moved = defaultdict[int, list[int]](list)
    left = defaultdict[int, list[int]](list)
    for entry in entries:
        moved[entry.member_id].append(entry.points)
    for lot in lots:
        left[lot.member_id].append(lot.remaining)
    for member_id in moved.keys() | left.keys():
        assert balanced(moved[member_id], left[member_id]), member_id
    brought = {lot.entry_id: lot.points for lot in lots}
    took = defaultdict[int, int](int)
    lost = defaultdict[int, int](int)
    for one in taken:
        took[one.entry_id] -= one.points
        lost[one.lot_id] += one.points
    assert all(entry.points == brought.get(entry.id, took[entry.id]) for entry in entries)
    assert all(lot.remaining == lot.points - lost[lot.id] for lot in lots)
