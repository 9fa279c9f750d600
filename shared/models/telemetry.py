"""What devices sent, as it was committed. Owned by ingest."""

from typing import Any

from sqlalchemy import JSON, BigInteger, Boolean, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from shared.models.base import (
    Base,
    BigId,
    DeviceId,
    LongBytes,
    UInt,
    options,
    primary_id,
    public_id,
)


class Reading(Base):
    """One message of a device, all its metrics together.

    Clustered by device and time, so that a chart reads one range. Partitioned by day of `ts`
    on MySQL, therefore without foreign keys. `body`: metric → number, boolean or text.
    """

    __tablename__ = "reading"
    __table_args__ = options()

    device_id: Mapped[int] = mapped_column(DeviceId, primary_key=True, autoincrement=False)
    ts: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    boot: Mapped[int] = mapped_column(UInt, primary_key=True, autoincrement=False)
    seq: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    received_ts: Mapped[int] = mapped_column(BigInteger)
    body: Mapped[dict[str, Any]] = mapped_column(JSON)


class DeviceEvent(Base):
    """Something that happened at a device: a name and its data (a JSON object)."""

    __tablename__ = "device_event"
    __table_args__ = options(Index(None, "org_id", "name", "ts"), Index(None, "org_id", "ts"))

    device_id: Mapped[int] = mapped_column(
        DeviceId, ForeignKey("device.id"), primary_key=True, autoincrement=False
    )
    ts: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    boot: Mapped[int] = mapped_column(UInt, primary_key=True, autoincrement=False)
    seq: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    org_id: Mapped[int] = mapped_column(BigId, ForeignKey("organisation.id"))
    received_ts: Mapped[int] = mapped_column(BigInteger)
    name: Mapped[str] = mapped_column(String(64))
    data: Mapped[dict[str, Any]] = mapped_column(JSON)


class DeviceState(Base):
    """One row a device: how far it is committed, whether it is here, its latest values.

    `latest`: metric → [value, device time in ms]. `changed_ts` rises with every write.
    """

    __tablename__ = "device_state"
    __table_args__ = options(Index(None, "org_id", "changed_ts"))

    device_id: Mapped[int] = mapped_column(
        DeviceId, ForeignKey("device.id"), primary_key=True, autoincrement=False
    )
    org_id: Mapped[int] = mapped_column(BigId, ForeignKey("organisation.id"))
    boot: Mapped[int] = mapped_column(UInt, default=0)
    last_seq: Mapped[int] = mapped_column(BigInteger, default=0)
    last_seen: Mapped[int] = mapped_column(BigInteger, default=0)
    changed_ts: Mapped[int] = mapped_column(BigInteger, default=0)
    online: Mapped[bool] = mapped_column(Boolean, default=False)
    ingest_task: Mapped[str] = mapped_column(String(64), default="")
    firmware: Mapped[str] = mapped_column(String(64), default="")
    latest: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)


class DeadLetter(Base):
    """A message that could not be stored, as it came, and why."""

    __tablename__ = "dead_letter"
    __table_args__ = options(Index(None, "org_id", "id"), Index(None, "org_id", "device_id", "id"))

    id: Mapped[int] = primary_id()
    public_id: Mapped[str] = public_id("dl")
    org_id: Mapped[int] = mapped_column(BigId, ForeignKey("organisation.id"))
    device_id: Mapped[int] = mapped_column(DeviceId, ForeignKey("device.id"))
    received_ts: Mapped[int] = mapped_column(BigInteger)
    boot: Mapped[int] = mapped_column(UInt)
    seq: Mapped[int] = mapped_column(BigInteger)
    code: Mapped[str] = mapped_column(String(32))
    detail: Mapped[str] = mapped_column(String(300))
    raw: Mapped[bytes] = mapped_column(LongBytes)
    replayed_ts: Mapped[int | None] = mapped_column(BigInteger)


class UsageHour(Base):
    """Messages stored in an hour (epoch hours of the received time), by the task that wrote.

    The writing task is in the key so that two tasks never wait for the same row.
    """

    __tablename__ = "usage_hour"
    __table_args__ = options()

    org_id: Mapped[int] = mapped_column(BigId, ForeignKey("organisation.id"), primary_key=True)
    meter: Mapped[str] = mapped_column(String(64), primary_key=True)
    hour: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    task: Mapped[str] = mapped_column(String(64), primary_key=True)
    count: Mapped[int] = mapped_column(BigInteger)


class UsageDevice(Base):
    """That a device had a message stored in a quarter of an hour (epoch quarters, received).

    Quarters, because days of some zones begin at :15, :30 or :45. What `active_devices` counts.
    """

    __tablename__ = "usage_device"
    __table_args__ = options()

    org_id: Mapped[int] = mapped_column(BigId, ForeignKey("organisation.id"), primary_key=True)
    quarter: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    device_id: Mapped[int] = mapped_column(DeviceId, ForeignKey("device.id"), primary_key=True)
