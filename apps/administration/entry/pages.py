"""`/sign-in`: the one place where a password or a code is typed, and `/authorize`, from which
other apps take a sign-in on.
"""

from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import RedirectResponse, Response

from apps.administration.entry import pending
from apps.administration.entry.complete import SECOND, complete, first_factor_passed
from apps.administration.entry.dependencies import ChecksOf
from apps.administration.entry.errors import WrongCode, WrongPassword
from apps.administration.factors.service import RECOVERY
from apps.administration.factors.told import recovery_code_used
from apps.administration.templating import PAGES, said_of
from shared.auth import codes
from shared.auth.principal import is_fresh
from shared.errors import DomainError, Invalid, TooMany
from shared.web.access import lifetimes, present, public
from shared.web.dependencies import ServicesOf, WriteSession
from shared.web.entry.arrive import Return, Word
from shared.web.entry.detours import ADMINISTRATION, CONFIRM, SIGN_IN, here, to
from shared.web.forms import FormOf
from shared.web.pages.render import show
from shared.web.returns import APPS, addresses, return_path
from shared.web.transaction import TransactionalRoute

router = APIRouter(
    route_class=TransactionalRoute,
    include_in_schema=False,
    dependencies=[Depends(public("whoever signs in is not signed in yet"))],
)

Challenge = Annotated[str, Query(min_length=43, max_length=43)]


class NoSuchApp(Invalid):
    code = "no_such_app"
    title = "There is no such app"


@router.get(SIGN_IN)
async def ask(request: Request, then: Return = None, *, again: bool = False) -> Response:
    """The form; at once on to `return` for who is signed in, unless they come `again`."""
    if not again and await present(request):
        return RedirectResponse(return_path(then), 303)
    return _form(request, return_path(then))


@router.post(SIGN_IN)
async def sign_in(
    request: Request, session: WriteSession, form: FormOf, checks: ChecksOf
) -> Response:
    then, email = return_path(form.get("return")), form.get("email", "")
    try:
        person_id = await checks.password(email, form.get("password", ""))
    except (WrongPassword, TooMany) as error:
        return _form(request, then, email, error)
    return await first_factor_passed(request, session, person_id, "password", then=then)


@router.get(SECOND)
async def ask_second(request: Request) -> Response:
    waiting = pending.held(request)
    if waiting is None:
        return RedirectResponse(SIGN_IN, 303)
    return _second(request, waiting.then)


@router.post(SECOND)
async def second(
    request: Request, session: WriteSession, form: FormOf, checks: ChecksOf
) -> Response:
    waiting = pending.held(request)
    if waiting is None or not await checks.stands(waiting.person_id, waiting.at):
        return RedirectResponse(SIGN_IN, 303)
    try:
        kind = await checks.code(waiting.person_id, form.get("code", ""))
    except (WrongCode, TooMany) as error:
        return _second(request, waiting.then, error)
    if kind == RECOVERY:
        await recovery_code_used(request, session, waiting.person_id)
    method = f"{waiting.method}+{kind}"
    return await complete(request, session, waiting.person_id, method, then=waiting.then)


@router.get("/authorize")
async def authorize(
    request: Request,
    app: Word,
    challenge: Challenge,
    state: Word,
    services: ServicesOf,
    *,
    fresh: bool = False,
) -> Response:
    """With a code to the one address of `app`; by the form first for who is not signed in."""
    if app not in APPS or app == ADMINISTRATION:
        raise NoSuchApp(f"no app of that name takes a sign-in on; there are {', '.join(APPS)}")
    who = await present(request)
    if who is None:
        return RedirectResponse(to(SIGN_IN, here(request)), 303)
    now = services.clock.now()
    if fresh and not is_fresh(who.fresh_at, now, lifetimes(request).fresh):
        return RedirectResponse(to(CONFIRM, here(request)), 303)
    back = addresses(request.scope, services.settings, ADMINISTRATION).signed_in(app)
    async with services.database.unit_of_work() as session:
        code = await codes.issue(
            session, who.sign_in_id, app=app, challenge=challenge, redirect=back, now=now
        )
    return RedirectResponse(f"{back}?{urlencode({'code': code, 'state': state})}", 303)


def refused(
    request: Request, template: str, error: DomainError | None, field: str, **values: Any
) -> Response:
    """A form of somebody who is not signed in, shown again with what is wrong beside `field`."""
    status, headers, errors = said_of(error, field)
    page = show(request, PAGES, template, status, errors=errors, **values)
    page.headers.update(headers)
    return page


def _form(
    request: Request, then: str, email: str = "", error: DomainError | None = None
) -> Response:
    values: dict[str, Any] = {"title": "Sign in", "email": email, "then": then}
    return refused(request, "sign-in.html", error, "password", **values)


def _second(request: Request, then: str, error: DomainError | None = None) -> Response:
    values = {"title": "Enter a code", "then": then}
    return refused(request, "sign-in-second.html", error, "code", **values)
