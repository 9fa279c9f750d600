"""What people prove themselves with beside a password. Owned by administration."""

from datetime import datetime

from sqlalchemy import JSON, BigInteger, Boolean, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from shared.models.base import (
    Base,
    BigId,
    Digest,
    UInt,
    UtcDateTime,
    options,
    primary_id,
    public_id,
    short_bytes,
)

# WebAuthn, 4 (credential ID): at most 1023 bytes.
LONGEST_CREDENTIAL_ID = 1023
# COSE keys of the algorithms that are asked for have 77 (P-256) to 272 (RSA 2048) bytes.
LONGEST_PUBLIC_KEY = 1024
LONGEST_PASSKEY_NAME = 100


class Totp(Base):
    """What makes a person's one-time codes (RFC 6238). It counts from its first right code on."""

    __tablename__ = "totp"
    __table_args__ = options(UniqueConstraint("person_id"))

    id: Mapped[int] = primary_id()
    person_id: Mapped[int] = mapped_column(BigId, ForeignKey("person.id"))
    # Sealed under FORTRESS_SECRET: a code can only be made from what can be read again.
    secret: Mapped[str] = mapped_column(String(255))
    # The step of time of the last code that counted: none up to it counts again.
    last_step: Mapped[int] = mapped_column(BigInteger)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class RecoveryCode(Base):
    """A code for the day on which the telephone is lost. Each counts once."""

    __tablename__ = "recovery_code"
    __table_args__ = options(UniqueConstraint("person_id", "code_hash"))

    id: Mapped[int] = primary_id()
    person_id: Mapped[int] = mapped_column(BigId, ForeignKey("person.id"))
    code_hash: Mapped[bytes] = mapped_column(Digest)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class Passkey(Base):
    """A credential of WebAuthn: signs a person in without a name or a password."""

    __tablename__ = "passkey"
    __table_args__ = options(Index(None, "person_id", "id"))

    id: Mapped[int] = primary_id()
    public_id: Mapped[str] = public_id("psk")
    person_id: Mapped[int] = mapped_column(BigId, ForeignKey("person.id"))
    credential_id: Mapped[bytes] = mapped_column(short_bytes(LONGEST_CREDENTIAL_ID), unique=True)
    # COSE (RFC 9052).
    public_key: Mapped[bytes] = mapped_column(short_bytes(LONGEST_PUBLIC_KEY))
    # Of authenticators that count; 0: this one does not.
    sign_count: Mapped[int] = mapped_column(UInt)
    transports: Mapped[list[str]] = mapped_column(JSON)
    # Kept by whoever makes the authenticator, so that it is on other devices too.
    synced: Mapped[bool] = mapped_column(Boolean)
    name: Mapped[str] = mapped_column(String(LONGEST_PASSKEY_NAME))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    last_used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class SpentChallenge(Base):
    """A challenge of WebAuthn that was answered: it counts once. Others are stored nowhere."""

    __tablename__ = "spent_challenge"
    __table_args__ = options(Index(None, "expires_at"))

    challenge_hash: Mapped[bytes] = mapped_column(Digest, primary_key=True)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
