"""Signing in and out: one `sign_in` a person and device, one session an app that shares it.

Only hashes of tokens are stored. A session is alive while its sign-in is, the person is not
disabled, and no lifetime is over; what a person may do in an organisation is looked up with each
request, so that a membership that is gone is gone at once.
"""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, and_, delete, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from shared.auth import limits, support
from shared.auth.permissions import BEYOND_GROUPS, ROLES, permitted
from shared.auth.principal import Principal
from shared.db.scope import scoped
from shared.ids import digest, new_secret
from shared.models import AppSession, Membership, Organisation, Person, Role, SignIn, SignInCode

# How exact `seen_at` is; a write for every request would cost more than it tells.
SEEN_STEP = timedelta(seconds=60)
# A browser says what it is; it needs no more words than these.
LONGEST_AGENT = 300
_NEVER = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Lifetimes:
    """How long a sign-in lasts: unused, at most, and how long what was shown counts as fresh."""

    idle: timedelta = timedelta(hours=12)
    absolute: timedelta = timedelta(days=14)
    fresh: timedelta = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A session that is alive, and whose it is.

    `principal` is none while no organisation is chosen, or the person is not in it any more.
    `stale`: its use should be noted (`touch`). `support_until`: until when the organisation lets
    support in, for every page to say so; none: nobody of support may see it.
    """

    session_id: int
    sign_in_id: int
    sign_in_public_id: str
    person_id: int
    person_public_id: str
    email: str
    name: str
    fresh_at: datetime
    principal: Principal | None
    organisation: str | None
    stale: bool
    support_until: datetime | None = None


async def begin(
    session: AsyncSession,
    person_id: int,
    method: str,
    now: datetime,
    *,
    lifetimes: Lifetimes,
    fresh_at: datetime | None = None,
    address: str | None = None,
    agent: str | None = None,
) -> SignIn:
    """A new sign-in of a person who has proved who it is by `method`, e.g. `password`: just now,
    or at `fresh_at`.
    """
    row = SignIn(
        person_id=person_id,
        created_at=now,
        seen_at=now,
        expires_at=now + lifetimes.absolute,
        fresh_at=now if fresh_at is None else fresh_at,
        method=method,
        address=address,
        agent=agent[:LONGEST_AGENT] if agent else None,
    )
    session.add(row)
    await session.flush()
    return row


async def open_session(
    session: AsyncSession,
    sign_in_id: int,
    app: str,
    now: datetime,
    *,
    code_id: int | None = None,
) -> str:
    """A new session of a sign-in in `app`; returns its token, which is stored nowhere.

    It looks at the organisation that another app of this sign-in was last used for, else at the
    first that the person belongs to.
    """
    token = new_secret()
    session.add(
        AppSession(
            token_hash=digest(token),
            sign_in_id=sign_in_id,
            code_id=code_id,
            app=app,
            org_id=await _organisation(session, sign_in_id, now),
            created_at=now,
            seen_at=now,
        )
    )
    await session.flush()
    return token


async def find(
    session: AsyncSession, token: str, app: str, now: datetime, *, lifetimes: Lifetimes
) -> SignedIn | None:
    """Whose session of `app` this is; none for an unknown, ended or outlived one."""
    query = _of_session(now).where(AppSession.token_hash == digest(token), AppSession.app == app)
    row = (await session.execute(query.where(*alive(now, lifetimes)))).one_or_none()
    if row is None:
        return None
    found = _signed_in(row, now)
    if row.role is None and row.support_since and row.support_until:
        return await _as_support(session, found, row, now)
    return await _limited(session, found) if row.limited else found


def alive(now: datetime, lifetimes: Lifetimes) -> tuple[ColumnElement[bool], ...]:
    """What a statement on `sign_in` and `person` asks for, so that a sign-in still counts."""
    return (
        SignIn.ended_at.is_(None),
        SignIn.expires_at > now,
        SignIn.seen_at > now - lifetimes.idle,
        Person.disabled.is_(False),
        Person.erased_at.is_(None),
    )


async def touch(session: AsyncSession, found: SignedIn, now: datetime) -> None:
    """Note that a session was used just now. Do so when it is `stale`."""
    await session.execute(
        update(AppSession)  # unscoped: by the row's own number, just found
        .where(AppSession.id == found.session_id)
        .values(seen_at=now)
    )
    await session.execute(update(SignIn).where(SignIn.id == found.sign_in_id).values(seen_at=now))


async def choose(
    session: AsyncSession, found: SignedIn, organisation: str, now: datetime | None = None
) -> bool:
    """Look at another organisation (a public id) from now on; false: the person is not in it.

    With `now`, one that lets support in then will do for a person of support.
    """
    org_id = await session.scalar(
        select(Membership.org_id)  # unscoped: which organisation it is, is asked here
        .join(Organisation, Organisation.id == Membership.org_id)
        .where(Membership.person_id == found.person_id, Organisation.public_id == organisation)
    )
    if org_id is None and now is not None:
        open_to = await support.organisations(session, found.person_id, now)
        org_id = next((one[0] for one in open_to if one[1] == organisation), None)
    if org_id is None:
        return False
    await session.execute(
        update(AppSession)  # unscoped: by the row's own number, just found
        .where(AppSession.id == found.session_id)
        .values(org_id=org_id)
    )
    return True


async def confirm(
    session: AsyncSession, found: SignedIn, now: datetime, fresh_at: datetime | None = None
) -> str:
    """A factor was shown again, just now or at `fresh_at`: the sign-in is as fresh as that, and
    this session has a new token, returned. The old token opens nothing any more.
    """
    token, shown = new_secret(), max(found.fresh_at, fresh_at or now)
    await session.execute(
        update(SignIn).where(SignIn.id == found.sign_in_id).values(fresh_at=shown)
    )
    await session.execute(
        update(AppSession)  # unscoped: by the row's own number, just found
        .where(AppSession.id == found.session_id)
        .values(token_hash=digest(token), seen_at=now)
    )
    return token


async def end(session: AsyncSession, sign_in_id: int, now: datetime) -> None:
    """Sign out: the sessions of all apps that share this sign-in are over."""
    await session.execute(
        update(SignIn)
        .where(SignIn.id == sign_in_id, SignIn.ended_at.is_(None))
        .values(ended_at=now)
    )


async def end_one(session: AsyncSession, person_id: int, public_id: str, now: datetime) -> bool:
    """Sign out elsewhere: end the sign-in `public_id` if it is this person's and not over."""
    mine = SignIn.person_id == person_id, SignIn.public_id == public_id
    ended = await session.execute(
        update(SignIn).where(*mine, SignIn.ended_at.is_(None)).values(ended_at=now)
    )
    return bool(ended.rowcount)  # type: ignore[attr-defined]  # an UPDATE has one


async def end_all(
    session: AsyncSession, person_id: int, now: datetime, *, but: int | None = None
) -> int:
    """End every sign-in of a person, except the one numbered `but`; returns how many."""
    mine = [SignIn.person_id == person_id, SignIn.ended_at.is_(None)]
    if but is not None:
        mine.append(SignIn.id != but)
    ended = await session.execute(update(SignIn).where(*mine).values(ended_at=now))
    count: int = ended.rowcount  # type: ignore[attr-defined]  # an UPDATE has one
    return count


async def of_person(
    session: AsyncSession, person_id: int, now: datetime, *, lifetimes: Lifetimes
) -> list[SignIn]:
    """The sign-ins of a person that are alive, the one used last first."""
    found = await session.scalars(
        select(SignIn)
        .join(Person, Person.id == SignIn.person_id)
        .where(SignIn.person_id == person_id, *alive(now, lifetimes))
        .order_by(SignIn.seen_at.desc(), SignIn.id.desc())
    )
    return list(found)


async def allowed(
    session: AsyncSession,
    org_id: int,
    sign_in_ids: Collection[int],
    permission: str,
    now: datetime,
    *,
    lifetimes: Lifetimes,
) -> set[int]:
    """Those of `sign_in_ids` that are alive, and whose person has `permission` in `org_id`.

    For what stays open, like a live stream; a request is looked at by `find`.
    """
    rows = await session.execute(
        scoped(
            org_id,
            select(Membership.role, Role.permissions, SignIn.id)
            .join(Person, Person.id == Membership.person_id)
            .join(SignIn, SignIn.person_id == Person.id)
            .outerjoin(
                Role, and_(Role.org_id == Membership.org_id, Role.public_id == Membership.role)
            )
            .where(SignIn.id.in_(sign_in_ids), *alive(now, lifetimes)),
        )
    )
    found = {row.id for row in rows if permission in permitted(row.role, row.permissions)}
    role = await support.role_in(session, org_id, now)
    if role is not None and permission in ROLES[role]:
        of_support = (
            select(SignIn.id)
            .join(Person, Person.id == SignIn.person_id)
            .where(SignIn.id.in_(sign_in_ids), Person.support_since.is_not(None))
            .where(*alive(now, lifetimes))
        )
        found |= set(await session.scalars(of_support))
    return found


async def prune(session: AsyncSession, before: datetime, most: int = 500) -> int:
    """Forget up to `most` sign-ins that were over before `before`, and what hangs on them."""
    over = or_(SignIn.ended_at < before, SignIn.expires_at < before)
    ids = list(await session.scalars(select(SignIn.id).where(over).limit(most)))
    if ids:
        await session.execute(
            delete(AppSession).where(AppSession.sign_in_id.in_(ids))  # unscoped: found above
        )
        await session.execute(delete(SignInCode).where(SignInCode.sign_in_id.in_(ids)))
        await session.execute(delete(SignIn).where(SignIn.id.in_(ids)))
    return len(ids)


async def _limited(session: AsyncSession, found: SignedIn) -> SignedIn:
    """The same person with the groups that they are limited to."""
    if found.principal is None:
        return found
    groups = await limits.of_member(session, found.principal.org_id, found.person_id)
    if groups is None:  # unlimited meanwhile
        return found
    less = found.principal.permissions - BEYOND_GROUPS
    return replace(found, principal=replace(found.principal, groups=groups, permissions=less))


async def _as_support(
    session: AsyncSession, found: SignedIn, row: Row[*tuple[Any, ...]], now: datetime
) -> SignedIn:
    """The same person as one of support, if the organisation lets them in."""
    made = await support.principal(session, row.org_id, found.person_id, now)
    if made is None:
        return found
    principal = replace(made.principal, sign_in_id=found.sign_in_id, fresh_at=found.fresh_at)
    return replace(
        found,
        principal=principal,
        organisation=made.organisation,
        support_until=row.support_until,
    )


async def _organisation(session: AsyncSession, sign_in_id: int, now: datetime) -> int | None:
    """What a new session of a sign-in looks at: see `open_session`."""
    as_support = await support.last_seen_in(session, sign_in_id, now)
    if as_support is not None:
        return as_support
    last = (
        select(func.max(AppSession.seen_at))  # unscoped: of one sign-in, over organisations
        .where(AppSession.sign_in_id == sign_in_id, AppSession.org_id == Membership.org_id)
        .correlate(Membership)
        .scalar_subquery()
    )
    return await session.scalar(
        select(Membership.org_id)  # unscoped: which organisation it is, is asked here
        .join(SignIn, SignIn.person_id == Membership.person_id)
        .where(SignIn.id == sign_in_id)
        .order_by(func.coalesce(last, _NEVER).desc(), Membership.id)
        .limit(1)
    )


def _of_session(now: datetime) -> Select[*tuple[Any, ...]]:
    """Sessions with their person, and what the person may do in the organisation looked at."""
    return (
        select(  # unscoped: the token names the session, and that the organisation
            AppSession.id,
            AppSession.seen_at,
            AppSession.org_id,
            AppSession.sign_in_id,
            SignIn.public_id.label("sign_in"),
            SignIn.fresh_at,
            Person.id.label("person_id"),
            Person.public_id.label("person"),
            Person.email,
            Person.name,
            Organisation.public_id.label("organisation"),
            Organisation.name.label("organisation_name"),
            Membership.role,
            Role.permissions,
            Person.support_since,
            support.until(AppSession.org_id, now).label("support_until"),
            limits.is_limited(Membership.id).label("limited"),
        )
        .join(SignIn, SignIn.id == AppSession.sign_in_id)
        .join(Person, Person.id == SignIn.person_id)
        .outerjoin(
            Membership,
            and_(
                Membership.org_id == AppSession.org_id,
                Membership.person_id == SignIn.person_id,
            ),
        )
        .outerjoin(Organisation, Organisation.id == Membership.org_id)
        .outerjoin(Role, and_(Role.org_id == Membership.org_id, Role.public_id == Membership.role))
    )


def _signed_in(row: Row[*tuple[Any, ...]], now: datetime) -> SignedIn:
    return SignedIn(
        session_id=row.id,
        sign_in_id=row.sign_in_id,
        sign_in_public_id=row.sign_in,
        person_id=row.person_id,
        person_public_id=row.person,
        email=row.email,
        name=row.name,
        fresh_at=row.fresh_at,
        principal=_principal(row),
        organisation=row.organisation_name,
        stale=now - row.seen_at > SEEN_STEP,
        support_until=row.support_until if row.role is not None else None,
    )


def _principal(row: Row[*tuple[Any, ...]]) -> Principal | None:
    if row.role is None:
        return None
    return Principal(
        org_id=row.org_id,
        org_public_id=row.organisation,
        actor=row.person,
        permissions=permitted(row.role, row.permissions),
        person_id=row.person_id,
        sign_in_id=row.sign_in_id,
        fresh_at=row.fresh_at,
    )
