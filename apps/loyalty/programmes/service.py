"""What can be done with programmes."""

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from apps.loyalty.programmes import repository
from apps.loyalty.programmes.errors import NoSuchProgramme, ProgrammeNameTaken
from apps.loyalty.programmes.schemas import ProgrammeIn, ProgrammeOut
from shared.auth import audit
from shared.auth.limits import require_all
from shared.models import Programme
from shared.web.changes import Change
from shared.web.cursors import Cursors
from shared.web.schemas import Page


async def get(session: AsyncSession, org_id: int, public_id: str) -> Programme:
    """A programme of the organisation. Raises `NoSuchProgramme`."""
    programme = await repository.find(session, org_id, public_id)
    if programme is None:
        raise NoSuchProgramme(public_id)
    return programme


async def page(
    session: AsyncSession, org_id: int, cursors: Cursors, limit: int, cursor: str | None
) -> Page[ProgrammeOut]:
    """Programmes by name."""
    about = {"list": "programmes", "org": org_id}
    after = cursors.decode(about, cursor)[0] if cursor else None
    found = await repository.page(session, org_id, after, limit + 1)
    items = [out(programme) for programme in found[:limit]]
    more = len(found) > limit
    return Page(items=items, next=cursors.encode(about, [items[-1].name]) if more else None)


async def create(session: AsyncSession, change: Change, body: ProgrammeIn) -> Programme:
    """A new programme. Raises `ProgrammeNameTaken`, `Limited`: it is of all devices."""
    require_all(change.principal.sight)
    programme = Programme(org_id=change.origin.org_id, name=body.name, created_at=change.now)
    try:
        async with session.begin_nested():
            session.add(programme)
    except IntegrityError:
        raise ProgrammeNameTaken(f"another programme has the name {body.name}") from None
    audit.record(
        session,
        change.origin,
        "programme.create",
        programme.public_id,
        at=change.now,
        after=body.model_dump(),
    )
    return programme


def out(programme: Programme) -> ProgrammeOut:
    """A programme as it is shown."""
    return ProgrammeOut(
        id=programme.public_id, name=programme.name, created_at=programme.created_at
    )
