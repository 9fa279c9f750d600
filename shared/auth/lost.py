"""Codes that the command line took away: it leaves word of it, and administration tells the person.

The command writes no letter by itself: it carries no templates, and seals nothing.
"""

from datetime import datetime
from typing import Any, Final, NamedTuple

from sqlalchemy.ext.asyncio import AsyncSession

from shared.clock import from_ms, to_ms
from shared.ids import new_id
from shared.jobs import enqueue

# That of letters (shared.mail.queue), which administration works on.
QUEUE: Final = "mail"
_WHOSE: Final = "lost_codes_of"


class Lost(NamedTuple):
    """Whose codes were taken away, and when. `key`: of the job, one for each time."""

    key: str
    person_id: int
    at: datetime


async def leave_word(session: AsyncSession, person_id: int, at: datetime) -> None:
    """Write it down in the caller's transaction. No address is in it, and nothing secret."""
    key = f"codes lost {new_id('ltr')}"
    await enqueue(session, QUEUE, key, {"key": key, _WHOSE: person_id, "at": to_ms(at)}, now=at)


def word_of(payload: dict[str, Any]) -> Lost | None:
    """What a job of the queue says; none where it is of another kind."""
    if _WHOSE not in payload:
        return None
    return Lost(payload["key"], payload[_WHOSE], from_ms(payload["at"]))
