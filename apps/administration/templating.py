"""Administration's templates, pages of whoever is signed in, and answers to forms."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from fastapi import Depends, Request
from fastapi.responses import RedirectResponse
from starlette.responses import Response

from shared.auth.sessions import SignedIn
from shared.web.access import SignedInOf
from shared.web.entry.page import page
from shared.web.pages.render import pages

PAGES = pages(Path(__file__).parent / "templates")


@dataclass(frozen=True, slots=True)
class Desk:
    """Where pages of whoever is signed in are made."""

    request: Request
    who: SignedIn

    async def show(self, template: str, status: int = 200, **values: Any) -> Response:
        """The page `template` of administration, with the header of whoever is signed in."""
        layout = "signed-in.html"
        return await page(self.request, PAGES, template, self.who, status, layout=layout, **values)

    @property
    def permissions(self) -> frozenset[str]:
        """What they may do in the organisation that they look at."""
        return self.who.principal.permissions if self.who.principal is not None else frozenset()

    def may(self, permission: str) -> bool:
        return permission in self.permissions


def _desk(request: Request, who: SignedInOf) -> Desk:
    return Desk(request, who)


DeskOf = Annotated[Desk, Depends(_desk)]


def done(path: str) -> RedirectResponse:
    """See the page at `path`: loaded again, it does not send the form again."""
    return RedirectResponse(path, 303)
