"""Drawing a series."""

from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from apps.api.devices.errors import NoSuchDevice
from apps.api.series import repository
from apps.api.series.errors import TooManyPoints, TooManyReadings
from apps.api.series.rules import AGGREGATES, Grid, Series, bucket_ms
from apps.api.series.schemas import DEFAULT_POINTS, MOST_POINTS, SeriesQuery
from shared.auth.principal import Sight

# Some seconds of work. Longer spans are for exports.
MOST_READINGS = 2_000_000


def grid(query: SeriesQuery) -> Grid:
    """How the span is cut. Raises `TooManyPoints`."""
    if query.bucket is not None:
        found = Grid.of_buckets(query.start, query.end, bucket_ms(query.bucket))
        asked = found.count
    else:
        asked = query.points or DEFAULT_POINTS
        found = Grid.of_points(query.start, query.end, asked)
    if asked > MOST_POINTS:
        raise TooManyPoints(
            f"{asked} points are asked for, a series has at most {MOST_POINTS}; "
            "take wider buckets or a shorter span, or list the readings themselves"
        )
    return found


async def draw(
    session: AsyncSession, sight: Sight, public_id: str, query: SeriesQuery
) -> dict[str, Any]:
    """The document of `SeriesOut`. Raises `NoSuchDevice`, `TooManyPoints`, `TooManyReadings`."""
    cut = grid(query)
    found = await repository.subject(session, sight, public_id)
    if found is None:
        raise NoSuchDevice
    number, metrics = found
    wanted = [name for name in AGGREGATES if name in query.aggregates.split(",")]
    series = Series(cut, wanted)
    seen = 0
    async for count, values in repository.chunks(
        session, number, query.metric, (query.start, query.end)
    ):
        seen += count
        if seen > MOST_READINGS:
            raise TooManyReadings(
                f"the span holds more than {MOST_READINGS} readings; ask for a shorter one"
            )
        series.add(values)
    return {
        "device": public_id,
        "metric": query.metric,
        "unit": metrics.get(query.metric, {}).get("unit"),
        "start": query.start,
        "end": query.end,
        "bucket": cut.width,
        "points": series.points(),
    }
