"""Builders of valid objects; a test states only what matters to it."""

from dataclasses import dataclass
from typing import Any

from shared.auth.keys import make_key
from shared.auth.scopes import SCOPES
from shared.clock import SystemClock
from shared.db import Database
from shared.ids import digest, new_id, new_secret
from shared.models import (
    Device,
    DeviceCredential,
    DeviceGroup,
    DeviceGroupDevice,
    DeviceProfile,
    DeviceState,
    Organisation,
)


@dataclass(frozen=True)
class Tenant:
    """An organisation and a key of it with every scope (or those asked for)."""

    id: int
    public_id: str
    key: str

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.key}"}


@dataclass(frozen=True)
class MadeDevice:
    id: int
    public_id: str
    uid: str
    token: str


async def make_tenant(
    database: Database, *, scopes: list[str] | None = None, retention_days: int | None = None
) -> Tenant:
    now = SystemClock().now()
    async with database.unit_of_work() as session:
        organisation = Organisation(
            name=new_id("name"), created_at=now, retention_days=retention_days
        )
        session.add(organisation)
        await session.flush()
        row, key = make_key(
            organisation.id, "test", list(SCOPES) if scopes is None else scopes, now
        )
        session.add(row)
    return Tenant(organisation.id, organisation.public_id, key)


async def make_profile(
    database: Database, tenant: Tenant, metrics: dict[str, Any], *, strict: bool = False
) -> DeviceProfile:
    now = SystemClock().now()
    profile = DeviceProfile(
        org_id=tenant.id,
        name=new_id("profile"),
        metrics=metrics,
        strict=strict,
        created_at=now,
        updated_at=now,
    )
    async with database.unit_of_work() as session:
        session.add(profile)
    return profile


async def make_group(database: Database, tenant: Tenant, *devices: MadeDevice) -> str:
    """The public id of a new group of devices."""
    group = DeviceGroup(org_id=tenant.id, name=new_id("group"), created_at=SystemClock().now())
    async with database.unit_of_work() as session:
        session.add(group)
        await session.flush()
        session.add_all(
            DeviceGroupDevice(org_id=tenant.id, group_id=group.id, device_id=device.id)
            for device in devices
        )
    return group.public_id


async def make_device(
    database: Database,
    tenant: Tenant,
    uid: str | None = None,
    *,
    profile_id: int | None = None,
    disabled: bool = False,
) -> MadeDevice:
    now = SystemClock().now()
    token = f"dt_{new_secret()}"
    async with database.unit_of_work() as session:
        device = Device(
            org_id=tenant.id,
            uid=uid or new_id("uid"),
            profile_id=profile_id,
            disabled=disabled,
            created_at=now,
            updated_at=now,
        )
        session.add(device)
        await session.flush()
        session.add(
            DeviceCredential(
                org_id=tenant.id, device_id=device.id, token_hash=digest(token), created_at=now
            )
        )
        session.add(DeviceState(device_id=device.id, org_id=tenant.id))
    return MadeDevice(device.id, device.public_id, device.uid, token)
