"""Members and their tags in the database."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import delete, insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from shared.db import scoped
from shared.db.dialect import lock_rows
from shared.models import Member, MemberTag

# Rows of a statement: a tag of 128 characters may take 512 bytes, and RDS Proxy pins above 16 KB.
ROWS: Final = 25
IDS: Final = 200


async def find(session: AsyncSession, org_id: int, public_id: str) -> Member | None:
    wanted = scoped(org_id, select(Member).where(Member.public_id == public_id))
    return (await session.scalars(wanted)).one_or_none()


async def lock(session: AsyncSession, org_id: int, public_id: str) -> Member | None:
    """The member, locked until the end of the transaction."""
    wanted = scoped(org_id, select(Member).where(Member.public_id == public_id))
    return (await session.scalars(lock_rows(wanted))).one_or_none()


async def page(
    session: AsyncSession,
    org_id: int,
    *,
    programme_id: int | None,
    tag: str | None,
    after: str | None,
    limit: int,
) -> Sequence[Member]:
    """Up to `limit` members in the order in which they were made, those behind `after`."""
    wanted = scoped(org_id, select(Member).order_by(Member.id).limit(limit))
    if programme_id is not None:
        wanted = wanted.where(Member.programme_id == programme_id)
    if tag is not None:
        owners = scoped(org_id, select(MemberTag.member_id).where(MemberTag.tag == tag))
        wanted = wanted.where(Member.id.in_(owners))
    if after is not None:
        place = scoped(org_id, select(Member.id).where(Member.public_id == after))
        wanted = wanted.where(Member.id > place.scalar_subquery())
    return (await session.scalars(wanted)).all()


async def tags_of(
    session: AsyncSession, org_id: int, member_ids: Sequence[int]
) -> dict[int, list[str]]:
    """The tags of members by their row, sorted."""
    found: dict[int, list[str]] = {member_id: [] for member_id in member_ids}
    for start in range(0, len(member_ids), IDS):
        some = member_ids[start : start + IDS]
        wanted = select(MemberTag.member_id, MemberTag.tag).where(MemberTag.member_id.in_(some))
        for member_id, tag in await session.execute(scoped(org_id, wanted)):
            found[member_id].append(tag)
    return {member_id: sorted(tags) for member_id, tags in found.items()}


async def taken(
    session: AsyncSession, org_id: int, programme_id: int, tags: Sequence[str]
) -> list[str]:
    """Those of `tags` that have an owner in the programme."""
    found: list[str] = []
    for start in range(0, len(tags), ROWS):
        wanted = select(MemberTag.tag).where(
            MemberTag.programme_id == programme_id, MemberTag.tag.in_(tags[start : start + ROWS])
        )
        found.extend((await session.scalars(scoped(org_id, wanted))).all())
    return found


async def add(
    session: AsyncSession,
    org_id: int,
    programme_id: int,
    members: Sequence[tuple[str, str]],
    now: datetime,
) -> dict[str, int]:
    """Write members of (public id, name); returns their rows by public id."""
    rows = [
        {
            "public_id": public_id,
            "org_id": org_id,
            "programme_id": programme_id,
            "name": name,
            "created_at": now,
        }
        for public_id, name in members
    ]
    found: dict[str, int] = {}
    for start in range(0, len(rows), ROWS):
        some = rows[start : start + ROWS]
        await session.execute(insert(Member), some)
        wanted = select(Member.public_id, Member.id).where(
            Member.public_id.in_([row["public_id"] for row in some])
        )
        found.update({row[0]: row[1] for row in await session.execute(scoped(org_id, wanted))})
    return found


async def add_tags(
    session: AsyncSession, org_id: int, programme_id: int, tags: Iterable[tuple[int, str]]
) -> None:
    """Write tags of (member's row, tag)."""
    rows = [
        {"org_id": org_id, "programme_id": programme_id, "member_id": member_id, "tag": tag}
        for member_id, tag in tags
    ]
    for start in range(0, len(rows), ROWS):
        await session.execute(insert(MemberTag), rows[start : start + ROWS])


async def remove_tag(session: AsyncSession, org_id: int, member_id: int, tag: str) -> bool:
    """Take a tag from a member; false if the member does not have it."""
    result = await session.execute(
        scoped(
            org_id,
            delete(MemberTag).where(MemberTag.member_id == member_id, MemberTag.tag == tag),
        )
    )
    return bool(result.rowcount)  # type: ignore[attr-defined]  # a DELETE has one
