"""What is set, and what is shown, of how an organisation signs in."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Wanted:
    """A provider as a form says it. An empty `secret` keeps the one that is stored,
    while issuer and client id stay.
    """

    issuer: str = ""
    client_id: str = ""
    secret: str = ""
    role: str = "viewer"
    enabled: bool = False
    enforced: bool = False

    @classmethod
    def of(cls, form: Mapping[str, str]) -> "Wanted":
        return cls(
            issuer=form.get("issuer", "").strip(),
            client_id=form.get("client_id", "").strip(),
            secret=form.get("secret", "").strip(),
            role=form.get("role", ""),
            enabled="enabled" in form,
            enforced="enforced" in form,
        )


@dataclass(frozen=True, slots=True)
class Domain:
    """A mail domain. `record`: what has to stand in DNS."""

    id: str
    name: str
    record: str
    proved: bool
    checked_at: datetime | None
    missing_since: datetime | None


@dataclass(frozen=True, slots=True)
class Linked:
    """Somebody who comes in by the provider; `waits`: has not agreed yet."""

    id: str
    name: str
    email: str
    waits: bool
    last_used_at: datetime | None


@dataclass(frozen=True, slots=True)
class Found:
    """What a test of the provider found: name → what it is."""

    facts: tuple[tuple[str, str], ...]
