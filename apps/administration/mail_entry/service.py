"""Using links by mail."""

import re
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from apps.administration.mail_entry import errors, repository
from apps.administration.mail_entry.repository import Found

_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")


async def look(session: AsyncSession, token: str, kind: str, now: datetime) -> Found:
    """What a link is for. Changes nothing: mail is read by machines too. Raises `LinkOver`."""
    found = None
    if _TOKEN.fullmatch(token):
        found = await repository.find(session, token, kind, now)
    if found is None:
        raise errors.LinkOver
    return found


async def use(session: AsyncSession, token: str, kind: str, now: datetime) -> Found:
    """The same, once. Raises `LinkOver`."""
    found = await look(session, token, kind, now)
    if not await repository.use(session, found.id, now):
        raise errors.LinkOver
    return found


async def void(session: AsyncSession, person_id: int, now: datetime) -> None:
    """Whatever links a person has are over."""
    await repository.void(session, person_id, now)
