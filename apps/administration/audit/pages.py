"""`/audit`: who changed what, to be looked through; its chain; and for how long it is kept."""

from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query, Response

from apps.administration.audit import service
from apps.administration.audit.asked import KeeperOf
from apps.administration.audit.errors import KeptTooShortOrLong
from apps.administration.audit.keeping import LONGEST, SHORTEST, Keeper
from apps.administration.audit.repository import Filter
from apps.administration.dependencies import AuditReader, OrganisationChange
from apps.administration.templating import Desk, DeskOf, done
from shared.clock import to_ms
from shared.web.dependencies import CursorsOf, ReadSession, WriteSession, fresh
from shared.web.fields import Cursor
from shared.web.forms import FormOf
from shared.web.transaction import TransactionalRoute

router = APIRouter(route_class=TransactionalRoute, include_in_schema=False)

SHOWN = 50
Word = Annotated[str, Query(max_length=200)]
Day = Annotated[str, Query(max_length=10, pattern=r"^([0-9]{4}-[0-9]{2}-[0-9]{2})?$")]


@router.get("/audit")
async def look(
    *,
    session: ReadSession,
    principal: AuditReader,
    desk: DeskOf,
    keeper: KeeperOf,
    cursors: CursorsOf,
    actor: Word = "",
    action: Word = "",
    target: Word = "",
    since: Day = "",
    until: Day = "",
    cursor: Cursor = None,
) -> Response:
    given = {"actor": actor.strip(), "action": action.strip(), "target": target.strip()}
    days = {"since": since, "until": until}
    errors = {name: "Write a day of the calendar." for name in days if _wrong(days[name])}
    page = None
    if not errors:
        wanted = Filter(
            **{name: text or None for name, text in given.items()},
            start=_begin(since),
            end=_begin(until, later=1),
        )
        page = await service.page(
            session, principal.org_id, cursors, wanted, limit=SHOWN, cursor=cursor
        )
    filled = {name: text for name, text in (given | days).items() if text}
    return await desk.show(
        "audit.html",
        200 if not errors else 422,
        title="Audit",
        page=page,
        names=await service.names(session, principal.org_id, page.items if page else []),
        given=given | days,
        older=urlencode(filled | {"cursor": page.next}) if page and page.next else None,
        errors=errors,
        **await _kept(session, desk, keeper, principal.org_id),
    )


@router.get("/audit/keep", dependencies=[Depends(fresh())])
async def ask_how_long(
    session: ReadSession, change: OrganisationChange, desk: DeskOf, keeper: KeeperOf
) -> Response:
    chain = await service.chain(session, change.origin.org_id, keeper)
    return await _keep_form(desk, str(chain.keep_days))


@router.post("/audit/keep", dependencies=[Depends(fresh())])
async def keep(
    form: FormOf,
    session: WriteSession,
    change: OrganisationChange,
    desk: DeskOf,
    keeper: KeeperOf,
) -> Response:
    days = form.get("days", "").strip()
    try:
        number = int(days) if days.isascii() and days.isdigit() and len(days) < 6 else 0
        await service.set_keep_days(session, change, keeper, number)
    except KeptTooShortOrLong as error:
        return await _keep_form(desk, days, error)
    return done("/audit")


async def _kept(session: ReadSession, desk: Desk, keeper: Keeper, org_id: int) -> dict[str, Any]:
    chain = await service.chain(session, org_id, keeper)
    return {"chain": chain, "may_keep": desk.may("organisation:write")}


async def _keep_form(desk: Desk, days: str, error: KeptTooShortOrLong | None = None) -> Response:
    return await desk.show(
        "audit-keep.html",
        200 if error is None else error.status,
        title="How long the audit is kept",
        days=days,
        shortest=SHORTEST,
        longest=LONGEST,
        errors={} if error is None else {"days": error.detail},
    )


def _begin(day: str, later: int = 0) -> int | None:
    """When a day begins in UTC, or that many days later; in epoch milliseconds."""
    if not day:
        return None
    begun = datetime.fromisoformat(day).replace(tzinfo=UTC) + timedelta(days=later)
    return to_ms(begun)


def _wrong(day: str) -> bool:
    try:
        return bool(day) and not 1970 <= date.fromisoformat(day).year < 2100
    except ValueError:
        return True
