"""What can be done with profiles."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from apps.api.profiles import repository
from apps.api.profiles.errors import NoSuchProfile, ProfileInUse, ProfileNameTaken
from apps.api.profiles.schemas import ProfileIn, ProfilePatch, stored
from shared.auth import audit
from shared.auth.limits import require_all
from shared.models import DeviceProfile
from shared.web.changes import Change


async def get(session: AsyncSession, org_id: int, public_id: str) -> DeviceProfile:
    """A profile of the organisation. Raises `NoSuchProfile`."""
    profile = await repository.find(session, org_id, public_id)
    if profile is None:
        raise NoSuchProfile(public_id)
    return profile


async def create(session: AsyncSession, change: Change, body: ProfileIn) -> DeviceProfile:
    """A new profile. Raises `ProfileNameTaken`, `Limited`: profiles are of all devices."""
    require_all(change.principal.sight)
    now = change.now
    profile = DeviceProfile(
        org_id=change.origin.org_id,
        name=body.name,
        strict=body.strict,
        metrics=stored(body.metrics),
        created_at=now,
        updated_at=now,
    )
    async with _name_is_free(session, profile.org_id, body.name):
        session.add(profile)
    audit.record(
        session, change.origin, "profile.create", profile.public_id, at=now, after=_facts(profile)
    )
    return profile


async def patch(
    session: AsyncSession, change: Change, public_id: str, body: ProfilePatch
) -> DeviceProfile:
    """Change what `body` names. Raises `NoSuchProfile`, `ProfileNameTaken`, `Limited`."""
    require_all(change.principal.sight)
    profile = await get(session, change.origin.org_id, public_id)
    before = _facts(profile)
    after = before | body.model_dump(include=body.model_fields_set, exclude_none=True)
    if after == before:
        return profile
    async with _name_is_free(session, profile.org_id, after["name"]):
        profile.name, profile.strict, profile.metrics = after.values()
        profile.updated_at = change.now
    audit.record(
        session,
        change.origin,
        "profile.change",
        public_id,
        at=profile.updated_at,
        before=_without_common(before, after),
        after=_without_common(after, before),
    )
    change.tell_ingest(everything=True)
    return profile


async def delete(session: AsyncSession, change: Change, public_id: str) -> None:
    """Delete a profile that no device uses. Raises `NoSuchProfile`, `ProfileInUse`, `Limited`."""
    require_all(change.principal.sight)
    profile = await get(session, change.origin.org_id, public_id)
    used = await repository.count_devices(session, change.origin.org_id, profile.id)
    if used:
        raise ProfileInUse(f"{used} devices use the profile; give them another first", devices=used)
    audit.record(
        session,
        change.origin,
        "profile.delete",
        public_id,
        at=change.now,
        before=_facts(profile),
    )
    await session.delete(profile)
    try:
        await session.flush()
    except IntegrityError:
        raise ProfileInUse("a device has just been given the profile") from None


@asynccontextmanager
async def _name_is_free(session: AsyncSession, org_id: int, name: str) -> AsyncIterator[None]:
    """What is changed inside is written at the end; raises `ProfileNameTaken`."""
    try:
        async with session.begin_nested():
            yield
    except IntegrityError:
        found = await repository.find_named(session, org_id, name)
        taken_by = found.public_id if found else None
        raise ProfileNameTaken(f"the profile {taken_by} has this name", profile=taken_by) from None


def _facts(profile: DeviceProfile) -> dict[str, Any]:
    return {"name": profile.name, "strict": profile.strict, "metrics": profile.metrics}


def _without_common(facts: dict[str, Any], others: dict[str, Any]) -> dict[str, Any]:
    """The facts that others lack or have differently; of the metrics too."""
    different = {name: value for name, value in facts.items() if others[name] != value}
    if "metrics" in different:
        known = others["metrics"]
        different["metrics"] = {
            name: metric for name, metric in facts["metrics"].items() if known.get(name) != metric
        }
    return different
