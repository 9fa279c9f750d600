"""What can be done with devices."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from apps.api.devices import repository
from apps.api.devices.errors import NoSuchDevice, NoToken, NoTracker, UidIsImei, UidTakenUnseen
from apps.api.devices.making import make
from apps.api.devices.schemas import DeviceIn, DevicePatch
from apps.api.profiles.repository import find as find_profile
from shared.auth import audit
from shared.auth.limits import join_groups
from shared.auth.principal import Sight
from shared.devices import (
    UidTaken,
    UnknownProfile,
    add_token,
    uid_is_free,
)
from shared.models import Device
from shared.web.changes import Change


async def number(session: AsyncSession, sight: Sight, public_id: str) -> int:
    """The number of a device that is seen. Raises `NoSuchDevice`."""
    found = await repository.find_number(session, sight, public_id)
    if found is None:
        raise NoSuchDevice
    return found


async def create(
    session: AsyncSession, change: Change, body: DeviceIn
) -> tuple[Device, str | None]:
    """A new device and its token, none for a tracker. Raises `UidTaken`, `ImeiTaken`,
    `UnknownProfile`.
    """
    profile_id = await _profile_number(session, change.origin.org_id, body.profile)
    async with _unnamed(change.principal.sight):
        device, token = await make(session, change.origin, body, profile_id, change.now)
    join_groups(session, change.principal.sight, [device.id])
    change.tell_ingest([device.public_id])
    return device, token


async def patch(session: AsyncSession, change: Change, public_id: str, body: DevicePatch) -> None:
    """Change what `body` names.

    Raises `NoSuchDevice`, `NoTracker`, `UidIsImei`, `UidTaken`, `UnknownProfile`.
    """
    org_id = change.origin.org_id
    device = await _get(session, change, public_id)
    given = body.model_dump(mode="json", include=body.model_fields_set)
    before = await _facts(session, device)
    changed = {name: value for name, value in given.items() if before[name] != value}
    if not changed:
        return
    if device.imei is None and "networks" in changed:
        raise NoTracker
    if device.imei is not None and "uid" in changed:
        raise UidIsImei
    if "profile" in changed:
        changed_profile = await _profile_number(session, org_id, body.profile)
    else:
        changed_profile = device.profile_id
    sight = change.principal.sight
    async with _unnamed(sight), uid_is_free(session, org_id, changed.get("uid", device.uid)):
        for name in changed.keys() & {"uid", "name", "networks"}:
            setattr(device, name, changed[name])
        device.profile_id = changed_profile
        device.updated_at = change.now
    if "tags" in changed:
        await repository.replace_tags(session, org_id, device.id, body.tags)
    _record(
        session,
        change,
        "device.change",
        device,
        before={name: before[name] for name in changed},
        after=changed,
    )


async def set_disabled(
    session: AsyncSession, change: Change, public_id: str, disabled: bool
) -> None:
    """Let a device connect, or not. Raises `NoSuchDevice`."""
    device = await _get(session, change, public_id)
    if device.disabled == disabled:
        return
    device.disabled = disabled
    device.updated_at = change.now
    action = "device.disable" if disabled else "device.enable"
    _record(
        session,
        change,
        action,
        device,
        before={"disabled": not disabled},
        after={"disabled": disabled},
    )


async def rotate_token(session: AsyncSession, change: Change, public_id: str) -> str:
    """A new token in place of every other that the device has. Raises `NoSuchDevice`, `NoToken`."""
    org_id = change.origin.org_id
    now = change.now
    device = await _get(session, change, public_id)
    if device.imei is not None:
        raise NoToken
    ended = await repository.revoke_tokens(session, org_id, device.id, now)
    token = add_token(session, org_id, device.id, now)
    before, after = {"tokens": ended}, {"tokens": 1}
    _record(session, change, "device.rotate_token", device, before=before, after=after)
    return token


async def delete(session: AsyncSession, change: Change, public_id: str) -> None:
    """Delete a device: its uid is free again, its row stays. Raises `NoSuchDevice`."""
    org_id = change.origin.org_id
    device = await _get(session, change, public_id)
    before = await _facts(session, device)
    device.gone = device.id
    device.imei = None
    device.profile_id = None
    device.updated_at = change.now
    await repository.revoke_tokens(session, org_id, device.id, device.updated_at)
    await repository.replace_tags(session, org_id, device.id, [])
    await repository.leave_groups(session, org_id, device.id)
    _record(session, change, "device.delete", device, before=before)


@asynccontextmanager
async def _unnamed(sight: Sight) -> AsyncIterator[None]:
    """Who sees some devices only is not told which one has a uid."""
    try:
        yield
    except UidTaken:
        if sight.groups is None:
            raise
        raise UidTakenUnseen from None


async def _get(session: AsyncSession, change: Change, public_id: str) -> Device:
    device = await repository.find(session, change.principal.sight, public_id)
    if device is None:
        raise NoSuchDevice
    return device


async def _profile_number(session: AsyncSession, org_id: int, public_id: str | None) -> int | None:
    if public_id is None:
        return None
    profile = await find_profile(session, org_id, public_id)
    if profile is None:
        raise UnknownProfile
    return profile.id


async def _facts(session: AsyncSession, device: Device) -> dict[str, Any]:
    row = await repository.one(session, Sight(device.org_id), device.public_id)
    tags = await repository.tags(session, device.org_id, [device.id])
    profile = row.profile if row else None
    return {
        "uid": device.uid,
        "name": device.name,
        "profile": profile,
        "tags": tags.get(device.id, []),
        "networks": device.networks or [],
    }


def _record(
    session: AsyncSession,
    change: Change,
    action: str,
    device: Device,
    *,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
) -> None:
    audit.record(
        session,
        change.origin,
        action,
        device.public_id,
        at=change.now,
        before=before,
        after=after,
    )
    change.tell_ingest([device.public_id])
