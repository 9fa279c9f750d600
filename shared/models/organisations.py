"""Organisations, their keys and the audit. Owned by administration."""

from datetime import datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    UniqueConstraint,
)
from sqlalchemy.dialects import mysql
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

Salt = LargeBinary(16).with_variant(mysql.BINARY(16), "mysql")
# Ed25519's (RFC 8032).
Signature = LargeBinary(64).with_variant(mysql.BINARY(64), "mysql")


class Organisation(Base):
    __tablename__ = "organisation"
    __table_args__ = options()

    id: Mapped[int] = primary_id()
    public_id: Mapped[str] = public_id("org")
    name: Mapped[str] = mapped_column(String(200))
    # Readings older than this many days are refused and removed; none: everything is kept.
    retention_days: Mapped[int | None] = mapped_column(Integer)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class ServiceAccount(Base):
    """A program of an organisation, which has one or more keys. While it is disabled none works."""

    __tablename__ = "service_account"
    __table_args__ = options(UniqueConstraint("org_id", "name"))

    id: Mapped[int] = primary_id()
    public_id: Mapped[str] = public_id("svc")
    org_id: Mapped[int] = mapped_column(BigId, ForeignKey("organisation.id"))
    name: Mapped[str] = mapped_column(String(200))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    disabled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


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
    # None: the key stands by itself. No foreign key: to add one, MySQL copies the table while
    # every request waits; accounts are never deleted.
    service_account_id: Mapped[int | None] = mapped_column(BigId)


class AuditEntry(Base):
    """Who changed what. Rows are added, never changed; they go when they are old enough.

    `digests`: what is personal is beside it (`AuditPersonal`), here only its digest by its name.
    """

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
    digests: Mapped[dict[str, str] | None] = mapped_column(JSON(none_as_null=True))


class AuditPersonal(Base):
    """A personal value of an audit entry (its public id), which can be erased without the entry.

    `name` is where it belongs: `address`, `before.email`. `subject` is whose it is: a person's
    public id, or the digest of a mail address that has no person yet (shared.auth.audit).
    """

    __tablename__ = "audit_personal"
    __table_args__ = options(Index(None, "subject"))

    org_id: Mapped[int] = mapped_column(BigId, ForeignKey("organisation.id"), primary_key=True)
    entry: Mapped[str] = mapped_column(String(31), primary_key=True)
    name: Mapped[str] = mapped_column(String(100), primary_key=True)
    subject: Mapped[str] = mapped_column(String(100))
    # Nobody finds a value by trying digests of likely ones, once this is gone with it.
    salt: Mapped[bytes] = mapped_column(Salt)
    value: Mapped[Any] = mapped_column(JSON)


class AuditSeal(Base):
    """An entry's place in the chain of its organisation, in the order in which they were sealed.

    `hash` is over the hash before it and the entry (shared.auth.chain).
    """

    __tablename__ = "audit_seal"
    __table_args__ = options(UniqueConstraint("entry_id"))

    org_id: Mapped[int] = mapped_column(BigId, ForeignKey("organisation.id"), primary_key=True)
    sequence: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    entry_id: Mapped[int] = mapped_column(BigId, ForeignKey("audit_entry.id"))
    hash: Mapped[bytes] = mapped_column(Digest)


class AuditChain(Base):
    """Where the chain of an organisation begins and ends, signed; and for how long it is kept.

    `base` is the hash before entry number `first`, `head` that of entry number `last`.
    """

    __tablename__ = "audit_chain"
    __table_args__ = options()

    org_id: Mapped[int] = mapped_column(
        BigId, ForeignKey("organisation.id"), primary_key=True, autoincrement=False
    )
    first: Mapped[int] = mapped_column(BigInteger)
    base: Mapped[bytes] = mapped_column(Digest)
    last: Mapped[int] = mapped_column(BigInteger)
    head: Mapped[bytes] = mapped_column(Digest)
    signature: Mapped[bytes | None] = mapped_column(Signature)
    # None: as the service is set.
    keep_days: Mapped[int | None] = mapped_column(Integer)


class SupportGrant(Base):
    """An organisation's word that support may come in until then, as a viewer or an operator."""

    __tablename__ = "support_grant"
    __table_args__ = options(Index(None, "org_id", "expires_at"))

    id: Mapped[int] = primary_id()
    public_id: Mapped[str] = public_id("sup")
    org_id: Mapped[int] = mapped_column(BigId, ForeignKey("organisation.id"))
    role: Mapped[str] = mapped_column(String(64))
    # As the audit has it: the public id of a person.
    granted_by: Mapped[str] = mapped_column(String(200))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    revoked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


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
