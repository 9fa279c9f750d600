"""Devices as the write path knows them, from the database."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Final

import msgspec
from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import load_only
from sqlalchemy.sql.base import ExecutableOption

from shared.db.chunks import chunks, length
from shared.db.scope import scoped
from shared.models import Device, DeviceProfile, Organisation
from shared.readings.check import ANYTHING, Profile, profile
from shared.readings.parcel import Source

# Kept as decoders, of all organisations together.
PROFILES: Final = 2_000


async def by_uid(session: AsyncSession, org_id: int, uids: Sequence[str]) -> dict[str, Source]:
    """The organisation's devices with these uids; one that is disabled or gone is left out."""
    found: dict[str, Source] = {}
    for some in chunks(uids, length):
        found |= {s.uid: s for s in await _load(session, org_id, Device.uid.in_(some))}
    return found


async def by_public_id(session: AsyncSession, org_id: int, public_id: str) -> Source | None:
    """One device of the organisation by its public id; none if it is disabled or gone."""
    found = await _load(session, org_id, Device.public_id == public_id)
    return found[0] if found else None


async def by_number(session: AsyncSession, org_id: int, device_id: int) -> Source | None:
    """One device of the organisation by its row number; none if it is disabled or gone."""
    found = await _load(session, org_id, Device.id == device_id)
    return found[0] if found else None


async def _load(session: AsyncSession, org_id: int, condition: Any) -> list[Source]:
    wanted = scoped(org_id, select_sources()).where(
        condition, Device.gone == 0, Device.disabled.is_(False)
    )
    return [make_source(*row) for row in await session.execute(wanted)]


def select_sources() -> Select[Device, DeviceProfile, Organisation]:
    """What `make_source` takes, of devices that the caller limits."""
    return (
        select(Device, DeviceProfile, Organisation)  # unscoped: the callers limit it
        .join(Organisation, Organisation.id == Device.org_id)
        .outerjoin(DeviceProfile, DeviceProfile.id == Device.profile_id)
        .options(*needed())
    )


def needed() -> tuple[ExecutableOption, ...]:
    """The columns that `make_source` reads, and whether the device is disabled: the driver takes
    long for a time, and each of these rows has four or more.
    """
    return (
        load_only(Device.public_id, Device.uid, Device.disabled, raiseload=True),
        load_only(
            DeviceProfile.org_id, DeviceProfile.metrics, DeviceProfile.strict, raiseload=True
        ),
        load_only(Organisation.public_id, Organisation.retention_days, raiseload=True),
    )


def make_source(
    device: Device, declared: DeviceProfile | None, organisation: Organisation
) -> Source:
    """A device's row, its profile's and its organisation's as a source."""
    return Source(
        device_id=device.id,
        device=device.public_id,
        uid=device.uid,
        org_id=organisation.id,
        org=organisation.public_id,
        profile=ANYTHING if declared is None else _profile_of(declared),
        retention_days=organisation.retention_days,
    )


def _profile_of(declared: DeviceProfile) -> Profile:
    return _profile(declared.org_id, _encode(declared.metrics), declared.strict)


@lru_cache(maxsize=PROFILES)
def _profile(_org_id: int, metrics: bytes, strict: bool) -> Profile:
    # One for all the organisation's devices that have it: a decoder of its own for each of
    # thousands would take memory, and time whenever one connects.
    return profile(_decode(metrics), strict=strict)


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(dict[str, dict[str, Any]]).decode
