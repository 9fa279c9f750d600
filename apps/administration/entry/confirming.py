"""`/confirm`: whoever is signed in shows a factor again, before what needs a fresh one."""

from typing import Any

from fastapi import APIRouter, Request
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import RedirectResponse, Response

from apps.administration.entry import repository
from apps.administration.entry.complete import confirmed
from apps.administration.entry.dependencies import ChecksOf
from apps.administration.entry.errors import WrongCode, WrongPassword
from apps.administration.factors.service import RECOVERY, second_needed
from apps.administration.factors.told import recovery_code_used
from apps.administration.sso.repository import connection_of_domain
from apps.administration.sso.rules import domain_of
from apps.administration.templating import Desk, DeskOf, said_of
from shared.errors import DomainError, TooMany
from shared.web.dependencies import ReadSession, WriteSession
from shared.web.entry.arrive import Return
from shared.web.entry.detours import CONFIRM
from shared.web.forms import FormOf
from shared.web.returns import return_path
from shared.web.transaction import TransactionalRoute

router = APIRouter(route_class=TransactionalRoute, include_in_schema=False)


@router.get(CONFIRM)
async def ask(session: ReadSession, desk: DeskOf, then: Return = None) -> Response:
    return await _form(session, desk, return_path(then))


@router.post(CONFIRM)
async def confirm(
    request: Request, session: WriteSession, form: FormOf, desk: DeskOf, checks: ChecksOf
) -> Response:
    """One factor is enough, the stronger one that somebody has: a password confirms only for who
    has no codes, or whoever learnt it could take them away.
    """
    then, method = return_path(form.get("return")), "password"
    try:
        if await checks.has_codes(desk.who.person_id):
            method = await checks.code(desk.who.person_id, form.get("code", ""))
            if method == RECOVERY:
                await recovery_code_used(request, session, desk.who.person_id)
        else:
            await checks.password(desk.who.email, form.get("password", ""))
    except (WrongPassword, WrongCode, TooMany) as error:
        return await _form(session, desk, then, error)
    response = RedirectResponse(then, 303)
    await confirmed(request, session, desk.who, method, response)
    return response


async def _form(
    session: AsyncSession, desk: Desk, then: str, error: DomainError | None = None
) -> Response:
    code = await second_needed(session, desk.who.person_id)
    password = not code and await repository.has_password(session, desk.who.person_id)
    status, headers, errors = said_of(error, "code" if code else "password")
    values: dict[str, Any] = {
        "password": password,
        "code": code,
        "sso": await connection_of_domain(session, domain_of(desk.who.email)) is not None,
    }
    page = await desk.show(
        "confirm.html",
        status,
        title="Confirm that it is you",
        then=then,
        errors=errors,
        **values,
    )
    page.headers.update(headers)
    return page
