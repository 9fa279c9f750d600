"""Devices and what they are. Owned by api."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Boolean, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from shared.models.base import (
    Base,
    BigId,
    DeviceId,
    Digest,
    UtcDateTime,
    options,
    primary_id,
    public_id,
)


class DeviceProfile(Base):
    """What a kind of device measures.

    `metrics`: name → {"type": "number"|"boolean"|"text", "unit"?, "min"?, "max"?}.
    `strict`: a metric that is not declared makes a reading unacceptable.
    """

    __tablename__ = "device_profile"
    __table_args__ = options(UniqueConstraint("org_id", "name"))

    id: Mapped[int] = primary_id()
    public_id: Mapped[str] = public_id("prf")
    org_id: Mapped[int] = mapped_column(BigId, ForeignKey("organisation.id"))
    name: Mapped[str] = mapped_column(String(200))
    strict: Mapped[bool] = mapped_column(Boolean, default=False)
    metrics: Mapped[dict[str, Any]] = mapped_column(JSON)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)


class Device(Base):
    """A device. Deleting one keeps its row (usage traces to it) and frees its uid.

    `gone` is 0 while it exists, then its own id. `imei`: it speaks the Teltonika protocol and is
    known by this number alone, which is its uid too; it has no secret. An IMEI stands once in the
    whole of the installation, since nothing else says whose the device is; one that is gone has
    none. `networks`: the source networks (CIDR) that such a device may come from; none: any.
    """

    __tablename__ = "device"
    __table_args__ = options(
        UniqueConstraint("org_id", "uid", "gone"),
        Index(None, "org_id", "gone", "id"),
        Index(None, "org_id", "profile_id"),
    )

    id: Mapped[int] = mapped_column(DeviceId, primary_key=True, autoincrement=True)
    public_id: Mapped[str] = public_id("dev")
    org_id: Mapped[int] = mapped_column(BigId, ForeignKey("organisation.id"))
    uid: Mapped[str] = mapped_column(String(128))
    name: Mapped[str] = mapped_column(String(200), default="")
    profile_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("device_profile.id"))
    disabled: Mapped[bool] = mapped_column(Boolean, default=False)
    imei: Mapped[str | None] = mapped_column(String(15), index=True, unique=True)
    networks: Mapped[list[str] | None] = mapped_column(JSON(none_as_null=True))
    gone: Mapped[int] = mapped_column(BigId, default=0)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)


class DeviceTag(Base):
    """A word on a device, to find it by."""

    __tablename__ = "device_tag"
    __table_args__ = options(Index(None, "device_id"))

    org_id: Mapped[int] = mapped_column(BigId, ForeignKey("organisation.id"), primary_key=True)
    tag: Mapped[str] = mapped_column(String(64), primary_key=True)
    device_id: Mapped[int] = mapped_column(DeviceId, ForeignKey("device.id"), primary_key=True)


class DeviceCredential(Base):
    """A device's token, as its SHA-256 only. The token names the organisation too."""

    __tablename__ = "device_credential"
    __table_args__ = options(Index(None, "org_id", "device_id"))

    id: Mapped[int] = primary_id()
    org_id: Mapped[int] = mapped_column(BigId, ForeignKey("organisation.id"))
    device_id: Mapped[int] = mapped_column(DeviceId, ForeignKey("device.id"))
    token_hash: Mapped[bytes] = mapped_column(Digest, unique=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    revoked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
