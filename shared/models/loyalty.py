"""Members and their points. Owned by loyalty.

Invariants: Σ entries of a member = Σ remaining of its lots; remaining ≥ 0; an entry is unique
by (organisation, source, key), so that what earned points once never earns them twice.
"""

from datetime import datetime
from decimal import Decimal

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    ForeignKey,
    Index,
    String,
    UniqueConstraint,
)
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


class Programme(Base):
    __tablename__ = "programme"
    __table_args__ = options(UniqueConstraint("org_id", "name"))

    id: Mapped[int] = primary_id()
    public_id: Mapped[str] = public_id("prg")
    org_id: Mapped[int] = mapped_column(BigId, ForeignKey("organisation.id"))
    name: Mapped[str] = mapped_column(String(200))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class Member(Base):
    __tablename__ = "member"
    __table_args__ = options(Index(None, "org_id", "id"), Index(None, "org_id", "programme_id"))

    id: Mapped[int] = primary_id()
    public_id: Mapped[str] = public_id("mbr")
    org_id: Mapped[int] = mapped_column(BigId, ForeignKey("organisation.id"))
    programme_id: Mapped[int] = mapped_column(BigId, ForeignKey("programme.id"))
    name: Mapped[str] = mapped_column(String(200), default="")
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class MemberTag(Base):
    """What a device calls a member: an RFID tag, an app's number. One programme, one owner."""

    __tablename__ = "member_tag"
    __table_args__ = options(Index(None, "org_id", "member_id"))

    org_id: Mapped[int] = mapped_column(BigId, ForeignKey("organisation.id"), primary_key=True)
    programme_id: Mapped[int] = mapped_column(BigId, ForeignKey("programme.id"), primary_key=True)
    tag: Mapped[str] = mapped_column(String(128), primary_key=True)
    member_id: Mapped[int] = mapped_column(BigId, ForeignKey("member.id"))


class EarningRule(Base):
    """Points for an event: `points_per_unit` of the number in `field`, rounded.

    `member_field` is where the event names the member's tag. `rounding`: down, half_up or up.
    Events before `starts_ts` or from `ends_ts` on (device time) earn nothing. `backfilled_at`:
    when all events that were there before the rule had been looked at.
    """

    __tablename__ = "earning_rule"
    __table_args__ = options(Index(None, "org_id", "event"))

    id: Mapped[int] = primary_id()
    public_id: Mapped[str] = public_id("rul")
    org_id: Mapped[int] = mapped_column(BigId, ForeignKey("organisation.id"))
    programme_id: Mapped[int] = mapped_column(BigId, ForeignKey("programme.id"))
    event: Mapped[str] = mapped_column(String(64))
    field: Mapped[str] = mapped_column(String(64))
    member_field: Mapped[str] = mapped_column(String(64), default="member")
    points_per_unit: Mapped[Decimal] = mapped_column(Quantity)
    rounding: Mapped[str] = mapped_column(String(16), default="down")
    starts_ts: Mapped[int | None] = mapped_column(BigInteger)
    ends_ts: Mapped[int | None] = mapped_column(BigInteger)
    active: Mapped[bool] = mapped_column(Boolean, default=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    backfilled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class Entry(Base):
    """A movement of points, never changed. `points` is signed; `kind`: earn, spend, adjust."""

    __tablename__ = "entry"
    __table_args__ = options(
        UniqueConstraint("org_id", "source", "key"), Index(None, "org_id", "member_id", "id")
    )

    id: Mapped[int] = primary_id()
    public_id: Mapped[str] = public_id("ent")
    org_id: Mapped[int] = mapped_column(BigId, ForeignKey("organisation.id"))
    member_id: Mapped[int] = mapped_column(BigId, ForeignKey("member.id"))
    kind: Mapped[str] = mapped_column(String(16))
    points: Mapped[int] = mapped_column(BigInteger)
    source: Mapped[str] = mapped_column(String(64))
    key: Mapped[str] = mapped_column(String(191))
    reason: Mapped[str] = mapped_column(String(300), default="")
    at: Mapped[datetime] = mapped_column(UtcDateTime)


class Lot(Base):
    """Points that came with one entry, and how many of them remain."""

    __tablename__ = "lot"
    __table_args__ = options(
        Index(None, "org_id", "member_id", "id"), CheckConstraint("remaining >= 0", "remaining")
    )

    id: Mapped[int] = primary_id()
    org_id: Mapped[int] = mapped_column(BigId, ForeignKey("organisation.id"))
    member_id: Mapped[int] = mapped_column(BigId, ForeignKey("member.id"))
    entry_id: Mapped[int] = mapped_column(BigId, ForeignKey("entry.id"), unique=True)
    points: Mapped[int] = mapped_column(BigInteger)
    remaining: Mapped[int] = mapped_column(BigInteger)
    earned_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class Allocation(Base):
    """How many points an entry below zero took from a lot."""

    __tablename__ = "allocation"
    __table_args__ = options(CheckConstraint("points > 0", "points"))

    org_id: Mapped[int] = mapped_column(BigId, ForeignKey("organisation.id"), primary_key=True)
    entry_id: Mapped[int] = mapped_column(BigId, ForeignKey("entry.id"), primary_key=True)
    lot_id: Mapped[int] = mapped_column(BigId, ForeignKey("lot.id"), primary_key=True)
    points: Mapped[int] = mapped_column(BigInteger)


class UnclaimedPoints(Base):
    """What a rule gives for an event whose tag belongs to no member yet.

    Becomes an entry, and goes away, when a member gets the tag.
    """

    __tablename__ = "unclaimed_points"
    __table_args__ = options()

    org_id: Mapped[int] = mapped_column(BigId, ForeignKey("organisation.id"), primary_key=True)
    programme_id: Mapped[int] = mapped_column(BigId, ForeignKey("programme.id"), primary_key=True)
    tag: Mapped[str] = mapped_column(String(128), primary_key=True)
    rule_id: Mapped[int] = mapped_column(BigId, ForeignKey("earning_rule.id"), primary_key=True)
    device_id: Mapped[int] = mapped_column(DeviceId, ForeignKey("device.id"), primary_key=True)
    ts: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    boot: Mapped[int] = mapped_column(UInt, primary_key=True, autoincrement=False)
    seq: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    points: Mapped[int] = mapped_column(BigInteger)
