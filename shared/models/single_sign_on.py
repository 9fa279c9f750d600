"""Single sign-on: an organisation's provider, its mail domains, and who is who there. Owned by
administration.
"""

from datetime import datetime

from sqlalchemy import Boolean, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from shared.models.base import (
    Base,
    BigId,
    Digest,
    UtcDateTime,
    options,
    primary_id,
    public_id,
)

# OpenID Connect Core, 2: a subject has at most 255 ASCII characters. Issuers are held to the same,
# so that both fit into one key.
LONGEST_SUBJECT = 255
LONGEST_ISSUER = 255
# RFC 1035: 255 octets on the wire are 253 characters.
LONGEST_DOMAIN = 253


class SsoConnection(Base):
    """An organisation's provider of OpenID Connect, and what it is told by us."""

    __tablename__ = "sso_connection"
    __table_args__ = options(UniqueConstraint("org_id"))

    id: Mapped[int] = primary_id()
    public_id: Mapped[str] = public_id("sso")
    org_id: Mapped[int] = mapped_column(BigId, ForeignKey("organisation.id"))
    issuer: Mapped[str] = mapped_column(String(LONGEST_ISSUER))
    client_id: Mapped[str] = mapped_column(String(255))
    # Sealed under FORTRESS_SECRET: it has to be shown to the provider.
    client_secret: Mapped[str] = mapped_column(String(1000))
    # What somebody becomes who comes for the first time: a built-in role's name, or a `role_…`.
    role: Mapped[str] = mapped_column(String(64))
    enabled: Mapped[bool] = mapped_column(Boolean, default=False)
    # Members with an address of a proved domain come in this way only; owners in any.
    enforced: Mapped[bool] = mapped_column(Boolean, default=False)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)


class MailDomain(Base):
    """A domain of mail addresses that an organisation says is its own, and has proved or not."""

    __tablename__ = "mail_domain"
    __table_args__ = options(UniqueConstraint("org_id", "domain"))

    id: Mapped[int] = primary_id()
    public_id: Mapped[str] = public_id("mdm")
    org_id: Mapped[int] = mapped_column(BigId, ForeignKey("organisation.id"))
    # Lower case; as in DNS where it has letters beyond ASCII.
    domain: Mapped[str] = mapped_column(String(LONGEST_DOMAIN))
    # What has to stand in DNS, in the open.
    token: Mapped[str] = mapped_column(String(43))
    # The domain while it is proved: one organisation has it, over all of them.
    proved: Mapped[str | None] = mapped_column(String(LONGEST_DOMAIN), unique=True)
    proved_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    checked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    # Since when the proof was looked for and not found.
    missing_since: Mapped[datetime | None] = mapped_column(UtcDateTime)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class SsoIdentity(Base):
    """Who a person is at an organisation's provider. It counts once it is `linked_at`: a person who
    had an account before confirms it by a letter.
    """

    __tablename__ = "sso_identity"
    __table_args__ = options(
        UniqueConstraint("org_id", "issuer", "subject"),
        UniqueConstraint("org_id", "issuer", "person_id"),
        Index(None, "person_id"),
    )

    id: Mapped[int] = primary_id()
    public_id: Mapped[str] = public_id("sid")
    org_id: Mapped[int] = mapped_column(BigId, ForeignKey("organisation.id"))
    issuer: Mapped[str] = mapped_column(String(LONGEST_ISSUER))
    subject: Mapped[str] = mapped_column(String(LONGEST_SUBJECT))
    person_id: Mapped[int] = mapped_column(BigId, ForeignKey("person.id"))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    # Of the letter that confirms it, and until when.
    token_hash: Mapped[bytes | None] = mapped_column(Digest, unique=True)
    expires_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    linked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    last_used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
