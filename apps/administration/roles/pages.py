"""`/roles`: what each role may do, and making, changing and deleting the organisation's own."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, Response

from apps.administration.dependencies import OrganisationReader, RolesChange, RolesWriter
from apps.administration.roles import errors, service
from apps.administration.roles.service import LONGEST_NAME
from apps.administration.templating import Desk, DeskOf, done
from shared.auth.permissions import PERMISSIONS
from shared.errors import Conflict, DomainError, Forbidden, Invalid
from shared.web.dependencies import ReadSession, WriteSession, fresh
from shared.web.forms import FormOf
from shared.web.paths import public_id
from shared.web.transaction import TransactionalRoute

router = APIRouter(route_class=TransactionalRoute, include_in_schema=False)

Id = Annotated[str, public_id("a role", "role")]
FRESH = [Depends(fresh())]
BOX = "permission"
EVERY = [(name, one.sentence) for name, one in PERMISSIONS.items()]
REFUSED = (Invalid, Conflict, Forbidden)


@dataclass(frozen=True, slots=True)
class _Given:
    """What a form says of a role."""

    name: str = ""
    chosen: frozenset[str] = frozenset()


@router.get("/roles")
async def every(session: ReadSession, principal: OrganisationReader, desk: DeskOf) -> Response:
    roles = await service.every(session, principal.org_id)
    may_write = desk.may("roles:write")
    return await desk.show(
        "roles.html", title="Roles", roles=roles, permissions=EVERY, may_write=may_write
    )


@router.get("/roles/new", dependencies=FRESH)
async def new(_principal: RolesWriter, desk: DeskOf) -> Response:
    return await _form(desk, "/roles", _Given())


@router.post("/roles", dependencies=FRESH)
async def create(
    form: FormOf, session: WriteSession, change: RolesChange, desk: DeskOf
) -> Response:
    given = _given(form)
    try:
        await service.create(session, change, given.name, sorted(given.chosen))
    except REFUSED as error:
        return await _form(desk, "/roles", given, error)
    return done("/roles")


@router.get("/roles/{role_id}", dependencies=FRESH)
async def one(role_id: Id, session: ReadSession, principal: RolesWriter, desk: DeskOf) -> Response:
    role = await service.get(session, principal.org_id, role_id)
    return await _form(desk, f"/roles/{role.id}", _Given(role.name, role.permissions))


@router.post("/roles/{role_id}", dependencies=FRESH)
async def update(
    role_id: Id, form: FormOf, session: WriteSession, change: RolesChange, desk: DeskOf
) -> Response:
    given = _given(form)
    try:
        await service.update(session, change, role_id, given.name, sorted(given.chosen))
    except REFUSED as error:
        return await _form(desk, f"/roles/{role_id}", given, error)
    return done("/roles")


@router.post("/roles/{role_id}/delete", dependencies=FRESH)
async def delete(role_id: Id, session: WriteSession, change: RolesChange) -> Response:
    await service.delete(session, change, role_id)
    return done("/roles")


def _given(form: dict[str, str]) -> _Given:
    boxes = (name.partition(":") for name in form)
    return _Given(form.get("name", ""), frozenset(rest for box, _, rest in boxes if box == BOX))


def _said(error: DomainError | None) -> dict[str, str]:
    """The error beside the field that it is about."""
    if error is None:
        return {}
    about_boxes = isinstance(error, errors.NoPermissions | errors.UnknownPermission | Forbidden)
    return {BOX if about_boxes else "name": error.detail}


async def _form(desk: Desk, path: str, given: _Given, error: DomainError | None = None) -> Response:
    return await desk.show(
        "roles-form.html",
        200 if error is None else error.status,
        title="A new role" if path == "/roles" else "Change a role",
        action=path,
        given=given,
        errors=_said(error),
        permissions=EVERY,
        may={name for name, _ in EVERY if desk.may(name)},
        box=BOX,
        longest=LONGEST_NAME,
        may_delete=path != "/roles",
    )
