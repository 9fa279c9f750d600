"""`/sign-on`: how the organisation signs its people in."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from apps.administration.dependencies import SignInChange, SignInWriter
from apps.administration.roles import service as roles
from apps.administration.sign_on import service
from apps.administration.sign_on.errors import (
    ConnectionUnfit,
    DomainThere,
    DomainUnfit,
    NoConnection,
    NotProved,
    TooManyDomains,
)
from apps.administration.sign_on.names import Names, NotAnswered
from apps.administration.sign_on.schemas import Found, Wanted
from apps.administration.sso.errors import ProviderFailed
from apps.administration.sso.service import NEVER_GIVEN
from apps.administration.sso.state import SingleSignOn
from apps.administration.sso.visit import APP, redirect_of
from apps.administration.templating import Desk, DeskOf, done
from shared.errors import DomainError
from shared.models import SsoConnection
from shared.web.dependencies import ReadSession, WriteSession, fresh
from shared.web.forms import FormOf
from shared.web.paths import public_id
from shared.web.returns import addresses
from shared.web.services import Services
from shared.web.transaction import TransactionalRoute

PAGE = "/sign-on"
router = APIRouter(route_class=TransactionalRoute, include_in_schema=False)

DomainId = Annotated[str, public_id("a mail domain", "mdm")]
LinkId = Annotated[str, public_id("a link", "sid")]
FRESH = [Depends(fresh())]


def _sso(request: Request) -> SingleSignOn:
    found: SingleSignOn = request.app.state.sso
    return found


def _names(request: Request) -> Names:
    found: Names = request.app.state.names
    return found


SsoOf = Annotated[SingleSignOn, Depends(_sso)]
NamesOf = Annotated[Names, Depends(_names)]


@router.get(PAGE, dependencies=FRESH)
async def see(session: ReadSession, _principal: SignInWriter, desk: DeskOf) -> Response:
    return await _page(session, desk)


@router.post("/sign-on/connection", dependencies=FRESH)
async def set_connection(
    form: FormOf, session: WriteSession, change: SignInChange, desk: DeskOf, sso: SsoOf
) -> Response:
    """One that is switched on has to answer; one that does not can be switched off."""
    wanted = Wanted.of(form)
    try:
        if wanted.enabled:
            await service.examine(sso, wanted.issuer)
        await service.set_connection(session, change, sso, wanted)
    except (ConnectionUnfit, ProviderFailed) as error:
        field = str(error.extra.get("field", "issuer"))
        return await _page(session, desk, error, field, wanted=wanted)
    return done(PAGE)


@router.post("/sign-on/connection/test", dependencies=FRESH)
async def test(session: WriteSession, change: SignInChange, desk: DeskOf, sso: SsoOf) -> Response:
    here: Services = desk.request.app.state.services
    # No transaction is open while somebody else is asked.
    async with here.database.read() as reading:
        row = await service.connection(reading, change.origin.org_id)
    if row is None:
        raise NoConnection("set a provider first, then test it")
    try:
        found = await service.examine(sso, row.issuer)
    except ProviderFailed as error:
        return await _page(session, desk, error, "issuer")
    return await _page(session, desk, found=found)


@router.post("/sign-on/connection/remove", dependencies=FRESH)
async def remove_connection(session: WriteSession, change: SignInChange) -> Response:
    await service.remove_connection(session, change)
    return done(PAGE)


@router.post("/sign-on/domains", dependencies=FRESH)
async def add_domain(
    form: FormOf, session: WriteSession, change: SignInChange, desk: DeskOf
) -> Response:
    typed = form.get("domain", "")
    try:
        await service.add_domain(session, change, typed)
    except (DomainUnfit, DomainThere, TooManyDomains) as error:
        return await _page(session, desk, error, "domain", typed=typed)
    return done(PAGE)


@router.post("/sign-on/domains/{domain_id}/check", dependencies=FRESH)
async def check_domain(
    domain_id: DomainId,
    session: WriteSession,
    change: SignInChange,
    desk: DeskOf,
    names: NamesOf,
) -> Response:
    here: Services = desk.request.app.state.services
    try:
        async with here.database.read() as reading:
            name = await service.asked_for(reading, change.origin.org_id, domain_id)
        await service.prove(session, change, domain_id, await names.texts(name))
    except (NotProved, NotAnswered) as error:
        return await _page(session, desk, error, domain_id)
    change.wake(service.QUEUE)
    return done(PAGE)


@router.post("/sign-on/domains/{domain_id}/remove", dependencies=FRESH)
async def remove_domain(
    domain_id: DomainId, session: WriteSession, change: SignInChange
) -> Response:
    await service.remove_domain(session, change, domain_id)
    return done(PAGE)


@router.post("/sign-on/links/{link_id}/remove", dependencies=FRESH)
async def unlink(link_id: LinkId, session: WriteSession, change: SignInChange) -> Response:
    await service.unlink(session, change, link_id)
    return done(PAGE)


async def _page(
    session: AsyncSession,
    desk: Desk,
    error: DomainError | None = None,
    field: str = "",
    *,
    wanted: Wanted | None = None,
    typed: str = "",
    found: Found | None = None,
) -> Response:
    assert desk.who.principal is not None  # it has a permission, so there is an organisation
    org_id = desk.who.principal.org_id
    row = await service.connection(session, org_id)
    here: Services = desk.request.app.state.services
    every_role = [
        role for role in await roles.every(session, org_id) if NEVER_GIVEN not in role.permissions
    ]
    values: dict[str, Any] = {
        "wanted": wanted or _stored(row),
        "stored": row is not None,
        "redirect": redirect_of(addresses(desk.request.scope, here.settings, APP)),
        "options": roles.offered(every_role, desk.permissions, row.role if row else ""),
        "domains": await service.domains(session, org_id),
        "links": await service.linked(session, org_id, row.issuer) if row else [],
        "typed": typed,
        "found": found,
        "errors": {} if error is None else {field: _said(error)},
    }
    status = 200 if error is None else error.status
    return await desk.show("sign-on.html", status, title="Single sign-on", **values)


def _stored(row: SsoConnection | None) -> Wanted:
    if row is None:
        return Wanted()
    return Wanted(
        issuer=row.issuer,
        client_id=row.client_id,
        role=row.role,
        enabled=row.enabled,
        enforced=row.enforced,
    )


def _said(error: DomainError) -> str:
    return f"{error.detail[:1].upper()}{error.detail[1:]}."
