"""`/sign-in/link` and `/reset`: links by mail, asked for and used.

A link opens a page with a button and changes nothing by that: mail is opened by machines too.
"""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response

from apps.administration.account import service as account
from apps.administration.entry.complete import first_factor_passed
from apps.administration.entry.dependencies import ChecksOf
from apps.administration.mail_entry import service
from apps.administration.mail_entry.asking import LINK, RESET, Asked, AskingOf
from apps.administration.mail_entry.errors import LinkOver
from apps.administration.templating import PAGES, done, refusal
from apps.administration.templating import form as form_page
from shared.auth.passwords import Unacceptable
from shared.auth.people import NoAddress, address_of
from shared.auth.throttle import Throttled
from shared.errors import DomainError, TooMany
from shared.web.access import public
from shared.web.dependencies import ClockOf, ReadSession, WriteSession
from shared.web.entry.arrive import Return
from shared.web.entry.detours import SIGN_IN as ENTRY
from shared.web.entry.detours import to
from shared.web.forms import FormOf
from shared.web.pages.render import show
from shared.web.returns import addresses, return_path
from shared.web.transaction import TransactionalRoute

router = APIRouter(
    route_class=TransactionalRoute,
    include_in_schema=False,
    dependencies=[Depends(public("whoever uses a link by mail is not signed in yet"))],
)

Token = Annotated[str, Query(max_length=100)]
SIGN_IN, SIGN_IN_USE = "/sign-in/link", "/sign-in/link/use"
ASK_RESET, RESET_USE = "/reset", "/reset/new"
SENT = "/sign-in/sent"
WORDS = {
    LINK: ("Sign in with a link", "We send you a link that signs you in.", SIGN_IN, SIGN_IN_USE),
    RESET: (
        "Choose a new password",
        "We send you a link with which you choose a new password.",
        ASK_RESET,
        RESET_USE,
    ),
}


@router.get(SIGN_IN)
async def ask_link(request: Request, then: Return = None) -> Response:
    return _ask(request, LINK, return_path(then))


@router.get(ASK_RESET)
async def ask_reset(request: Request, then: Return = None) -> Response:
    return _ask(request, RESET, return_path(then))


@router.post(SIGN_IN)
async def send_link(
    request: Request, form: FormOf, session: WriteSession, asking: AskingOf, checks: ChecksOf
) -> Response:
    return await _send(request, form, session, asking, checks, kind=LINK)


@router.post(ASK_RESET)
async def send_reset(
    request: Request, form: FormOf, session: WriteSession, asking: AskingOf, checks: ChecksOf
) -> Response:
    return await _send(request, form, session, asking, checks, kind=RESET)


@router.get(SENT)
async def sent(request: Request) -> Response:
    text = (
        "If there is an account with this address, a letter with a link is on its way to it. The"
        " link works once, and for minutes only. Look among unwanted mail too. Where several were"
        " asked for lately, take the last that came, or ask again in five minutes."
    )
    links = [(ENTRY, "Sign in")]
    return show(request, PAGES, "message.html", title="Look into your mail", text=text, links=links)


@router.get(SIGN_IN_USE)
async def see_link(
    request: Request, token: Token, session: ReadSession, clock: ClockOf, then: Return = None
) -> Response:
    try:
        found = await service.look(session, token, LINK, clock.now())
    except LinkOver as error:
        return _over(request, LINK, error)
    return form_page(
        request,
        None,
        "",
        title="Sign in",
        text=f"You sign in as {found.email}.",
        action=SIGN_IN_USE,
        fields=[],
        hidden={"token": token, "return": return_path(then)},
        button="Sign in",
        links=[],
    )


@router.post(SIGN_IN_USE)
async def use_link(
    request: Request, form: FormOf, session: WriteSession, clock: ClockOf
) -> Response:
    try:
        found = await service.use(session, form.get("token", ""), LINK, clock.now())
    except LinkOver as error:
        return _over(request, LINK, error)
    await account.proved(request, session, found.person_id)
    then = return_path(form.get("return"))
    return await first_factor_passed(request, session, found.person_id, LINK, then=then)


@router.get(RESET_USE)
async def see_reset(
    request: Request, token: Token, session: ReadSession, clock: ClockOf, then: Return = None
) -> Response:
    try:
        found = await service.look(session, token, RESET, clock.now())
    except LinkOver as error:
        return _over(request, RESET, error)
    return _new_password(request, {"token": token, "return": return_path(then)}, found.email)


@router.post(RESET_USE)
async def use_reset(
    request: Request, form: FormOf, session: WriteSession, checks: ChecksOf
) -> Response:
    token, then, now = form.get("token", ""), return_path(form.get("return")), checks.now
    email = ""
    try:
        async with checks.database.read() as reading:
            found = await service.look(reading, token, RESET, now)
            email = found.email
        given = form.get("password", "")
        hashed = await account.hashed(checks.guard.passwords, given, found.email, found.name)
        await service.use(session, token, RESET, now)
    except LinkOver as error:
        return _over(request, RESET, error)
    except (Unacceptable, TooMany) as error:
        return _new_password(request, {"token": token, "return": then}, email, error)
    await account.reset(request, session, found, hashed)
    return await first_factor_passed(request, session, found.person_id, LINK, then=then)


async def _send(
    request: Request,
    form: FormOf,
    session: WriteSession,
    asking: AskingOf,
    checks: ChecksOf,
    *,
    kind: str,
) -> Response:
    """Note what was asked for. The same for every address."""
    then, email = return_path(form.get("return")), form.get("email", "")
    try:
        email = address_of(email)
        admitted = await asking.admit_letter(checks, kind, email)
    except (NoAddress, Throttled) as error:
        return _ask(request, kind, then, email, error)
    if not admitted:
        return done(SENT)
    settings = request.app.state.services.settings
    base = addresses(request.scope, settings, "administration")
    page = base.link("administration", WORDS[kind][3])
    await asking.note(session, Asked(kind, email, page, then))
    account.wake_post(request)
    return done(SENT)


def _ask(
    request: Request, kind: str, then: str, email: str = "", error: DomainError | None = None
) -> Response:
    title, text, action, _ = WORDS[kind]
    field = {"name": "email", "label": "Mail address", "type": "email", "value": email}
    return form_page(
        request,
        error,
        "email",
        title=title,
        text=text,
        action=action,
        fields=[{**field, "autocomplete": "username"}],
        hidden={"return": then},
        button="Send the link",
        links=[(to(ENTRY, then), "Sign in in another way")],
    )


def _new_password(
    request: Request,
    hidden: dict[str, str],
    email: str,
    error: DomainError | None = None,
) -> Response:
    return form_page(
        request,
        error,
        "password",
        title="Choose a new password",
        text=f"For {email}. You are signed out everywhere else then.",
        action=RESET_USE,
        fields=[account.new_password()],
        hidden=hidden,
        button="Choose it",
        links=[],
    )


def _over(request: Request, kind: str, error: LinkOver) -> Response:
    title, _, again, _ = WORDS[kind]
    return refusal(request, error, [(again, title), (ENTRY, "Sign in")])
