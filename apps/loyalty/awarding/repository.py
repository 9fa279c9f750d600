"""Writing earned points, each once."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import Table, delete, insert, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from apps.loyalty.earning.rules import Earning
from shared.clock import from_ms
from shared.db import scoped
from shared.db.dialect import insert_ignore, share_rows
from shared.ids import new_id
from shared.models import EarningRule, Entry, Lot, MemberTag, UnclaimedPoints

# Rows of a statement, each of which may have a tag of 512 bytes: below RDS Proxy's 16 KB.
ROWS: Final = 25

Owned = tuple[int, Earning]
"""Points and the member (its row) who gets them."""


async def owners(
    session: AsyncSession, org_id: int, wanted: set[tuple[int, str]]
) -> dict[tuple[int, str], int]:
    """The member who has a tag, by (programme, tag). They keep it until the transaction ends."""
    keys = sorted(wanted)
    found: dict[tuple[int, str], int] = {}
    for start in range(0, len(keys), ROWS):
        some = keys[start : start + ROWS]
        rows = await session.execute(
            share_rows(
                scoped(
                    org_id,
                    select(MemberTag.programme_id, MemberTag.tag, MemberTag.member_id).where(
                        tuple_(MemberTag.programme_id, MemberTag.tag).in_(some)
                    ),
                )
            )
        )
        found.update({(programme_id, tag): member for programme_id, tag, member in rows})
    return found


async def post(session: AsyncSession, org_id: int, earned: Sequence[Owned], now: datetime) -> None:
    """Write an entry and its lot for each of `earned` that has none yet.

    An entry is unique by rule and event. Its own id tells whether it is ours: the entry of
    someone else who was first has another. In the order of the unique key, so that two workers
    with the same events cannot deadlock.
    """
    ordered = sorted(earned, key=lambda one: (one[1].source, key_of(one[1])))
    for start in range(0, len(ordered), ROWS):
        some = {new_id("ent"): one for one in ordered[start : start + ROWS]}
        await _insert_entries(session, org_id, some, now)
        ours = scoped(
            org_id, select(Entry.public_id, Entry.id).where(Entry.public_id.in_(list(some)))
        )
        rows = (await session.execute(ours)).all()
        if rows:
            lots = [_lot(org_id, entry_id, *some[public_id]) for public_id, entry_id in rows]
            await session.execute(insert(Lot), lots)


async def keep_unclaimed(session: AsyncSession, org_id: int, earned: Sequence[Earning]) -> None:
    """Keep points of tags without a member until one gets the tag."""
    table = UnclaimedPoints.__table__
    assert isinstance(table, Table)
    rows = [
        {
            "org_id": org_id,
            "programme_id": one.programme_id,
            "tag": one.tag,
            "rule_id": one.rule_id,
            "device_id": one.key[0],
            "ts": one.key[1],
            "boot": one.key[2],
            "seq": one.key[3],
            "points": one.points,
        }
        for one in sorted(earned, key=lambda one: (one.programme_id, one.tag, one.rule_id, one.key))
    ]
    for start in range(0, len(rows), ROWS):
        await session.execute(insert_ignore(session, table), rows[start : start + ROWS])


async def unclaimed(
    session: AsyncSession, org_id: int, programme_id: int, tags: Sequence[str], limit: int
) -> list[Earning]:
    """Up to `limit` points that wait for the owners of `tags`."""
    wanted = (
        select(UnclaimedPoints, EarningRule.public_id)  # unscoped: below
        .join(EarningRule, EarningRule.id == UnclaimedPoints.rule_id)
        .where(UnclaimedPoints.programme_id == programme_id, UnclaimedPoints.tag.in_(tags))
        .limit(limit)
    )
    return [
        Earning(
            row.rule_id,
            source_of(rule),
            row.programme_id,
            row.tag,
            (row.device_id, row.ts, row.boot, row.seq),
            row.points,
        )
        for row, rule in await session.execute(scoped(org_id, wanted))
    ]


async def forget_unclaimed(session: AsyncSession, org_id: int, earned: Sequence[Earning]) -> None:
    """Delete what has found its owner."""
    key = tuple_(
        UnclaimedPoints.programme_id,
        UnclaimedPoints.tag,
        UnclaimedPoints.rule_id,
        UnclaimedPoints.device_id,
        UnclaimedPoints.ts,
        UnclaimedPoints.boot,
        UnclaimedPoints.seq,
    )
    keys = sorted((one.programme_id, one.tag, one.rule_id, *one.key) for one in earned)
    for start in range(0, len(keys), ROWS):
        some = keys[start : start + ROWS]
        await session.execute(scoped(org_id, delete(UnclaimedPoints).where(key.in_(some))))


def source_of(rule: str) -> str:
    """What entries call a rule, by its public id."""
    return f"rule:{rule}"


def key_of(earning: Earning) -> str:
    """What entries call an event: device:ts:boot:seq."""
    return ":".join(map(str, earning.key))


async def _insert_entries(
    session: AsyncSession, org_id: int, some: Mapping[str, Owned], now: datetime
) -> None:
    table = Entry.__table__
    assert isinstance(table, Table)
    rows = [
        {
            "public_id": public_id,
            "org_id": org_id,
            "member_id": member_id,
            "kind": "earn",
            "points": earning.points,
            "source": earning.source,
            "key": key_of(earning),
            "reason": "",
            "at": now,
        }
        for public_id, (member_id, earning) in some.items()
    ]
    await session.execute(insert_ignore(session, table), rows)


def _lot(org_id: int, entry_id: int, member_id: int, earning: Earning) -> dict[str, object]:
    return {
        "org_id": org_id,
        "member_id": member_id,
        "entry_id": entry_id,
        "points": earning.points,
        "remaining": earning.points,
        "earned_at": from_ms(earning.key[1]),
        "expires_at": None,
    }
