"""Registering a device: the rows that every device begins with, and its audit entry."""

from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from shared.auth import audit
from shared.auth.audit import Origin
from shared.db import scoped
from shared.errors import Conflict
from shared.ids import digest, new_secret
from shared.models import Device, DeviceCredential, DeviceState, DeviceTag


class UidTaken(Conflict):
    code = "uid_taken"
    title = "Another device has this uid"

    def __init__(self, device_public_id: str | None) -> None:
        super().__init__(f"the device {device_public_id} has this uid", device=device_public_id)


def new_token() -> str:
    """A device's secret; only its SHA-256 is kept."""
    return f"dt_{new_secret()}"


async def register(
    session: AsyncSession,
    origin: Origin,
    *,
    uid: str,
    now: datetime,
    name: str = "",
    profile_id: int | None = None,
    tags: tuple[str, ...] = (),
    facts: dict[str, Any] | None = None,
) -> tuple[Device, str]:
    """A new device of `origin`'s organisation and its token. `facts`: what the audit says of it.

    Raises `UidTaken`. Whoever calls tells ingest after the commit (channel `device:{org}`).
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
    try:
        async with session.begin_nested():
            session.add(device)
    except IntegrityError:
        having = select(Device.public_id).where(Device.uid == uid, Device.gone == 0)
        raise UidTaken(await session.scalar(scoped(org_id, having))) from None
    token = new_token()
    session.add_all(
        [
            DeviceState(device_id=device.id, org_id=org_id),
            DeviceCredential(
                org_id=org_id, device_id=device.id, token_hash=digest(token), created_at=now
            ),
            *(DeviceTag(org_id=org_id, device_id=device.id, tag=tag) for tag in tags),
        ]
    )
    after = facts or {"uid": uid, "name": name, "tags": list(tags)}
    audit.record(session, origin, "device.create", device.public_id, at=now, after=after)
    return device, token
