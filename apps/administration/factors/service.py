"""What a person has besides a password."""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession


async def second_needed(session: AsyncSession, person_id: int) -> bool:  # noqa: ARG001 - no kind yet
    """Whether a password or a link alone does not let this person in."""
    return False


async def check_code(
    session: AsyncSession,  # noqa: ARG001 - no kind yet
    person_id: int,  # noqa: ARG001 - no kind yet
    text: str,  # noqa: ARG001 - no kind yet
    now: datetime,  # noqa: ARG001 - no kind yet
) -> str | None:
    """`totp` or `recovery` where `text` is a code of theirs that was not used yet."""
    return None
