"""The first page of an app, and the choice of an organisation."""

from datetime import datetime

from fastapi import APIRouter, Request
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import RedirectResponse, Response

from shared.auth import audit, sessions, support
from shared.auth.sessions import SignedIn
from shared.errors import NotFound
from shared.web.access import SignedInOf
from shared.web.dependencies import ClockOf, WriteSession, origin
from shared.web.entry.page import page
from shared.web.entry.words import SENTENCES, TITLES
from shared.web.forms import FormOf
from shared.web.pages.render import pages
from shared.web.returns import HOME, return_path
from shared.web.transaction import TransactionalRoute

router = APIRouter(route_class=TransactionalRoute, include_in_schema=False)


class NotYours(NotFound):
    """Whether there is such an organisation is not said."""

    code = "no_such_organisation"
    title = "You are not in this organisation"


@router.get(HOME)
async def first_page(request: Request, who: SignedInOf) -> Response:
    title = TITLES[request.app.state.name]
    return await page(
        request, pages(), "home.html", who, title=title, titles=TITLES, sentences=SENTENCES
    )


@router.post("/organisation")
async def choose(
    request: Request, session: WriteSession, who: SignedInOf, form: FormOf, clock: ClockOf
) -> Response:
    """Look at another organisation of one's own in this app from now on; or, as one of support, at
    one that lets support in, which its audit says.
    """
    organisation, now = form.get("organisation", ""), clock.now()
    if not await sessions.choose(session, who, organisation, now):
        raise NotYours("choose one of those in the list; you may have been removed from it")
    await _tell(request, session, who, organisation, now)
    return RedirectResponse(return_path(form.get("return")), 303)


async def _tell(
    request: Request, session: AsyncSession, who: SignedIn, organisation: str, now: datetime
) -> None:
    """Write into the organisation's audit that support came in; once while they stay."""
    comes = await support.comes_into(session, who.person_id, organisation, now)
    if comes is None or (who.principal is not None and who.principal.org_id == comes.org_id):
        return
    app, by = request.app.state.name, origin(request, comes)
    audit.record(session, by, "support.come_in", comes.org_public_id, at=now, after={"app": app})
