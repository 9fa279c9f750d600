"""`/v1/devices/{id}/series`."""

from typing import Annotated

import msgspec
from fastapi import APIRouter, Query, Response

from apps.api.dependencies import NO_DEVICE, DeviceKey, ReadingsReader
from apps.api.series import service
from apps.api.series.schemas import SeriesOut, SeriesQuery
from shared.web.dependencies import ReadSession

router = APIRouter(prefix="/v1/devices/{device_id}", tags=["readings"])


@router.get("/series", summary="Draw a series", response_model=SeriesOut, responses=NO_DEVICE)
async def draw(
    device_id: DeviceKey,
    query: Annotated[SeriesQuery, Query()],
    principal: ReadingsReader,
    session: ReadSession,
) -> Response:
    """One metric over time, in buckets: at most `points` of them, or as wide as `bucket` says.

    Every bucket of the span is there; an empty one has nulls. A bucket's values are those with a
    device time from its `t` on, before the next one's.
    """
    drawn = await service.draw(session, principal.sight, device_id, query)
    return Response(msgspec.json.encode(drawn), media_type="application/json")
