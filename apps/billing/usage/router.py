"""`/v1/usage`."""

from typing import Annotated

from fastapi import APIRouter, Query

from apps.billing.dependencies import UsageReader
from apps.billing.usage import service
from apps.billing.usage.schemas import UsageOut, UsageQuery
from shared.web.dependencies import CursorsOf, ReadSession
from shared.web.openapi import failures
from shared.web.transaction import TransactionalRoute

router = APIRouter(route_class=TransactionalRoute, prefix="/v1", tags=["usage"])


@router.get(
    "/usage",
    summary="What a meter measured",
    responses=failures(
        {
            404: "There is no such meter in this organisation.",
            422: "A value is not acceptable: an unknown zone, start after end, or a meter that "
            "cannot be split that way.",
        }
    ),
)
async def usage(
    query: Annotated[UsageQuery, Query()],
    principal: UsageReader,
    session: ReadSession,
    cursors: CursorsOf,
) -> UsageOut:
    """The exact amount of a meter from `start` until before `end`: in all (`none`), by hour, day
    or month of a zone, by device, or both (`group=month&by=device`).

    Events count at the time that the device gave them, so one that arrives late is in the period
    in which it happened. Messages count in the hour, and active devices in the quarter of an
    hour, in which they were received, if it begins in the range. Periods without usage are listed
    with 0; devices without usage are not listed. Deleted devices still count.
    """
    return await service.answer(session, principal.sight, cursors, query)
