"""The last letter to a person."""

from fastapi import Request
from sqlalchemy.ext.asyncio import AsyncSession

from apps.administration import words
from shared.ids import new_id
from shared.mail.base import is_address
from shared.mail.queue import Post


async def say_erased(request: Request, session: AsyncSession, email: str) -> None:
    """Write to the address that was theirs; the letter goes with the transaction."""
    post: Post = request.app.state.post
    now = request.app.state.services.clock.now()
    if is_address(email):
        said = words.erased(now)
        await post.put(session, said.template, email, key=new_id("erased"), now=now, **said.values)
