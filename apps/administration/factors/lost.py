"""Who lost what makes their codes, and had them taken away by the command line, is told by mail."""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from apps.administration import words
from shared.auth.lost import Lost
from shared.mail.base import is_address
from shared.mail.queue import Post
from shared.models import Person


async def tell(session: AsyncSession, post: Post, lost: Lost, now: datetime) -> None:
    """Write the letter, once however often it is asked for; none to who was erased meanwhile."""
    person = await session.get(Person, lost.person_id)
    if person is None or person.erased_at is not None or not is_address(person.email):
        return
    said, key = words.codes_lost(lost.at), f"factor {lost.key}"
    await post.put(session, said.template, person.email, key=key, now=now, **said.values)
