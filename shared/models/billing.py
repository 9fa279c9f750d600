"""What is measured to be charged. Owned by billing."""

from datetime import datetime
from decimal import Decimal

from sqlalchemy import BigInteger, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from shared.models.base import (
    Base,
    BigId,
    DeviceId,
    Quantity,
    UInt,
    UtcDateTime,
    options,
    primary_id,
    public_id,
)


class Meter(Base):
    """What is counted: `messages`, `active_devices`, or `event_sum` of a field of an event."""

    __tablename__ = "meter"
    __table_args__ = options(UniqueConstraint("org_id", "code"))

    id: Mapped[int] = primary_id()
    public_id: Mapped[str] = public_id("mtr")
    org_id: Mapped[int] = mapped_column(BigId, ForeignKey("organisation.id"))
    code: Mapped[str] = mapped_column(String(64))
    kind: Mapped[str] = mapped_column(String(32))
    event: Mapped[str | None] = mapped_column(String(64))
    field: Mapped[str | None] = mapped_column(String(64))
    unit: Mapped[str] = mapped_column(String(32), default="")
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class UsageEvent(Base):
    """One device event's contribution to one meter, exactly once."""

    __tablename__ = "usage_event"
    __table_args__ = options(
        UniqueConstraint("org_id", "meter_id", "device_id", "ts", "boot", "seq"),
        Index(None, "org_id", "meter_id", "ts"),
    )

    id: Mapped[int] = primary_id()
    org_id: Mapped[int] = mapped_column(BigId, ForeignKey("organisation.id"))
    meter_id: Mapped[int] = mapped_column(BigId, ForeignKey("meter.id"))
    device_id: Mapped[int] = mapped_column(DeviceId, ForeignKey("device.id"))
    ts: Mapped[int] = mapped_column(BigInteger)
    boot: Mapped[int] = mapped_column(UInt)
    seq: Mapped[int] = mapped_column(BigInteger)
    quantity: Mapped[Decimal] = mapped_column(Quantity)
