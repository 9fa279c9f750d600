"""Devices as the write path knows them, from the database."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Final

import msgspec
from sqlalchemy import Select, Text, select, type_coerce
from sqlalchemy.ext.asyncio import AsyncSession

from shared.auth.limits import Limits, narrow
from shared.auth.principal import Sight
from shared.db.chunks import chunks, length
from shared.db.scope import scoped
from shared.models import Device, DeviceProfile, Organisation
from shared.readings.check import ANYTHING, Profile, profile
from shared.readings.parcel import Source

# Kept as decoders, of all organisations together.
PROFILES: Final = 2_000
# What a source is made of, as values. When devices come back all at once, an object a row, and its
# declared metrics decoded anew, cost a third of each hello.
COLUMNS: Final = (
    Device.id,
    Device.public_id,
    Device.uid,
    Organisation.id,
    Organisation.public_id,
    Organisation.retention_days,
    type_coerce(DeviceProfile.metrics, Text),
    DeviceProfile.strict,
)


async def by_uid(
    session: AsyncSession, org_id: int, uids: Sequence[str], *, groups: Limits = None
) -> dict[str, Source]:
    """The organisation's devices with these uids; one that is disabled or gone, or in none of
    `groups`, is left out.
    """
    found: dict[str, Source] = {}
    for some in chunks(uids, length):
        found |= {
            s.uid: s for s in await _load(session, Sight(org_id, groups), Device.uid.in_(some))
        }
    return found


async def by_public_id(session: AsyncSession, org_id: int, public_id: str) -> Source | None:
    """One device of the organisation by its public id; none if it is disabled or gone."""
    found = await _load(session, Sight(org_id), Device.public_id == public_id)
    return found[0] if found else None


async def by_number(session: AsyncSession, org_id: int, device_id: int) -> Source | None:
    """One device of the organisation by its row number; none if it is disabled or gone."""
    found = await _load(session, Sight(org_id), Device.id == device_id)
    return found[0] if found else None


async def _load(session: AsyncSession, sight: Sight, condition: Any) -> list[Source]:
    wanted = scoped(sight.org_id, with_profile(select(*COLUMNS))).where(
        condition, Device.gone == 0, Device.disabled.is_(False)
    )
    rows = await session.execute(narrow(sight, wanted, Device.id))
    return [make_source(row) for row in rows]


def with_profile(query: Select[*tuple[Any, ...]]) -> Select[*tuple[Any, ...]]:
    """A query of devices, joined to what else `COLUMNS` come from."""
    return query.join(Organisation, Organisation.id == Device.org_id).outerjoin(
        DeviceProfile, DeviceProfile.id == Device.profile_id
    )


def make_source(values: Sequence[Any]) -> Source:
    """A source of a row of `COLUMNS`."""
    device_id, device, uid, org_id, org, retention_days, metrics, strict = values
    declared = ANYTHING if metrics is None else _profile(org_id, metrics, strict)
    return Source(device_id, device, uid, org_id, org, declared, retention_days)


@lru_cache(maxsize=PROFILES)
def _profile(_org_id: int, metrics: str, strict: bool) -> Profile:
    # One for all the organisation's devices that have it: a decoder of its own for each of
    # thousands would take memory, and time whenever one connects.
    return profile(_decode(metrics), strict=strict)


_decode = msgspec.json.Decoder(dict[str, dict[str, Any]]).decode
