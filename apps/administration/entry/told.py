"""Who hears of somebody's sign-ins: the audit of their organisations, and they themselves."""

from dataclasses import dataclass
from typing import Any

from fastapi import Request
from sqlalchemy.ext.asyncio import AsyncSession

from apps.administration import words
from apps.administration.entry import repository
from apps.administration.entry.rules import browser_name
from shared.auth import audit
from shared.auth.audit import Origin
from shared.ids import new_id
from shared.jobs import wake
from shared.mail.base import is_address
from shared.mail.queue import QUEUE, Post
from shared.telemetry.clean import clean
from shared.web.problems import request_id
from shared.web.services import Services


@dataclass(frozen=True, slots=True)
class Whose:
    """A person, by number and by public id."""

    id: int
    public_id: str


async def record(
    request: Request,
    session: AsyncSession,
    whose: Whose,
    action: str,
    target: str,
    *,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
) -> None:
    """Write it into the audit of each organisation that the person is in.

    A person has no audit of their own; whoever can act in an organisation is its business.
    """
    here: Services = request.app.state.services
    for org_id in await repository.organisations(session, whose.id):
        origin = Origin(org_id, whose.public_id, request_id(request), address(request))
        now = here.clock.now()
        audit.record(session, origin, action, target, at=now, before=before, after=after)


async def new_device(request: Request, session: AsyncSession, email: str) -> None:
    """Write to the person that a browser was used which was not seen before."""
    if not is_address(email):
        return
    here: Services = request.app.state.services
    post: Post = request.app.state.post
    now = here.clock.now()
    said = words.new_device(now, address(request), browser_name(agent(request)))
    await post.put(session, said.template, email, key=new_id("device"), now=now, **said.values)
    # Where nothing is called after the commit, the worker finds the letter seconds later.
    after: list[Any] = getattr(request.state, "after_commit", [])
    after.append(lambda: wake(here.bus, QUEUE))


def address(request: Request) -> str | None:
    """Where the request comes from."""
    return request.client.host if request.client else None


def agent(request: Request) -> str | None:
    """What the browser says it is, as it may be shown; none where it says nothing."""
    return clean(request.headers.get("user-agent", ""), 300) or None
