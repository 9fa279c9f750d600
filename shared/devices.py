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

IMEI_DIGITS = 15
# In one message on the bus; of more, it says that they are all of the organisation.
TOLD_AT_ONCE = 1_000


class UidTaken(Conflict):
    code = "uid_taken"
    title = "Another device has this uid"

    def __init__(self, device_public_id: str) -> None:
        super().__init__(f"the device {device_public_id} has this uid", device=device_public_id)


class ImeiTaken(Conflict):
    """Whose it is stays unsaid: an organisation learns nothing of another."""

    code = "imei_taken"
    title = "This IMEI is registered already"

    def __init__(self) -> None:
        super().__init__(
            "this IMEI is registered already; if the tracker is yours, ask whoever runs this"
            " installation"
        )


class UnknownProfile(Invalid):
    code = "unknown_profile"
    title = "There is no such profile here"

    def __init__(self) -> None:
        super().__init__("profile: there is no profile with this id")


def is_imei(text: str) -> bool:
    """Whether `text` is the number of a modem: 15 digits. Its check digit is not looked at, since
    not every maker keeps to it.
    """
    return len(text) == IMEI_DIGITS and text.isascii() and text.isdigit()


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
async def uid_is_free(
    session: AsyncSession, org_id: int, uid: str, *, imei: bool = False
) -> AsyncIterator[None]:
    """What is changed inside is written at the end; raises `UidTaken`, `UnknownProfile`, and
    `ImeiTaken` where the uid is one.
    """
    try:
        async with session.begin_nested():
            yield
    except IntegrityError:
        having = select(Device.public_id).where(Device.uid == uid, Device.gone == 0)
        taken_by = await session.scalar(scoped(org_id, having))
        if taken_by is not None:
            raise UidTaken(taken_by) from None
        if imei and await taken_imeis(session, [uid]):
            raise ImeiTaken from None
        # Then it was the profile, deleted meanwhile.
        raise UnknownProfile from None


async def taken_imeis(session: AsyncSession, imeis: Sequence[str]) -> set[str]:
    """Those of `imeis` that trackers of any organisation have. At most a few hundred at once."""
    # unscoped: an IMEI stands once in the whole, and nothing else of the device is read
    return set(await session.scalars(select(Device.imei).where(Device.imei.in_(imeis))))


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
    device = Device(uid=uid, name=name, profile_id=profile_id)
    await _add(session, origin, device, tags=tags, now=now, facts=facts)
    return device, add_token(session, origin.org_id, device.id, now)


async def register_tracker(
    session: AsyncSession,
    origin: Origin,
    *,
    uid: str,
    now: datetime,
    networks: Sequence[str] = (),
    name: str = "",
    profile_id: int | None = None,
    tags: Sequence[str] = (),
    facts: dict[str, Any] | None = None,
) -> Device:
    """As `register`, for a Teltonika tracker: `uid` is its IMEI, and it has no token.

    `networks`: where it may come from (CIDR); none: anywhere. Raises `ImeiTaken` besides.
    """
    device = Device(uid=uid, imei=uid, networks=list(networks), name=name, profile_id=profile_id)
    await _add(session, origin, device, tags=tags, now=now, facts=facts)
    return device


async def _add(
    session: AsyncSession,
    origin: Origin,
    device: Device,
    *,
    tags: Sequence[str],
    now: datetime,
    facts: dict[str, Any] | None,
) -> None:
    org_id = device.org_id = origin.org_id
    device.created_at = device.updated_at = now
    async with uid_is_free(session, org_id, device.uid, imei=device.imei is not None):
        session.add(device)
    session.add(DeviceState(device_id=device.id, org_id=org_id))
    session.add_all(DeviceTag(org_id=org_id, device_id=device.id, tag=tag) for tag in tags)
    after = facts or {"uid": device.uid, "name": device.name, "tags": list(tags)}
    audit.record(session, origin, "device.create", device.public_id, at=now, after=after)


def news(
    org_public_id: str, device_public_ids: Iterable[str] = (), *, everything: bool = False
) -> tuple[str, bytes]:
    """Channel and message to publish when devices, or all of an organisation, have changed."""
    named = list(device_public_ids)
    message = {"devices": named[:TOLD_AT_ONCE], "all": everything or len(named) > TOLD_AT_ONCE}
    return f"device:{org_public_id}", json.dumps(message, separators=(",", ":")).encode()
