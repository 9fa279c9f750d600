"""Where a browser is sent that is asked to sign in, or to show a factor again."""

from collections.abc import Awaitable, Callable
from urllib.parse import quote, urlsplit

from fastapi import FastAPI, Request
from starlette.responses import RedirectResponse, Response

from shared.auth.principal import NotFresh
from shared.errors import DomainError, Unauthenticated
from shared.settings import Settings
from shared.web import problems
from shared.web.pages.errors import prefers_html
from shared.web.returns import addresses, return_path
from shared.web.transaction import SAFE

SIGN_IN = "/sign-in"
CONFIRM = "/confirm"
ADMINISTRATION = "administration"


def install(app: FastAPI) -> None:
    """Send people on instead of telling them; programs get the problem as it is."""
    app.add_exception_handler(Unauthenticated, _unless(_sign_in))
    app.add_exception_handler(NotFresh, _unless(_confirm))


def to(path: str, then: str, **more: str) -> str:
    """`path` with `then`, a return path, in its query."""
    rest = "".join(f"&{name}={quote(value, safe='')}" for name, value in more.items())
    return f"{path}?return={quote(then, safe='')}{rest}"


def here(request: Request) -> str:
    """The path and query of this request, as a return path."""
    query = request.scope["query_string"].decode("latin-1")
    path = quote(request.scope["path"], safe="/")
    return return_path(f"{path}?{query}" if query else path)


def _unless(
    detour: Callable[[Request], str | None],
) -> Callable[[Request, Exception], Awaitable[Response]]:
    async def handle(request: Request, error: Exception) -> Response:
        assert isinstance(error, DomainError)
        away = detour(request) if _is_page(request) else None
        if away is None:
            return problems.answer(error, request.scope)
        return RedirectResponse(away, 303)

    return handle


def _is_page(request: Request) -> bool:
    accepted = ",".join(request.headers.getlist("accept"))
    return "authorization" not in request.headers and prefers_html(accepted)


def _sign_in(request: Request) -> str | None:
    # What was posted cannot be posted again from here: its page says to sign in first.
    return to(SIGN_IN, here(request)) if request.method in SAFE else None


def _confirm(request: Request) -> str:
    then = here(request) if request.method in SAFE else _page_before(request)
    if request.app.state.name == ADMINISTRATION:
        return to(CONFIRM, then)
    return to(SIGN_IN, then, fresh="true")


def _page_before(request: Request) -> str:
    """The page of this app that a form was on; the first page where it is not said."""
    settings: Settings = request.app.state.services.settings
    app: str = request.app.state.name
    said = urlsplit(request.headers.get("referer", ""))
    if f"{said.scheme}://{said.netloc}" != addresses(request.scope, settings, app).origin(app):
        return return_path(None)
    return return_path(f"{said.path}?{said.query}" if said.query else said.path)
