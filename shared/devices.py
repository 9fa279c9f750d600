"""Registering a device, and how ingest hears that what it knows of devices changed."""

import json
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from shared.auth import audit
from shared.auth.audit import Origin
from shared.db import scoped
from shared.errors import Conflict, Invalid
from shared.ids import digest, new_secret
from shared.models import Device, DeviceCredential, DeviceState, DeviceTag

# In one message on the bus; of more, it says that they are all of the organisation.
TOLD_AT_ONCE = 1_000


class UidTaken(Conflict):
    code = "uid_taken"
    title = "Another device has this uid"

    def __init__(self, device_public_id: str) -> None:
        super().__init__(f"the device {device_public_id} has this uid", device=device_public_id)


class UnknownProfile(Invalid):
    code = "unknown_profile"
    title = "There is no such profile here"

    def __init__(self) -> None:
        super().__init__("profile: there is no profile with this id")


def new_token() -> str:
    """A device's secret; only its SHA-256 is kept."""
    return f"dt_{new_secret()}"


def add_token(session: AsyncSession, org_id: int, device_id: int, now: datetime) -> str:
    """One more token with which a device may connect."""
    token = new_token()
    session.add(
        DeviceCredential(
            org_id=org_id, device_id=device_id, token_hash=digest(token), created_at=now
        )
    )
    return token


@asynccontextmanager
async def uid_is_free(session: AsyncSession, org_id: int, uid: str) -> AsyncIterator[None]:
    """What is changed inside is written at the end; raises `UidTaken`, `UnknownProfile`."""
    try:
        async with session.begin_nested():
            yield
    except IntegrityError:
        having = select(Device.public_id).where(Device.uid == uid, Device.gone == 0)
        taken_by = await session.scalar(scoped(org_id, having))
        if taken_by is None:  # then it was the profile, deleted meanwhile
            raise UnknownProfile from None
        raise UidTaken(taken_by) from None


async def register(
    session: AsyncSession,
    origin: Origin,
    *,
    uid: str,
    now: datetime,
    name: str = "",
    profile_id: int | None = None,
    tags: Sequence[str] = (),
    facts: dict[str, Any] | None = None,
) -> tuple[Device, str]:
    """A new device of `origin`'s organisation and its token. `facts`: what the audit says of it.

    Raises `UidTaken`, `UnknownProfile`. Whoever calls publishes `news` of it after the commit:
    ingest may remember that there was no such device.
    """
    org_id = origin.org_id
    device = Device(
        org_id=org_id,
        uid=uid,
        name=name,
        profile_id=profile_id,
        created_at=now,
        updated_at=now,
    )
    async with uid_is_free(session, org_id, uid):
        session.add(device)
    session.add(DeviceState(device_id=device.id, org_id=org_id))
    session.add_all(DeviceTag(org_id=org_id, device_id=device.id, tag=tag) for tag in tags)
    token = add_token(session, org_id, device.id, now)
    after = facts or {"uid": uid, "name": name, "tags": list(tags)}
    audit.record(session, origin, "device.create", device.public_id, at=now, after=after)
    return device, token


def news(
    org_public_id: str, device_public_ids: Iterable[str] = (), *, everything: bool = False
) -> tuple[str, bytes]:
    """Channel and message to publish when devices, or all of an organisation, have changed."""
    named = list(device_public_ids)
    message = {"devices": named[:TOLD_AT_ONCE], "all": everything or len(named) > TOLD_AT_ONCE}
    return f"device:{org_public_id}", json.dumps(message, separators=(",", ":")).encode()
