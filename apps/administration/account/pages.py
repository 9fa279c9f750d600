"""`/account/name`, `/account/password` and `/account/mail`."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response

from apps.administration.account import repository, service
from apps.administration.account.errors import OtherPerson, SameAddress
from apps.administration.entry.dependencies import ChecksOf
from apps.administration.entry.errors import WrongPassword
from apps.administration.mail_entry.asking import PROVE, Asked, AskingOf
from apps.administration.mail_entry.errors import LinkOver
from apps.administration.names import NameUnfit, name_of
from apps.administration.sso.errors import Kept
from apps.administration.sso.service import check_address
from apps.administration.templating import Desk, DeskOf, done, sentence
from shared.auth.passwords import Unacceptable
from shared.auth.people import NoAddress, address_of
from shared.auth.throttle import Throttled
from shared.errors import DomainError, TooMany
from shared.mail.base import is_address
from shared.web import cookies
from shared.web.dependencies import ClockOf, ReadSession, WriteSession, fresh
from shared.web.forms import FormOf
from shared.web.returns import addresses
from shared.web.transaction import TransactionalRoute

router = APIRouter(route_class=TransactionalRoute, include_in_schema=False, prefix="/account")

FRESH = [Depends(fresh())]
BACK = [("/account", "Your account")]
PROVE_PATH = "/account/mail/prove"


@router.get("/name")
async def see_name(desk: DeskOf) -> Response:
    return await _name(desk, desk.who.name)


@router.post("/name")
async def change_name(
    request: Request, form: FormOf, session: WriteSession, desk: DeskOf
) -> Response:
    given = form.get("name", "")
    try:
        name = name_of(given)
    except NameUnfit as error:
        return await _name(desk, given, error)
    await service.change_name(request, session, desk.who, name)
    return done("/account")


@router.get("/password", dependencies=FRESH)
async def see_password(session: ReadSession, desk: DeskOf) -> Response:
    return await _password(session, desk)


@router.post("/password", dependencies=FRESH)
async def change_password(
    request: Request, form: FormOf, session: WriteSession, desk: DeskOf, checks: ChecksOf
) -> Response:
    """Whoever has a password types it once more: a screen that was left open is not enough."""
    who = desk.who
    async with checks.database.read() as reading:
        known = await repository.has_password(reading, who.person_id)
    try:
        if known:
            await checks.password(who.email, form.get("current", ""))
        given = form.get("password", "")
        hashed = await service.hashed(checks.guard.passwords, given, who.email, who.name)
    except (WrongPassword, Unacceptable, TooMany) as error:
        return await _password(session, desk, error)
    response = done("/account")
    token = await service.change_password(request, session, who, hashed)
    cookies.put(response, cookies.SESSION, token)
    return response


@router.get("/mail", dependencies=FRESH)
async def see_mail(desk: DeskOf) -> Response:
    return await _mail(desk)


@router.post("/mail", dependencies=FRESH)
async def change_mail(
    request: Request, form: FormOf, desk: DeskOf, asking: AskingOf, checks: ChecksOf
) -> Response:
    """A letter to the new address proves it; the address so far hears of it at once."""
    given = form.get("email", "")
    try:
        email = _new_address(given, desk)
        async with checks.database.read() as reading:
            await check_address(reading, desk.who.person_id, email)
        # Neither does one person write to many addresses, nor do many to one.
        await asking.admit(checks, email, desk.who.person_public_id)
    except (NoAddress, SameAddress, Throttled, Kept) as error:
        return await _mail(desk, given, error)
    known = addresses(request.scope, request.app.state.services.settings, "administration")
    page = known.link("administration", PROVE_PATH)
    await asking.note(checks.session, Asked(PROVE, email, page, person_id=desk.who.person_id))
    await service.announce(request, checks.session, desk.who, email)
    return done("/account/mail/sent")


@router.get("/mail/sent")
async def mail_sent(desk: DeskOf) -> Response:
    return await _message(
        desk,
        "Look into your mail",
        "A letter is on its way to the new address. Open its link in this browser within 15"
        " minutes. Until then your address stays as it is.",
    )


@router.get("/mail/prove")
async def see_proof(
    token: Annotated[str, Query(max_length=100)],
    session: ReadSession,
    desk: DeskOf,
    clock: ClockOf,
) -> Response:
    try:
        found = await service.proof(session, desk.who, token, clock.now())
    except (LinkOver, OtherPerson) as error:
        return await _message(desk, error.title, sentence(error), error.status)
    return await desk.form(
        None,
        "",
        title="Use this mail address",
        text=f"From now on you sign in with {found.email}.",
        action=PROVE_PATH,
        hidden={"token": token},
        fields=[],
        button="Use it",
        links=BACK,
    )


@router.post("/mail/prove")
async def prove(request: Request, form: FormOf, session: WriteSession, desk: DeskOf) -> Response:
    try:
        await service.change_mail(request, session, desk.who, form.get("token", ""))
    except (LinkOver, OtherPerson, Kept) as error:
        return await _message(desk, error.title, sentence(error), error.status)
    return done("/account")


def _new_address(given: str, desk: Desk) -> str:
    email = address_of(given)
    if not is_address(email):
        raise NoAddress("mail cannot be sent to this address; write a plain one")
    if email == desk.who.email:
        raise SameAddress
    return email


async def _name(desk: Desk, name: str, error: DomainError | None = None) -> Response:
    field = {"name": "name", "label": "Name", "value": name, "autocomplete": "name"}
    return await _form(desk, "name", "Change your name", [{**field, "maxlength": 200}], error)


async def _password(
    session: ReadSession | WriteSession, desk: Desk, error: DomainError | None = None
) -> Response:
    known = await repository.has_password(session, desk.who.person_id)
    fields: list[dict[str, object]] = [service.new_password()]
    if known:
        current = {"name": "current", "label": "Password so far", "type": "password"}
        fields.insert(0, {**current, "autocomplete": "current-password"})
    title = "Change your password" if known else "Choose a password"
    field = "current" if isinstance(error, WrongPassword) else "password"
    text = "You are signed out everywhere else then."
    return await _form(desk, "password", title, fields, error, field=field, text=text)


async def _mail(desk: Desk, email: str = "", error: DomainError | None = None) -> Response:
    field = {"name": "email", "label": "New mail address", "type": "email", "value": email}
    text = f"So far it is {desk.who.email}. A letter to the new address proves that it is yours."
    fields: list[dict[str, object]] = [{**field, "autocomplete": "email"}]
    return await _form(
        desk, "mail", "Change your mail address", fields, error, text=text, field="email"
    )


async def _form(
    desk: Desk,
    page: str,
    title: str,
    fields: list[Any],
    error: DomainError | None,
    *,
    field: str = "name",
    text: str = "",
) -> Response:
    return await desk.form(
        error,
        field,
        title=title,
        text=text,
        action=f"/account/{page}",
        hidden={},
        fields=fields,
        button=title,
        links=BACK,
    )


async def _message(desk: Desk, title: str, text: str, status: int = 200) -> Response:
    return await desk.show("message.html", status, title=title, text=text, links=BACK)
