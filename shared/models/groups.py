"""Groups of devices, and the members that are limited to them. Groups are owned by api, who is
limited to them by administration.
"""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from shared.models.base import Base, BigId, DeviceId, UtcDateTime, options, primary_id, public_id


class DeviceGroup(Base):
    """Some devices of an organisation, under a name."""

    __tablename__ = "device_group"
    __table_args__ = options(UniqueConstraint("org_id", "name"))

    id: Mapped[int] = primary_id()
    public_id: Mapped[str] = public_id("grp")
    org_id: Mapped[int] = mapped_column(BigId, ForeignKey("organisation.id"))
    name: Mapped[str] = mapped_column(String(100))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class DeviceGroupDevice(Base):
    """That a device is in a group. It may be in several."""

    __tablename__ = "device_group_device"
    __table_args__ = options(Index(None, "group_id"), Index(None, "device_id"))

    org_id: Mapped[int] = mapped_column(BigId, ForeignKey("organisation.id"), primary_key=True)
    group_id: Mapped[int] = mapped_column(BigId, ForeignKey("device_group.id"), primary_key=True)
    device_id: Mapped[int] = mapped_column(DeviceId, ForeignKey("device.id"), primary_key=True)


class MembershipGroup(Base):
    """That a member sees the devices of a group. One with none of these rows sees all devices;
    one with some sees those and no other.
    """

    __tablename__ = "membership_group"
    __table_args__ = options(Index(None, "membership_id"), Index(None, "group_id"))

    org_id: Mapped[int] = mapped_column(BigId, ForeignKey("organisation.id"), primary_key=True)
    membership_id: Mapped[int] = mapped_column(BigId, ForeignKey("membership.id"), primary_key=True)
    group_id: Mapped[int] = mapped_column(BigId, ForeignKey("device_group.id"), primary_key=True)
