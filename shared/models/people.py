"""People, what they belong to, and how they are signed in. Owned by administration."""

from datetime import datetime

from sqlalchemy import JSON, Boolean, ForeignKey, Index, Integer, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from shared.models.base import Base, BigId, Digest, UtcDateTime, options, primary_id, public_id

# RFC 5321: a path is 256 octets with its two angle brackets.
LONGEST_EMAIL = 254


class Person(Base):
    """Somebody who signs in. Belongs to no organisation by itself: see `Membership`."""

    __tablename__ = "person"
    __table_args__ = options()

    id: Mapped[int] = primary_id()
    public_id: Mapped[str] = public_id("usr")
    # Lower case: an address finds its person however it was typed.
    email: Mapped[str] = mapped_column(String(LONGEST_EMAIL), unique=True)
    name: Mapped[str] = mapped_column(String(200))
    # Argon2id with its parameters (shared.auth.passwords); none: signs in in another way.
    password_hash: Mapped[str | None] = mapped_column(String(255))
    password_changed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    mail_proved_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    disabled: Mapped[bool] = mapped_column(Boolean, default=False)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    # Name and address are gone from here on; the row stays for what refers to it.
    erased_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    # Of the platform's support since then: may be let in by organisations (`SupportGrant`).
    support_since: Mapped[datetime | None] = mapped_column(UtcDateTime)


class Membership(Base):
    """A person in an organisation, with a role: a built-in one's name, or a `role_…`."""

    __tablename__ = "membership"
    __table_args__ = options(UniqueConstraint("org_id", "person_id"), Index(None, "person_id"))

    id: Mapped[int] = primary_id()
    public_id: Mapped[str] = public_id("mbs")
    org_id: Mapped[int] = mapped_column(BigId, ForeignKey("organisation.id"))
    person_id: Mapped[int] = mapped_column(BigId, ForeignKey("person.id"))
    role: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class FormerMember(Base):
    """That somebody was a member of an organisation and is not now. It stays when they are erased.

    `subject`: a person's public id, or the digest of the address that they had (shared.auth.audit).
    """

    __tablename__ = "former_member"
    __table_args__ = options()

    org_id: Mapped[int] = mapped_column(BigId, ForeignKey("organisation.id"), primary_key=True)
    subject: Mapped[str] = mapped_column(String(100), primary_key=True)
    left_at: Mapped[datetime] = mapped_column(UtcDateTime)


class Role(Base):
    """A role that an organisation made itself, of the permissions that there are."""

    __tablename__ = "role"
    __table_args__ = options(UniqueConstraint("org_id", "name"))

    id: Mapped[int] = primary_id()
    public_id: Mapped[str] = public_id("role")
    org_id: Mapped[int] = mapped_column(BigId, ForeignKey("organisation.id"))
    name: Mapped[str] = mapped_column(String(100))
    permissions: Mapped[list[str]] = mapped_column(JSON)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class Invitation(Base):
    """An address that may join an organisation with a role."""

    __tablename__ = "invitation"
    __table_args__ = options(Index(None, "org_id", "id"))

    id: Mapped[int] = primary_id()
    public_id: Mapped[str] = public_id("ivt")
    org_id: Mapped[int] = mapped_column(BigId, ForeignKey("organisation.id"))
    email: Mapped[str] = mapped_column(String(LONGEST_EMAIL))
    role: Mapped[str] = mapped_column(String(64))
    token_hash: Mapped[bytes] = mapped_column(Digest, unique=True)
    # As the audit has it: the public id of a person or a key.
    invited_by: Mapped[str] = mapped_column(String(200))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    accepted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    revoked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class SignIn(Base):
    """One act of signing in. The sessions of all apps share it and end with it."""

    __tablename__ = "sign_in"
    __table_args__ = options(Index(None, "person_id", "id"), Index(None, "expires_at"))

    id: Mapped[int] = primary_id()
    public_id: Mapped[str] = public_id("sgn")
    person_id: Mapped[int] = mapped_column(BigId, ForeignKey("person.id"))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    # The last request in any app, exact to a minute.
    seen_at: Mapped[datetime] = mapped_column(UtcDateTime)
    # The end, however much it is used.
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    # When a factor was last shown.
    fresh_at: Mapped[datetime] = mapped_column(UtcDateTime)
    method: Mapped[str] = mapped_column(String(32))
    address: Mapped[str | None] = mapped_column(String(45))
    agent: Mapped[str | None] = mapped_column(String(300))


class SignInCode(Base):
    """What takes a sign-in from administration to an app: used once, within a minute."""

    __tablename__ = "sign_in_code"
    __table_args__ = options(Index(None, "expires_at"))

    id: Mapped[int] = primary_id()
    code_hash: Mapped[bytes] = mapped_column(Digest, unique=True)
    sign_in_id: Mapped[int] = mapped_column(BigId, ForeignKey("sign_in.id"))
    app: Mapped[str] = mapped_column(String(32))
    # PKCE with S256 (RFC 7636): 43 characters.
    challenge: Mapped[str] = mapped_column(String(43))
    redirect: Mapped[str] = mapped_column(String(500))
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class AppSession(Base):
    """A person's session in one app, found by its cookie's hash."""

    __tablename__ = "session"
    __table_args__ = options(Index(None, "sign_in_id"), Index(None, "code_id"))

    id: Mapped[int] = primary_id()
    token_hash: Mapped[bytes] = mapped_column(Digest, unique=True)
    sign_in_id: Mapped[int] = mapped_column(BigId, ForeignKey("sign_in.id"))
    # The code that it was made from, whose second use ends it; administration's has none.
    code_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("sign_in_code.id"))
    app: Mapped[str] = mapped_column(String(32))
    # The organisation that is looked at; none: not chosen yet.
    org_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("organisation.id"))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    seen_at: Mapped[datetime] = mapped_column(UtcDateTime)


class MailToken(Base):
    """What a link in a mail carries: `kind` is reset, link or prove."""

    __tablename__ = "mail_token"
    __table_args__ = options(Index(None, "person_id"), Index(None, "expires_at"))

    id: Mapped[int] = primary_id()
    token_hash: Mapped[bytes] = mapped_column(Digest, unique=True)
    person_id: Mapped[int] = mapped_column(BigId, ForeignKey("person.id"))
    kind: Mapped[str] = mapped_column(String(16))
    # Where it went: of no use once the person has another address.
    email: Mapped[str] = mapped_column(String(LONGEST_EMAIL))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class Attempt(Base):
    """How often something was tried in a window of time. `subject`: whose or where from, hashed."""

    __tablename__ = "attempt"
    __table_args__ = options(Index(None, "since"))

    subject: Mapped[bytes] = mapped_column(Digest, primary_key=True)
    # The window's beginning.
    since: Mapped[datetime] = mapped_column(UtcDateTime, primary_key=True)
    count: Mapped[int] = mapped_column(Integer)
    last_at: Mapped[datetime] = mapped_column(UtcDateTime)
