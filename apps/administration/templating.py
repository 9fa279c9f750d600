"""Administration's templates, pages of whoever is signed in, and answers to forms."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

from fastapi import Depends, Request
from fastapi.responses import RedirectResponse
from starlette.responses import Response

from shared.auth.sessions import SignedIn
from shared.errors import DomainError, Forbidden, TooMany
from shared.telemetry import logs
from shared.web.access import SignedInOf
from shared.web.dependencies import services
from shared.web.entry.page import page
from shared.web.pages.render import pages, show

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
    def now(self) -> datetime:
        return services(self.request).clock.now()

    @property
    def org_id(self) -> int:
        """The organisation that they look at. Raises `Forbidden` where there is none."""
        if self.who.principal is None:
            raise Forbidden("you belong to no organisation here; ask for an invitation")
        return self.who.principal.org_id

    @property
    def permissions(self) -> frozenset[str]:
        """What they may do in the organisation that they look at."""
        return self.who.principal.permissions if self.who.principal is not None else frozenset()

    async def form(self, error: DomainError | None, field: str, **values: Any) -> Response:
        """The shared form, with what is wrong beside `field`."""
        status, headers, errors = said_of(error, field)
        page = await self.show("form.html", status, errors=errors, **values)
        page.headers.update(headers)
        return page

    def may(self, permission: str) -> bool:
        return permission in self.permissions


def _desk(request: Request, who: SignedInOf) -> Desk:
    return Desk(request, who)


DeskOf = Annotated[Desk, Depends(_desk)]


def sentence(error: DomainError) -> str:
    """What an error says, as a sentence on a page."""
    return f"{error.detail[:1].upper()}{error.detail[1:].rstrip('.')}."


def said_of(error: DomainError | None, field: str) -> tuple[int, dict[str, str], dict[str, str]]:
    """Status, headers and `errors` of a form that is shown (again): beside `field`, or above it."""
    if error is None:
        return 200, {}, {}
    logs.bind(problem=error.code)
    if isinstance(error, TooMany):
        wait = str(error.extra.get("retry_after", 1))
        return error.status, {"Retry-After": wait}, {"": sentence(error)}
    return error.status, {}, {field: sentence(error)}


def form(request: Request, error: DomainError | None, field: str, **values: Any) -> Response:
    """The shared form, for who is not signed in, with what is wrong beside `field`."""
    status, headers, errors = said_of(error, field)
    page = show(request, PAGES, "form.html", status, errors=errors, **values)
    page.headers.update(headers)
    return page


def refusal(request: Request, error: DomainError, links: list[tuple[str, str]]) -> Response:
    """What is wrong, for who is not signed in, and where to go from there."""
    logs.bind(problem=error.code)
    values = {"title": error.title, "text": sentence(error), "links": links}
    return show(request, PAGES, "message.html", error.status, **values)


def done(path: str) -> RedirectResponse:
    """See the page at `path`: loaded again, it does not send the form again."""
    return RedirectResponse(path, 303)
