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
    """What is counted: `messages`, `active_devices`, `event_count`, or `event_sum` of a field.

    Deleting one keeps its row and its usage (invoices trace to it) and frees its code: `gone` is
    0 while it exists, then its own id. `backfilled_at`: when all events that were there before
    it had been counted.
    """

    __tablename__ = "meter"
    __table_args__ = options(UniqueConstraint("org_id", "code", "gone"))

    id: Mapped[int] = primary_id()
    public_id: Mapped[str] = public_id("mtr")
    org_id: Mapped[int] = mapped_column(BigId, ForeignKey("organisation.id"))
    code: Mapped[str] = mapped_column(String(64))
    kind: Mapped[str] = mapped_column(String(32))
    event: Mapped[str | None] = mapped_column(String(64))
    field: Mapped[str | None] = mapped_column(String(64))
    unit: Mapped[str] = mapped_column(String(32), default="")
    gone: Mapped[int] = mapped_column(BigId, default=0)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    backfilled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class UsageEvent(Base):
    """One device event's contribution to one meter, exactly once.

    The key is the event's identity in a meter, by time: a period is one range. `quantity` is
    null where the event has no usable number: it adds nothing and can still be found.
    """

    __tablename__ = "usage_event"
    __table_args__ = options(Index(None, "org_id", "meter_id", "device_id", "ts"))

    org_id: Mapped[int] = mapped_column(BigId, ForeignKey("organisation.id"), primary_key=True)
    meter_id: Mapped[int] = mapped_column(BigId, ForeignKey("meter.id"), primary_key=True)
    ts: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    device_id: Mapped[int] = mapped_column(DeviceId, ForeignKey("device.id"), primary_key=True)
    boot: Mapped[int] = mapped_column(UInt, primary_key=True, autoincrement=False)
    seq: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    quantity: Mapped[Decimal | None] = mapped_column(Quantity)
