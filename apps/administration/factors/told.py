"""Who changes their own factors, and who hears of it: the audit, and the person by mail."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

from fastapi import Depends, Request
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from apps.administration.words import Words
from shared.auth import audit
from shared.auth.audit import Origin
from shared.auth.sessions import SignedIn
from shared.ids import new_id
from shared.jobs import wake
from shared.mail.queue import QUEUE, Post
from shared.models import Membership
from shared.web.access import SignedInOf
from shared.web.dependencies import ClockOf, WriteSession, after_commit
from shared.web.problems import request_id
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
    def address(self) -> str | None:
        return self.request.client.host if self.request.client else None

    async def record(
        self,
        action: str,
        *,
        before: dict[str, Any] | None = None,
        after: dict[str, Any] | None = None,
    ) -> None:
        """Write it into the audit of each organisation that the person belongs to.

        A person has no audit of their own. But whoever can act in an organisation, and how they
        prove who they are, is that organisation's to know.
        """
        mine = select(Membership.org_id)  # unscoped: a person's organisations are over all of them
        for org_id in await self.session.scalars(
            mine.where(Membership.person_id == self.who.person_id).order_by(Membership.org_id)
        ):
            person = self.who.person_public_id
            origin = Origin(org_id, person, request_id(self.request), self.address)
            audit.record(
                self.session, origin, action, person, at=self.now, before=before, after=after
            )

    async def tell(self, words: Words) -> None:
        """Write to the person, with the commit."""
        await write_to(self.request, self.session, self.who.email, words, self.now)


async def write_to(
    request: Request, session: AsyncSession, email: str, words: Words, now: datetime
) -> None:
    """A letter that goes out once the request's transaction is committed."""
    post: Post = request.app.state.post
    here: Services = request.app.state.services
    key = new_id("factor")
    await post.put(session, words.template, email, key=key, now=now, **words.values)
    after_commit(request, lambda: wake(here.bus, QUEUE))


def _doing(request: Request, session: WriteSession, who: SignedInOf, clock: ClockOf) -> Doing:
    return Doing(request, session, who, clock.now())


DoingOf = Annotated[Doing, Depends(_doing)]
"""A route's person and its transaction. The route asks for a fresh factor besides."""
