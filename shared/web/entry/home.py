"""The first page of an app, and the choice of an organisation."""

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from shared.auth import sessions
from shared.errors import NotFound
from shared.web.access import SignedInOf
from shared.web.dependencies import ClockOf, WriteSession
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
async def choose(session: WriteSession, who: SignedInOf, form: FormOf, clock: ClockOf) -> Response:
    """Look at another organisation of one's own in this app from now on."""
    if not await sessions.choose(session, who, form.get("organisation", ""), clock.now()):
        raise NotYours("choose one of those in the list; you may have been removed from it")
    return RedirectResponse(return_path(form.get("return")), 303)
