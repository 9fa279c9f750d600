"""Reading and changing the organisation."""

from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from apps.administration.organisations import repository
from apps.administration.organisations.errors import NameMissing, NoSuchOrganisation
from apps.administration.organisations.schemas import OrganisationOut, OrganisationPatch
from shared.auth import audit
from shared.auth.keys import Principal
from shared.db import AsyncReadSession
from shared.models import Organisation
from shared.web.changes import Change


async def get(session: AsyncReadSession, principal: Principal, public_id: str) -> OrganisationOut:
    """The caller's organisation. Raises `NoSuchOrganisation` for any other."""
    found = await repository.find(session, principal.org_id, public_id)
    if found is None:
        raise NoSuchOrganisation(public_id)
    return _shown(found)


async def patch(
    session: AsyncSession, change: Change, public_id: str, body: OrganisationPatch
) -> OrganisationOut:
    """Apply what `body` names. Raises `NoSuchOrganisation`, `NameMissing`."""
    if "name" in body.model_fields_set and body.name is None:
        raise NameMissing
    found = await repository.find_locked(session, change.origin.org_id, public_id)
    if found is None:
        raise NoSuchOrganisation(public_id)
    before = {name: getattr(found, name) for name in sorted(body.model_fields_set)}
    wanted = {name: getattr(body, name) for name in before}
    after = {name: value for name, value in wanted.items() if value != before[name]}
    if after:
        before = {name: before[name] for name in after}
        _apply(session, change, found, before=before, after=after)
    return _shown(found)


def _apply(
    session: AsyncSession,
    change: Change,
    found: Organisation,
    *,
    before: dict[str, Any],
    after: dict[str, Any],
) -> None:
    for name, value in after.items():
        setattr(found, name, value)
    audit.record(
        session,
        change.origin,
        "organisation.update",
        found.public_id,
        at=change.now,
        before=before,
        after=after,
    )
    if "retention_days" in after:
        # Ingest refuses what is older than the retention, and keeps it in its cache of devices.
        change.tell_ingest(everything=True)


def _shown(row: Organisation) -> OrganisationOut:
    return OrganisationOut(
        id=row.public_id,
        name=row.name,
        retention_days=row.retention_days,
        created_at=row.created_at,
    )
