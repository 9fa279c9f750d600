"""Who changes their own factors, and who hears of it: the audit, and the person by mail."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

from fastapi import Depends, Request
from sqlalchemy.ext.asyncio import AsyncSession

from apps.administration import words
from apps.administration.entry import told
from apps.administration.entry.guard import Guard
from apps.administration.entry.told import Whose
from apps.administration.factors import repository
from apps.administration.words import Words
from shared.auth.sessions import SignedIn
from shared.ids import new_id
from shared.jobs import wake
from shared.mail.base import is_address
from shared.mail.queue import QUEUE, Post
from shared.sealed import Seal
from shared.web.access import SignedInOf
from shared.web.dependencies import ClockOf, WriteSession, after_commit
from shared.web.services import Services


@dataclass(frozen=True, slots=True)
class Doing:
    """A change that somebody makes to how they sign in themselves."""

    request: Request
    session: AsyncSession
    who: SignedIn
    now: datetime

    @property
    def services(self) -> Services:
        here: Services = self.request.app.state.services
        return here

    @property
    def secret(self) -> str:
        """FORTRESS_SECRET, from which keys are drawn."""
        return self.services.settings.secret.get_secret_value()

    @property
    def seal(self) -> Seal:
        """What secrets of one-time codes are sealed with."""
        guard: Guard = self.request.app.state.guard
        return guard.seal

    @property
    def address(self) -> str | None:
        return told.address(self.request)

    async def record(
        self,
        action: str,
        *,
        before: dict[str, Any] | None = None,
        after: dict[str, Any] | None = None,
    ) -> None:
        """Write it into the audit of each organisation that the person belongs to."""
        whose = Whose(self.who.person_id, self.who.person_public_id)
        await told.record(
            self.request, self.session, whose, action, whose.public_id, before=before, after=after
        )

    async def tell(self, said: Words) -> None:
        """Write to the person, with the commit."""
        await write_to(self.request, self.session, self.who.email, said, self.now)


async def recovery_code_used(request: Request, session: AsyncSession, person_id: int) -> None:
    """Tell a person how many are left; it may have been somebody else who used one."""
    here: Services = request.app.state.services
    email = await repository.email(session, person_id)
    left = await repository.recovery_codes_left(session, person_id)
    now = here.clock.now()
    said = words.recovery_code_used(now, told.address(request), left)
    await write_to(request, session, email, said, now)


async def write_to(
    request: Request, session: AsyncSession, email: str, said: Words, now: datetime
) -> None:
    """A letter that goes out once the request's transaction is committed."""
    if not is_address(email):
        return
    post: Post = request.app.state.post
    here: Services = request.app.state.services
    key = f"factor {new_id('ltr')}"
    await post.put(session, said.template, email, key=key, now=now, **said.values)
    after_commit(request, lambda: wake(here.bus, QUEUE))


def _doing(request: Request, session: WriteSession, who: SignedInOf, clock: ClockOf) -> Doing:
    return Doing(request, session, who, clock.now())


DoingOf = Annotated[Doing, Depends(_doing)]
"""A route's person and its transaction. The route asks for a fresh factor besides."""
