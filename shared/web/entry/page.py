"""Pages for whoever is signed in: who, which organisation, and where else to go."""

from dataclasses import dataclass
from typing import Any

from fastapi import Request
from starlette.responses import HTMLResponse

from shared.auth.people import belongs_to
from shared.auth.sessions import SignedIn
from shared.web.pages.render import Pages, show
from shared.web.returns import APPS, addresses
from shared.web.services import Services


@dataclass(frozen=True, slots=True)
class Place:
    """A page in an app's menu; `permission`: none where everybody who is signed in has it."""

    path: str
    title: str
    permission: str | None = None


async def page(
    request: Request,
    made: Pages,
    template: str,
    who: SignedIn,
    status: int = 200,
    **values: Any,
) -> HTMLResponse:
    """A page with the header of whoever is signed in; its template extends `signed-in.html`.

    The template has besides: `who`, `organisations`, `apps` (name → address), `places`, `path`.
    """
    here: Services = request.app.state.services
    async with here.database.read() as session:
        organisations = await belongs_to(session, who.person_id, here.clock.now())
    known = addresses(request.scope, here.settings, request.app.state.name)
    return show(
        request,
        made,
        template,
        status,
        who=who,
        organisations=organisations,
        apps={name: known.origin(name) + "/" for name in APPS},
        here=request.app.state.name,
        places=_places(request, who),
        path=request.url.path,
        **values,
    )


def _places(request: Request, who: SignedIn) -> list[Place]:
    every: tuple[Place, ...] = request.app.state.places
    mine = who.principal.permissions if who.principal is not None else frozenset()
    return [one for one in every if one.permission is None or one.permission in mine]
