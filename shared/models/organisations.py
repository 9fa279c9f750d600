"""Organisations, their keys and the audit. Owned by administration."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, Integer, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from shared.models.base import (
    Base,
    BigId,
    Digest,
    LongText,
    UtcDateTime,
    options,
    primary_id,
    public_id,
)


class Organisation(Base):
    __tablename__ = "organisation"
    __table_args__ = options()

    id: Mapped[int] = primary_id()
    public_id: Mapped[str] = public_id("org")
    name: Mapped[str] = mapped_column(String(200))
    # Readings older than this many days are refused and removed; none: everything is kept.
    retention_days: Mapped[int | None] = mapped_column(Integer)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class ApiKey(Base):
    """A machine's key: `fk_` + prefix + `_` + secret. The prefix finds it, the hash proves it."""

    __tablename__ = "api_key"
    __table_args__ = options(Index(None, "org_id", "id"))

    id: Mapped[int] = primary_id()
    public_id: Mapped[str] = public_id("key")
    org_id: Mapped[int] = mapped_column(BigId, ForeignKey("organisation.id"))
    name: Mapped[str] = mapped_column(String(200))
    prefix: Mapped[str] = mapped_column(String(16), unique=True)
    secret_hash: Mapped[bytes] = mapped_column(Digest)
    scopes: Mapped[list[str]] = mapped_column(JSON)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    last_used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    revoked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class AuditEntry(Base):
    """Who changed what. Rows are added, never changed."""

    __tablename__ = "audit_entry"
    __table_args__ = options(Index(None, "org_id", "id"))

    id: Mapped[int] = primary_id()
    public_id: Mapped[str] = public_id("aud")
    org_id: Mapped[int] = mapped_column(BigId, ForeignKey("organisation.id"))
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    actor: Mapped[str] = mapped_column(String(200))
    action: Mapped[str] = mapped_column(String(100))
    target: Mapped[str] = mapped_column(String(200))
    before: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    after: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    request_id: Mapped[str | None] = mapped_column(String(64))
    address: Mapped[str | None] = mapped_column(String(45))


class IdempotencyKey(Base):
    """What a request with an Idempotency-Key was answered, so that a repeat gets the same."""

    __tablename__ = "idempotency_key"
    __table_args__ = options(UniqueConstraint("org_id", "key"), Index(None, "created_at"))

    id: Mapped[int] = primary_id()
    org_id: Mapped[int] = mapped_column(BigId, ForeignKey("organisation.id"))
    key: Mapped[str] = mapped_column(String(255))
    request_hash: Mapped[bytes] = mapped_column(Digest)
    status: Mapped[int | None] = mapped_column(Integer)
    body: Mapped[str | None] = mapped_column(LongText)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
