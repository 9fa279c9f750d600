"""`/sign-in/sso`: to the provider of a mail address's organisation, and back from it."""

import logging
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Request
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import Response

from apps.administration.entry.complete import complete
from apps.administration.entry.dependencies import ChecksOf
from apps.administration.entry.errors import WrongCode
from apps.administration.entry.service import Checks
from apps.administration.factors.service import RECOVERY
from apps.administration.factors.told import recovery_code_used
from apps.administration.sso import service
from apps.administration.sso.errors import (
    Declined,
    NotAsked,
    NotOffered,
    NotShown,
    ProviderFailed,
    Refused,
    StartAgain,
)
from apps.administration.sso.rules import (
    Claimed,
    Unfit,
    Way,
    asked_at,
    came_from,
    claimed,
    host_of,
    same,
)
from apps.administration.sso.service import METHOD, Arrived, Asked
from apps.administration.sso.visit import APP, BACK, Kept, Visit, VisitOf
from apps.administration.templating import PAGES, refusal
from apps.administration.templating import form as form_page
from apps.administration.words import sso_link
from shared.auth.people import NoAddress, address_of
from shared.errors import DomainError, TooMany
from shared.ids import new_secret
from shared.jobs import wake
from shared.mail.queue import QUEUE, Post
from shared.models import SsoConnection
from shared.telemetry import logs
from shared.web import cookies
from shared.web.access import lifetimes, present, public
from shared.web.dependencies import WriteSession
from shared.web.entry.arrive import Return
from shared.web.forms import FormOf
from shared.web.pages.render import show
from shared.web.returns import return_path
from shared.web.transaction import TransactionalRoute

START = "/sign-in/sso"
AGREE = "/sign-in/sso/link"
LONGEST_CODE = 2_000
SIGNED_IN = [("/sign-in?again=true", "Confirm in another way"), ("/", "Go on without")]
OTHERS = [(START, "Try single sign-on again"), ("/sign-in", "Sign in in another way")]

log = logging.getLogger(__name__)

_PUBLIC = [Depends(public("whoever signs in is not signed in yet"))]
router = APIRouter(route_class=TransactionalRoute, include_in_schema=False, dependencies=_PUBLIC)
# Providers add to the way back what they like: parameters that are not known are not refused here.
back = APIRouter(include_in_schema=False, dependencies=_PUBLIC)


@router.get(START)
async def ask(request: Request, then: Return = None) -> Response:
    return _form(request, return_path(then))


@router.post(START)
async def start(visit: VisitOf, session: WriteSession, form: FormOf) -> Response:
    """A page that goes on to the provider by itself: a redirect would be held against
    `form-action`, because it follows a form.
    """
    then, typed = return_path(form.get("return")), form.get("email", "")
    database, attempts = visit.services.database, visit.sso.attempts
    try:
        email = address_of(typed)
        attempt = await attempts.admit(database, email, visit.address, visit.now)
        async with database.read() as reading:
            connection = await service.offered(reading, email)
        response = await _send(visit, connection, email, then)
    except (NoAddress, NotOffered, ProviderFailed, TooMany) as error:
        return _form(visit.request, then, typed, error)
    # Last, so that no transaction is open while the provider is asked. What fails counts: nobody
    # makes us ask again and again.
    await attempts.passed(session, attempt, visit.now)
    return response


@back.get(BACK)
async def come_back(visit: VisitOf) -> Response:
    """The end of the way: signed in, or a page that says why not. It can be gone once."""
    try:
        response = await _come_back(visit)
    except (StartAgain, ProviderFailed, Declined, Refused, NotAsked) as error:
        response = _failed(visit.request, error)
    cookies.drop(response, cookies.SIGN_IN)
    return response


@router.get(AGREE)
async def ask_to_agree(request: Request, token: str = "") -> Response:
    return _agree(request, token)


@router.post(AGREE)
async def agree(visit: VisitOf, session: WriteSession, form: FormOf, checks: ChecksOf) -> Response:
    token = form.get("token", "")
    try:
        shown = await _shown(visit, session, checks, token, form.get("code"))
        name = await service.agree(session, token, visit.place, visit.now, shown=shown)
    except NotShown:
        return _agree(visit.request, token, code=True)
    except (WrongCode, TooMany) as error:
        return _agree(visit.request, token, error, code=True)
    except (StartAgain, Refused) as error:
        return _failed(visit.request, error)
    text = f"Your account is linked. From now on you come in by the sign-in of {name}."
    links = [(START, "Sign in with single sign-on")]
    return show(visit.request, PAGES, "message.html", title="Linked", text=text, links=links)


async def _shown(
    visit: Visit, session: AsyncSession, checks: Checks, token: str, code: str | None
) -> int | None:
    """Whose code it is, where there is one. Raises `StartAgain`, `WrongCode`, `TooMany`."""
    if code is None:
        return None
    async with visit.services.database.read() as reading:
        person_id = await service.addressee(reading, token, visit.now)
    if await checks.code(person_id, code) == RECOVERY:
        await recovery_code_used(visit.request, session, person_id)
    return person_id


def _agree(
    request: Request, token: str, error: DomainError | None = None, *, code: bool = False
) -> Response:
    """`code`: the account has one-time codes, and agrees with one of them."""
    field = {"name": "code", "label": "Code", "autocomplete": "one-time-code"}
    hint = "The six digits that your app shows now, or one of your recovery codes."
    return form_page(
        request,
        error,
        "code",
        title="Link your account",
        text="Your organisation's sign-in knows somebody with your mail address. If that is you, "
        "link your account: from then on it can be opened by that sign-in.",
        action=AGREE,
        fields=[{**field, "hint": hint}] if code else [],
        hidden={"token": token},
        button="Link my account",
        links=[("/sign-in", "Not now")],
    )


async def _send(visit: Visit, connection: SsoConnection, email: str, then: str) -> Response:
    providers = await visit.sso.providers()
    metadata = await providers.metadata(connection.issuer)
    # Who is signed in comes to confirm that it is they.
    confirms = await present(visit.request) is not None
    oldest = timedelta() if confirms else lifetimes(visit.request).absolute
    way = Way(state=new_secret(), nonce=new_secret(), verifier=new_secret())
    there = providers.way_there(metadata, visit.client(connection), way, hint=email, oldest=oldest)
    host = host_of(metadata.authorization)
    response = show(
        visit.request,
        PAGES,
        "message.html",
        title=f"On to {host}",
        text="Your organisation signs you in there. If this page does not go on by itself, follow "
        "the link.",
        links=[(there, f"Go on to {host}")],
    )
    response.headers["Refresh"] = f"0; url={there}"
    visit.keep(response, connection, way, then)
    return response


async def _come_back(visit: Visit) -> Response:
    kept = visit.kept()
    if kept is None or not same(visit.said("state"), kept.way.state):
        raise StartAgain("this browser did not begin to sign in, or took too long")
    async with visit.services.database.read() as reading:
        connection = await service.gone_to(reading, kept.connection, kept.issuer)
        proved = await service.proved(reading, connection)
    claims = await _claims(visit, connection, kept)
    who, fresh_at = _who(claims, proved), asked_at(claims, visit.now)
    try:
        return await _arrive(visit, connection, who, kept.then, fresh_at)
    except IntegrityError:
        log.info("somebody came for the first time twice at once")
        # Of two who come for the first time at once, one meets what the other made: by now it
        # can be seen.
        return await _arrive(visit, connection, who, kept.then, fresh_at)


async def _claims(visit: Visit, connection: SsoConnection, kept: Kept) -> dict[str, Any]:
    """What the provider says. Raises `Declined`, `StartAgain`, `ProviderFailed`."""
    providers = await visit.sso.providers()
    metadata = await providers.metadata(connection.issuer)
    if not came_from(visit.said("iss"), metadata):
        raise StartAgain("somebody else answered than was asked")
    if visit.said("error") is not None:
        raise Declined("it said no, or you stopped there; try again, or ask whoever administers it")
    code = visit.said("code")
    if not code or len(code) > LONGEST_CODE:
        raise StartAgain("the way back was not complete")
    return await providers.claims(metadata, visit.client(connection), kept.way, code, visit.now)


def _who(claims: dict[str, Any], proved: frozenset[str]) -> Claimed:
    """Who comes. Raises `Refused`."""
    try:
        return claimed(claims, proved, address=address_of(str(claims.get("email", ""))))
    except NoAddress:
        raise Refused("your organisation's sign-in does not tell your mail address") from None
    except Unfit as error:
        raise Refused(f"your organisation's sign-in is not believed: {error}") from None


async def _arrive(
    visit: Visit, connection: SsoConnection, who: Claimed, then: str, fresh_at: datetime
) -> Response:
    """Sign in who arrived, or write to them, in one unit of work."""
    async with visit.services.database.unit_of_work() as session:
        outcome = await service.arrive(session, connection, who, visit.place, visit.now)
        if isinstance(outcome, Arrived):
            return await complete(
                visit.request, session, outcome.person_id, METHOD, then=then, fresh_at=fresh_at
            )
        await _write(visit, session, outcome)
    await wake(visit.services.bus, QUEUE)
    return _asked(visit.request, outcome)


async def _write(visit: Visit, session: AsyncSession, asked: Asked) -> None:
    if asked.token is None:
        return
    post: Post = visit.request.app.state.post
    link = visit.addresses.link(APP, f"{AGREE}?{urlencode({'token': asked.token})}")
    words = sso_link(link, asked.organisation, service.LETTER_LASTS)
    cause, values = asked.cause, words.values
    await post.put(session, words.template, asked.email, key=cause, now=visit.now, **values)


def _asked(request: Request, asked: Asked) -> Response:
    text = (
        f"There is an account with your mail address already. We have sent a letter to "
        f"{asked.email}: follow its link, and {asked.organisation} signs you in from then on."
    )
    title = "One more step, once"
    return show(request, PAGES, "message.html", title=title, text=text, links=OTHERS)


def _failed(request: Request, error: DomainError) -> Response:
    return refusal(request, error, SIGNED_IN if isinstance(error, NotAsked) else OTHERS)


def _form(
    request: Request, then: str, email: str = "", error: DomainError | None = None
) -> Response:
    if error is not None:
        logs.bind(problem=error.code)
    field = {"name": "email", "label": "Mail address", "type": "email", "value": email}
    response = show(
        request,
        PAGES,
        "form.html",
        200 if error is None else error.status,
        title="Single sign-on",
        text="Type your mail address at work: your organisation's own sign-in opens.",
        action=START,
        fields=[{**field, "autocomplete": "username"}],
        hidden={"return": then},
        button="Go on",
        errors={} if error is None else _said(error),
        links=[("/sign-in", "Sign in in another way")],
    )
    if isinstance(error, TooMany):
        response.headers["Retry-After"] = str(error.extra.get("retry_after", 1))
    return response


def _said(error: DomainError) -> dict[str, str]:
    about_address = isinstance(error, NoAddress | NotOffered)
    text = error.detail if about_address else f"{error.title}: {error.detail}"
    return {"email" if about_address else "": f"{text[:1].upper()}{text[1:]}."}
