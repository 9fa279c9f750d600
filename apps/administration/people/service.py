"""Members: listing, giving roles, removing, leaving, disabling. Who is removed is out at once."""

from contextlib import suppress
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from apps.administration.people import errors, repository
from apps.administration.people.repository import MemberRow
from apps.administration.people.schemas import Member, Members
from shared.auth import audit, people, sessions
from shared.auth.audit import Origin
from shared.auth.people import NoSuchMembership, UnknownRole
from shared.auth.principal import Principal
from shared.auth.sessions import SignedIn
from shared.db import AsyncReadSession
from shared.web.changes import Change
from shared.web.cursors import Cursors

AT_ONCE = 100


async def page(
    session: AsyncReadSession, org_id: int, cursors: Cursors, cursor: str | None
) -> Members:
    """Members as they joined. Raises `BadRequest` for a cursor of another list."""
    query = ["people", org_id]
    after = cursors.decode(query, cursor)[0] if cursor else 0
    rows = await repository.page(session, org_id, after, AT_ONCE + 1)
    shown = rows[:AT_ONCE]
    seen = await repository.last_seen(session, org_id, [row.person_id for row in shown])
    more = len(rows) > AT_ONCE
    return Members(
        [_member(row, seen.get(row.person_id)) for row in shown],
        cursors.encode(query, [shown[-1].id]) if more else None,
    )


async def get(session: AsyncSession, org_id: int, membership: str) -> Member:
    """Raises `NoSuchMembership`."""
    row = await _find(session, org_id, membership)
    seen = await repository.last_seen(session, org_id, [row.person_id])
    return _member(row, seen.get(row.person_id))


async def set_role(session: AsyncSession, change: Change, membership: str, role: str) -> None:
    """Raises `NoSuchMembership`, `UnknownRole`, `Exceeds`, `LastOwner`."""
    before = await people.set_role(session, change.principal, membership, role)
    if before != role:
        audit.record(
            session,
            change.origin,
            "member.role",
            membership,
            at=change.now,
            before={"role": before},
            after={"role": role},
        )


async def remove(session: AsyncSession, change: Change, membership: str) -> None:
    """End a membership, and the invitations that this member sent.

    Raises `NoSuchMembership`, `Exceeds`, `LastOwner`.
    """
    row = await _find(session, change.origin.org_id, membership)
    role = await people.remove(session, change.principal, membership, change.now)
    before = {"person": row.person, "role": role}
    audit.record(session, change.origin, "member.remove", membership, at=change.now, before=before)
    await _end_invitations(session, change.origin, row.person, change.now)


async def leave(session: AsyncSession, who: SignedIn, origin: Origin, now: datetime) -> None:
    """Give up one's own membership, and look at another organisation where there is one.

    Raises `NoOrganisation`, `LastOwner`.
    """
    by = _own(who)
    mine = await repository.of_person(session, by.org_id, who.person_id)
    if mine is None:
        raise errors.NoOrganisation
    role = await people.remove(session, by, mine, now)
    before = {"person": who.person_public_id, "role": role}
    audit.record(session, origin, "member.leave", mine, at=now, before=before)
    await _end_invitations(session, origin, who.person_public_id, now)
    for other in await people.belongs_to(session, who.person_id):
        await sessions.choose(session, who, other.organisation)
        break


async def disable(session: AsyncSession, change: Change, membership: str) -> None:
    """Let somebody who belongs to nobody else in nowhere, from now on; what they invited to ends.

    Raises `NoSuchMembership`, `Yourself`, `BelongsElsewhere`, `Exceeds`, `LastOwner`.
    """
    row = await _governed(session, change, membership)
    if not row.disabled:
        await people.disable(session, row.person_id, change.now)
        _disabled(session, change, row.person, now=True)
        await _end_invitations(session, change.origin, row.person, change.now)


async def enable(session: AsyncSession, change: Change, membership: str) -> None:
    """Take `disable` back; raises the same but `LastOwner`."""
    row = await _governed(session, change, membership)
    if row.disabled:
        await repository.enable(session, row.person_id)
        _disabled(session, change, row.person, now=False)


async def erasable(session: AsyncSession, change: Change, membership: str) -> int:
    """The number of a person whom this organisation may erase: raises as `disable` does."""
    row = await _governed(session, change, membership)
    person_id: int = row.person_id
    return person_id


async def _governed(session: AsyncSession, change: Change, membership: str) -> MemberRow:
    """A member whom this organisation alone answers for, and who may do no more than `change`'s."""
    org_id = change.origin.org_id
    row = await _find(session, org_id, membership)
    if row.person_id == change.principal.person_id:
        raise errors.Yourself
    # Who has a role that is gone may do nothing.
    with suppress(UnknownRole):
        await people.check_grant(session, change.principal, row.role)
    if await repository.belongs_elsewhere(session, org_id, row.person_id):
        raise errors.BelongsElsewhere
    return row


async def _find(session: AsyncSession, org_id: int, membership: str) -> MemberRow:
    row = await repository.find(session, org_id, membership)
    if row is None:
        raise NoSuchMembership(f"there is no member {membership!a} in this organisation")
    return row


async def _end_invitations(
    session: AsyncSession, origin: Origin, inviter: str, now: datetime
) -> None:
    for gone in await repository.revoke_invitations_of(session, origin.org_id, inviter, now):
        after = {"revoked_at": now.isoformat()}
        audit.record(
            session,
            origin,
            "invitation.revoke",
            gone,
            at=now,
            before={"revoked_at": None},
            after=after,
        )


def _own(who: SignedIn) -> Principal:
    if who.principal is None:
        raise errors.NoOrganisation
    return who.principal


def _disabled(session: AsyncSession, change: Change, person: str, *, now: bool) -> None:
    action = "person.disable" if now else "person.enable"
    audit.record(
        session,
        change.origin,
        action,
        person,
        at=change.now,
        before={"disabled": not now},
        after={"disabled": now},
    )


def _member(row: MemberRow, seen_at: datetime | None) -> Member:
    return Member(
        row.public_id,
        row.person,
        row.name,
        row.email,
        row.role,
        row.disabled,
        row.created_at,
        seen_at,
    )
