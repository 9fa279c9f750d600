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
    Quantity,
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
    active: Mapped[bool] = mapped_column(Boolean, default=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class Lot(Base):
    """Points that were earned together, and how many of them remain."""

    __tablename__ = "lot"
    __table_args__ = options(
        Index(None, "org_id", "member_id", "id"), CheckConstraint("remaining >= 0", "remaining")
    )

    id: Mapped[int] = primary_id()
    org_id: Mapped[int] = mapped_column(BigId, ForeignKey("organisation.id"))
    member_id: Mapped[int] = mapped_column(BigId, ForeignKey("member.id"))
    points: Mapped[int] = mapped_column(BigInteger)
    remaining: Mapped[int] = mapped_column(BigInteger)
    earned_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


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
    lot_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("lot.id"))
    kind: Mapped[str] = mapped_column(String(16))
    points: Mapped[int] = mapped_column(BigInteger)
    source: Mapped[str] = mapped_column(String(64))
    key: Mapped[str] = mapped_column(String(191))
    at: Mapped[datetime] = mapped_column(UtcDateTime)
