"""Inviting, and what becomes of it. Nobody invites to more than they may do themselves."""

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from apps.administration import words
from apps.administration.invitations import errors, repository
from apps.administration.invitations.repository import Found
from apps.administration.roles import service as roles
from shared.auth import audit, people
from shared.auth.audit import Origin
from shared.auth.people import NoAddress, UnknownRole, address_of
from shared.auth.permissions import excess
from shared.auth.sessions import SignedIn
from shared.auth.throttle import Throttle
from shared.db import Database
from shared.ids import digest, new_id, new_secret
from shared.mail.base import is_address
from shared.mail.queue import QUEUE, Post
from shared.models import Invitation, Person
from shared.web.changes import Change

LASTS: Final = timedelta(days=7)
# Ones that expired are shown for as long again: somebody may want to send them once more.
SHOWN: Final = timedelta(days=30)
MOST: Final = 500
INVITES: Final = "people:write"
_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")


def invited(given: str) -> str:
    """The address to invite. Raises `NoAddress`."""
    email = address_of(given)
    if not is_address(email):
        raise NoAddress("mail cannot be sent to this address; write a plain one")
    return email


async def admit(
    database: Database, throttle: Throttle, org_id: int, email: str, now: datetime
) -> None:
    """Count a letter to `email`: an organisation does not fill a stranger's letter box.

    Raises `Throttled`.
    """
    await throttle.admit(database, f"{org_id} {email}", None, now)


async def listed(session: AsyncSession, org_id: int, now: datetime) -> Sequence[Invitation]:
    """Those that are open, and those that expired lately; newest first."""
    return await repository.listed(session, org_id, now - SHOWN)


async def invite(
    session: AsyncSession, change: Change, email: str, role: str, *, page: str, inviter: str
) -> None:
    """Invite an address and write to it. `page`: what the link opens; `inviter`: their name.

    Raises `AlreadyMember`, `AlreadyInvited`, `TooManyInvitations`, `UnknownRole`, `Exceeds`.
    """
    org_id, now = change.origin.org_id, change.now
    await repository.hold(session, org_id)
    await people.check_grant(session, change.principal, role)
    if await repository.is_member(session, org_id, email):
        raise errors.AlreadyMember
    if await repository.open_for(session, org_id, email, now):
        raise errors.AlreadyInvited
    if await repository.count_open(session, org_id, now) >= MOST:
        raise errors.TooManyInvitations(MOST)
    token = new_secret()
    row = Invitation(
        org_id=org_id,
        email=email,
        role=role,
        token_hash=digest(token),
        invited_by=change.principal.actor,
        created_at=now,
        expires_at=now + LASTS,
    )
    session.add(row)
    await session.flush()
    after = {"email": email, "role": role, "expires_at": row.expires_at.isoformat()}
    audit.record(session, change.origin, "invitation.create", row.public_id, at=now, after=after)
    await _write(session, change, row, f"{page}?token={token}", inviter)


async def send_again(
    session: AsyncSession, change: Change, public_id: str, *, page: str, inviter: str
) -> None:
    """A new link, good for as long as a new one; the one before is over.

    Raises `NoSuchInvitation`, `AlreadyMember`, `UnknownRole`, `Exceeds`.
    """
    await repository.hold(session, change.origin.org_id)
    row = await _find(session, change, public_id)
    await people.check_grant(session, change.principal, row.role)
    if await repository.is_member(session, row.org_id, row.email):
        raise errors.AlreadyMember
    token, before = new_secret(), row.expires_at
    row.token_hash, row.expires_at = digest(token), change.now + LASTS
    # Whoever sends it answers for it from here on.
    row.invited_by = change.principal.actor
    audit.record(
        session,
        change.origin,
        "invitation.send",
        row.public_id,
        at=change.now,
        before={"expires_at": before.isoformat()},
        after={"expires_at": row.expires_at.isoformat()},
    )
    await _write(session, change, row, f"{page}?token={token}", inviter)


async def address(session: AsyncSession, change: Change, public_id: str) -> str:
    """Whom an invitation is for. Raises `NoSuchInvitation`."""
    return (await _find(session, change, public_id)).email


async def revoke(session: AsyncSession, change: Change, public_id: str) -> None:
    """Raises `NoSuchInvitation`."""
    row = await _find(session, change, public_id)
    row.revoked_at = change.now
    audit.record(
        session,
        change.origin,
        "invitation.revoke",
        row.public_id,
        at=change.now,
        before={"revoked_at": None},
        after={"revoked_at": change.now.isoformat()},
    )


async def look(session: AsyncSession, token: str, now: datetime) -> Found:
    """What a link invites to. Changes nothing. Raises `InvitationOver`."""
    found = await repository.by_token(session, token, now) if _TOKEN.fullmatch(token) else None
    if found is None:
        raise errors.InvitationOver
    return found


def check(found: Found, who: SignedIn | None) -> None:
    """That whoever opened the link is whom it is for, as far as can be said.

    Raises `OtherAddress`, `SignInFirst`.
    """
    if who is not None and who.email != found.email:
        raise errors.OtherAddress(found.email)
    if who is None and found.person_id is not None:
        raise errors.SignInFirst


async def claim(session: AsyncSession, found: Found, now: datetime) -> None:
    """Use the invitation up, before anything else is written: of two at once the second waits here
    and finds nothing. Raises `InvitationOver`, also for a role that is gone, and where whoever
    sent it could not give that role any more.
    """
    await repository.hold(session, found.org_id)
    inviter = await repository.role_of_inviter(session, found)
    try:
        wanted = await people.permissions_of(session, found.org_id, found.role)
        given = await people.permissions_of(session, found.org_id, inviter or "")
    except UnknownRole:
        raise errors.InvitationOver from None
    if INVITES not in given or excess(wanted, given):
        raise errors.InvitationOver
    if not await repository.accept(session, found, now):
        raise errors.InvitationOver


async def join(
    session: AsyncSession, found: Found, person_id: int, origin: Origin, now: datetime
) -> None:
    """Make a member of whoever claimed the invitation."""
    member = await people.join(session, found.org_id, person_id, found.role, now)
    audit.record(
        session,
        origin,
        "invitation.accept",
        found.public_id,
        at=now,
        before={"accepted_at": None},
        after={"accepted_at": now.isoformat(), "member": member.public_id, "role": member.role},
    )


async def new_person(
    session: AsyncSession, found: Found, name: str, password_hash: str, now: datetime
) -> Person:
    """An account for whom the invitation is for; the link has proved the address.

    Raises `AccountMeanwhile`, with which the whole request is taken back.
    """
    person = Person(
        email=found.email,
        name=name,
        password_hash=password_hash,
        password_changed_at=now,
        mail_proved_at=now,
        created_at=now,
    )
    session.add(person)
    try:
        await session.flush()
    except IntegrityError:
        raise errors.AccountMeanwhile from None
    return person


async def _find(session: AsyncSession, change: Change, public_id: str) -> Invitation:
    found = await repository.find(session, change.origin.org_id, public_id)
    if found is None:
        raise errors.NoSuchInvitation(public_id)
    return found


async def _write(
    session: AsyncSession, change: Change, row: Invitation, link: str, inviter: str
) -> None:
    post: Post = change.request.app.state.post
    names = await roles.names(session, row.org_id)
    organisation = await roles.organisation(session, row.org_id)
    said = words.invitation(link, organisation, inviter, names[row.role], row.expires_at)
    key = f"invitation {new_id('ltr')}"
    await post.put(session, said.template, row.email, key=key, now=change.now, **said.values)
    change.wake(QUEUE)
