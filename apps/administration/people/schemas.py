"""What is shown of members."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody who belongs to the organisation. `seen_at`: in it, in any app; none: never."""

    id: str
    person: str
    name: str
    email: str
    role: str
    disabled: bool
    joined_at: datetime
    seen_at: datetime | None


@dataclass(frozen=True, slots=True)
class Members:
    """A page of members; `next`: the cursor of the following one."""

    items: list[Member]
    next: str | None
