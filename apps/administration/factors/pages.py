"""`/account/factors`: what somebody proves themselves with, beside a password."""

from typing import Annotated

from fastapi import APIRouter
from starlette.responses import Response

from apps.administration.factors import codes, passkeys, repository, rules
from apps.administration.factors.errors import LastWayIn, SetUpOver, WrongFirstCode
from apps.administration.factors.pictures import qr_code
from apps.administration.factors.router import FACTORS, FRESH
from apps.administration.factors.told import DoingOf
from apps.administration.names import NameUnfit
from apps.administration.templating import Desk, DeskOf, done, sentence
from shared.errors import DomainError
from shared.models import Passkey
from shared.models.factors import LONGEST_PASSKEY_NAME
from shared.web.access import SignedInOf
from shared.web.dependencies import ReadSession, ServicesOf
from shared.web.forms import FormOf
from shared.web.paths import public_id
from shared.web.services import Services
from shared.web.transaction import TransactionalRoute

router = APIRouter(route_class=TransactionalRoute, include_in_schema=False)

Id = Annotated[str, public_id("a passkey", "psk")]
APP = f"{FACTORS}/app"
SET_UP = "Set up an authenticator app"


@router.get(FACTORS)
async def every(session: ReadSession, desk: DeskOf) -> Response:
    person_id = desk.who.person_id
    return await desk.show(
        "factors.html",
        title="How you sign in",
        totp=await repository.totp(session, person_id),
        codes_left=await repository.recovery_codes_left(session, person_id),
        passkeys=await repository.passkeys(session, person_id),
        most=passkeys.MOST,
    )


@router.get(APP, dependencies=FRESH)
async def set_up(desk: DeskOf, services: ServicesOf) -> Response:
    return await _set_up(desk, services)


@router.post(APP, dependencies=FRESH)
async def confirm(form: FormOf, doing: DoingOf, desk: DeskOf) -> Response:
    sealed = form.get("sealed", "")
    try:
        secret = codes.continued(doing.secret, doing.who, sealed, doing.now)
    except SetUpOver as error:
        return await _set_up(desk, doing.services, error)
    try:
        made = await codes.confirm(doing, secret, form.get("code", ""))
    except WrongFirstCode as error:
        return await _form(desk, secret, sealed, {"code": sentence(error)}, error.status)
    return await _codes(desk, made)


@router.post(f"{APP}/remove", dependencies=FRESH)
async def remove_totp(doing: DoingOf) -> Response:
    await codes.remove(doing)
    return done(FACTORS)


@router.post(f"{FACTORS}/recovery-codes", dependencies=FRESH)
async def renew(doing: DoingOf, desk: DeskOf) -> Response:
    return await _codes(desk, await codes.renew(doing))


@router.get(f"{FACTORS}/passkeys/new", dependencies=FRESH)
async def new_passkey(desk: DeskOf) -> Response:
    return await desk.show(
        "factors-passkey-new.html", title="Add a passkey", longest=LONGEST_PASSKEY_NAME
    )


@router.get(f"{FACTORS}/passkeys/{{passkey_id}}")
async def passkey(passkey_id: Id, session: ReadSession, who: SignedInOf, desk: DeskOf) -> Response:
    return await _passkey(desk, await passkeys.find(session, who, passkey_id))


@router.post(f"{FACTORS}/passkeys/{{passkey_id}}/name")
async def rename(passkey_id: Id, form: FormOf, doing: DoingOf, desk: DeskOf) -> Response:
    name = form.get("name", "")
    try:
        await passkeys.rename(doing, passkey_id, name)
    except NameUnfit as error:
        row = await passkeys.find(doing.session, doing.who, passkey_id)
        return await _passkey(desk, row, name, {"name": sentence(error)}, error.status)
    return done(FACTORS)


@router.post(f"{FACTORS}/passkeys/{{passkey_id}}/remove", dependencies=FRESH)
async def remove_passkey(passkey_id: Id, doing: DoingOf, desk: DeskOf) -> Response:
    try:
        await passkeys.remove(doing, passkey_id)
    except LastWayIn as error:
        row = await passkeys.find(doing.session, doing.who, passkey_id)
        said = {"": f"{error.title}: {error.detail}."}
        return await _passkey(desk, row, row.name, said, error.status)
    return done(FACTORS)


async def _set_up(desk: Desk, services: Services, error: DomainError | None = None) -> Response:
    """The form with a secret that is new."""
    secret = services.settings.secret.get_secret_value()
    made, sealed = codes.begin(secret, desk.who, services.clock.now())
    if error is None:
        return await _form(desk, made, sealed, {}, 200)
    said = {"": "This took too long. Scan the new picture below."}
    return await _form(desk, made, sealed, said, error.status)


async def _form(
    desk: Desk, secret: str, sealed: str, errors: dict[str, str], status: int
) -> Response:
    address = rules.address(secret, desk.who.email)
    return await desk.show(
        "factors-app.html",
        status,
        title=SET_UP,
        secret=rules.spaced(secret),
        sealed=sealed,
        address=address,
        picture=qr_code(address),
        errors=errors,
    )


async def _codes(desk: Desk, made: list[str]) -> Response:
    return await desk.show("factors-codes.html", title="Your recovery codes", codes=made)


async def _passkey(
    desk: Desk,
    row: Passkey,
    name: str | None = None,
    errors: dict[str, str] | None = None,
    status: int = 200,
) -> Response:
    return await desk.show(
        "factors-passkey.html",
        status,
        title=f"Passkey {row.name}",
        passkey=row,
        name=row.name if name is None else name,
        errors=errors or {},
        longest=LONGEST_PASSKEY_NAME,
    )
