"""A device from what was sent about it. The command line makes devices by it too, without HTTP."""

from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from apps.api.devices.schemas import DeviceIn
from shared.auth.audit import Origin
from shared.devices import register, register_tracker
from shared.models import Device


async def make(
    session: AsyncSession, origin: Origin, body: DeviceIn, profile_id: int | None, now: datetime
) -> tuple[Device, str | None]:
    """As `create`, with the profile found. Whoever calls tells ingest."""
    about: dict[str, Any] = {
        "uid": body.uid,
        "name": body.name,
        "profile_id": profile_id,
        "tags": body.tags,
        "now": now,
        "facts": body.model_dump(mode="json"),
    }
    if body.transport == "teltonika":
        return await register_tracker(session, origin, networks=body.networks, **about), None
    return await register(session, origin, **about)
