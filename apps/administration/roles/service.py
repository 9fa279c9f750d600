"""Making, changing and deleting roles. Nobody puts in, or takes out, what they may not do."""

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncSession

from apps.administration.names import name_of
from apps.administration.roles import errors, repository
from apps.administration.roles.schemas import Shown
from shared.auth import audit
from shared.auth.people import Exceeds
from shared.auth.permissions import PERMISSIONS, ROLES, excess, permitted
from shared.models import Role
from shared.web.changes import Change

MOST_ROLES = 100
LONGEST_NAME = 100


async def every(session: AsyncSession, org_id: int) -> list[Shown]:
    """The built-in roles, then the organisation's own by name."""
    counts = await repository.members_by_role(session, org_id)
    built_in = [Shown(n, n, p, counts.get(n, 0), own=False) for n, p in ROLES.items()]
    own = await repository.every(session, org_id)
    return built_in + [_shown(row, counts.get(row.public_id, 0)) for row in own]


async def names(session: AsyncSession, org_id: int) -> dict[str, str]:
    """What people read for each role that members may have."""
    own = await repository.every(session, org_id)
    return {name: name for name in ROLES} | {row.public_id: row.name for row in own}


async def organisation(session: AsyncSession, org_id: int) -> str:
    """What an organisation is called."""
    return await repository.organisation(session, org_id)


def offered(
    roles: Sequence[Shown], own: frozenset[str], besides: str = ""
) -> list[tuple[str, str]]:
    """Id and name of the roles that somebody who may do `own` can give, and of `besides`."""
    return [(role.id, role.name) for role in roles if role.permissions <= own or role.id == besides]


async def get(session: AsyncSession, org_id: int, public_id: str) -> Shown:
    """One of the organisation's own. Raises `NoSuchRole`."""
    return _shown(await _find(session, org_id, public_id), 0)


async def create(
    session: AsyncSession, change: Change, given: str, permissions: Sequence[str]
) -> None:
    """A new role. Raises `NameUnfit`, `NameTaken`, `NoPermissions`, `UnknownPermission`,
    `Exceeds`, `TooManyRoles`.
    """
    org_id = change.origin.org_id
    name = name_of(given, LONGEST_NAME)
    _check(change, permissions)
    await repository.hold(session, org_id)
    existing = await repository.every(session, org_id)
    if len(existing) >= MOST_ROLES:
        raise errors.TooManyRoles(MOST_ROLES)
    _check_free(existing, name)
    row = Role(
        org_id=org_id, name=name, permissions=sorted(set(permissions)), created_at=change.now
    )
    session.add(row)
    await session.flush()
    audit.record(
        session, change.origin, "role.create", row.public_id, at=change.now, after=_values(row)
    )


async def update(
    session: AsyncSession, change: Change, public_id: str, given: str, permissions: Sequence[str]
) -> None:
    """Another name or other permissions, for whoever has the role at once.

    Raises `NoSuchRole` and what `create` raises; `Exceeds` also for what it permits so far.
    """
    org_id = change.origin.org_id
    await repository.hold(session, org_id)
    row = await _find(session, org_id, public_id)
    _check_may(change, permitted(row.public_id, row.permissions))
    name = name_of(given, LONGEST_NAME)
    _check(change, permissions)
    _check_free([one for one in await repository.every(session, org_id) if one is not row], name)
    before = _values(row)
    row.name, row.permissions = name, sorted(set(permissions))
    if (after := _values(row)) != before:
        audit.record(
            session, change.origin, "role.update", public_id, at=change.now, before=before,
            after=after,
        )  # fmt: skip


async def delete(session: AsyncSession, change: Change, public_id: str) -> None:
    """Raises `NoSuchRole`, `InUse`, `GivenBySignOn`, `Exceeds`."""
    org_id = change.origin.org_id
    await repository.hold(session, org_id)
    row = await _find(session, org_id, public_id)
    _check_may(change, permitted(row.public_id, row.permissions))
    members = await repository.members_with(session, org_id, public_id)
    invitations = await repository.invitations_to(session, org_id, public_id, change.now)
    if members or invitations:
        raise errors.InUse(members, invitations)
    if await repository.given_by_sign_on(session, org_id, public_id):
        raise errors.GivenBySignOn
    before = _values(row)
    await session.delete(row)
    audit.record(session, change.origin, "role.delete", public_id, at=change.now, before=before)


async def _find(session: AsyncSession, org_id: int, public_id: str) -> Role:
    found = await repository.find(session, org_id, public_id)
    if found is None:
        raise errors.NoSuchRole(public_id)
    return found


def _check(change: Change, permissions: Sequence[str]) -> None:
    if not permissions:
        raise errors.NoPermissions
    if unknown := sorted(set(permissions) - PERMISSIONS.keys()):
        raise errors.UnknownPermission(unknown[0])
    _check_may(change, permissions)


def _check_may(change: Change, permissions: Sequence[str] | frozenset[str]) -> None:
    if more := excess(permissions, change.principal.permissions):
        raise Exceeds(f"you may not {PERMISSIONS[more[0]].sentence} yourself; ask an owner")


def _check_free(existing: Sequence[Role], name: str) -> None:
    # As people compare names, and with the built-in ones too.
    taken = {*ROLES, *(row.name.casefold() for row in existing)}
    if name.casefold() in taken:
        raise errors.NameTaken


def _values(row: Role) -> dict[str, object]:
    return {"name": row.name, "permissions": list(row.permissions)}


def _shown(row: Role, members: int) -> Shown:
    return Shown(
        row.public_id, row.name, permitted(row.public_id, row.permissions), members, own=True
    )
