"""What administration forgets in time: who was signed in, what was tried, links and invitations."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import datetime, timedelta

from sqlalchemy import delete, exists, select
from sqlalchemy.ext.asyncio import AsyncSession

from apps.administration.factors import challenges
from shared.auth import sessions, throttle
from shared.models import AppSession, Invitation, MailToken, SignInCode
from shared.web.app import Background
from shared.web.services import Services

EVERY_S = 600.0
AT_ONCE = 500
# Long after they are of no use: who comes late is told that it is too late, not that it never was.
TOKENS_KEPT = timedelta(days=7)
CODES_KEPT = timedelta(days=1)

# Forgets up to AT_ONCE rows; returns how many.
Step = Callable[[AsyncSession], Awaitable[int]]


def tidier(here: Services, kept: timedelta) -> Background:
    """A background task; `kept`: how long sign-ins and invitations stay after their end."""

    async def run(stop: asyncio.Event) -> None:
        while not stop.is_set():
            await tidy(here, kept)
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), EVERY_S)

    return run


async def tidy(here: Services, kept: timedelta) -> None:
    """Forget all that is old, a transaction for each few hundred rows."""
    now = here.clock.now()
    for step in steps(now, kept):
        gone = AT_ONCE
        while gone >= AT_ONCE:
            async with here.database.unit_of_work() as session:
                gone = await step(session)


def steps(now: datetime, kept: timedelta) -> list[Step]:
    """What is forgotten, in an order in which nothing refers to what is gone."""
    return [
        lambda session: sessions.prune(session, now - kept, AT_ONCE),
        lambda session: _codes(session, now - CODES_KEPT),
        lambda session: _mail_tokens(session, now - TOKENS_KEPT),
        lambda session: _invitations(session, now - kept),
        lambda session: throttle.prune(session, now, AT_ONCE),
        lambda session: challenges.prune(session, now, AT_ONCE),
    ]


async def _codes(session: AsyncSession, before: datetime) -> int:
    """Codes that no session was made from; the others go with their sign-in."""
    made = exists().where(AppSession.code_id == SignInCode.id)
    old = select(SignInCode.id).where(SignInCode.expires_at < before, ~made).limit(AT_ONCE)
    ids = list(await session.scalars(old))
    if ids:
        await session.execute(delete(SignInCode).where(SignInCode.id.in_(ids)))
    return len(ids)


async def _mail_tokens(session: AsyncSession, before: datetime) -> int:
    old = select(MailToken.id).where(MailToken.expires_at < before).limit(AT_ONCE)
    ids = list(await session.scalars(old))
    if ids:
        await session.execute(delete(MailToken).where(MailToken.id.in_(ids)))
    return len(ids)


async def _invitations(session: AsyncSession, before: datetime) -> int:
    old = (
        select(Invitation.id)  # unscoped: what is old is forgotten in every organisation
        .where(Invitation.expires_at < before)
        .limit(AT_ONCE)
    )
    ids = list(await session.scalars(old))
    if ids:
        await session.execute(
            delete(Invitation).where(Invitation.id.in_(ids))  # unscoped: by numbers found above
        )
    return len(ids)
