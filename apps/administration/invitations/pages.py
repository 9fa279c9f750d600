"""`/invitations`: who is invited. `/join`: what a link in a letter opens."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response

from apps.administration.account import service as account
from apps.administration.dependencies import PeopleChange, PeopleReader
from apps.administration.entry.complete import complete
from apps.administration.entry.dependencies import ChecksOf
from apps.administration.invitations import errors, service
from apps.administration.invitations.repository import Found
from apps.administration.names import NameUnfit, name_of
from apps.administration.roles import service as roles
from apps.administration.templating import Desk, DeskOf, done, refusal, said_of
from apps.administration.templating import form as form_page
from shared.auth import sessions
from shared.auth.audit import Origin
from shared.auth.passwords import Unacceptable
from shared.auth.people import NoAddress, UnknownRole
from shared.auth.throttle import Throttle, Throttled
from shared.errors import Conflict, DomainError, Forbidden, TooMany
from shared.web.access import present, public
from shared.web.dependencies import ClockOf, ReadSession, WriteSession, fresh
from shared.web.entry.detours import SIGN_IN, to
from shared.web.forms import FormOf
from shared.web.paths import public_id
from shared.web.problems import request_id
from shared.web.returns import addresses
from shared.web.transaction import TransactionalRoute

router = APIRouter(route_class=TransactionalRoute, include_in_schema=False)

Id = Annotated[str, public_id("an invitation", "ivt")]
FRESH = [Depends(fresh())]
ANYBODY = [Depends(public("who is invited may have no account yet"))]
JOIN = "/join"


@dataclass(frozen=True, slots=True)
class _New:
    """Who has no account yet, as the form has it so far."""

    name: str = ""
    error: DomainError | None = None


@router.get("/invitations")
async def every(
    session: ReadSession, _principal: PeopleReader, desk: DeskOf, clock: ClockOf
) -> Response:
    return await _list(session, desk, clock)


@router.post("/invitations", dependencies=FRESH)
async def invite(
    form: FormOf, session: WriteSession, change: PeopleChange, desk: DeskOf
) -> Response:
    given = form.get("email", ""), form.get("role", "")
    try:
        email = service.invited(given[0])
        await _admit(change, email)
        page, inviter = _page(change.request), desk.who.name
        await service.invite(session, change, email, given[1], page=page, inviter=inviter)
    except (NoAddress, UnknownRole, Conflict, Forbidden, Throttled) as error:
        return await _list(session, desk, change.clock, given, error)
    return done("/invitations")


@router.post("/invitations/{invitation_id}/send", dependencies=FRESH)
async def send_again(
    invitation_id: Id, session: WriteSession, change: PeopleChange, desk: DeskOf
) -> Response:
    async with change.request.app.state.services.database.read() as reading:
        email = await service.address(reading, change, invitation_id)
    await _admit(change, email)
    page, inviter = _page(change.request), desk.who.name
    await service.send_again(session, change, invitation_id, page=page, inviter=inviter)
    return done("/invitations")


@router.post("/invitations/{invitation_id}/revoke")
async def revoke(invitation_id: Id, session: WriteSession, change: PeopleChange) -> Response:
    await service.revoke(session, change, invitation_id)
    return done("/invitations")


@router.get(JOIN, dependencies=ANYBODY)
async def see(
    request: Request,
    token: Annotated[str, Query(max_length=100)],
    session: ReadSession,
    clock: ClockOf,
) -> Response:
    who = await present(request)
    try:
        found = await service.look(session, token, clock.now())
        service.check(found, who)
    except errors.SignInFirst as error:
        here = f"{JOIN}?token={token}"
        return refusal(request, error, [(to(SIGN_IN, here), "Sign in")])
    except (errors.InvitationOver, errors.OtherAddress) as error:
        return refusal(request, error, [("/", "First page")])
    return _join(request, found, token, _New() if who is None else None)


@router.post(JOIN, dependencies=ANYBODY)
async def join(request: Request, form: FormOf, session: WriteSession, checks: ChecksOf) -> Response:
    """The address counts as proved: the link went there alone."""
    who, token = await present(request), form.get("token", "")
    try:
        async with checks.database.read() as reading:
            found = await service.look(reading, token, checks.now)
        service.check(found, who)
        if who is None:
            return await _join_as_new(request, session, checks, found, form)
        await service.claim(session, found, checks.now)
    except (errors.InvitationOver, errors.OtherAddress, errors.SignInFirst) as error:
        return refusal(request, error, [(SIGN_IN, "Sign in")])
    origin = _origin(request, found, who.person_public_id)
    await service.join(session, found, who.person_id, origin, checks.now)
    await account.proved(request, session, who.person_id)
    await sessions.choose(session, who, found.organisation)
    return done("/")


async def _join_as_new(
    request: Request, session: WriteSession, checks: ChecksOf, found: Found, form: dict[str, str]
) -> Response:
    given, password = form.get("name", ""), form.get("password", "")
    try:
        name = name_of(given)
        hashed = await account.hashed(checks.guard.passwords, password, name, found.email)
    except (NameUnfit, Unacceptable, TooMany) as error:
        return _join(request, found, form.get("token", ""), _New(given, error))
    await service.claim(session, found, checks.now)
    person = await service.new_person(session, found, name, hashed, checks.now)
    origin = _origin(request, found, person.public_id)
    await service.join(session, found, person.id, origin, checks.now)
    return await complete(request, session, person.id, "password", then="/")


async def _admit(change: PeopleChange, email: str) -> None:
    here = change.request.app.state.services
    throttle = Throttle(here.settings.secret.get_secret_value(), "invitation")
    await service.admit(here.database, throttle, change.origin.org_id, email, change.now)


async def _list(
    session: ReadSession | WriteSession,
    desk: Desk,
    clock: ClockOf,
    given: tuple[str, str] = ("", "viewer"),
    error: DomainError | None = None,
) -> Response:
    org_id = desk.org_id
    every_role = await roles.every(session, org_id)
    about = "role" if isinstance(error, UnknownRole | Forbidden) else "email"
    status, headers, wrong = said_of(error, about)
    page = await desk.show(
        "invitations.html",
        status,
        title="Invitations",
        invitations=await service.listed(session, org_id, clock.now()),
        now=clock.now(),
        names={one.id: one.name for one in every_role},
        options=roles.offered(every_role, desk.permissions),
        may_write=desk.may("people:write"),
        email=given[0],
        role=given[1],
        errors=wrong,
    )
    page.headers.update(headers)
    return page


def _join(request: Request, found: Found, token: str, new: _New | None = None) -> Response:
    text = f"{found.email} is invited to join {found.organisation_name}."
    fields: list[dict[str, object]] = []
    error = None
    if new is not None:
        text += " Say what you are called, and choose a password: you sign in with both."
        name = {"name": "name", "label": "Name", "value": new.name, "autocomplete": "name"}
        fields = [{**name, "maxlength": 200}, account.new_password()]
        error = new.error
    return form_page(
        request,
        error,
        "name" if isinstance(error, NameUnfit) else "password",
        title=f"Join {found.organisation_name}",
        text=text,
        action=JOIN,
        hidden={"token": token},
        fields=fields,
        button="Join",
        links=[],
    )


def _page(request: Request) -> str:
    known = addresses(request.scope, request.app.state.services.settings, "administration")
    return known.link("administration", JOIN)


def _origin(request: Request, found: Found, actor: str) -> Origin:
    address = request.client.host if request.client else None
    return Origin(found.org_id, actor, request_id(request), address)
