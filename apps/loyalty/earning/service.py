"""What can be done with earning rules."""

from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncSession

from apps.loyalty.earning import repository
from apps.loyalty.earning.errors import NoSuchRule
from apps.loyalty.earning.schemas import RuleIn, RuleOut
from apps.loyalty.programmes import repository as programmes
from apps.loyalty.programmes.errors import NoSuchProgramme
from shared.auth import audit
from shared.auth.limits import require_all
from shared.clock import from_ms
from shared.jobs import enqueue
from shared.models import EarningRule
from shared.money import plain
from shared.web.changes import Change
from shared.web.cursors import Cursors
from shared.web.schemas import Page

BACKFILL: Final = "loyalty.backfill"


async def get(session: AsyncSession, org_id: int, public_id: str) -> EarningRule:
    """A rule of the organisation. Raises `NoSuchRule`."""
    rule = await repository.find(session, org_id, public_id)
    if rule is None:
        raise NoSuchRule(public_id)
    return rule


async def page(
    session: AsyncSession, org_id: int, cursors: Cursors, limit: int, cursor: str | None
) -> Page[RuleOut]:
    """Rules in the order in which they were made, deleted ones too."""
    about = {"list": "rules", "org": org_id}
    after = cursors.decode(about, cursor)[0] if cursor else None
    found = await repository.page(session, org_id, after, limit + 1)
    known = await programmes.public_ids(session, org_id)
    items = [_out(rule, known[rule.programme_id]) for rule in found[:limit]]
    more = len(found) > limit
    return Page(items=items, next=cursors.encode(about, [items[-1].id]) if more else None)


async def create(session: AsyncSession, change: Change, body: RuleIn) -> RuleOut:
    """A new rule; a job gives what events from before it earn.

    Raises `NoSuchProgramme`, `Limited`: rules are of all devices.
    """
    require_all(change.principal.sight)
    org_id = change.origin.org_id
    programme = await programmes.find(session, org_id, body.programme)
    if programme is None:
        raise NoSuchProgramme(body.programme)
    rule = EarningRule(
        org_id=org_id,
        programme_id=programme.id,
        starts_ts=body.starts_at,
        ends_ts=body.ends_at,
        active=True,
        created_at=change.now,
        **body.model_dump(include={"event", "field", "member_field", "rounding"}),
        points_per_unit=body.points_per_unit,
    )
    session.add(rule)
    await session.flush()
    payload = {"org": org_id, "rule": rule.public_id, "after": None}
    await enqueue(session, BACKFILL, rule.public_id, payload, now=change.now)
    change.wake(BACKFILL)
    _note(session, change, "rule.create", rule, after=body.model_dump())
    return _out(rule, body.programme)


async def delete(session: AsyncSession, change: Change, public_id: str) -> None:
    """End a rule: it gives nothing from now on. Raises `NoSuchRule`, `Limited`."""
    require_all(change.principal.sight)
    rule = await get(session, change.origin.org_id, public_id)
    if rule.active:
        rule.active = False
        await session.flush()
        facts = {"before": {"active": True}, "after": {"active": False}}
        _note(session, change, "rule.delete", rule, **facts)


async def shown(session: AsyncSession, org_id: int, public_id: str) -> RuleOut:
    """A rule as it is shown. Raises `NoSuchRule`."""
    rule = await get(session, org_id, public_id)
    return _out(rule, (await programmes.public_ids(session, org_id))[rule.programme_id])


def _out(rule: EarningRule, programme: str) -> RuleOut:
    return RuleOut(
        id=rule.public_id,
        programme=programme,
        event=rule.event,
        field=rule.field,
        member_field=rule.member_field,
        points_per_unit=plain(rule.points_per_unit),
        rounding=rule.rounding,
        starts_at=None if rule.starts_ts is None else from_ms(rule.starts_ts),
        ends_at=None if rule.ends_ts is None else from_ms(rule.ends_ts),
        active=rule.active,
        created_at=rule.created_at,
        backfilled_at=rule.backfilled_at,
    )


def _note(
    session: AsyncSession, change: Change, action: str, rule: EarningRule, **facts: dict[str, Any]
) -> None:
    audit.record(session, change.origin, action, rule.public_id, at=change.now, **facts)
