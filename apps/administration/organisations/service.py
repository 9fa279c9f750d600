"""Reading and changing the organisation."""

import json
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from apps.administration.dependencies import Change
from apps.administration.organisations import repository
from apps.administration.organisations.errors import NameMissing, NoSuchOrganisation
from apps.administration.organisations.schemas import OrganisationOut, OrganisationPatch
from shared.auth import audit
from shared.auth.keys import Principal
from shared.db import AsyncReadSession
from shared.models import Organisation


async def get(session: AsyncReadSession, principal: Principal, public_id: str) -> OrganisationOut:
    """The caller's organisation. Raises `NoSuchOrganisation` for any other."""
    found = await repository.find(session, principal.org_id, public_id)
    if found is None:
        raise NoSuchOrganisation(public_id)
    return _shown(found)


async def change(
    session: AsyncSession,
    principal: Principal,
    public_id: str,
    patch: OrganisationPatch,
    made: Change,
) -> OrganisationOut:
    """Apply what `patch` names. Raises `NoSuchOrganisation`, `NameMissing`."""
    if "name" in patch.model_fields_set and patch.name is None:
        raise NameMissing
    found = await repository.find_locked(session, principal.org_id, public_id)
    if found is None:
        raise NoSuchOrganisation(public_id)
    before = {name: getattr(found, name) for name in sorted(patch.model_fields_set)}
    wanted = {name: getattr(patch, name) for name in before}
    after = {name: value for name, value in wanted.items() if value != before[name]}
    if after:
        before = {name: before[name] for name in after}
        _apply(session, principal, found, before=before, after=after, made=made)
    return _shown(found)


def _apply(
    session: AsyncSession,
    principal: Principal,
    found: Organisation,
    *,
    before: dict[str, Any],
    after: dict[str, Any],
    made: Change,
) -> None:
    for name, value in after.items():
        setattr(found, name, value)
    audit.record(
        session,
        made.origin(principal),
        "organisation.update",
        found.public_id,
        at=made.now,
        before=before,
        after=after,
    )
    if "retention_days" in after:
        # Ingest refuses what is older than the retention, and keeps it in its cache of devices.
        everything = json.dumps({"devices": [], "all": True}).encode()
        made.publish(f"device:{found.public_id}", everything)


def _shown(row: Organisation) -> OrganisationOut:
    return OrganisationOut(
        id=row.public_id,
        name=row.name,
        retention_days=row.retention_days,
        created_at=row.created_at,
    )
